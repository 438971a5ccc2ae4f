/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"

#include "common/clock.h"

#include "circle.h"
#include "link.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/** Silence after which a sign of life is asked for, and after which there was none. */
#define ASK_AFTER_MS 2000
#define GONE_AFTER_MS 5000

typedef struct {
    uint64_t epoch, sequence;
    int64_t heard_ms; /* 0: never */
} lane_mark;

struct tlm_redis_listener {
    tlm_redis_shared *shared;
    tlm_redis_tables *tables;
    const tlm_feed_publish_service *publish;
    tlm_redis_circle circle;
    int stop_fd; /* readable: the thread is to end */
    /* of the thread alone */
    tlm_redis_link link;
    tlm_redis_command command;
    lane_mark lanes[TLM_REDIS_LANES_MAX];
    int64_t heard_ms, asked_ms;
    bool is_confused; /* the log knows that a message was refused */
};

/* --- messages ---------------------------------------------------------------------------------------------------- */

static bool is_outdated(tlm_redis_listener *listener, const tlm_wire_head *head)
{
    int64_t now_ms = tlm_clock_ms();
    if (head->lane >= TLM_REDIS_LANES_MAX)
        return false; /* early rows, whose time tells; or more lanes than anybody has */
    lane_mark *mark = &listener->lanes[head->lane];
    bool is_known = mark->heard_ms > 0 && now_ms - mark->heard_ms < TLM_REDIS_LANE_SILENCE_MS;
    if (is_known && (head->epoch < mark->epoch || (head->epoch == mark->epoch && head->sequence < mark->sequence)))
        return true;
    *mark = (lane_mark){head->epoch, head->sequence, now_ms};
    return false;
}

/* One sentence a trouble: a writer of another version publishes every second. */
static void refuse(tlm_redis_listener *listener, const tlm_error *error)
{
    tlm_redis_count(listener->shared, listener->shared->metrics.refused, 1);
    if (!listener->is_confused)
        tlm_redis_condition_set(&listener->shared->condition, TLM_REDIS_SEES_FEED, error);
    listener->is_confused = true;
}

static void take_message(tlm_redis_listener *listener, tlm_text message)
{
    tlm_wire_head head;
    const tlm_rows *rows;
    tlm_error error;
    int result = tlm_redis_tables_decode(listener->tables, message, &head, &rows, &error);
    if (result < 0) {
        refuse(listener, &error);
        return;
    }
    if (listener->is_confused)
        tlm_redis_condition_set(&listener->shared->condition, TLM_REDIS_SEES_FEED, NULL);
    listener->is_confused = false;
    if (!is_outdated(listener, &head)) {
        tlm_redis_count(listener->shared, listener->shared->metrics.received, rows->row_count);
        listener->publish->publish(listener->shared->host, rows);
    }
    rows->unref(rows);
}

/* ["pmessage", pattern, channel, message]; others are the answers to PSUBSCRIBE and PING. */
static void take_reply(tlm_redis_listener *listener, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4 || reply->element[0]->type != REDIS_REPLY_STRING ||
        strcmp(reply->element[0]->str, "pmessage") != 0 || reply->element[3]->type != REDIS_REPLY_STRING)
        return;
    take_message(listener, (tlm_text){reply->element[3]->str, reply->element[3]->len});
}

/* --- the connection ---------------------------------------------------------------------------------------------- */

static void pattern_append(tlm_buffer *bytes, const char *text)
{
    for (; *text; text++) {
        if (strchr("*?[]\\^-", *text))
            tlm_buffer_append_char(bytes, '\\');
        tlm_buffer_append_char(bytes, *text);
    }
}

static int subscribe(tlm_redis_listener *listener, tlm_error *error)
{
    redisReply *reply = NULL;
    tlm_redis_command_clear(&listener->command);
    tlm_redis_command_text(&listener->command, "PSUBSCRIBE");
    pattern_append(&listener->command.bytes, listener->shared->base);
    tlm_buffer_append(&listener->command.bytes, "feed:*", 6);
    tlm_redis_command_end(&listener->command);
    int result = tlm_redis_link_call(&listener->link, &listener->command, &reply, error);
    freeReplyObject(reply);
    if (result < 0)
        tlm_redis_link_close(&listener->link);
    listener->heard_ms = listener->asked_ms = tlm_clock_ms();
    return result;
}

/* Asks for a sign of life where nothing came for a while. */
static int keep_awake(tlm_redis_listener *listener, tlm_error *error)
{
    int is_written = 0;
    int64_t now_ms = tlm_clock_ms();
    if (now_ms - listener->heard_ms >= GONE_AFTER_MS) {
        tlm_redis_link_close(&listener->link);
        return tlm_error_set(error, -ETIMEDOUT, "redis at %s:%d has said nothing for %d s; connecting anew",
                             listener->shared->url.host, (int)listener->shared->url.port, GONE_AFTER_MS / 1000);
    }
    if (now_ms - listener->heard_ms < ASK_AFTER_MS || now_ms - listener->asked_ms < ASK_AFTER_MS)
        return 0;
    listener->asked_ms = now_ms;
    tlm_redis_command_clear(&listener->command);
    tlm_redis_command_text(&listener->command, "PING");
    int result = tlm_redis_link_send(&listener->link, &listener->command, error);
    while (result == 0 && !is_written)
        if (redisBufferWrite(listener->link.context, &is_written) != REDIS_OK)
            result = tlm_redis_link_lost(&listener->link, error);
    return result;
}

/* Takes all that has been read. */
static int take_replies(tlm_redis_listener *listener, tlm_error *error)
{
    void *reply = NULL;
    do {
        if (redisGetReplyFromReader(listener->link.context, &reply) != REDIS_OK)
            return tlm_redis_link_lost(&listener->link, error);
        if (reply)
            take_reply(listener, reply);
        freeReplyObject(reply);
    } while (reply);
    return 0;
}

static int read_replies(tlm_redis_listener *listener, tlm_error *error)
{
    if (redisBufferRead(listener->link.context) != REDIS_OK)
        return tlm_redis_link_lost(&listener->link, error);
    listener->heard_ms = tlm_clock_ms();
    return take_replies(listener, error);
}

/* 1: the thread is to end. */
static int listen_once(tlm_redis_listener *listener, tlm_error *error)
{
    struct pollfd places[] = {{.fd = listener->link.context->fd, .events = POLLIN},
                              {.fd = listener->stop_fd, .events = POLLIN}};
    int count = poll(places, TLM_COUNT(places), TLM_REDIS_LOOK_MS);
    if (count < 0 && errno != EINTR) {
        int result = -errno;
        tlm_redis_link_close(&listener->link);
        return tlm_error_set(error, result, "poll: %s", strerror(-result));
    }
    if (count > 0 && places[1].revents)
        return 1;
    int result = count > 0 && places[0].revents ? read_replies(listener, error) : 0;
    return result < 0 ? result : keep_awake(listener, error);
}

/* Listens until the connection is lost or the thread is to end. */
static int64_t listen_round(void *context)
{
    tlm_redis_listener *listener = context;
    tlm_error error = {.text = ""};
    int result = tlm_redis_link_open(&listener->link, &error);
    if (result == 0)
        result = subscribe(listener, &error);
    if (result == 0 && !listener->is_confused)
        tlm_redis_condition_set(&listener->shared->condition, TLM_REDIS_SEES_FEED, NULL);
    if (result == 0)
        result = take_replies(listener, &error); /* what came with the answer */
    while (result == 0)
        result = listen_once(listener, &error);
    if (result == 1)
        return 0;
    listener->is_confused = false;
    tlm_redis_condition_set(&listener->shared->condition, TLM_REDIS_SEES_FEED, &error);
    int64_t pause_ms = listener->link.try_at_ms - tlm_clock_ms();
    return pause_ms > TLM_REDIS_PAUSE_FIRST_MS ? pause_ms : TLM_REDIS_PAUSE_FIRST_MS;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

int tlm_redis_listener_create(tlm_redis_shared *shared, tlm_redis_tables *tables, tlm_redis_listener **ret_listener,
                              tlm_error *error)
{
    tlm_redis_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    listener->shared = shared;
    listener->tables = tables;
    listener->publish = shared->host->get_service(shared->host, TLM_SERVICE_FEED_PUBLISH);
    tlm_redis_link_init(&listener->link, shared, shared->settings->timeout_ms);
    listener->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int result = listener->stop_fd < 0 ? -errno : 0;
    if (result == 0 && !listener->publish)
        result = -ENOTSUP;
    if (result == 0)
        result = tlm_redis_circle_start(&listener->circle, listen_round, listener);
    if (result < 0) {
        tlm_redis_listener_destroy(listener);
        return tlm_error_set(error, result, "the listening thread cannot be started: %s", strerror(-result));
    }
    *ret_listener = listener;
    return 0;
}

void tlm_redis_listener_destroy(tlm_redis_listener *listener)
{
    const uint64_t one = 1;
    if (!listener)
        return;
    if (listener->circle.is_running && write(listener->stop_fd, &one, sizeof one) != (ssize_t)sizeof one)
        tlm_redis_circle_kick(&listener->circle); /* cannot be: then the connection's timeouts end the round */
    tlm_redis_circle_stop(&listener->circle);
    tlm_redis_command_finish(&listener->command);
    tlm_redis_link_finish(&listener->link);
    if (listener->stop_fd >= 0)
        close(listener->stop_fd);
    free(listener);
}
