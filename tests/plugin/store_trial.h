/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file store_trial.h
 * What every store that is a checkpoint too must answer alike: filters, orders, pages, types. Include after flushes.h.
 */
#ifndef TLM_TESTS_PLUGIN_STORE_TRIAL_H
#define TLM_TESTS_PLUGIN_STORE_TRIAL_H

#define SECOND INT64_C(1000000000)

static inline void start(subject *self)
{
    if (subject_start(self) < 0)
        fail_msg("%s", self->error.text);
}

static inline int commit_samples(subject *self, uint32_t lane, uint64_t epoch, uint64_t sequence, const char *stream,
                                 int64_t first, uint32_t count)
{
    tlm_cell *cells = calloc((size_t)count * SAMPLE_COLUMNS, sizeof *cells);
    for (uint32_t i = 0; i < count; i++)
        sample_fill(cells + (size_t)i * SAMPLE_COLUMNS, stream, (first + i) * SECOND);
    tlm_rows rows = rows_of(&sample_dataset, cells, count);
    int result = subject_commit(self, lane, epoch, sequence, &rows, NULL, 0);
    free(cells);
    return result;
}

static inline tlm_result *query(subject *self, const tlm_query *asked)
{
    tlm_result *result = NULL;
    if (self->store->query(self->instance, asked, &result, &self->error) < 0)
        fail_msg("%s", self->error.text);
    return result;
}

/* The first column of an answer, joined: texts as they are, integers as numbers, nulls as "-". */
static inline void assert_answer(subject *self, const tlm_query *asked, const char *expected)
{
    char text[512] = "";
    size_t size = 0;
    tlm_result *result = query(self, asked);
    for (uint32_t i = 0; i < result->row_count; i++) {
        const tlm_cell *cell = &result->cells[(size_t)i * result->column_count];
        if (!cell->is_set)
            size += (size_t)snprintf(text + size, sizeof text - size, "- ");
        else if (result->columns[0]->type == TLM_COLUMN_TEXT)
            size += (size_t)snprintf(text + size, sizeof text - size, "%.*s ", (int)cell->size, cell->as.text);
        else
            size +=
                (size_t)snprintf(text + size, sizeof text - size, "%lld ",
                                 (long long)(result->columns[0]->type == TLM_COLUMN_DECIMAL ? (int64_t)wide_value(cell)
                                                                                            : cell->as.integer));
    }
    result->release(result);
    assert_string_equal(text, expected);
}

static inline tlm_query ask_samples(const char *const *column)
{
    return (tlm_query){
        .struct_size = sizeof(tlm_query), .limit = 100, .dataset = "samples", .columns = column, .column_count = 1};
}

/* Five rows: streams a, B, b, z, a; viewers 5, null, 1, 3, null; rates 10, -5, 2.5, 100 and one beyond a double. */
static inline void fill_samples(subject *self)
{
    static const char *const streams[] = {"a", "B", "b", "z", "a"};
    taken told;
    tlm_cell cells[5][SAMPLE_COLUMNS];
    for (uint32_t i = 0; i < 5; i++)
        sample_fill(cells[i], streams[i], i * SECOND);
    cells[0][9] = cell_integer(5);
    cells[2][9] = cell_integer(1);
    cells[3][9] = cell_integer(3);
    cells[0][4] = cell_wide(1000);
    cells[1][4] = cell_wide(-((test_wide)1 << 90));
    cells[2][4] = cell_wide(250);
    cells[3][4] = cell_wide(10000);
    cells[4][4] = cell_wide((test_wide)INT64_MAX);
    tlm_rows rows = rows_of(&sample_dataset, cells[0], 5);
    subject_take(self, 0, "", &told);
    assert_int_equal(subject_commit(self, 0, 1, 1, &rows, NULL, 0), 0);
}

static inline void trial_filters_select_by_type_and_never_match_null(subject *self)
{
    const char *column = "window_start";
    tlm_filter filters[2] = {{.column = "stream_id", .op = TLM_FILTER_EQUAL, .value = cell_text("a")}};
    const tlm_order order = {.column = "window_start"};
    tlm_query asked = ask_samples(&column);
    asked.filters = filters;
    asked.orders = &order;
    asked.order_count = asked.filter_count = 1;
    start(self);
    fill_samples(self);
    assert_answer(self, &asked, "0 4000000000 ");
    filters[0].op = TLM_FILTER_BELOW; /* by bytes: B before a */
    assert_answer(self, &asked, "1000000000 ");
    filters[0] = (tlm_filter){.column = "viewers", .op = TLM_FILTER_AT_LEAST, .value = cell_integer(3)};
    assert_answer(self, &asked, "0 3000000000 ");
    filters[0].op = TLM_FILTER_BELOW;
    assert_answer(self, &asked, "2000000000 ");
    filters[0].value.is_set = 0;
    filters[0].op = TLM_FILTER_EQUAL;
    assert_answer(self, &asked, "");
    filters[0] = (tlm_filter){.column = "rate", .op = TLM_FILTER_AT_LEAST, .value = cell_wide(1000)};
    assert_answer(self, &asked, "0 3000000000 4000000000 ");
    filters[0].op = TLM_FILTER_EQUAL;
    filters[0].value = cell_wide(250);
    assert_answer(self, &asked, "2000000000 ");
    filters[0] = (tlm_filter){.column = "window_start", .op = TLM_FILTER_AT_LEAST, .value = cell_integer(SECOND)};
    filters[1] = (tlm_filter){.column = "window_start", .op = TLM_FILTER_BELOW, .value = cell_integer(3 * SECOND)};
    asked.filter_count = 2;
    assert_answer(self, &asked, "1000000000 2000000000 ");
}

static inline void trial_orders_put_nulls_last_either_way_and_go_by_bytes(subject *self)
{
    const char *column = "viewers";
    tlm_order orders[2] = {{.column = "viewers"}, {.column = "stream_id"}};
    tlm_query asked = ask_samples(&column);
    asked.orders = orders;
    asked.order_count = 2;
    start(self);
    fill_samples(self);
    assert_answer(self, &asked, "1 3 5 - - ");
    orders[0].descending = 1;
    assert_answer(self, &asked, "5 3 1 - - ");
    column = "stream_id";
    assert_answer(self, &asked, "a z b B a ");
    orders[0] = (tlm_order){.column = "stream_id"};
    orders[1] = (tlm_order){.column = "window_start", .descending = 1};
    assert_answer(self, &asked, "B a a b z ");
    column = "viewers";
    orders[0] = (tlm_order){.column = "rate"}; /* the smallest and the largest are texts on disk */
    assert_answer(self, &asked, "- 1 5 3 - ");
}

static inline void trial_limit_and_offset_page(subject *self)
{
    const char *column = "window_start";
    const tlm_order order = {.column = "window_start", .descending = 1};
    tlm_query asked = ask_samples(&column);
    asked.orders = &order;
    asked.order_count = 1;
    asked.limit = 2;
    asked.offset = 1;
    start(self);
    fill_samples(self);
    assert_answer(self, &asked, "3000000000 2000000000 ");
    asked.offset = UINT64_MAX;
    assert_answer(self, &asked, "");
}

static inline int refusal(subject *self, const tlm_query *asked)
{
    tlm_result *result = NULL;
    int code = self->store->query(self->instance, asked, &result, &self->error);
    assert_null(result);
    return code;
}

static inline void trial_unknown_names_are_not_found_and_bounds_hold(subject *self)
{
    const char *column = "window_start";
    tlm_query asked = ask_samples(&column);
    start(self);
    asked.dataset = "nonsense";
    assert_int_equal(refusal(self, &asked), -ENOENT);
    assert_says(self->error.text, "nonsense");
    asked.dataset = "telemetra_lanes";
    assert_int_equal(refusal(self, &asked), -ENOENT);
    asked.dataset = "samples";
    column = "x\" FROM telemetra_lanes --";
    assert_int_equal(refusal(self, &asked), -ENOENT);
    column = "window_start";
    const tlm_filter filter = {.column = "nope", .op = TLM_FILTER_EQUAL, .value = cell_integer(1)};
    asked.filters = &filter;
    asked.filter_count = 1;
    assert_int_equal(refusal(self, &asked), -ENOENT);
    const tlm_order order = {.column = "nope"};
    asked.filter_count = 0;
    asked.orders = &order;
    asked.order_count = 1;
    assert_int_equal(refusal(self, &asked), -ENOENT);
    asked.order_count = 0;
    asked.limit = 0;
    assert_int_equal(refusal(self, &asked), -EINVAL);
    asked.limit = 1000000;
    assert_int_equal(refusal(self, &asked), -EINVAL);
    assert_says(self->error.text, "max_query_rows");
}

static inline void trial_every_type_comes_back_as_it_was(subject *self, bool keeps_nul)
{
    taken told;
    const char *columns[SAMPLE_COLUMNS];
    tlm_cell cells[SAMPLE_COLUMNS];
    start(self);
    subject_take(self, 0, "", &told);
    sample_fill(cells, "a\xc3\xa4", INT64_C(-1234567890123456789));
    cells[5] = keeps_nul ? cell_bytes("nul \0 inside", 12) : cell_text("\xf0\x9f\x8e\x89 \"quoted\"\n");
    cells[6] = cell_text("{\"a\":[1,2]}");
    cells[7] = cell_bytes("\0\xff\x80", 3);
    cells[8] = cell_integer(0);
    cells[9] = cell_integer(INT64_MIN);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    assert_int_equal(subject_commit(self, 0, 1, 1, &rows, NULL, 0), 0);
    for (uint32_t i = 0; i < SAMPLE_COLUMNS; i++)
        columns[i] = sample_columns[i].name;
    tlm_query asked = ask_samples(columns);
    asked.column_count = SAMPLE_COLUMNS;
    tlm_result *result = query(self, &asked);
    assert_int_equal(result->row_count, 1);
    for (uint32_t i = 0; i < SAMPLE_COLUMNS; i++) {
        const tlm_cell *cell = &result->cells[i];
        assert_string_equal(result->columns[i]->name, sample_columns[i].name);
        assert_string_equal(result->columns[i]->unit ? result->columns[i]->unit : "",
                            sample_columns[i].unit ? sample_columns[i].unit : "");
        assert_int_equal(cell->is_set, cells[i].is_set);
        if (!cell->is_set)
            continue;
        if (cells[i].size > 0) {
            assert_int_equal(cell->size, cells[i].size);
            assert_memory_equal(cell->as.text, cells[i].as.text, cell->size);
        } else if (sample_columns[i].type == TLM_COLUMN_DECIMAL) {
            assert_true(wide_value(cell) == wide_value(&cells[i]));
        } else {
            assert_int_equal(cell->as.integer, cells[i].as.integer);
        }
    }
    result->release(result);
}

/* Round trip of decimals of every scale over bounds, powers of ten and their neighbours, and pseudo-random numbers. */
static inline void trial_decimals_come_back_exactly(subject *self)
{
    enum { VALUES = 1200 };
    taken told;
    static tlm_column columns[20];
    static test_wide values[VALUES];
    static tlm_cell cells[VALUES * 20];
    const char *names[20];
    static const char *const texts[] = {"k",  "d0",  "d1",  "d2",  "d3",  "d4",  "d5",  "d6",  "d7",  "d8",
                                        "d9", "d10", "d11", "d12", "d13", "d14", "d15", "d16", "d17", "d18"};
    test_wide_unsigned seed = 88172645463325252u;
    for (uint32_t i = 0; i < VALUES; i++) {
        static const int64_t near[] = {0, 1, -1, 2, 7, -7};
        test_wide power = 1;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        for (uint32_t k = 0; k < i / 6 % 38; k++)
            power *= 10;
        if (i < 6 * 38)
            values[i] = power + near[i % 6];
        else if (i < 12 * 38)
            values[i] = -(power + near[i % 6]);
        else
            values[i] = (test_wide)(seed ^ (seed << 64)) >> (i % 127);
    }
    values[VALUES - 1] = (test_wide)(~(test_wide_unsigned)0 >> 1);
    values[VALUES - 2] = -values[VALUES - 1] - 1;
    for (uint32_t c = 0; c < 20; c++) {
        names[c] = texts[c];
        columns[c] = (tlm_column){
            texts[c], c ? TLM_COLUMN_DECIMAL : TLM_COLUMN_INTEGER, c ? c - 1 : 0, c ? 0 : TLM_COLUMN_KEY, NULL, "x"};
        for (uint32_t i = 0; i < VALUES; i++)
            cells[i * 20 + c] = c ? cell_wide(values[i]) : cell_integer(i);
    }
    static tlm_dataset dataset = {sizeof dataset, TLM_DATASET_APPEND, "decimals", "x", columns, 20};
    tlm_rows rows = rows_of(&dataset, cells, VALUES);
    start(self);
    subject_take(self, 0, "", &told);
    assert_int_equal(subject_commit(self, 0, 1, 1, &rows, NULL, 0), 0);
    const tlm_order order = {.column = "k"};
    tlm_query asked = {.struct_size = sizeof asked,
                       .limit = VALUES,
                       .dataset = "decimals",
                       .columns = names,
                       .column_count = 20,
                       .orders = &order,
                       .order_count = 1};
    tlm_result *result = query(self, &asked);
    assert_int_equal(result->row_count, VALUES);
    for (uint32_t i = 0; i < VALUES * 20; i++) {
        if (i % 20 != 0)
            assert_true(wide_value(&result->cells[i]) == values[i / 20]);
    }
    result->release(result);
}

#endif
