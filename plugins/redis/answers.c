/* SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"

#include "common/clock.h"

#include "circle.h"
#include "question.h"
#include "rows.h"
#include "store_behind.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/** A connection for one query at a time. */
typedef struct connection {
    struct connection *next;
    tlm_redis_link link;
    tlm_redis_command command;
    uint64_t failures; /* of `answers->failures` when it was opened: after another one it is not to be trusted */
} connection;

struct tlm_redis_answers {
    tlm_redis_shared *shared;
    tlm_redis_tables *tables;
    atomic_bool is_open; /* the circuit: Redis is not asked */
    atomic_uint_fast64_t failures;
    tlm_redis_circle keeper;
    tlm_redis_link link; /* of the keeper's thread, as is its command */
    tlm_redis_command command;
    pthread_mutex_t mutex; /* guards `idle` */
    connection *idle;
    connection connections[TLM_REDIS_CONNECTIONS_MAX];
};

/** What a try to answer comes to, next to negative errno values. */
enum { ANSWERED = 1, PASSED = 0 };

/* --- the circuit ------------------------------------------------------------------------------------------------- */

static void open_circuit(tlm_redis_answers *answers)
{
    atomic_fetch_add(&answers->failures, 1);
    if (!atomic_exchange(&answers->is_open, true))
        tlm_redis_circle_kick(&answers->keeper);
}

static int ping(tlm_redis_answers *answers, tlm_error *error)
{
    redisReply *reply = NULL;
    int result = tlm_redis_link_open(&answers->link, error);
    if (result < 0)
        return result;
    tlm_redis_command_clear(&answers->command);
    tlm_redis_command_text(&answers->command, "PING");
    result = tlm_redis_link_call(&answers->link, &answers->command, &reply, error);
    freeReplyObject(reply);
    return result;
}

/* Closes the circuit while the server is well, opens it when it is not. */
static int64_t keep(void *context)
{
    tlm_redis_answers *answers = context;
    tlm_error error = {.text = ""};
    int result = ping(answers, &error);
    tlm_redis_condition_set(&answers->shared->condition, TLM_REDIS_SEES_SERVER, result < 0 ? &error : NULL);
    if (result == 0) {
        atomic_store(&answers->is_open, false);
        return TLM_REDIS_LOOK_MS;
    }
    if (!atomic_exchange(&answers->is_open, true))
        atomic_fetch_add(&answers->failures, 1);
    int64_t pause_ms = answers->link.try_at_ms - tlm_clock_ms();
    return pause_ms > TLM_REDIS_PAUSE_FIRST_MS ? pause_ms : TLM_REDIS_PAUSE_FIRST_MS;
}

/* --- connections ------------------------------------------------------------------------------------------------- */

/* NULL: all are at work. */
static connection *acquire(tlm_redis_answers *answers)
{
    pthread_mutex_lock(&answers->mutex);
    connection *taken = answers->idle;
    if (taken)
        answers->idle = taken->next;
    pthread_mutex_unlock(&answers->mutex);
    uint64_t failures = atomic_load(&answers->failures);
    if (taken && taken->failures != failures) {
        tlm_redis_link_close(&taken->link);
        taken->link.try_at_ms = 0; /* the keeper has found the server well */
        taken->failures = failures;
    }
    return taken;
}

static void give_back(tlm_redis_answers *answers, connection *taken)
{
    pthread_mutex_lock(&answers->mutex);
    taken->next = answers->idle;
    answers->idle = taken;
    pthread_mutex_unlock(&answers->mutex);
}

/* --- asking Redis ------------------------------------------------------------------------------------------------ */

static int send(const tlm_redis_answers *answers, connection *on, const char *name, const char *kind,
                const char *dataset, tlm_text stream, tlm_error *error)
{
    tlm_redis_command_clear(&on->command);
    tlm_redis_command_text(&on->command, name);
    tlm_redis_command_key(&on->command, answers->shared->base, kind, dataset, stream);
    return tlm_redis_link_send(&on->link, &on->command, error);
}

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

/* The dataset that this process goes by, from Redis where it is not known yet. NULL: not there, or the link is lost. */
static const tlm_dataset *dataset_of(tlm_redis_answers *answers, connection *on, const char *id, tlm_error *error)
{
    redisReply *reply = NULL;
    const tlm_dataset *dataset = tlm_redis_tables_find(answers->tables, id);
    if (dataset || send(answers, on, "GET", "dataset:", id, (tlm_text){0}, error) < 0 ||
        tlm_redis_link_reply(&on->link, &reply, error) < 0)
        return dataset;
    if (is_text(reply) && tlm_redis_tables_add(answers->tables, (tlm_text){reply->str, reply->len}, error) == 0)
        dataset = tlm_redis_tables_find(answers->tables, id);
    freeReplyObject(reply);
    return dataset;
}

/* A row out of a value, in the form this process goes by; NULL: it cannot be used. */
static const tlm_rows *row_of(tlm_redis_answers *answers, const tlm_redis_question *question, const redisReply *value)
{
    tlm_wire_head head;
    const tlm_rows *rows;
    tlm_error error;
    if (!is_text(value) || value->len <= TLM_REDIS_ORDER_SIZE)
        return NULL;
    tlm_text message = {value->str + TLM_REDIS_ORDER_SIZE, value->len - TLM_REDIS_ORDER_SIZE};
    if (tlm_redis_tables_decode(answers->tables, message, &head, &rows, &error) < 0)
        return NULL;
    if (rows->row_count == 1 && rows->dataset == question->layout.dataset)
        return rows;
    rows->unref(rows);
    return NULL;
}

static int answer_last(tlm_redis_answers *answers, const tlm_redis_question *question, const redisReply *value,
                       tlm_result **ret_result, tlm_error *error)
{
    const tlm_rows *row = row_of(answers, question, value);
    if (!row)
        return PASSED;
    int result = tlm_redis_question_answer(question, &row, 1, ret_result, error);
    row->unref(row);
    return result < 0 ? result : ANSWERED;
}

/* All rows later than this are here. Where the stream has no key, none came for as long as keys live. */
static int64_t floor_of(const tlm_redis_answers *answers, const redisReply *fields)
{
    struct timespec now;
    int64_t floor_ns;
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        const redisReply *name = fields->element[i], *value = fields->element[i + 1];
        if (is_text(name) && is_text(value) && strcmp(name->str, "floor") == 0)
            return tlm_redis_time_parse((tlm_text){value->str, value->len}, &floor_ns) < 0 ? INT64_MAX : floor_ns;
    }
    if (fields->elements > 0)
        return INT64_MAX;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - answers->shared->settings->recent_age_ms * 1000000;
}

static void release_rows(const tlm_rows **rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        rows[i]->unref(rows[i]);
    free(rows);
}

/* -EBADMSG: there is one that cannot be read, and so what is recent is not known. */
static int collect_rows(tlm_redis_answers *answers, const tlm_redis_question *question, const redisReply *fields,
                        const tlm_rows **rows, uint32_t *count)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (is_text(fields->element[i]) && strcmp(fields->element[i]->str, "floor") == 0)
            continue;
        const tlm_rows *row = row_of(answers, question, fields->element[i + 1]);
        if (!row)
            return -EBADMSG;
        rows[(*count)++] = row;
    }
    return 0;
}

/* Whether the answer is all there is: what is asked for begins above the floor, or enough rows lie above it. */
static bool is_complete(const tlm_redis_question *question, const tlm_rows *const *rows, uint32_t count,
                        int64_t floor_ns)
{
    uint32_t above = 0;
    if (floor_ns == INT64_MIN || question->since_ns > floor_ns)
        return true;
    for (uint32_t i = 0; i < count; i++)
        above += rows[i]->cells[question->layout.timeline].as.integer > floor_ns;
    return above >= question->query->limit;
}

static int answer_recent(tlm_redis_answers *answers, const tlm_redis_question *question, const redisReply *fields,
                         tlm_result **ret_result, tlm_error *error)
{
    uint32_t count = 0;
    if (fields->type != REDIS_REPLY_ARRAY)
        return PASSED;
    const tlm_rows **rows = calloc(fields->elements / 2 + 1, sizeof(const tlm_rows *));
    if (!rows)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    int result = PASSED;
    if (collect_rows(answers, question, fields, rows, &count) == 0 &&
        is_complete(question, rows, count, floor_of(answers, fields))) {
        result = tlm_redis_question_answer(question, rows, count, ret_result, error);
        result = result < 0 ? result : ANSWERED;
    }
    release_rows(rows, count);
    return result;
}

/* Whether the marker says what is here can be believed; a partial fill is, where there is nobody else to ask. */
static bool is_believed(const redisReply *marker, bool has_behind)
{
    return is_text(marker) && (strcmp(marker->str, "complete") == 0 || !has_behind);
}

/* Marker and value in one round trip, so that they belong together. */
static int ask(tlm_redis_answers *answers, connection *on, const tlm_redis_question *question, bool has_behind,
               tlm_result **ret_result, tlm_error *error)
{
    bool is_recent = question->layout.keeps == TLM_REDIS_KEEPS_RECENT;
    redisReply *marker = NULL, *value = NULL;
    const char *id = question->layout.dataset->id;
    int result = send(answers, on, "GET", "marker", NULL, (tlm_text){0}, error);
    if (result == 0)
        result = send(answers, on, is_recent ? "HGETALL" : "GET", is_recent ? "recent:" : "last:", id, question->stream,
                      error);
    if (result < 0 && on->link.context)
        tlm_redis_link_close(&on->link); /* a reply may be on its way that nobody would read */
    if (result == 0)
        result = tlm_redis_link_reply(&on->link, &marker, error);
    if (result == 0)
        result = tlm_redis_link_reply(&on->link, &value, error);
    if (result == 0 && is_believed(marker, has_behind))
        result = is_recent ? answer_recent(answers, question, value, ret_result, error)
                           : answer_last(answers, question, value, ret_result, error);
    freeReplyObject(marker);
    freeReplyObject(value);
    return result;
}

static int ask_on(tlm_redis_answers *answers, connection *on, const tlm_query *query, bool has_behind,
                  tlm_result **ret_result, tlm_error *error)
{
    tlm_redis_question question;
    int result = tlm_redis_link_open(&on->link, error);
    const tlm_dataset *dataset = result == 0 ? dataset_of(answers, on, query->dataset, error) : NULL;
    if (dataset && tlm_redis_question_init(&question, query, dataset))
        result = ask(answers, on, &question, has_behind, ret_result, error);
    if (!on->link.context)
        open_circuit(answers);
    return result;
}

/* A look without a round trip: whether it is worth asking at all. */
static bool may_be_here(const tlm_query *query)
{
    return query->filter_count > 0 && query->filters[0].op == TLM_FILTER_EQUAL && query->offset == 0;
}

static int try_redis(tlm_redis_answers *answers, const tlm_query *query, bool has_behind, tlm_result **ret_result,
                     tlm_error *error)
{
    if (atomic_load(&answers->is_open) || !may_be_here(query))
        return PASSED;
    connection *on = acquire(answers);
    if (!on)
        return PASSED;
    int result = ask_on(answers, on, query, has_behind, ret_result, error);
    give_back(answers, on);
    return result;
}

int tlm_redis_answers_query(tlm_redis_answers *answers, const tlm_query *query, tlm_result **ret_result,
                            tlm_error *error)
{
    const tlm_redis_metrics *metrics = &answers->shared->metrics;
    tlm_redis_store_behind behind;
    int found = tlm_redis_store_behind_find(answers->shared, &behind);
    int result = try_redis(answers, query, found != -ENOENT, ret_result, error);
    tlm_redis_count(answers->shared, result == ANSWERED ? metrics->hits : metrics->misses, 1);
    if (result == ANSWERED)
        return 0;
    if (found == 0)
        return behind.store->query(behind.instance, query, ret_result, error);
    if (found == -EAGAIN)
        return tlm_error_set(error, -EIO, "the store behind redis is not started");
    if (atomic_load(&answers->is_open))
        return tlm_error_set(error, -EIO, "redis is gone and no other store of the file is there to ask");
    return tlm_error_set(error, -EIO,
                         "redis holds the newest rows of single streams only, and no other store of the file is there "
                         "to ask for others");
}

/* --- life -------------------------------------------------------------------------------------------------------- */

int tlm_redis_answers_create(tlm_redis_shared *shared, tlm_redis_tables *tables, tlm_redis_answers **ret_answers,
                             tlm_error *error)
{
    tlm_redis_answers *answers = calloc(1, sizeof *answers);
    if (!answers)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    answers->shared = shared;
    answers->tables = tables;
    atomic_init(&answers->is_open, true); /* until the keeper has seen the server */
    atomic_init(&answers->failures, 0);
    pthread_mutex_init(&answers->mutex, NULL); /* with default attributes nothing can fail */
    tlm_redis_link_init(&answers->link, shared, shared->settings->timeout_ms);
    for (int64_t i = 0; i < shared->settings->connections; i++) {
        connection *made = &answers->connections[i];
        tlm_redis_link_init(&made->link, shared, shared->settings->query_timeout_ms);
        made->next = answers->idle;
        answers->idle = made;
    }
    int result = tlm_redis_circle_start(&answers->keeper, keep, answers);
    if (result < 0) {
        tlm_redis_answers_destroy(answers);
        return tlm_error_set(error, result, "the thread that looks after the server cannot be started: %s",
                             strerror(-result));
    }
    *ret_answers = answers;
    return 0;
}

void tlm_redis_answers_destroy(tlm_redis_answers *answers)
{
    if (!answers)
        return;
    tlm_redis_circle_stop(&answers->keeper);
    for (int64_t i = 0; i < answers->shared->settings->connections; i++) {
        tlm_redis_command_finish(&answers->connections[i].command);
        tlm_redis_link_finish(&answers->connections[i].link);
    }
    tlm_redis_command_finish(&answers->command);
    tlm_redis_link_finish(&answers->link);
    pthread_mutex_destroy(&answers->mutex);
    free(answers);
}
