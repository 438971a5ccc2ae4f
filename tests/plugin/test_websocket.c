/* SPDX-License-Identifier: Apache-2.0 */
/* `websocket` through the interfaces that the host uses, with a feed and a store that the test is: which values and
 * moments clients get, and what becomes of those that lag. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../core/listen.h"
#include "../api/ws_client.h"
#include "host.h"
#include "rest_rows.h"

#define PATIENCE_MS 20000

typedef void (*receiver)(void *context, const tlm_rows *rows);

struct tlm_subscription {
    const char *dataset;
    receiver receive;
    void *context;
};

typedef struct lab {
    test_host host; /* first */
    const tlm_component *component;
    void *config;
    tlm_instance *instance;
    tlm_listener *listener;
    uint16_t port;
    fake_store store;
    tlm_subscription subscriptions[4];
} lab;

static ws_frame frame; /* too large for a stack */

/* --- services -------------------------------------------------------------------------------------------------- */

static tlm_subscription *lab_subscribe(const tlm_host *host, const char *dataset, receiver receive, void *context)
{
    lab *self = (lab *)(uintptr_t)host;

    for (size_t i = 0; i < TLM_COUNT(self->subscriptions); i++) {
        if (self->subscriptions[i].dataset)
            continue;
        self->subscriptions[i] = (tlm_subscription){dataset, receive, context};
        return &self->subscriptions[i];
    }
    return NULL;
}

static void lab_unsubscribe(tlm_subscription *subscription)
{
    *subscription = (tlm_subscription){0};
}

static int lab_find_store(const tlm_host *host, const char *name, const tlm_store **ret_store,
                          tlm_instance **ret_instance)
{
    static const tlm_store interface = {fake_query};
    lab *self = (lab *)(uintptr_t)host;

    if (!self->store.tables || (name && name[0]))
        return -ENOENT;
    *ret_store = &interface;
    *ret_instance = (tlm_instance *)(void *)&self->store;
    return 0;
}

static const void *lab_service(const tlm_host *host, const char *id)
{
    static const tlm_feed_service feed = {lab_subscribe, lab_unsubscribe};
    static const tlm_stores_service stores = {lab_find_store};

    if (strcmp(id, TLM_SERVICE_FEED) == 0)
        return &feed;
    return strcmp(id, TLM_SERVICE_STORES) == 0 ? &stores : test_host_service(host, id);
}

static void lab_publish(lab *self, const tlm_dataset *dataset, uint32_t flags, const tlm_cell *cells)
{
    const tlm_rows rows = {
        .struct_size = sizeof rows, .flags = flags, .dataset = dataset, .cells = cells, .row_count = 1};

    for (size_t i = 0; i < TLM_COUNT(self->subscriptions); i++)
        if (self->subscriptions[i].dataset && strcmp(self->subscriptions[i].dataset, dataset->id) == 0)
            self->subscriptions[i].receive(self->subscriptions[i].context, &rows);
}

static int64_t lab_metric(lab *self, const char *name)
{
    int64_t value = -1;

    pthread_mutex_lock(&self->host.lock);
    for (uint32_t i = 0; i < self->host.metric_count; i++)
        if (strcmp(self->host.metrics[i].name, name) == 0)
            value = __atomic_load_n(&self->host.metrics[i].value, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&self->host.lock);
    return value;
}

/* --- life ------------------------------------------------------------------------------------------------------ */

static void lab_listen(lab *self)
{
    static const tlm_log no_log = {.level = TLM_LOG_ERROR, .fd = -1};
    const tlm_frontend *frontend = self->component->get_interface(TLM_INTERFACE_FRONTEND);
    const tlm_listen_route routes[] = {{frontend->prefixes[0], frontend, self->instance},
                                       {frontend->prefixes[1], frontend, self->instance}};
    const tlm_listen_options options = {"127.0.0.1", 0, 10000, 1024};
    tlm_error error = {{0}};

    assert_int_equal(tlm_listener_create(routes, 2, &options, &no_log, &self->listener, &error), 0);
    assert_int_equal(tlm_listener_start(self->listener, &error), 0);
    self->port = (uint16_t)atoi(strrchr(tlm_listener_address(self->listener), ':') + 1);
}

/* Options are pairs of name and text, ending in NULL. */
static lab *lab_begin(bool has_store, const char *const *options)
{
    lab *self = calloc(1, sizeof *self);
    tlm_error error = {{0}};

    test_host_init(&self->host);
    self->host.public.get_service = lab_service;
    if (has_store) {
        self->store.tables = rows_tables;
        self->store.table_count = TLM_COUNT(rows_tables);
    }
    self->component = test_component("websocket", "websocket");
    self->config = test_config(self->component);
    test_config_set(self->component, self->config, "interval", "50ms");
    for (; options && options[0]; options += 2)
        test_config_set(self->component, self->config, options[0], options[1]);
    assert_int_equal(self->component->create(&self->host.public, self->config, &self->instance, &error), 0);
    assert_int_equal(self->component->start(self->instance, &error), 0);
    lab_listen(self);
    return self;
}

static void lab_end(lab *self)
{
    tlm_listener_destroy(self->listener);
    self->component->stop(self->instance);
    self->component->destroy(self->instance);
    test_config_free(self->component, self->config);
    free(self);
}

/* --- rows ------------------------------------------------------------------------------------------------------ */

static void publish_window(lab *self, const char *id, int64_t end_s, int64_t chatters, uint32_t flags)
{
    tlm_cell row[] = {ROWS_WINDOW("x", 0)};

    row[0] = (tlm_cell){.is_set = 1, .size = (uint32_t)strlen(id), .as.text = id};
    row[2].as.integer = ROWS_T0_NS + end_s * ROWS_SECOND_NS;
    row[5].as.integer = chatters;
    lab_publish(self, &rows_windows, flags, row);
}

static const tlm_column moment_columns[] = {
    {"severity", TLM_COLUMN_DECIMAL, 2, 0, NULL, ""},
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_STREAM, NULL, ""},
    {"moment_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, ""},
    {"started_at", TLM_COLUMN_TIME, 0, 0, NULL, ""},
    {"peak_at", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, ""},
    {"moment_type", TLM_COLUMN_TEXT, 0, 0, NULL, ""},
    {"description", TLM_COLUMN_TEXT, 0, 0, NULL, ""},
    {"metadata", TLM_COLUMN_JSON, 0, 0, NULL, ""},
};
static const tlm_dataset moments_dataset = {sizeof(tlm_dataset), TLM_DATASET_LATEST,       "moments", "",
                                            moment_columns,      TLM_COUNT(moment_columns)};

static void publish_moment(lab *self, const char *id, int64_t second, const char *description)
{
    const tlm_cell row[] = {
        WIDE(85),
        TEXT("a"),
        {.is_set = 1, .size = (uint32_t)strlen(id), .as.text = id},
        AT_SECOND(second - 5),
        AT_SECOND(second),
        TEXT("chat_spike"),
        {.is_set = 1, .size = (uint32_t)strlen(description), .as.text = description},
        TEXT("{\"peak\":9}"),
    };

    lab_publish(self, &moments_dataset, TLM_ROWS_FINAL, row);
}

static void wait_for(int fd, const char *text)
{
    ws_wait_for(fd, text, &frame);
}

/* --- values ---------------------------------------------------------------------------------------------------- */

static void the_newest_window_is_shown_early_or_final(void **state)
{
    lab *self = lab_begin(true, NULL);
    int fd = ws_open(self->port, "/ws/live/a");

    (void)state;
    wait_for(fd, "\"timestamp\":\"2024-05-01T12:00:30Z\""); /* the store's newest */
    assert_non_null(strstr(frame.payload, "\"final\":true"));
    publish_window(self, "a", 40, 1001, TLM_ROWS_EARLY);
    wait_for(fd, "\"unique_chatters\":1001");
    assert_non_null(strstr(frame.payload, "\"timestamp\":\"2024-05-01T12:00:40Z\""));
    assert_non_null(strstr(frame.payload, "\"final\":false"));
    publish_window(self, "a", 40, 1002, TLM_ROWS_EARLY);
    wait_for(fd, "\"unique_chatters\":1002");
    publish_window(self, "a", 30, 9999, TLM_ROWS_FINAL); /* older: not shown */
    publish_window(self, "a", 40, 1003, TLM_ROWS_FINAL);
    wait_for(fd, "\"unique_chatters\":1003");
    assert_non_null(strstr(frame.payload, "\"final\":true"));
    publish_window(self, "a", 40, 9999, TLM_ROWS_EARLY); /* final already */
    publish_window(self, "a", 50, 1004, TLM_ROWS_EARLY);
    do {
        assert_true(ws_read_opcode(fd, WS_TEXT, &frame));
        assert_null(strstr(frame.payload, "9999"));
    } while (!strstr(frame.payload, "\"unique_chatters\":1004"));
    close(fd);
    lab_end(self);
}

static void an_early_window_is_remembered_for_the_first_client(void **state)
{
    lab *self = lab_begin(true, (const char *[]){"max_streams", "1", NULL});

    (void)state;
    publish_window(self, "b", 60, 2001, TLM_ROWS_EARLY);
    publish_window(self, "c", 60, 2002, TLM_ROWS_EARLY); /* one too many */
    int first = ws_open(self->port, "/live/b"), second = ws_open(self->port, "/live/c");
    assert_true(ws_read_opcode(first, WS_TEXT, &frame));
    assert_non_null(strstr(frame.payload, "\"unique_chatters\":2001"));
    assert_true(ws_read_opcode(second, WS_TEXT, &frame));
    assert_non_null(strstr(frame.payload, "\"unique_chatters\":null"));
    close(first);
    close(second);
    lab_end(self);
}

static void an_early_window_outlives_its_last_client(void **state)
{
    lab *self = lab_begin(true, NULL);
    int fd = ws_open(self->port, "/live/b");

    (void)state;
    publish_window(self, "b", 60, 2001, TLM_ROWS_EARLY);
    wait_for(fd, "2001");
    ws_send(fd, WS_FIN | WS_CLOSE, "\x03\xe8", 2);
    ws_assert_close(fd, 1000);
    fd = ws_open(self->port, "/live/b");
    assert_true(ws_read_opcode(fd, WS_TEXT, &frame));
    assert_non_null(strstr(frame.payload, "\"unique_chatters\":2001"));
    close(fd);
    lab_end(self);
}

static void viewers_come_from_the_window_else_from_the_stream(void **state)
{
    static const tlm_cell empty[] = {ROWS_EMPTY_WINDOW("b", 60)};
    static const tlm_cell status[] = {TEXT("b"),    NONE,       NONE,         NONE,        NONE,
                                      AT_SECOND(0), INTEGER(0), INTEGER(777), AT_SECOND(9)};
    lab *self = lab_begin(true, NULL);
    int fd = ws_open(self->port, "/ws/live/b");

    (void)state;
    wait_for(fd, "\"viewer_count\":10,"); /* the store's status */
    assert_non_null(strstr(frame.payload, "\"is_live\":true"));
    lab_publish(self, &rows_windows, TLM_ROWS_EARLY, empty);
    lab_publish(self, &rows_streams, TLM_ROWS_FINAL, status);
    wait_for(fd, "\"viewer_count\":777,");
    assert_non_null(strstr(frame.payload, "\"is_live\":false"));
    publish_window(self, "b", 70, 1, TLM_ROWS_EARLY);
    wait_for(fd, "\"viewer_count\":101,");
    close(fd);
    lab_end(self);
}

static void without_a_store_the_feed_alone_is_shown(void **state)
{
    lab *self = lab_begin(false, NULL);
    int fd = ws_open(self->port, "/live/a");

    (void)state;
    assert_true(ws_read_opcode(fd, WS_TEXT, &frame));
    assert_non_null(strstr(frame.payload, "\"chat_rate\":null"));
    publish_window(self, "a", 40, 5, TLM_ROWS_EARLY);
    wait_for(fd, "\"chat_rate\":12.50");
    close(fd);
    lab_end(self);
}

static void where_the_feed_is_silent_the_store_is_asked_again(void **state)
{
    lab *self = lab_begin(true, NULL);

    (void)state;
    self->store.failure = -EIO;
    int fd = ws_open(self->port, "/ws/live/a");
    wait_for(fd, "\"unique_chatters\":null");
    self->store.failure = 0;
    wait_for(fd, "\"timestamp\":\"2024-05-01T12:00:30Z\""); /* its newest */
    close(fd);
    lab_end(self);
}

static void a_store_that_fails_is_told_and_the_feed_goes_on(void **state)
{
    lab *self = lab_begin(true, NULL);

    (void)state;
    self->store.failure = -EIO;
    int fd = ws_open(self->port, "/live/a");
    wait_for(fd, "\"type\":\"error\"");
    assert_non_null(strstr(frame.payload, "\"data\":{\"code\":\"store_unavailable\",\"message\":\""));
    wait_for(fd, "\"unique_chatters\":null");
    publish_window(self, "a", 40, 1001, TLM_ROWS_EARLY);
    wait_for(fd, "\"unique_chatters\":1001");
    pthread_mutex_lock(&self->host.lock);
    assert_int_equal(self->host.log_level, TLM_LOG_WARNING);
    assert_non_null(strstr(self->host.log, "the file is gone"));
    pthread_mutex_unlock(&self->host.lock);
    close(fd);
    lab_end(self);
}

static void a_dataset_without_its_key_is_left_alone(void **state)
{
    static const tlm_column columns[] = {{"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, ""},
                                         {"window_end", TLM_COLUMN_INTEGER, 0, 0, NULL, ""}};
    static const tlm_dataset other = {sizeof(tlm_dataset), TLM_DATASET_APPEND, "windows", "", columns, 2};
    static const tlm_cell row[] = {TEXT("a"), INTEGER(INT64_MAX)};
    lab *self = lab_begin(true, NULL);
    int fd = ws_open(self->port, "/live/a");

    (void)state;
    lab_publish(self, &other, TLM_ROWS_EARLY, row);
    publish_window(self, "a", 40, 1001, TLM_ROWS_EARLY);
    wait_for(fd, "\"unique_chatters\":1001");
    close(fd);
    lab_end(self);
}

/* --- moments --------------------------------------------------------------------------------------------------- */

#define MOMENT(id, second)                                                                                             \
    "{\"moment_id\":\"" id "\",\"stream_id\":\"a\",\"timestamp\":\"2024-05-01T12:00:0" second                          \
    "Z\",\"moment_type\":\"chat_spike\",\"description\":\"more chat\",\"metric_name\":\"chat_rate\","                  \
    "\"metric_value\":120.00,\"threshold\":3.00,\"z_score\":5.12,\"metadata\":{\"x\":1}}"

static void recent_moments_are_those_of_five_minutes_as_in_rest(void **state)
{
    lab *self = lab_begin(true, NULL);

    (void)state;
    publish_window(self, "z", 200, 1, TLM_ROWS_EARLY); /* the time of this recording */
    int fd = ws_open(self->port, "/ws/live/a");
    wait_for(fd, "\"chat_rate\"");
    assert_non_null(strstr(frame.payload,
                           "\"recent_moments\":[" MOMENT("m2", "3") "," MOMENT("m3", "3") "," MOMENT("m1", "1") "]"));
    publish_window(self, "z", 302, 1, TLM_ROWS_EARLY);
    wait_for(fd, "\"recent_moments\":[" MOMENT("m2", "3") "," MOMENT("m3", "3") "]");
    publish_window(self, "z", 400, 1, TLM_ROWS_EARLY);
    wait_for(fd, "\"recent_moments\":[]");
    close(fd);
    lab_end(self);
}

static void at_most_ten_moments_are_recent(void **state)
{
    lab *self = lab_begin(false, NULL);
    int fd = ws_open(self->port, "/ws/live/a"), count = 0;
    char id[16];

    (void)state;
    wait_for(fd, "chat_rate");
    publish_window(self, "a", 60, 1, TLM_ROWS_EARLY);
    for (int i = 0; i < 12; i++) {
        snprintf(id, sizeof id, "n%02d", i);
        publish_moment(self, id, 20 + i, "x");
    }
    wait_for(fd, "\"moment_id\":\"n11\"");
    for (const char *at = frame.payload; (at = strstr(at, "\"moment_id\"")) != NULL; at++)
        count++;
    assert_int_equal(count, 10);
    assert_non_null(strstr(frame.payload, "\"recent_moments\":[{\"moment_id\":\"n11\""));
    assert_null(strstr(frame.payload, "\"n01\""));
    assert_non_null(strstr(frame.payload, "\"n02\""));
    close(fd);
    lab_end(self);
}

static void a_moment_comes_once_in_its_envelope(void **state)
{
    lab *self = lab_begin(false, NULL);
    int fd = ws_open(self->port, "/live/a"), flat = ws_open(self->port, "/ws/live/a");

    (void)state;
    publish_window(self, "a", 60, 1, TLM_ROWS_EARLY);
    wait_for(fd, "\"type\":\"metrics\"");
    publish_moment(self, "m7", 30, "first words");
    wait_for(fd, "\"type\":\"moment\"");
    assert_memory_equal(frame.payload, "{\"type\":\"moment\",\"timestamp\":", 29);
    assert_string_equal(strchr(frame.payload + 29, ','),
                        ",\"data\":{\"id\":\"m7\",\"type\":\"chat_spike\",\"description\":\"first words\","
                        "\"severity\":0.85,\"timestamp\":1714564830000,\"metadata\":{\"peak\":9}}}");
    publish_moment(self, "m7", 32, "second words"); /* a revision */
    publish_moment(self, "m8", 33, "another");
    wait_for(fd, "\"type\":\"moment\"");
    assert_non_null(strstr(frame.payload, "\"id\":\"m8\""));
    wait_for(flat, "second words");
    assert_null(strstr(frame.payload, "first words"));
    close(fd);
    close(flat);
    lab_end(self);
}

static void one_that_comes_later_gets_recent_moments_oldest_first(void **state)
{
    lab *self = lab_begin(true, NULL);

    (void)state;
    publish_window(self, "z", 60, 1, TLM_ROWS_EARLY);
    for (int i = 0; i < 2; i++) { /* the first one of the stream, and the next one */
        int fd = ws_open(self->port, "/live/a");
        wait_for(fd, "\"type\":\"metrics\"");
        wait_for(fd, "\"type\":\"moment\"");
        assert_non_null(strstr(frame.payload, "\"id\":\"m1\""));
        assert_non_null(strstr(frame.payload, "\"severity\":null")); /* this dataset has no such column */
        wait_for(fd, "\"type\":\"moment\"");
        assert_non_null(strstr(frame.payload, "\"id\":\"m3\""));
        wait_for(fd, "\"type\":\"moment\"");
        assert_non_null(strstr(frame.payload, "\"id\":\"m2\""));
        if (i > 0)
            close(fd);
    }
    lab_end(self);
}

/* --- those that lag -------------------------------------------------------------------------------------------- */

/* A WebSocket whose kernel holds as little as it can. */
static int open_narrow(uint16_t port, const char *target)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval timeout = {.tv_sec = HTTP_TIMEOUT_S};
    char request[1024];
    int size = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" WS_HEAD "\r\n", target);
    assert_true(http_send(fd, request, strlen(request)));
    http_answer answer = http_read(fd, false);
    assert_int_equal(answer.status, 101);
    http_answer_finish(&answer);
    return fd;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000};

    nanosleep(&pause, NULL);
}

static void the_newest_update_wins_for_one_that_lags(void **state)
{
    lab *self = lab_begin(false, (const char *[]){"send_buffer", "4KiB", NULL});
    int64_t deadline_ms = now_ms() + PATIENCE_MS, number = 1000;
    int64_t shown = 1000, gap = 0;
    int fd = open_narrow(self->port, "/ws/live/a");

    (void)state;
    /* It does not read until so many were replaced; each update is told apart by its chatters. */
    while (lab_metric(self, "telemetra_websocket_updates_dropped_total") < 20 && now_ms() < deadline_ms) {
        publish_window(self, "a", 60, ++number, TLM_ROWS_EARLY);
        pause_ms(50);
    }
    assert_true(lab_metric(self, "telemetra_websocket_updates_dropped_total") >= 20);
    /* What the kernel had comes first, then the newest, with nothing of what was between them. */
    while (shown < number) {
        ws_wait_for(fd, "\"unique_chatters\":", &frame);
        int64_t next = strtoll(strstr(frame.payload, "\"unique_chatters\":") + 18, NULL, 10);
        gap = next - shown > gap ? next - shown : gap;
        shown = next > 0 ? next : shown;
    }
    assert_true(gap >= 5);
    close(fd);
    lab_end(self);
}

static void one_that_takes_no_moments_is_closed_with_1008(void **state)
{
    static char description[4000];
    lab *self = lab_begin(false, (const char *[]){"send_buffer", "4KiB", "interval", "1h", NULL});
    int fd = open_narrow(self->port, "/live/a");
    int64_t deadline_ms = now_ms() + PATIENCE_MS;
    char id[32];

    (void)state;
    assert_true(ws_read_opcode(fd, WS_TEXT, &frame));
    memset(description, 'd', sizeof description - 1);
    for (int i = 0; i < 60; i++) {
        snprintf(id, sizeof id, "id%d", i);
        publish_moment(self, id, i, description);
    }
    /* Those that were on their way come whole, then the close frame. */
    while (ws_read(fd, &frame) && (frame.first & 0x0f) == WS_TEXT && now_ms() < deadline_ms)
        continue;
    assert_int_equal(frame.first, WS_FIN | WS_CLOSE);
    assert_memory_equal(frame.payload, "\x03\xf0too slow", 10);
    close(fd);
    lab_end(self);
}

/* --- pages ----------------------------------------------------------------------------------------------------- */

static void the_health_page_is_offered_to_other_frontends(void **state)
{
    lab *self = lab_begin(false, NULL);
    const tlm_pages *pages = self->component->get_interface(TLM_INTERFACE_PAGES);
    int fd = ws_open(self->port, "/live/a%22b");
    tlm_page_body body;
    uint32_t count;

    (void)state;
    assert_non_null(pages);
    const tlm_page *page = pages->list(self->instance, &count);
    assert_int_equal(count, 1);
    assert_string_equal(page->path, "/ws/live/health");
    assert_string_equal(page->content_type, "application/json");
    assert_int_equal(page->is_fixed, 0);
    assert_true(ws_read_opcode(fd, WS_TEXT, &frame));
    assert_int_equal(pages->body(self->instance, 0, &body), 0);
    static const char expected[] =
        "{\"status\":\"ok\",\"active_streams\":1,\"total_connections\":1,\"streams\":{\"a\\\"b\":1}}";
    assert_int_equal(body.size, sizeof expected - 1);
    assert_memory_equal(body.data, expected, body.size);
    body.release(&body);
    close(fd);
    lab_end(self);
}

static void origins_that_no_browser_sends_are_refused(void **state)
{
    const tlm_component *component = test_component("websocket", "websocket");
    static const char *const wrong[] = {"*", "localhost", "http://a/", "HTTP://a", "http://a:99999"};
    tlm_instance *instance = NULL;
    test_host host;

    (void)state;
    test_host_init(&host);
    for (size_t i = 0; i < TLM_COUNT(wrong); i++) {
        void *config = test_config(component);
        tlm_error error = {{0}};
        test_config_set(component, config, "origins", wrong[i]);
        assert_int_equal(component->create(&host.public, config, &instance, &error), -EINVAL);
        assert_memory_equal(error.text, "origins: ", 9);
        test_config_free(component, config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_window_is_shown_early_or_final),
        cmocka_unit_test(an_early_window_is_remembered_for_the_first_client),
        cmocka_unit_test(an_early_window_outlives_its_last_client),
        cmocka_unit_test(viewers_come_from_the_window_else_from_the_stream),
        cmocka_unit_test(without_a_store_the_feed_alone_is_shown),
        cmocka_unit_test(where_the_feed_is_silent_the_store_is_asked_again),
        cmocka_unit_test(a_store_that_fails_is_told_and_the_feed_goes_on),
        cmocka_unit_test(a_dataset_without_its_key_is_left_alone),
        cmocka_unit_test(recent_moments_are_those_of_five_minutes_as_in_rest),
        cmocka_unit_test(at_most_ten_moments_are_recent),
        cmocka_unit_test(a_moment_comes_once_in_its_envelope),
        cmocka_unit_test(one_that_comes_later_gets_recent_moments_oldest_first),
        cmocka_unit_test(the_newest_update_wins_for_one_that_lags),
        cmocka_unit_test(one_that_takes_no_moments_is_closed_with_1008),
        cmocka_unit_test(the_health_page_is_offered_to_other_frontends),
        cmocka_unit_test(origins_that_no_browser_sends_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
