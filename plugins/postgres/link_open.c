/* SPDX-License-Identifier: Apache-2.0 */
#include "link_inside.h"

#include "common/clock.h"
#include "statement.h"

#include <poll.h>

/* From what the server says about a connection that it does not give. */
static int fail_connect(tlm_link *link, tlm_error *error)
{
    char text[512];
    const char *message = PQerrorMessage(link->connection);
    tlm_failure_find(message, link->sqlstate);
    tlm_failure_flatten(message, text, sizeof text);
    int result = link->sqlstate[0] ? tlm_failure_result(link->sqlstate) : -EAGAIN;
    const char *advice = link->sqlstate[0]
                             ? tlm_failure_advice(link->sqlstate)
                             : "; look at the options host and port (POSTGRES_HOST, POSTGRES_PORT) and whether the "
                               "server runs there: it is tried again";
    tlm_link_fail(link, error, result, "cannot connect: %s%s", text, advice);
    tlm_link_drop(link);
    return result;
}

static int start_connection(tlm_link *link, tlm_error *error)
{
    const tlm_server_settings *settings = &link->server->settings;
    char port[16], idle[16], interval[16], count[16];
    (void)snprintf(port, sizeof port, "%lld", (long long)settings->port);
    (void)snprintf(idle, sizeof idle, "%d", TLM_SERVER_PROBE_IDLE_S);
    (void)snprintf(interval, sizeof interval, "%d", TLM_SERVER_PROBE_INTERVAL_S);
    (void)snprintf(count, sizeof count, "%d", TLM_SERVER_PROBE_COUNT);
    /* The first dbname is read as a connection string; it goes before what stands in front of it, and what stands
     * behind it goes before that (libpq 34.1.2). */
    const char *pairs[][2] = {{"keepalives_idle", idle},      {"keepalives_interval", interval},
                              {"keepalives_count", count},    {"dbname", settings->parameters},
                              {"host", settings->host},       {"port", port},
                              {"user", settings->user},       {"password", settings->password},
                              {"dbname", settings->database}, {"application_name", settings->application},
                              {"sslmode", settings->sslmode}, {"client_encoding", "UTF8"}};
    const char *names[TLM_COUNT(pairs) + 1] = {NULL}, *values[TLM_COUNT(pairs) + 1] = {NULL};
    for (size_t i = 0; i < TLM_COUNT(pairs); i++) {
        names[i] = pairs[i][0];
        values[i] = pairs[i][1];
    }
    link->connection = PQconnectStartParams(names, values, 1);
    if (!link->connection)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    if (PQstatus(link->connection) == CONNECTION_BAD)
        return fail_connect(link, error);
    (void)PQsetErrorVerbosity(link->connection, PQERRORS_VERBOSE);
    PQsetNoticeProcessor(link->connection, tlm_statement_ignore_notice, NULL);
    return 0;
}

static int await_connection(tlm_link *link, tlm_error *error)
{
    int64_t deadline_ms = tlm_clock_ms() + link->server->settings.connect_timeout_ms;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status == PGRES_POLLING_WRITING || status == PGRES_POLLING_READING) {
        if (tlm_link_wait(link, status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN, deadline_ms, true) < 0) {
            tlm_link_drop(link);
            link->sqlstate[0] = '\0';
            if (atomic_load(&link->server->stop_ms))
                return tlm_link_fail(link, error, -ECANCELED, "cannot connect: given up, as this process stops");
            return tlm_link_fail(link, error, -EAGAIN,
                                 "cannot connect: no answer for %lld s; look at the options host and port "
                                 "(POSTGRES_HOST, POSTGRES_PORT) and at firewalls in between: it is tried again",
                                 (long long)(link->server->settings.connect_timeout_ms / 1000));
        }
        status = PQconnectPoll(link->connection);
    }
    if (status != PGRES_POLLING_OK)
        return fail_connect(link, error);
    (void)PQsetErrorVerbosity(link->connection, PQERRORS_DEFAULT);
    return PQsetnonblocking(link->connection, 1) == 0 ? 0 : tlm_link_fail_last(link, NULL, "connect", error);
}

/* Looks at what the server told on its own account: a closed connection has something to read. */
static void look_after(tlm_link *link)
{
    struct pollfd end = {.fd = PQsocket(link->connection), .events = POLLIN};
    while (poll(&end, 1, 0) > 0) {
        if (!PQconsumeInput(link->connection) || PQstatus(link->connection) == CONNECTION_BAD ||
            (end.revents & POLLERR)) {
            atomic_fetch_add(&link->server->lost, 1);
            tlm_link_drop(link);
            return;
        }
        PGresult *told = PQisBusy(link->connection) ? NULL : PQgetResult(link->connection);
        PQclear(told);
    }
}

int tlm_link_open(tlm_link *link, tlm_error *error)
{
    char sql[TLM_STATEMENT_SESSION_SIZE];
    if (link->connection)
        look_after(link);
    if (link->connection && PQtransactionStatus(link->connection) == PQTRANS_IDLE)
        return 0;
    tlm_link_drop(link);
    int result = tlm_server_refuses(link->server, error);
    if (result < 0)
        return result;
    result = start_connection(link, error);
    if (result == 0)
        result = await_connection(link, error);
    if (result == 0)
        result = tlm_statement_session(link, sql, error);
    if (result == 0)
        result = tlm_link_run(link, sql, "set up a session", error);
    if (result < 0)
        tlm_link_drop(link);
    tlm_server_note(link->server, result, error);
    return result;
}
