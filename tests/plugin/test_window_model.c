/* SPDX-License-Identifier: Apache-2.0 */
/* The window plugin against a plain model of contract section 2 that knows no panes, no order and no memory bounds:
 * random events, cut into random batches, read in random order, with restarts at random places. */
#include "window_lab.h"

#include "common/sketch.h"

#include <setjmp.h>

#include <cmocka.h>

enum { INPUTS = 2, EVENTS = 2500, DURATION_S = 60, SLIDE_S = 10, LATENESS_S = 10 };
#define DURATION (DURATION_S * LAB_SECOND)
#define SLIDE (SLIDE_S * LAB_SECOND)
#define QUIET (900 * LAB_SECOND)
#define BASE (INT64_C(1700000000) * LAB_SECOND)

/* --- randomness --------------------------------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t value = (*state += UINT64_C(0x9E3779B97F4A7C15));
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static uint64_t below(uint64_t *state, uint64_t bound)
{
    return next_random(state) % bound;
}

/* --- input -------------------------------------------------------------------------------------------------------- */

typedef struct {
    lab_event *events; /* in the order of reading */
    lab_event **order; /* pointers to them */
    uint32_t count;
    int64_t highest_ns;
    char *texts; /* ids */
} input;

static const char *const streams[] = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"};
static const char *const users[] = {"u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9", "u10", "u11", "u12"};
static const char *const emotes[] = {"Kappa", "LUL", "Pog", "\xc3\xa4h", "\"x\\", "a", "ab", "b",
                                     "c",     "d",   "e",   "f",         "g",     "h", "i",  "j"};
static const char *const titles[] = {"one", "two", "three"};
static const char *const currencies[] = {"USD", "EUR", "JPY"};

static void make_values(uint64_t *random, lab_event *event)
{
    if (event->kind == TLM_EVENT_CHAT) {
        event->user = below(random, 20) ? users[below(random, TLM_COUNT(users))] : NULL;
        for (uint64_t i = 0, n = below(random, 4); i < n; i++)
            event->emotes[i] = emotes[below(random, TLM_COUNT(emotes))];
    } else if (event->kind == TLM_EVENT_VIEWER) {
        event->viewer_count = below(random, 4) ? (int64_t)below(random, 1000) : 0;
    } else if (event->kind == TLM_EVENT_TRANSACTION) {
        event->is_bits = below(random, 3) == 0;
        event->amount = event->is_bits ? (tlm_wide)below(random, 500)
                                       : (tlm_wide)below(random, 1000000) * 123456789 - (tlm_wide)50000000 * 123456;
        event->currency = currencies[below(random, TLM_COUNT(currencies))];
    } else {
        event->meta = 1 + (uint32_t)below(random, 5);
        event->title = below(random, 2) ? titles[below(random, TLM_COUNT(titles))] : NULL;
        event->new_title = below(random, 3) ? NULL : titles[below(random, TLM_COUNT(titles))];
        event->category = below(random, 2) ? titles[below(random, TLM_COUNT(titles))] : NULL;
        event->name = below(random, 2) ? "name" : NULL;
        event->language = below(random, 2) ? "de" : NULL;
        event->started_at_ns = below(random, 2) ? BASE + (int64_t)below(random, 1000) : 0;
    }
}

/* Watermarks as the host would give them: the smaller of the inputs' highest timestamps less the lateness. */
static void judge_watermarks(input *in)
{
    int64_t highest[INPUTS] = {INT64_MIN, INT64_MIN};
    int64_t watermark = INT64_MIN;
    in->highest_ns = INT64_MIN;
    for (uint32_t i = 0; i < in->count; i++) {
        lab_event *event = in->order[i];
        event->watermark_ns = watermark;
        if (event->time_ns > highest[event->input])
            highest[event->input] = event->time_ns;
        if (event->time_ns > in->highest_ns)
            in->highest_ns = event->time_ns;
        int64_t lowest = highest[0] < highest[1] ? highest[0] : highest[1];
        if (lowest != INT64_MIN && lowest - LATENESS_S * LAB_SECOND > watermark)
            watermark = lowest - LATENESS_S * LAB_SECOND;
    }
}

static void number_events(input *in)
{
    int64_t ordinals[INPUTS] = {0, 0};
    for (uint32_t i = 0; i < in->count; i++)
        in->order[i]->ordinal = ordinals[in->order[i]->input]++;
}

static void input_init(input *in, uint64_t seed, bool has_late_ones)
{
    uint64_t random = seed;
    int64_t now_ns = BASE;
    *in = (input){.count = EVENTS};
    in->events = lab_alloc(NULL, EVENTS * sizeof *in->events);
    in->order = lab_alloc(NULL, EVENTS * sizeof *in->order);
    in->texts = lab_alloc(NULL, EVENTS * 8);
    for (uint32_t i = 0; i < EVENTS; i++) {
        lab_event *event = &in->events[i];
        in->order[i] = event;
        now_ns += (int64_t)below(&random, 2 * LAB_SECOND / 3);
        if (below(&random, 300) == 0)
            now_ns += (int64_t)below(&random, 3) * 700 * LAB_SECOND;
        if (below(&random, 1500) == 0)
            now_ns += 86400 * 400 * LAB_SECOND;
        if (i > 10 && below(&random, 25) == 0) { /* once more */
            *event = in->events[i - 1 - below(&random, !has_late_ones ? 8 : i < 200 ? i : 200)];
            if (has_late_ones || event->time_ns > now_ns - 8 * LAB_SECOND)
                continue;
        }
        snprintf(in->texts + i * 8, 8, "e%05u", (unsigned)below(&random, 65000));
        *event = (lab_event){.kind = 1 + (uint32_t)below(&random, 4), .id = in->texts + i * 8};
        if (below(&random, 3))
            event->kind = TLM_EVENT_CHAT;
        event->time_ns = now_ns - (int64_t)below(&random, 4 * LAB_SECOND);
        if (below(&random, 4) == 0) /* the same time for many, so that ids decide */
            event->time_ns -= event->time_ns % LAB_SECOND;
        if (has_late_ones && below(&random, 40) == 0)
            event->time_ns -= (int64_t)below(&random, 120) * LAB_SECOND;
        event->stream = streams[below(&random, TLM_COUNT(streams))];
        event->input = event->kind == TLM_EVENT_CHAT ? 0 : 1;
        make_values(&random, event);
    }
    number_events(in);
    judge_watermarks(in);
}

static void input_finish(input *in)
{
    free(in->events);
    free(in->order);
    free(in->texts);
}

/* --- what came out ------------------------------------------------------------------------------------------------ */

/* Rows by key; one key a row for `windows`, the last one for `streams`. */
typedef struct {
    lab_row *rows;
    size_t count, capacity;
} row_table;

static int compare_rows(const void *a, const void *b)
{
    return strcmp(((const lab_row *)a)->key, ((const lab_row *)b)->key);
}

static void table_put(row_table *table, const tlm_dataset *dataset, const char *key, const char *text)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i].key, key) != 0)
            continue;
        if (strncmp(key, "windows", 7) == 0)
            fail_msg("a second row of %s", key);
        free(table->rows[i].text);
        table->rows[i].text = lab_copy(text, strlen(text));
        return;
    }
    if (table->count == table->capacity) {
        table->capacity = table->capacity * 2 + 64;
        table->rows = lab_alloc(table->rows, table->capacity * sizeof *table->rows);
    }
    table->rows[table->count++] =
        (lab_row){.dataset = dataset, .key = lab_copy(key, strlen(key)), .text = lab_copy(text, strlen(text))};
}

static void table_finish(row_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->rows[i].key);
        free(table->rows[i].text);
    }
    free(table->rows);
}

static void assert_same_tables(row_table *got, row_table *expected)
{
    qsort(got->rows, got->count, sizeof *got->rows, compare_rows);
    qsort(expected->rows, expected->count, sizeof *expected->rows, compare_rows);
    for (size_t i = 0; i < got->count && i < expected->count; i++) {
        assert_string_equal(got->rows[i].key, expected->rows[i].key);
        assert_string_equal(got->rows[i].text, expected->rows[i].text);
    }
    assert_int_equal(got->count, expected->count);
}

/* --- the model ---------------------------------------------------------------------------------------------------- */

static int64_t floor_slide(int64_t time_ns)
{
    return time_ns - time_ns % SLIDE;
}

static int64_t last_end(const lab_event *event)
{
    return floor_slide(event->time_ns) + DURATION;
}

static bool is_same_event(const lab_event *a, const lab_event *b)
{
    return a->kind == b->kind && a->time_ns == b->time_ns && strcmp(a->stream, b->stream) == 0 &&
           strcmp(a->id, b->id) == 0;
}

static void model_verdicts(const input *in, uint8_t *verdicts)
{
    for (uint32_t i = 0; i < in->count; i++) {
        const lab_event *event = in->order[i];
        bool is_open = last_end(event) > event->watermark_ns;
        verdicts[i] = TLM_VERDICT_APPLIED;
        if (!is_open && event->kind != TLM_EVENT_STREAM_META)
            verdicts[i] = TLM_VERDICT_LATE;
        for (uint32_t j = 0; is_open && j < i; j++)
            if (verdicts[j] == TLM_VERDICT_APPLIED && is_same_event(in->order[j], event))
                verdicts[i] = TLM_VERDICT_DUPLICATE;
    }
}

static int by_time_and_id(const lab_event *a, const lab_event *b)
{
    return a->time_ns != b->time_ns ? (a->time_ns < b->time_ns ? -1 : 1) : strcmp(a->id, b->id);
}

/* Whether the event counts in the stream's window that ends then. */
static bool is_inside(const lab_event *event, uint8_t verdict, const char *stream, int64_t end_ns)
{
    return verdict == TLM_VERDICT_APPLIED && strcmp(event->stream, stream) == 0 && event->time_ns < end_ns &&
           event->time_ns >= end_ns - DURATION && end_ns > event->watermark_ns;
}

typedef struct {
    int64_t count, min, max;
    tlm_wide sum;
    const lab_event *last;
} model_viewers;

static void model_add_viewer(model_viewers *viewers, const lab_event *event)
{
    if (viewers->count == 0 || event->viewer_count < viewers->min)
        viewers->min = event->viewer_count;
    if (viewers->count == 0 || event->viewer_count > viewers->max)
        viewers->max = event->viewer_count;
    if (!viewers->last || by_time_and_id(viewers->last, event) < 0)
        viewers->last = event;
    viewers->count++;
    viewers->sum += event->viewer_count;
}

static void print_or_null(lab_text *out, const char *name, bool is_set, int64_t value)
{
    if (is_set)
        lab_print(out, "%s=%" PRId64 "\n", name, value);
    else
        lab_print(out, "%s=null\n", name);
}

static void print_ratio(lab_text *out, const char *name, tlm_wide numerator, tlm_wide denominator, unsigned scale)
{
    char text[TLM_DECIMAL_SIZE];
    tlm_wide factor = 1;
    for (unsigned i = 0; i < scale; i++)
        factor *= 10;
    /* round half to even, written out */
    tlm_wide whole = numerator * factor / denominator;
    tlm_wide rest = numerator * factor % denominator;
    if (rest * 2 > denominator || (rest * 2 == denominator && whole % 2))
        whole++;
    tlm_decimal_format(whole, scale, false, text);
    lab_print(out, "%s=%s\n", name, text);
}

static void print_emotes(lab_text *out, const int64_t *counts)
{
    bool is_taken[TLM_COUNT(emotes)] = {false};
    lab_print(out, "top_emotes=[");
    for (int n = 0; n < 10; n++) {
        size_t best = TLM_COUNT(emotes);
        for (size_t i = 0; i < TLM_COUNT(emotes); i++) {
            if (is_taken[i] || counts[i] == 0)
                continue;
            if (best == TLM_COUNT(emotes) || counts[i] > counts[best] ||
                (counts[i] == counts[best] && strcmp(emotes[i], emotes[best]) < 0))
                best = i;
        }
        if (best == TLM_COUNT(emotes))
            break;
        is_taken[best] = true;
        const char *name = strcmp(emotes[best], "\"x\\") == 0 ? "\\\"x\\\\" : emotes[best];
        lab_print(out, "%s{\"name\":\"%s\",\"count\":%" PRId64 "}", n ? "," : "", name, counts[best]);
    }
    lab_print(out, "]\n");
}

static void print_sketch(lab_text *out, const bool *is_chatter)
{
    tlm_sketch sketch = TLM_SKETCH_INIT;
    uint8_t bytes[TLM_SKETCH_SIZE];
    for (size_t i = 0; i < TLM_COUNT(users); i++)
        if (is_chatter[i])
            tlm_sketch_add(&sketch, tlm_sketch_mark(tlm_sketch_hash(users[i], strlen(users[i]))));
    size_t size = tlm_sketch_write(&sketch, bytes);
    lab_print(out, "slide_scored_count=0\nslide_sentiment_sum=0\nslide_chatters=");
    for (size_t i = 0; i < size; i++)
        lab_print(out, "%02x", bytes[i]);
    lab_print(out, "\n");
    tlm_sketch_finish(&sketch);
}

static void print_amounts(lab_text *out, const tlm_wide *sums, const bool *is_seen)
{
    static const size_t sorted[] = {1, 2, 0}; /* EUR, JPY, USD */
    bool is_first = true;
    lab_print(out, "amounts={");
    for (size_t i = 0; i < TLM_COUNT(sorted); i++) {
        char text[TLM_DECIMAL_SIZE];
        if (!is_seen[sorted[i]])
            continue;
        tlm_decimal_format(sums[sorted[i]], 9, true, text);
        lab_print(out, "%s\"%s\":\"%s\"", is_first ? "" : ",", currencies[sorted[i]], text);
        is_first = false;
    }
    lab_print(out, "}\n");
}

static size_t index_in(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(names[i], name) != 0)
        i++;
    return i;
}

static void model_window(const input *in, const uint8_t *verdicts, const char *stream, int64_t end_ns, row_table *ret)
{
    int64_t messages = 0, slide_messages = 0, chatters = 0, transactions = 0, counted = 0;
    bool is_chatter[TLM_COUNT(users)] = {false}, is_slide_chatter[TLM_COUNT(users)] = {false};
    int64_t emote_counts[TLM_COUNT(emotes)] = {0};
    tlm_wide sums[TLM_COUNT(currencies)] = {0}, bits = 0;
    bool is_seen[TLM_COUNT(currencies)] = {false};
    model_viewers viewers = {0}, slide_viewers = {0};
    char text[TLM_DECIMAL_SIZE];
    for (uint32_t i = 0; i < in->count; i++) {
        const lab_event *event = in->order[i];
        if (!is_inside(event, verdicts[i], stream, end_ns) || event->kind == TLM_EVENT_STREAM_META)
            continue;
        bool is_slide = event->time_ns >= end_ns - SLIDE;
        counted++;
        if (event->kind == TLM_EVENT_CHAT) {
            messages++;
            slide_messages += is_slide;
            if (event->user) {
                size_t user = index_in(users, TLM_COUNT(users), event->user);
                chatters += !is_chatter[user];
                is_chatter[user] = true;
                is_slide_chatter[user] |= is_slide;
            }
            for (size_t e = 0; e < LAB_EMOTES_MAX && event->emotes[e]; e++)
                emote_counts[index_in(emotes, TLM_COUNT(emotes), event->emotes[e])]++;
        } else if (event->kind == TLM_EVENT_VIEWER) {
            model_add_viewer(&viewers, event);
            if (is_slide)
                model_add_viewer(&slide_viewers, event);
        } else {
            transactions++;
            if (event->is_bits) {
                bits += event->amount;
            } else {
                size_t currency = index_in(currencies, TLM_COUNT(currencies), event->currency);
                sums[currency] += event->amount;
                is_seen[currency] = true;
            }
        }
    }
    if (counted == 0)
        return;
    lab_text key = {0}, out = {0};
    lab_print(&key, "windows %u\nstream_id=%s\nwindow_end=%" PRId64 "\n", TLM_ROWS_FINAL, stream, end_ns);
    lab_print(&out, "stream_id=%s\nwindow_start=%" PRId64 "\nwindow_end=%" PRId64 "\n", stream, end_ns - DURATION,
              end_ns);
    lab_print(&out, "message_count=%" PRId64 "\n", messages);
    print_ratio(&out, "chat_rate", messages * 60, DURATION_S, 2);
    lab_print(&out, "unique_chatters=%" PRId64 "\nsentiment=null\npositive_count=0\nnegative_count=0\n", chatters);
    print_emotes(&out, emote_counts);
    if (viewers.count)
        print_ratio(&out, "viewer_avg", viewers.sum, viewers.count, 2);
    else
        lab_print(&out, "viewer_avg=null\n");
    print_or_null(&out, "viewer_min", viewers.count, viewers.min);
    print_or_null(&out, "viewer_max", viewers.count, viewers.max);
    print_or_null(&out, "viewer_last", viewers.count, viewers.last ? viewers.last->viewer_count : 0);
    lab_print(&out, "transaction_count=%" PRId64 "\n", transactions);
    print_amounts(&out, sums, is_seen);
    tlm_decimal_format(bits, 0, false, text);
    lab_print(&out, "bits=%s\n", text);
    lab_print(&out, "payment_count=%" PRId64 "\n", transactions); /* none of them is a gift */
    lab_print(&out, "slide_start=%" PRId64 "\n", end_ns - SLIDE);
    lab_print(&out, "slide_message_count=%" PRId64 "\n", slide_messages);
    lab_print(&out, "slide_viewer_count=%" PRId64 "\n", slide_viewers.count);
    print_or_null(&out, "slide_viewer_sum", slide_viewers.count, (int64_t)slide_viewers.sum);
    print_or_null(&out, "slide_viewer_min", slide_viewers.count, slide_viewers.min);
    print_or_null(&out, "slide_viewer_max", slide_viewers.count, slide_viewers.max);
    print_or_null(&out, "slide_viewer_last", slide_viewers.count,
                  slide_viewers.last ? slide_viewers.last->viewer_count : 0);
    print_sketch(&out, is_slide_chatter);
    table_put(ret, NULL, key.text, out.text);
    free(key.text);
    free(out.text);
}

static int compare_events(const void *a, const void *b)
{
    return by_time_and_id(*(const lab_event *const *)a, *(const lab_event *const *)b);
}

static void print_field(lab_text *out, const char *name, const char *value)
{
    lab_print(out, "%s=%s\n", name, value ? value : "null");
}

/* What the applied events of a stream say, told in the order of their time and id. */
static void model_stream(const input *in, const uint8_t *verdicts, const char *stream, row_table *ret)
{
    const lab_event **sorted = lab_alloc(NULL, in->count * sizeof *sorted);
    size_t count = 0;
    for (uint32_t i = 0; i < in->count; i++)
        if (verdicts[i] == TLM_VERDICT_APPLIED && strcmp(in->order[i]->stream, stream) == 0)
            sorted[count++] = in->order[i];
    qsort((void *)sorted, count, sizeof *sorted, compare_events);
    const char *name = NULL, *title = NULL, *category = NULL, *language = NULL;
    int64_t started_at = count ? sorted[0]->time_ns : 0, viewer_count = -1;
    bool has_ended = false;
    for (size_t i = 0; i < count; i++) {
        const lab_event *event = sorted[i];
        if (event->kind == TLM_EVENT_VIEWER) {
            viewer_count = event->viewer_count;
            has_ended = has_ended && event->viewer_count == 0;
        }
        if (event->kind != TLM_EVENT_STREAM_META)
            continue;
        title = event->new_title ? event->new_title : event->title ? event->title : title;
        category = event->category ? event->category : category;
        name = event->name ? event->name : name;
        language = event->language ? event->language : language;
        if (event->meta == TLM_META_STREAM_START)
            started_at = event->started_at_ns ? event->started_at_ns : event->time_ns;
        if (event->meta == TLM_META_STREAM_START || event->meta == TLM_META_STREAM_END)
            has_ended = event->meta == TLM_META_STREAM_END;
    }
    if (count) {
        int64_t last_ns = sorted[count - 1]->time_ns;
        lab_text key = {0}, out = {0};
        lab_print(&key, "streams %u\nstream_id=%s\n", TLM_ROWS_FINAL, stream);
        lab_print(&out, "stream_id=%s\n", stream);
        print_field(&out, "streamer_name", name);
        print_field(&out, "title", title);
        print_field(&out, "game_category", category);
        print_field(&out, "language", language);
        lab_print(&out, "started_at=%" PRId64 "\n", started_at);
        lab_print(&out, "is_live=%d\n", !has_ended && last_ns + QUIET > in->highest_ns);
        print_or_null(&out, "viewer_count", viewer_count >= 0, viewer_count);
        lab_print(&out, "last_event_at=%" PRId64 "\n", last_ns);
        table_put(ret, NULL, key.text, out.text);
        free(key.text);
        free(out.text);
    }
    free((void *)sorted);
}

static int compare_times(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

static void model_rows(const input *in, const uint8_t *verdicts, row_table *ret)
{
    const size_t windows = DURATION_S / SLIDE_S;
    int64_t *ends = lab_alloc(NULL, in->count * windows * sizeof *ends);
    for (size_t s = 0; s < TLM_COUNT(streams); s++) {
        size_t count = 0;
        for (uint32_t i = 0; i < in->count; i++)
            for (size_t w = 0; w < windows; w++) {
                int64_t end = floor_slide(in->order[i]->time_ns) + (int64_t)(w + 1) * SLIDE;
                if (is_inside(in->order[i], verdicts[i], streams[s], end))
                    ends[count++] = end;
            }
        qsort(ends, count, sizeof *ends, compare_times);
        for (size_t i = 0; i < count; i++)
            if (i == 0 || ends[i] != ends[i - 1])
                model_window(in, verdicts, streams[s], ends[i], ret);
        model_stream(in, verdicts, streams[s], ret);
    }
    free(ends);
}

/* --- the plugin --------------------------------------------------------------------------------------------------- */

/* A lane that is flushed and killed now and then, as the host would. */
typedef struct {
    lab_plugin *plugin;
    const input *in;
    lab_lane lane;
    tlm_lane_state *state;
    row_table committed;
    /* of the last flush */
    lab_state *states;
    size_t state_count;
    int64_t watermark_ns;
    uint32_t next; /* index into in->order */
    int has_from[INPUTS];
    tlm_position from[INPUTS];
} test_rig;

static void rig_forget_states(test_rig *rig)
{
    for (size_t i = 0; i < rig->state_count; i++) {
        free(rig->states[i].key);
        free(rig->states[i].value);
    }
    free(rig->states);
    rig->states = NULL;
    rig->state_count = 0;
}

static void rig_open(test_rig *rig)
{
    lab_lane_init(&rig->lane, INPUTS, rig->watermark_ns);
    for (size_t i = 0; i < rig->state_count; i++)
        lab_state_put(&rig->lane.lane, (tlm_text){.data = rig->states[i].key, .size = rig->states[i].key_size},
                      (tlm_text){.data = rig->states[i].value, .size = rig->states[i].value_size});
    assert_int_equal(
        rig->plugin->processor->lane_open(rig->plugin->instance, &rig->lane.lane, &rig->state, &rig->plugin->error), 0);
}

static void rig_close(test_rig *rig)
{
    rig->plugin->processor->lane_close(rig->state);
    lab_lane_finish(&rig->lane);
}

static void rig_flush(test_rig *rig, uint32_t next)
{
    assert_int_equal(rig->plugin->processor->prepare(rig->state), 0);
    for (size_t i = 0; i < rig->lane.row_count; i++)
        if (rig->lane.rows[i].flags == TLM_ROWS_FINAL)
            table_put(&rig->committed, rig->lane.rows[i].dataset, rig->lane.rows[i].key, rig->lane.rows[i].text);
    lab_lane_clear_rows(&rig->lane);
    rig_forget_states(rig);
    rig->state_count = rig->lane.state_count;
    rig->states = lab_alloc(NULL, rig->state_count * sizeof *rig->states);
    for (size_t i = 0; i < rig->state_count; i++) {
        const lab_state *state = &rig->lane.states[i];
        rig->states[i] = (lab_state){.key = lab_copy(state->key, state->key_size),
                                     .value = lab_copy(state->value, state->value_size),
                                     .key_size = state->key_size,
                                     .value_size = state->value_size};
    }
    rig->next = next;
    if (next > 0 && next <= rig->in->count) {
        int64_t watermark = rig->in->order[next - 1]->watermark_ns;
        rig->watermark_ns = watermark > rig->watermark_ns ? watermark : rig->watermark_ns;
    }
    for (uint32_t i = 0; i < INPUTS; i++)
        rig->has_from[i] = rig->plugin->processor->rebuild_from(rig->state, i, &rig->from[i]);
}

/* Reads again what was decided before the last flush, input after input. */
static void rig_refill(test_rig *rig)
{
    for (uint32_t which = 0; which < INPUTS; which++) {
        if (!rig->has_from[which])
            continue;
        for (uint32_t i = 0; i < rig->next; i++) {
            lab_event *event = rig->in->order[i];
            if (event->input == which && event->ordinal >= rig->from[which].ordinal)
                assert_int_equal(lab_feed(rig->plugin, rig->state, &event, 1, true), 0);
        }
    }
    assert_int_equal(rig->lane.row_count, 0);
}

static void run_plugin(lab_plugin *plugin, const input *in, uint64_t seed, uint32_t batch_max, uint32_t kill_one_in,
                       row_table *ret)
{
    uint64_t random = seed;
    test_rig rig = {.plugin = plugin, .in = in, .watermark_ns = INT64_MIN};
    rig_open(&rig);
    for (uint32_t i = 0; i < in->count;) {
        uint32_t wanted = 1 + (uint32_t)below(&random, batch_max);
        uint32_t end = i + 1;
        while (end < in->count && end - i < wanted && in->order[end]->input == in->order[i]->input)
            end++;
        assert_int_equal(lab_feed(plugin, rig.state, &in->order[i], end - i, false), 0);
        i = end;
        if (below(&random, 5) == 0)
            assert_int_equal(plugin->processor->early(rig.state), 0);
        if (below(&random, 8) == 0)
            rig_flush(&rig, i);
        if (kill_one_in && below(&random, kill_one_in) == 0) {
            rig_close(&rig);
            rig_open(&rig);
            rig_refill(&rig);
            i = rig.next;
        }
    }
    int64_t final_ns = plugin->processor->final_after(plugin->instance, in->highest_ns);
    assert_int_equal(plugin->processor->advance(rig.state, final_ns, in->highest_ns), 0);
    rig_flush(&rig, in->count + 1);
    for (uint32_t i = 0; i < INPUTS; i++)
        assert_int_equal(rig.has_from[i], 0);
    *ret = rig.committed;
    rig_forget_states(&rig);
    rig_close(&rig);
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static int open_plugin(void **state)
{
    static lab_plugin plugin;
    *state = &plugin;
    return lab_open(&plugin, DURATION_S, SLIDE_S);
}

static int close_plugin(void **state)
{
    lab_close(*state);
    return 0;
}

static void check(lab_plugin *plugin, const input *in, uint64_t seed, uint32_t batch_max, uint32_t kill_one_in)
{
    uint8_t *verdicts = lab_alloc(NULL, in->count);
    row_table expected = {0}, got = {0};
    model_verdicts(in, verdicts);
    model_rows(in, verdicts, &expected);
    assert_true(expected.count > 100);
    run_plugin(plugin, in, seed, batch_max, kill_one_in, &got);
    for (uint32_t i = 0; i < in->count; i++)
        if (in->order[i]->verdict != verdicts[i])
            fail_msg("seed %" PRIu64 " event %u: verdict %u instead of %u", seed, i, in->order[i]->verdict,
                     verdicts[i]);
    assert_same_tables(&got, &expected);
    table_finish(&got);
    table_finish(&expected);
    free(verdicts);
}

static void every_verdict_and_row_is_the_models(void **state)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        input in;
        input_init(&in, seed, true);
        check(*state, &in, seed, seed % 2 ? 1 : 400, 0);
        input_finish(&in);
    }
}

static void restarts_at_any_place_change_nothing(void **state)
{
    for (uint64_t seed = 11; seed <= 18; seed++) {
        input in;
        input_init(&in, seed, true);
        check(*state, &in, seed, 60, 12);
        input_finish(&in);
    }
}

/* Both inputs keep their order, but which is read next is chance, as long as neither runs ahead of the lateness. */
static void shuffle(input *in, uint64_t seed)
{
    uint64_t random = seed;
    for (uint32_t round = 0; round < 4; round++)
        for (uint32_t i = 0; i + 1 < in->count; i++) {
            lab_event *a = in->order[i], *b = in->order[i + 1];
            if (a->input == b->input || below(&random, 2))
                continue;
            in->order[i] = b;
            in->order[i + 1] = a;
        }
    judge_watermarks(in);
}

static void reading_order_changes_no_row_where_nothing_is_late(void **state)
{
    for (uint64_t seed = 21; seed <= 24; seed++) {
        row_table first = {0}, second = {0};
        input in;
        input_init(&in, seed, false);
        run_plugin(*state, &in, seed, 300, 0, &first);
        for (uint32_t i = 0; i < in.count; i++)
            assert_int_not_equal(in.order[i]->verdict, TLM_VERDICT_LATE);
        shuffle(&in, seed);
        run_plugin(*state, &in, seed + 100, 7, 20, &second);
        for (uint32_t i = 0; i < in.count; i++)
            assert_int_not_equal(in.order[i]->verdict, TLM_VERDICT_LATE);
        assert_same_tables(&second, &first);
        table_finish(&first);
        table_finish(&second);
        input_finish(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_and_row_is_the_models),
        cmocka_unit_test(restarts_at_any_place_change_nothing),
        cmocka_unit_test(reading_order_changes_no_row_where_nothing_is_late),
    };
    return cmocka_run_group_tests(tests, open_plugin, close_plugin);
}
