/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file question.h
 * Which queries Redis can answer, and the answer made of its rows. No state; any thread.
 */
#ifndef TLM_REDIS_QUESTION_H
#define TLM_REDIS_QUESTION_H

#include "layout.h"

#include <stdbool.h>
#include <telemetra/store.h>

#define TLM_REDIS_ORDERS_MAX 4u

/** A query that Redis may be able to answer. */
typedef struct tlm_redis_question {
    const tlm_query *query;
    tlm_redis_layout layout;
    tlm_text stream;
    int64_t since_ns; /**< rows not before it; INT64_MIN: all */
    uint32_t columns[TLM_DATASET_COLUMNS_MAX];
    uint32_t orders[TLM_REDIS_ORDERS_MAX]; /**< columns of query->orders */
} tlm_redis_question;

/** False: not one for Redis. */
bool tlm_redis_question_init(tlm_redis_question *question, const tlm_query *query, const tlm_dataset *dataset);

/**
 * The answer: rows (one batch each, all of the question's dataset), put in order, those before `since_ns` left out,
 * cut to the limit. -ENOMEM.
 */
int tlm_redis_question_answer(const tlm_redis_question *question, const tlm_rows **rows, uint32_t row_count,
                              tlm_result **ret_result, tlm_error *error);

#endif
