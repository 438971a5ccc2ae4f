/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"

#include "store_trial.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** A folder of its own for each test. */
typedef struct {
    char folder[64], path[96];
    subject sqlite;
} fixture;

static int set_up(void **state)
{
    fixture *self = calloc(1, sizeof *self);
    snprintf(self->folder, sizeof self->folder, "/tmp/telemetra-sqlite-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    snprintf(self->path, sizeof self->path, "%s/test.db", self->folder);
    subject_init(&self->sqlite, "sqlite");
    test_config_set(self->sqlite.component, self->sqlite.config, "path", self->path);
    self->sqlite.host.datasets[0] = &sample_dataset;
    self->sqlite.host.datasets[1] = &stream_dataset;
    self->sqlite.host.dataset_count = 2;
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    fixture *self = *state;
    char command[128];
    subject_finish(&self->sqlite);
    snprintf(command, sizeof command, "rm -rf '%s'", self->folder);
    int result = system(command);
    free(self);
    return result;
}

static void option(fixture *self, const char *name, const char *text)
{
    test_config_set(self->sqlite.component, self->sqlite.config, name, text);
}

/* Runs SQL on a connection of the test's own and returns the first value of its first row as text. */
static char *ask(fixture *self, const char *sql)
{
    static char text[256];
    sqlite3 *database;
    sqlite3_stmt *statement;
    text[0] = '\0';
    assert_int_equal(sqlite3_open(self->path, &database), SQLITE_OK);
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
    if (sqlite3_step(statement) == SQLITE_ROW)
        snprintf(text, sizeof text, "%s",
                 sqlite3_column_text(statement, 0) ? (const char *)sqlite3_column_text(statement, 0) : "(null)");
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return text;
}

static void a_lane_goes_on_where_it_was_left(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->sqlite);
    assert_int_equal(subject_take(&self->sqlite, 3, "d=60", &told), 0);
    assert_int_equal(told.epoch, 1);
    assert_int_equal(told.sequence, 0);
    assert_string_equal(told.record, "");
    assert_int_equal(commit_samples(&self->sqlite, 3, 1, 1, "a", 0, 2), 0);
    assert_int_equal(commit_samples(&self->sqlite, 3, 1, 2, "a", 2, 2), 0);
    subject_stop(&self->sqlite);
    start(&self->sqlite);
    assert_int_equal(subject_take(&self->sqlite, 3, "d=60", &told), 0);
    assert_int_equal(told.epoch, 2);
    assert_int_equal(told.sequence, 2);
    assert_string_equal(told.record, "\"flush 2\"");
    assert_string_equal(ask(self, "SELECT count(*) FROM samples"), "4");
}

static void other_settings_are_refused_with_both(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->sqlite);
    assert_int_equal(subject_take(&self->sqlite, 0, "d=60", &told), 0);
    assert_int_equal(subject_take(&self->sqlite, 1, "d=30", &told), -EINVAL);
    assert_says(self->sqlite.error.text, "\"d=60\"");
    assert_says(self->sqlite.error.text, "\"d=30\"");
    assert_says(self->sqlite.error.text, "restore the settings or name another path");
    assert_string_equal(ask(self, "SELECT count(*) FROM telemetra_lanes"), "1");
}

static void an_older_epoch_or_wrong_sequence_is_stale_and_keeps_nothing(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->sqlite);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 1), -ESTALE);
    assert_says(self->sqlite.reason, "never taken");
    subject_take(&self->sqlite, 0, "", &told);
    subject_take(&self->sqlite, 0, "", &told);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 1), -ESTALE);
    assert_says(self->sqlite.reason, "epoch 2");
    assert_int_equal(commit_samples(&self->sqlite, 0, 2, 2, "a", 0, 1), -ESTALE);
    assert_string_equal(ask(self, "SELECT count(*) FROM samples"), "0");
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_OK);
}

static void a_repeated_commit_is_kept_once(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 5), 0);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 5), 0);
    assert_string_equal(ask(self, "SELECT count(*) FROM samples"), "5");
}

static void a_key_written_twice_is_a_fault_that_keeps_nothing(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "abc", 10, 1), 0);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 2, "abc", 8, 5), -EBADMSG);
    assert_says(self->sqlite.reason, "samples");
    assert_says(self->sqlite.reason, "stream_id=abc, window_start=1970-01-01T00:00:10Z");
    assert_string_equal(ask(self, "SELECT count(*) FROM samples"), "1");
    assert_string_equal(ask(self, "SELECT sequence FROM telemetra_lanes"), "1");
}

static void a_null_where_none_may_be_names_the_column(void **state)
{
    fixture *self = *state;
    taken told;
    tlm_cell cells[SAMPLE_COLUMNS];
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    sample_fill(cells, "a", 0);
    cells[3].is_set = 0;
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    assert_int_equal(subject_commit(&self->sqlite, 0, 1, 1, &rows, NULL, 0), -EBADMSG);
    assert_says(self->sqlite.reason, "samples.message_count");
}

/** Holds the database's write lock, so that commits pile up behind it. */
static sqlite3 *hold(fixture *self)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(self->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return database;
}

static void one_lane_of_a_group_is_rolled_back_alone(void **state)
{
    enum { LANES = 6 };
    fixture *self = *state;
    taken told;
    tlm_cell cells[LANES + 1][SAMPLE_COLUMNS];
    tlm_rows rows[LANES + 1];
    const tlm_rows *lists[LANES + 1];
    tlm_commit commits[LANES + 1];
    answer answers[LANES + 1];
    const tlm_state_change change = {"moments", {"k", 1}, {"v", 1}};
    start(&self->sqlite);
    for (uint32_t i = 0; i <= LANES; i++)
        subject_take(&self->sqlite, i, "", &told);
    sqlite3 *holder = hold(self);
    for (uint32_t i = 0; i <= LANES; i++) {
        /* Lane 3 repeats the key of lane 2, lane 4 has an epoch that was never given. */
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
        self->sqlite.checkpoint->commit(self->sqlite.instance, &commits[i], answer_done, &answers[i]);
    }
    sqlite3_exec(holder, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(holder);
    for (uint32_t i = 0; i <= LANES; i++)
        assert_int_equal(answer_wait(&answers[i]), i == 3 ? -EBADMSG : i == 4 ? -ESTALE : 0);
    assert_string_equal(ask(self, "SELECT count(*) FROM samples"), "5");
    assert_string_equal(ask(self, "SELECT group_concat(lane) FROM telemetra_lanes WHERE sequence = 1"), "0,1,2,5,6");
    assert_string_equal(ask(self, "SELECT count(*) FROM telemetra_state"), "5");
    /* All but the first, which was waiting for the lock alone, were one transaction. */
    int64_t transactions = 0;
    for (uint32_t i = 0; i < self->sqlite.host.metric_count; i++) {
        if (strcmp(self->sqlite.host.metrics[i].name, "telemetra_sqlite_commits_total") == 0)
            transactions = __atomic_load_n(&self->sqlite.host.metrics[i].value, __ATOMIC_RELAXED);
    }
    assert_in_range(transactions, 1, 2);
}

static void a_later_row_replaces_the_earlier_of_its_key(void **state)
{
    fixture *self = *state;
    taken told;
    tlm_cell cells[2][STREAM_COLUMNS] = {{cell_text("a"), cell_text("first"), cell_integer(1)},
                                         {cell_text("a"), cell_text("second"), {0}}};
    tlm_rows rows = rows_of(&stream_dataset, cells[0], 2);
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    assert_int_equal(subject_commit(&self->sqlite, 0, 1, 1, &rows, NULL, 0), 0);
    assert_string_equal(ask(self, "SELECT title || ifnull(viewers, '-') FROM streams"), "second-");
}

static void a_plain_sink_takes_the_same_rows_twice_and_no_early_ones(void **state)
{
    fixture *self = *state;
    tlm_cell cells[SAMPLE_COLUMNS];
    start(&self->sqlite);
    sample_fill(cells, "a", 0);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    assert_int_equal(subject_submit(&self->sqlite, 0, &rows), 0);
    cells[3] = cell_integer(8);
    assert_int_equal(subject_submit(&self->sqlite, 0, &rows), 0);
    cells[3] = cell_integer(9);
    rows.flags = TLM_ROWS_EARLY;
    assert_int_equal(subject_submit(&self->sqlite, 0, &rows), 0);
    assert_string_equal(ask(self, "SELECT group_concat(message_count) FROM samples"), "8");
}

static void state_is_read_back_in_order_of_its_keys(void **state)
{
    fixture *self = *state;
    taken told;
    char kept[4096] = "";
    const tlm_state_change first[] = {{"moments", {"b", 1}, {"1", 1}},
                                      {"moments", {"a", 1}, {"2", 1}},
                                      {"moments", {"\0c", 2}, {"3", 1}},
                                      {"streams", {"a", 1}, {"other", 5}}};
    const tlm_state_change second[] = {{"moments", {"b", 1}, {NULL, 0}}, {"moments", {"a", 1}, {"4", 1}}};
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    assert_int_equal(subject_commit(&self->sqlite, 0, 1, 1, NULL, first, 4), 0);
    assert_int_equal(subject_commit(&self->sqlite, 0, 1, 2, NULL, second, 2), 0);
    tlm_instance *instance = self->sqlite.instance;
    const tlm_checkpoint *checkpoint = self->sqlite.checkpoint;
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
    enum { KEYS = 3 * 512 };
    fixture *self = *state;
    taken told;
    static char keys[KEYS][16];
    static tlm_state_change changes[KEYS];
    for (uint32_t i = 0; i < KEYS; i++) {
        snprintf(keys[i], sizeof keys[i], "%06u", i);
        changes[i] = (tlm_state_change){"moments", tlm_text_of(keys[i]), {"abc", 3}};
    }
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    assert_int_equal(subject_commit(&self->sqlite, 0, 1, 1, NULL, changes, KEYS), 0);
    key_walk walk = {0, 0};
    assert_int_equal(self->sqlite.checkpoint->state_each(self->sqlite.instance, 0, "moments", expect_key, &walk), 0);
    assert_int_equal(walk.next, KEYS);
    walk = (key_walk){0, 600};
    assert_int_equal(self->sqlite.checkpoint->state_each(self->sqlite.instance, 0, "moments", expect_key, &walk), 7);
}

/* --- queries ----------------------------------------------------------------------------------------------------- */

static void filters_select_by_type_and_never_match_null(void **state)
{
    fixture *self = *state;
    trial_filters_select_by_type_and_never_match_null(&self->sqlite);
}

static void orders_put_nulls_last_either_way_and_go_by_bytes(void **state)
{
    fixture *self = *state;
    trial_orders_put_nulls_last_either_way_and_go_by_bytes(&self->sqlite);
}

static void limit_and_offset_page(void **state)
{
    fixture *self = *state;
    trial_limit_and_offset_page(&self->sqlite);
}

static void unknown_names_are_not_found_and_bounds_hold(void **state)
{
    fixture *self = *state;
    trial_unknown_names_are_not_found_and_bounds_hold(&self->sqlite);
}

static void every_type_comes_back_as_it_was(void **state)
{
    fixture *self = *state;
    trial_every_type_comes_back_as_it_was(&self->sqlite, true);
}

static void decimals_come_back_exactly(void **state)
{
    fixture *self = *state;
    trial_decimals_come_back_exactly(&self->sqlite);
    assert_string_equal(ask(self, "SELECT typeof(d2) || d2 FROM decimals WHERE k = 19"), "real10.01");
    assert_string_equal(ask(self, "SELECT typeof(d0) || d0 FROM decimals WHERE k = 19"), "integer1001");
}

/* --- what the file may hold -------------------------------------------------------------------------------------- */

/* Copies of the columns of `samples` to be changed. */
static void redeclare(fixture *self, tlm_dataset *dataset, tlm_column *columns)
{
    memcpy(columns, sample_columns, sizeof sample_columns);
    *dataset = sample_dataset;
    dataset->columns = columns;
    self->sqlite.host.datasets[0] = dataset;
}

static void a_changed_column_is_refused_with_table_column_expected_and_found(void **state)
{
    fixture *self = *state;
    tlm_dataset dataset;
    tlm_column columns[SAMPLE_COLUMNS + 1];
    start(&self->sqlite);
    subject_stop(&self->sqlite);
    redeclare(self, &dataset, columns);
    columns[4].scale = 3;
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text,
                "table samples, column rate: expected decimal with scale 3, found decimal with scale 2");
    columns[4] = sample_columns[4];
    columns[3].name = "messages";
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text, "expected column messages, found message_count");
    columns[3] = sample_columns[3];
    columns[3].flags = TLM_COLUMN_NULLABLE;
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text, "expected nullable, found not null");
    columns[3] = sample_columns[3];
    dataset.column_count--;
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text, "found column bits too");
}

static void a_nullable_column_is_added_at_the_tail_and_no_other(void **state)
{
    fixture *self = *state;
    tlm_dataset dataset;
    tlm_column columns[SAMPLE_COLUMNS + 1];
    start(&self->sqlite);
    fill_samples(&self->sqlite);
    subject_stop(&self->sqlite);
    redeclare(self, &dataset, columns);
    columns[SAMPLE_COLUMNS] = (tlm_column){"extra", TLM_COLUMN_TEXT, 0, 0, NULL, "x"};
    dataset.column_count++;
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text, "only nullable columns can be added");
    columns[SAMPLE_COLUMNS].flags = TLM_COLUMN_NULLABLE;
    start(&self->sqlite);
    const char *column = "extra";
    tlm_query asked = ask_samples(&column);
    assert_answer(&self->sqlite, &asked, "- - - - - ");
}

static void a_process_without_the_dataset_answers_and_sees_new_tables(void **state)
{
    fixture *self = *state;
    subject other;
    const char *column = "viewers";
    const tlm_order order = {.column = "viewers"};
    tlm_query asked = ask_samples(&column);
    asked.orders = &order;
    asked.order_count = 1;
    subject_init(&other, "sqlite");
    test_config_set(other.component, other.config, "path", self->path);
    start(&other);
    assert_int_equal(refusal(&other, &asked), -ENOENT);
    start(&self->sqlite);
    fill_samples(&self->sqlite);
    assert_answer(&other, &asked, "1 3 5 - - ");
    subject_finish(&other);
}

static void run_sql(fixture *self, const char *sql)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(self->path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
}

static void a_newer_database_is_refused(void **state)
{
    fixture *self = *state;
    start(&self->sqlite);
    subject_stop(&self->sqlite);
    run_sql(self, "PRAGMA user_version = 2");
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text, "have version 2, this program knows 1");
}

static void another_programs_database_is_left_as_it_is(void **state)
{
    fixture *self = *state;
    run_sql(self, "CREATE TABLE bookmarks (url TEXT)");
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text, "another program");
    assert_string_equal(ask(self, "SELECT count(*) FROM sqlite_schema"), "1");
    assert_string_equal(ask(self, "PRAGMA journal_mode"), "delete");
}

static void a_table_of_the_users_is_not_written_into(void **state)
{
    fixture *self = *state;
    self->sqlite.host.dataset_count = 0;
    start(&self->sqlite);
    subject_stop(&self->sqlite);
    run_sql(self, "CREATE TABLE samples (x)");
    self->sqlite.host.dataset_count = 2;
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text, "table samples: it is in the database already");
}

static void a_damaged_file_says_what_to_do(void **state)
{
    fixture *self = *state;
    int file = open(self->path, O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(write(file, "this is no database ", 20), 20);
    close(file);
    assert_true(subject_start(&self->sqlite) < 0);
    assert_says(self->sqlite.error.text, "test.db: open: file is not a database");
    assert_says(self->sqlite.error.text, "move it away or name another path");
    assert_int_equal(truncate(self->path, 0), 0);
    start(&self->sqlite);
    fill_samples(&self->sqlite);
    subject_stop(&self->sqlite);
    /* Everything behind the first page, which holds the names of the tables, is overwritten. */
    struct stat about;
    assert_int_equal(stat(self->path, &about), 0);
    file = open(self->path, O_WRONLY);
    for (off_t at = 4096; at < about.st_size; at += 16)
        assert_int_equal(pwrite(file, "damage damage da", 16, at), 16);
    close(file);
    assert_true(subject_start(&self->sqlite) < 0);
    assert_says(self->sqlite.error.text, "damaged");
    assert_says(self->sqlite.error.text, ".recover");
}

static void folders_that_will_not_do_are_named(void **state)
{
    fixture *self = *state;
    char path[128];
    option(self, "path", "/nowhere/at/all.db");
    assert_int_equal(subject_start(&self->sqlite), -ENOENT);
    assert_says(self->sqlite.error.text, "/nowhere/at");
    option(self, "path", self->folder);
    assert_int_equal(subject_start(&self->sqlite), -EISDIR);
    option(self, "path", "/dev/null");
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
    assert_says(self->sqlite.error.text, "/dev/null: this is no regular file");
    option(self, "path", "/proc/telemetra.db");
    assert_true(subject_start(&self->sqlite) < 0);
    assert_says(self->sqlite.error.text, "/proc");
    snprintf(path, sizeof path, "%s/plain", self->folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    snprintf(path, sizeof path, "%s/plain/x.db", self->folder);
    option(self, "path", path);
    assert_int_equal(subject_start(&self->sqlite), -ENOTDIR);
    option(self, "path", ":memory:");
    assert_int_equal(subject_start(&self->sqlite), -EINVAL);
}

/* In a child process that is not root: exit code 0 when `start` fails with a sentence that has the part. */
static int start_as_nobody(fixture *self, const char *part)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(9);
        int result = subject_start(&self->sqlite);
        _exit(result < 0 && strstr(self->sqlite.error.text, part) ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_read_only_folder_or_file_is_a_sentence(void **state)
{
    fixture *self = *state;
    assert_int_equal(chmod(self->folder, 0555), 0);
    assert_int_equal(start_as_nobody(self, "files cannot be made in the folder"), 0);
    assert_int_equal(chmod(self->folder, 0755), 0);
    start(&self->sqlite);
    subject_stop(&self->sqlite);
    assert_int_equal(chmod(self->path, 0444), 0);
    assert_int_equal(chmod(self->folder, 0777), 0);
    assert_int_equal(start_as_nobody(self, "can be read but not written"), 0);
}

/* --- what may go wrong ------------------------------------------------------------------------------------------- */

static void a_full_disk_refuses_commits_until_there_is_room(void **state)
{
    fixture *self = *state;
    taken told;
    struct rlimit before, small = {512 * 1024, RLIM_INFINITY};
    uint64_t sequence = 0;
    int result = 0;
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while (result == 0 && sequence < 1000) {
        sequence++;
        result = commit_samples(&self->sqlite, 0, 1, sequence, "a", (int64_t)sequence * 1000, 200);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(result == -EIO || result == -ENOSPC);
    assert_says(self->sqlite.reason, self->path);
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_DEGRADED);
    assert_says(self->sqlite.host.health, self->path);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, sequence, "a", (int64_t)sequence * 1000, 200), 0);
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_OK);
    assert_string_equal(ask(self, "SELECT count(*) = 200 * (SELECT sequence FROM telemetra_lanes) FROM samples"), "1");
    assert_string_equal(ask(self, "PRAGMA integrity_check"), "ok");
}

static int ask_for_samples(subject *sqlite)
{
    static const char *const columns[] = {"stream_id"};
    tlm_query query = {
        .struct_size = sizeof query, .dataset = "samples", .limit = 1, .columns = columns, .column_count = 1};
    tlm_result *result = NULL;
    int code = sqlite->store->query(sqlite->instance, &query, &result, &sqlite->error);
    if (code == 0)
        result->release(result);
    return code;
}

static void a_file_that_was_moved_away_takes_no_commits_until_it_is_back(void **state)
{
    fixture *self = *state;
    taken told;
    char aside[128];
    snprintf(aside, sizeof aside, "%s.aside", self->path);
    start(&self->sqlite);
    assert_int_equal(subject_take(&self->sqlite, 0, "d=60", &told), 0);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 1), 0);
    assert_int_equal(rename(self->path, aside), 0);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 2, "a", 1, 1), -EIO);
    assert_says(self->sqlite.reason, self->path);
    assert_says(self->sqlite.reason, "deleted or replaced");
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_DEGRADED);
    assert_int_equal(subject_take(&self->sqlite, 1, "d=60", &told), -EIO);
    int file = open(self->path, O_CREAT | O_WRONLY, 0600); /* another one in its place */
    assert_true(file >= 0);
    close(file);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 2, "a", 1, 1), -EIO);
    assert_int_equal(rename(aside, self->path), 0);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 2, "a", 1, 1), 0);
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_OK);
    assert_string_equal(ask(self, "SELECT count(*) FROM samples"), "2");
}

static void a_deleted_file_is_told_by_a_query_and_made_anew_by_the_next_start(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->sqlite);
    assert_int_equal(subject_take(&self->sqlite, 0, "d=60", &told), 0);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 1), 0);
    assert_int_equal(unlink(self->path), 0);
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_OK);
    (void)ask_for_samples(&self->sqlite);
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_DEGRADED);
    assert_says(self->sqlite.host.health, self->path);
    subject_stop(&self->sqlite);
    start(&self->sqlite);
    assert_int_equal(subject_take(&self->sqlite, 0, "d=60", &told), 0);
    assert_int_equal(told.epoch, 1);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 1), 0);
    assert_string_equal(ask(self, "SELECT count(*) FROM samples"), "1");
}

static void a_lock_held_too_long_is_busy_and_passes(void **state)
{
    fixture *self = *state;
    taken told;
    option(self, "busy_timeout", "10ms");
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    sqlite3 *holder = hold(self);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 1), -EBUSY);
    assert_says(self->sqlite.reason, "another program holds it");
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_DEGRADED);
    sqlite3_exec(holder, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(holder);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", 0, 1), 0);
    assert_int_equal(self->sqlite.host.health_status, TLM_HEALTH_OK);
}

/** Commits for ever in a child, telling each kept sequence through a pipe. */
static pid_t spawn_committer(fixture *self, uint32_t lane, const char *stream, int pipe_end)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    taken told;
    if (subject_start(&self->sqlite) < 0 || subject_take(&self->sqlite, lane, "", &told) < 0)
        _exit(1);
    for (uint64_t sequence = told.sequence + 1;; sequence++) {
        if (commit_samples(&self->sqlite, lane, told.epoch, sequence, stream, (int64_t)sequence * 10, 10) < 0)
            _exit(2);
        if (write(pipe_end, &sequence, sizeof sequence) != sizeof sequence)
            _exit(3);
    }
}

/* Reads told sequences until `wanted` is reached; returns the last one. */
static uint64_t read_until(int pipe_end, uint64_t wanted)
{
    uint64_t sequence = 0;
    while (sequence < wanted && read(pipe_end, &sequence, sizeof sequence) == sizeof sequence)
        continue;
    return sequence;
}

static void a_killed_process_loses_nothing_that_was_kept(void **state)
{
    fixture *self = *state;
    taken told;
    int ends[2];
    uint64_t acknowledged = 0;
    for (uint64_t round = 1; round <= 5; round++) {
        assert_int_equal(pipe(ends), 0);
        pid_t child = spawn_committer(self, 0, "a", ends[1]);
        close(ends[1]);
        acknowledged = read_until(ends[0], acknowledged + 7 * round);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));
        uint64_t rest = read_until(ends[0], UINT64_MAX);
        acknowledged = rest > acknowledged ? rest : acknowledged;
        close(ends[0]);
        start(&self->sqlite);
        assert_int_equal(subject_take(&self->sqlite, 0, "", &told), 0);
        assert_true(told.sequence >= acknowledged);
        assert_true(told.sequence <= acknowledged + 1);
        acknowledged = told.sequence;
        subject_stop(&self->sqlite);
        assert_string_equal(ask(self, "SELECT count(*) = 10 * (SELECT sequence FROM telemetra_lanes) FROM samples"),
                            "1");
    }
    assert_string_equal(ask(self, "PRAGMA integrity_check"), "ok");
}

static void two_processes_share_a_file(void **state)
{
    fixture *self = *state;
    int ends[2][2], status;
    pid_t children[2];
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(pipe(ends[i]), 0);
        children[i] = spawn_committer(self, i, i ? "b" : "a", ends[i][1]);
        close(ends[i][1]);
    }
    for (uint32_t i = 0; i < 2; i++)
        assert_true(read_until(ends[i][0], 30) >= 30);
    for (uint32_t i = 0; i < 2; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], &status, 0);
        assert_true(WIFSIGNALED(status));
        close(ends[i][0]);
    }
    assert_string_equal(ask(self, "SELECT count(*) = 10 * (SELECT sum(sequence) FROM telemetra_lanes) FROM samples"),
                        "1");
}

static void old_rows_are_deleted_and_others_kept(void **state)
{
    fixture *self = *state;
    taken told;
    const char *column = "window_start";
    tlm_query asked = ask_samples(&column);
    const int64_t day = 86400, now = (int64_t)time(NULL);
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 1, "a", now - 8 * day, 2000), 0);
    assert_int_equal(commit_samples(&self->sqlite, 0, 1, 2, "a", now - 6 * day, 3), 0);
    subject_stop(&self->sqlite);
    option(self, "retention_days", "7");
    start(&self->sqlite);
    uint32_t left = UINT32_MAX;
    asked.limit = 5000;
    for (int i = 0; i < 1000 && left > 3; i++) {
        const struct timespec pause = {.tv_nsec = 5000000};
        tlm_result *result = query(&self->sqlite, &asked);
        left = result->row_count;
        result->release(result);
        nanosleep(&pause, NULL);
    }
    assert_int_equal(left, 3);
}

/** Queries in a thread of its own while commits go on. */
static void *query_often(void *argument)
{
    subject *sqlite = argument;
    const char *column = "window_start";
    const tlm_order order = {.column = "window_start", .descending = 1};
    const tlm_filter filter = {.column = "stream_id", .op = TLM_FILTER_EQUAL, .value = cell_text("a")};
    tlm_query asked = ask_samples(&column);
    char kept[4096] = "";
    asked.orders = &order;
    asked.filters = &filter;
    asked.order_count = asked.filter_count = 1;
    for (int i = 0; i < 200; i++) {
        tlm_result *result = NULL;
        tlm_error error;
        if (sqlite->store->query(sqlite->instance, &asked, &result, &error) < 0)
            return argument;
        result->release(result);
        sqlite->checkpoint->state_get(sqlite->instance, 0, "moments", (tlm_text){"k", 1}, state_keep, kept);
    }
    return NULL;
}

static void readers_answer_while_the_writer_commits(void **state)
{
    fixture *self = *state;
    taken told;
    pthread_t threads[4];
    void *failed;
    option(self, "readers", "2");
    start(&self->sqlite);
    subject_take(&self->sqlite, 0, "", &told);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, query_often, &self->sqlite), 0);
    for (uint64_t i = 1; i <= 100; i++)
        assert_int_equal(commit_samples(&self->sqlite, 0, 1, i, "a", (int64_t)i * 20, 20), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void no_option_is_required_and_has_a_default(void **state)
{
    fixture *self = *state;
    for (uint32_t i = 0; i < self->sqlite.component->option_count; i++) {
        const tlm_option *option = &self->sqlite.component->options[i];
        assert_false((option->flags & TLM_OPTION_REQUIRED) && option->default_text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_lane_goes_on_where_it_was_left),
        TEST(other_settings_are_refused_with_both),
        TEST(an_older_epoch_or_wrong_sequence_is_stale_and_keeps_nothing),
        TEST(a_repeated_commit_is_kept_once),
        TEST(a_key_written_twice_is_a_fault_that_keeps_nothing),
        TEST(a_null_where_none_may_be_names_the_column),
        TEST(one_lane_of_a_group_is_rolled_back_alone),
        TEST(a_later_row_replaces_the_earlier_of_its_key),
        TEST(a_plain_sink_takes_the_same_rows_twice_and_no_early_ones),
        TEST(state_is_read_back_in_order_of_its_keys),
        TEST(a_walk_over_much_state_sees_every_key_once),
        TEST(filters_select_by_type_and_never_match_null),
        TEST(orders_put_nulls_last_either_way_and_go_by_bytes),
        TEST(limit_and_offset_page),
        TEST(unknown_names_are_not_found_and_bounds_hold),
        TEST(every_type_comes_back_as_it_was),
        TEST(decimals_come_back_exactly),
        TEST(a_changed_column_is_refused_with_table_column_expected_and_found),
        TEST(a_nullable_column_is_added_at_the_tail_and_no_other),
        TEST(a_process_without_the_dataset_answers_and_sees_new_tables),
        TEST(a_newer_database_is_refused),
        TEST(another_programs_database_is_left_as_it_is),
        TEST(a_table_of_the_users_is_not_written_into),
        TEST(a_damaged_file_says_what_to_do),
        TEST(folders_that_will_not_do_are_named),
        TEST(a_read_only_folder_or_file_is_a_sentence),
        TEST(a_full_disk_refuses_commits_until_there_is_room),
        TEST(a_file_that_was_moved_away_takes_no_commits_until_it_is_back),
        TEST(a_deleted_file_is_told_by_a_query_and_made_anew_by_the_next_start),
        TEST(a_lock_held_too_long_is_busy_and_passes),
        TEST(no_option_is_required_and_has_a_default),
        TEST(a_killed_process_loses_nothing_that_was_kept),
        TEST(two_processes_share_a_file),
        TEST(old_rows_are_deleted_and_others_kept),
        TEST(readers_answer_while_the_writer_commits),
    };
    return cmocka_run_group_tests_name("plugin.sqlite", tests, NULL, NULL);
}
