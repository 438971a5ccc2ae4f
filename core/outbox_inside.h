/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file outbox_inside.h
 * An outbox from the inside; for outbox*.c only.
 */
#ifndef TLM_CORE_OUTBOX_INSIDE_H
#define TLM_CORE_OUTBOX_INSIDE_H

#include "outbox.h"
#include "rows.h"
#include "state.h"

/* Rows in the making, one builder a dataset. */
struct tlm_shelf {
    tlm_rows_builder *builders[TLM_DATASETS_MAX];
    uint32_t count;
};

/* One sink's part in a flush. Guarded by the inbox's mutex from submit to its answer. */
struct tlm_delivery {
    tlm_outbox *outbox;
    const tlm_living *living;
    uint32_t kind; /* TLM_DELIVERY_... */
    uint32_t is_asked, is_answered;
    uint32_t is_left; /* best effort: it owes an answer for an earlier flush and is passed by until it gives it */
    int result;
    tlm_error reason;
    /* Best effort: content of its own, which stays when the flight that it came with is over. */
    tlm_flush flush;
    const tlm_rows *rows[TLM_DATASETS_MAX];
};

enum {
    STAGE_NONE = 0,
    STAGE_REQUIRED = TLM_DELIVERY_REQUIRED,
    STAGE_CHECKPOINT = TLM_DELIVERY_CHECKPOINT,
    STAGE_BEST_EFFORT = TLM_DELIVERY_BEST_EFFORT
};

/* A flush under way: immutable content, and where it stands. */
struct tlm_flight {
    uint32_t stage;
    const tlm_rows *rows[TLM_DATASETS_MAX];
    uint64_t row_count, size_bytes;
    tlm_state_set state;
    tlm_state_change *changes;
    char *record;
    tlm_commit commit;
    int64_t retry_ns, pause_ns; /* 0: not waiting for a retry */
    int64_t give_up_ns;         /* when best-effort sinks that have not answered are left behind */
};

struct tlm_outbox {
    tlm_outbox_options options;
    const tlm_pipeline_options *pipeline;
    struct tlm_shelf waiting, early;
    tlm_state_set state;
    uint64_t epoch, sequence;
    struct tlm_flight flight;
    struct tlm_delivery *deliveries;
    uint32_t delivery_count;
    struct tlm_delivery *checkpoint;
};

/** The interface of the sink that is the checkpoint. */
const tlm_checkpoint *tlm_outbox_checkpoint(const tlm_outbox *outbox);

/** Frees what a flush holds; it must not be under way. */
void tlm_flight_clear(struct tlm_flight *flight);
/** Frees what a best-effort sink was given of its own. */
void tlm_delivery_release(struct tlm_delivery *delivery);

#endif
