/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper.h"

#include "cell.h"
#include "common/clock.h"
#include "common/thread.h"
#include "retention.h"

#include <stdlib.h>
#include <time.h>

struct tlm_keeper {
    tlm_keeper_options options;
    tlm_link link;
    int64_t retention_ms; /* monotonic time of the next look for old rows */
    bool has_failed;      /* deleting; told once */
    pthread_t thread;
    pthread_mutex_t mutex; /* guards is_ending */
    pthread_cond_t ending;
    bool is_ending;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static const char look_sql[] =
    "SELECT coalesce((extract(epoch FROM clock_timestamp() - max(changed_at)) * 1000)::bigint, -1)"
    " FROM telemetra_lanes WHERE pipeline = $1";

/* Whether the server answers, and what it says about the pipeline's last commit. */
static int look_at_lanes(tlm_keeper *keeper, tlm_error *error)
{
    PGresult *rows = NULL;
    tlm_params params = {0};
    tlm_params_add_text(&params, tlm_text_of(keeper->options.pipeline));
    int result = tlm_link_ask(&keeper->link, look_sql, &params, "look after the server", &rows, error);
    if (result == 0)
        keeper->options.committed(keeper->options.context, tlm_cell_integer(rows, 0, 0));
    PQclear(rows);
    bool is_no_business = strcmp(keeper->link.sqlstate, "42501") == 0 || strcmp(keeper->link.sqlstate, "42P01") == 0;
    return result < 0 && is_no_business ? 0 : result; /* a user, or rows of another program: the server has answered */
}

/* Whether the server answers and the tables are there. A standby answers queries: that one is read-only is told by
 * those who write. */
static int look(tlm_keeper *keeper, tlm_error *error)
{
    keeper->link.deadline_ms = TLM_KEEPER_ANSWER_MS;
    int result = tlm_link_open(&keeper->link, error);
    keeper->link.deadline_ms = 0; /* tables may take longer to make */
    if (result == 0)
        result = tlm_targets_prepare(keeper->options.targets, &keeper->link, error);
    keeper->link.deadline_ms = TLM_KEEPER_ANSWER_MS;
    if (result == 0)
        result = look_at_lanes(keeper, error);
    keeper->link.deadline_ms = 0;
    return result;
}

/* One batch; returns for how long to rest: as long as it took, so that others have the server half of the time. */
static int64_t delete_old_rows(tlm_keeper *keeper)
{
    tlm_error error;
    int64_t begin_ms = tlm_clock_ms();
    if (begin_ms < keeper->retention_ms)
        return TLM_KEEPER_INTERVAL_MS;
    int result = tlm_retention_step(&keeper->link, now_ns() - keeper->options.retention_ns, &error);
    if (result < 0 && !keeper->has_failed)
        keeper->options.failed(keeper->options.context, &error);
    keeper->has_failed = result < 0;
    if (result > 0) {
        keeper->options.deleted(keeper->options.context, (uint64_t)result);
        return tlm_clock_ms() - begin_ms + 1;
    }
    keeper->retention_ms = tlm_clock_ms() + TLM_RETENTION_INTERVAL_MS;
    return TLM_KEEPER_INTERVAL_MS;
}

/* Rests; false when it is to end. */
static bool rest(tlm_keeper *keeper, int64_t pause_ms)
{
    int64_t until_ms = tlm_clock_ms() + pause_ms;
    struct timespec until = tlm_clock_timespec(until_ms);
    int result = 0;
    pthread_mutex_lock(&keeper->mutex);
    while (!keeper->is_ending && result == 0)
        result = pthread_cond_timedwait(&keeper->ending, &keeper->mutex, &until);
    bool goes_on = !keeper->is_ending;
    pthread_mutex_unlock(&keeper->mutex);
    return goes_on;
}

static void *run(void *context)
{
    tlm_keeper *keeper = context;
    int64_t pause_ms = 0, looked_ms = 0;
    int result = -1;
    while (rest(keeper, pause_ms)) {
        tlm_error error;
        pause_ms = TLM_KEEPER_INTERVAL_MS;
        if (result < 0 || tlm_clock_ms() - looked_ms >= TLM_KEEPER_INTERVAL_MS) {
            result = look(keeper, &error);
            looked_ms = tlm_clock_ms();
            if (result != -ECANCELED)
                tlm_status_note(keeper->options.status, TLM_SEEN_BY_KEEPER, result, &error);
        }
        if (result == 0 && keeper->options.retention_ns > 0)
            pause_ms = delete_old_rows(keeper);
    }
    return NULL;
}

int tlm_keeper_create(const tlm_keeper_options *options, tlm_keeper **ret_keeper, tlm_error *error)
{
    tlm_keeper *keeper = calloc(1, sizeof *keeper);
    int result = keeper ? tlm_condition_init(&keeper->ending) : -ENOMEM;
    if (result < 0) {
        free(keeper);
        return tlm_error_set(error, result, "out of memory");
    }
    keeper->options = *options;
    tlm_link_init(&keeper->link, options->server, false);
    pthread_mutex_init(&keeper->mutex, NULL);
    result = tlm_thread_start(&keeper->thread, run, keeper);
    if (result < 0) {
        pthread_cond_destroy(&keeper->ending);
        pthread_mutex_destroy(&keeper->mutex);
        free(keeper);
        return tlm_error_set(error, result, "cannot start a thread: %s", strerror(-result));
    }
    *ret_keeper = keeper;
    return 0;
}

void tlm_keeper_destroy(tlm_keeper *keeper)
{
    if (!keeper)
        return;
    pthread_mutex_lock(&keeper->mutex);
    keeper->is_ending = true;
    pthread_cond_signal(&keeper->ending);
    pthread_mutex_unlock(&keeper->mutex);
    pthread_join(keeper->thread, NULL);
    tlm_link_finish(&keeper->link);
    pthread_cond_destroy(&keeper->ending);
    pthread_mutex_destroy(&keeper->mutex);
    free(keeper);
}
