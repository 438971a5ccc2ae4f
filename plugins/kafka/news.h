/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file news.h
 * Which lines were logged already: while a broker is gone librdkafka says the same every second in words that differ in
 * their numbers alone. No lock of its own.
 */
#ifndef TLM_KAFKA_NEWS_H
#define TLM_KAFKA_NEWS_H

#include <stdint.h>

/** Lines remembered; beyond that the oldest is forgotten. */
#define TLM_KAFKA_NEWS_MAX 64
/** A line is news again after this long. */
#define TLM_KAFKA_NEWS_AGE_S 600

/** All zero: nothing said yet. */
typedef struct tlm_kafka_news {
    struct {
        uint64_t hash;
        int64_t said_at_s;
    } said[TLM_KAFKA_NEWS_MAX];
    uint32_t next, count;
} tlm_kafka_news;

/** Whether a line, its digits and all behind " (after " apart, was not said lately: 1 or 0. It is said with that. */
int tlm_kafka_news_is_new(tlm_kafka_news *news, const char *line);
void tlm_kafka_news_forget(tlm_kafka_news *news);

#endif
