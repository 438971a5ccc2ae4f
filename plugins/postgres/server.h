/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file server.h
 * The database server as all connections of an instance see it: where it is, how long it may take, whether it is there.
 * Any thread.
 */
#ifndef TLM_POSTGRES_SERVER_H
#define TLM_POSTGRES_SERVER_H

#include <telemetra/base.h>

#include <pthread.h>
#include <stdatomic.h>

/** Pause between two attempts to connect while the server is gone, doubled from the first to the last. */
#define TLM_SERVER_PAUSE_FIRST_MS 200
#define TLM_SERVER_PAUSE_LAST_MS 2000

/** How much longer than statement_timeout a server that does not answer is waited for. */
#define TLM_SERVER_GRACE_MS 5000

/** How long statements that are under way may go on once the instance is stopping. */
#define TLM_SERVER_STOP_MS 2000

/**
 * TCP probes of an idle connection, asked for at both ends: a session whose client is cut off by the network, in the
 * middle of a COPY perhaps, is over after some ten seconds and gives its locks back.
 */
#define TLM_SERVER_PROBE_IDLE_S 5
#define TLM_SERVER_PROBE_INTERVAL_S 2
#define TLM_SERVER_PROBE_COUNT 3

/** Where the server is; all texts belong to the host's config struct. */
typedef struct tlm_server_settings {
    const char *host, *user, *password, *database, *schema, *sslmode, *parameters, *application;
    int64_t port;
    int64_t connect_timeout_ms, statement_timeout_ms, lock_timeout_ms, idle_timeout_ms;
} tlm_server_settings;

typedef struct tlm_server {
    tlm_server_settings settings;
    char place[512];           /* "localhost:5432/telemetra": how sentences begin */
    int wake_fd;               /* readable from the stop on */
    _Atomic int64_t stop_ms;   /* monotonic; 0: not stopping */
    atomic_uint_fast64_t lost; /* connections that were lost after they had worked */
    pthread_mutex_t mutex;     /* guards what follows */
    int64_t retry_ms, pause_ms;
    int failure; /* of the last attempt; 0: it succeeded */
    tlm_error sentence;
} tlm_server;

int tlm_server_init(tlm_server *server, const tlm_server_settings *settings, tlm_error *error);
/** No connection is left. */
void tlm_server_finish(tlm_server *server);
/** Ends waiting: attempts to connect at once, statements after TLM_SERVER_STOP_MS. */
void tlm_server_stop(tlm_server *server);

/** Whether it is not yet time to try again: the last failure and its sentence; else 0. */
int tlm_server_refuses(tlm_server *server, tlm_error *error);
/** Notes how an attempt to connect went. */
void tlm_server_note(tlm_server *server, int result, const tlm_error *error);

#endif
