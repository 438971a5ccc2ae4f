/* SPDX-License-Identifier: Apache-2.0 */
/* The source `kafka` against a real broker: what is read, from where, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>

#include "kafka_lab.h"

/* --- reading all ---------------------------------------------------------------------------------------------------
 */

/* What is expected of an input's records: "topic partition number", each number once and in order. */
typedef struct {
    const char *topic;
    uint32_t lane, kind;
    int64_t next;
    uint64_t generation;
    int64_t appended_from_ns;
} expectation;

static void check_records(void *context, const tlm_records *records)
{
    expectation *expected = context;
    char text[128];

    assert_string_equal(records->origin, expected->topic);
    for (uint32_t i = 0; i < records->record_count; i++) {
        const tlm_record *record = &records->records[i];
        int size = snprintf(text, sizeof text, "%s %u %d", expected->topic, expected->lane, (int)expected->next);
        assert_int_equal(record->size, size);
        assert_memory_equal(records->data + record->start, text, (size_t)size);
        assert_int_equal(record->full_size, size);
        assert_int_equal(record->kind, expected->kind);
        assert_int_equal(record->position.ordinal, expected->next);
        assert_int_equal(record->position.offset, expected->next);
        assert_int_equal(record->position.line, 0);
        assert_int_equal(record->position.generation, expected->generation);
        assert_true(record->append_time_ns >= expected->appended_from_ns);
        expected->next++;
    }
    for (int i = 0; i < TLM_PADDING; i++)
        assert_int_equal(records->data[records->data_size + (uint64_t)i], 0);
    assert_int_equal(records->next.ordinal, expected->next);
    assert_int_equal(records->next.generation, expected->generation);
}

static void read_to_end(lab_source *source, tlm_partition *partition, uint32_t input, expectation *expected)
{
    int64_t deadline_ms = lab_now_ms() + LAB_TIMEOUT_MS;
    int result;

    while ((result = lab_read(source, partition, input, 100, check_records, expected)) != TLM_READ_QUIET) {
        if (result < 0)
            fail_msg("%s", source->error.text);
        assert_true(lab_now_ms() < deadline_ms);
        if (result == TLM_READ_WAITING)
            source->partitions->wait(partition, 100);
    }
}

static void every_message_of_every_partition_comes_once_and_in_order_with_its_position(void **state)
{
    enum { LANES = 6, MESSAGES = 1500 };
    static const uint32_t kinds[LAB_TOPICS] = {TLM_EVENT_CHAT, TLM_EVENT_VIEWER, TLM_EVENT_TRANSACTION,
                                               TLM_EVENT_STREAM_META};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, LANES);
    struct timespec before;
    lab_source source;

    clock_gettime(CLOCK_REALTIME, &before);
    for (int i = 0; i < LAB_TOPICS; i++) {
        for (int lane = 0; lane < LANES; lane++)
            lab_fill(lab, topics.names[i], lane, 0, MESSAGES + lane);
    }
    lab_source_start(&source, lab, &topics, "all", NULL);
    assert_int_equal(source.lane_count, LANES);
    assert_string_equal(source.inputs[LAB_CHAT], "test.chat");
    assert_string_equal(source.inputs[LAB_STREAM_META], "test.stream_meta");
    assert_null(source.inputs[LAB_TOPICS]);
    LAB_AWAIT(lab_assigned(&source) == LANES, 20);
    for (uint32_t lane = 0; lane < LANES; lane++) {
        tlm_position start[LAB_TOPICS];
        tlm_partition *partition = lab_lane_open(&source, lane, NULL, start);
        for (uint32_t input = 0; input < LAB_TOPICS; input++) {
            expectation expected = {.topic = topics.names[input],
                                    .lane = lane,
                                    .kind = kinds[input],
                                    .generation = start[input].generation,
                                    .appended_from_ns = before.tv_sec * INT64_C(1000000000)};
            assert_int_equal(start[input].ordinal, 0);
            read_to_end(&source, partition, input, &expected);
            assert_int_equal(expected.next, MESSAGES + lane);
        }
        source.partitions->lane_close(partition);
    }
    assert_int_equal(lab_metric(&source, "telemetra_kafka_read_messages_total"),
                     LAB_TOPICS * (LANES * MESSAGES + LANES * (LANES - 1) / 2));
    assert_int_equal(lab_metric(&source, "telemetra_kafka_missing_offsets_total"), 0);
    lab_source_finish(&source, true);
}

static void reading_starts_exactly_at_given_offsets(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 2);
    tlm_position start[LAB_TOPICS], from[LAB_TOPICS];
    const tlm_position *places[LAB_TOPICS];
    lab_source source;

    for (int i = 0; i < LAB_TOPICS; i++)
        lab_fill(lab, topics.names[i], 1, 0, 1000);
    lab_source_start(&source, lab, &topics, "given", NULL);
    source.partitions->lane_close(lab_lane_open(&source, 1, NULL, start));
    for (int i = 0; i < LAB_TOPICS; i++) {
        from[i] = start[i];
        from[i].ordinal = from[i].offset = 17 + 100 * i;
        places[i] = &from[i];
    }
    places[LAB_VIEWER] = NULL;
    from[LAB_STREAM_META].ordinal = 1000; /* the end */
    tlm_partition *partition = lab_lane_open(&source, 1, places, start);
    assert_int_equal(start[LAB_VIEWER].ordinal, 0);
    for (uint32_t input = 0; input < LAB_TOPICS; input++) {
        expectation expected = {
            .topic = topics.names[input], .lane = 1, .kind = input + 1, .generation = start[input].generation};
        expected.next = input == LAB_VIEWER ? 0 : from[input].ordinal;
        assert_int_equal(start[input].ordinal, expected.next);
        read_to_end(&source, partition, input, &expected);
        assert_int_equal(expected.next, 1000);
    }
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

static void start_latest_begins_with_what_comes_from_now_on(void **state)
{
    static const char *const settings[] = {"start", "latest", NULL};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    tlm_position start[LAB_TOPICS];
    lab_source source;

    lab_fill(lab, topics.names[LAB_CHAT], 0, 0, 500);
    lab_source_start(&source, lab, &topics, "latest", settings);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, start);
    expectation expected = {
        .topic = topics.names[LAB_CHAT], .kind = TLM_EVENT_CHAT, .generation = start[LAB_CHAT].generation, .next = 500};
    assert_int_equal(start[LAB_CHAT].ordinal, 500);
    lab_fill(lab, topics.names[LAB_CHAT], 0, 500, 10);
    /* The end may have been told before the ten were there. */
    LAB_AWAIT((read_to_end(&source, partition, LAB_CHAT, &expected), expected.next == 510), 20);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

/* --- sizes and times ------------------------------------------------------------------------------------------------
 */

static void check_sizes(void *context, const tlm_records *records)
{
    uint64_t *expected = context;

    for (uint32_t i = 0; i < records->record_count; i++) {
        const tlm_record *record = &records->records[i];
        uint64_t full = expected[record->position.ordinal];
        assert_int_equal(record->full_size, full);
        assert_int_equal(record->size, full < TLM_RECORD_SIZE_MAX ? full : TLM_RECORD_SIZE_MAX);
        assert_true(record->start + (uint64_t)record->size <= records->data_size);
        for (uint32_t at = 0; at < record->size; at += 4093)
            assert_int_equal(records->data[record->start + at], 'x');
        expected[3]++;
    }
}

static void null_empty_and_overlong_values_keep_their_true_size(void **state)
{
    static const char *const small_queue[] = {"queue_bytes", "8MiB", NULL};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    uint64_t expected[] = {0, 0, TLM_RECORD_SIZE_MAX + 1000000, 0};
    char *large = malloc(expected[2]);
    lab_source source;

    memset(large, 'x', expected[2]);
    const char *name = lab_other_topic(lab, &topics, LAB_CHAT, "large", 1, "max.message.bytes", "4000000");
    lab_send(lab, name, 0, NULL, 0);
    lab_send(lab, name, 0, "", 0);
    lab_send(lab, name, 0, large, expected[2]);
    lab_flush(lab);
    lab_source_start(&source, lab, &topics, "sizes", small_queue);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    int64_t deadline_ms = lab_now_ms() + LAB_TIMEOUT_MS;
    while (expected[3] < 3 && lab_now_ms() < deadline_ms) {
        assert_true(lab_read(&source, partition, LAB_CHAT, 100, check_sizes, expected) >= 0);
        source.partitions->wait(partition, 10);
    }
    assert_int_equal(expected[3], 3);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
    free(large);
}

static void check_no_time(void *context, const tlm_records *records)
{
    int *count = context;

    for (uint32_t i = 0; i < records->record_count; i++, ++*count)
        assert_int_equal(records->records[i].append_time_ns, 0);
}

static void a_producers_own_time_is_not_taken_for_the_logs(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    lab_source source;
    int count = 0;

    const char *created = lab_other_topic(lab, &topics, LAB_CHAT, "created", 1, "message.timestamp.type", "CreateTime");
    lab_fill(lab, created, 0, 0, 10);
    lab_source_start(&source, lab, &topics, "times", NULL);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    LAB_AWAIT(lab_read(&source, partition, LAB_CHAT, 100, check_no_time, &count) >= 0 && count == 10, 20);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

/* --- what is refused
 * -------------------------------------------------------------------------------------------------- */

static int open_at(lab_source *source, int64_t offset, uint64_t generation)
{
    tlm_position at = {.ordinal = offset, .offset = offset, .generation = generation}, start[LAB_TOPICS];
    const tlm_position *from[LAB_TOPICS] = {&at};
    tlm_partition *partition = NULL;
    int result = source->partitions->lane_open(source->instance, 0, from, start, &partition, &source->error);

    if (result == 0)
        source->partitions->lane_close(partition);
    return result;
}

static void an_offset_that_the_broker_no_longer_has_is_refused_with_a_sentence(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    tlm_position start[LAB_TOPICS];
    char part[160];
    lab_source source;

    lab_fill(lab, topics.names[LAB_CHAT], 0, 0, 100);
    lab_source_start(&source, lab, &topics, "expired", NULL);
    source.partitions->lane_close(lab_lane_open(&source, 0, NULL, start));
    uint64_t generation = start[LAB_CHAT].generation;
    lab_truncate(lab, topics.names[LAB_CHAT], 0, 60);
    assert_int_equal(open_at(&source, 59, generation), -ESTALE);
    snprintf(part, sizeof part, "topic %s, partition 0: offset 59 is wanted", topics.names[LAB_CHAT]);
    assert_non_null(strstr(source.error.text, part));
    assert_non_null(strstr(source.error.text, "deleted what lies before 60 (it has up to 100): 1 events are lost"));
    assert_int_equal(open_at(&source, 101, generation), -ESTALE);
    assert_non_null(strstr(source.error.text, "offset 101 is wanted, but the broker has only 60 to 100"));
    assert_int_equal(open_at(&source, 70, generation + 1), -ESTALE);
    assert_non_null(strstr(source.error.text, "another Kafka cluster"));
    assert_int_equal(open_at(&source, 60, generation), 0);
    assert_int_equal(open_at(&source, 100, generation), 0);
    lab_source_finish(&source, true);
}

/* Reads until a fault and returns it. */
static int read_to_fault(lab_source *source, tlm_partition *partition, uint32_t input)
{
    int64_t deadline_ms = lab_now_ms() + LAB_TIMEOUT_MS;
    int result = 0;

    while (result >= 0 && lab_now_ms() < deadline_ms) {
        result = lab_read(source, partition, input, 1000, NULL, NULL);
        if (result == TLM_READ_WAITING || result == TLM_READ_QUIET)
            source->partitions->wait(partition, 20);
    }
    return result;
}

static void an_offset_that_expires_while_it_is_waited_for_stops_the_lane_and_jumps_nowhere(void **state)
{
    static const char *const small_queue[] = {"queue_bytes", "8MiB", NULL};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    char value[1000];
    lab_source source;

    memset(value, 'x', sizeof value);
    for (int i = 0; i < 30000; i++)
        lab_send(lab, topics.names[LAB_CHAT], 0, value, sizeof value);
    lab_flush(lab);
    lab_source_start(&source, lab, &topics, "expires", small_queue);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    /* The queue is full of the first records; the rest is deleted on the broker meanwhile. */
    source.partitions->wait(partition, 10000);
    lab_pause(500);
    lab_truncate(lab, topics.names[LAB_CHAT], 0, 29990);
    assert_int_equal(read_to_fault(&source, partition, LAB_CHAT), -ESTALE);
    assert_non_null(strstr(source.error.text, "was to be read next, but the broker has only 29990 to 30000"));
    assert_true(lab_metric(&source, "telemetra_kafka_read_messages_total") < 29990);
    assert_int_equal(lab_read(&source, partition, LAB_CHAT, 1000, NULL, NULL), -ESTALE);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

static void unequal_numbers_of_partitions_are_refused_with_a_sentence(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 3);
    char part[160];
    lab_source source;

    const char *six = lab_other_topic(lab, &topics, LAB_VIEWER, "six", 6, "message.timestamp.type", "LogAppendTime");
    lab_source_init(&source, lab->servers, &topics, "unequal", NULL);
    assert_int_equal(lab_source_open(&source), -EINVAL);
    snprintf(part, sizeof part, "topic %s has 3 partitions, %s has 6", topics.names[LAB_CHAT], six);
    assert_non_null(strstr(source.error.text, part));
    lab_source_finish(&source, false);
}

static void topics_with_another_number_of_partitions_than_asked_for_are_refused(void **state)
{
    static const char *const twelve[] = {"partitions", "12", NULL};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 3);
    lab_source source;

    lab_source_init(&source, lab->servers, &topics, "fewer", twelve);
    assert_int_equal(lab_source_open(&source), -EINVAL);
    assert_non_null(strstr(source.error.text, "the topics have 3 partitions, but `partitions` asks for 12"));
    lab_source_finish(&source, false);
}

/* --- waiting for topics
 * ------------------------------------------------------------------------------------------------- */

static void *open_in_background(void *context)
{
    lab_source *source = context;

    return (void *)(intptr_t)lab_source_open(source);
}

static void topics_that_are_not_there_yet_are_waited_for_and_health_says_so(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 0);
    pthread_t thread;
    void *result;
    char part[160];
    lab_source source;

    for (int i = 0; i < LAB_STREAM_META; i++)
        lab_create_topic(lab, topics.names[i], 2, "message.timestamp.type", "LogAppendTime");
    lab_source_init(&source, lab->servers, &topics, "absent", NULL);
    assert_int_equal(pthread_create(&thread, NULL, open_in_background, &source), 0);
    snprintf(part, sizeof part, "waiting for topic %s", topics.names[LAB_STREAM_META]);
    LAB_AWAIT(lab_health_says(&source, part), 20);
    assert_true(lab_health_is(&source, TLM_HEALTH_DEGRADED));
    lab_create_topic(lab, topics.names[LAB_STREAM_META], 2, "message.timestamp.type", "LogAppendTime");
    pthread_join(thread, &result);
    assert_int_equal((int)(intptr_t)result, 0);
    LAB_AWAIT(lab_health_is(&source, TLM_HEALTH_OK), 10);
    lab_source_finish(&source, true);
}

static void a_broker_that_is_not_there_is_waited_for_until_cancelled(void **state)
{
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 0);
    pthread_t thread;
    void *result;
    lab_source source;

    lab_source_init(&source, "127.0.0.1:1", &topics, "nobody", NULL);
    assert_int_equal(pthread_create(&thread, NULL, open_in_background, &source), 0);
    LAB_AWAIT(lab_health_says(&source, "127.0.0.1:1"), 20);
    int64_t cancelled_ms = lab_now_ms();
    atomic_store(&source.is_cancelled, true);
    pthread_join(thread, &result);
    assert_int_equal((int)(intptr_t)result, -ECANCELED);
    assert_true(lab_now_ms() - cancelled_ms < 3000);
    lab_source_finish(&source, false);
}

/* --- cost
 * ---------------------------------------------------------------------------------------------------------------- */

static int64_t cpu_ms(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void *read_idle_lane(void *context)
{
    void **pair = context;
    lab_source *source = pair[0];
    tlm_partition *partition = pair[1];
    tlm_error error;
    const tlm_records *records;

    for (int64_t end_ms = lab_now_ms() + 5000; lab_now_ms() < end_ms;) {
        for (uint32_t input = 0; input < LAB_TOPICS; input++)
            (void)source->partitions->read(partition, input, 1000, &records, &error);
        source->partitions->wait(partition, 500);
    }
    return NULL;
}

static void forty_eight_idle_partitions_cost_next_to_nothing(void **state)
{
    enum { LANES = 12 };
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, LANES);
    tlm_partition *partitions[LANES];
    void *pairs[LANES][2];
    pthread_t threads[LANES];
    lab_source source;

    lab_source_start(&source, lab, &topics, "idle", NULL);
    LAB_AWAIT(lab_assigned(&source) == LANES, 20);
    for (uint32_t lane = 0; lane < LANES; lane++) {
        partitions[lane] = lab_lane_open(&source, lane, NULL, NULL);
        for (uint32_t input = 0; input < LAB_TOPICS; input++)
            lab_read_until(&source, partitions[lane], input, TLM_READ_QUIET, 10);
    }
    int64_t before_ms = cpu_ms();
    for (int lane = 0; lane < LANES; lane++) {
        pairs[lane][0] = &source;
        pairs[lane][1] = partitions[lane];
        assert_int_equal(pthread_create(&threads[lane], NULL, read_idle_lane, pairs[lane]), 0);
    }
    for (int lane = 0; lane < LANES; lane++)
        pthread_join(threads[lane], NULL);
    int64_t used_ms = cpu_ms() - before_ms;
    print_message("CPU of 48 idle partitions: %.2f %% of a core\n", (double)used_ms / 50);
    /* 0.8 % was measured on a busy machine; who waits busily uses all there is. */
    assert_true(used_ms < 100 * LAB_SANITIZER_FACTOR);
    for (int lane = 0; lane < LANES; lane++)
        source.partitions->lane_close(partitions[lane]);
    lab_source_finish(&source, true);
}

static int64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
    fclose(file);
    return pages * (int64_t)sysconf(_SC_PAGESIZE);
}

static void memory_stays_bounded_when_nobody_reads_a_backlog(void **state)
{
    enum { LANES = 4, MESSAGES = 300000, VALUE_SIZE = 300 };
    static const char *const settings[] = {"queue_bytes", "32MiB", NULL};
    const int64_t MIB = 1024 * 1024;
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, LANES);
    tlm_partition *partitions[LANES];
    char value[VALUE_SIZE];
    lab_source source;

    memset(value, 'x', sizeof value);
    for (int i = 0; i < MESSAGES; i++) {
        for (int topic = 0; topic < 2; topic++)
            lab_send(lab, topics.names[topic], i % LANES, value, sizeof value);
    }
    lab_flush(lab);
    lab_source_start(&source, lab, &topics, "bounded", settings);
    int64_t before = resident_bytes();
    for (uint32_t lane = 0; lane < LANES; lane++)
        partitions[lane] = lab_lane_open(&source, lane, NULL, NULL);
    /* All that is fetched is there when the memory has not grown for two seconds. */
    int64_t highest = before, grown_ms = lab_now_ms();
    while (lab_now_ms() - grown_ms < 2000) {
        if (resident_bytes() > highest + MIB) {
            highest = resident_bytes();
            grown_ms = lab_now_ms();
        }
        lab_pause(50);
    }
    print_message("queue_bytes 32 MiB, %d MB waiting: %.1f MiB more resident\n",
                  2 * MESSAGES / 1000 * VALUE_SIZE / 1000, (double)(highest - before) / (double)MIB);
    assert_true(highest - before > 8 * MIB); /* it was fetched */
    assert_true(highest - before < 2 * 32 * MIB * LAB_SANITIZER_FACTOR);
    for (int lane = 0; lane < LANES; lane++) {
        lab_read_until(&source, partitions[lane], LAB_CHAT, TLM_READ_QUIET, 30);
        lab_read_until(&source, partitions[lane], LAB_VIEWER, TLM_READ_QUIET, 30);
        source.partitions->lane_close(partitions[lane]);
    }
    assert_int_equal(lab_metric(&source, "telemetra_kafka_read_messages_total"), 2 * MESSAGES);
    lab_source_finish(&source, true);
}

/* Takes all that is there, or more than a queue holds: in milliseconds, how long it then takes until there is more. */
static int64_t drain_and_wait(lab_source *source, tlm_partition *partition)
{
    for (int batches = 0; batches < 20; batches++) {
        if (lab_read(source, partition, LAB_CHAT, 1000, NULL, NULL) != TLM_READ_RECORDS)
            break;
    }
    int64_t drained_ms = lab_now_ms();
    lab_read_until(source, partition, LAB_CHAT, TLM_READ_RECORDS, 20);
    return lab_now_ms() - drained_ms;
}

static void a_queue_that_was_full_is_filled_up_again_at_once_when_it_was_read(void **state)
{
    enum { MESSAGES = 300000, ROUNDS = 6 };
    static const char *const settings[] = {"queue_bytes", "8MiB", NULL};
    test_lab *lab = *state;
    lab_topics topics = lab_create_topics(lab, 1);
    lab_source source;
    char value[100];
    int64_t waited_ms = 0;

    memset(value, 'x', sizeof value);
    for (int i = 0; i < MESSAGES; i++)
        lab_send(lab, topics.names[LAB_CHAT], 0, value, sizeof value);
    lab_flush(lab);
    lab_source_start(&source, lab, &topics, "full", settings);
    tlm_partition *partition = lab_lane_open(&source, 0, NULL, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        lab_pause(400); /* the queue runs full: some 16,000 records */
        waited_ms += drain_and_wait(&source, partition);
    }
    /* Left to itself, librdkafka looks at a full queue once a second. */
    print_message("a queue that was full had more after %d ms on average\n", (int)waited_ms / ROUNDS);
    assert_true(lab_metric(&source, "telemetra_kafka_lag_chat") > 0);
    assert_true(waited_ms / ROUNDS < 300 * LAB_SANITIZER_FACTOR);
    source.partitions->lane_close(partition);
    lab_source_finish(&source, true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_of_every_partition_comes_once_and_in_order_with_its_position),
        cmocka_unit_test(reading_starts_exactly_at_given_offsets),
        cmocka_unit_test(start_latest_begins_with_what_comes_from_now_on),
        cmocka_unit_test(null_empty_and_overlong_values_keep_their_true_size),
        cmocka_unit_test(a_producers_own_time_is_not_taken_for_the_logs),
        cmocka_unit_test(an_offset_that_the_broker_no_longer_has_is_refused_with_a_sentence),
        cmocka_unit_test(an_offset_that_expires_while_it_is_waited_for_stops_the_lane_and_jumps_nowhere),
        cmocka_unit_test(unequal_numbers_of_partitions_are_refused_with_a_sentence),
        cmocka_unit_test(topics_with_another_number_of_partitions_than_asked_for_are_refused),
        cmocka_unit_test(topics_that_are_not_there_yet_are_waited_for_and_health_says_so),
        cmocka_unit_test(a_broker_that_is_not_there_is_waited_for_until_cancelled),
        cmocka_unit_test(forty_eight_idle_partitions_cost_next_to_nothing),
        cmocka_unit_test(memory_stays_bounded_when_nobody_reads_a_backlog),
        cmocka_unit_test(a_queue_that_was_full_is_filled_up_again_at_once_when_it_was_read),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, lab_start, lab_stop);
}
