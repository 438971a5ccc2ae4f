/* SPDX-License-Identifier: Apache-2.0 */
#include "asker.h"

#include "common/thread.h"

#include <pthread.h>
#include <stdlib.h>

struct tlm_ws_asker {
    const tlm_host *host;
    const tlm_store *store;
    tlm_instance *instance;
    void (*answered)(void *context, tlm_ws_question *question);
    void *context;
    bool is_failing; /* and the log knows; its thread alone */
    pthread_t thread;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    struct tlm_ws_questions questions;
    uint32_t count;
    bool is_stopping;
};

void tlm_ws_question_destroy(tlm_ws_question *question)
{
    if (!question)
        return;
    free(question->window);
    free(question->status);
    for (uint32_t i = 0; i < question->moment_count; i++)
        free(question->moments[i]);
    free(question);
}

/* --- queries --------------------------------------------------------------------------------------------------- */

typedef void (*use_row)(tlm_ws_question *question, tlm_ws_row *row);

static void use_window(tlm_ws_question *question, tlm_ws_row *row)
{
    question->window = row;
}

static void use_status(tlm_ws_question *question, tlm_ws_row *row)
{
    question->status = row;
}

static void use_moment(tlm_ws_question *question, tlm_ws_row *row)
{
    question->moments[question->moment_count++] = row;
}

static void copy_rows(tlm_ws_question *question, const tlm_ws_view *view, const tlm_result *result, uint32_t limit,
                      use_row use)
{
    tlm_ws_map map;

    if (result->row_count == 0 || !tlm_ws_map_init_result(&map, view, result))
        return;
    for (uint32_t i = 0; i < result->row_count && i < limit; i++) {
        const tlm_cell *cells = result->cells + (size_t)i * result->column_count;
        tlm_ws_row *row = tlm_ws_map_is_usable(&map, cells) ? tlm_ws_row_create(&map, cells, true) : NULL;
        if (row)
            use(question, row);
    }
}

/* A store without the dataset, or without one of the columns, has nothing to say; the last column of a view is asked
 * for only where there is one. */
static int ask(const tlm_ws_asker *asker, tlm_ws_question *question, const tlm_ws_view *view, tlm_query *query,
               use_row use, tlm_error *error)
{
    tlm_result *result = NULL;
    int code = -ENOENT;

    query->struct_size = sizeof *query;
    query->dataset = view->dataset;
    query->columns = view->columns;
    for (uint32_t less = 0; less < 2 && code == -ENOENT; less++) {
        query->column_count = view->column_count - less;
        code = asker->store->query(asker->instance, query, &result, error);
    }
    if (code == -ENOENT)
        return 0;
    if (code < 0)
        return code;
    copy_rows(question, view, result, query->limit, use);
    result->release(result);
    return 0;
}

static int ask_window(const tlm_ws_asker *asker, tlm_ws_question *question, const tlm_filter *stream, tlm_error *error)
{
    static const tlm_order newest = {"window_end", 1, 0};
    tlm_query query = {.limit = 1, .filters = stream, .filter_count = 1, .orders = &newest, .order_count = 1};

    return ask(asker, question, &tlm_ws_windows_view, &query, use_window, error);
}

static int ask_status(const tlm_ws_asker *asker, tlm_ws_question *question, const tlm_filter *stream, tlm_error *error)
{
    tlm_query query = {.limit = 1, .filters = stream, .filter_count = 1};

    return ask(asker, question, &tlm_ws_streams_view, &query, use_status, error);
}

static int ask_moments(const tlm_ws_asker *asker, tlm_ws_question *question, const tlm_filter *stream, tlm_error *error)
{
    static const tlm_order newest[] = {{"peak_at", 1, 0}, {"moment_id", 0, 0}};
    const tlm_filter filters[] = {
        *stream,
        {"peak_at", TLM_FILTER_AT_LEAST, 0, {.is_set = 1, .as.integer = question->since_ns}},
    };
    tlm_query query = {.limit = TLM_WS_RECENT_MAX,
                       .filters = filters,
                       .filter_count = TLM_COUNT(filters),
                       .orders = newest,
                       .order_count = TLM_COUNT(newest)};

    return ask(asker, question, &tlm_ws_moments_view, &query, use_moment, error);
}

static void log_failure(tlm_ws_asker *asker, const tlm_error *error, int code)
{
    const tlm_log_service *log = asker->host->get_service(asker->host, TLM_SERVICE_LOG);
    char line[TLM_ERROR_SIZE + 128];

    if (asker->is_failing || !log)
        return;
    int size = snprintf(line, sizeof line, "the store does not say what is known of streams: %s",
                        error->text[0] ? error->text : strerror(-code));
    log->write(asker->host, TLM_LOG_WARNING, (tlm_text){line, (size_t)size});
}

static void answer(tlm_ws_asker *asker, tlm_ws_question *question)
{
    const tlm_filter stream = {
        "stream_id", TLM_FILTER_EQUAL, 0, {.is_set = 1, .size = question->id_size, .as.text = question->stream_id}};
    tlm_error error = {{0}};

    int result = ask_window(asker, question, &stream, &error);
    if (result == 0)
        result = ask_status(asker, question, &stream, &error);
    if (result == 0)
        result = ask_moments(asker, question, &stream, &error);
    if (result < 0)
        log_failure(asker, &error, result);
    asker->is_failing = result < 0;
    question->result = result;
    asker->answered(asker->context, question);
}

/* --- the thread ------------------------------------------------------------------------------------------------ */

static void *run(void *argument)
{
    tlm_ws_asker *asker = argument;

    pthread_mutex_lock(&asker->mutex);
    while (!asker->is_stopping) {
        tlm_ws_question *question = STAILQ_FIRST(&asker->questions);
        if (!question) {
            pthread_cond_wait(&asker->changed, &asker->mutex);
            continue;
        }
        STAILQ_REMOVE_HEAD(&asker->questions, link);
        asker->count--;
        pthread_mutex_unlock(&asker->mutex);
        answer(asker, question);
        pthread_mutex_lock(&asker->mutex);
    }
    pthread_mutex_unlock(&asker->mutex);
    return NULL;
}

int tlm_ws_asker_create(const tlm_host *host, const tlm_store *store, tlm_instance *instance,
                        void (*answered)(void *context, tlm_ws_question *question), void *context,
                        tlm_ws_asker **ret_asker)
{
    tlm_ws_asker *asker = calloc(1, sizeof *asker);

    if (!asker)
        return -ENOMEM;
    *asker = (tlm_ws_asker){.host = host,
                            .store = store,
                            .instance = instance,
                            .answered = answered,
                            .context = context,
                            .mutex = PTHREAD_MUTEX_INITIALIZER,
                            .changed = PTHREAD_COND_INITIALIZER};
    STAILQ_INIT(&asker->questions);
    int result = tlm_thread_start(&asker->thread, run, asker);
    if (result < 0) {
        free(asker);
        return result;
    }
    *ret_asker = asker;
    return 0;
}

void tlm_ws_asker_destroy(tlm_ws_asker *asker)
{
    if (!asker)
        return;
    pthread_mutex_lock(&asker->mutex);
    asker->is_stopping = true;
    pthread_cond_signal(&asker->changed);
    pthread_mutex_unlock(&asker->mutex);
    pthread_join(asker->thread, NULL);
    while (!STAILQ_EMPTY(&asker->questions)) {
        tlm_ws_question *question = STAILQ_FIRST(&asker->questions);
        STAILQ_REMOVE_HEAD(&asker->questions, link);
        tlm_ws_question_destroy(question);
    }
    pthread_cond_destroy(&asker->changed);
    pthread_mutex_destroy(&asker->mutex);
    free(asker);
}

int tlm_ws_asker_ask(tlm_ws_asker *asker, tlm_text stream_id, uint64_t serial, int64_t since_ns, uint32_t max)
{
    tlm_ws_question *question = calloc(1, sizeof *question);
    int result = 0;

    if (!question)
        return -ENOMEM;
    question->serial = serial;
    question->since_ns = since_ns;
    question->id_size = (uint32_t)stream_id.size;
    memcpy(question->stream_id, stream_id.data, stream_id.size);
    pthread_mutex_lock(&asker->mutex);
    if (asker->count < max) {
        STAILQ_INSERT_TAIL(&asker->questions, question, link);
        asker->count++;
        pthread_cond_signal(&asker->changed);
    } else {
        result = -ENOBUFS;
    }
    pthread_mutex_unlock(&asker->mutex);
    if (result < 0)
        free(question);
    return result;
}
