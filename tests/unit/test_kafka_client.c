/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms of the plugin kafka that need no broker: librdkafka's statistics, and which of its lines are news. */
#include "core_test.h"

#include "kafka/news.h"
#include "kafka/statistics.h"

/* After https://github.com/confluentinc/librdkafka/blob/v2.0.2/STATISTICS.md, cut to what is read and a little more. */
static const char told[] =
    "{\"name\":\"rdkafka#consumer-1\",\"msg_cnt\":22710,\"msg_size\":704010,\"brokers\":{"
    "\"one:9092/1\":{\"name\":\"one:9092/1\",\"nodeid\":1,\"source\":\"learned\",\"state\":\"UP\",\"stateage\":8005652,"
    "\"outbuf_cnt\":3,\"waitresp_cnt\":2,\"rxidle\":500,\"txidle\":700,\"rtt\":{\"min\":1,\"p99\":4096}},"
    "\"two:9092/2\":{\"name\":\"two:9092/2\",\"nodeid\":2,\"source\":\"learned\",\"state\":\"DOWN\"},"
    "\"boot:9092\":{\"name\":\"boot:9092\",\"nodeid\":-1,\"source\":\"configured\",\"state\":\"UP\"},"
    "\"GroupCoordinator\":{\"name\":\"GroupCoordinator\",\"nodeid\":1,\"source\":\"logical\",\"state\":\"UP\"}},"
    "\"topics\":{\"chat\":{\"topic\":\"chat\",\"partitions\":{"
    "\"0\":{\"partition\":0,\"leader\":1,\"desired\":true,\"fetch_state\":\"active\",\"consumer_lag\":17,"
    "\"lo_offset\":5,\"hi_offset\":40,\"app_offset\":23,\"fetchq_cnt\":9,\"fetchq_size\":2700,\"txmsgs\":0},"
    "\"-1\":{\"partition\":-1,\"leader\":-1,\"desired\":false,\"fetch_state\":\"none\"}}},"
    "\"viewer\":{\"topic\":\"viewer\",\"partitions\":{"
    "\"3\":{\"partition\":3,\"leader\":2,\"desired\":false,\"msgq_cnt\":4,\"xmit_msgq_cnt\":6}}}}}";

static void statistics_tell_of_brokers_and_partitions(void **state)
{
    (void)state;
    tlm_kafka_statistics_text *text = tlm_kafka_statistics_parse(told, strlen(told));
    assert_non_null(text);
    const tlm_kafka_statistics *statistics = tlm_kafka_statistics_of(text);
    assert_int_equal(statistics->broker_count, 4);
    assert_int_equal(statistics->up_count, 2); /* the coordinator is one of them seen twice */
    assert_int_equal(statistics->real_count, 2);
    assert_int_equal(statistics->messages_waiting, 22710);
    assert_int_equal(statistics->bytes_waiting, 704010);
    const tlm_kafka_broker *one = &statistics->brokers[0];
    assert_string_equal(one->name, "one:9092/1");
    assert_int_equal(one->node_id, 1);
    assert_int_equal(one->is_up, 1);
    assert_int_equal(one->receive_idle_us, 500);
    assert_int_equal(one->requests_waiting, 5);
    assert_int_equal(one->round_trip_p99_us, 4096);
    assert_int_equal(statistics->brokers[1].is_up, 0);
    assert_int_equal(statistics->brokers[1].round_trip_p99_us, -1);
    assert_int_equal(statistics->partition_count, 2); /* without that of messages that have none yet */
    const tlm_kafka_partition *chat = &statistics->partitions[0], *viewer = &statistics->partitions[1];
    assert_string_equal(chat->topic, "chat");
    assert_string_equal(chat->fetch_state, "active");
    assert_int_equal(chat->lag, 17);
    assert_int_equal(chat->application_offset, 23);
    assert_int_equal(chat->fetched_bytes, 2700);
    assert_int_equal(chat->is_desired, 1);
    assert_string_equal(viewer->topic, "viewer");
    assert_int_equal(viewer->partition, 3);
    assert_int_equal(viewer->leader, 2);
    assert_int_equal(viewer->lag, -1);
    assert_int_equal(viewer->waiting_count, 10);
    tlm_kafka_statistics_destroy(text);
}

static void what_is_no_statistics_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "[]", "{", "nonsense", "{\"brokers\":"};
    for (size_t i = 0; i < TLM_COUNT(wrong); i++)
        assert_null(tlm_kafka_statistics_parse(wrong[i], strlen(wrong[i])));
    tlm_kafka_statistics_text *empty = tlm_kafka_statistics_parse("{}", 2);
    assert_non_null(empty);
    assert_int_equal(tlm_kafka_statistics_of(empty)->broker_count, 0);
    tlm_kafka_statistics_destroy(empty);
    tlm_kafka_statistics_destroy(NULL);
}

static void lines_that_differ_in_numbers_alone_are_news_once(void **state)
{
    (void)state;
    tlm_kafka_news news = {.count = 0};
    assert_true(tlm_kafka_news_is_new(&news, "one:9092/1: Connect failed (after 12ms in state CONNECT)"));
    assert_false(tlm_kafka_news_is_new(
        &news, "one:9092/1: Connect failed (after 0ms in state CONNECT, 30 identical error(s) suppressed)"));
    assert_true(tlm_kafka_news_is_new(&news, "two:9092/1: Connect failed (after 12ms in state CONNECT)"));
    assert_true(tlm_kafka_news_is_new(&news, "one:9092/1: Disconnected"));
    tlm_kafka_news_forget(&news);
    assert_true(tlm_kafka_news_is_new(&news, "one:9092/1: Disconnected"));
}

static void ever_new_lines_push_out_the_oldest(void **state)
{
    (void)state;
    tlm_kafka_news news = {.count = 0};
    char line[TLM_KAFKA_NEWS_MAX + 2] = "";
    for (int i = 0; i <= TLM_KAFKA_NEWS_MAX; i++) {
        line[i] = 'x';
        assert_true(tlm_kafka_news_is_new(&news, line));
    }
    assert_int_equal(news.count, TLM_KAFKA_NEWS_MAX);
    assert_false(tlm_kafka_news_is_new(&news, line));
    assert_true(tlm_kafka_news_is_new(&news, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_tell_of_brokers_and_partitions),
        cmocka_unit_test(what_is_no_statistics_is_refused),
        cmocka_unit_test(lines_that_differ_in_numbers_alone_are_news_once),
        cmocka_unit_test(ever_new_lines_push_out_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
