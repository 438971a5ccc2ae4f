/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file source_group.h
 * The membership in the consumer group: which lanes are this process'. It fetches nothing and commits nothing; where
 * reading goes on is the checkpoint's to say.
 *
 * Partitions are assigned by `range`, which gives equal partition numbers of all topics to the same member. What is
 * revoked is not told: only the next assignment counts, and a member that lost its membership goes on with its lanes
 * until another one takes them, which the checkpoint's epoch settles.
 */
#ifndef TLM_KAFKA_SOURCE_GROUP_H
#define TLM_KAFKA_SOURCE_GROUP_H

#include "source.h"

/** Connects, but does not join yet. */
int tlm_kafka_group_create(tlm_instance *source, tlm_kafka_group **ret_group, tlm_error *error);
/** Leaves the group and ends the handle, which may take long, and frees; accepts NULL. Nobody may poll it any more. */
void tlm_kafka_group_destroy(tlm_kafka_group *group);

/**
 * Waits until all topics are there, checks that they have equally many partitions, and sets the source's `lane_count`
 * and `generations`. Somebody must poll meanwhile. -ECANCELED; -EINVAL with a sentence.
 */
int tlm_kafka_group_learn(tlm_kafka_group *group, int (*cancelled)(void *context), tlm_error *error);

/** Joins; the listener hears the lanes from whoever polls. */
int tlm_kafka_group_join(tlm_kafka_group *group, tlm_error *error);

/** Serves what has come for the membership, waiting at most `timeout_ms` for it. One thread. */
void tlm_kafka_group_poll(tlm_kafka_group *group, int32_t timeout_ms);

/** Where the lane's partition of each topic begins and ends. */
typedef struct tlm_kafka_ranges {
    int64_t low[TLM_KAFKA_INPUTS], high[TLM_KAFKA_INPUTS];
} tlm_kafka_ranges;

/**
 * Asks the leaders; blocks for seconds at most. -EAGAIN with a sentence. Asked by the group's handle, since a broker
 * answers a connection's requests one after another, and those of the readers wait behind a fetch. Any thread.
 */
int tlm_kafka_group_ranges(tlm_kafka_group *group, uint32_t lane, tlm_kafka_ranges *ret_ranges, tlm_error *error);

/** What is wrong with the membership; empty: nothing. */
void tlm_kafka_group_trouble(tlm_kafka_group *group, tlm_error *ret_sentence);

/** Wakes all threads of the handle and who polls it, whatever they wait for. Any thread. */
void tlm_kafka_group_wake(tlm_kafka_group *group);

#endif
