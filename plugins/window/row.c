/* SPDX-License-Identifier: Apache-2.0 */
#include "row.h"

#include "common/json_writer.h"

#include <stdlib.h>

#define KEY TLM_COLUMN_KEY
#define NULLABLE TLM_COLUMN_NULLABLE

enum {
    WINDOW_STREAM_ID,
    WINDOW_START,
    WINDOW_END,
    WINDOW_MESSAGE_COUNT,
    WINDOW_CHAT_RATE,
    WINDOW_UNIQUE_CHATTERS,
    WINDOW_SENTIMENT,
    WINDOW_POSITIVE_COUNT,
    WINDOW_NEGATIVE_COUNT,
    WINDOW_TOP_EMOTES,
    WINDOW_VIEWER_AVG,
    WINDOW_VIEWER_MIN,
    WINDOW_VIEWER_MAX,
    WINDOW_VIEWER_LAST,
    WINDOW_TRANSACTION_COUNT,
    WINDOW_AMOUNTS,
    WINDOW_BITS,
    WINDOW_PAYMENT_COUNT,
    WINDOW_SLIDE_START,
    WINDOW_SLIDE_MESSAGE_COUNT,
    WINDOW_SLIDE_VIEWER_COUNT,
    WINDOW_SLIDE_VIEWER_SUM,
    WINDOW_SLIDE_VIEWER_MIN,
    WINDOW_SLIDE_VIEWER_MAX,
    WINDOW_SLIDE_VIEWER_LAST,
    WINDOW_SLIDE_SCORED_COUNT,
    WINDOW_SLIDE_SENTIMENT_SUM,
    WINDOW_SLIDE_CHATTERS,
    WINDOW_COLUMNS
};

static const tlm_column window_columns[WINDOW_COLUMNS] = {
    [WINDOW_STREAM_ID] = {"stream_id", TLM_COLUMN_TEXT, 0, KEY | TLM_COLUMN_STREAM, NULL, "The stream."},
    [WINDOW_START] = {"window_start", TLM_COLUMN_TIME, 0, 0, NULL, "Begin of the window: a multiple of the slide."},
    [WINDOW_END] = {"window_end", TLM_COLUMN_TIME, 0, KEY | TLM_COLUMN_TIMELINE, NULL, "End of the window, exclusive."},
    [WINDOW_MESSAGE_COUNT] = {"message_count", TLM_COLUMN_INTEGER, 0, 0, "messages", "Chat messages in the window."},
    [WINDOW_CHAT_RATE] = {"chat_rate", TLM_COLUMN_DECIMAL, 2, 0, "messages/min", "message_count x 60 / duration."},
    [WINDOW_UNIQUE_CHATTERS] =
        {"unique_chatters", TLM_COLUMN_INTEGER, 0, 0, "users",
         "Distinct users that chatted; exact up to 4,096, above that within 1 % standard error."},
    [WINDOW_SENTIMENT] = {"sentiment", TLM_COLUMN_DECIMAL, 4, NULLABLE, NULL,
                          "Mean sentiment of the scored messages, -1 to 1; null when none was scored."},
    [WINDOW_POSITIVE_COUNT] = {"positive_count", TLM_COLUMN_INTEGER, 0, 0, "messages", "Messages scored 0.05 or more."},
    [WINDOW_NEGATIVE_COUNT] = {"negative_count", TLM_COLUMN_INTEGER, 0, 0, "messages",
                               "Messages scored -0.05 or less."},
    [WINDOW_TOP_EMOTES] = {"top_emotes", TLM_COLUMN_JSON, 0, 0, NULL,
                           "The ten emotes used most, as an array of {name, count}; ties by name."},
    [WINDOW_VIEWER_AVG] = {"viewer_avg", TLM_COLUMN_DECIMAL, 2, NULLABLE, "viewers", "Mean of the viewer counts."},
    [WINDOW_VIEWER_MIN] = {"viewer_min", TLM_COLUMN_INTEGER, 0, NULLABLE, "viewers", "Smallest viewer count."},
    [WINDOW_VIEWER_MAX] = {"viewer_max", TLM_COLUMN_INTEGER, 0, NULLABLE, "viewers", "Largest viewer count."},
    [WINDOW_VIEWER_LAST] = {"viewer_last", TLM_COLUMN_INTEGER, 0, NULLABLE, "viewers", "Last viewer count."},
    [WINDOW_TRANSACTION_COUNT] = {"transaction_count", TLM_COLUMN_INTEGER, 0, 0, "transactions",
                                  "Transactions in the window, those in bits too."},
    [WINDOW_AMOUNTS] = {"amounts", TLM_COLUMN_JSON, 0, 0, NULL,
                        "Exact sum a currency, as an object of decimal texts: {\"USD\":\"12.5\"}."},
    [WINDOW_BITS] = {"bits", TLM_COLUMN_DECIMAL, 0, 0, "bits", "Sum of the transactions in bits."},
    [WINDOW_PAYMENT_COUNT] = {"payment_count", TLM_COLUMN_DECIMAL, 0, 0, "payments",
                              "Transactions, each gift_sub counted as often as it gives (gift_count, at least 1)."},
    [WINDOW_SLIDE_START] = {"slide_start", TLM_COLUMN_TIME, 0, 0, NULL, "Begin of the window's last slide."},
    [WINDOW_SLIDE_MESSAGE_COUNT] = {"slide_message_count", TLM_COLUMN_INTEGER, 0, 0, "messages",
                                    "Chat messages in the window's last slide."},
    [WINDOW_SLIDE_VIEWER_COUNT] = {"slide_viewer_count", TLM_COLUMN_INTEGER, 0, 0, "events",
                                   "Viewer events in the last slide."},
    [WINDOW_SLIDE_VIEWER_SUM] = {"slide_viewer_sum", TLM_COLUMN_DECIMAL, 0, NULLABLE, "viewers",
                                 "Sum of the viewer counts in the last slide."},
    [WINDOW_SLIDE_VIEWER_MIN] = {"slide_viewer_min", TLM_COLUMN_INTEGER, 0, NULLABLE, "viewers",
                                 "Smallest viewer count in the last slide."},
    [WINDOW_SLIDE_VIEWER_MAX] = {"slide_viewer_max", TLM_COLUMN_INTEGER, 0, NULLABLE, "viewers",
                                 "Largest viewer count in the last slide."},
    [WINDOW_SLIDE_VIEWER_LAST] = {"slide_viewer_last", TLM_COLUMN_INTEGER, 0, NULLABLE, "viewers",
                                  "Last viewer count in the last slide."},
    [WINDOW_SLIDE_SCORED_COUNT] = {"slide_scored_count", TLM_COLUMN_INTEGER, 0, 0, "messages",
                                   "Messages of the last slide that were scored."},
    [WINDOW_SLIDE_SENTIMENT_SUM] = {"slide_sentiment_sum", TLM_COLUMN_INTEGER, 0, 0, "0.0001",
                                    "Sum of their scores: with the count it gives the mean over any range."},
    [WINDOW_SLIDE_CHATTERS] = {"slide_chatters", TLM_COLUMN_BYTES, 0, 0, NULL,
                               "Mergeable HyperLogLog sketch of the last slide's chatters."},
};

const tlm_dataset tlm_windows_dataset = {
    .struct_size = (uint32_t)sizeof(tlm_dataset),
    .mode = TLM_DATASET_APPEND,
    .id = "windows",
    .doc = "One row a stream and window in which it had a chat, viewer or transaction event.",
    .columns = window_columns,
    .column_count = WINDOW_COLUMNS,
};

enum {
    STREAM_ID,
    STREAM_NAME,
    STREAM_TITLE,
    STREAM_CATEGORY,
    STREAM_LANGUAGE,
    STREAM_STARTED_AT,
    STREAM_IS_LIVE,
    STREAM_VIEWER_COUNT,
    STREAM_LAST_EVENT_AT,
    STREAM_COLUMNS
};

static const tlm_column stream_columns[STREAM_COLUMNS] = {
    [STREAM_ID] = {"stream_id", TLM_COLUMN_TEXT, 0, KEY | TLM_COLUMN_STREAM, NULL, "The stream."},
    [STREAM_NAME] = {"streamer_name", TLM_COLUMN_TEXT, 0, NULLABLE, NULL, "Who streams."},
    [STREAM_TITLE] = {"title", TLM_COLUMN_TEXT, 0, NULLABLE, NULL, "Its title."},
    [STREAM_CATEGORY] = {"game_category", TLM_COLUMN_TEXT, 0, NULLABLE, NULL, "Game or category."},
    [STREAM_LANGUAGE] = {"language", TLM_COLUMN_TEXT, 0, NULLABLE, NULL, "Language of the stream."},
    [STREAM_STARTED_AT] = {"started_at", TLM_COLUMN_TIME, 0, NULLABLE, NULL,
                           "When it started, by stream_start, else by its first event."},
    [STREAM_IS_LIVE] = {"is_live", TLM_COLUMN_BOOL, 0, 0, NULL, "Whether it is live."},
    [STREAM_VIEWER_COUNT] = {"viewer_count", TLM_COLUMN_INTEGER, 0, NULLABLE, "viewers", "The last viewer count."},
    [STREAM_LAST_EVENT_AT] = {"last_event_at", TLM_COLUMN_TIME, 0, 0, NULL,
                              "Time of its latest event when the row was made."},
};

const tlm_dataset tlm_streams_dataset = {
    .struct_size = (uint32_t)sizeof(tlm_dataset),
    .mode = TLM_DATASET_LATEST,
    .id = "streams",
    .doc = "What is known of each stream.",
    .columns = stream_columns,
    .column_count = STREAM_COLUMNS,
};

int tlm_row_writer_init(tlm_row_writer *writer, const tlm_lane *lane, const tlm_geometry *geometry)
{
    size_t panes = (size_t)(geometry->duration_ns / geometry->slide_ns);
    *writer = (tlm_row_writer){.lane = lane, .geometry = *geometry};
    writer->panes = calloc(panes, sizeof *writer->panes);
    writer->emote_counts = calloc(panes, sizeof *writer->emote_counts);
    return writer->panes && writer->emote_counts ? 0 : -ENOMEM;
}

void tlm_row_writer_finish(tlm_row_writer *writer)
{
    free(writer->panes);
    free(writer->emote_counts);
    tlm_chatter_work_finish(&writer->chatters);
    tlm_emote_work_finish(&writer->emotes);
    tlm_amounts_finish(&writer->amounts);
    tlm_buffer_finish(&writer->emotes_text);
    tlm_buffer_finish(&writer->amounts_text);
}

size_t tlm_row_writer_size_bytes(const tlm_row_writer *writer)
{
    size_t panes = (size_t)(writer->geometry.duration_ns / writer->geometry.slide_ns);
    return panes * (sizeof *writer->panes + sizeof *writer->emote_counts) +
           tlm_chatter_work_size_bytes(&writer->chatters) + tlm_emote_work_size_bytes(&writer->emotes) +
           tlm_amounts_size_bytes(&writer->amounts) + writer->emotes_text.capacity + writer->amounts_text.capacity;
}

/* The panes of a window: `count` from `first` on among the stream's, and that of its last slide. */
typedef struct {
    int64_t end_ns;
    uint32_t first, count;
    const tlm_pane *last; /* NULL: it had no event */
} window;

static tlm_cell cell_integer(int64_t value)
{
    return (tlm_cell){.is_set = 1, .as.integer = value};
}

static tlm_cell cell_wide(tlm_wide value)
{
    return (tlm_cell){.is_set = 1, .as.wide = tlm_wide_split(value)};
}

static tlm_cell cell_text(const char *text, size_t size)
{
    return (tlm_cell){.is_set = 1, .size = (uint32_t)size, .as.text = text};
}

static void put_counts(const tlm_row_writer *writer, uint32_t pane_count, tlm_cell *cells)
{
    int64_t messages = 0;
    for (uint32_t i = 0; i < pane_count; i++)
        messages += writer->panes[i]->message_count;
    tlm_wide a_minute = (tlm_wide)messages * 60 * TLM_NS_PER_SECOND;
    cells[WINDOW_MESSAGE_COUNT] = cell_integer(messages);
    cells[WINDOW_CHAT_RATE] = cell_wide(tlm_decimal_divide_half_even(a_minute * 100, writer->geometry.duration_ns));
}

static void put_sentiment(const tlm_row_writer *writer, uint32_t pane_count, const tlm_pane *last, tlm_cell *cells)
{
    tlm_pane_scores sum = {0};
    for (uint32_t i = 0; i < pane_count; i++) {
        const tlm_pane_rare *rare = writer->panes[i]->rare;
        if (!rare)
            continue;
        sum.count += rare->scores.count;
        sum.sum += rare->scores.sum;
        sum.positive_count += rare->scores.positive_count;
        sum.negative_count += rare->scores.negative_count;
    }
    if (sum.count > 0)
        cells[WINDOW_SENTIMENT] = cell_wide(tlm_decimal_divide_half_even(sum.sum, sum.count));
    cells[WINDOW_POSITIVE_COUNT] = cell_integer(sum.positive_count);
    cells[WINDOW_NEGATIVE_COUNT] = cell_integer(sum.negative_count);
    const tlm_pane_rare *slide = last ? last->rare : NULL;
    cells[WINDOW_SLIDE_SCORED_COUNT] = cell_integer(slide ? slide->scores.count : 0);
    cells[WINDOW_SLIDE_SENTIMENT_SUM] = cell_integer(slide ? slide->scores.sum : 0);
}

/* Distinct chatters of the window: from the stream's roster where it has one and is exact, else from the panes. */
static int count_chatters(tlm_row_writer *writer, tlm_stream *stream, const window *of, uint32_t flags,
                          uint64_t *ret_count)
{
    if (flags & TLM_ROWS_FINAL) {
        int counted = tlm_roster_count(&stream->roster, &writer->geometry, stream->panes + of->first, of->count,
                                       of->end_ns, ret_count);
        if (counted < 0 || (counted && *ret_count <= TLM_CHATTERS_EXACT_MAX))
            return counted < 0 ? counted : 0;
    }
    return tlm_chatter_work_count(&writer->chatters, writer->panes, of->count, ret_count);
}

static int put_chatters(tlm_row_writer *writer, tlm_stream *stream, const window *of, uint32_t flags, tlm_cell *cells)
{
    uint64_t chatters;
    size_t size;
    if (count_chatters(writer, stream, of, flags, &chatters) < 0 ||
        tlm_chatter_work_sketch(&writer->chatters, of->last, writer->sketch, &size) < 0)
        return -ENOMEM;
    cells[WINDOW_UNIQUE_CHATTERS] = cell_integer((int64_t)chatters);
    cells[WINDOW_SLIDE_CHATTERS] = cell_text((const char *)writer->sketch, size);
    return 0;
}

static int put_emotes(tlm_row_writer *writer, uint32_t pane_count, tlm_cell *cells)
{
    tlm_emote_total top[TLM_EMOTES_TOP];
    uint32_t sources = 0;
    uint32_t count;
    for (uint32_t i = 0; i < pane_count; i++)
        if (writer->panes[i]->rare && writer->panes[i]->rare->emotes.count)
            writer->emote_counts[sources++] = &writer->panes[i]->rare->emotes;
    cells[WINDOW_TOP_EMOTES] = cell_text("[]", 2);
    if (sources == 0)
        return 0;
    if (tlm_emote_work_top(&writer->emotes, writer->emote_counts, sources, top, &count) < 0)
        return -ENOMEM;
    tlm_json_writer json;
    tlm_buffer_clear(&writer->emotes_text);
    tlm_json_init(&json, &writer->emotes_text);
    tlm_json_begin_array(&json);
    for (uint32_t i = 0; i < count; i++) {
        tlm_json_begin_object(&json);
        TLM_JSON_KEY(&json, "name");
        tlm_json_string(&json, top[i].name, top[i].name_size);
        TLM_JSON_KEY(&json, "count");
        tlm_json_int(&json, top[i].count);
        tlm_json_end_object(&json);
    }
    tlm_json_end_array(&json);
    cells[WINDOW_TOP_EMOTES] = cell_text(writer->emotes_text.data, writer->emotes_text.size);
    return writer->emotes_text.error;
}

static void put_viewers(const tlm_row_writer *writer, uint32_t pane_count, const tlm_pane *last, tlm_cell *cells)
{
    tlm_pane_viewers sum = {.min = INT64_MAX, .max = INT64_MIN};
    for (uint32_t i = 0; i < pane_count; i++) {
        const tlm_pane_viewers *viewers = writer->panes[i]->viewers;
        if (!viewers)
            continue;
        sum.count += viewers->count;
        sum.sum += viewers->sum;
        sum.min = viewers->min < sum.min ? viewers->min : sum.min;
        sum.max = viewers->max > sum.max ? viewers->max : sum.max;
        sum.last = viewers->last; /* panes come in the order of time */
    }
    if (sum.count > 0) {
        cells[WINDOW_VIEWER_AVG] = cell_wide(tlm_decimal_divide_half_even(sum.sum * 100, sum.count));
        cells[WINDOW_VIEWER_MIN] = cell_integer(sum.min);
        cells[WINDOW_VIEWER_MAX] = cell_integer(sum.max);
        cells[WINDOW_VIEWER_LAST] = cell_integer(sum.last);
    }
    const tlm_pane_viewers *slide = last ? last->viewers : NULL;
    cells[WINDOW_SLIDE_VIEWER_COUNT] = cell_integer(slide ? slide->count : 0);
    if (slide) {
        cells[WINDOW_SLIDE_VIEWER_SUM] = cell_wide(slide->sum);
        cells[WINDOW_SLIDE_VIEWER_MIN] = cell_integer(slide->min);
        cells[WINDOW_SLIDE_VIEWER_MAX] = cell_integer(slide->max);
        cells[WINDOW_SLIDE_VIEWER_LAST] = cell_integer(slide->last);
    }
}

static int add_amounts(tlm_amounts *sum, const tlm_amounts *more)
{
    for (uint32_t i = 0; i < more->count; i++)
        if (tlm_amounts_add(sum, more->items[i].currency, more->items[i].units) < 0)
            return -ENOMEM;
    return 0;
}

static int write_amounts(tlm_row_writer *writer)
{
    tlm_json_writer json;
    tlm_buffer_clear(&writer->amounts_text);
    tlm_json_init(&json, &writer->amounts_text);
    tlm_json_begin_object(&json);
    for (uint32_t i = 0; i < writer->amounts.count; i++) {
        char text[TLM_DECIMAL_SIZE];
        size_t size = tlm_decimal_format(writer->amounts.items[i].units, TLM_DECIMAL_SCALE, true, text);
        tlm_json_key(&json, writer->amounts.items[i].currency, 3);
        tlm_json_string(&json, text, size);
    }
    tlm_json_end_object(&json);
    return writer->amounts_text.error;
}

static int put_transactions(tlm_row_writer *writer, uint32_t pane_count, tlm_cell *cells)
{
    int64_t count = 0;
    tlm_wide bits = 0, payments = 0;
    tlm_amounts_clear(&writer->amounts);
    for (uint32_t i = 0; i < pane_count; i++) {
        const tlm_pane_rare *rare = writer->panes[i]->rare;
        if (!rare)
            continue;
        count += rare->transaction_count;
        bits += rare->bits;
        payments += rare->payment_count;
        if (add_amounts(&writer->amounts, &rare->amounts) < 0)
            return -ENOMEM;
    }
    cells[WINDOW_TRANSACTION_COUNT] = cell_integer(count);
    cells[WINDOW_BITS] = cell_wide(bits);
    cells[WINDOW_PAYMENT_COUNT] = cell_wide(payments);
    cells[WINDOW_AMOUNTS] = cell_text("{}", 2);
    if (writer->amounts.count == 0)
        return 0;
    if (write_amounts(writer) < 0)
        return -ENOMEM;
    cells[WINDOW_AMOUNTS] = cell_text(writer->amounts_text.data, writer->amounts_text.size);
    return 0;
}

/* Finds the window's panes; whether there is a row at all. */
static bool gather(tlm_row_writer *writer, const tlm_stream *stream, window *of)
{
    bool has_events = false;
    of->first = tlm_stream_panes_before(stream, of->end_ns - writer->geometry.duration_ns);
    for (uint32_t i = of->first; i < stream->pane_count && stream->panes[i].start_ns < of->end_ns; i++) {
        const tlm_pane *pane = stream->panes[i].pane;
        writer->panes[of->count++] = pane;
        has_events |= tlm_pane_has_events(pane);
        if (stream->panes[i].start_ns == of->end_ns - writer->geometry.slide_ns)
            of->last = pane;
    }
    return has_events;
}

int tlm_row_write_window(tlm_row_writer *writer, tlm_stream *stream, int64_t end_ns, uint32_t flags)
{
    tlm_cell cells[WINDOW_COLUMNS] = {0};
    window of = {.end_ns = end_ns};
    if (!gather(writer, stream, &of))
        return 0;
    cells[WINDOW_STREAM_ID] = cell_text(stream->id, stream->id_size);
    cells[WINDOW_START] = cell_integer(end_ns - writer->geometry.duration_ns);
    cells[WINDOW_END] = cell_integer(end_ns);
    cells[WINDOW_SLIDE_START] = cell_integer(end_ns - writer->geometry.slide_ns);
    cells[WINDOW_SLIDE_MESSAGE_COUNT] = cell_integer(of.last ? of.last->message_count : 0);
    put_viewers(writer, of.count, of.last, cells);
    put_counts(writer, of.count, cells);
    put_sentiment(writer, of.count, of.last, cells);
    int result = put_chatters(writer, stream, &of, flags, cells);
    if (result == 0)
        result = put_emotes(writer, of.count, cells);
    if (result == 0)
        result = put_transactions(writer, of.count, cells);
    if (result < 0)
        return result;
    return writer->lane->emit(writer->lane, &tlm_windows_dataset, flags, cells);
}

int tlm_row_write_stream(tlm_row_writer *writer, const tlm_stream *stream, uint32_t flags)
{
    static const unsigned columns[TLM_FIELD_COUNT] = {[TLM_FIELD_NAME] = STREAM_NAME,
                                                      [TLM_FIELD_TITLE] = STREAM_TITLE,
                                                      [TLM_FIELD_CATEGORY] = STREAM_CATEGORY,
                                                      [TLM_FIELD_LANGUAGE] = STREAM_LANGUAGE};
    const tlm_status *status = &stream->status;
    tlm_cell cells[STREAM_COLUMNS] = {0};
    cells[STREAM_ID] = cell_text(stream->id, stream->id_size);
    for (unsigned i = 0; i < TLM_FIELD_COUNT; i++) {
        tlm_text text = tlm_status_text(status, i);
        if (text.data)
            cells[columns[i]] = cell_text(text.data, text.size);
    }
    cells[STREAM_STARTED_AT] = cell_integer(tlm_status_started_at(status));
    cells[STREAM_IS_LIVE] = cell_integer(stream->live);
    if (status->viewer.is_set)
        cells[STREAM_VIEWER_COUNT] = cell_integer(status->viewer_count);
    cells[STREAM_LAST_EVENT_AT] = cell_integer(status->last_ns);
    return writer->lane->emit(writer->lane, &tlm_streams_dataset, flags, cells);
}
