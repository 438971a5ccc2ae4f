/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"

#include "store_trial.h"

#include "postgres_lab.h"

#include <sys/wait.h>

static int set_up(void **state)
{
    lab *self = calloc(1, sizeof *self);
    lab_init(self, getenv("TELEMETRA_SERVERS_ENV"));
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    lab_finish(*state);
    free(*state);
    return 0;
}

/* --- checkpoint -------------------------------------------------------------------------------------------------- */

static void a_lane_goes_on_where_it_was_left(void **state)
{
    lab *self = *state;
    taken told;
    start(&self->postgres);
    assert_int_equal(subject_take(&self->postgres, 3, "d=60", &told), 0);
    assert_int_equal(told.epoch, 1);
    assert_int_equal(told.sequence, 0);
    assert_string_equal(told.record, "");
    assert_int_equal(commit_samples(&self->postgres, 3, 1, 1, "a", 0, 2), 0);
    assert_int_equal(commit_samples(&self->postgres, 3, 1, 2, "a", 2, 2), 0);
    subject_stop(&self->postgres);
    start(&self->postgres);
    assert_int_equal(subject_take(&self->postgres, 3, "d=60", &told), 0);
    assert_int_equal(told.epoch, 2);
    assert_int_equal(told.sequence, 2);
    assert_string_equal(told.record, "\"flush 2\"");
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "4");
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_OK);
}

static void other_settings_are_refused_with_both(void **state)
{
    lab *self = *state;
    taken told;
    start(&self->postgres);
    assert_int_equal(subject_take(&self->postgres, 0, "d=60", &told), 0);
    assert_int_equal(subject_take(&self->postgres, 1, "d=30", &told), -EINVAL);
    assert_says(self->postgres.error.text, "\"d=60\"");
    assert_says(self->postgres.error.text, "\"d=30\"");
    assert_says(self->postgres.error.text, "restore the settings or name another schema");
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM telemetra_lanes"), "1");
}

static void of_two_owners_only_the_last_one_writes(void **state)
{
    lab *self = *state;
    subject other;
    taken told;
    start(&self->postgres);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 1), -ESTALE);
    assert_says(self->postgres.reason, "never taken");
    subject_init(&other, "postgres");
    lab_aim(self, &other);
    start(&other);
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), 0);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 3), 0);
    assert_int_equal(subject_take(&other, 0, "", &told), 0);
    assert_int_equal(told.epoch, 2);
    assert_int_equal(told.sequence, 1);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 2, "a", 10, 3), -ESTALE);
    assert_says(self->postgres.reason, "epoch 2");
    assert_int_equal(commit_samples(&other, 0, 2, 2, "a", 10, 3), 0);
    assert_int_equal(commit_samples(&other, 0, 2, 4, "a", 20, 3), -ESTALE);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 3, "a", 30, 3), -ESTALE);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "6");
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_OK);
    subject_finish(&other);
}

static void a_repeated_commit_is_kept_once(void **state)
{
    lab *self = *state;
    taken told;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), 0);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), 0);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "5");
}

static void lanes_commit_side_by_side(void **state)
{
    enum { LANES = 24 };
    lab *self = *state;
    taken told;
    tlm_cell cells[LANES][SAMPLE_COLUMNS];
    tlm_rows rows[LANES];
    const tlm_rows *lists[LANES];
    tlm_commit commits[LANES];
    answer answers[LANES];
    const tlm_state_change change = {"moments", {"k", 1}, {"v", 1}};
    start(&self->postgres);
    for (uint32_t i = 0; i < LANES; i++)
        subject_take(&self->postgres, i, "", &told);
    for (uint32_t i = 0; i < LANES; i++) {
        /* Lane 3 repeats the key of lane 2 or the other way round, lane 4 has an epoch that was never given. */
        sample_fill(cells[i], "a", (i == 3 ? 2 : (int64_t)i) * SECOND);
        rows[i] = rows_of(&sample_dataset, cells[i], 1);
        lists[i] = &rows[i];
        commits[i] = (tlm_commit){.struct_size = sizeof(tlm_commit), .change_count = 1, .changes = &change};
        commits[i].flush = (tlm_flush){.struct_size = sizeof(tlm_flush),
                                       .lane = i,
                                       .epoch = i == 4 ? 9 : 1,
                                       .sequence = 1,
                                       .rows = &lists[i],
                                       .rows_count = 1};
        answer_init(&answers[i]);
        self->postgres.checkpoint->commit(self->postgres.instance, &commits[i], answer_done, &answers[i]);
    }
    int conflicts = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        int result = answer_wait(&answers[i]);
        conflicts += (i == 2 || i == 3) && result == -EBADMSG;
        if (i != 2 && i != 3)
            assert_int_equal(result, i == 4 ? -ESTALE : 0);
    }
    assert_int_equal(conflicts, 1);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "22");
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM telemetra_lanes WHERE sequence = 1"), "22");
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM telemetra_state"), "22");
    assert_int_equal(lab_metric(self, "telemetra_postgres_commits_total"), 22);
    assert_int_equal(lab_metric(self, "telemetra_postgres_rows_total"), 22);
}

static void state_is_read_back_in_order_of_its_keys(void **state)
{
    lab *self = *state;
    taken told;
    char kept[4096] = "";
    const tlm_state_change first[] = {{"moments", {"b", 1}, {"1", 1}},
                                      {"moments", {"a", 1}, {"2", 1}},
                                      {"moments", {"\0c", 2}, {"3", 1}},
                                      {"streams", {"a", 1}, {"other", 5}}};
    const tlm_state_change second[] = {
        {"moments", {"b", 1}, {NULL, 0}}, {"moments", {"a", 1}, {"x", 1}}, {"moments", {"a", 1}, {"4", 1}}};
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 1, NULL, first, 4), 0);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 2, NULL, second, 3), 0);
    tlm_instance *instance = self->postgres.instance;
    const tlm_checkpoint *checkpoint = self->postgres.checkpoint;
    assert_int_equal(checkpoint->state_each(instance, 0, "moments", state_keep, kept), 0);
    assert_string_equal(kept, "=3;a=4;"); /* the first key begins with a NUL */
    assert_int_equal(checkpoint->state_get(instance, 0, "moments", (tlm_text){"b", 1}, state_keep, kept), 0);
    kept[0] = '\0';
    assert_int_equal(checkpoint->state_get(instance, 0, "moments", (tlm_text){"a", 1}, state_keep, kept), 1);
    assert_string_equal(kept, "a=4;");
    kept[0] = '\0';
    assert_int_equal(checkpoint->state_get(instance, 0, "moments", (tlm_text){"\0c", 2}, state_keep, kept), 1);
    assert_int_equal(checkpoint->state_get(instance, 1, "moments", (tlm_text){"a", 1}, state_keep, kept), 0);
}

/* Counts keys that come in order; stops with 7 at the limit. */
typedef struct {
    uint32_t next, stop;
} key_walk;

static int expect_key(void *context, tlm_text key, tlm_text value)
{
    key_walk *walk = context;
    char expected[16];
    snprintf(expected, sizeof expected, "%06u", walk->next++);
    assert_true(tlm_text_equal(key, tlm_text_of(expected)));
    assert_int_equal(value.size, 3);
    return walk->next == walk->stop ? 7 : 0;
}

static void a_walk_over_much_state_sees_every_key_once(void **state)
{
    enum { KEYS = 20 * 1024 };
    lab *self = *state;
    taken told;
    static char keys[KEYS][16];
    static tlm_state_change changes[KEYS];
    for (uint32_t i = 0; i < KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "%06u", i);
        changes[i] = (tlm_state_change){"moments", tlm_text_of(keys[i]), {"abc", 3}};
    }
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 1, NULL, changes, KEYS), 0);
    tlm_instance *instance = self->postgres.instance;
    key_walk walk = {0, 0};
    assert_int_equal(self->postgres.checkpoint->state_each(instance, 0, "moments", expect_key, &walk), 0);
    assert_int_equal(walk.next, KEYS);
    walk = (key_walk){0, 1500};
    assert_int_equal(self->postgres.checkpoint->state_each(instance, 0, "moments", expect_key, &walk), 7);
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void a_key_written_twice_is_a_fault_that_keeps_nothing(void **state)
{
    lab *self = *state;
    taken told;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "abc", 10, 1), 0);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 2, "abc", 8, 5), -EBADMSG);
    assert_says(self->postgres.reason, "samples");
    assert_says(self->postgres.reason, "(stream_id, window_start)=(abc, 10000000000)");
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "1");
    assert_string_equal(lab_ask(self, "SELECT sequence FROM telemetra_lanes"), "1");
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM telemetra_rejects"), "0");
}

static void a_later_row_replaces_the_earlier_of_its_key(void **state)
{
    lab *self = *state;
    taken told;
    tlm_cell cells[3][STREAM_COLUMNS] = {{cell_text("a"), cell_text("first"), cell_integer(1)},
                                         {cell_text("b"), cell_text("other"), cell_integer(5)},
                                         {cell_text("a"), cell_text("second"), {0}}};
    tlm_rows rows = rows_of(&stream_dataset, cells[0], 3);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 1, &rows, NULL, 0), 0);
    cells[1][1] = cell_text("newer");
    rows = rows_of(&stream_dataset, cells[1], 1);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 2, &rows, NULL, 0), 0);
    assert_string_equal(
        lab_ask(self, "SELECT string_agg(title || coalesce(viewers::text, '-'), ' ' ORDER BY stream_id) FROM streams"),
        "second- newer5");
}

static void a_plain_sink_takes_the_same_rows_twice_and_no_early_ones(void **state)
{
    lab *self = *state;
    tlm_cell cells[SAMPLE_COLUMNS];
    start(&self->postgres);
    sample_fill(cells, "a", 0);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    assert_int_equal(subject_submit(&self->postgres, 0, &rows), 0);
    cells[3] = cell_integer(8);
    assert_int_equal(subject_submit(&self->postgres, 0, &rows), 0);
    cells[3] = cell_integer(9);
    rows.flags = TLM_ROWS_EARLY;
    assert_int_equal(subject_submit(&self->postgres, 0, &rows), 0);
    assert_string_equal(lab_ask(self, "SELECT string_agg(message_count::text, ',') FROM samples"), "8");
}

static void a_flush_larger_than_one_statement_is_written_whole(void **state)
{
    enum { ROWS = 40, BYTES = 600000 };
    lab *self = *state;
    taken told;
    static tlm_cell cells[ROWS * SAMPLE_COLUMNS];
    char *bytes = malloc(BYTES);
    memset(bytes, 'x', BYTES);
    for (uint32_t i = 0; i < ROWS; i++) {
        sample_fill(cells + i * SAMPLE_COLUMNS, "a", i * SECOND);
        cells[i * SAMPLE_COLUMNS + 7] = cell_bytes(bytes, BYTES);
    }
    tlm_rows rows = rows_of(&sample_dataset, cells, ROWS);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 1, &rows, NULL, 0), 0);
    assert_string_equal(lab_ask(self, "SELECT count(*) || ' ' || sum(length(sketch)) FROM samples"), "40 24000000");
    free(bytes);
}

/* Rows with the faults that a test plants, at some places of a flush. */
static void fill_bad(tlm_cell *cells, uint32_t count, const uint32_t *bad, uint32_t bad_count)
{
    for (uint32_t i = 0; i < count; i++)
        sample_fill(cells + (size_t)i * SAMPLE_COLUMNS, "a", i * SECOND);
    for (uint32_t i = 0; i < bad_count; i++) {
        tlm_cell *row = cells + (size_t)bad[i] * SAMPLE_COLUMNS;
        if (i % 3 == 0)
            row[5] = cell_bytes("nul \0 inside", 12);
        else if (i % 3 == 1)
            row[6] = cell_text("{\"a\":");
        else
            row[3].is_set = 0;
        row[7] = cell_bytes("\0\xff\x80", 3);
    }
}

static void refused_rows_are_set_aside_and_all_others_written(void **state)
{
    enum { ROWS = 1000 };
    static const uint32_t bad[] = {0, 1, 500, 998, 999};
    lab *self = *state;
    taken told;
    static tlm_cell cells[ROWS * SAMPLE_COLUMNS];
    fill_bad(cells, ROWS, bad, TLM_COUNT(bad));
    tlm_rows rows = rows_of(&sample_dataset, cells, ROWS);
    start(&self->postgres);
    subject_take(&self->postgres, 7, "", &told);
    assert_int_equal(subject_commit(&self->postgres, 7, 1, 1, &rows, NULL, 0), 0);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "995");
    assert_string_equal(lab_ask(self, "SELECT string_agg(sqlstate, ' ' ORDER BY id) FROM telemetra_rejects"),
                        "22021 22P02 23502 22021 22P02");
    assert_string_equal(lab_ask(self,
                                "SELECT string_agg(substring(content FROM '_start\":\"([^\"]*)'), ' ' ORDER BY id)"
                                " FROM telemetra_rejects WHERE lane = 7 AND epoch = 1 AND dataset = 'samples'"),
                        "1970-01-01T00:00:00Z 1970-01-01T00:00:01Z 1970-01-01T00:08:20Z 1970-01-01T00:16:38Z "
                        "1970-01-01T00:16:39Z");
    assert_string_equal(lab_ask(self, "SELECT content LIKE '%\"note\":\"nul _u0000 inside\"%\"sketch\":\"AP+A\"%'"
                                      " FROM telemetra_rejects ORDER BY id LIMIT 1"),
                        "t");
    assert_string_equal(
        lab_ask(self, "SELECT content::json->>'emotes' FROM telemetra_rejects WHERE sqlstate = '22P02' LIMIT 1"),
        "{\"a\":");
    assert_int_equal(lab_metric(self, "telemetra_postgres_rejected_rows_total"), 5);
    assert_int_equal(lab_metric(self, "telemetra_postgres_rows_total"), 995);
    assert_says(lab_told(&self->postgres, true), "5 rows of a flush were refused and are kept in telemetra_rejects");
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_OK);
}

static void more_refused_rows_than_max_rejects_stop_the_lane(void **state)
{
    static const uint32_t bad[] = {3, 4, 11};
    lab *self = *state;
    taken told;
    static tlm_cell cells[20 * SAMPLE_COLUMNS];
    fill_bad(cells, 20, bad, TLM_COUNT(bad));
    tlm_rows rows = rows_of(&sample_dataset, cells, 20);
    lab_option(self, "max_rejects", "2");
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 1, &rows, NULL, 0), -EBADMSG);
    assert_says(self->postgres.reason, "more than 2 rows (max_rejects)");
    assert_says(self->postgres.reason, "stream_id=a, window_start=1970-01-01T00:00:11Z");
    assert_string_equal(lab_ask(self, "SELECT (SELECT count(*) FROM samples) + (SELECT count(*) FROM telemetra_rejects)"
                                      " + (SELECT sum(sequence) FROM telemetra_lanes)"),
                        "0");
    subject_stop(&self->postgres);
    lab_option(self, "max_rejects", "3");
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(subject_commit(&self->postgres, 0, 2, 1, &rows, NULL, 0), 0);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "17");
}

static void a_refused_row_of_latest_ones_is_set_aside_too(void **state)
{
    lab *self = *state;
    taken told;
    tlm_cell cells[3][STREAM_COLUMNS] = {{cell_text("a"), cell_text("first"), cell_integer(1)},
                                         {cell_text("b"), cell_bytes("\xff\xfe", 2), cell_integer(5)},
                                         {cell_text("c"), cell_text("third"), {0}}};
    tlm_rows rows = rows_of(&stream_dataset, cells[0], 3);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 1, &rows, NULL, 0), 0);
    assert_string_equal(lab_ask(self, "SELECT string_agg(stream_id, ' ' ORDER BY stream_id) FROM streams"), "a c");
    assert_string_equal(lab_ask(self, "SELECT content::json->>'stream_id' || sqlstate FROM telemetra_rejects"),
                        "b22021");
}

/* --- queries ----------------------------------------------------------------------------------------------------- */

#define TRIAL(name)                                                                                                    \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        lab *self = *state;                                                                                            \
        trial_##name(&self->postgres);                                                                                 \
    }

TRIAL(filters_select_by_type_and_never_match_null)
TRIAL(orders_put_nulls_last_either_way_and_go_by_bytes)
TRIAL(limit_and_offset_page)
TRIAL(unknown_names_are_not_found_and_bounds_hold)
TRIAL(decimals_come_back_exactly)

static void every_type_comes_back_as_it_was(void **state)
{
    lab *self = *state;
    trial_every_type_comes_back_as_it_was(&self->postgres, false);
    assert_string_equal(lab_ask(self, "SELECT rate FROM samples"), "12.50");
}

static void a_filter_that_no_row_can_match_is_exact(void **state)
{
    lab *self = *state;
    const char *column = "stream_id";
    tlm_filter filter = {.column = "stream_id", .op = TLM_FILTER_EQUAL, .value = cell_bytes("a\0b", 3)};
    const tlm_order orders[] = {{.column = "stream_id"}, {.column = "window_start"}};
    tlm_query asked = ask_samples(&column);
    asked.filters = &filter;
    asked.orders = orders;
    asked.filter_count = 1;
    asked.order_count = 2;
    start(&self->postgres);
    fill_samples(&self->postgres); /* B a a b z */
    assert_answer(&self->postgres, &asked, "");
    filter.op = TLM_FILTER_BELOW;
    assert_answer(&self->postgres, &asked, "B a a ");
    filter.op = TLM_FILTER_AT_LEAST;
    assert_answer(&self->postgres, &asked, "b z ");
    filter = (tlm_filter){.column = "stream_id", .op = TLM_FILTER_EQUAL, .value = cell_bytes("\xff", 1)};
    assert_answer(&self->postgres, &asked, "");
    filter.op = TLM_FILTER_BELOW;
    assert_int_equal(refusal(&self->postgres, &asked), -EINVAL);
    filter = (tlm_filter){.column = "emotes", .op = TLM_FILTER_EQUAL, .value = cell_text("[]")};
    assert_answer(&self->postgres, &asked, "B a a b z ");
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_OK);
}

static void a_process_that_only_reads_knows_the_catalogue_and_sees_new_tables(void **state)
{
    lab *self = *state;
    subject other;
    const char *column = "viewers";
    const tlm_order order = {.column = "viewers"};
    tlm_query asked = ask_samples(&column);
    asked.orders = &order;
    asked.order_count = 1;
    subject_init(&other, "postgres");
    lab_aim(self, &other);
    other.host.dataset_count = 0;
    start(&other);
    assert_int_equal(refusal(&other, &asked), -ENOENT);
    start(&self->postgres);
    fill_samples(&self->postgres);
    assert_answer(&other, &asked, "1 3 5 - - ");
    assert_int_equal(lab_health(&other), TLM_HEALTH_OK);
    subject_finish(&other);
}

static void a_reader_with_nothing_but_select_answers(void **state)
{
    lab *self = *state;
    subject other;
    char sql[1024], role[96];
    const char *column = "viewers";
    const tlm_order order = {.column = "viewers"};
    tlm_query asked = ask_samples(&column);
    asked.orders = &order;
    asked.order_count = 1;
    start(&self->postgres);
    fill_samples(&self->postgres);
    snprintf(role, sizeof role, "reader_of_%s", self->schema);
    snprintf(sql, sizeof sql,
             "CREATE ROLE %s LOGIN PASSWORD 'reads'; GRANT USAGE ON SCHEMA %s TO %s;"
             "GRANT SELECT ON ALL TABLES IN SCHEMA %s TO %s",
             role, self->schema, role, self->schema, role);
    lab_ask(self, sql);
    subject_init(&other, "postgres");
    lab_aim(self, &other);
    other.host.dataset_count = 0;
    test_config_set(other.component, other.config, "user", role);
    test_config_set(other.component, other.config, "password", "reads");
    start(&other);
    assert_answer(&other, &asked, "1 3 5 - - ");
    subject_finish(&other);
    snprintf(sql, sizeof sql, "DROP OWNED BY %s; DROP ROLE %s", role, role);
    lab_ask(self, sql);
}

/* --- the schema -------------------------------------------------------------------------------------------------- */

/* Copies of the columns of `samples` to be changed. */
static void redeclare(lab *self, tlm_dataset *dataset, tlm_column *columns)
{
    memcpy(columns, sample_columns, sizeof sample_columns);
    *dataset = sample_dataset;
    dataset->columns = columns;
    self->postgres.host.datasets[0] = dataset;
}

static void a_changed_column_is_refused_with_table_column_expected_and_found(void **state)
{
    lab *self = *state;
    tlm_dataset dataset;
    tlm_column columns[SAMPLE_COLUMNS + 1];
    start(&self->postgres);
    subject_stop(&self->postgres);
    redeclare(self, &dataset, columns);
    columns[4].scale = 3;
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_says(self->postgres.error.text,
                "table samples, column rate: expected decimal with scale 3, found decimal with scale 2");
    columns[4] = sample_columns[4];
    columns[3].name = "messages";
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_says(self->postgres.error.text, "expected column messages, found message_count");
    columns[3] = sample_columns[3];
    columns[3].flags = TLM_COLUMN_NULLABLE;
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_says(self->postgres.error.text, "expected nullable, found not null");
}

static void a_nullable_column_is_added_and_older_programs_go_on(void **state)
{
    lab *self = *state;
    tlm_dataset dataset;
    tlm_column columns[SAMPLE_COLUMNS + 1];
    taken told;
    start(&self->postgres);
    fill_samples(&self->postgres);
    subject_stop(&self->postgres);
    redeclare(self, &dataset, columns);
    columns[SAMPLE_COLUMNS] = (tlm_column){"extra", TLM_COLUMN_TEXT, 0, 0, NULL, "x"};
    dataset.column_count++;
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_says(self->postgres.error.text, "only nullable columns can be added");
    columns[SAMPLE_COLUMNS].flags = TLM_COLUMN_NULLABLE;
    start(&self->postgres);
    const char *column = "extra";
    tlm_query asked = ask_samples(&column);
    assert_answer(&self->postgres, &asked, "- - - - - ");
    assert_string_equal(lab_ask(self, "SELECT count(extra) FROM samples_readable"), "0");
    subject_stop(&self->postgres);
    /* The table is wider than what an older program knows of it. */
    self->postgres.host.datasets[0] = &sample_dataset;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, told.epoch, 2, "y", 0, 1), 0);
    assert_answer(&self->postgres, &asked, "- - - - - - ");
}

static void a_newer_schema_is_refused(void **state)
{
    lab *self = *state;
    start(&self->postgres);
    subject_stop(&self->postgres);
    lab_ask(self, "INSERT INTO telemetra_schema (version, file) VALUES (1000, '1000_future.sql')");
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_says(self->postgres.error.text, "has version 1000, this program knows 1");
    assert_says(self->postgres.error.text, "run the newer Telemetra");
}

static void a_table_of_the_users_is_not_written_into(void **state)
{
    lab *self = *state;
    char sql[512];
    snprintf(sql, sizeof sql, "CREATE SCHEMA %s; CREATE TABLE %s.samples (x int)", self->schema, self->schema);
    lab_ask(self, sql);
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_says(self->postgres.error.text, "table samples: it is in the schema");
    assert_says(self->postgres.error.text, "not made by Telemetra");
    assert_string_equal(lab_ask(self, "SELECT to_regclass('telemetra_lanes') IS NULL"), "t");
}

static void any_number_of_processes_make_the_tables_at_once(void **state)
{
    enum { PROCESSES = 6 };
    lab *self = *state;
    pid_t children[PROCESSES];
    int status;
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            taken told;
            int result = subject_start(&self->postgres);
            if (result == 0)
                result = subject_take(&self->postgres, (uint32_t)i, "", &told);
            if (result < 0)
                fprintf(stderr, "%s\n", self->postgres.error.text);
            _exit(result < 0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM telemetra_lanes"), "6");
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM telemetra_schema"), "1");
}

static void times_are_readable_in_a_view(void **state)
{
    lab *self = *state;
    taken told;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 1700000000, 1), 0);
    assert_string_equal(
        lab_ask(self, "SET timezone = 'UTC'; SELECT window_start || ' ' || window_end FROM samples_readable"),
        "2023-11-14 22:13:20+00 2023-11-14 22:14:20+00");
}

static void questions_have_their_indexes(void **state)
{
    lab *self = *state;
    static const tlm_column columns[] = {
        {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY | TLM_COLUMN_STREAM, NULL, "Stream."},
        {"is_live", TLM_COLUMN_BOOL, 0, 0, NULL, "Live."},
        {"viewer_count", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, "Viewers."}};
    static const tlm_dataset live = {sizeof(tlm_dataset), TLM_DATASET_LATEST, "streams", "Streams.", columns, 3};
    self->postgres.host.datasets[1] = &live;
    start(&self->postgres);
    assert_string_equal(lab_ask(self, "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes"
                                      " WHERE schemaname = current_schema() AND tablename IN ('samples', 'streams')"),
                        "samples_by_stream samples_by_time samples_pkey streams_by_viewers streams_pkey");
}

/* --- what others have committed ---------------------------------------------------------------------------------- */

static void await_remark(lab *self, const char *part)
{
    int64_t until = lab_now_ms() + 30000;
    while (!strstr(lab_told(&self->postgres, false), part)) {
        if (lab_now_ms() > until)
            fail_msg("health does not say \"%s\" but \"%s\"", part, lab_told(&self->postgres, false));
        lab_pause(10);
    }
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_OK);
}

static void a_pipeline_in_which_nothing_was_committed_for_long_is_told_and_no_failure(void **state)
{
    lab *self = *state;
    subject *postgres = &self->postgres;
    taken told;
    start(postgres);
    await_remark(self, "was ever committed");
    subject_take(postgres, 0, "", &told);
    assert_int_equal(commit_samples(postgres, 0, 1, 1, "a", 0, 1), 0);
    for (int64_t until = lab_now_ms() + 30000; lab_told(postgres, false)[0]; lab_pause(10))
        assert_true(lab_now_ms() < until);
    int64_t committed_s = lab_metric(self, "telemetra_postgres_last_commit_timestamp_seconds");
    assert_in_range(committed_s, time(NULL) - 30, time(NULL));
    lab_ask(self, "UPDATE telemetra_lanes SET changed_at = now() - interval '2 hours'");
    await_remark(self, "has been committed for 720");
    committed_s = lab_metric(self, "telemetra_postgres_last_commit_timestamp_seconds");
    assert_in_range(committed_s, time(NULL) - 7230, time(NULL) - 7199);
}

/* --- retention --------------------------------------------------------------------------------------------------- */

static void old_rows_are_deleted_and_others_kept(void **state)
{
    lab *self = *state;
    taken told;
    const int64_t day = 86400, now = (int64_t)time(NULL);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(commit_samples(&self->postgres, 0, 1, i + 1, "a", now - 8 * day + (int64_t)i * 4000, 4000), 0);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 4, "a", now - 6 * day, 3), 0);
    tlm_cell cells[STREAM_COLUMNS] = {cell_text("a"), cell_text("old"), cell_integer(1)};
    tlm_rows rows = rows_of(&stream_dataset, cells, 1);
    assert_int_equal(subject_commit(&self->postgres, 0, 1, 5, &rows, NULL, 0), 0);
    subject_stop(&self->postgres);
    lab_option(self, "retention_days", "7");
    start(&self->postgres);
    lab_await(self, "SELECT count(*) FROM samples", "3");
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM streams"), "1");
    subject_stop(&self->postgres);
    assert_int_equal(lab_metric(self, "telemetra_postgres_deleted_rows_total"), 12000);
}

static void deleting_old_rows_stands_in_nobodys_way(void **state)
{
    lab *self = *state;
    taken told;
    PGconn *holder = lab_connect(self);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 10), 0);
    subject_stop(&self->postgres);
    /* Somebody holds an old row; the process deletes in vain meanwhile, and commits all the same. */
    lab_ask_on(self, holder, "BEGIN; SELECT 1 FROM samples WHERE window_start = 0 FOR UPDATE");
    lab_option(self, "retention_days", "7");
    lab_option(self, "lock_timeout", "200ms");
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, told.epoch, 2, "a", 4000000000, 10), 0);
    lab_ask_on(self, holder, "COMMIT");
    PQfinish(holder);
}

/* --- what waiting does not mend ---------------------------------------------------------------------------------- */

static void assert_no_password(lab *self, const char *password)
{
    assert_null(strstr(self->postgres.error.text, password));
    assert_null(strstr(lab_told(&self->postgres, true), password));
    assert_null(strstr(lab_told(&self->postgres, false), password));
}

static void a_wrong_password_is_refused_with_what_to_do(void **state)
{
    lab *self = *state;
    lab_option(self, "password", "wr0ng-secret");
    assert_int_equal(subject_start(&self->postgres), -EACCES);
    assert_says(self->postgres.error.text, "password authentication failed");
    assert_says(self->postgres.error.text, "POSTGRES_PASSWORD");
    assert_no_password(self, "wr0ng-secret");
    lab_option(self, "user", "nobody_of_that_name");
    assert_int_equal(subject_start(&self->postgres), -EACCES);
    assert_no_password(self, "wr0ng-secret");
}

static void a_missing_database_is_refused_with_what_to_do(void **state)
{
    lab *self = *state;
    lab_option(self, "database", "no_such_database");
    assert_int_equal(subject_start(&self->postgres), -ENOENT);
    assert_says(self->postgres.error.text, "\"no_such_database\" does not exist");
    assert_says(self->postgres.error.text, "createdb");
}

static void a_user_without_permission_is_refused_with_what_to_do(void **state)
{
    lab *self = *state;
    char sql[1024], role[96];
    snprintf(role, sizeof role, "stranger_of_%s", self->schema);
    snprintf(sql, sizeof sql, "CREATE ROLE %s LOGIN PASSWORD 'x'", role);
    lab_ask(self, sql);
    lab_option(self, "user", role);
    lab_option(self, "password", "x");
    assert_int_equal(subject_start(&self->postgres), -EACCES);
    assert_says(self->postgres.error.text, "permission denied");
    assert_says(self->postgres.error.text, "grant it to the user");
    snprintf(sql, sizeof sql, "DROP ROLE %s", role);
    lab_ask(self, sql);
}

static void a_wrong_host_is_told_and_tried_again(void **state)
{
    lab *self = *state;
    taken told;
    char kept[4096] = "";
    const char *column = "viewers";
    tlm_query asked = ask_samples(&column);
    lab_option(self, "port", "1");
    int64_t before = lab_now_ms();
    start(&self->postgres);
    assert_true(lab_now_ms() - before < 4000);
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_DEGRADED);
    assert_says(lab_told(&self->postgres, false), ":1/");
    assert_says(lab_told(&self->postgres, false), "Connection refused");
    assert_says(lab_told(&self->postgres, false), "POSTGRES_HOST");
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), -EAGAIN);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 1), -EAGAIN);
    assert_int_equal(refusal(&self->postgres, &asked), -EAGAIN);
    assert_int_equal(
        self->postgres.checkpoint->state_get(self->postgres.instance, 0, "m", (tlm_text){"a", 1}, state_keep, kept),
        -EAGAIN);
    assert_int_equal(self->postgres.checkpoint->state_each(self->postgres.instance, 0, "m", state_keep, kept), -EAGAIN);
    subject_stop(&self->postgres);
    lab_option(self, "host", "no-such-host.invalid");
    start(&self->postgres);
    assert_says(lab_told(&self->postgres, false), "no-such-host.invalid");
    assert_no_password(self, self->server.password);
    before = lab_now_ms();
    subject_stop(&self->postgres);
    assert_true(lab_now_ms() - before < 3000);
}

static void a_read_only_database_is_told_and_tried_again(void **state)
{
    lab *self = *state;
    taken told;
    char sql[1024], role[96];
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    subject_stop(&self->postgres);
    snprintf(role, sizeof role, "careful_of_%s", self->schema);
    snprintf(sql, sizeof sql,
             "CREATE ROLE %s LOGIN SUPERUSER PASSWORD 'x'; ALTER ROLE %s SET default_transaction_read_only = on", role,
             role);
    lab_ask(self, sql);
    lab_option(self, "user", role);
    lab_option(self, "password", "x");
    start(&self->postgres);
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), -EROFS);
    assert_says(self->postgres.error.text, "name the primary server");
    assert_says(lab_told(&self->postgres, false), "the database is read-only");
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 1), -EROFS);
    snprintf(sql, sizeof sql, "ALTER ROLE %s SET default_transaction_read_only = off", role);
    lab_ask(self, sql);
    lab_await_health(self, TLM_HEALTH_DEGRADED);
    for (int i = 0; i < 100 && subject_take(&self->postgres, 0, "", &told) < 0; i++)
        lab_pause(50);
    assert_int_equal(commit_samples(&self->postgres, 0, told.epoch, 1, "a", 0, 1), 0);
    subject_stop(&self->postgres);
    lab_option(self, "user", self->server.user);
    snprintf(sql, sizeof sql, "REASSIGN OWNED BY %s TO %s; DROP ROLE %s", role, self->server.user, role);
    lab_ask(self, sql);
}

static void options_that_cannot_be_are_refused(void **state)
{
    lab *self = *state;
    lab_option(self, "schema", "Robert\"; DROP TABLE");
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_says(self->postgres.error.text, "schema: expected lower case");
    lab_option(self, "schema", self->schema);
    lab_option(self, "parameters", "password=s3cret-word");
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_says(self->postgres.error.text, "parameters: password cannot be set here");
    lab_option(self, "parameters", "password=two s3cret-words");
    assert_int_equal(subject_start(&self->postgres), -EINVAL);
    assert_null(strstr(self->postgres.error.text, "s3cret"));
    lab_option(self, "parameters", "keepalives_idle=30 tcp_user_timeout=9000");
    start(&self->postgres);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lane_goes_on_where_it_was_left),
        TEST(other_settings_are_refused_with_both),
        TEST(of_two_owners_only_the_last_one_writes),
        TEST(a_repeated_commit_is_kept_once),
        TEST(lanes_commit_side_by_side),
        TEST(state_is_read_back_in_order_of_its_keys),
        TEST(a_walk_over_much_state_sees_every_key_once),
        TEST(a_key_written_twice_is_a_fault_that_keeps_nothing),
        TEST(a_later_row_replaces_the_earlier_of_its_key),
        TEST(a_plain_sink_takes_the_same_rows_twice_and_no_early_ones),
        TEST(a_flush_larger_than_one_statement_is_written_whole),
        TEST(refused_rows_are_set_aside_and_all_others_written),
        TEST(more_refused_rows_than_max_rejects_stop_the_lane),
        TEST(a_refused_row_of_latest_ones_is_set_aside_too),
        TEST(filters_select_by_type_and_never_match_null),
        TEST(orders_put_nulls_last_either_way_and_go_by_bytes),
        TEST(limit_and_offset_page),
        TEST(unknown_names_are_not_found_and_bounds_hold),
        TEST(every_type_comes_back_as_it_was),
        TEST(decimals_come_back_exactly),
        TEST(a_filter_that_no_row_can_match_is_exact),
        TEST(a_process_that_only_reads_knows_the_catalogue_and_sees_new_tables),
        TEST(a_reader_with_nothing_but_select_answers),
        TEST(a_changed_column_is_refused_with_table_column_expected_and_found),
        TEST(a_nullable_column_is_added_and_older_programs_go_on),
        TEST(a_newer_schema_is_refused),
        TEST(a_table_of_the_users_is_not_written_into),
        TEST(any_number_of_processes_make_the_tables_at_once),
        TEST(times_are_readable_in_a_view),
        TEST(questions_have_their_indexes),
        TEST(a_pipeline_in_which_nothing_was_committed_for_long_is_told_and_no_failure),
        TEST(old_rows_are_deleted_and_others_kept),
        TEST(deleting_old_rows_stands_in_nobodys_way),
        TEST(a_wrong_password_is_refused_with_what_to_do),
        TEST(a_missing_database_is_refused_with_what_to_do),
        TEST(a_user_without_permission_is_refused_with_what_to_do),
        TEST(a_wrong_host_is_told_and_tried_again),
        TEST(a_read_only_database_is_told_and_tried_again),
        TEST(options_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests_name("plugin.postgres", tests, NULL, NULL);
}
