/* SPDX-License-Identifier: Apache-2.0 */
/* The sink while its broker is killed: one of the test's own, started and killed by infra/servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"
#include "kafka_reader.h"
#include "kafka_sink_lab.h"

#include <sys/wait.h>

enum { STREAMS = 40, LANES = 3, FLUSHES = 24, FLUSH_ROWS = 5000, KILLS = 2, TRIES_MAX = 100 };

static char folder[] = "/tmp/telemetra-kafka-XXXXXX", servers[128];

/* Runs `infra/servers COMMAND FOLDER [kafka]` and waits. */
static void run_servers(const char *command, const char *name)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl(TLM_SERVERS, "servers", command, folder, name, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* --- lanes that write ----------------------------------------------------------------------------------------------
 */

/* A lane: flush after flush, each until it is kept, as the host does it. */
typedef struct {
    sink_lab *lab;
    uint32_t number, tries;
    int kept; /* flushes, atomic */
    pthread_t thread;
} lane;

static void fill_flush(const lane *self, int flush, tlm_cell *cells, char (*streams)[24], char (*values)[32])
{
    for (int i = 0; i < FLUSH_ROWS; i++) {
        int stream = i % STREAMS;
        snprintf(streams[i], 24, "lane %u stream %d", self->number, stream);
        int size =
            snprintf(values[i], 32, "%u %d %d", self->number, stream, flush * (FLUSH_ROWS / STREAMS) + i / STREAMS);
        event_fill(cells + (size_t)i * EVENT_COLUMNS, 0, streams[i], values[i], (size_t)size);
    }
}

static int submit_once(lane *self, const tlm_rows *rows, uint64_t sequence)
{
    answer waiting;
    answer_init(&waiting);
    tlm_flush flush = {sizeof flush, self->number, 1, sequence, &rows, 1, 0};
    self->lab->subject.sink->submit(self->lab->subject.instance, &flush, answer_done, &waiting);
    return answer_wait(&waiting);
}

static void *write_lane(void *context)
{
    lane *self = context;
    tlm_cell *cells = calloc((size_t)FLUSH_ROWS * EVENT_COLUMNS, sizeof *cells);
    char(*streams)[24] = calloc(FLUSH_ROWS, sizeof *streams), (*values)[32] = calloc(FLUSH_ROWS, sizeof *values);
    for (int flush = 0; flush < FLUSHES; flush++) {
        fill_flush(self, flush, cells, streams, values);
        tlm_rows rows = rows_of(&events_dataset, cells, FLUSH_ROWS);
        for (int result = -1; result < 0; self->tries++) {
            result = submit_once(self, &rows, (uint64_t)flush + 1);
            assert_int_not_equal(result, -EBADMSG);
            assert_true(self->tries < TRIES_MAX);
        }
        __atomic_add_fetch(&self->kept, 1, __ATOMIC_RELEASE);
    }
    free(cells);
    free(streams);
    free(values);
    return NULL;
}

static int kept_of(lane *lanes)
{
    int kept = 0;
    for (int i = 0; i < LANES; i++)
        kept += __atomic_load_n(&lanes[i].kept, __ATOMIC_ACQUIRE);
    return kept;
}

static void wait_kept(lane *lanes, int count)
{
    for (int i = 0; kept_of(lanes) < count; i++) {
        assert_true(i < 60000);
        usleep(2000);
    }
}

/* --- what is in the topic ------------------------------------------------------------------------------------------
 */

typedef struct {
    int next[LANES][STREAMS]; /* of a stream's values, those before it were seen */
    uint64_t repeated;
} seen_values;

/* A value may come again, but none before those that it follows. */
static void see_value(void *context, const rd_kafka_message_t *message)
{
    seen_values *seen = context;
    char text[32];
    int number, stream, value;
    snprintf(text, sizeof text, "%.*s", (int)message->len, (const char *)message->payload);
    assert_int_equal(sscanf(text, "%d %d %d", &number, &stream, &value), 3);
    int *next = &seen->next[number][stream];
    assert_true(value <= *next);
    seen->repeated += value < *next;
    *next += value == *next;
}

static void killing_the_broker_under_load_loses_nothing_and_keeps_the_order(void **state)
{
    (void)state;
    sink_lab lab;
    static lane lanes[LANES];
    static seen_values seen;
    sink_lab_init(&lab, servers);
    sink_lab_start(&lab);
    for (uint32_t i = 0; i < LANES; i++) {
        lanes[i] = (lane){.lab = &lab, .number = i};
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, write_lane, &lanes[i]), 0);
    }
    for (int i = 1; i <= KILLS; i++) {
        wait_kept(lanes, i * LANES * FLUSHES / (KILLS + 2));
        run_servers("kill", "kafka");
        run_servers("start", "kafka");
    }
    uint32_t tries = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        pthread_join(lanes[i].thread, NULL);
        tries += lanes[i].tries;
    }
    subject_finish(&lab.subject);
    uint64_t count = kafka_read(servers, lab.topics[0], see_value, &seen);
    for (int i = 0; i < LANES; i++) {
        for (int j = 0; j < STREAMS; j++)
            assert_int_equal(seen.next[i][j], FLUSHES * (FLUSH_ROWS / STREAMS));
    }
    print_message("%llu messages, %llu of them repeated; %u submits for %d flushes\n", (unsigned long long)count,
                  (unsigned long long)seen.repeated, tries, LANES * FLUSHES);
    /* Only a flush that failed is sent again. */
    assert_true(tries > LANES * FLUSHES || seen.repeated == 0);
}

static int start_server(void **state)
{
    char path[sizeof folder + 8];
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    run_servers("start", "kafka");
    snprintf(path, sizeof path, "%s/env", folder);
    snprintf(servers, sizeof servers, "%.127s", kafka_env(path, "KAFKA_BOOTSTRAP_SERVERS"));
    return 0;
}

static int remove_server(void **state)
{
    (void)state;
    run_servers("remove", NULL);
    char *const arguments[] = {(char[]){"rm"}, (char[]){"-rf"}, folder, NULL};
    pid_t child = fork();
    if (child == 0) {
        execvp("rm", arguments);
        _exit(127);
    }
    return waitpid(child, NULL, 0) == child ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killing_the_broker_under_load_loses_nothing_and_keeps_the_order),
    };
    return cmocka_run_group_tests(tests, start_server, remove_server);
}
