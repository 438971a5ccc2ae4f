/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file targets.h
 * Where rows go: for each dataset its table, made or checked, and the texts of its statements. Any thread.
 */
#ifndef TLM_POSTGRES_TARGETS_H
#define TLM_POSTGRES_TARGETS_H

#include "common/buffer.h"
#include "common/table.h"
#include "link.h"

/** One dataset; made once and never changed. */
typedef struct tlm_target {
    const tlm_dataset *dataset;
    char *copy;   /* COPY: a second row of a key is a conflict */
    char *upsert; /* INSERT from arrays, a column each: the last row of a key replaces earlier ones; NULL: no key */
} tlm_target;

typedef struct tlm_targets {
    pthread_mutex_t mutex; /* guards what follows; held while tables are made */
    tlm_target items[TLM_CATALOGUE_TABLES_MAX];
    uint32_t count;
    bool is_ready; /* our own tables and those of all items are there */
} tlm_targets;

void tlm_targets_init(tlm_targets *targets);
void tlm_targets_finish(tlm_targets *targets);

/** Adds a dataset to those whose tables are wanted. */
int tlm_targets_add(tlm_targets *targets, const tlm_dataset *dataset, tlm_error *error);

/**
 * Makes or checks all tables that are wanted, unless that was done; on an open connection without a transaction.
 * -EINVAL: it cannot be done whatever happens to the server.
 */
int tlm_targets_prepare(tlm_targets *targets, tlm_link *link, tlm_error *error);
/** Someone has found a table missing: the next prepare looks again. */
void tlm_targets_doubt(tlm_targets *targets);

/** The target of a dataset that was added. */
const tlm_target *tlm_targets_find(tlm_targets *targets, const tlm_dataset *dataset);

#endif
