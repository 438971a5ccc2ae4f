/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of `windows` into PostgreSQL through the plugin's commits, and no other work.
 *
 *     bench_postgres SCHEMA ROWS LANES FLUSH_ROWS     to the server of POSTGRES_HOST, _PORT, _USER, _PASSWORD, _DB
 *
 * Rows are made in memory before the measured time; each lane commits flush after flush, its next one when the last was
 * kept. Prints "rows N seconds S cpu_seconds C", the CPU of this process alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"

#include <time.h>

enum { LANES_MAX = 64, SKETCH_BYTES = 96, TEXT_BYTES = 24 };

typedef struct {
    subject *postgres;
    const tlm_dataset *dataset;
    uint32_t lane, rows, flush_rows;
    uint64_t epoch;
    tlm_cell *cells;
    char (*texts)[TEXT_BYTES];
    char sketch[SKETCH_BYTES];
} worker;

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static const char emotes[] =
    "[{\"name\":\"Kappa\",\"count\":41},{\"name\":\"PogChamp\",\"count\":33},{\"name\":\"LUL\","
    "\"count\":28},{\"name\":\"monkaS\",\"count\":11},{\"name\":\"TriHard\",\"count\":7}]";

/* A value of a column's type, of the size that real windows have. */
static tlm_cell make_cell(worker *self, const tlm_column *column, uint32_t row)
{
    switch (column->type) {
    case TLM_COLUMN_TEXT:
        return cell_text(self->texts[row]);
    case TLM_COLUMN_JSON:
        return cell_text(strcmp(column->name, "amounts") == 0 ? "{\"USD\":\"12.5\"}" : emotes);
    case TLM_COLUMN_BYTES:
        return cell_bytes(self->sketch, SKETCH_BYTES);
    case TLM_COLUMN_DECIMAL:
        return cell_wide(12345 + row % 100000);
    case TLM_COLUMN_TIME:
        /* A thousand streams a lane, a window each every ten seconds. */
        return cell_integer((INT64_C(1700000000) + row / 1000 * 10) * 1000000000);
    default:
        return cell_integer(row % 5000);
    }
}

static void make_rows(worker *self)
{
    uint32_t columns = self->dataset->column_count;
    self->cells = calloc((size_t)self->rows * columns, sizeof *self->cells);
    self->texts = calloc(self->rows, sizeof *self->texts);
    for (uint32_t i = 0; i < SKETCH_BYTES; i++)
        self->sketch[i] = (char)(i * 37 + self->lane);
    for (uint32_t row = 0; row < self->rows; row++) {
        snprintf(self->texts[row], TEXT_BYTES, "stream_%02u_%04u", self->lane, row % 1000);
        for (uint32_t i = 0; i < columns; i++)
            self->cells[(size_t)row * columns + i] = make_cell(self, &self->dataset->columns[i], row);
    }
}

static void *commit_all(void *context)
{
    worker *self = context;
    uint64_t sequence = 0;
    for (uint32_t first = 0; first < self->rows; first += self->flush_rows) {
        uint32_t count = self->rows - first < self->flush_rows ? self->rows - first : self->flush_rows;
        tlm_rows rows = rows_of(self->dataset, self->cells + (size_t)first * self->dataset->column_count, count);
        answer waiting;
        answer_init(&waiting);
        const tlm_rows *list = &rows;
        tlm_commit commit = {.struct_size = sizeof commit,
                             .record = {"{}", 2},
                             .flush = {.struct_size = sizeof(tlm_flush),
                                       .lane = self->lane,
                                       .epoch = self->epoch,
                                       .sequence = ++sequence,
                                       .rows = &list,
                                       .rows_count = 1}};
        self->postgres->checkpoint->commit(self->postgres->instance, &commit, answer_done, &waiting);
        if (answer_wait(&waiting) < 0) {
            fprintf(stderr, "%s\n", waiting.reason);
            exit(1);
        }
    }
    return NULL;
}

static const tlm_dataset *find_windows(void)
{
    const tlm_component *window = test_component("window", "window");
    for (uint32_t i = 0; i < window->dataset_count; i++) {
        if (strcmp(window->datasets[i]->id, "windows") == 0)
            return window->datasets[i];
    }
    fprintf(stderr, "the window plugin has no dataset windows\n");
    exit(1);
}

static void start_postgres(subject *postgres, const tlm_dataset *dataset, const char *schema)
{
    static const char *const names[][2] = {{"host", "POSTGRES_HOST"},
                                           {"port", "POSTGRES_PORT"},
                                           {"user", "POSTGRES_USER"},
                                           {"password", "POSTGRES_PASSWORD"},
                                           {"database", "POSTGRES_DB"}};
    subject_init(postgres, "postgres");
    for (size_t i = 0; i < TLM_COUNT(names); i++) {
        if (getenv(names[i][1]))
            test_config_set(postgres->component, postgres->config, names[i][0], getenv(names[i][1]));
    }
    test_config_set(postgres->component, postgres->config, "schema", schema);
    test_config_set(postgres->component, postgres->config, "statement_timeout", "60s");
    postgres->host.datasets[0] = dataset;
    postgres->host.dataset_count = 1;
    if (subject_start(postgres) < 0) {
        fprintf(stderr, "%s\n", postgres->error.text);
        exit(1);
    }
}

int main(int count, char **arguments)
{
    static worker workers[LANES_MAX];
    pthread_t threads[LANES_MAX];
    subject postgres;
    if (count != 5) {
        fprintf(stderr, "usage: %s SCHEMA ROWS LANES FLUSH_ROWS\n", arguments[0]);
        return 2;
    }
    uint32_t rows = (uint32_t)atoi(arguments[2]), lanes = (uint32_t)atoi(arguments[3]);
    if (lanes < 1 || lanes > LANES_MAX)
        return 2;
    const tlm_dataset *dataset = find_windows();
    start_postgres(&postgres, dataset, arguments[1]);
    for (uint32_t i = 0; i < lanes; i++) {
        taken told;
        if (subject_take(&postgres, i, "", &told) < 0)
            return 1;
        workers[i] = (worker){.postgres = &postgres,
                              .dataset = dataset,
                              .lane = i,
                              .rows = rows / lanes,
                              .flush_rows = (uint32_t)atoi(arguments[4]),
                              .epoch = told.epoch};
        make_rows(&workers[i]);
    }
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint32_t i = 0; i < lanes; i++)
        pthread_create(&threads[i], NULL, commit_all, &workers[i]);
    for (uint32_t i = 0; i < lanes; i++)
        pthread_join(threads[i], NULL);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    subject_stop(&postgres);
    printf("rows %u seconds %.3f cpu_seconds %.3f\n", rows / lanes * lanes, wall, cpu);
    return 0;
}
