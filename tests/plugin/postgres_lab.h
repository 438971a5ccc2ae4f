/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file postgres_lab.h
 * A schema of its own in a real PostgreSQL for each test, and a connection to look into it. The server is the one whose
 * addresses stand in the file that TELEMETRA_SERVERS_ENV names (infra/servers). Include after store_trial.h.
 */
#ifndef TLM_TESTS_PLUGIN_POSTGRES_LAB_H
#define TLM_TESTS_PLUGIN_POSTGRES_LAB_H

#include <libpq-fe.h>
#include <time.h>
#include <unistd.h>

/** Where the server is. */
typedef struct lab_server {
    char host[64], port[16], user[64], password[128], database[64];
} lab_server;

/** First in a test's fixture. */
typedef struct lab {
    lab_server server;
    char schema[64];
    subject postgres;
    char answer[1024]; /* of lab_ask */
} lab;

static inline void lab_keep(char *room, size_t size, const char *line, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(line, name, length) == 0 && line[length] == '=')
        snprintf(room, size, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
}

/** Reads a file of NAME=VALUE lines. */
static inline void lab_read_server(lab_server *server, const char *path)
{
    char line[256];
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file)
        fail_msg("TELEMETRA_SERVERS_ENV names no file; run this by ctest, or after infra/servers start DIR postgres");
    while (fgets(line, sizeof line, file)) {
        lab_keep(server->host, sizeof server->host, line, "POSTGRES_HOST");
        lab_keep(server->port, sizeof server->port, line, "POSTGRES_PORT");
        lab_keep(server->user, sizeof server->user, line, "POSTGRES_USER");
        lab_keep(server->password, sizeof server->password, line, "POSTGRES_PASSWORD");
        lab_keep(server->database, sizeof server->database, line, "POSTGRES_DB");
    }
    fclose(file);
}

static inline PGconn *lab_connect(const lab *self)
{
    const lab_server *server = &self->server;
    const char *names[] = {"host", "port", "user", "password", "dbname", "options", NULL};
    char options[128];
    snprintf(options, sizeof options, "-csearch_path=%s -cclient_min_messages=error", self->schema);
    const char *values[] = {server->host,     server->port, server->user, server->password,
                            server->database, options,      NULL};
    PGconn *connection = PQconnectdbParams(names, values, 0);
    if (PQstatus(connection) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(connection));
    return connection;
}

/** Runs SQL on an open connection; the first value of the last result's first row as text, "(null)" for null. */
static inline char *lab_ask_on(lab *self, PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(connection));
    self->answer[0] = '\0';
    if (PQntuples(result) > 0)
        snprintf(self->answer, sizeof self->answer, "%s",
                 PQgetisnull(result, 0, 0) ? "(null)" : PQgetvalue(result, 0, 0));
    PQclear(result);
    return self->answer;
}

/** The same on a connection of its own. */
static inline char *lab_ask(lab *self, const char *sql)
{
    PGconn *connection = lab_connect(self);
    lab_ask_on(self, connection, sql);
    PQfinish(connection);
    return self->answer;
}

static inline void lab_option(lab *self, const char *name, const char *text)
{
    test_config_set(self->postgres.component, self->postgres.config, name, text);
}

/** Sets a subject's options to the lab's server and schema. */
static inline void lab_aim(const lab *self, subject *postgres)
{
    const lab_server *server = &self->server;
    const char *const pairs[][2] = {{"host", server->host},         {"port", server->port},
                                    {"user", server->user},         {"password", server->password},
                                    {"database", server->database}, {"schema", self->schema}};
    for (size_t i = 0; i < TLM_COUNT(pairs); i++)
        test_config_set(postgres->component, postgres->config, pairs[i][0], pairs[i][1]);
    postgres->host.datasets[0] = &sample_dataset;
    postgres->host.datasets[1] = &stream_dataset;
    postgres->host.dataset_count = 2;
}

static inline void lab_init(lab *self, const char *server_path)
{
    static unsigned count;
    memset(self, 0, sizeof *self);
    lab_read_server(&self->server, server_path);
    snprintf(self->schema, sizeof self->schema, "test_%d_%u", (int)getpid(), count++);
    subject_init(&self->postgres, "postgres");
    lab_aim(self, &self->postgres);
}

static inline void lab_finish(lab *self)
{
    char sql[512];
    subject_finish(&self->postgres);
    snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", self->schema);
    lab_ask(self, sql);
}

static inline int64_t lab_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void lab_pause(int milliseconds)
{
    const struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/** Waits until SQL answers `expected`; fails the test after 30 s. */
static inline void lab_await(lab *self, const char *sql, const char *expected)
{
    PGconn *connection = lab_connect(self);
    int64_t until = lab_now_ms() + 30000;
    while (strcmp(lab_ask_on(self, connection, sql), expected) != 0) {
        if (lab_now_ms() > until)
            fail_msg("%s: \"%s\", expected \"%s\"", sql, self->answer, expected);
        lab_pause(10);
    }
    PQfinish(connection);
}

/** The health that a subject has told last. */
static inline uint32_t lab_health(subject *postgres)
{
    pthread_mutex_lock(&postgres->host.lock);
    uint32_t status = postgres->host.health_status;
    pthread_mutex_unlock(&postgres->host.lock);
    return status;
}

/** Its sentence, or with `log` the last message of the log; valid until the next call. */
static inline const char *lab_told(subject *postgres, bool log)
{
    static char text[TEST_TEXT_SIZE];
    pthread_mutex_lock(&postgres->host.lock);
    memcpy(text, log ? postgres->host.log : postgres->host.health, sizeof text);
    pthread_mutex_unlock(&postgres->host.lock);
    return text;
}

/** Waits until the instance's health is `status`; fails the test after 30 s. */
static inline void lab_await_health(lab *self, uint32_t status)
{
    int64_t until = lab_now_ms() + 30000;
    while (lab_health(&self->postgres) != status) {
        if (lab_now_ms() > until)
            fail_msg("health does not become %u: %s", status, lab_told(&self->postgres, false));
        lab_pause(10);
    }
}

static inline int64_t lab_metric(lab *self, const char *name)
{
    for (uint32_t i = self->postgres.host.metric_count; i-- > 0;) { /* each start opens them anew */
        if (strcmp(self->postgres.host.metrics[i].name, name) == 0)
            return __atomic_load_n(&self->postgres.host.metrics[i].value, __ATOMIC_RELAXED);
    }
    fail_msg("there is no metric %s", name);
    return 0;
}

#endif
