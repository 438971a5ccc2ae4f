/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file redis_lab.h
 * For tests of the redis plugin: a server of the test's own that can be killed and frozen, hosts with a feed and
 * stores, and a store in memory to stand behind. Include after host.h and flushes.h.
 */
#ifndef TLM_TESTS_PLUGIN_REDIS_LAB_H
#define TLM_TESTS_PLUGIN_REDIS_LAB_H

#include <telemetra/telemetra.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LAB_SUBSCRIPTIONS_MAX = 16, LAB_ROWS_MAX = 4096, LAB_COLUMNS_MAX = 16, LAB_WAIT_MS = 20000, NOTE_COLUMNS = 4 };

/* --- datasets like moments --------------------------------------------------------------------------------------- */

static const tlm_column note_columns[NOTE_COLUMNS] = {
    {"moment_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, "Id."},
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_STREAM, NULL, "Stream."},
    {"peak_at", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, "Peak."},
    {"description", TLM_COLUMN_TEXT, 0, TLM_COLUMN_NULLABLE, NULL, "Words."},
};

static const tlm_dataset note_dataset = {sizeof(tlm_dataset),    TLM_DATASET_LATEST, "moments",
                                         "What can be revised.", note_columns,       NOTE_COLUMNS};

/* --- time -------------------------------------------------------------------------------------------------------- */

static inline int64_t lab_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t lab_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/** Waits until a condition holds, looking again and again; fails the test after LAB_WAIT_MS. */
#define LAB_UNTIL(condition)                                                                                           \
    do {                                                                                                               \
        int64_t lab_end_ms = lab_now_ms() + LAB_WAIT_MS;                                                               \
        while (!(condition)) {                                                                                         \
            if (lab_now_ms() > lab_end_ms)                                                                             \
                fail_msg("never came true: %s", #condition);                                                           \
            usleep(2000);                                                                                              \
        }                                                                                                              \
    } while (0)

/* --- the server -------------------------------------------------------------------------------------------------- */

typedef struct {
    pid_t pid; /* 0: not running */
    int port;
    char folder[64];
    const char *password;
    redisContext *context; /* the test's own connection */
} lab_server;

static inline int lab_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static inline redisReply *lab_command(lab_server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void lab_disconnect(lab_server *server)
{
    if (server->context)
        redisFree(server->context);
    server->context = NULL;
}

static inline bool lab_is_up(lab_server *server)
{
    lab_disconnect(server);
    server->context = redisConnect("127.0.0.1", server->port);
    if (!server->context || server->context->err)
        return false;
    redisReply *reply = server->password ? redisCommand(server->context, "AUTH %s", server->password)
                                         : redisCommand(server->context, "PING");
    bool is_up = reply && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return is_up;
}

static inline void lab_server_start(lab_server *server)
{
    char port[16];
    if (!server->port)
        server->port = lab_free_port();
    if (!server->folder[0]) {
        snprintf(server->folder, sizeof server->folder, "/tmp/telemetra-redis-XXXXXX");
        assert_non_null(mkdtemp(server->folder));
    }
    snprintf(port, sizeof port, "%d", server->port);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        int null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 1);
        dup2(null, 2);
        const char *arguments[] = {"redis-server",
                                   "--port",
                                   port,
                                   "--bind",
                                   "127.0.0.1",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--dir",
                                   server->folder,
                                   "--requirepass",
                                   server->password ? server->password : "",
                                   NULL};
        execvp("redis-server", (char **)(uintptr_t)arguments);
        /* Debian's redis-tools has the program under another name; it looks at argv[0], see infra/servers. */
        execvp("redis-check-rdb", (char **)(uintptr_t)arguments);
        _exit(127);
    }
    LAB_UNTIL(lab_is_up(server));
}

static inline void lab_server_kill(lab_server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
    lab_disconnect(server);
}

static inline void lab_server_finish(lab_server *server)
{
    lab_server_kill(server);
    if (server->folder[0])
        rmdir(server->folder);
    memset(server, 0, sizeof *server);
}

/** A command of the test's own; free the reply. */
static inline redisReply *lab_command(lab_server *server, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(server->context, format, arguments);
    va_end(arguments);
    assert_non_null(reply);
    return reply;
}

static inline long long lab_integer(lab_server *server, const char *command)
{
    redisReply *reply = redisCommand(server->context, command);
    assert_non_null(reply);
    long long integer = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1000;
    freeReplyObject(reply);
    return integer;
}

static inline void lab_do(lab_server *server, const char *command)
{
    redisReply *reply = redisCommand(server->context, command);
    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static inline bool lab_is_complete(lab_server *server)
{
    redisReply *reply = redisCommand(server->context, "GET telemetra:test:marker");
    assert_non_null(reply);
    bool is_complete = reply->type == REDIS_REPLY_STRING && strcmp(reply->str, "complete") == 0;
    freeReplyObject(reply);
    return is_complete;
}

/* --- a store in memory ------------------------------------------------------------------------------------------- */

/** Rows of one dataset; texts are the test's and outlive it. */
typedef struct {
    const tlm_dataset *dataset;
    tlm_cell cells[LAB_ROWS_MAX][LAB_COLUMNS_MAX];
    uint32_t count;
} lab_table;

typedef struct {
    lab_table tables[3];
    uint32_t table_count;
    pthread_mutex_t mutex;
    int queries; /* atomic */
    int is_gone; /* atomic */
} lab_store;

static inline void lab_store_add(lab_store *store, const tlm_dataset *dataset, const tlm_cell *cells)
{
    pthread_mutex_lock(&store->mutex);
    uint32_t at = 0;
    while (at < store->table_count && store->tables[at].dataset != dataset)
        at++;
    if (at == store->table_count)
        store->tables[store->table_count++].dataset = dataset;
    lab_table *table = &store->tables[at];
    assert_true(table->count < LAB_ROWS_MAX && dataset->column_count <= LAB_COLUMNS_MAX);
    memcpy(table->cells[table->count++], cells, dataset->column_count * sizeof *cells);
    pthread_mutex_unlock(&store->mutex);
}

static inline uint32_t lab_column(const tlm_dataset *dataset, const char *name)
{
    for (uint32_t i = 0; i < dataset->column_count; i++)
        if (!strcmp(dataset->columns[i].name, name))
            return i;
    return UINT32_MAX;
}

static inline int lab_compare(const tlm_cell *a, const tlm_cell *b, uint32_t type)
{
    if (type != TLM_COLUMN_TEXT)
        return (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
    size_t size = a->size < b->size ? a->size : b->size;
    int result = memcmp(a->as.text, b->as.text, size);
    return result ? result : (a->size > b->size) - (a->size < b->size);
}

static inline bool lab_matches(const lab_table *table, const tlm_cell *row, const tlm_query *query)
{
    for (uint32_t i = 0; i < query->filter_count; i++) {
        uint32_t column = lab_column(table->dataset, query->filters[i].column);
        int order = lab_compare(&row[column], &query->filters[i].value, table->dataset->columns[column].type);
        uint32_t op = query->filters[i].op;
        if (!row[column].is_set || (op == TLM_FILTER_EQUAL && order != 0) || (op == TLM_FILTER_BELOW && order >= 0) ||
            (op == TLM_FILTER_AT_LEAST && order < 0))
            return false;
    }
    return true;
}

static inline bool lab_is_before(const lab_table *table, const tlm_cell *a, const tlm_cell *b, const tlm_query *query)
{
    for (uint32_t i = 0; i < query->order_count; i++) {
        uint32_t column = lab_column(table->dataset, query->orders[i].column);
        int order = lab_compare(&a[column], &b[column], table->dataset->columns[column].type);
        if (order)
            return query->orders[i].descending ? order > 0 : order < 0;
    }
    return false;
}

typedef struct {
    tlm_result result;
    const tlm_column *columns[LAB_COLUMNS_MAX];
    tlm_cell cells[];
} lab_result;

static inline void lab_release(tlm_result *result)
{
    free(result);
}

/** An answer without rows. */
static inline tlm_result *lab_nothing(void)
{
    lab_result *made = calloc(1, sizeof *made);
    made->result = (tlm_result){made->columns, made->cells, 0, 0, lab_release};
    return &made->result;
}

static inline int lab_answer(const lab_table *table, const tlm_query *query, tlm_result **ret_result)
{
    const tlm_cell *found[LAB_ROWS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t at = count;
        if (!lab_matches(table, table->cells[i], query))
            continue;
        for (; at > 0 && lab_is_before(table, table->cells[i], found[at - 1], query); at--)
            found[at] = found[at - 1];
        found[at] = table->cells[i];
        count++;
    }
    uint32_t first = query->offset < count ? (uint32_t)query->offset : count;
    count = count - first < query->limit ? count - first : query->limit;
    lab_result *made = calloc(1, sizeof *made + (size_t)count * query->column_count * sizeof(tlm_cell));
    made->result = (tlm_result){made->columns, made->cells, count, query->column_count, lab_release};
    for (uint32_t j = 0; j < query->column_count; j++) {
        uint32_t column = lab_column(table->dataset, query->columns[j]);
        if (column == UINT32_MAX) {
            free(made);
            return -ENOENT;
        }
        made->columns[j] = &table->dataset->columns[column];
        for (uint32_t i = 0; i < count; i++)
            made->cells[(size_t)i * query->column_count + j] = found[first + i][column];
    }
    *ret_result = &made->result;
    return 0;
}

static inline int lab_query(tlm_instance *instance, const tlm_query *query, tlm_result **ret_result, tlm_error *error)
{
    lab_store *store = (lab_store *)(void *)instance;
    int result = -ENOENT;
    __atomic_add_fetch(&store->queries, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&store->is_gone, __ATOMIC_RELAXED))
        return tlm_error_set(error, -EIO, "the store behind is gone");
    pthread_mutex_lock(&store->mutex);
    for (uint32_t i = 0; i < store->table_count; i++)
        if (!strcmp(store->tables[i].dataset->id, query->dataset))
            result = lab_answer(&store->tables[i], query, ret_result);
    pthread_mutex_unlock(&store->mutex);
    return result;
}

static inline int lab_queries(lab_store *store)
{
    return __atomic_load_n(&store->queries, __ATOMIC_RELAXED);
}

/* --- a host with feed and stores --------------------------------------------------------------------------------- */

struct tlm_subscription {
    char dataset[32];
    void (*receive)(void *context, const tlm_rows *rows);
    void *context;
    struct lab *lab;
};

/** An instance of the plugin in a process of its own, as far as it can tell. */
typedef struct lab {
    subject subject; /* first: its host is the first thing in it */
    lab_store *behind;
    int is_behind_late; /* atomic: not started yet */
    struct tlm_subscription subscriptions[LAB_SUBSCRIPTIONS_MAX];
    uint32_t subscription_count;
    pthread_mutex_t mutex; /* guards what was heard */
    const tlm_rows *heard[LAB_ROWS_MAX];
    uint32_t heard_count;
    uint64_t heard_rows;
} lab;

static inline lab *lab_of(const tlm_host *host)
{
    return (lab *)(uintptr_t)host;
}

static inline tlm_subscription *lab_subscribe(const tlm_host *host, const char *dataset,
                                              void (*receive)(void *context, const tlm_rows *rows), void *context)
{
    lab *self = lab_of(host);
    struct tlm_subscription *made = &self->subscriptions[self->subscription_count++];
    assert_true(self->subscription_count <= LAB_SUBSCRIPTIONS_MAX);
    snprintf(made->dataset, sizeof made->dataset, "%s", dataset);
    made->receive = receive;
    made->context = context;
    made->lab = self;
    return made;
}

static inline void lab_unsubscribe(tlm_subscription *subscription)
{
    if (subscription)
        subscription->receive = NULL;
}

/** What a lane does with rows it has made. */
static inline void lab_emit(lab *self, const tlm_rows *rows)
{
    for (uint32_t i = 0; i < self->subscription_count; i++)
        if (self->subscriptions[i].receive && !strcmp(self->subscriptions[i].dataset, rows->dataset->id))
            self->subscriptions[i].receive(self->subscriptions[i].context, rows);
}

static inline void lab_hear(const tlm_host *host, const tlm_rows *rows)
{
    lab *self = lab_of(host);
    pthread_mutex_lock(&self->mutex);
    self->heard_rows += rows->row_count;
    if (self->heard_count < LAB_ROWS_MAX) {
        rows->ref(rows);
        self->heard[self->heard_count++] = rows;
    }
    pthread_mutex_unlock(&self->mutex);
}

static inline uint64_t lab_heard_rows(lab *self)
{
    pthread_mutex_lock(&self->mutex);
    uint64_t rows = self->heard_rows;
    pthread_mutex_unlock(&self->mutex);
    return rows;
}

static inline void lab_forget(lab *self)
{
    pthread_mutex_lock(&self->mutex);
    for (uint32_t i = 0; i < self->heard_count; i++)
        self->heard[i]->unref(self->heard[i]);
    self->heard_count = 0;
    self->heard_rows = 0;
    pthread_mutex_unlock(&self->mutex);
}

static inline int lab_find(const tlm_host *host, const char *name, const struct tlm_store **ret_store,
                           tlm_instance **ret_instance)
{
    static const tlm_store store = {lab_query};
    lab *self = lab_of(host);
    (void)name;
    if (!self->behind)
        return -ENOENT;
    if (__atomic_load_n(&self->is_behind_late, __ATOMIC_RELAXED))
        return -EAGAIN;
    *ret_store = &store;
    *ret_instance = (tlm_instance *)(void *)self->behind;
    return 0;
}

static inline const void *lab_service(const tlm_host *host, const char *id)
{
    static const tlm_feed_service feed = {lab_subscribe, lab_unsubscribe};
    static const tlm_feed_publish_service publish = {lab_hear};
    static const tlm_stores_service stores = {lab_find};
    if (strcmp(id, TLM_SERVICE_FEED) == 0)
        return &feed;
    if (strcmp(id, TLM_SERVICE_FEED_PUBLISH) == 0)
        return &publish;
    return strcmp(id, TLM_SERVICE_STORES) == 0 ? &stores : test_host_service(host, id);
}

/** A lab for a server; add datasets to subject.host for a writer, then lab_start. */
static inline lab *lab_create(lab_server *server, lab_store *behind)
{
    char url[64];
    lab *self = calloc(1, sizeof *self);
    assert_non_null(self);
    subject_init(&self->subject, "redis");
    self->subject.host.public.get_service = lab_service;
    pthread_mutex_init(&self->mutex, NULL);
    self->behind = behind;
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", server->port);
    test_config_set(self->subject.component, self->subject.config, "url", url);
    return self;
}

static inline lab *lab_create_writer(lab_server *server, lab_store *behind)
{
    lab *self = lab_create(server, behind);
    self->subject.host.datasets[0] = &sample_dataset;
    self->subject.host.datasets[1] = &stream_dataset;
    self->subject.host.datasets[2] = &note_dataset;
    self->subject.host.dataset_count = 3;
    return self;
}

static inline void lab_set(lab *self, const char *option, const char *text)
{
    test_config_set(self->subject.component, self->subject.config, option, text);
}

static inline void lab_start(lab *self)
{
    if (subject_start(&self->subject) < 0)
        fail_msg("%s", self->subject.error.text);
}

static inline void lab_destroy(lab *self)
{
    if (self->subject.instance)
        self->subject.component->stop(self->subject.instance);
    lab_forget(self); /* while its datasets are there */
    self->subject.component->destroy(self->subject.instance);
    self->subject.instance = NULL;
    subject_finish(&self->subject);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

static inline bool lab_health_says(lab *self, const char *part)
{
    test_host *host = &self->subject.host;
    pthread_mutex_lock(&host->lock);
    bool says = host->health_status == TLM_HEALTH_DEGRADED && strstr(host->health, part) != NULL;
    pthread_mutex_unlock(&host->lock);
    return says;
}

static inline bool lab_is_well(lab *self)
{
    test_host *host = &self->subject.host;
    pthread_mutex_lock(&host->lock);
    bool is_well = host->health_status == TLM_HEALTH_OK;
    pthread_mutex_unlock(&host->lock);
    return is_well;
}

static inline int64_t lab_metric(lab *self, const char *name)
{
    test_host *host = &self->subject.host;
    for (uint32_t i = 0; i < host->metric_count; i++)
        if (!strcmp(host->metrics[i].name, name))
            return __atomic_load_n(&host->metrics[i].value, __ATOMIC_RELAXED);
    fail_msg("no metric %s", name);
    return 0;
}

/** Submits a flush and waits. */
static inline int lab_submit(lab *self, uint32_t lane, uint64_t epoch, uint64_t sequence, const tlm_rows *rows)
{
    answer waiting;
    answer_init(&waiting);
    tlm_flush flush = {sizeof flush, lane, epoch, sequence, &rows, rows != NULL, 0};
    self->subject.sink->submit(self->subject.instance, &flush, answer_done, &waiting);
    int result = answer_wait(&waiting);
    memcpy(self->subject.reason, waiting.reason, sizeof self->subject.reason);
    return result;
}

#endif
