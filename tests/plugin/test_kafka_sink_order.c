/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink when a broker refuses one batch and takes the next, as one does whose partition has just been made: it then
 * knows no sequence numbers of this producer and takes any as the first. A real broker does so for a few milliseconds,
 * now and then; librdkafka's mock cluster does it when it is asked to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"
#include "kafka_reader.h"
#include "kafka_sink_lab.h"

#include <librdkafka/rdkafka_mock.h>

#include <time.h>

enum { FLUSHES = 30, PACE_MS = 10, BROKER = 1, ROUND_TRIP_MS = 100, PRODUCE = 0, PARTITIONS = 12 };

static rd_kafka_t *owner; /* of the mock cluster */
static rd_kafka_mock_cluster_t *cluster;

static int set_up(void **state)
{
    char said[256];
    sink_lab *lab = malloc(sizeof *lab);
    owner = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, said, sizeof said);
    assert_non_null(owner);
    cluster = rd_kafka_mock_cluster_new(owner, BROKER);
    assert_non_null(cluster);
    sink_lab_init(lab, rd_kafka_mock_cluster_bootstraps(cluster));
    for (int i = 0; i < KINDS; i++)
        assert_int_equal(rd_kafka_mock_topic_create(cluster, lab->topics[i], PARTITIONS, 1), 0);
    assert_int_equal(rd_kafka_mock_topic_create(cluster, lab->dead_letters, 1, 1), 0);
    *state = lab;
    return 0;
}

static int tear_down(void **state)
{
    sink_lab *lab = *state;
    subject_finish(&lab->subject);
    free(lab);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(owner);
    return 0;
}

static void see_next(void *context, const rd_kafka_message_t *message)
{
    int *next = context;
    assert_int_equal(message->len, sizeof *next);
    assert_memory_equal(message->payload, next, sizeof *next);
    ++*next;
}

/* Events of one stream, each with its number and in a flush of its own, at a pace of several to a round trip. */
static void submit_numbers(sink_lab *lab)
{
    static const struct timespec pace = {.tv_nsec = PACE_MS * 1000000L};
    static tlm_cell cells[FLUSHES][EVENT_COLUMNS];
    static int numbers[FLUSHES];
    static tlm_rows rows[FLUSHES];
    static const tlm_rows *batches[FLUSHES];
    static tlm_flush flushes[FLUSHES];
    static answer answers[FLUSHES];
    for (int i = 0; i < FLUSHES; i++) {
        numbers[i] = i;
        event_fill(cells[i], 0, "s", (const char *)&numbers[i], sizeof numbers[i]);
        rows[i] = rows_of(&events_dataset, cells[i], 1);
        batches[i] = &rows[i];
        flushes[i] = (tlm_flush){sizeof(tlm_flush), (uint32_t)i, 1, 1, &batches[i], 1, 0};
        answer_init(&answers[i]);
        lab->subject.sink->submit(lab->subject.instance, &flushes[i], answer_done, &answers[i]);
        (void)nanosleep(&pace, NULL);
    }
    for (int i = 0; i < FLUSHES; i++)
        assert_int_equal(answer_wait(&answers[i]), 0);
}

static void a_batch_that_was_refused_while_the_next_was_taken_is_not_lost(void **state)
{
    sink_lab *lab = *state;
    int next = 0;
    sink_lab_start(lab);
    assert_int_equal(rd_kafka_mock_broker_set_rtt(cluster, BROKER, ROUND_TRIP_MS), 0);
    rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    submit_numbers(lab);
    assert_int_equal(kafka_read(lab->servers, lab->topics[0], see_next, &next), FLUSHES);
}

static void a_batch_that_is_taken_for_written_and_has_no_offset_is_sent_again(void **state)
{
    sink_lab *lab = *state;
    tlm_cell cells[EVENT_COLUMNS];
    event_fill(cells, 0, "s", "x", 1);
    tlm_rows rows = rows_of(&events_dataset, cells, 1);
    sink_lab_start(lab);
    rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
    assert_int_equal(subject_submit(&lab->subject, 0, &rows), -EIO);
    assert_says(lab->subject.reason, "without its offset");
    assert_int_equal(subject_submit(&lab->subject, 0, &rows), 0);
    assert_int_equal(kafka_read(lab->servers, lab->topics[0], NULL, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_that_was_refused_while_the_next_was_taken_is_not_lost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_batch_that_is_taken_for_written_and_has_no_offset_is_sent_again, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
