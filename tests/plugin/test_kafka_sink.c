/* SPDX-License-Identifier: Apache-2.0 */
/* The sink against a real broker, whose address is in the file that TELEMETRA_SERVERS_ENV names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"
#include "kafka_reader.h"
#include "kafka_sink_lab.h"

#include "common/murmur2.h"

enum { STREAMS = 150, ROUNDS = 20, ROWS = STREAMS * KINDS * ROUNDS, DEAD_COLUMNS = 11 };

static char servers[128];

/* --- what the plugin makes ---------------------------------------------------------------------------------------- */

static rd_kafka_t *producer_made; /* the last one */
static int producers_made;

/* Stands before librdkafka's own for the plugin: this program exports it (see CMakeLists.txt). */
TLM_EXPORT rd_kafka_t *rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, char *said, size_t said_size)
{
    rd_kafka_t *(*original)(rd_kafka_type_t, rd_kafka_conf_t *, char *, size_t);
    *(void **)&original = dlsym(RTLD_NEXT, "rd_kafka_new");
    assert_non_null(original);
    rd_kafka_t *made = original(type, conf, said, said_size);
    producer_made = made;
    producers_made++;
    return made;
}

static int set_up(void **state)
{
    sink_lab *lab = malloc(sizeof *lab);
    sink_lab_init(lab, servers);
    *state = lab;
    return 0;
}

static int tear_down(void **state)
{
    sink_lab *lab = *state;
    subject_finish(&lab->subject);
    free(lab);
    return 0;
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* Rows of every kind for many streams, in rounds: the value tells which. */
typedef struct {
    tlm_cell cells[ROWS][EVENT_COLUMNS];
    char streams[STREAMS][24], values[ROWS][64];
    tlm_rows rows;
    const tlm_rows *batch;
    tlm_flush flush;
} events;

static events *make_events(void)
{
    events *made = calloc(1, sizeof *made);
    int row = 0;
    assert_non_null(made);
    for (int i = 0; i < STREAMS; i++)
        snprintf(made->streams[i], sizeof made->streams[i], "stream \xc3\xa9 %d", i);
    for (int round = 0; round < ROUNDS; round++) {
        for (int stream = 0; stream < STREAMS; stream++) {
            for (int kind = 0; kind < KINDS; kind++, row++) {
                int size = snprintf(made->values[row], sizeof made->values[row], "%d %d %d", kind, stream, round);
                event_fill(made->cells[row], kind, made->streams[stream], made->values[row], (size_t)size);
            }
        }
    }
    made->rows = rows_of(&events_dataset, made->cells[0], ROWS);
    made->batch = &made->rows;
    made->flush = (tlm_flush){sizeof(tlm_flush), 0, 1, 1, &made->batch, 1, 0};
    return made;
}

/* What was seen of one topic. */
typedef struct {
    int kind, partitions;
    int rounds[STREAMS]; /* seen so far of each */
} seen_events;

static void see_event(void *context, const rd_kafka_message_t *message)
{
    seen_events *seen = context;
    char text[64], key[24];
    int kind, stream, round;
    snprintf(text, sizeof text, "%.*s", (int)message->len, (const char *)message->payload);
    assert_int_equal(sscanf(text, "%d %d %d", &kind, &stream, &round), 3);
    assert_int_equal(kind, seen->kind);
    snprintf(key, sizeof key, "stream \xc3\xa9 %d", stream);
    assert_int_equal(message->key_len, strlen(key));
    assert_memory_equal(message->key, key, message->key_len);
    assert_int_equal(message->partition,
                     tlm_murmur2_partition(tlm_murmur2(key, strlen(key)), (uint32_t)seen->partitions));
    assert_int_equal(round, seen->rounds[stream]++);
}

static void check_topics(const sink_lab *lab, int partitions, int rounds)
{
    for (int kind = 0; kind < KINDS; kind++) {
        seen_events seen = {.kind = kind, .partitions = partitions};
        assert_int_equal(kafka_read(lab->servers, lab->topics[kind], see_event, &seen), STREAMS * rounds);
    }
}

static void events_lie_in_their_kinds_topic_and_their_streams_partition_in_order(void **state)
{
    sink_lab *lab = *state;
    events *made = make_events();
    sink_lab_start(lab);
    assert_int_equal(subject_submit(&lab->subject, 0, &made->rows), 0);
    check_topics(lab, 12, ROUNDS);
    free(made);
}

static void flushes_of_several_lanes_are_each_answered_once(void **state)
{
    enum { LANES = 8 };
    sink_lab *lab = *state;
    events *made = make_events();
    answer answers[LANES];
    sink_lab_start(lab);
    for (int i = 0; i < LANES; i++) {
        answer_init(&answers[i]);
        lab->subject.sink->submit(lab->subject.instance, &made->flush, answer_done, &answers[i]);
    }
    for (int i = 0; i < LANES; i++)
        assert_int_equal(answer_wait(&answers[i]), 0);
    subject_stop(&lab->subject);
    for (int i = 0; i < LANES; i++)
        assert_int_equal(answers[i].count, 1);
    assert_int_equal(kafka_read(lab->servers, lab->topics[0], NULL, NULL), LANES * STREAMS * ROUNDS);
    free(made);
}

static void an_event_of_one_mebibyte_is_written(void **state)
{
    enum { SIZE = 1 << 20 };
    sink_lab *lab = *state;
    char *value = malloc(SIZE), stream[256];
    tlm_cell cells[EVENT_COLUMNS];
    memset(value, 'x', SIZE);
    memset(stream, 's', 255);
    stream[255] = '\0';
    event_fill(cells, 0, stream, value, SIZE);
    tlm_rows rows = rows_of(&events_dataset, cells, 1);
    test_config_add(lab->subject.component, lab->subject.config, "rdkafka", "compression_codec", "none");
    sink_lab_start(lab);
    assert_int_equal(subject_submit(&lab->subject, 0, &rows), 0);
    assert_int_equal(kafka_read(lab->servers, lab->topics[0], NULL, NULL), 1);
    free(value);
}

static void an_event_that_the_topic_does_not_take_is_refused_with_what_to_look_at(void **state)
{
    static const char *const small[] = {"max.message.bytes", "2000", NULL};
    sink_lab *lab = *state;
    char value[4000];
    tlm_cell cells[EVENT_COLUMNS];
    memset(value, 'x', sizeof value);
    event_fill(cells, 0, "s", value, sizeof value);
    tlm_rows rows = rows_of(&events_dataset, cells, 1);
    kafka_make(lab->servers, lab->topics[0], 12, small);
    test_config_add(lab->subject.component, lab->subject.config, "rdkafka", "compression_codec", "none");
    sink_lab_start(lab);
    assert_int_equal(subject_submit(&lab->subject, 0, &rows), -EBADMSG);
    assert_says(lab->subject.reason, lab->topics[0]);
    assert_says(lab->subject.reason, "max.message.bytes");
}

/* --- topics ------------------------------------------------------------------------------------------------------- */

static void absent_topics_are_made_as_asked(void **state)
{
    sink_lab *lab = *state;
    char value[64];
    sink_lab_set(lab, "partitions", "5");
    sink_lab_set(lab, "retention_hours", "3");
    sink_lab_start(lab);
    rd_kafka_t *kafka = kafka_client(RD_KAFKA_PRODUCER, lab->servers);
    for (int i = 0; i < KINDS; i++) {
        assert_int_equal(kafka_partitions(kafka, lab->topics[i]), 5);
        kafka_setting(lab->servers, lab->topics[i], "message.timestamp.type", value);
        assert_string_equal(value, "LogAppendTime");
        kafka_setting(lab->servers, lab->topics[i], "retention.ms", value);
        assert_string_equal(value, "10800000");
        kafka_setting(lab->servers, lab->topics[i], "max.message.bytes", value);
        assert_string_equal(value, "2097152");
    }
    rd_kafka_destroy(kafka);
}

static void topics_with_other_numbers_of_partitions_are_refused(void **state)
{
    sink_lab *lab = *state;
    kafka_make(lab->servers, lab->topics[2], 3, NULL);
    assert_true(subject_start(&lab->subject) < 0);
    assert_says(lab->subject.error.text, lab->topics[2]);
    assert_says(lab->subject.error.text, "has 3 partitions, but partitions asks for 12");
    assert_says(lab->subject.error.text, "set partitions = 3");
    /* Nothing was made beside it. */
    rd_kafka_t *kafka = kafka_client(RD_KAFKA_PRODUCER, lab->servers);
    assert_int_equal(kafka_partitions(kafka, lab->topics[0]), 0);
    rd_kafka_destroy(kafka);
}

static void topics_that_keep_the_writers_time_are_a_warning(void **state)
{
    static const char *const create_time[] = {"message.timestamp.type", "CreateTime", "max.message.bytes", "3000000",
                                              NULL};
    sink_lab *lab = *state;
    kafka_make(lab->servers, lab->topics[1], 12, create_time);
    sink_lab_start(lab);
    assert_says(lab->subject.host.log, lab->topics[1]);
    assert_says(lab->subject.host.log, "LogAppendTime");
}

static void too_many_copies_are_refused_with_what_to_do(void **state)
{
    sink_lab *lab = *state;
    sink_lab_set(lab, "replication_factor", "3");
    assert_true(subject_start(&lab->subject) < 0);
    assert_says(lab->subject.error.text, "set replication_factor to at most the number of brokers");
}

/* --- dead letters and other datasets ------------------------------------------------------------------------------ */

static const tlm_column dead_columns[DEAD_COLUMNS] = {
    {"input", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, ""},
    {"generation", TLM_COLUMN_TEXT, 0, TLM_COLUMN_KEY, NULL, ""},
    {"ordinal", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_KEY, NULL, ""},
    {"topic", TLM_COLUMN_TEXT, 0, 0, NULL, ""},
    {"origin", TLM_COLUMN_TEXT, 0, 0, NULL, ""},
    {"line", TLM_COLUMN_INTEGER, 0, TLM_COLUMN_NULLABLE, NULL, ""},
    {"byte_offset", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    {"reason", TLM_COLUMN_TEXT, 0, 0, NULL, ""},
    {"size", TLM_COLUMN_INTEGER, 0, 0, NULL, ""},
    {"raw", TLM_COLUMN_BYTES, 0, 0, NULL, ""},
    {"noted_at", TLM_COLUMN_TIME, 0, TLM_COLUMN_TIMELINE, NULL, ""},
};

static const tlm_dataset dead_dataset = {sizeof(tlm_dataset), TLM_DATASET_APPEND, "dead_letters", "Dead.",
                                         dead_columns,        DEAD_COLUMNS};

/* Headers as "name=value;" in their order, then the bytes. */
static void see_dead_letter(void *context, const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    const char *name, *value;
    char *text = context;
    size_t size, used = strlen(text);
    assert_int_equal(rd_kafka_message_headers(message, &headers), 0);
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, (const void **)&value, &size) == 0; i++)
        used += (size_t)snprintf(text + used, 1024 - used, "%s=%.*s;", name, (int)size, value);
    snprintf(text + used, 1024 - used, "%zu:%.*s", message->len, (int)message->len, (const char *)message->payload);
}

static void dead_letters_keep_their_bytes_with_reason_and_origin_in_headers(void **state)
{
    sink_lab *lab = *state;
    char seen[1024] = "";
    tlm_cell cells[DEAD_COLUMNS] = {cell_text("replay"),    cell_text("00a1"),       cell_integer(41),
                                    cell_text("chat"),      cell_text("day.ndjson"), {.is_set = 0},
                                    cell_integer(977),      cell_text("no JSON"),    cell_integer(3),
                                    cell_bytes("\xff{", 2), cell_integer(0)};
    tlm_rows rows = rows_of(&dead_dataset, cells, 1);
    lab->subject.host.datasets[lab->subject.host.dataset_count++] = &dead_dataset;
    sink_lab_start(lab);
    assert_int_equal(subject_submit(&lab->subject, 3, &rows), 0);
    assert_int_equal(kafka_read(lab->servers, lab->dead_letters, see_dead_letter, seen), 1);
    assert_string_equal(seen, "lane=3;input=replay;generation=00a1;ordinal=41;topic=chat;origin=day.ndjson;offset=977;"
                              "reason=no JSON;size=3;noted_at=1970-01-01T00:00:00Z;2:\xff{");
}

static void see_text(void *context, const rd_kafka_message_t *message)
{
    snprintf(context, 1024, "%.*s %.*s", (int)message->key_len, (const char *)message->key, (int)message->len,
             (const char *)message->payload);
}

static void final_rows_of_named_datasets_are_json_under_their_stream(void **state)
{
    sink_lab *lab = *state;
    char topic[TOPIC_NAME_SIZE], pair[TOPIC_NAME_SIZE + 16], seen[1024] = "";
    tlm_cell streams[STREAM_COLUMNS] = {cell_text("s"), cell_text("a \"title\""), {.is_set = 0}};
    tlm_cell samples[SAMPLE_COLUMNS];
    tlm_rows rows = rows_of(&stream_dataset, streams, 1), early = rows, other;
    sample_fill(samples, "s", 0);
    other = rows_of(&sample_dataset, samples, 1);
    early.flags = TLM_ROWS_EARLY;
    sink_lab_topic(lab, "dead_letter_topic", topic, "streams");
    sink_lab_set(lab, "dead_letter_topic", lab->dead_letters);
    snprintf(pair, sizeof pair, "streams=%s", topic);
    sink_lab_set(lab, "datasets", pair);
    lab->subject.host.datasets[lab->subject.host.dataset_count++] = &stream_dataset;
    lab->subject.host.datasets[lab->subject.host.dataset_count++] = &sample_dataset;
    sink_lab_start(lab);
    assert_int_equal(subject_submit(&lab->subject, 0, &early), 0);
    assert_int_equal(subject_submit(&lab->subject, 0, &other), 0);
    assert_int_equal(subject_submit(&lab->subject, 0, &rows), 0);
    assert_int_equal(kafka_read(lab->servers, topic, see_text, seen), 1);
    assert_string_equal(seen, "s {\"stream_id\":\"s\",\"title\":\"a \\\"title\\\"\",\"viewers\":null}");
}

/* --- what a file can have wrong ----------------------------------------------------------------------------------- */

static void wrong_properties_are_told_when_the_file_is_checked(void **state)
{
    sink_lab *lab = *state;
    const char *const wrong[][2] = {{"security_protocol", "hush-hush"},
                                    {"sasl_usrname", "someone"},
                                    {"enable_idempotence", "false"},
                                    {"bootstrap_servers", "elsewhere:9092"}};
    for (size_t i = 0; i < TLM_COUNT(wrong); i++)
        test_config_add(lab->subject.component, lab->subject.config, "rdkafka", wrong[i][0], wrong[i][1]);
    const char *said = lab->subject.error.text;
    assert_int_equal(lab->subject.component->create(&lab->subject.host.public, lab->subject.config,
                                                    &lab->subject.instance, &lab->subject.error),
                     -EINVAL);
    assert_says(said, "rdkafka.security_protocol: ");
    assert_says(said, "rdkafka.sasl_usrname: librdkafka has no property sasl.usrname; did you mean 'sasl_username'?");
    assert_says(said, "rdkafka.enable_idempotence: is not to be set here: ");
    assert_says(said, "rdkafka.bootstrap_servers: is not to be set here: write it as the option");
    assert_null(strstr(said, "hush-hush"));
}

static void topics_that_are_none_are_told_when_the_file_is_checked(void **state)
{
    sink_lab *lab = *state;
    static const char *const rows[][3] = {
        {"topic_chat", "no topic", "topic_chat: expected a topic's name"},
        {"datasets", "windows", "datasets: expected DATASET=TOPIC, found 'windows'"},
        {"datasets", "windows=a b", "datasets: expected a topic's name"},
    };
    for (size_t i = 0; i < TLM_COUNT(rows); i++) {
        sink_lab fresh;
        sink_lab_init(&fresh, lab->servers);
        sink_lab_set(&fresh, rows[i][0], rows[i][1]);
        assert_int_equal(subject_start(&fresh.subject), -EINVAL);
        assert_says(fresh.subject.error.text, rows[i][2]);
        subject_finish(&fresh.subject);
    }
    sink_lab_set(lab, "topic_viewer", lab->topics[0]);
    assert_int_equal(subject_start(&lab->subject), -EINVAL);
    assert_says(lab->subject.error.text, "topic_viewer: expected a topic of its own, found that of topic_chat");
}

/* --- no broker ---------------------------------------------------------------------------------------------------- */

static int health_says(sink_lab *lab, const char *part)
{
    test_host *host = &lab->subject.host;
    pthread_mutex_lock(&host->lock);
    int says = host->health_status != TLM_HEALTH_OK && strstr(host->health, part) != NULL;
    pthread_mutex_unlock(&host->lock);
    return says;
}

static void without_a_broker_flushes_that_are_not_for_it_are_not_held_up(void **state)
{
    sink_lab *lab = *state;
    tlm_cell samples[SAMPLE_COLUMNS];
    sample_fill(samples, "s", 0);
    tlm_rows other = rows_of(&sample_dataset, samples, 1), none = rows_of(&events_dataset, NULL, 0);
    lab->subject.host.datasets[lab->subject.host.dataset_count++] = &sample_dataset;
    sink_lab_set(lab, "bootstrap_servers", "127.0.0.1:1");
    sink_lab_start(lab);
    assert_int_equal(subject_submit(&lab->subject, 0, &other), 0);
    assert_int_equal(subject_submit(&lab->subject, 0, &none), 0);
}

static void without_a_broker_health_says_so_and_a_stop_ends_what_waits(void **state)
{
    sink_lab *lab = *state;
    events *made = make_events();
    answer waiting;
    answer_init(&waiting);
    sink_lab_set(lab, "bootstrap_servers", "127.0.0.1:1");
    sink_lab_start(lab);
    lab->subject.sink->submit(lab->subject.instance, &made->flush, answer_done, &waiting);
    for (int i = 0; !health_says(lab, "no broker of 127.0.0.1:1 answers"); i++) {
        assert_true(i < 2000);
        usleep(10000);
    }
    assert_says(lab->subject.host.health, "Connection refused");
    assert_int_equal(waiting.count, 0);
    subject_stop(&lab->subject);
    assert_int_equal(waiting.count, 1);
    assert_int_equal(waiting.result, -ECANCELED);
    free(made);
}

/* --- faults ------------------------------------------------------------------------------------------------------- */

static void a_producer_that_librdkafka_gave_up_is_made_anew(void **state)
{
    sink_lab *lab = *state;
    events *made = make_events();
    int submits = 1, result = -1;
    sink_lab_start(lab);
    int before = producers_made;
    assert_int_equal(subject_submit(&lab->subject, 0, &made->rows), 0);
    assert_int_equal(rd_kafka_test_fatal_error(producer_made, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test"),
                     0);
    /* As the host does: what failed is sent again. */
    for (; result < 0 || producers_made == before; submits++) {
        assert_true(submits < 1000);
        result = subject_submit(&lab->subject, 0, &made->rows);
        assert_int_not_equal(result, -EBADMSG);
    }
    assert_int_equal(producers_made, before + 1);
    assert_int_equal(subject_submit(&lab->subject, 0, &made->rows), 0);
    assert_true(kafka_read(lab->servers, lab->topics[0], NULL, NULL) >= (uint64_t)3 * STREAMS * ROUNDS);
    free(made);
}

static void a_topic_deleted_meanwhile_is_made_again(void **state)
{
    sink_lab *lab = *state;
    events *made = make_events();
    int result = -1;
    sink_lab_start(lab);
    assert_int_equal(subject_submit(&lab->subject, 0, &made->rows), 0);
    kafka_delete(lab->servers, lab->topics[0]);
    for (int i = 0; result < 0; i++) {
        assert_true(i < 100);
        result = subject_submit(&lab->subject, 0, &made->rows);
        assert_int_not_equal(result, -EBADMSG);
    }
    assert_true(kafka_read(lab->servers, lab->topics[0], NULL, NULL) >= (uint64_t)STREAMS * ROUNDS);
    free(made);
}

int main(void)
{
    const char *env = getenv("TELEMETRA_SERVERS_ENV");
    if (!env) {
        fprintf(stderr, "TELEMETRA_SERVERS_ENV names no file with the broker's address: run it by ctest\n");
        return 1;
    }
    snprintf(servers, sizeof servers, "%.127s", kafka_env(env, "KAFKA_BOOTSTRAP_SERVERS"));
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(events_lie_in_their_kinds_topic_and_their_streams_partition_in_order),
        TEST(flushes_of_several_lanes_are_each_answered_once),
        TEST(an_event_of_one_mebibyte_is_written),
        TEST(an_event_that_the_topic_does_not_take_is_refused_with_what_to_look_at),
        TEST(absent_topics_are_made_as_asked),
        TEST(topics_with_other_numbers_of_partitions_are_refused),
        TEST(topics_that_keep_the_writers_time_are_a_warning),
        TEST(too_many_copies_are_refused_with_what_to_do),
        TEST(dead_letters_keep_their_bytes_with_reason_and_origin_in_headers),
        TEST(final_rows_of_named_datasets_are_json_under_their_stream),
        TEST(wrong_properties_are_told_when_the_file_is_checked),
        TEST(topics_that_are_none_are_told_when_the_file_is_checked),
        TEST(a_producer_that_librdkafka_gave_up_is_made_anew),
        TEST(a_topic_deleted_meanwhile_is_made_again),
        TEST(without_a_broker_flushes_that_are_not_for_it_are_not_held_up),
        TEST(without_a_broker_health_says_so_and_a_stop_ends_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
