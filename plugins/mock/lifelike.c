/* SPDX-License-Identifier: Apache-2.0 */
#include "lifelike.h"

#include "random.h"

#include <stdlib.h>

/* A place: the step above the number of the event in it. */
#define INDEX_BITS 28
#define INDEX_MASK ((INT64_C(1) << INDEX_BITS) - 1)

enum { VIEWER_INTERVAL_S = 5, MESSAGES_A_VIEWER_EVENT = 10 };

uint64_t tlm_lifelike_stream_seed(const tlm_mock_options *options, uint32_t stream)
{
    return tlm_mix(tlm_mix(options->seed + TLM_GOLDEN_GAMMA) + (stream + 1) * TLM_GOLDEN_GAMMA);
}

/* Each 5 s, or each tenth event where there are fewer. */
static uint32_t viewer_steps(double rate)
{
    double interval_s = MESSAGES_A_VIEWER_EVENT / rate;

    interval_s = interval_s > VIEWER_INTERVAL_S ? interval_s : VIEWER_INTERVAL_S;
    return (uint32_t)(interval_s * 1000 / TLM_STEP_MS);
}

int tlm_lifelike_create(const tlm_mock_options *options, tlm_planted *planted, tlm_lifelike **ret_self)
{
    tlm_lifelike *self = calloc(1, sizeof *self);

    if (!self)
        return -ENOMEM;
    self->options = *options;
    self->planted = planted;
    self->clock.second = INT64_MIN;
    self->viewer_steps = viewer_steps(options->rate);
    self->step_end = (TLM_TIME_END_NS / TLM_NS_PER_MS - options->start_ms) / TLM_STEP_MS;
    tlm_episode_plan_init(&self->plan, options->episodes, options->chat_only);
    char *end = TLM_PUT(self->id_head, "m-");
    end = tlm_put_number(end, (uint64_t)options->start_ms);
    *end++ = '-';
    self->id_head_size = (size_t)(end - self->id_head);
    self->scratch_room = tlm_excitation_max(options->rate);
    self->scratch = malloc(self->scratch_room * sizeof *self->scratch);
    self->streams = calloc(options->stream_count, sizeof *self->streams);
    if (!self->scratch || !self->streams) {
        tlm_lifelike_destroy(self);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < options->stream_count; i++)
        self->streams[i].seed = tlm_lifelike_stream_seed(options, i);
    *ret_self = self;
    return 0;
}

void tlm_lifelike_destroy(tlm_lifelike *self)
{
    if (!self)
        return;
    free(self->streams);
    free(self->scratch);
    free(self->arrivals);
    free(self->sorted);
    free(self->bounds);
    free(self);
}

/* Sorts the step's arrivals by time into `sorted`, equal times as they were drawn: times are spread about evenly, so a
 * bucket for each arrival leaves almost nothing to do. */
static void sort_arrivals(tlm_lifelike *self)
{
    uint32_t count = self->count;
    uint32_t *bounds = self->bounds;

    memset(bounds, 0, (count + 1) * sizeof *bounds);
    for (uint32_t i = 0; i < count; i++)
        bounds[(uint64_t)self->arrivals[i].at_ns * count / (uint64_t)TLM_STEP_NS + 1]++;
    for (uint32_t i = 0; i < count; i++)
        bounds[i + 1] += bounds[i];
    for (uint32_t i = 0; i < count; i++)
        self->sorted[bounds[(uint64_t)self->arrivals[i].at_ns * count / (uint64_t)TLM_STEP_NS]++] = self->arrivals[i];
    for (uint32_t i = 1; i < count; i++) {
        tlm_arrival moved = self->sorted[i];
        uint32_t to = i;
        for (; to > 0 && self->sorted[to - 1].at_ns > moved.at_ns; to--)
            self->sorted[to] = self->sorted[to - 1];
        self->sorted[to] = moved;
    }
}

static int grow_sorted(tlm_lifelike *self, uint32_t had_room)
{
    if (self->room == had_room)
        return 0;
    free(self->sorted);
    free(self->bounds);
    self->sorted = malloc(self->room * sizeof *self->sorted);
    self->bounds = malloc((self->room + 1) * sizeof *self->bounds);
    return self->sorted && self->bounds ? 0 : -ENOMEM;
}

static int load_step(tlm_lifelike *self)
{
    uint32_t had_room = self->room;

    self->count = self->next = 0;
    int result = tlm_lifelike_step(self);
    if (result == 0)
        result = grow_sorted(self, had_room);
    if (result == 0)
        sort_arrivals(self);
    self->error = result;
    return result;
}

int tlm_lifelike_seek(tlm_lifelike *self, int64_t offset)
{
    int64_t run_ms = (offset >> INDEX_BITS) * TLM_STEP_MS;
    int result = 0;

    if (offset < 0 || offset >> INDEX_BITS > self->step_end)
        return -ESTALE;
    self->step = offset >> INDEX_BITS;
    self->count = self->next = 0;
    for (uint32_t i = 0; i < self->options.stream_count; i++) {
        tlm_life *life = &self->streams[i];
        tlm_excitation_seek(&life->excitation, life->seed, self->options.rate, self->step, self->scratch);
        tlm_episode_state_move(&life->episodes, &self->plan, life->seed, run_ms, true);
    }
    if (self->planted)
        result = tlm_planted_add_past(self->planted, &self->plan, run_ms);
    if (result == 0 && self->step < self->step_end)
        result = load_step(self);
    if (result < 0)
        return result;
    if ((offset & INDEX_MASK) > self->count)
        return -ESTALE;
    self->next = (uint32_t)(offset & INDEX_MASK);
    return 0;
}

int64_t tlm_lifelike_offset(const tlm_lifelike *self)
{
    return self->step << INDEX_BITS | self->next;
}

static int64_t step_start_ns(const tlm_lifelike *self)
{
    return self->options.start_ms * TLM_NS_PER_MS + self->step * TLM_STEP_NS;
}

int tlm_lifelike_peek(tlm_lifelike *self, int64_t until_ns, int64_t *ret_time_ns)
{
    if (self->error < 0)
        return self->error;
    while (self->next == self->count) {
        if (self->step + 1 >= self->step_end) {
            *ret_time_ns = INT64_MAX;
            return 0;
        }
        if (step_start_ns(self) + TLM_STEP_NS > until_ns) {
            *ret_time_ns = step_start_ns(self) + TLM_STEP_NS;
            return 0;
        }
        self->step++;
        int result = load_step(self);
        if (result < 0)
            return result;
    }
    *ret_time_ns = step_start_ns(self) + self->sorted[self->next].at_ns;
    return 0;
}

size_t tlm_lifelike_write(tlm_lifelike *self, char *out, uint32_t *ret_kind)
{
    const tlm_arrival *arrival = &self->sorted[self->next++];

    return (size_t)(tlm_lifelike_put(self, out, arrival, ret_kind) - out);
}
