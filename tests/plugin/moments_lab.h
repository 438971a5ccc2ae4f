/* SPDX-License-Identifier: Apache-2.0 */
/* A laboratory for the moments plugin: rows of `windows` made by hand, and a lane that records what comes of them. The
 * plugin is driven as the host drives it. Include cmocka first. */
#ifndef TLM_TEST_MOMENTS_LAB_H
#define TLM_TEST_MOMENTS_LAB_H

#include "host.h"
#include "window_lab.h"

#define MO_SLIDE_S 10
#define MO_SLIDE_NS (MO_SLIDE_S * LAB_SECOND)
#define MO_DURATION_NS (6 * MO_SLIDE_NS)
/* Some hour; rows are told by the number of their last slide after it. */
#define MO_EPOCH_NS (INT64_C(1767225600) * LAB_SECOND)

/* The columns that moments read stand in another order here than in `window`, among ones of other names and types. */
enum {
    MO_BITS,
    MO_START,
    MO_WINDOW_MESSAGES,
    MO_VIEWERS,
    MO_SENTIMENT,
    MO_STREAM,
    MO_NEGATIVE,
    MO_END,
    MO_TRANSACTIONS,
    MO_AMOUNTS,
    MO_MESSAGES,
    MO_CHATTERS,
    MO_POSITIVE,
    MO_PAYMENTS,
    MO_SLIDE_START,
    MO_COLUMNS
};

static const tlm_column mo_columns[MO_COLUMNS] = {
    [MO_BITS] = {"bits", TLM_COLUMN_DECIMAL, 0, 0, NULL, ""},
    [MO_START] = {"window_start", TLM_COLUMN_TIME, 0, TLM_COLUMN_KEY, NULL, ""},
    [MO_WINDOW_MESSAGES] = {"message_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    [MO_VIEWERS] = {"slide_viewer_last", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    [MO_SENTIMENT] = {"sentiment", TLM_COLUMN_DECIMAL, 4, TLM_COLUMN_NULLABLE, NULL, ""},
    [MO_STREAM] = {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY | TLM_COLUMN_STREAM, NULL, ""},
    [MO_NEGATIVE] = {"negative_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    [MO_END] = {"window_end", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, ""},
    [MO_TRANSACTIONS] = {"transaction_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    [MO_AMOUNTS] = {"amounts", TLM_COLUMN_JSON, 0, 0, NULL, ""},
    [MO_MESSAGES] = {"slide_message_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    [MO_CHATTERS] = {"unique_chatters", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    [MO_POSITIVE] = {"positive_count", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    [MO_PAYMENTS] = {"payment_count", TLM_COLUMN_DECIMAL, 0, 0, NULL, ""},
    [MO_SLIDE_START] = {"slide_start", TLM_COLUMN_TIME, 0, 0, NULL, ""},
};

static const tlm_dataset mo_windows = {.struct_size = sizeof(tlm_dataset),
                                       .mode = TLM_DATASET_APPEND,
                                       .id = "windows",
                                       .doc = "",
                                       .columns = mo_columns,
                                       .column_count = MO_COLUMNS};

/* A row; what is 0 is 0, texts NULL are "{}". */
typedef struct {
    int64_t messages, window_messages;
    int64_t viewers;                      /* 0: null */
    int64_t transactions, payments, bits; /* payments 0: as many as transactions */
    const char *amounts;
    int64_t sentiment;          /* 0.0001 */
    int64_t positive, negative; /* both 0: sentiment is null */
} mo_row;

typedef struct {
    test_host host;
    const tlm_component *component;
    const tlm_processor *processor;
    const tlm_rows_reader *reader;
    void *config;
    tlm_instance *instance;
    lab_lane lane;
    tlm_lane_state *state;
} mo_lab;

static inline void mo_open_lane(mo_lab *lab)
{
    tlm_error error = {{0}};
    lab->lane.lane.watermark_ns = MO_EPOCH_NS;
    if (lab->processor->lane_open(lab->instance, &lab->lane.lane, &lab->state, &error) < 0)
        fail_msg("%s", error.text);
}

/* `options`: pairs of name and value, NULL at the end. */
static inline void mo_open(mo_lab *lab, const char *const *options)
{
    tlm_error error = {{0}};
    memset(lab, 0, sizeof *lab);
    test_host_init(&lab->host);
    lab->component = test_component("moments", "moments");
    lab->processor = lab->component->get_interface(TLM_INTERFACE_PROCESSOR);
    lab->reader = lab->component->get_interface(TLM_INTERFACE_ROWS_READER);
    lab->config = test_config(lab->component);
    for (; options && *options; options += 2)
        test_config_set(lab->component, lab->config, options[0], options[1]);
    if (lab->component->create(&lab->host.public, lab->config, &lab->instance, &error) < 0 ||
        lab->component->start(lab->instance, &error) < 0)
        fail_msg("%s", error.text);
    lab_lane_init(&lab->lane, 1, MO_EPOCH_NS);
    mo_open_lane(lab);
}

static inline void mo_close(mo_lab *lab)
{
    lab->processor->lane_close(lab->state);
    lab->component->stop(lab->instance);
    lab->component->destroy(lab->instance);
    test_config_free(lab->component, lab->config);
    lab_lane_finish(&lab->lane);
    pthread_mutex_destroy(&lab->host.lock);
}

static inline int64_t mo_end_ns(int64_t slide)
{
    return MO_EPOCH_NS + (slide + 1) * MO_SLIDE_NS;
}

static inline tlm_cell mo_integer(int64_t value)
{
    return (tlm_cell){.is_set = 1, .as.integer = value};
}

static inline tlm_cell mo_text(const char *text)
{
    return (tlm_cell){.is_set = 1, .size = (uint32_t)strlen(text), .as.text = text};
}

static inline tlm_cell mo_wide(int64_t value)
{
    return (tlm_cell){.is_set = 1, .as.wide = {.low = (uint64_t)value, .high = value < 0 ? -1 : 0}};
}

static inline int mo_put_flags(mo_lab *lab, const char *stream, int64_t slide, const mo_row *row, uint32_t flags)
{
    tlm_cell cells[MO_COLUMNS] = {
        [MO_BITS] = mo_wide(row->bits),
        [MO_START] = mo_integer(mo_end_ns(slide) - MO_DURATION_NS),
        [MO_WINDOW_MESSAGES] = mo_integer(row->window_messages ? row->window_messages : row->messages),
        [MO_STREAM] = mo_text(stream),
        [MO_NEGATIVE] = mo_integer(row->negative),
        [MO_END] = mo_integer(mo_end_ns(slide)),
        [MO_TRANSACTIONS] = mo_integer(row->transactions),
        [MO_AMOUNTS] = mo_text(row->amounts ? row->amounts : "{}"),
        [MO_MESSAGES] = mo_integer(row->messages),
        [MO_CHATTERS] = mo_integer(row->messages),
        [MO_POSITIVE] = mo_integer(row->positive),
        [MO_SLIDE_START] = mo_integer(mo_end_ns(slide) - MO_SLIDE_NS),
        [MO_PAYMENTS] = mo_wide(row->payments ? row->payments : row->transactions),
    };
    if (row->viewers)
        cells[MO_VIEWERS] = mo_integer(row->viewers);
    if (row->positive + row->negative)
        cells[MO_SENTIMENT] = mo_wide(row->sentiment);
    return lab->reader->row(lab->state, &mo_windows, flags, cells);
}

/* The final row of the window whose last slide has this number. */
static inline void mo_put(mo_lab *lab, const char *stream, int64_t slide, mo_row row)
{
    assert_int_equal(mo_put_flags(lab, stream, slide, &row, TLM_ROWS_FINAL), 0);
}

static inline void mo_flush(mo_lab *lab)
{
    assert_int_equal(lab->processor->prepare(lab->state), 0);
}

/* Closes the lane without a flush, or with one, and opens it from what was saved. */
static inline void mo_restart(mo_lab *lab)
{
    lab->processor->lane_close(lab->state);
    mo_open_lane(lab);
}

/* --- what came out ------------------------------------------------------------------------------------------------ */

/* The value of a column in a row as text; in one of a few buffers that take turns. */
static inline const char *mo_value(const lab_row *row, const char *column)
{
    static char rooms[8][1024];
    static unsigned turn;
    char *room = rooms[turn++ % 8];
    size_t size = strlen(column);
    for (const char *line = row->text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (!strncmp(line, column, size) && line[size] == '=') {
            snprintf(room, 1024, "%.*s", (int)strcspn(line + size + 1, "\n"), line + size + 1);
            return room;
        }
    fail_msg("no column %s in:\n%s", column, row->text);
    return NULL;
}

static inline int mo_is(const lab_row *row, const char *column, const char *value)
{
    return !strcmp(mo_value(row, column), value);
}

static inline double mo_number(const lab_row *row, const char *column)
{
    return strtod(mo_value(row, column), NULL);
}

/* Rows emitted of a kind, NULL: of all. */
static inline size_t mo_rows(const mo_lab *lab, const char *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < lab->lane.row_count; i++)
        count += !kind || mo_is(&lab->lane.rows[i], "moment_type", kind);
    return count;
}

/* Moments of a kind: rows with ids of their own. */
static inline size_t mo_moments(const mo_lab *lab, const char *kind)
{
    size_t count = 0;
    for (size_t i = 0; i < lab->lane.row_count; i++) {
        const lab_row *row = &lab->lane.rows[i];
        bool is_new = !kind || mo_is(row, "moment_type", kind);
        for (size_t j = 0; j < i && is_new; j++)
            is_new = strcmp(lab->lane.rows[j].key, row->key) != 0;
        count += is_new;
    }
    return count;
}

/* The last row of a kind. */
static inline const lab_row *mo_last(const mo_lab *lab, const char *kind)
{
    for (size_t i = lab->lane.row_count; i-- > 0;)
        if (mo_is(&lab->lane.rows[i], "moment_type", kind))
            return &lab->lane.rows[i];
    fail_msg("no %s was emitted", kind);
    return NULL;
}

#endif
