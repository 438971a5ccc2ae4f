/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Components for tests of the core's pipeline: a source that plays a list, a codec for its records, a processor that
 * notes what it is given and emits one row an event, and a checkpoint in memory that answers as it is told.
 */
#ifndef TLM_TESTS_SCRIPTED_H
#define TLM_TESTS_SCRIPTED_H

#include <stdatomic.h>
#include <telemetra/telemetra.h>

#define SCRIPT_INPUTS_MAX 2
#define SCRIPT_EVENTS_MAX 4096

/** What the source plays. `second` is the event's time; a negative one makes a record that the codec rejects. */
typedef struct script_event {
    int second;
    char stream;
} script_event;

typedef struct script {
    const script_event *events;
    uint32_t count;
    int ends;         /* after the last: end (1) or quiet (0) */
    int64_t begun;    /* ordinal that the last `open` asked for; -1: the beginning */
    int refuses;      /* `open` has its place no more */
    atomic_uint most; /* waits (TLM_READ_WAITING) before this one; 0: gives all */
} script;

/** One event as the processor saw it. */
typedef struct seen_event {
    int second;
    char stream;
    uint32_t lane, refill, input;
    int64_t watermark_second; /* INT64_MIN: none */
} seen_event;

/** What the processor saw, over all lanes, and the state it keeps in `state_put`. */
typedef struct notes {
    pthread_mutex_t mutex;
    seen_event seen[SCRIPT_EVENTS_MAX];
    uint32_t seen_count;
    int64_t advanced_second; /* of the last advance of lane 0 */
    int prepare_fails;       /* what `prepare` returns */
    uint32_t is_stopped;     /* the component was stopped */
    uint32_t closed_late;    /* lanes that were closed after that */
    uint32_t closed;
    uint32_t asks; /* for slow state, at every batch */
    uint32_t keep; /* rebuild_from: the position of the input's event that many back */
    /* Of a follower: rows of the processor in their order, and events whose side value was as it should be. */
    uint32_t rows_read, sides_read;
} notes;

/** The memory of the checkpoint, and how it answers. */
typedef struct vault {
    pthread_mutex_t mutex;
    struct {
        uint64_t epoch, sequence;
        char record[2048];
    } lanes[8];
    char settings[256];
    struct {
        uint32_t lane;
        char component[80], key[80], value[1024];
        size_t value_size; /* 0: removed */
    } states[64];
    uint32_t state_count;
    uint32_t row_count; /* committed rows of the processor */
    uint32_t dead_count;
    int stolen_takes;          /* so many takes lose the lane before it is opened */
    int take_fails;            /* so many takes fail */
    int fail_times, fail_with; /* so many commits fail with that */
    int hold;                  /* commits are not answered until it is 0 */
    uint32_t attempts;
    atomic_uint get_fails, gets; /* whether slow state can be read, and how often it was tried */
    tlm_done held_done;
    void *held_token;
    char order[64];        /* who was asked in which order: r, c, b */
    uint32_t hung_submits; /* of the sink "hung", which answers when the vault is released */
    tlm_done hung_done;
    void *hung_token;
} vault;

/** The follower reads the rows and the side column of the processor. */
extern const tlm_component script_source, script_codec, script_processor, script_follower, script_checkpoint,
    script_sink;

/** Partitions of a scripted log, and inputs of each. */
#define LOG_LANES 4
#define LOG_INPUTS 2

/**
 * A log that the test gives to the process as it likes. Every lane is quiet once it was read to its end.
 */
typedef struct script_log {
    const script_event *events[LOG_LANES][LOG_INPUTS];
    _Atomic uint32_t counts[LOG_LANES][LOG_INPUTS];
    int64_t expired[LOG_LANES][LOG_INPUTS]; /* records before that are no more */
    atomic_uint is_away;                    /* reads give TLM_READ_WAITING */
    atomic_uint open_lanes;
    tlm_partitions_listener listener; /* once opened */
    atomic_uint is_open;
} script_log;

extern const tlm_component script_log_source;

/** Gives these lanes to the process and no others. */
void script_log_assign(script_log *log, const uint32_t *lanes, uint32_t count);

/** A batch of records first .. first + count. */
const tlm_records *script_batch(const script_event *events, int64_t first, uint32_t count);

/** Answers a held commit and the sink "hung". */
void vault_release(vault *vault);

#endif
