/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file sink.h
 * Sinks keep rows. A checkpoint is a sink that also keeps positions and slow state, in the same transaction. Since 0.1.
 */
#ifndef TELEMETRA_SINK_H
#define TELEMETRA_SINK_H

#include "dataset.h"
#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Rows of one flush of one lane, in the order they were emitted. Borrowed from `submit` or `commit` until its `done`
 * was called.
 */
typedef struct tlm_flush {
    uint32_t struct_size;
    uint32_t lane;
    uint64_t epoch;    /**< owner of the lane; grows with each take */
    uint64_t sequence; /**< number of the flush in the lane, from 1; a repeated one has the same content */
    const tlm_rows *const *rows;
    uint32_t rows_count;
    uint32_t reserved;
} tlm_flush;

/**
 * The one answer to a `submit` or `commit`: from any thread, possibly before that call returns, never after `stop`.
 * `result` 0: kept. -ESTALE: another owner has the lane (checkpoints only). -EBADMSG: the content itself is refused and
 * trying again is no use. Other negative: trying again may help, and the host does. `reason` is a sentence, valid
 * during the call.
 */
typedef void (*tlm_done)(void *token, int result, tlm_text reason);

#define TLM_INTERFACE_SINK "telemetra.sink/1"

typedef struct tlm_sink {
    /** Keeps rows at least once. One call a lane is under way at a time; lanes overlap. */
    void (*submit)(tlm_instance *instance, const tlm_flush *flush, tlm_done done, void *token);
} tlm_sink;

/** A change of slow state. `value` empty: removed. */
typedef struct tlm_state_change {
    const char *component; /**< instance name of the processor */
    tlm_text key, value;   /**< any bytes */
} tlm_state_change;

/** One commit: all of it or nothing. */
typedef struct tlm_commit {
    uint32_t struct_size;
    uint32_t change_count;
    tlm_flush flush;
    tlm_text
        record; /**< the lane's positions, watermark and accounting after this flush: text, opaque to the checkpoint */
    const tlm_state_change *changes;
} tlm_commit;

/** What a checkpoint knows of a lane when it is taken; texts are valid during the callback. */
typedef struct tlm_taken {
    uint64_t epoch;    /**< the new one */
    uint64_t sequence; /**< of the last commit; 0: none yet */
    tlm_text record;   /**< of the last commit; empty: none yet */
} tlm_taken;

#define TLM_INTERFACE_CHECKPOINT "telemetra.checkpoint/1"

typedef struct tlm_checkpoint {
    /**
     * Takes a lane of the host's pipeline: adds one to its epoch and tells what was committed last. `settings` is kept
     * with the first take of any lane; -EINVAL with a sentence that shows both when it is another one now. Blocks.
     */
    int (*take)(tlm_instance *instance, uint32_t lane, const char *settings,
                void (*taken)(void *context, const tlm_taken *taken), void *context, tlm_error *error);
    /**
     * Keeps rows, state changes and record in one transaction, durable when `done` says 0, provided that the lane still
     * has this epoch and the sequence before this one (-ESTALE otherwise). A repeated commit that was kept already is
     * 0. One call a lane is under way at a time; lanes overlap.
     */
    void (*commit)(tlm_instance *instance, const tlm_commit *commit, tlm_done done, void *token);
    /** Calls `found` with the committed value of a key: 1 found, 0 not, negative errno. Blocks; any thread. */
    int (*state_get)(tlm_instance *instance, uint32_t lane, const char *component, tlm_text key,
                     int (*found)(void *context, tlm_text key, tlm_text value), void *context);
    /** Calls `found` for every committed key; a non-zero result ends the walk and is returned. Blocks; any thread. */
    int (*state_each)(tlm_instance *instance, uint32_t lane, const char *component,
                      int (*found)(void *context, tlm_text key, tlm_text value), void *context);
    /**
     * The lane's epoch by now: 0, or negative errno. Slow state was read while the lane was the reader's own if the
     * epoch is still the one that it took. Blocks; any thread.
     */
    int (*epoch)(tlm_instance *instance, uint32_t lane, uint64_t *ret_epoch);
} tlm_checkpoint;

#ifdef __cplusplus
}
#endif
#endif
