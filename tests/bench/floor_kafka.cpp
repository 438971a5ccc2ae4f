/* SPDX-License-Identifier: Apache-2.0 */
/* The floors of `infra/bench drain`: reads waiting messages of all partitions of some topics with librdkafka and ends
 * with the last of them.
 *
 *   bench_floor_kafka MODE BROKERS COUNT PARTITIONS TOPIC... [NAME=VALUE...]
 *
 * MODE poll: rd_kafka_consumer_poll, one message a call. batch: rd_kafka_consume_batch_queue, a thousand a call. json:
 * as poll, and each value's named fields are read. NAME=VALUE: properties of librdkafka. Prints events, bytes, seconds
 * from the connect on, and CPU seconds of the process. */
#include "floor_fields.h"

#include <librdkafka/rdkafka.h>
#include <string>

enum { BATCH = 1000 };

struct floor_state {
    rd_kafka_t *kafka = nullptr;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);
    dom::parser parser;
    uint64_t events = 0, bytes = 0, checksum = 0, wanted = 0;
    bool with_json = false;
};

static int take(floor_state &self, rd_kafka_message_t *message)
{
    if (message->err) {
        std::fprintf(stderr, "bench_floor_kafka: %s\n", rd_kafka_message_errstr(message));
        return -1;
    }
    self.events++;
    self.bytes += message->len;
    if (!self.with_json)
        return 0;
    dom::object object;
    if (self.parser.parse(static_cast<const char *>(message->payload), message->len, true).get(object))
        return std::fprintf(stderr, "bench_floor_kafka: no JSON object\n"), -1;
    for (dom::key_value_pair field : object)
        if (is_named(field.key))
            self.checksum = self.checksum * 31 + checksum_of(field.value);
    return 0;
}

static int read_one_by_one(floor_state &self)
{
    int result = 0;
    while (result == 0 && self.events < self.wanted) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(self.kafka, 1000);
        if (!message)
            continue;
        result = take(self, message);
        rd_kafka_message_destroy(message);
    }
    return result;
}

static int read_batches(floor_state &self)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(self.kafka);
    rd_kafka_message_t *messages[BATCH];
    int result = 0;
    while (result == 0 && self.events < self.wanted) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, 1000, messages, BATCH);
        for (ssize_t i = 0; i < count; i++) {
            result = result ? result : take(self, messages[i]);
            rd_kafka_message_destroy(messages[i]);
        }
    }
    rd_kafka_queue_destroy(queue);
    return result;
}

static int connect_to(floor_state &self, int count, char **arguments)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char said[256];
    auto set = [&](const std::string &name, const std::string &value) {
        bool done = rd_kafka_conf_set(conf, name.c_str(), value.c_str(), said, sizeof said) == RD_KAFKA_CONF_OK;
        return done || (std::fprintf(stderr, "bench_floor_kafka: %s\n", said), false);
    };
    if (!set("bootstrap.servers", arguments[2]) || !set("group.id", "floor") || !set("enable.auto.commit", "false") ||
        !set("enable.auto.offset.store", "false"))
        return -1;
    for (int i = 5; i < count; i++) {
        std::string argument = arguments[i];
        size_t at = argument.find('=');
        if (at != std::string::npos && !set(argument.substr(0, at), argument.substr(at + 1)))
            return -1;
        for (int32_t p = 0; at == std::string::npos && p < std::atoi(arguments[4]); p++)
            rd_kafka_topic_partition_list_add(self.list, arguments[i], p)->offset = 0;
    }
    self.kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, said, sizeof said);
    if (!self.kafka)
        return std::fprintf(stderr, "bench_floor_kafka: %s\n", said), -1;
    rd_kafka_poll_set_consumer(self.kafka);
    return rd_kafka_assign(self.kafka, self.list) ? -1 : 0;
}

static double seconds(clockid_t clock)
{
    timespec now;
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

int main(int count, char **arguments)
{
    floor_state self;
    std::string mode = count > 5 ? arguments[1] : "";
    if (mode != "poll" && mode != "batch" && mode != "json")
        return std::fprintf(stderr, "usage: bench_floor_kafka poll|batch|json BROKERS COUNT PARTITIONS TOPIC...\n"), 2;
    double begin_s = seconds(CLOCK_MONOTONIC);
    self.wanted = std::strtoull(arguments[3], nullptr, 10);
    self.with_json = mode == "json";
    int result = connect_to(self, count, arguments);
    if (result == 0)
        result = mode == "batch" ? read_batches(self) : read_one_by_one(self);
    std::printf("events %llu bytes %llu checksum %016llx seconds %.3f cpu_s %.3f\n", (unsigned long long)self.events,
                (unsigned long long)self.bytes, (unsigned long long)self.checksum, seconds(CLOCK_MONOTONIC) - begin_s,
                seconds(CLOCK_PROCESS_CPUTIME_ID));
    std::fflush(stdout);
    _Exit(result != 0); /* what was fetched besides would be thrown away one by one */
}
