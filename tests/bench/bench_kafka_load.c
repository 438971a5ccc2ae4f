/* SPDX-License-Identifier: Apache-2.0 */
/* Writes chat and viewer events to Kafka for `infra/bench drain`, `latency` and `recovery`: about 300 bytes each, in
 * time order, each in the partition of its stream. Deterministic but for live ones.
 *
 *   bench_kafka_load BROKERS TOPIC_CHAT TOPIC_VIEWER PARTITIONS NAME=VALUE...
 *
 * chat, viewer: numbers of events. streams: how many. rate: chat events a second of event time; viewer events are
 * spread over the same time. skew: the stream of rank r gets a share that goes with 1 / r^skew. start: milliseconds
 * since 1970 of the first event. live=1: events carry the time at which they are handed to librdkafka, at that rate.
 * compression: librdkafka's name. linger: milliseconds. log: a file for the stream and the milliseconds of every chat
 * event, a little-endian uint32 and uint64 each. Prints events, bytes and seconds. */
#include "common/murmur2.h"

#include <librdkafka/rdkafka.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DRAWS = 1 << 20, PARTITIONS_MAX = 1024, LINE_MAX_BYTES = 4096, QUEUE_MAX = 200000 };

typedef struct {
    char id[32];
    uint32_t size, partition, chatters;
} stream;

typedef struct {
    rd_kafka_topic_t *chat, *viewer;
    rd_kafka_t *kafka;
    stream *streams;
    uint32_t *draws; /* streams, as often as their share asks for */
    int64_t chat_count, viewer_count, stream_count, start_ms, is_live, linger_ms;
    double rate, skew;
    const char *compression, *log_path;
    FILE *log;
    int64_t bytes, failed;
    uint64_t chance;
} load;

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* SplitMix64, https://prng.di.unimi.it/splitmix64.c */
static uint64_t draw(load *self)
{
    uint64_t value = self->chance += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static uint32_t below(uint64_t random, uint32_t bound)
{
    return (uint32_t)((random & UINT32_MAX) * bound >> 32);
}

static double now_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

/* A chatter writes about once in a minute, so a stream has as many as it has messages in one. */
static int make_streams(load *self, uint32_t partitions)
{
    double sum = 0, reached = 0;
    uint32_t at = 0;
    self->streams = calloc((size_t)self->stream_count, sizeof *self->streams);
    self->draws = malloc(DRAWS * sizeof *self->draws);
    if (!self->streams || !self->draws)
        return -1;
    for (int64_t i = 0; i < self->stream_count; i++)
        sum += pow((double)i + 1, -self->skew);
    for (int64_t i = 0; i < self->stream_count; i++) {
        stream *each = &self->streams[i];
        double share = pow((double)i + 1, -self->skew) / sum;
        each->size = (uint32_t)snprintf(each->id, sizeof each->id, "streamer_%06" PRId64, i);
        each->partition = tlm_murmur2_partition(tlm_murmur2(each->id, each->size), partitions);
        each->chatters = 8 + (uint32_t)(share * self->rate * 60);
        for (reached += share; at < DRAWS && (double)at < reached * DRAWS; at++)
            self->draws[at] = (uint32_t)i;
    }
    for (; at < DRAWS; at++)
        self->draws[at] = (uint32_t)(self->stream_count - 1);
    return 0;
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static char *put(char *at, const char *text, size_t size)
{
    memcpy(at, text, size);
    return at + size;
}
#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_digits(char *at, int64_t value, int digits)
{
    for (int i = digits; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *put_hex(char *at, uint64_t value, int digits)
{
    for (int i = digits; i-- > 0; value >>= 4)
        at[i] = "0123456789abcdef"[value & 15];
    return at + digits;
}

/* RFC 3339 with milliseconds; the second is formatted once. */
static char *put_time(char *at, int64_t ms)
{
    static _Thread_local int64_t known = -1;
    static _Thread_local char text[32];
    time_t second = (time_t)(ms / 1000);
    if (second != known) {
        struct tm broken;
        gmtime_r(&second, &broken);
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &broken);
        known = second;
    }
    return PUT(put_digits(put(at, text, 20), ms % 1000, 3), "Z");
}

static char *put_head(char *at, const stream *to, int64_t number, int64_t ms)
{
    at = put_time(PUT(at, "{\"timestamp\": \""), ms);
    at = put(PUT(at, "\", \"stream_id\": \""), to->id, to->size);
    at = put(PUT(at, "\", \"event_id\": \""), to->id, to->size);
    return PUT(put_digits(PUT(at, "-"), number, 9), "\"");
}

static char *put_message(load *self, char *at)
{
    static const char *const words[] = {"gg",     "wp",   "lol",  "the",    "that", "was", "a",   "nice",  "play",
                                        "never",  "seen", "this", "before", "can",  "we",  "get", "one",   "more",
                                        "please", "no",   "way",  "chat",   "he",   "did", "it",  "great", "terrible"};
    uint64_t random = draw(self);
    uint32_t count = 1 + below(random >> 32, 11);
    for (uint32_t i = 0; i < count; i++) {
        const char *word = words[below(draw(self), sizeof words / sizeof *words)];
        at = put(i ? PUT(at, " ") : at, word, strlen(word));
    }
    return at;
}

static char *put_emotes(load *self, char *at)
{
    static const char *const emotes[] = {"Kappa",           "PogChamp", "LUL",   "BibleThump",  "Kreygasm",
                                         "ResidentSleeper", "HeyGuys",  "4Head", "NotLikeThis", "monkaS"};
    uint32_t count = (uint32_t[]){0, 0, 0, 1, 2}[below(draw(self), 5)];
    for (uint32_t i = 0; i < count; i++) {
        const char *emote = emotes[below(draw(self), 10)];
        at = PUT(put(i ? PUT(at, ", \"") : PUT(at, "\""), emote, strlen(emote)), "\"");
    }
    return at;
}

static size_t make_chat(load *self, char *line, const stream *to, int64_t number, int64_t ms)
{
    uint64_t user = below(draw(self), to->chatters) + ((uint64_t)(to - self->streams) << 20);
    user = user * UINT64_C(2654435761) & UINT64_C(0xffffffffffff);
    char *at = put_head(line, to, number, ms);
    at = put_hex(PUT(at, ", \"user_id\": \""), user, 12);
    at = put_hex(PUT(at, "\", \"username\": \"u"), user, 12);
    at = put_message(self, PUT(at, "\", \"message\": \""));
    at = put_emotes(self, PUT(at, "\", \"emotes\": ["));
    at = PUT(at, "], \"badges\": [");
    switch (below(draw(self), 4)) {
    case 0:
        at = PUT(at, "\"premium\"");
        break;
    case 1:
        at = PUT(at, "\"subscriber\", \"premium\"");
        break;
    default:
        break;
    }
    at = PUT(at, "], \"is_action\": false, \"bits\": 0, \"metadata\": {\"client\": \"web\"}}");
    return (size_t)(at - line);
}

static size_t make_viewer(load *self, char *line, const stream *to, int64_t number, int64_t ms)
{
    char *at = put_head(line, to, number, ms);
    at = put_digits(PUT(at, ", \"viewer_count\": 1"), below(draw(self), 10000), 4);
    at = put_digits(PUT(at, ", \"chatter_count\": 1"), below(draw(self), 100), 2);
    at = PUT(at, ", \"follower_count\": 123456, \"subscriber_count\": 1234, \"metadata\": {\"client\": \"poller\", "
                 "\"region\": \"eu-central\", \"quality\": \"1080p60\", \"codec\": \"h264\"}}");
    return (size_t)(at - line);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    load *self = opaque;
    (void)kafka;
    self->failed += message->err != 0;
}

static int send_line(load *self, rd_kafka_topic_t *topic, const stream *to, const char *line, size_t size)
{
    while (rd_kafka_produce(topic, (int32_t)to->partition, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)line, size, to->id,
                            to->size, NULL) < 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            (void)fprintf(stderr, "bench_kafka_load: %s\n", rd_kafka_err2str(rd_kafka_last_error()));
            return -1;
        }
        rd_kafka_poll(self->kafka, 100);
    }
    self->bytes += (int64_t)size;
    return 0;
}

static void log_chat(load *self, uint32_t stream_index, uint64_t ms)
{
    char entry[sizeof stream_index + sizeof ms];
    if (!self->log)
        return;
    memcpy(entry, &stream_index, sizeof stream_index);
    memcpy(entry + sizeof stream_index, &ms, sizeof ms);
    self->failed += fwrite(entry, sizeof entry, 1, self->log) != 1;
}

/* Chat events at the rate, viewer events evenly among them, in order of their time. */
static int send_all(load *self)
{
    char line[LINE_MAX_BYTES];
    int64_t chat = 0, viewer = 0;
    double span_s = (double)self->chat_count / self->rate, begin_s = now_s(CLOCK_MONOTONIC);
    while (chat < self->chat_count || viewer < self->viewer_count) {
        double chat_s = chat < self->chat_count ? (double)chat / self->rate : INFINITY;
        double viewer_s = viewer < self->viewer_count ? (double)viewer * span_s / (double)self->viewer_count : INFINITY;
        double due_s = chat_s < viewer_s ? chat_s : viewer_s;
        int64_t ms = self->start_ms + (int64_t)(due_s * 1000);
        if (self->is_live) {
            /* A millisecond's events at a time, asleep in between: who waits here shares a core with the brokers. */
            const struct timespec moment = {.tv_nsec = 1000000};
            while (begin_s + due_s > now_s(CLOCK_MONOTONIC))
                (void)nanosleep(&moment, NULL);
            ms = (int64_t)(now_s(CLOCK_REALTIME) * 1000);
        }
        int result;
        if (chat_s <= viewer_s) {
            const stream *to = &self->streams[self->draws[below(draw(self), DRAWS)]];
            result = send_line(self, self->chat, to, line, make_chat(self, line, to, chat, ms));
            log_chat(self, (uint32_t)(to - self->streams), (uint64_t)ms);
            chat++;
        } else {
            const stream *to = &self->streams[viewer % self->stream_count];
            result = send_line(self, self->viewer, to, line, make_viewer(self, line, to, viewer, ms));
            viewer++;
        }
        if (result < 0)
            return result;
        if ((chat + viewer) % 1024 == 0)
            rd_kafka_poll(self->kafka, 0);
    }
    return rd_kafka_flush(self->kafka, 120000) == RD_KAFKA_RESP_ERR_NO_ERROR && !self->failed ? 0 : -1;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static int connect_to(load *self, char **arguments)
{
    char said[256], linger[24], queue[24];
    (void)snprintf(linger, sizeof linger, "%" PRId64, self->linger_ms);
    (void)snprintf(queue, sizeof queue, "%d", QUEUE_MAX);
    const char *const settings[][2] = {
        {"bootstrap.servers", arguments[1]},     {"linger.ms", linger},
        {"queue.buffering.max.messages", queue}, {"compression.codec", self->compression},
        {"enable.idempotence", "true"}, /* as the sink has it: five requests under way, else batches grow */
        {"partitioner", "murmur2_random"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, self);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], said, sizeof said) != RD_KAFKA_CONF_OK)
            return fprintf(stderr, "bench_kafka_load: %s\n", said), -1;
    self->kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, said, sizeof said);
    if (!self->kafka)
        return fprintf(stderr, "bench_kafka_load: %s\n", said), -1;
    self->chat = rd_kafka_topic_new(self->kafka, arguments[2], NULL);
    self->viewer = rd_kafka_topic_new(self->kafka, arguments[3], NULL);
    return self->chat && self->viewer ? 0 : -1;
}

static int set(load *self, const char *argument)
{
    const struct {
        const char *name;
        int64_t *integer;
        double *number;
    } known[] = {{"chat=", &self->chat_count, NULL},
                 {"viewer=", &self->viewer_count, NULL},
                 {"streams=", &self->stream_count, NULL},
                 {"start=", &self->start_ms, NULL},
                 {"live=", &self->is_live, NULL},
                 {"linger=", &self->linger_ms, NULL},
                 {"rate=", NULL, &self->rate},
                 {"skew=", NULL, &self->skew}};
    if (!strncmp(argument, "compression=", 12))
        return self->compression = argument + 12, 0;
    if (!strncmp(argument, "log=", 4))
        return self->log_path = argument + 4, 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t size = strlen(known[i].name);
        if (strncmp(argument, known[i].name, size) != 0)
            continue;
        if (known[i].integer)
            *known[i].integer = strtoll(argument + size, NULL, 10);
        else
            *known[i].number = strtod(argument + size, NULL);
        return 0;
    }
    return fprintf(stderr, "bench_kafka_load: no such setting: %s\n", argument), -1;
}

int main(int count, char **arguments)
{
    load self = {.chat_count = 1000000,
                 .viewer_count = 100000,
                 .stream_count = 1000,
                 .rate = 10000,
                 .skew = 0.7,
                 .linger_ms = 5,
                 .start_ms = INT64_C(1767225600000), /* 2026-01-01T00:00:00Z */
                 .compression = "none"};
    uint32_t partitions = count > 4 ? (uint32_t)strtoul(arguments[4], NULL, 10) : 0;
    int result = 0;
    for (int i = 5; i < count && result == 0; i++)
        result = set(&self, arguments[i]);
    if (result < 0 || partitions < 1 || partitions > PARTITIONS_MAX || self.stream_count < 1 || self.rate <= 0)
        return fprintf(stderr, "usage: bench_kafka_load BROKERS TOPIC_CHAT TOPIC_VIEWER PARTITIONS NAME=VALUE...\n"), 2;
    if (self.log_path && !(self.log = fopen(self.log_path, "wb")))
        return perror(self.log_path), 1;
    double begin_s = now_s(CLOCK_MONOTONIC);
    result = make_streams(&self, partitions);
    if (result == 0)
        result = connect_to(&self, arguments);
    if (result == 0)
        result = send_all(&self);
    if (self.log && fclose(self.log))
        result = -1;
    if (result < 0)
        return fprintf(stderr, "bench_kafka_load: not everything was written\n"), 1;
    rd_kafka_topic_destroy(self.chat);
    rd_kafka_topic_destroy(self.viewer);
    rd_kafka_destroy(self.kafka);
    printf("events %" PRId64 " bytes %" PRId64 " seconds %.3f\n", self.chat_count + self.viewer_count, self.bytes,
           now_s(CLOCK_MONOTONIC) - begin_s);
    free(self.streams);
    free(self.draws);
    return 0;
}
