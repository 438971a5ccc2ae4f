/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "common/clock.h"

#include <sys/eventfd.h>
#include <unistd.h>

int tlm_server_init(tlm_server *server, const tlm_server_settings *settings, tlm_error *error)
{
    *server = (tlm_server){.settings = *settings};
    (void)snprintf(server->place, sizeof server->place, "%s:%lld/%s", settings->host, (long long)settings->port,
                   settings->database);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->wake_fd < 0)
        return tlm_error_set(error, -errno, "cannot make an event descriptor: %s", strerror(errno));
    pthread_mutex_init(&server->mutex, NULL);
    return 0;
}

void tlm_server_finish(tlm_server *server)
{
    pthread_mutex_destroy(&server->mutex);
    close(server->wake_fd);
}

void tlm_server_stop(tlm_server *server)
{
    const uint64_t one = 1;
    atomic_store(&server->stop_ms, tlm_clock_ms() + TLM_SERVER_STOP_MS);
    /* A counter at zero takes a one. */
    ssize_t written = write(server->wake_fd, &one, sizeof one);
    (void)written;
}

int tlm_server_refuses(tlm_server *server, tlm_error *error)
{
    int result = 0;
    pthread_mutex_lock(&server->mutex);
    if (server->failure < 0 && tlm_clock_ms() < server->retry_ms) {
        result = server->failure;
        if (error)
            *error = server->sentence;
    }
    pthread_mutex_unlock(&server->mutex);
    return result;
}

void tlm_server_note(tlm_server *server, int result, const tlm_error *error)
{
    pthread_mutex_lock(&server->mutex);
    server->failure = result;
    if (result < 0) {
        int64_t pause_ms = server->pause_ms * 2;
        if (pause_ms < TLM_SERVER_PAUSE_FIRST_MS)
            pause_ms = TLM_SERVER_PAUSE_FIRST_MS;
        server->pause_ms = pause_ms < TLM_SERVER_PAUSE_LAST_MS ? pause_ms : TLM_SERVER_PAUSE_LAST_MS;
        server->retry_ms = tlm_clock_ms() + server->pause_ms;
        server->sentence = *error;
    } else {
        server->pause_ms = 0;
    }
    pthread_mutex_unlock(&server->mutex);
}
