/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file processor.h
 * A processor turns the events of a lane into rows of the datasets it declares. Since 0.1.
 */
#ifndef TELEMETRA_PROCESSOR_H
#define TELEMETRA_PROCESSOR_H

#include "event.h"
#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TLM_INTERFACE_PROCESSOR "telemetra.processor/1"

/** What became of an event. */
enum {
    TLM_VERDICT_APPLIED = 0,
    TLM_VERDICT_DUPLICATE = 1,
    TLM_VERDICT_LATE = 2,
    TLM_VERDICT_DEAD_LETTER = 3 /**< with a reason through tlm_lane.dead_letter */
};

/**
 * A lane as its processors see it: who it is and where they put what they find. Owned by the host, valid from
 * `lane_open` to the return of `lane_close`, and used only during calls for this lane.
 */
typedef struct tlm_lane {
    uint32_t struct_size;
    uint32_t lane; /**< 0 .. lane_count-1 */
    uint32_t lane_count;
    uint32_t input_count; /**< inputs that feed it */
    int64_t watermark_ns; /**< where the lane stands when it is opened; INT64_MIN: nothing was read yet */
    int64_t quiet_ns;     /**< the highest quiet_ns of an `advance` until then; INT64_MIN: none */
    uint64_t streams_max; /**< bound for streams held at once */
    /** Hands on one row of a dataset that the component declares; cells and texts are copied. -ENOMEM. */
    int (*emit)(const struct tlm_lane *lane, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells);
    /** Notes the reason of a TLM_VERDICT_DEAD_LETTER given to view row `index`. -ENOMEM. */
    int (*dead_letter)(const struct tlm_lane *lane, uint32_t index, tlm_text reason);
    /**
     * Slow state: small values that outlive the process and move with the checkpoint. Both texts are copied; an empty
     * value removes the key. Visible to state_get at once. -ENOMEM.
     */
    int (*state_put)(const struct tlm_lane *lane, tlm_text key, tlm_text value);
    /** Calls `found` with the value of a key if there is one. 1 found, 0 not, negative when the checkpoint is gone. */
    int (*state_get)(const struct tlm_lane *lane, tlm_text key,
                     int (*found)(void *context, tlm_text key, tlm_text value), void *context);
    /** Calls `found` for every key of this component in this lane; a non-zero result ends the walk and is returned. */
    int (*state_each)(const struct tlm_lane *lane, int (*found)(void *context, tlm_text key, tlm_text value),
                      void *context);
} tlm_lane;

/**
 * A side column: one finding about each event of a view, written by one processor and read by those after it. Its
 * `values` are those of the view's rows, in their order.
 */
typedef struct tlm_side {
    const char *id;  /**< what is found: TLM_SIDE_SENTIMENT, or a name of the writer's own */
    int16_t *values; /**< tlm_event_view.count of them; TLM_SIDE_ABSENT at first */
} tlm_side;

/** No finding about an event. */
#define TLM_SIDE_ABSENT INT16_MIN
/** Sentiment of a chat message in 0.0001, -10000 to 10000. */
#define TLM_SIDE_SENTIMENT "sentiment"

/** A lane's share of a batch: `count` rows of it, in order. */
typedef struct tlm_event_view {
    const tlm_events *batch;
    const uint32_t *rows;      /**< indices into batch->events */
    const int64_t *watermarks; /**< of the lane before each of them */
    uint8_t *verdicts;         /**< TLM_VERDICT_..., APPLIED at first; a processor may change them */
    uint32_t count;
    uint32_t input; /**< 0 .. input_count-1 */
    /**
     * The events were decided before a restart and only refill open windows and known ids: count nothing, emit nothing,
     * put no state.
     */
    uint32_t refill;
    uint32_t side_count;
    const tlm_side *sides; /**< one for each that a processor of the pipeline writes */
} tlm_event_view;

/** The values of a side column, or NULL when no processor of the pipeline writes it. Look it up once a view. */
static inline int16_t *tlm_event_view_side(const tlm_event_view *view, const char *id)
{
    for (uint32_t i = 0; i < view->side_count; i++)
        if (!strcmp(view->sides[i].id, id))
            return view->sides[i].values;
    return NULL;
}

/** State of one processor in one lane. */
typedef struct tlm_lane_state tlm_lane_state;

/** Calls for one lane never overlap and each sees the last one's effects; different lanes run at once. */
typedef struct tlm_processor {
    /**
     * Settings that the stored state depends on, as a short NUL-terminated text ("duration=60s slide=10s"), valid as
     * long as the instance: a checkpoint made with other ones is refused.
     */
    const char *(*settings)(tlm_instance *instance);
    /** Makes the state of one lane, from its slow state where there is some. Main thread, before the lane starts. */
    int (*lane_open)(tlm_instance *instance, const tlm_lane *lane, tlm_lane_state **ret_state, tlm_error *error);
    /** Takes events. Negative (-ENOMEM) stops the lane. */
    int (*events)(tlm_lane_state *state, const tlm_event_view *view);
    /**
     * The smallest watermark at which something becomes final that is not yet; INT64_MAX: nothing is open. The host
     * advances from one to the next where it can, so that it may flush in between.
     */
    int64_t (*next_due)(tlm_lane_state *state);
    /**
     * The lane's watermark has come to `watermark_ns`: emit what is final now. `quiet_ns` is the time by which a stream
     * without events is judged: the watermark, but at the end of all inputs their highest timestamp.
     */
    int (*advance)(tlm_lane_state *state, int64_t watermark_ns, int64_t quiet_ns);
    /**
     * The smallest watermark by which everything of events up to `highest_ns` is final: where the lane's watermark goes
     * at the end of all inputs. A pure function of its arguments and the settings.
     */
    int64_t (*final_after)(tlm_instance *instance, int64_t highest_ns);
    /** Emit early rows for what changed since the last call (TLM_ROWS_EARLY). At most once an `early_interval`. */
    int (*early)(tlm_lane_state *state);
    /** A flush is about to be taken: emit rows and put state for what changed since the last one. */
    int (*prepare)(tlm_lane_state *state);
    /**
     * The place from which input `input` must be read again to rebuild what is open: 1 and the smallest position of an
     * event in an open window, or 0 when none is needed.
     */
    int (*rebuild_from)(tlm_lane_state *state, uint32_t input, tlm_position *ret_position);
    /** Memory held by the lane's state. */
    uint64_t (*size_bytes)(tlm_lane_state *state);
    /** Frees it. Main thread, after the lane has ended and before `stop`. */
    void (*lane_close)(tlm_lane_state *state);
} tlm_processor;

#define TLM_INTERFACE_SIDES "telemetra.sides/1"

/**
 * What a processor that has to do with side columns says of them; NULL-terminated lists of ids, static. A column has
 * one writer in a pipeline, which stands before its readers; a reader does without where there is none.
 */
typedef struct tlm_sides {
    const char *const *writes;
    const char *const *reads;
} tlm_sides;

#define TLM_INTERFACE_ROWS_READER "telemetra.rows_reader/1"

/** Offered by a processor that goes on from the rows of one before it in the same lane. */
typedef struct tlm_rows_reader {
    const char *const *datasets; /**< ids of those it reads, NULL-terminated, static; each must be emitted before it */
    /**
     * Takes a row as it is emitted, on the lane's thread and within the call that emits it; `flags` are TLM_ROWS_...
     * It may emit rows itself. The cells are valid during the call. Rows of one key of a dataset come in order.
     * Negative (-ENOMEM) stops the lane.
     */
    int (*row)(tlm_lane_state *state, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells);
} tlm_rows_reader;

#ifdef __cplusplus
}
#endif
#endif
