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

#include "postgres_proxy.h"

#include <signal.h>
#include <sys/wait.h>

#ifndef TLM_SERVERS_SCRIPT
#error "TLM_SERVERS_SCRIPT is infra/servers"
#endif

/** A server of these tests' own, as they stop it. */
static char folder[64];
static bool is_frozen;

static int servers(const char *verb)
{
    char command[512];
    if (strcmp(verb, "freeze") == 0)
        is_frozen = true;
    else if (strcmp(verb, "thaw") == 0)
        is_frozen = false;
    snprintf(command, sizeof command, "'%s' %s '%s' %s >>'%s.log' 2>&1", TLM_SERVERS_SCRIPT, verb, folder,
             strcmp(verb, "remove") == 0 ? "" : "postgres", folder);
    return system(command);
}

static int start_server(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/telemetra-postgres-faults-XXXXXX");
    return mkdtemp(folder) && servers("fresh") == 0 ? 0 : -1;
}

static int remove_server(void **state)
{
    char command[256];
    (void)state;
    int result = servers("remove");
    snprintf(command, sizeof command, "rm -rf '%s' '%s.log'", folder, folder);
    return system(command) == 0 ? result : -1;
}

static int set_up(void **state)
{
    char path[96];
    lab *self = calloc(1, sizeof *self);
    snprintf(path, sizeof path, "%s/env", folder);
    lab_init(self, path);
    *state = self;
    return 0;
}

/* A test that fails may leave the server frozen, in which nothing could be cleared away. */
static int tear_down(void **state)
{
    if (is_frozen && servers("thaw") != 0)
        return -1;
    lab_finish(*state);
    free(*state);
    return 0;
}

/* Commits as the host does: the same flush again until it is kept. */
static void commit_until_kept(lab *self, uint64_t epoch, uint64_t sequence, int64_t first, uint32_t count)
{
    int64_t until = lab_now_ms() + 60000;
    while (commit_samples(&self->postgres, 0, epoch, sequence, "a", first, count) < 0) {
        if (lab_now_ms() > until)
            fail_msg("%s", self->postgres.reason);
        lab_pause(50);
    }
}

/* --- a connection that goes -------------------------------------------------------------------------------------- */

static void a_commit_whose_answer_was_lost_is_known_to_be_kept(void **state)
{
    lab *self = *state;
    taken told;
    proxy way;
    char port[16];
    proxy_start(&way, atoi(self->server.port));
    snprintf(port, sizeof port, "%d", way.port);
    lab_option(self, "port", port);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), 0);
    for (uint64_t i = 2; i < 8; i++) {
        atomic_store(&way.mode, PROXY_CUT_AFTER_COMMIT);
        assert_int_equal(commit_samples(&self->postgres, 0, 1, i, "a", (int64_t)i * 10, 5), 0);
        assert_int_equal(atomic_load(&way.cuts), (int)i - 1);
    }
    assert_string_equal(lab_ask(self, "SELECT count(*) || ' ' || (SELECT sequence FROM telemetra_lanes) FROM samples"),
                        "35 7");
    subject_stop(&self->postgres);
    proxy_stop(&way);
}

static void a_commit_that_never_arrived_is_told_and_kept_the_next_time(void **state)
{
    lab *self = *state;
    taken told;
    proxy way;
    char port[16];
    proxy_start(&way, atoi(self->server.port));
    snprintf(port, sizeof port, "%d", way.port);
    lab_option(self, "port", port);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), 0);
    atomic_store(&way.mode, PROXY_CUT_BEFORE_COMMIT);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 2, "a", 10, 5), -EIO);
    assert_int_equal(atomic_load(&way.cuts), 1);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "5");
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_DEGRADED);
    commit_until_kept(self, 1, 2, 10, 5);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "10");
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_OK);
    assert_true(lab_metric(self, "telemetra_postgres_reconnects_total") >= 1);
    assert_int_equal(lab_metric(self, "telemetra_postgres_retries_total"), 1);
    subject_stop(&self->postgres);
    proxy_stop(&way);
}

static void a_commit_lost_to_an_owner_who_came_in_between_is_stale(void **state)
{
    lab *self = *state;
    subject other;
    taken told;
    proxy way;
    char port[16];
    proxy_start(&way, atoi(self->server.port));
    snprintf(port, sizeof port, "%d", way.port);
    subject_init(&other, "postgres");
    lab_aim(self, &other);
    start(&other);
    lab_option(self, "port", port);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    atomic_store(&way.mode, PROXY_CUT_BEFORE_COMMIT);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), -EIO);
    assert_int_equal(subject_take(&other, 0, "", &told), 0);
    assert_int_equal(told.sequence, 0);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), -ESTALE);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "0");
    subject_finish(&other);
    subject_stop(&self->postgres);
    proxy_stop(&way);
}

static void ended_sessions_are_replaced_without_a_failure(void **state)
{
    lab *self = *state;
    taken told;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    for (uint64_t i = 1; i < 10; i++) {
        assert_int_equal(commit_samples(&self->postgres, 0, 1, i, "a", (int64_t)i * 10, 5), 0);
        /* With a time-out it comes back when they are gone, and not already when they are told to go. */
        lab_ask(self, "SELECT count(pg_terminate_backend(pid, 20000)) FROM pg_stat_activity WHERE application_name = "
                      "'telemetra'");
        lab_await(self,
                  "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'telemetra' AND state <> 'idle'",
                  "0");
    }
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "45");
}

/** Terminates sessions at random moments. */
static void *terminate_often(void *context)
{
    lab *self = context;
    PGconn *connection = lab_connect(self);
    for (int i = 0; i < 150; i++) {
        PGresult *result = PQexec(connection, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                              " WHERE application_name = 'telemetra' AND state <> 'idle' LIMIT 1");
        PQclear(result);
        lab_pause(3 + i % 7);
    }
    PQfinish(connection);
    return NULL;
}

static void sessions_ended_at_any_moment_lose_and_repeat_nothing(void **state)
{
    lab *self = *state;
    taken told;
    pthread_t thread;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    lab *killer = calloc(1, sizeof *killer);
    *killer = *self;
    assert_int_equal(pthread_create(&thread, NULL, terminate_often, killer), 0);
    for (uint64_t i = 1; i <= 100; i++)
        commit_until_kept(self, 1, i, (int64_t)i * 1000, 200);
    pthread_join(thread, NULL);
    free(killer);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "20000");
}

/* --- an owner that freezes --------------------------------------------------------------------------------------- */

/* Takes the lane and stands still with it, in the middle of a transaction or of a COPY in it, as a stopped process. */
static PGconn *freeze(lab *self, const char *sql)
{
    PGconn *owner = lab_connect(self);
    lab_ask_on(self, owner,
               "SET statement_timeout = '1s'; SET idle_in_transaction_session_timeout = '1s';"
               " BEGIN; UPDATE telemetra_lanes SET sequence = sequence + 1");
    if (sql)
        PQclear(PQexec(owner, sql));
    return owner;
}

static void an_owner_frozen_in_its_transaction_does_not_block_the_next(void **state)
{
    lab *self = *state;
    taken told;
    lab_option(self, "lock_timeout", "4s");
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    PGconn *owner = freeze(self, NULL);
    int64_t before = lab_now_ms();
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), 0);
    assert_true(lab_now_ms() - before < 4000);
    assert_int_equal(told.sequence, 0);
    PQfinish(owner);
}

/* Neither timeout reaches a session that waits for the bytes of a COPY. */
static void an_owner_frozen_in_a_copy_does_not_block_the_next(void **state)
{
    lab *self = *state;
    taken told;
    lab_option(self, "lock_timeout", "2s");
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    PGconn *owner = freeze(self, "COPY samples FROM STDIN");
    lab_pause(1500);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY samples%'"
                                      " AND wait_event = 'ClientRead' AND state = 'active'"),
                        "1");
    int64_t before = lab_now_ms();
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), 0);
    assert_true(lab_now_ms() - before < 5000);
    assert_int_equal(told.epoch, 2);
    assert_int_equal(told.sequence, 0);
    assert_int_equal(commit_samples(&self->postgres, 0, 2, 1, "a", 0, 5), 0);
    PQfinish(owner);
}

static void an_owner_at_work_is_not_ended(void **state)
{
    lab *self = *state;
    taken told;
    lab_option(self, "lock_timeout", "300ms");
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    PGconn *owner = lab_connect(self);
    lab_ask_on(self, owner, "BEGIN; UPDATE telemetra_lanes SET sequence = sequence + 1");
    assert_true(PQsendQuery(owner, "SELECT pg_sleep(2); COMMIT"));
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), -EBUSY);
    assert_says(self->postgres.error.text, "another transaction holds it");
    for (PGresult *result = PQgetResult(owner); result; result = PQgetResult(owner)) {
        assert_int_not_equal(PQresultStatus(result), PGRES_FATAL_ERROR);
        PQclear(result);
    }
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), 0);
    assert_int_equal(told.sequence, 1);
    PQfinish(owner);
}

/* --- a server that goes ------------------------------------------------------------------------------------------ */

static void a_server_that_is_stopped_is_told_and_found_again(void **state)
{
    lab *self = *state;
    taken told;
    const char *column = "window_start";
    tlm_query asked = ask_samples(&column);
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), 0);
    assert_int_equal(servers("stop"), 0);
    lab_await_health(self, TLM_HEALTH_DEGRADED); /* though nobody asks for anything */
    assert_says(lab_told(&self->postgres, false), "cannot connect");
    assert_true(commit_samples(&self->postgres, 0, 1, 2, "a", 10, 5) < 0);
    assert_true(refusal(&self->postgres, &asked) < 0);
    assert_true(subject_take(&self->postgres, 1, "", &told) < 0);
    assert_int_equal(servers("start"), 0);
    int64_t before = lab_now_ms();
    commit_until_kept(self, 1, 2, 10, 5);
    lab_await_health(self, TLM_HEALTH_OK);
    assert_true(lab_now_ms() - before < 15000);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "10");
    tlm_result *result = query(&self->postgres, &asked);
    assert_int_equal(result->row_count, 10);
    result->release(result);
}

static void a_killed_server_loses_and_repeats_nothing(void **state)
{
    lab *self = *state;
    taken told;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    for (uint64_t i = 1; i <= 30; i++) {
        commit_until_kept(self, 1, i, (int64_t)i * 100, 50);
        if (i % 10 == 0) {
            assert_int_equal(servers("kill"), 0);
            assert_true(commit_samples(&self->postgres, 0, 1, i + 1, "a", ((int64_t)i + 1) * 100, 50) < 0);
            assert_int_equal(servers("start"), 0);
        }
    }
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "1500");
}

static void a_server_that_comes_late_is_waited_for(void **state)
{
    lab *self = *state;
    taken told;
    assert_int_equal(servers("stop"), 0);
    start(&self->postgres);
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_DEGRADED);
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), -EAGAIN);
    assert_int_equal(servers("start"), 0);
    lab_await_health(self, TLM_HEALTH_OK);
    assert_int_equal(subject_take(&self->postgres, 0, "", &told), 0);
    commit_until_kept(self, 1, 1, 0, 5);
}

static void a_server_that_does_not_answer_is_given_up_in_time(void **state)
{
    lab *self = *state;
    taken told;
    lab_option(self, "statement_timeout", "500ms");
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), 0);
    assert_int_equal(servers("freeze"), 0);
    int64_t before = lab_now_ms();
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 2, "a", 10, 5), -ETIMEDOUT);
    assert_says(self->postgres.reason, "does not answer");
    assert_true(lab_now_ms() - before < 12000);
    assert_int_equal(servers("thaw"), 0);
    commit_until_kept(self, 1, 2, 10, 5);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "10");
}

static void who_asks_a_server_that_is_known_not_to_answer_is_told_at_once(void **state)
{
    static const char *const columns[] = {"stream_id"};
    const tlm_query query = {
        .struct_size = sizeof query, .limit = 1, .dataset = "streams", .columns = columns, .column_count = 1};
    lab *self = *state;
    subject *postgres = &self->postgres;
    tlm_result *result = NULL;
    start(postgres);
    assert_int_equal(postgres->store->query(postgres->instance, &query, &result, &postgres->error), 0);
    result->release(result);
    int64_t looking = lab_now_ms();
    while (!strstr(lab_told(postgres, false), "was ever committed here")) { /* the first look is over */
        assert_true(lab_now_ms() - looking < 30000);
        lab_pause(10);
    }
    assert_int_equal(servers("freeze"), 0);
    int64_t before = lab_now_ms();
    lab_await_health(self, TLM_HEALTH_DEGRADED);
    assert_true(lab_now_ms() - before < 6000);
    before = lab_now_ms();
    assert_true(postgres->store->query(postgres->instance, &query, &result, &postgres->error) < 0);
    assert_true(lab_now_ms() - before < 200);
    assert_says(postgres->error.text, "answer");
    assert_int_equal(servers("thaw"), 0);
    lab_await_health(self, TLM_HEALTH_OK);
    assert_int_equal(postgres->store->query(postgres->instance, &query, &result, &postgres->error), 0);
    result->release(result);
}

static void a_stop_does_not_wait_for_a_server_that_does_not_answer(void **state)
{
    lab *self = *state;
    taken told;
    answer waiting;
    const tlm_rows *none = NULL;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(servers("freeze"), 0);
    tlm_commit commit = {.struct_size = sizeof commit,
                         .flush = {.struct_size = sizeof(tlm_flush), .epoch = 1, .sequence = 1, .rows = &none}};
    answer_init(&waiting);
    self->postgres.checkpoint->commit(self->postgres.instance, &commit, answer_done, &waiting);
    int64_t before = lab_now_ms();
    subject_stop(&self->postgres);
    assert_true(lab_now_ms() - before < 5000);
    assert_true(answer_wait(&waiting) < 0);
    assert_int_equal(servers("thaw"), 0);
}

static void a_dropped_schema_is_made_anew_and_its_lanes_are_lost(void **state)
{
    lab *self = *state;
    taken told;
    char sql[128];
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), 0);
    snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", self->schema);
    lab_ask(self, sql);
    int result = commit_samples(&self->postgres, 0, 1, 2, "a", 10, 5);
    for (int i = 0; i < 10 && result != -ESTALE; i++)
        result = commit_samples(&self->postgres, 0, 1, 2, "a", 10, 5);
    assert_int_equal(result, -ESTALE);
    assert_says(self->postgres.reason, "never taken");
}

/* The disk itself is not filled here: a trigger says what the server says then. */
static void a_full_disk_is_told_and_kept_the_next_time(void **state)
{
    lab *self = *state;
    taken told;
    start(&self->postgres);
    subject_take(&self->postgres, 0, "", &told);
    lab_ask(self, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
                  " 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;"
                  "CREATE TRIGGER refuse BEFORE INSERT ON samples EXECUTE FUNCTION refuse()");
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), -ENOSPC);
    assert_says(self->postgres.reason, "make room on the server's disk");
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_DEGRADED);
    assert_says(lab_told(&self->postgres, false), "No space left on device");
    lab_ask(self, "DROP TRIGGER refuse ON samples");
    assert_int_equal(commit_samples(&self->postgres, 0, 1, 1, "a", 0, 5), 0);
    assert_int_equal(lab_health(&self->postgres), TLM_HEALTH_OK);
    assert_string_equal(lab_ask(self, "SELECT count(*) FROM samples"), "5");
}

#ifdef TELEMETRA_FAULT_POINTS
/* A process of its own commits flush 2 and dies on the way. */
static void die_at(lab *self, const char *point)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        taken told;
        setenv("TELEMETRA_DIE_AT", point, 1);
        if (subject_start(&self->postgres) < 0 || subject_take(&self->postgres, 0, "", &told) < 0)
            _exit(1);
        commit_samples(&self->postgres, 0, told.epoch, told.sequence + 1, "a", (int64_t)told.sequence * 10, 10);
        _exit(2);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_process_that_dies_in_a_commit_has_kept_all_or_nothing_of_it(void **state)
{
    static const struct {
        const char *name;
        uint64_t kept;
    } points[] = {{"postgres.lane_moved", 0},
                  {"postgres.rows_written", 0},
                  {"postgres.committing", 0},
                  {"postgres.committed", 1}};
    lab *self = *state;
    taken told;
    uint64_t sequence = 0;
    for (size_t i = 0; i < TLM_COUNT(points); i++) {
        die_at(self, points[i].name);
        start(&self->postgres);
        assert_int_equal(subject_take(&self->postgres, 0, "", &told), 0);
        assert_int_equal(told.sequence, sequence + points[i].kept);
        sequence = told.sequence + 1;
        assert_int_equal(commit_samples(&self->postgres, 0, told.epoch, sequence, "a", (int64_t)told.sequence * 10, 10),
                         0);
        subject_stop(&self->postgres);
        assert_string_equal(lab_ask(self, "SELECT count(*) = 10 * (SELECT sequence FROM telemetra_lanes) FROM samples"),
                            "t");
    }
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_commit_whose_answer_was_lost_is_known_to_be_kept),
        TEST(a_commit_that_never_arrived_is_told_and_kept_the_next_time),
        TEST(a_commit_lost_to_an_owner_who_came_in_between_is_stale),
        TEST(ended_sessions_are_replaced_without_a_failure),
        TEST(sessions_ended_at_any_moment_lose_and_repeat_nothing),
        TEST(an_owner_frozen_in_its_transaction_does_not_block_the_next),
        TEST(an_owner_frozen_in_a_copy_does_not_block_the_next),
        TEST(an_owner_at_work_is_not_ended),
        TEST(a_server_that_is_stopped_is_told_and_found_again),
        TEST(a_killed_server_loses_and_repeats_nothing),
        TEST(a_server_that_comes_late_is_waited_for),
        TEST(a_server_that_does_not_answer_is_given_up_in_time),
        TEST(who_asks_a_server_that_is_known_not_to_answer_is_told_at_once),
        TEST(a_stop_does_not_wait_for_a_server_that_does_not_answer),
        TEST(a_dropped_schema_is_made_anew_and_its_lanes_are_lost),
        TEST(a_full_disk_is_told_and_kept_the_next_time),
#ifdef TELEMETRA_FAULT_POINTS
        TEST(a_process_that_dies_in_a_commit_has_kept_all_or_nothing_of_it),
#endif
    };
    return cmocka_run_group_tests_name("plugin.postgres_faults", tests, start_server, remove_server);
}
