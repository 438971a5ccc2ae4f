/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file rest_rows.h
 * The rows that the tests of `rest` ask for: streams, windows and moments as their makers declare them.
 */
#ifndef TLM_TEST_REST_ROWS_H
#define TLM_TEST_REST_ROWS_H

#include "rest_store.h"

/* 2024-05-01T12:00:00Z, a start of windows. */
#define ROWS_T0_NS (INT64_C(1714564800) * 1000000000)
#define ROWS_SECOND_NS INT64_C(1000000000)

#define TEXT(string)                                                                                                   \
    {                                                                                                                  \
        .is_set = 1, .size = sizeof(string) - 1, .as.text = (string)                                                   \
    }
#define INTEGER(value)                                                                                                 \
    {                                                                                                                  \
        .is_set = 1, .as.integer = (value)                                                                             \
    }
#define WIDE(value)                                                                                                    \
    {                                                                                                                  \
        .is_set = 1, .as.wide = {(uint64_t)(value), (value) < 0 ? -1 : 0 }                                             \
    }
#define AT_SECOND(value) INTEGER(ROWS_T0_NS + (value)*ROWS_SECOND_NS)
#define NONE                                                                                                           \
    {                                                                                                                  \
        .is_set = 0                                                                                                    \
    }

static const tlm_column rows_stream_columns[] = {
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY | TLM_COLUMN_STREAM, NULL, ""},
    {"streamer_name", TLM_COLUMN_TEXT, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"title", TLM_COLUMN_TEXT, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"game_category", TLM_COLUMN_TEXT, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"language", TLM_COLUMN_TEXT, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"started_at", TLM_COLUMN_TIME, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"is_live", TLM_COLUMN_BOOL, 0, 0, NULL, ""},
    {"viewer_count", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"last_event_at", TLM_COLUMN_TIME, 0, 0, NULL, ""},
};
static const tlm_dataset rows_streams = {
    sizeof(tlm_dataset), TLM_DATASET_LATEST, "streams", "", rows_stream_columns, TLM_COUNT(rows_stream_columns)};

static const tlm_cell rows_stream_cells[] = {
    /* in no order at all */
    TEXT("off"),   NONE,         NONE,         NONE,       NONE,        NONE,
    INTEGER(0),    INTEGER(900), AT_SECOND(0), TEXT("b"),  TEXT("Bea"), TEXT("say \"hi\"\n"),
    TEXT("Chess"), TEXT("de"),   AT_SECOND(5), INTEGER(1), INTEGER(10), AT_SECOND(9),
    TEXT("none"),  NONE,         NONE,         NONE,       NONE,        AT_SECOND(0),
    INTEGER(1),    NONE,         AT_SECOND(9), TEXT("a"),  NONE,        NONE,
    NONE,          NONE,         AT_SECOND(0), INTEGER(1), INTEGER(10), AT_SECOND(9),
    TEXT("top"),   NONE,         NONE,         NONE,       NONE,        AT_SECOND(0),
    INTEGER(1),    INTEGER(500), AT_SECOND(9),
};

static const tlm_column rows_window_columns[] = {
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY | TLM_COLUMN_STREAM, NULL, ""},
    {"window_start", TLM_COLUMN_TIME, 0, TLM_COLUMN_KEY, NULL, ""},
    {"window_end", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, ""},
    {"message_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    {"chat_rate", TLM_COLUMN_DECIMAL, 2, 0, NULL, ""},
    {"unique_chatters", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    {"sentiment", TLM_COLUMN_DECIMAL, 4, TLM_COLUMN_NULLABLE, NULL, ""},
    {"positive_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    {"negative_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    {"top_emotes", TLM_COLUMN_JSON, 0, 0, NULL, ""},
    {"viewer_avg", TLM_COLUMN_DECIMAL, 2, TLM_COLUMN_NULLABLE, NULL, ""},
    {"viewer_min", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"viewer_max", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"viewer_last", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"transaction_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    {"amounts", TLM_COLUMN_JSON, 0, 0, NULL, ""},
    {"bits", TLM_COLUMN_DECIMAL, 0, 0, NULL, ""},
    {"slide_sketch", TLM_COLUMN_BYTES, 0, 0, NULL, ""},
};
static const tlm_dataset rows_windows = {
    sizeof(tlm_dataset), TLM_DATASET_APPEND, "windows", "", rows_window_columns, TLM_COUNT(rows_window_columns)};

/* A full window of `id` that ends so many seconds after T0. */
#define ROWS_WINDOW(id, end_s)                                                                                         \
    TEXT(id), AT_SECOND((end_s)-60), AT_SECOND(end_s), INTEGER(13), WIDE(1250), INTEGER(7), WIDE(-25), INTEGER(2),     \
        INTEGER(1), TEXT("[{\"name\":\"Kappa\",\"count\":3},{\"name\":\"a\\\"b\",\"count\":1}]"), WIDE(10050),         \
        INTEGER(99), INTEGER(102), INTEGER(101), INTEGER(4), TEXT("{\"EUR\":\"1.50\",\"USD\":\"-0.01\"}"), WIDE(250),  \
        TEXT("\x11")
/* One with chat alone. */
#define ROWS_EMPTY_WINDOW(id, end_s)                                                                                   \
    TEXT(id), AT_SECOND((end_s)-60), AT_SECOND(end_s), INTEGER(0), WIDE(0), INTEGER(0), NONE, INTEGER(0), INTEGER(0),  \
        TEXT("[]"), NONE, NONE, NONE, NONE, INTEGER(0), TEXT("{}"), WIDE(0), TEXT("\x11")

static const tlm_cell rows_window_cells[] = {
    ROWS_WINDOW("a", 10),   ROWS_WINDOW("a", 30),     ROWS_WINDOW("a", 20),          ROWS_EMPTY_WINDOW("b", 10),
    ROWS_WINDOW("a/b", 10), ROWS_WINDOW("a%2Fb", 10), ROWS_WINDOW("\xc3\xa9 x", 10),
};

static const tlm_column rows_moment_columns[] = {
    {"moment_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, ""},
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_STREAM, NULL, ""},
    {"peak_at", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, ""},
    {"moment_type", TLM_COLUMN_TEXT, 0, 0, NULL, ""},
    {"description", TLM_COLUMN_TEXT, 0, 0, NULL, ""},
    {"metric_name", TLM_COLUMN_TEXT, 0, 0, NULL, ""},
    {"metric_value", TLM_COLUMN_DECIMAL, 2, 0, NULL, ""},
    {"threshold", TLM_COLUMN_DECIMAL, 2, 0, NULL, ""},
    {"z_score", TLM_COLUMN_DECIMAL, 2, TLM_COLUMN_NULLABLE, NULL, ""},
    {"metadata", TLM_COLUMN_JSON, 0, 0, NULL, ""},
};
static const tlm_dataset rows_moments = {
    sizeof(tlm_dataset), TLM_DATASET_LATEST, "moments", "", rows_moment_columns, TLM_COUNT(rows_moment_columns)};

#define ROWS_MOMENT(id, second)                                                                                        \
    TEXT(id), TEXT("a"), AT_SECOND(second), TEXT("chat_spike"), TEXT("more chat"), TEXT("chat_rate"), WIDE(12000),     \
        WIDE(300), WIDE(512), TEXT("{\"x\":1}")
static const tlm_cell rows_moment_cells[] = {ROWS_MOMENT("m1", 1), ROWS_MOMENT("m3", 3), ROWS_MOMENT("m2", 3)};

/* `moments` last, so that a store can go without it. */
static const fake_table rows_tables[] = {
    {&rows_streams, rows_stream_cells, TLM_COUNT(rows_stream_cells) / TLM_COUNT(rows_stream_columns)},
    {&rows_windows, rows_window_cells, TLM_COUNT(rows_window_cells) / TLM_COUNT(rows_window_columns)},
    {&rows_moments, rows_moment_cells, TLM_COUNT(rows_moment_cells) / TLM_COUNT(rows_moment_columns)},
};

#endif
