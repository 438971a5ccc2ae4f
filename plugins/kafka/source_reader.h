/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source_reader.h
 * Reads one topic without a group. Each topic has a handle of its own, because librdkafka sends one fetch at a time to
 * a broker and keeps the whole answer until its last message has been read: with one handle a wait for news of an empty
 * topic would hold up a full one, and one unread message of a slow topic would keep megabytes of a busy one.
 *
 * A place is a partition of the topic. What the statistics say of it, once a second, tells whether its end is known:
 * the broker that leads it was heard of a moment ago, and not lost since the end was reached.
 */
#ifndef TLM_KAFKA_SOURCE_READER_H
#define TLM_KAFKA_SOURCE_READER_H

#include "source.h"

/** Silence after which a broker counts as gone. It answers each fetch after TLM_KAFKA_FETCH_WAIT_MS at most, if only
 * with nothing; once a second that is seen. */
#define TLM_KAFKA_SILENCE_NS (2500 * INT64_C(1000000))
/** Longest that a broker keeps a fetch which finds nothing. Meanwhile librdkafka asks it for no other partition of the
 * topic, not even for one whose queue has run empty: hence short for chat, whose backlogs are long, and whose
 * partitions come to their ends one after another. */
#define TLM_KAFKA_FETCH_WAIT_MS 400
#define TLM_KAFKA_CHAT_FETCH_WAIT_MS 20

/** A partition. The atomic members: any thread. */
typedef struct tlm_kafka_place {
    _Atomic int64_t heard_ns;    /**< when its broker was last heard of; 0: not */
    _Atomic uint32_t outages;    /**< counts every loss of it */
    _Atomic int64_t next;        /**< offset to be read next; -1: nobody reads it */
    _Atomic int64_t high_offset; /**< where it ends, as the broker said last; -1: not known */
    _Atomic int32_t fault;       /**< rd_kafka_resp_err_t that keeps it from being read; 0: none */
    int64_t evidence_ns;         /**< when it was last known to be reachable; 0: it is lost. Under the reader's mutex */
    int64_t broker;              /**< node id, -1: none known. Under the reader's mutex */
} tlm_kafka_place;

struct tlm_kafka_reader {
    rd_kafka_t *kafka;
    rd_kafka_topic_t *topic;
    pthread_mutex_t mutex;
    int64_t queue_bytes;       /**< a place: fetched and not read yet */
    int64_t queue_records;     /**< the same in records */
    char *username, *password; /**< for tlm_kafka_reader_nudge */
    uint32_t place_count;
    tlm_kafka_place places[];
};

/** Connects for an input of the source, whose lanes are counted. */
int tlm_kafka_reader_create(tlm_instance *source, uint32_t input, tlm_kafka_reader **ret_reader, tlm_error *error);
/** Ends the handle, which may take long, and frees; accepts NULL. */
void tlm_kafka_reader_destroy(tlm_kafka_reader *reader);

/** A place's leader said just now where it ends: until the statistics come that is what is known of it. Any thread. */
void tlm_kafka_reader_note_answer(tlm_kafka_reader *reader, uint32_t place, int64_t high_offset);

/** What the statistics say of the places. The keeper's thread; returns how many places in use were lost by it. */
uint32_t tlm_kafka_reader_watch(tlm_kafka_reader *reader, const tlm_kafka_statistics *statistics);

/** Whether the leader of a place was heard of a moment ago. */
bool tlm_kafka_place_is_heard(const tlm_kafka_place *place, int64_t now_ns);

/**
 * Makes the fetching threads look at their queues now. librdkafka 2.0.2 leaves a partition whose queue was full alone
 * until some event wakes the thread, at most a second later, however empty the queue runs meanwhile.
 */
void tlm_kafka_reader_nudge(tlm_kafka_reader *reader);

/** Wakes all threads of the handle, whatever they wait for. Any thread. */
void tlm_kafka_reader_wake(tlm_kafka_reader *reader);

#endif
