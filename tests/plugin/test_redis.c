/* SPDX-License-Identifier: Apache-2.0 */
/* The redis plugin against a server of the test's own: what is kept, what is refilled, what is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"
#include "redis_lab.h"

#define SECOND INT64_C(1000000000)

/** One server for all tests, emptied before each. */
static lab_server server;
static lab_store *behind;

static int start_server(void **state)
{
    (void)state;
    lab_server_start(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    lab_server_finish(&server);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    if (server.pid == 0)
        lab_server_start(&server);
    lab_do(&server, "FLUSHALL");
    behind = calloc(1, sizeof *behind);
    pthread_mutex_init(&behind->mutex, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(behind);
    behind = NULL;
    return 0;
}

/* --- rows -------------------------------------------------------------------------------------------------------- */

static void fill_stream(tlm_cell *cells, const char *id, const char *title, int64_t viewers)
{
    memset(cells, 0, STREAM_COLUMNS * sizeof *cells);
    cells[0] = cell_text(id);
    cells[1] = cell_text(title);
    cells[2] = cell_integer(viewers);
}

static void fill_note(tlm_cell *cells, const char *id, const char *stream, int64_t peak_ns, const char *words)
{
    memset(cells, 0, NOTE_COLUMNS * sizeof *cells);
    cells[0] = cell_text(id);
    cells[1] = cell_text(stream);
    cells[2] = cell_integer(peak_ns);
    cells[3] = cell_text(words);
}

static void submit_note(lab *writer, uint64_t sequence, const char *id, const char *stream, int64_t peak_ns,
                        const char *words)
{
    tlm_cell cells[NOTE_COLUMNS];
    fill_note(cells, id, stream, peak_ns, words);
    tlm_rows rows = rows_of(&note_dataset, cells, 1);
    assert_int_equal(lab_submit(writer, 0, 1, sequence, &rows), 0);
}

static void submit_sample(lab *writer, uint64_t epoch, uint64_t sequence, const char *stream, int64_t start_ns,
                          int64_t count)
{
    tlm_cell cells[SAMPLE_COLUMNS];
    sample_fill(cells, stream, start_ns);
    cells[3] = cell_integer(count);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    assert_int_equal(lab_submit(writer, 0, epoch, sequence, &rows), 0);
}

/* --- queries as frontends make them ------------------------------------------------------------------------------ */

static tlm_result *query(lab *self, const char *dataset, const char *stream, int64_t since_ns, uint32_t limit)
{
    static const char *const samples[] = {"message_count", "window_end"}, *const streams[] = {"title", "viewers"},
                             *const notes[] = {"moment_id", "description", "peak_at"};
    static const tlm_order newest_sample = {"window_end", 1, 0},
                           newest_note[] = {{"peak_at", 1, 0}, {"moment_id", 0, 0}};
    bool is_sample = dataset[0] == 's' && dataset[1] == 'a', is_note = dataset[0] == 'm';
    const tlm_filter filters[] = {{"stream_id", TLM_FILTER_EQUAL, 0, cell_text(stream)},
                                  {"peak_at", TLM_FILTER_AT_LEAST, 0, cell_integer(since_ns)}};
    tlm_query asked = {.struct_size = sizeof asked,
                       .limit = limit,
                       .dataset = dataset,
                       .columns = is_sample ? samples
                                  : is_note ? notes
                                            : streams,
                       .column_count = is_note ? 3 : 2,
                       .filters = filters,
                       .filter_count = since_ns ? 2 : 1,
                       .orders = is_sample ? &newest_sample
                                 : is_note ? newest_note
                                           : NULL,
                       .order_count = is_sample ? 1
                                      : is_note ? 2
                                                : 0};
    tlm_result *result = NULL;
    int code = self->subject.store->query(self->subject.instance, &asked, &result, &self->subject.error);
    if (code == -ENOENT)
        result = lab_nothing();
    else if (code < 0)
        fail_msg("%s", self->subject.error.text);
    return result;
}

static int64_t newest_count(lab *self, const char *stream)
{
    tlm_result *result = query(self, "samples", stream, 0, 1);
    int64_t count = result->row_count ? result->cells[0].as.integer : -1;
    result->release(result);
    return count;
}

/** Waits until queries reach the server. */
static void wait_for_server(lab *self)
{
    int64_t hits = lab_metric(self, "telemetra_redis_hits_total");
    do {
        tlm_result *result = query(self, "moments", "nobody", lab_clock_ns() - 300 * SECOND, 10);
        result->release(result);
        usleep(1000);
    } while (lab_metric(self, "telemetra_redis_hits_total") == hits);
}

/* --- settings ---------------------------------------------------------------------------------------------------- */

static void assert_url_refused(const char *url, const char *part)
{
    lab *self = lab_create(&server, NULL);
    lab_set(self, "url", url);
    assert_int_equal(subject_start(&self->subject), -EINVAL);
    assert_says(self->subject.error.text, part);
    assert_null(strstr(self->subject.error.text, "geheim"));
    lab_destroy(self);
}

static void a_url_that_cannot_be_used_is_refused_without_its_password(void **state)
{
    (void)state;
    assert_url_refused("rediss://:geheim@host", "stunnel");
    assert_url_refused("http://geheim", "redis://");
    assert_url_refused("redis://", "no host");
    assert_url_refused("redis://geheim@host", "without a password");
    assert_url_refused("redis://:geheim%2@host", "%25");
    assert_url_refused("redis://:geheim@host:0", "port");
    assert_url_refused("redis://:geheim@host:65536", "port");
    assert_url_refused("redis://:geheim@host/x", "database");
    assert_url_refused("redis://:geheim@[::1", "']'");
}

static void an_expiry_below_what_is_asked_for_is_refused(void **state)
{
    (void)state;
    lab *self = lab_create(&server, NULL);
    lab_set(self, "expiry", "10m");
    assert_int_equal(subject_start(&self->subject), -EINVAL);
    assert_says(self->subject.error.text, "expiry");
    lab_destroy(self);
}

static void wait_for_sentence(const char *url, const char *part)
{
    lab *self = lab_create_writer(&server, NULL);
    lab_set(self, "url", url);
    lab_start(self);
    LAB_UNTIL(lab_health_says(self, part));
    tlm_cell cells[SAMPLE_COLUMNS];
    sample_fill(cells, "a", 0);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    assert_true(lab_submit(self, 0, 1, 1, &rows) < 0);
    assert_says(self->subject.reason, part);
    lab_destroy(self);
}

static void each_trouble_has_a_sentence_that_says_what_to_do(void **state)
{
    (void)state;
    char url[128];
    lab_server guarded = {.password = "richtig"};
    lab_server_start(&guarded);
    snprintf(url, sizeof url, "redis://:falsch@127.0.0.1:%d", guarded.port);
    wait_for_sentence(url, "correct them in url");
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", guarded.port);
    wait_for_sentence(url, "asks for a password");
    snprintf(url, sizeof url, "redis://:richtig@127.0.0.1:%d", server.port);
    wait_for_sentence(url, "leave it out of url");
    snprintf(url, sizeof url, "redis://:richtig@127.0.0.1:%d/99", guarded.port);
    wait_for_sentence(url, "no database of that number");
    lab_server_kill(&guarded);
    wait_for_sentence(url, "start it, or correct host and port");
    lab_server_finish(&guarded);
    wait_for_sentence("redis://no-such-host.invalid", "cannot be found");
}

static void the_right_password_and_database_work(void **state)
{
    (void)state;
    char url[128];
    lab_server guarded = {.password = "rich tig@"};
    lab_server_start(&guarded);
    lab *self = lab_create_writer(&guarded, NULL);
    snprintf(url, sizeof url, "redis://default:rich%%20tig%%40@127.0.0.1:%d/3", guarded.port);
    lab_set(self, "url", url);
    lab_start(self);
    submit_sample(self, 1, 1, "a", 0, 5);
    lab_do(&guarded, "SELECT 3");
    assert_int_equal(lab_integer(&guarded, "EXISTS telemetra:test:last:samples:a"), 1);
    assert_true(lab_is_well(self));
    lab_destroy(self);
    lab_server_finish(&guarded);
}

/* --- the sink ---------------------------------------------------------------------------------------------------- */

static void newest_rows_win_in_whatever_order_they_come(void **state)
{
    (void)state;
    enum { ROWS = 300 };
    lab *self = lab_create_writer(&server, behind);
    uint32_t random = 7;
    int order[ROWS];
    lab_start(self);
    for (int i = 0; i < ROWS; i++) {
        random = random * 1664525 + 1013904223;
        int at = (int)((random >> 8) % (uint32_t)(i + 1));
        order[i] = order[at];
        order[at] = i;
    }
    for (int i = 0; i < ROWS; i++) {
        char stream[8];
        snprintf(stream, sizeof stream, "s%d", order[i] % 10);
        submit_sample(self, 1, (uint64_t)i + 1, stream, order[i] * SECOND, order[i]);
    }
    LAB_UNTIL(lab_is_complete(&server));
    for (int i = 0; i < 10; i++) {
        char stream[8];
        snprintf(stream, sizeof stream, "s%d", i);
        LAB_UNTIL(newest_count(self, stream) == ROWS - 10 + i);
    }
    lab_destroy(self);
}

static void many_streams_of_one_flush_are_all_kept(void **state)
{
    (void)state;
    enum { STREAMS = 2500 };
    static char names[STREAMS][16];
    static tlm_cell cells[STREAMS][SAMPLE_COLUMNS];
    lab *self = lab_create_writer(&server, behind);
    lab_start(self);
    for (int i = 0; i < STREAMS; i++) {
        snprintf(names[i], sizeof names[i], "stream %d", i);
        sample_fill(cells[i], names[i], i);
    }
    tlm_rows rows = rows_of(&sample_dataset, cells[0], STREAMS);
    assert_int_equal(lab_submit(self, 0, 1, 1, &rows), 0);
    redisReply *keys = lab_command(&server, "KEYS telemetra:test:last:samples:*");
    assert_int_equal(keys->elements, STREAMS);
    freeReplyObject(keys);
    lab_destroy(self);
}

static void of_one_time_the_later_owner_and_flush_win(void **state)
{
    (void)state;
    tlm_cell cells[STREAM_COLUMNS];
    lab *self = lab_create_writer(&server, behind);
    lab_start(self);
    static const struct {
        uint64_t epoch, sequence;
        const char *title;
    } told[] = {{2, 5, "five"}, {2, 6, "six"}, {1, 9, "of a dead owner"}, {2, 6, "six again"}, {2, 5, "late"}};
    tlm_rows rows = rows_of(&stream_dataset, cells, 1);
    for (size_t i = 0; i < TLM_COUNT(told); i++) {
        fill_stream(cells, "a", told[i].title, 1);
        assert_int_equal(lab_submit(self, 0, told[i].epoch, told[i].sequence, &rows), 0);
    }
    LAB_UNTIL(lab_is_complete(&server));
    wait_for_server(self);
    tlm_result *result = query(self, "streams", "a", 0, 1);
    assert_int_equal(result->row_count, 1);
    assert_memory_equal(result->cells[0].as.text, "six", 3);
    assert_int_equal(result->cells[0].size, 3);
    result->release(result);
    lab_destroy(self);
}

static void what_is_kept_expires(void **state)
{
    (void)state;
    lab *self = lab_create_writer(&server, behind);
    lab_set(self, "expiry", "1200s");
    lab_start(self);
    submit_sample(self, 1, 1, "a", 0, 5);
    submit_note(self, 2, "m1", "a", lab_clock_ns(), "first");
    assert_in_range(lab_integer(&server, "PTTL telemetra:test:last:samples:a"), 1100000, 1200000);
    assert_in_range(lab_integer(&server, "PTTL telemetra:test:recent:moments:a"), 1100000, 1200000);
    lab_destroy(self);
}

static void scripts_that_the_server_forgot_are_loaded_again(void **state)
{
    (void)state;
    lab *self = lab_create_writer(&server, behind);
    lab_start(self);
    submit_sample(self, 1, 1, "a", 0, 5);
    lab_do(&server, "SCRIPT FLUSH");
    submit_sample(self, 1, 2, "a", SECOND, 6);
    LAB_UNTIL(lab_is_complete(&server));
    LAB_UNTIL(newest_count(self, "a") == 6);
    lab_destroy(self);
}

static void moments_are_revised_and_the_oldest_go(void **state)
{
    (void)state;
    char id[8];
    static char ids[40][8];
    lab *self = lab_create_writer(&server, behind);
    int64_t now_ns = lab_clock_ns();
    lab_set(self, "moments", "10");
    lab_start(self);
    LAB_UNTIL(lab_is_complete(&server));
    for (int i = 0; i < 40; i++) {
        snprintf(ids[i], sizeof ids[i], "m%02d", i);
        submit_note(self, (uint64_t)i + 1, ids[i], "a", now_ns + (i * 7 % 40) * SECOND, "first");
    }
    submit_note(self, 41, "m17", "a", now_ns + 100 * SECOND, "revised"); /* its peak was at 39 */
    assert_int_equal(lab_integer(&server, "HLEN telemetra:test:recent:moments:a"), 11);
    wait_for_server(self);
    int queries = lab_queries(behind);
    tlm_result *result = query(self, "moments", "a", 0, 9);
    assert_int_equal(lab_queries(behind), queries);
    assert_int_equal(result->row_count, 9);
    assert_memory_equal(result->cells[0].as.text, "m17", 3);
    assert_memory_equal(result->cells[1].as.text, "revised", 7);
    for (uint32_t i = 1; i < 9; i++) {
        snprintf(id, sizeof id, "m%02d", (int)((39 - i) * 23 % 40)); /* 7 * 23 = 1 modulo 40 */
        assert_memory_equal(result->cells[(size_t)i * 3].as.text, id, 3);
    }
    result->release(result);
    lab_destroy(self);
}

/* --- a server that comes and goes -------------------------------------------------------------------------------- */

static void fill_behind(int streams)
{
    static char names[LAB_ROWS_MAX / 4][16];
    static const char *const ids[] = {"m1", "m2"};
    tlm_cell sample[SAMPLE_COLUMNS], stream[STREAM_COLUMNS], note[NOTE_COLUMNS];
    for (int i = 0; i < streams; i++) {
        snprintf(names[i], sizeof names[i], "s%04d", i);
        fill_stream(stream, names[i], "from the store", i);
        lab_store_add(behind, &stream_dataset, stream);
        for (int j = 0; j < 2; j++) {
            sample_fill(sample, names[i], j * SECOND);
            sample[3] = cell_integer(i * 10 + j);
            lab_store_add(behind, &sample_dataset, sample);
        }
        fill_note(note, ids[i % 2], names[i], i * SECOND, "from the store");
        if (i % 3 == 0)
            lab_store_add(behind, &note_dataset, note);
    }
}

static void assert_filled(lab *self, int streams)
{
    int queries = lab_queries(behind);
    for (int i = 0; i < streams; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%04d", i);
        assert_int_equal(newest_count(self, name), i * 10 + 1);
        tlm_result *result = query(self, "streams", name, 0, 1);
        assert_int_equal(result->row_count, 1);
        assert_int_equal(result->cells[1].as.integer, i);
        result->release(result);
        result = query(self, "moments", name, i % 3 == 0 ? 0 : lab_clock_ns() - 300 * SECOND, 50);
        assert_int_equal(result->row_count, i % 3 == 0);
        result->release(result);
    }
    assert_int_equal(lab_queries(behind), queries); /* all of it from Redis */
}

static void an_emptied_server_is_filled_again(void **state)
{
    (void)state;
    enum { STREAMS = 700 };
    fill_behind(STREAMS);
    lab *self = lab_create_writer(&server, behind);
    lab_set(self, "refill_page", "300");
    lab_start(self);
    LAB_UNTIL(lab_is_complete(&server));
    LAB_UNTIL(lab_metric(self, "telemetra_redis_refills_total") == 1);
    wait_for_server(self);
    assert_filled(self, STREAMS);
    for (int i = 0; i < 3; i++) {
        lab_do(&server, "FLUSHALL");
        int64_t began_ms = lab_now_ms();
        LAB_UNTIL(lab_is_complete(&server));
        assert_true(lab_now_ms() - began_ms < 10000);
        assert_filled(self, STREAMS);
    }
    lab_destroy(self);
}

static void newer_rows_stay_when_older_ones_are_filled_in(void **state)
{
    (void)state;
    fill_behind(3);
    lab *self = lab_create_writer(&server, behind);
    lab_start(self);
    submit_sample(self, 1, 1, "s0001", 5 * SECOND, 99);
    submit_note(self, 2, "m9", "s0000", 50 * SECOND, "live");
    LAB_UNTIL(lab_is_complete(&server));
    wait_for_server(self);
    int queries = lab_queries(behind);
    assert_int_equal(newest_count(self, "s0001"), 99);
    tlm_result *result = query(self, "moments", "s0000", 0, 50);
    assert_int_equal(result->row_count, 2);
    assert_memory_equal(result->cells[0].as.text, "m9", 2);
    result->release(result);
    assert_int_equal(lab_queries(behind), queries);
    lab_destroy(self);
}

static void a_killed_server_is_missed_with_a_sentence_and_taken_up_again(void **state)
{
    (void)state;
    enum { STREAMS = 50 };
    tlm_cell cells[SAMPLE_COLUMNS];
    fill_behind(STREAMS);
    lab *self = lab_create_writer(&server, behind);
    lab_start(self);
    submit_sample(self, 1, 1, "other", 0, 1);
    LAB_UNTIL(lab_is_complete(&server) && lab_is_well(self));
    lab_server_kill(&server);
    LAB_UNTIL(lab_health_says(self, "refuses connections; start it"));
    sample_fill(cells, "other", SECOND);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    assert_true(lab_submit(self, 0, 1, 2, &rows) < 0);
    assert_says(self->subject.reason, "start it");
    tlm_result *result = query(self, "samples", "s0003", 0, 1); /* from the store behind, at once */
    assert_int_equal(result->cells[0].as.integer, 31);
    result->release(result);
    lab_server_start(&server);
    int64_t began_ms = lab_now_ms();
    LAB_UNTIL(lab_is_complete(&server) && lab_is_well(self));
    assert_true(lab_now_ms() - began_ms < 15000);
    wait_for_server(self);
    assert_filled(self, STREAMS);
    assert_true(lab_metric(self, "telemetra_redis_reconnects_total") >= 1);
    submit_sample(self, 1, 3, "other", 2 * SECOND, 3);
    lab_destroy(self);
}

static void a_flush_that_never_came_makes_it_fill_again(void **state)
{
    (void)state;
    lab *self = lab_create_writer(&server, behind);
    lab_start(self);
    submit_sample(self, 1, 1, "a", 0, 1);
    LAB_UNTIL(lab_is_complete(&server));
    int64_t refills = lab_metric(self, "telemetra_redis_refills_total");
    submit_sample(self, 1, 2, "a", SECOND, 2); /* follows */
    submit_sample(self, 2, 2, "a", SECOND, 2); /* repeated by the next owner */
    submit_sample(self, 2, 3, "a", SECOND, 2);
    assert_true(lab_is_complete(&server));
    submit_sample(self, 2, 5, "a", 2 * SECOND, 5);
    LAB_UNTIL(lab_metric(self, "telemetra_redis_refills_total") > refills);
    LAB_UNTIL(lab_is_complete(&server));
    lab_destroy(self);
}

static void an_emptied_server_is_filled_once_however_many_lanes_there_are(void **state)
{
    (void)state;
    tlm_cell cells[SAMPLE_COLUMNS];
    lab *self = lab_create_writer(&server, behind);
    lab_start(self);
    LAB_UNTIL(lab_metric(self, "telemetra_redis_refills_total") == 1);
    sample_fill(cells, "a", 0);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    for (uint32_t lane = 0; lane < 12; lane++)
        assert_int_equal(lab_submit(self, lane, 1, 7, &rows), 0);
    lab_do(&server, "FLUSHALL");
    LAB_UNTIL(lab_metric(self, "telemetra_redis_refills_total") == 2); /* counted once the marker is there */
    for (uint32_t lane = 0; lane < 12; lane++) {
        assert_int_equal(lab_submit(self, lane, 1, 8, &rows), 0);
        assert_true(lab_is_complete(&server));
    }
    assert_int_equal(lab_metric(self, "telemetra_redis_refills_total"), 2);
    lab_destroy(self);
}

static void a_store_that_starts_later_is_waited_for(void **state)
{
    (void)state;
    fill_behind(3);
    lab *self = lab_create_writer(&server, behind);
    __atomic_store_n(&self->is_behind_late, 1, __ATOMIC_RELAXED);
    lab_start(self);
    submit_sample(self, 1, 1, "a", 0, 1);
    LAB_UNTIL(lab_metric(self, "telemetra_redis_commands_total") > 20);
    assert_int_equal(lab_integer(&server, "EXISTS telemetra:test:marker"), 0);
    __atomic_store_n(&self->is_behind_late, 0, __ATOMIC_RELAXED);
    LAB_UNTIL(lab_is_complete(&server));
    wait_for_server(self);
    assert_filled(self, 3);
    lab_destroy(self);
}

static void a_pipeline_begun_anew_leaves_nothing_of_the_old_one(void **state)
{
    (void)state;
    lab *self = lab_create_writer(&server, behind);
    lab_start(self);
    submit_sample(self, 3, 1, "old", 900 * SECOND, 1);
    submit_sample(self, 3, 2, "both", 900 * SECOND, 2);
    LAB_UNTIL(lab_is_complete(&server));
    tlm_cell sample[SAMPLE_COLUMNS], stream[STREAM_COLUMNS];
    sample_fill(sample, "both", SECOND);
    sample[3] = cell_integer(77);
    lab_store_add(behind, &sample_dataset, sample);
    fill_stream(stream, "both", "anew", 1);
    lab_store_add(behind, &stream_dataset, stream);
    submit_sample(self, 1, 1, "both", SECOND, 77);
    LAB_UNTIL(lab_is_complete(&server) && lab_integer(&server, "EXISTS telemetra:test:last:samples:old") == 0);
    assert_int_equal(newest_count(self, "both"), 77);
    lab_destroy(self);
}

/* --- the store --------------------------------------------------------------------------------------------------- */

static void what_redis_cannot_answer_comes_from_the_store_behind(void **state)
{
    (void)state;
    fill_behind(5);
    lab *writer = lab_create_writer(&server, behind), *reader = lab_create(&server, behind);
    lab_start(writer);
    lab_start(reader);
    LAB_UNTIL(lab_is_complete(&server));
    wait_for_server(writer);
    wait_for_server(reader);
    int queries = lab_queries(behind);
    assert_int_equal(newest_count(reader, "s0002"), 21);
    assert_int_equal(lab_queries(behind), queries);
    tlm_result *result = query(reader, "samples", "s0002", 0, 100); /* more than the newest */
    assert_int_equal(result->row_count, 2);
    assert_int_equal(lab_queries(behind), queries + 1);
    result->release(result);
    assert_int_equal(newest_count(reader, "unknown"), -1);
    assert_int_equal(lab_queries(behind), queries + 2);
    result = query(reader, "moments", "unknown", lab_clock_ns() - 300 * SECOND, 10); /* none, and that is known */
    assert_int_equal(result->row_count, 0);
    assert_int_equal(lab_queries(behind), queries + 2);
    result->release(result);
    result = query(reader, "moments", "unknown", SECOND, 10); /* further back than is known */
    assert_int_equal(lab_queries(behind), queries + 3);
    result->release(result);
    lab_do(&server, "DEL telemetra:test:marker");
    redisReply *hold = lab_command(&server, "SET telemetra:test:fill somebody PX 60000");
    freeReplyObject(hold);
    queries = lab_queries(behind);
    assert_int_equal(newest_count(reader, "s0002"), 21); /* nothing is believed */
    assert_int_equal(lab_queries(behind), queries + 1);
    lab_destroy(reader);
    lab_destroy(writer);
}

static void a_frozen_server_stalls_one_query_and_no_more(void **state)
{
    (void)state;
    fill_behind(5);
    lab *writer = lab_create_writer(&server, behind);
    lab_start(writer);
    LAB_UNTIL(lab_is_complete(&server));
    wait_for_server(writer);
    kill(server.pid, SIGSTOP);
    int64_t began_ms = lab_now_ms();
    for (int i = 0; i < 200; i++)
        assert_int_equal(newest_count(writer, "s0003"), 31);
    int64_t took_ms = lab_now_ms() - began_ms;
    kill(server.pid, SIGCONT);
    assert_true(took_ms < 2000);
    wait_for_server(writer);
    LAB_UNTIL(lab_is_well(writer));
    lab_destroy(writer);
}

static void without_a_store_behind_the_rest_is_an_error_that_says_so(void **state)
{
    (void)state;
    lab *self = lab_create_writer(&server, NULL);
    lab_start(self);
    submit_sample(self, 1, 1, "a", 0, 4);
    LAB_UNTIL(lab_integer(&server, "EXISTS telemetra:test:marker") == 1);
    static const char *const columns[] = {"message_count"};
    static const tlm_order newest = {"window_end", 1, 0};
    const tlm_filter filter = {"stream_id", TLM_FILTER_EQUAL, 0, cell_text("a")};
    tlm_query asked = {.struct_size = sizeof asked,
                       .limit = 1,
                       .dataset = "samples",
                       .columns = columns,
                       .column_count = 1,
                       .filters = &filter,
                       .filter_count = 1,
                       .orders = &newest,
                       .order_count = 1};
    tlm_result *result = NULL;
    LAB_UNTIL(self->subject.store->query(self->subject.instance, &asked, &result, &self->subject.error) == 0);
    assert_int_equal(result->cells[0].as.integer, 4);
    result->release(result);
    asked.limit = 10;
    assert_int_equal(self->subject.store->query(self->subject.instance, &asked, &result, &self->subject.error), -EIO);
    assert_says(self->subject.error.text, "no other store");
    lab_destroy(self);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_url_that_cannot_be_used_is_refused_without_its_password),
        TEST(an_expiry_below_what_is_asked_for_is_refused),
        TEST(each_trouble_has_a_sentence_that_says_what_to_do),
        TEST(the_right_password_and_database_work),
        TEST(newest_rows_win_in_whatever_order_they_come),
        TEST(many_streams_of_one_flush_are_all_kept),
        TEST(of_one_time_the_later_owner_and_flush_win),
        TEST(what_is_kept_expires),
        TEST(scripts_that_the_server_forgot_are_loaded_again),
        TEST(moments_are_revised_and_the_oldest_go),
        TEST(an_emptied_server_is_filled_again),
        TEST(newer_rows_stay_when_older_ones_are_filled_in),
        TEST(a_killed_server_is_missed_with_a_sentence_and_taken_up_again),
        TEST(a_flush_that_never_came_makes_it_fill_again),
        TEST(an_emptied_server_is_filled_once_however_many_lanes_there_are),
        TEST(a_store_that_starts_later_is_waited_for),
        TEST(a_pipeline_begun_anew_leaves_nothing_of_the_old_one),
        TEST(what_redis_cannot_answer_comes_from_the_store_behind),
        TEST(a_frozen_server_stalls_one_query_and_no_more),
        TEST(without_a_store_behind_the_rest_is_an_error_that_says_so),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
