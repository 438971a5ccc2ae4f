/* SPDX-License-Identifier: Apache-2.0 */
#include "link_inside.h"

#include "common/clock.h"
#include "common/fault_point.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>

/** Bytes of a COPY given to libpq at once, so that it holds little of it a second time. */
enum { COPY_PIECE = 65536 };

void tlm_link_init(tlm_link *link, tlm_server *server, bool is_reader)
{
    *link = (tlm_link){.server = server, .is_reader = is_reader};
}

void tlm_link_drop(tlm_link *link)
{
    for (uint32_t i = 0; i < TLM_LINK_STATEMENTS_MAX; i++)
        free(link->kept[i].sql);
    memset(link->kept, 0, sizeof link->kept);
    PQfinish(link->connection);
    link->connection = NULL;
}

void tlm_link_finish(tlm_link *link)
{
    tlm_link_drop(link);
}

/* --- failures ---------------------------------------------------------------------------------------------------- */

int tlm_link_fail(const tlm_link *link, tlm_error *error, int result, const char *format, ...)
{
    char text[TLM_ERROR_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return tlm_error_set(error, result, "%.300s: %.700s", link->server->place, text);
}

int tlm_link_fail_last(tlm_link *link, const PGresult *failed, const char *what, tlm_error *error)
{
    char text[512];
    const char *code = failed ? PQresultErrorField(failed, PG_DIAG_SQLSTATE) : NULL;
    const char *message = failed ? PQresultErrorField(failed, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *context = failed ? PQresultErrorField(failed, PG_DIAG_CONTEXT) : NULL;
    const char *detail = failed ? PQresultErrorField(failed, PG_DIAG_MESSAGE_DETAIL) : NULL;
    (void)snprintf(link->sqlstate, sizeof link->sqlstate, "%s", code ? code : "");
    tlm_failure_flatten(message ? message : PQerrorMessage(link->connection), text, sizeof text);
    bool is_dead = PQstatus(link->connection) == CONNECTION_BAD;
    const char *more = detail ? detail : strncmp(link->sqlstate, "22", 2) == 0 && context ? context : NULL;
    int result = is_dead ? -EIO : tlm_failure_result(link->sqlstate);
    tlm_link_fail(link, error, result, "%s: %s%s%.200s%s%s", what, *text ? text : "the connection was lost",
                  more ? " (" : "", more ? more : "", more ? ")" : "", tlm_failure_advice(link->sqlstate));
    if (is_dead) {
        link->sqlstate[0] = '\0';
        atomic_fetch_add(&link->server->lost, 1);
        tlm_link_drop(link);
    } else if (result == -EROFS) {
        tlm_link_drop(link); /* a session stays read-only: the next one may find another server, or another setting */
    }
    return result;
}

static int give_up(tlm_link *link, const char *what, tlm_error *error)
{
    int64_t stop_ms = atomic_load(&link->server->stop_ms);
    link->sqlstate[0] = '\0';
    tlm_link_drop(link);
    if (stop_ms)
        return tlm_link_fail(link, error, -ECANCELED, "%s: given up, as this process stops", what);
    atomic_fetch_add(&link->server->lost, 1);
    return tlm_link_fail(link, error, -ETIMEDOUT,
                         "%s: the server does not answer; the connection was given up and is tried again", what);
}

/* --- waiting ----------------------------------------------------------------------------------------------------- */

static int64_t deadline_of(const tlm_link *link)
{
    int64_t given = link->deadline_ms;
    return tlm_clock_ms() + (given ? given : link->server->settings.statement_timeout_ms + TLM_SERVER_GRACE_MS);
}

int tlm_link_wait(const tlm_link *link, short events, int64_t deadline_ms, bool now)
{
    for (;;) {
        int64_t stop_ms = atomic_load(&link->server->stop_ms);
        if (stop_ms && now)
            return -ETIMEDOUT;
        int64_t until_ms = stop_ms && stop_ms < deadline_ms ? stop_ms : deadline_ms;
        int64_t left_ms = until_ms - tlm_clock_ms();
        if (left_ms <= 0)
            return -ETIMEDOUT;
        struct pollfd ends[2] = {{.fd = PQsocket(link->connection), .events = events},
                                 {.fd = link->server->wake_fd, .events = POLLIN}};
        int ready = poll(ends, stop_ms ? 1 : 2, left_ms < INT_MAX ? (int)left_ms : INT_MAX);
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready > 0 && ends[0].revents)
            return 0;
    }
}

/* Sends what libpq still holds. 0, -EPIPE when the connection is dead, -ETIMEDOUT. */
static int flush(const tlm_link *link, int64_t deadline_ms)
{
    int left;
    while ((left = PQflush(link->connection)) > 0) {
        int result = tlm_link_wait(link, POLLIN | POLLOUT, deadline_ms, false);
        if (result < 0)
            return result;
        if (!PQconsumeInput(link->connection))
            return -EPIPE;
    }
    return left < 0 ? -EPIPE : 0;
}

/* The next result, NULL when there is none any more. */
static int receive(const tlm_link *link, int64_t deadline_ms, PGresult **ret_result)
{
    while (PQisBusy(link->connection)) {
        int result = tlm_link_wait(link, POLLIN, deadline_ms, false);
        if (result < 0)
            return result;
        if (!PQconsumeInput(link->connection))
            break; /* PQgetResult tells what has happened */
    }
    *ret_result = PQgetResult(link->connection);
    return 0;
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN;
}

/* The outcome of what was sent: the last good result, or the first failure. */
static int collect(tlm_link *link, const char *what, PGresult **ret_last, tlm_error *error)
{
    int64_t deadline_ms = deadline_of(link);
    PGresult *kept = NULL, *next = NULL;
    int result = flush(link, deadline_ms);
    for (;;) {
        if (result == 0 || result == -EPIPE)
            result = receive(link, deadline_ms, &next);
        if (result < 0) {
            PQclear(kept);
            return give_up(link, what, error);
        }
        if (!next)
            break;
        if (kept && !is_good(kept)) {
            PQclear(next);
        } else {
            PQclear(kept);
            kept = next;
        }
        if (PQresultStatus(kept) == PGRES_COPY_IN || PQstatus(link->connection) == CONNECTION_BAD)
            break;
    }
    if (!kept || !is_good(kept)) {
        result = tlm_link_fail_last(link, kept, what, error);
        PQclear(kept);
        return result;
    }
    *ret_last = kept;
    return 0;
}

/* --- statements -------------------------------------------------------------------------------------------------- */

static bool is_commit(const char *sql)
{
    return strcmp(sql, "COMMIT") == 0;
}

static int send_plain(tlm_link *link, const char *sql, const char *what, PGresult **ret_last, tlm_error *error)
{
    link->sqlstate[0] = '\0';
    if (!link->connection)
        return tlm_link_fail(link, error, -EIO, "%s: there is no connection", what);
    if (!PQsendQuery(link->connection, sql))
        return tlm_link_fail_last(link, NULL, what, error);
    if (is_commit(sql))
        TLM_FAULT_POINT("postgres.commit_sent");
    return collect(link, what, ret_last, error);
}

int tlm_link_run(tlm_link *link, const char *sql, const char *what, tlm_error *error)
{
    PGresult *last = NULL;
    int result = send_plain(link, sql, what, &last, error);
    if (result == 0 && is_commit(sql) && strcmp(PQcmdStatus(last), "COMMIT") != 0)
        result = tlm_link_fail(link, error, -EIO, "%s: the server rolled it back", what);
    PQclear(last);
    return result;
}

void tlm_link_rollback(tlm_link *link)
{
    char sqlstate[sizeof link->sqlstate];
    memcpy(sqlstate, link->sqlstate, sizeof sqlstate);
    /* Where it fails the connection is dead or its transaction is, and the first failure is the one to report. */
    if (link->connection && PQtransactionStatus(link->connection) != PQTRANS_IDLE &&
        tlm_link_run(link, "ROLLBACK", "roll back", NULL) < 0 && link->connection)
        tlm_link_drop(link);
    memcpy(link->sqlstate, sqlstate, sizeof sqlstate);
}

/* The place of that statement, else a free one, else the one unused for longest. */
static uint32_t find_place(const tlm_link *link, const char *sql)
{
    uint32_t oldest = 0;
    for (uint32_t i = 0; i < TLM_LINK_STATEMENTS_MAX; i++) {
        if (link->kept[i].sql && strcmp(link->kept[i].sql, sql) == 0)
            return i;
        if (link->kept[i].used < link->kept[oldest].used)
            oldest = i;
    }
    return oldest;
}

static int make_room(tlm_link *link, uint32_t index, const char *what, tlm_error *error)
{
    char sql[48];
    if (!link->kept[index].sql)
        return 0;
    free(link->kept[index].sql);
    link->kept[index] = (tlm_kept_statement){0};
    (void)snprintf(sql, sizeof sql, "DEALLOCATE telemetra_%u", index);
    return tlm_link_run(link, sql, what, error);
}

static int prepare(tlm_link *link, uint32_t index, const char *sql, const tlm_params *params, const char *what,
                   tlm_error *error)
{
    char name[32];
    PGresult *last = NULL;
    int result = make_room(link, index, what, error);
    if (result < 0)
        return result;
    char *copy = strdup(sql);
    if (!copy)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    (void)snprintf(name, sizeof name, "telemetra_%u", index);
    if (!PQsendPrepare(link->connection, name, sql, params->count, params->types))
        result = tlm_link_fail_last(link, NULL, what, error);
    else
        result = collect(link, what, &last, error);
    PQclear(last);
    if (result < 0)
        free(copy);
    else
        link->kept[index].sql = copy;
    return result;
}

/* Sends a statement, preparing it where it is not yet. */
static int send_kept(tlm_link *link, const char *sql, const tlm_params *params, const char *what, tlm_error *error)
{
    static const tlm_params none = {0};
    char name[32];
    int formats[TLM_PARAMS_MAX];
    const tlm_params *given = params ? params : &none;
    link->sqlstate[0] = '\0';
    if (!link->connection)
        return tlm_link_fail(link, error, -EIO, "%s: there is no connection", what);
    uint32_t index = find_place(link, sql);
    if (!link->kept[index].sql || strcmp(link->kept[index].sql, sql) != 0) {
        int result = prepare(link, index, sql, given, what, error);
        if (result < 0)
            return result;
    }
    link->kept[index].used = ++link->clock;
    for (int i = 0; i < given->count; i++)
        formats[i] = 1;
    (void)snprintf(name, sizeof name, "telemetra_%u", index);
    if (!PQsendQueryPrepared(link->connection, name, given->count, given->values, given->sizes, formats, 1))
        return tlm_link_fail_last(link, NULL, what, error);
    return 0;
}

int tlm_link_ask(tlm_link *link, const char *sql, const tlm_params *params, const char *what, PGresult **ret_rows,
                 tlm_error *error)
{
    int result = send_kept(link, sql, params, what, error);
    return result < 0 ? result : collect(link, what, ret_rows, error);
}

int tlm_link_change(tlm_link *link, const char *sql, const tlm_params *params, const char *what, tlm_error *error)
{
    PGresult *last = NULL;
    int result = tlm_link_ask(link, sql, params, what, &last, error);
    if (result == 0)
        result = atoi(PQcmdTuples(last));
    PQclear(last);
    return result;
}

/* Hands on rows until the end: 0, the visitor's negative, or that of the connection. */
static int visit_rows(tlm_link *link, const char *what, int (*row)(void *context, const PGresult *row), void *context,
                      tlm_error *error)
{
    int64_t deadline_ms = deadline_of(link);
    PGresult *next;
    int told = 0, result = 0;
    while ((result = receive(link, deadline_ms, &next)) == 0 && next) {
        ExecStatusType status = PQresultStatus(next);
        if (status == PGRES_SINGLE_TUPLE) {
            told = row(context, next);
            if (told < 0) {
                PQclear(next);
                tlm_link_drop(link); /* quicker than to read what nobody wants */
                return told;
            }
        } else if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK && result == 0) {
            result = tlm_link_fail_last(link, next, what, error);
            PQclear(next);
            if (!link->connection)
                return result;
            while (receive(link, deadline_ms, &next) == 0 && next)
                PQclear(next);
            return result;
        }
        PQclear(next);
    }
    if (result < 0)
        return give_up(link, what, error);
    return told;
}

int tlm_link_each(tlm_link *link, const char *sql, const tlm_params *params, const char *what,
                  int (*row)(void *context, const PGresult *row), void *context, tlm_error *error)
{
    int result = send_kept(link, sql, params, what, error);
    if (result < 0)
        return result;
    if (!PQsetSingleRowMode(link->connection))
        return tlm_link_fail_last(link, NULL, what, error);
    result = flush(link, deadline_of(link));
    if (result == -ETIMEDOUT)
        return give_up(link, what, error);
    return visit_rows(link, what, row, context, error);
}

int tlm_link_copy(tlm_link *link, const char *sql, const char *bytes, size_t size, const char *what, tlm_error *error)
{
    PGresult *last = NULL;
    int64_t deadline_ms = deadline_of(link);
    int result = send_plain(link, sql, what, &last, error);
    PQclear(last);
    for (size_t at = 0; at < size && result == 0;) {
        size_t piece = size - at < COPY_PIECE ? size - at : COPY_PIECE;
        int put = PQputCopyData(link->connection, bytes + at, (int)piece);
        if (put < 0)
            return tlm_link_fail_last(link, NULL, what, error);
        if (put > 0)
            at += piece;
        int sent = flush(link, deadline_ms);
        if (sent == -ETIMEDOUT)
            return give_up(link, what, error);
        if (sent < 0)
            break; /* what has happened is told below */
    }
    if (result < 0)
        return result;
    if (PQputCopyEnd(link->connection, NULL) < 0)
        return tlm_link_fail_last(link, NULL, what, error);
    last = NULL;
    result = collect(link, what, &last, error);
    PQclear(last);
    return result;
}
