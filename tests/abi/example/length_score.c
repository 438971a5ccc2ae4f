/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A processor of one's own, outside the tree: gives each chat message a score by its length. Of no use but to show how
 * a side column is written, and to test what reads it (tests/oracle/oracle.py --length-scores).
 *
 *   cc -std=c11 -shared -fPIC -I PREFIX/include length_score.c -o plugins/length_score.so
 *   processors = ( { component = "length_score"; }, { component = "window"; } );
 */
#include <telemetra/telemetra.h>

struct tlm_instance {
    int unused;
};
struct tlm_lane_state {
    int unused;
};
static tlm_instance the_instance;
static tlm_lane_state the_state; /* nothing is kept, so lanes may share it */

static int16_t score_of(uint32_t size)
{
    static const int16_t scores[7] = {TLM_SIDE_ABSENT, 500, 499, -500, -499, 10000, -10000};
    return size % 8 < 7 ? scores[size % 8] : (int16_t)(size * 37 % 20001) - 10000;
}

static int events(tlm_lane_state *state, const tlm_event_view *view)
{
    int16_t *values = tlm_event_view_side(view, TLM_SIDE_SENTIMENT);
    (void)state;
    for (uint32_t i = 0; i < view->count; i++) {
        const tlm_event *event = &view->batch->events[view->rows[i]];
        if (event->kind == TLM_EVENT_CHAT)
            values[i] = score_of(event->as.chat.message.size);
    }
    return 0;
}

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    (void)host, (void)config, (void)error;
    *ret_instance = &the_instance;
    return 0;
}

static int start(tlm_instance *instance, tlm_error *error)
{
    (void)instance, (void)error;
    return 0;
}
static void ignore(tlm_instance *instance)
{
    (void)instance;
}

static const char *settings(tlm_instance *instance)
{
    (void)instance;
    return "by length";
}

static int lane_open(tlm_instance *instance, const tlm_lane *lane, tlm_lane_state **ret_state, tlm_error *error)
{
    (void)instance, (void)lane, (void)error;
    *ret_state = &the_state;
    return 0;
}

static int64_t next_due(tlm_lane_state *state)
{
    (void)state;
    return INT64_MAX;
}
static int advance(tlm_lane_state *s, int64_t watermark_ns, int64_t quiet_ns)
{
    (void)s, (void)watermark_ns, (void)quiet_ns;
    return 0;
}
static int64_t final_after(tlm_instance *i, int64_t highest_ns)
{
    (void)i, (void)highest_ns;
    return INT64_MIN;
}
static int nothing(tlm_lane_state *state)
{
    (void)state;
    return 0;
}
static int rebuild_from(tlm_lane_state *s, uint32_t input, tlm_position *p)
{
    (void)s, (void)input, (void)p;
    return 0;
}
static uint64_t size_bytes(tlm_lane_state *state)
{
    (void)state;
    return 0;
}
static void lane_close(tlm_lane_state *state)
{
    (void)state;
}

static const void *get_interface(const char *id)
{
    static const tlm_processor processor = {settings, lane_open, events,       next_due,   advance,   final_after,
                                            nothing,  nothing,   rebuild_from, size_bytes, lane_close};
    static const char *const writes[] = {TLM_SIDE_SENTIMENT, NULL}, *const reads[] = {NULL};
    static const tlm_sides sides = {writes, reads};
    if (!strcmp(id, TLM_INTERFACE_SIDES))
        return &sides;
    return strcmp(id, TLM_INTERFACE_PROCESSOR) ? NULL : &processor;
}

static const tlm_component component = {
    sizeof component, 0,      "length_score", "Scores messages by their length.", NULL, 0, 0, NULL, create, start,
    ignore,           ignore, get_interface};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("length_score", "1.0", components);
