/* SPDX-License-Identifier: Apache-2.0 */
#include "producer.h"

#include "common/clock.h"
#include "common/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define CHUNK 1024 /* rows of a flush before the next one has its turn, and delivery reports theirs */
#define EVENT_TOPICS 4
#define START_PATIENCE_MS 3000
#define TOPICS_RETRY_MS 500
#define TOPICS_PATIENCE_MS 3000
#define IDLE_MS 1000
#define STOP_PATIENCE_MS 3000

/* A flush on its way. Of the writing thread, once it is taken. */
typedef struct job {
    const tlm_flush *flush; /* NULL: the place is free */
    tlm_done done;
    void *token;
    uint32_t batch, row;  /* the next row to send: of flush->rows[batch] */
    uint64_t outstanding; /* sent and not yet reported */
    bool is_sent;
    int result;
    tlm_error reason;
} job;

struct tlm_kafka_producer {
    tlm_kafka_producer_options options;
    const tlm_metrics_service *metrics;
    tlm_metric *written_metric, *failed_metric, *flight_metric;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards these */
    job jobs[TLM_KAFKA_JOBS_MAX];
    uint32_t arrived[TLM_KAFKA_JOBS_MAX], arrived_count; /* places filled by submit, not yet taken */
    bool is_stopping;
    rd_kafka_queue_t *main_queue; /* for waking the thread; NULL while there is no producer */

    /* Of the writing thread alone. */
    rd_kafka_t *kafka;
    rd_kafka_topic_t *handles[TLM_KAFKA_TOPICS_MAX];
    uint32_t active[TLM_KAFKA_JOBS_MAX], active_count; /* taken and not answered, in order of arrival */
    uint64_t flight_count, flight_bytes;
    bool are_topics_ready, is_broken;
    int64_t topics_at_ms;     /* when to look at the topics again */
    int64_t unready_since_ms; /* 0: they are ready, or were not looked at */
    tlm_error broken_reason;
    rd_kafka_message_t chunks[EVENT_TOPICS][CHUNK];
    tlm_buffer scratch;
};

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* The first failure is the one that is told. */
TLM_PRINTF(3, 4)
static void fail_job(job *failed, int result, const char *format, ...)
{
    va_list arguments;
    if (failed->result < 0)
        return;
    failed->result = result;
    va_start(arguments, format);
    (void)vsnprintf(failed->reason.text, sizeof failed->reason.text, format, arguments);
    va_end(arguments);
}

/* Gives the one answer and frees the place. `done` comes last: it may submit again. */
static void answer(tlm_kafka_producer *producer, job *finished)
{
    tlm_done done = finished->done;
    void *token = finished->token;
    int result = finished->result;
    tlm_error reason = finished->reason;
    pthread_mutex_lock(&producer->mutex);
    finished->flush = NULL;
    pthread_mutex_unlock(&producer->mutex);
    done(token, result, tlm_text_of(result < 0 ? reason.text : NULL));
}

/* Answers what is sent and reported. */
static void answer_finished(tlm_kafka_producer *producer)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < producer->active_count; i++) {
        job *each = &producer->jobs[producer->active[i]];
        if (each->is_sent && each->outstanding == 0)
            answer(producer, each);
        else
            producer->active[kept++] = producer->active[i];
    }
    producer->active_count = kept;
}

/* No further message of any flush is sent; each is answered when its last report is there. */
static void fail_all(tlm_kafka_producer *producer, int result, const char *reason)
{
    for (uint32_t i = 0; i < producer->active_count; i++) {
        job *each = &producer->jobs[producer->active[i]];
        fail_job(each, result, "%s", reason);
        each->is_sent = true;
    }
}

/* What a message cannot be delivered for: refused for its own sake, or for what may pass. */
static int result_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return -EBADMSG;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
        return -ECANCELED;
    default:
        return -EIO;
    }
}

static void refuse_message(tlm_kafka_producer *producer, job *owner, const char *topic, rd_kafka_resp_err_t code)
{
    int result = result_of(code);
    fail_job(owner, result, "topic %.249s: a message was not delivered: %s%s", topic, rd_kafka_err2str(code),
             result == -EBADMSG ? "; see the topic's max.message.bytes" : "");
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
        code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
        producer->are_topics_ready = false; /* deleted meanwhile: made again before the flush comes anew */
    if (producer->metrics)
        producer->metrics->add(producer->failed_metric, 1);
}

/*
 * Written, says librdkafka, but not where: it concluded so from what it sent later, and has been wrong
 * (tests/plugin/test_kafka_sink_order.c). Sent again, for twice is seen by whoever reads and never is not.
 */
static void doubt_message(tlm_kafka_producer *producer, job *owner, const char *topic)
{
    fail_job(owner, -EIO, "topic %.249s: a message was reported without its offset, so that it may not be there",
             topic);
    if (producer->metrics)
        producer->metrics->add(producer->failed_metric, 1);
}

/* Within rd_kafka_poll. */
static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    (void)kafka;
    (void)opaque;
    job *owner = message->_private;
    tlm_kafka_producer *producer = rd_kafka_topic_opaque(message->rkt);
    owner->outstanding--;
    producer->flight_count--;
    producer->flight_bytes -= message->len;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        refuse_message(producer, owner, rd_kafka_topic_name(message->rkt), message->err);
    else if (message->offset < 0)
        doubt_message(producer, owner, rd_kafka_topic_name(message->rkt));
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void note_sent(tlm_kafka_producer *producer, job *owner, size_t bytes)
{
    owner->outstanding++;
    producer->flight_count++;
    producer->flight_bytes += bytes;
}

/* librdkafka fills in the `err` of each; the queue is never full, for it is bounded here. */
static void send_chunk(tlm_kafka_producer *producer, job *owner, uint32_t topic, rd_kafka_message_t *messages,
                       int count)
{
    if (count == 0)
        return;
    /* Before: a message may be reported while the next one is handed over. */
    for (int i = 0; i < count; i++)
        note_sent(producer, owner, messages[i].len);
    int good = rd_kafka_produce_batch(producer->handles[topic], RD_KAFKA_PARTITION_UA, 0, messages, count);
    for (int i = 0; good < count && i < count; i++) {
        if (messages[i].err == RD_KAFKA_RESP_ERR_NO_ERROR)
            continue;
        owner->outstanding--;
        producer->flight_count--;
        producer->flight_bytes -= messages[i].len;
        refuse_message(producer, owner, rd_kafka_topic_name(producer->handles[topic]), messages[i].err);
    }
}

static void send_events(tlm_kafka_producer *producer, job *owner, const tlm_kafka_route *route, const tlm_rows *rows,
                        uint32_t end)
{
    int counts[EVENT_TOPICS] = {0};
    for (uint32_t i = owner->row; i < end; i++) {
        const tlm_cell *row = tlm_rows_at(rows, i), *key = &row[route->key], *value = &row[route->value];
        uint32_t topic = tlm_kafka_route_topic(route, row);
        if (topic == UINT32_MAX) {
            fail_job(owner, -EBADMSG, "an event is of a kind that has no topic");
            continue;
        }
        rd_kafka_message_t *message = &producer->chunks[topic - route->topic][counts[topic - route->topic]++];
        *message = (rd_kafka_message_t){.payload = (void *)(uintptr_t)value->as.text,
                                        .len = value->size,
                                        .key = (void *)(uintptr_t)key->as.text,
                                        .key_len = key->size,
                                        ._private = owner};
    }
    for (uint32_t i = 0; i < EVENT_TOPICS; i++)
        send_chunk(producer, owner, route->topic + i, producer->chunks[i], counts[i]);
}

static void send_dead_letter(tlm_kafka_producer *producer, job *owner, const tlm_kafka_route *route,
                             const tlm_cell *row)
{
    const tlm_cell *value = &row[route->value];
    rd_kafka_headers_t *headers = tlm_kafka_row_headers(route->dataset, row, owner->flush->lane);
    if (!headers) {
        fail_job(owner, -ENOMEM, "out of memory");
        return;
    }
    note_sent(producer, owner, value->size);
    rd_kafka_resp_err_t code = rd_kafka_producev(producer->kafka, RD_KAFKA_V_RKT(producer->handles[route->topic]),
                                                 RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA), RD_KAFKA_V_MSGFLAGS(0),
                                                 RD_KAFKA_V_VALUE((void *)(uintptr_t)value->as.text, value->size),
                                                 RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(owner), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return; /* the headers are librdkafka's now */
    rd_kafka_headers_destroy(headers);
    owner->outstanding--;
    producer->flight_count--;
    producer->flight_bytes -= value->size;
    refuse_message(producer, owner, rd_kafka_topic_name(producer->handles[route->topic]), code);
}

/* Rows of other datasets are few: their text is made here and copied by librdkafka. */
static void send_json(tlm_kafka_producer *producer, job *owner, const tlm_kafka_route *route, const tlm_cell *row)
{
    tlm_buffer *text = &producer->scratch;
    tlm_cell none = {.is_set = 0};
    const tlm_cell *key = route->key == UINT32_MAX ? &none : &row[route->key];
    tlm_buffer_clear(text);
    tlm_kafka_row_write(text, route->dataset, row);
    if (text->error) {
        fail_job(owner, -ENOMEM, "out of memory");
        return;
    }
    note_sent(producer, owner, text->size);
    if (rd_kafka_produce(producer->handles[route->topic], RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, text->data,
                         text->size, key->is_set ? key->as.text : NULL, key->is_set ? key->size : 0, owner) == 0)
        return;
    owner->outstanding--;
    producer->flight_count--;
    producer->flight_bytes -= text->size;
    refuse_message(producer, owner, rd_kafka_topic_name(producer->handles[route->topic]), rd_kafka_last_error());
}

static void send_rows(tlm_kafka_producer *producer, job *owner, const tlm_rows *rows, uint32_t end)
{
    const tlm_kafka_route *route = tlm_kafka_routes_find(producer->options.routes, rows->dataset);
    if (!route || (rows->flags & TLM_ROWS_EARLY))
        return;
    if (route->kind == TLM_KAFKA_EVENTS) {
        send_events(producer, owner, route, rows, end);
        return;
    }
    for (uint32_t i = owner->row; i < end; i++) {
        if (route->kind == TLM_KAFKA_DEAD_LETTERS)
            send_dead_letter(producer, owner, route, tlm_rows_at(rows, i));
        else
            send_json(producer, owner, route, tlm_rows_at(rows, i));
    }
}

/* The next rows of one flush. */
static void send_some(tlm_kafka_producer *producer, job *owner)
{
    const tlm_flush *flush = owner->flush;
    if (owner->batch < flush->rows_count && owner->result == 0) {
        const tlm_rows *rows = flush->rows[owner->batch];
        uint32_t left = rows->row_count - owner->row, end = owner->row + (left < CHUNK ? left : CHUNK);
        send_rows(producer, owner, rows, end);
        owner->row = end;
        if (end == rows->row_count) {
            owner->row = 0;
            owner->batch++;
        }
    }
    /* What failed in part is sent anew as a whole: the rest would only be there twice. */
    owner->is_sent = owner->batch == flush->rows_count || owner->result < 0;
}

static bool has_room(const tlm_kafka_producer *producer)
{
    return producer->flight_count + CHUNK <= TLM_KAFKA_FLIGHT_MESSAGES_MAX &&
           producer->flight_bytes < TLM_KAFKA_FLIGHT_BYTES_MAX;
}

/* A turn for every flush; whether more could be sent at once. */
static bool send_turn(tlm_kafka_producer *producer)
{
    bool is_more = false;
    for (uint32_t i = 0; i < producer->active_count && has_room(producer); i++) {
        job *each = &producer->jobs[producer->active[i]];
        if (each->is_sent)
            continue;
        send_some(producer, each);
        is_more |= !each->is_sent;
    }
    return is_more && has_room(producer);
}

/* --- the connection ----------------------------------------------------------------------------------------------- */

static void disconnect(tlm_kafka_producer *producer)
{
    pthread_mutex_lock(&producer->mutex);
    rd_kafka_queue_t *queue = producer->main_queue;
    producer->main_queue = NULL;
    pthread_mutex_unlock(&producer->mutex);
    if (queue)
        rd_kafka_queue_destroy(queue);
    for (uint32_t i = 0; i < TLM_KAFKA_TOPICS_MAX; i++) {
        if (producer->handles[i])
            rd_kafka_topic_destroy(producer->handles[i]);
        producer->handles[i] = NULL;
    }
    if (producer->kafka)
        rd_kafka_destroy(producer->kafka);
    producer->kafka = NULL;
    producer->are_topics_ready = false;
}

static int make_handles(tlm_kafka_producer *producer)
{
    const tlm_kafka_topics *topics = producer->options.topics;
    for (uint32_t i = 0; i < topics->count; i++) {
        if (producer->handles[i])
            continue;
        rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(producer->kafka);
        if (!conf)
            return -ENOMEM;
        rd_kafka_topic_conf_set_opaque(conf, producer);
        producer->handles[i] = rd_kafka_topic_new(producer->kafka, topics->list[i].name, conf);
        if (!producer->handles[i])
            return -ENOMEM;
    }
    return 0;
}

static int connect_kafka(tlm_kafka_producer *producer, tlm_error *error)
{
    rd_kafka_conf_t *conf = tlm_kafka_client_conf(producer->options.client);
    if (!conf)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    producer->kafka = tlm_kafka_client_connect(RD_KAFKA_PRODUCER, conf, error);
    if (!producer->kafka)
        return -EINVAL;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer->kafka);
    pthread_mutex_lock(&producer->mutex);
    producer->main_queue = queue;
    pthread_mutex_unlock(&producer->mutex);
    return 0;
}

/* Health of the topics. One that was just made is not ready for a moment, which is no news. */
static void tell_topics(tlm_kafka_producer *producer, int result, const tlm_error *error)
{
    tlm_kafka_client *client = producer->options.client;
    if (result == 0) {
        tlm_kafka_client_tell(client, TLM_HEALTH_OK, NULL);
        producer->unready_since_ms = 0;
        return;
    }
    if (!producer->unready_since_ms)
        producer->unready_since_ms = tlm_clock_ms();
    if (result != -EAGAIN)
        tlm_kafka_client_tell(client, TLM_HEALTH_ERROR, error->text);
    else if (tlm_clock_ms() - producer->unready_since_ms >= TOPICS_PATIENCE_MS)
        tlm_kafka_client_tell(client, TLM_HEALTH_DEGRADED, error->text);
}

/* 0 when all is well. */
static int look_at_topics(tlm_kafka_producer *producer, tlm_error *error)
{
    int result = tlm_kafka_topics_ensure(producer->options.topics, producer->kafka, producer->options.client, error);
    if (result == 0 && make_handles(producer) < 0)
        result = tlm_error_set(error, -EAGAIN, "out of memory");
    producer->are_topics_ready = result == 0;
    producer->topics_at_ms = tlm_clock_ms() + TOPICS_RETRY_MS;
    tell_topics(producer, result, error);
    return result;
}

/* A new producer in the place of a broken one, once nothing of it is under way. */
static void replace_broken(tlm_kafka_producer *producer)
{
    tlm_error error = {.text = ""};
    fail_all(producer, -EIO, producer->broken_reason.text);
    if (producer->kafka) {
        (void)rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        if (producer->flight_count > 0)
            return; /* its reports are coming */
        disconnect(producer);
    }
    if (connect_kafka(producer, &error) < 0) {
        tlm_kafka_client_tell(producer->options.client, TLM_HEALTH_ERROR, error.text);
        return;
    }
    producer->is_broken = false;
    producer->topics_at_ms = 0;
    tlm_kafka_client_log(producer->options.client, TLM_LOG_INFO, "a new producer was made");
}

void tlm_kafka_producer_fail(tlm_kafka_producer *producer, tlm_text reason)
{
    if (!producer || producer->is_broken)
        return;
    producer->is_broken = true;
    (void)tlm_error_set(&producer->broken_reason, 0,
                        "librdkafka gave up its producer id (%.*s); what was under way is sent again by a new one, so "
                        "that some of it may be there twice",
                        (int)(reason.size < 600 ? reason.size : 600), reason.data ? reason.data : "");
    tlm_kafka_client_log(producer->options.client, TLM_LOG_WARNING, "%s", producer->broken_reason.text);
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static bool take_jobs(tlm_kafka_producer *producer)
{
    pthread_mutex_lock(&producer->mutex);
    for (uint32_t i = 0; i < producer->arrived_count; i++)
        producer->active[producer->active_count++] = producer->arrived[i];
    producer->arrived_count = 0;
    bool is_stopping = producer->is_stopping;
    pthread_mutex_unlock(&producer->mutex);
    return !is_stopping;
}

/* Serves reports and other callbacks; returns early when a flush arrives. */
static void serve(tlm_kafka_producer *producer, int timeout_ms)
{
    uint64_t before = producer->flight_count;
    if (producer->kafka) {
        (void)rd_kafka_poll(producer->kafka, timeout_ms);
    } else {
        struct timespec pause = {.tv_nsec = TOPICS_RETRY_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
    if (!producer->metrics)
        return;
    if (before > producer->flight_count)
        producer->metrics->add(producer->written_metric, (int64_t)(before - producer->flight_count));
    producer->metrics->set(producer->flight_metric, (int64_t)producer->flight_count);
}

/* How long there is nothing to do but to wait for reports and flushes. */
static int work(tlm_kafka_producer *producer)
{
    tlm_error error = {.text = ""};
    if (producer->is_broken) {
        replace_broken(producer);
        return producer->is_broken ? TOPICS_RETRY_MS : 0;
    }
    if (!producer->are_topics_ready) {
        int64_t wait_ms = producer->topics_at_ms - tlm_clock_ms();
        if (wait_ms > 0)
            return (int)wait_ms;
        int result = look_at_topics(producer, &error);
        if (result < 0 && result != -EAGAIN)
            fail_all(producer, -EBADMSG, error.text);
        if (result < 0)
            return TOPICS_RETRY_MS;
    }
    return send_turn(producer) ? 0 : IDLE_MS;
}

static void finish_flights(tlm_kafka_producer *producer)
{
    fail_all(producer, -ECANCELED, "the sink was stopped");
    int64_t until_ms = tlm_clock_ms() + STOP_PATIENCE_MS;
    while (producer->kafka && producer->flight_count > 0 && tlm_clock_ms() < until_ms) {
        (void)rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        serve(producer, 50);
    }
    disconnect(producer); /* joins librdkafka's threads: nothing points into rows any more */
    for (uint32_t i = 0; i < producer->active_count; i++)
        producer->jobs[producer->active[i]].outstanding = 0;
    answer_finished(producer);
}

static void *write_messages(void *argument)
{
    tlm_kafka_producer *producer = argument;
    while (take_jobs(producer)) {
        int wait_ms = work(producer);
        answer_finished(producer);
        serve(producer, wait_ms);
        answer_finished(producer);
    }
    finish_flights(producer);
    return NULL;
}

/* Whether any row of a flush becomes a message. */
static bool has_messages(const tlm_kafka_producer *producer, const tlm_flush *flush)
{
    for (uint32_t i = 0; i < flush->rows_count; i++) {
        const tlm_rows *rows = flush->rows[i];
        if (rows->row_count > 0 && !(rows->flags & TLM_ROWS_EARLY) &&
            tlm_kafka_routes_find(producer->options.routes, rows->dataset))
            return true;
    }
    return false;
}

void tlm_kafka_producer_submit(tlm_kafka_producer *producer, const tlm_flush *flush, tlm_done done, void *token)
{
    if (!has_messages(producer, flush)) {
        done(token, 0, tlm_text_of(NULL)); /* a broker that is away holds up nothing that is not for it */
        return;
    }
    pthread_mutex_lock(&producer->mutex);
    uint32_t place = 0;
    while (place < TLM_KAFKA_JOBS_MAX && producer->jobs[place].flush)
        place++;
    if (place < TLM_KAFKA_JOBS_MAX) {
        producer->jobs[place] = (job){.flush = flush, .done = done, .token = token};
        producer->arrived[producer->arrived_count++] = place;
        if (producer->main_queue)
            rd_kafka_queue_yield(producer->main_queue);
    }
    pthread_mutex_unlock(&producer->mutex);
    if (place == TLM_KAFKA_JOBS_MAX)
        done(token, -EAGAIN, tlm_text_of("too many flushes are under way already"));
}

/* --- life --------------------------------------------------------------------------------------------------------- */

/* A while for a broker that answers: what is wrong with the topics is then told before anything runs. */
static int look_at_start(tlm_kafka_producer *producer, tlm_error *error)
{
    for (int64_t until_ms = tlm_clock_ms() + START_PATIENCE_MS; tlm_clock_ms() < until_ms;) {
        int result = look_at_topics(producer, error);
        if (result != -EAGAIN)
            return result;
        (void)rd_kafka_poll(producer->kafka, 20);
        if (tlm_kafka_client_connection(producer->options.client) < 0)
            break;
    }
    return 0;
}

static void open_metrics(tlm_kafka_producer *producer, const tlm_host *host)
{
    producer->metrics = host->get_service(host, TLM_SERVICE_METRICS);
    if (!producer->metrics)
        return;
    producer->written_metric = producer->metrics->open(host, TLM_METRIC_COUNTER, "telemetra_kafka_messages_total",
                                                       "Messages that were reported, written or failed.");
    producer->failed_metric = producer->metrics->open(host, TLM_METRIC_COUNTER, "telemetra_kafka_messages_failed_total",
                                                      "Messages that were not delivered.");
    producer->flight_metric = producer->metrics->open(host, TLM_METRIC_GAUGE, "telemetra_kafka_messages_in_flight",
                                                      "Messages handed over and not yet acknowledged.");
}

static void release(tlm_kafka_producer *producer)
{
    disconnect(producer);
    tlm_buffer_finish(&producer->scratch);
    pthread_mutex_destroy(&producer->mutex);
    free(producer);
}

int tlm_kafka_producer_create(const tlm_kafka_producer_options *options, tlm_kafka_producer **ret_producer,
                              tlm_error *error)
{
    tlm_kafka_producer *producer = calloc(1, sizeof *producer);
    if (!producer)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    producer->options = *options;
    /* With default attributes it has nothing to fail at on Linux. */
    pthread_mutex_init(&producer->mutex, NULL);
    open_metrics(producer, options->host);
    int result = connect_kafka(producer, error);
    if (result == 0)
        result = look_at_start(producer, error);
    if (result == 0) {
        result = tlm_thread_start(&producer->thread, write_messages, producer);
        if (result < 0)
            (void)tlm_error_set(error, result, "the writing thread cannot be started: %s", strerror(-result));
    }
    if (result < 0) {
        release(producer);
        return result;
    }
    *ret_producer = producer;
    return 0;
}

void tlm_kafka_producer_destroy(tlm_kafka_producer *producer)
{
    if (!producer)
        return;
    pthread_mutex_lock(&producer->mutex);
    producer->is_stopping = true;
    if (producer->main_queue)
        rd_kafka_queue_yield(producer->main_queue);
    pthread_mutex_unlock(&producer->mutex);
    pthread_join(producer->thread, NULL);
    release(producer);
}
