/* SPDX-License-Identifier: Apache-2.0 */
/* The lifelike model: a log of streams in which messages excite messages, read forwards from any place.
 *
 * It is made in steps of half a second: what all streams do in one (steps.c) is sorted by time and then written event
 * by event (lifelike_json.c). A place is a step and the number of an event in it. Events are in time order; nothing but
 * the options decides about them. A stream costs 300 bytes and, at the start or after a jump, an hour of steps of its
 * excitation (excitation.h). */
#ifndef TLM_MOCK_LIFELIKE_H
#define TLM_MOCK_LIFELIKE_H

#include "episodes.h"
#include "excitation.h"
#include "options.h"
#include "planted.h"
#include "put.h"
#include "text.h"

#include <telemetra/event.h>

#define TLM_EVENT_ID_SIZE_MAX 128

/* What an arrival becomes. */
enum {
    TLM_ARRIVAL_CHAT,
    TLM_ARRIVAL_EXCITED, /* chat because of an episode */
    TLM_ARRIVAL_CHEER,   /* chat with bits; their transaction follows */
    TLM_ARRIVAL_BITS,
    TLM_ARRIVAL_VIEWER,
    TLM_ARRIVAL_TRANSACTION,
    TLM_ARRIVAL_GIFT, /* of a burst */
    TLM_ARRIVAL_DONATION,
    TLM_ARRIVAL_START,
    TLM_ARRIVAL_TITLE,
    TLM_ARRIVAL_CATEGORY,
    TLM_ARRIVAL_RAID,
};

/* An event to be written. */
typedef struct tlm_arrival {
    uint64_t seed;
    uint32_t at_ns; /* since the step's start */
    uint32_t stream;
    uint32_t index; /* among those of its stream and step */
    uint32_t kind;  /* TLM_ARRIVAL_... */
} tlm_arrival;

typedef struct tlm_life {
    uint64_t seed;
    tlm_excitation excitation;
    tlm_episode_state episodes;
} tlm_life;

typedef struct tlm_lifelike {
    tlm_mock_options options;
    tlm_episode_plan plan;
    tlm_life *streams;
    tlm_planted *planted; /* borrowed; NULL without a file */
    int64_t step, step_end;
    tlm_arrival *arrivals, *sorted; /* of the step */
    uint32_t *bounds;               /* work room of sorting */
    uint32_t count, room, next;     /* of arrivals; `next` is the next one to be written */
    int error;                      /* of a step that memory did not suffice for: the log cannot go on behind it */
    uint32_t *scratch;
    uint32_t scratch_room;
    uint32_t viewer_steps; /* from one viewer event to the next */
    uint32_t added;        /* arrivals of the stream at hand */
    uint64_t seed_hash;
    char id_head[32];
    size_t id_head_size;
    tlm_put_clock clock;
    tlm_message message; /* of the event at hand */
} tlm_lifelike;

/* Takes the options, of which the names are borrowed. 0 or -ENOMEM; tlm_lifelike_destroy in any case ends it. */
int tlm_lifelike_create(const tlm_mock_options *options, tlm_planted *planted, tlm_lifelike **ret_self);

/* NULL is fine. */
void tlm_lifelike_destroy(tlm_lifelike *self);

/* Goes to a place: tlm_lifelike_offset of the event to go on with, 0 for the run's start. 0, -ENOMEM, or -ESTALE when
 * there is no such place. */
int tlm_lifelike_seek(tlm_lifelike *self, int64_t offset);

/* The place of the next event. */
int64_t tlm_lifelike_offset(const tlm_lifelike *self);

/* Sees to it that there is a next event, and tells its time; INT64_MAX at the end of the last year. Stops looking
 * behind `until_ns`, and then returns a time behind that at which to look again. 0 or -ENOMEM, and then for good. */
int tlm_lifelike_peek(tlm_lifelike *self, int64_t until_ns, int64_t *ret_time_ns);

/* Writes the next event, which peek has found, to `out` of TLM_MOCK_EVENT_SIZE_MAX bytes: its size. */
size_t tlm_lifelike_write(tlm_lifelike *self, char *out, uint32_t *ret_kind);

/* --- between the rooms of the model ---------------------------------------------------------------------------- */

uint64_t tlm_lifelike_stream_seed(const tlm_mock_options *options, uint32_t stream);

/* Draws all arrivals of self->step. 0 or -ENOMEM. */
int tlm_lifelike_step(tlm_lifelike *self);

/* Writes an arrival as JSON: where it ends. */
char *tlm_lifelike_put(tlm_lifelike *self, char *at, const tlm_arrival *arrival, uint32_t *ret_kind);

/* The id of a raid's event. */
char *tlm_lifelike_put_raid_id(char *at, const tlm_mock_options *options, uint32_t stream, int64_t start_ms);

#endif
