/* SPDX-License-Identifier: Apache-2.0 */
/* What the source `kafka` costs beside a bare loop around rd_kafka_consumer_poll: both read the same waiting messages
 * of eight partitions on one core, in turn, with a broker of their own. CPU seconds are those of the reading process,
 * all of librdkafka's threads included.
 *
 *   bench_kafka_source [MILLIONS [ROUNDS]] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kafka_lab.h"

#include <sched.h>

enum { LANES = 8, VALUE_SIZE = 303, BATCH_RECORDS = 1000 };

static int64_t message_count = 2000000;
static int rounds = 5;

typedef struct {
    double wall_s, cpu_s;
} cost;

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static cost cost_since(cost before)
{
    return (cost){seconds(CLOCK_MONOTONIC) - before.wall_s, seconds(CLOCK_PROCESS_CPUTIME_ID) - before.cpu_s};
}

static cost cost_now(void)
{
    return (cost){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

/* --- the floor -----------------------------------------------------------------------------------------------------
 */

static cost read_bare(const test_lab *lab, const lab_topics *topics)
{
    static const char *const settings[][2] = {
        {"group.id", "bare"}, {"enable.auto.commit", "false"}, {"auto.offset.reset", "error"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(LANES);
    char said[256];
    cost before = cost_now();

    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", lab->servers, said, sizeof said), RD_KAFKA_CONF_OK);
    for (size_t i = 0; i < TLM_COUNT(settings); i++)
        assert_int_equal(rd_kafka_conf_set(conf, settings[i][0], settings[i][1], said, sizeof said), 0);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, said, sizeof said);
    assert_non_null(kafka);
    rd_kafka_poll_set_consumer(kafka);
    for (int i = 0; i < LANES; i++)
        rd_kafka_topic_partition_list_add(list, topics->names[LAB_CHAT], i)->offset = 0;
    assert_int_equal(rd_kafka_assign(kafka, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    for (int64_t count = 0; count < message_count;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka, 1000);
        if (!message)
            continue;
        count += message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_message_destroy(message);
    }
    cost used = cost_since(before);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
    return used;
}

/* --- the source ----------------------------------------------------------------------------------------------------
 */

typedef struct {
    lab_source *source;
    tlm_partition *partition;
    _Atomic int64_t *left;
} lane;

/* A thread a lane, as the host has. */
static void *read_lane(void *context)
{
    lane *self = context;
    tlm_error error;

    while (atomic_load(self->left) > 0) {
        const tlm_records *records = NULL;
        int result = self->source->partitions->read(self->partition, LAB_CHAT, BATCH_RECORDS, &records, &error);
        if (result == TLM_READ_RECORDS) {
            atomic_fetch_sub(self->left, records->record_count);
            records->unref(records);
        } else {
            self->source->partitions->wait(self->partition, 100);
        }
    }
    return NULL;
}

static cost read_source(const test_lab *lab, const lab_topics *topics)
{
    lab_source source;
    lane lanes[LANES];
    pthread_t threads[LANES];
    _Atomic int64_t left = message_count;

    lab_source_start(&source, lab, topics, "source", NULL);
    LAB_AWAIT(lab_assigned(&source) == LANES, 30);
    cost before = cost_now();
    for (uint32_t i = 0; i < LANES; i++)
        lanes[i] = (lane){&source, lab_lane_open(&source, i, NULL, NULL), &left};
    for (int i = 0; i < LANES; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_lane, &lanes[i]), 0);
    for (int i = 0; i < LANES; i++)
        pthread_join(threads[i], NULL);
    cost used = cost_since(before);
    for (int i = 0; i < LANES; i++)
        source.partitions->lane_close(lanes[i].partition);
    lab_source_finish(&source, true);
    return used;
}

/* --- rounds --------------------------------------------------------------------------------------------------------
 */

static void print_cost(const char *name, cost used)
{
    print_message("%-8s %6.3f s, %6.3f CPU s: %.3f us of CPU a message, %.2f M/s\n", name, used.wall_s, used.cpu_s,
                  used.cpu_s * 1e6 / (double)message_count, (double)message_count / used.wall_s / 1e6);
}

static void fill(test_lab *lab, const lab_topics *topics)
{
    char value[VALUE_SIZE];

    for (int i = 0; i < VALUE_SIZE; i++)
        value[i] = (char)('a' + i % 26);
    for (int64_t i = 0; i < message_count; i++)
        lab_send(lab, topics->names[LAB_CHAT], (int32_t)(i % LANES), value, sizeof value);
    lab_flush(lab);
}

static void source_beside_bare_consumer(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, LANES);
    cost bare = {1e9, 1e9}, own = {1e9, 1e9};
    cpu_set_t core;

    fill(lab, &topics);
    CPU_ZERO(&core);
    CPU_SET(0, &core);
    assert_int_equal(sched_setaffinity(0, sizeof core, &core), 0);
    for (int round = 0; round < rounds; round++) {
        cost used = read_bare(lab, &topics);
        print_cost("bare", used);
        bare = (cost){used.wall_s < bare.wall_s ? used.wall_s : bare.wall_s,
                      used.cpu_s < bare.cpu_s ? used.cpu_s : bare.cpu_s};
        used = read_source(lab, &topics);
        print_cost("source", used);
        own = (cost){used.wall_s < own.wall_s ? used.wall_s : own.wall_s,
                     used.cpu_s < own.cpu_s ? used.cpu_s : own.cpu_s};
    }
    print_message("best of %d rounds of %.1f million messages of %d bytes, librdkafka %s\n", rounds,
                  (double)message_count / 1e6, VALUE_SIZE, rd_kafka_version_str());
    print_cost("bare", bare);
    print_cost("source", own);
    print_message("source / bare: %.2f of its CPU, %.2f of its speed\n", own.cpu_s / bare.cpu_s,
                  bare.wall_s / own.wall_s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(source_beside_bare_consumer)};

    if (argc > 1)
        message_count = (int64_t)(strtod(argv[1], NULL) * 1e6);
    if (argc > 2)
        rounds = atoi(argv[2]);
    return cmocka_run_group_tests(tests, lab_start, lab_stop);
}
