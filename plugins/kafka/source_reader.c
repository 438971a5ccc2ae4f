/* SPDX-License-Identifier: Apache-2.0 */
#include "source_reader.h"

#include "common/clock.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    FETCH_BYTES = 4 * 1024 * 1024,     /* of an answer; larger ones are slower, as they fit no cache */
    PLACE_FETCH_BYTES = 1024 * 1024,   /* of a partition in it */
    PLACE_QUEUE_BYTES_MIN = 64 * 1024, /* below that every fetch would be a round trip for a few records */
    RECORD_COST = 256,                 /* bytes that librdkafka needs for a message besides its own */
    CHAT_SHARES = 5,                   /* of eight: chat is most of all events; the other topics get one each */
    SHARES = 8,
    KIB = 1024,
    QUEUE_KIB_MAX = 2097151, /* librdkafka's own bounds of what waits in a partition's queue */
    QUEUE_RECORDS_MAX = 10000000,
};

/* --- life --------------------------------------------------------------------------------------------------------- */

static int set_number(rd_kafka_conf_t *conf, const char *name, int64_t value, tlm_error *error)
{
    char text[24], said[256];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    if (rd_kafka_conf_set(conf, name, text, said, sizeof said) != RD_KAFKA_CONF_OK)
        return tlm_error_set(error, -EINVAL, "librdkafka: %s = %s: %s", name, text, said);
    return 0;
}

/* How much of the source's bound is a place's: a fetch is asked for while less than `queue_bytes` wait, so the queue
 * passes that by one answer's part at most, and both together are the place's share. */
static void share_memory(const tlm_instance *source, uint32_t input, tlm_kafka_reader *reader, int64_t *ret_fetch_bytes)
{
    int64_t shares = input == 0 ? CHAT_SHARES : 1;
    int64_t share = source->config->queue_bytes / SHARES * shares / source->lane_count;
    int64_t fetch_bytes = share / 3 < PLACE_FETCH_BYTES ? share / 3 : PLACE_FETCH_BYTES;

    fetch_bytes = fetch_bytes < PLACE_QUEUE_BYTES_MIN / 2 ? PLACE_QUEUE_BYTES_MIN / 2 : fetch_bytes;
    reader->queue_bytes = share - fetch_bytes < PLACE_QUEUE_BYTES_MIN ? PLACE_QUEUE_BYTES_MIN : share - fetch_bytes;
    if (reader->queue_bytes > (int64_t)QUEUE_KIB_MAX * KIB)
        reader->queue_bytes = (int64_t)QUEUE_KIB_MAX * KIB;
    reader->queue_records = reader->queue_bytes / RECORD_COST;
    if (reader->queue_records > QUEUE_RECORDS_MAX)
        reader->queue_records = QUEUE_RECORDS_MAX;
    *ret_fetch_bytes = fetch_bytes;
}

static int set_limits(const tlm_instance *source, uint32_t input, tlm_kafka_reader *reader, rd_kafka_conf_t *conf,
                      tlm_error *error)
{
    int64_t fetch_bytes;

    share_memory(source, input, reader, &fetch_bytes);
    const struct {
        const char *name;
        int64_t value;
    } limits[] = {
        {"queued.max.messages.kbytes", (reader->queue_bytes + KIB - 1) / KIB},
        {"queued.min.messages", reader->queue_records},
        {"fetch.message.max.bytes", fetch_bytes},
        {"fetch.max.bytes", FETCH_BYTES},
        {"fetch.wait.max.ms", input == 0 ? TLM_KAFKA_CHAT_FETCH_WAIT_MS : TLM_KAFKA_FETCH_WAIT_MS},
    };
    int result = 0;
    for (size_t i = 0; result == 0 && i < TLM_COUNT(limits); i++)
        result = set_number(conf, limits[i].name, limits[i].value, error);
    return result;
}

/* The value of a property, however long, or an empty text. NULL: memory is short. */
static char *copy_property(const rd_kafka_conf_t *conf, const char *name)
{
    size_t size = 0;
    bool is_set = rd_kafka_conf_get(conf, name, NULL, &size) == RD_KAFKA_CONF_OK && size > 0;
    char *value = calloc(1, is_set ? size : 1);

    if (value && is_set && rd_kafka_conf_get(conf, name, value, &size) != RD_KAFKA_CONF_OK)
        value[0] = '\0';
    return value;
}

static int connect_reader(tlm_instance *source, uint32_t input, tlm_kafka_reader *reader, tlm_error *error)
{
    rd_kafka_conf_t *conf = tlm_kafka_client_conf(source->client);

    if (!conf)
        return tlm_error_set(error, -ENOMEM, "no memory");
    reader->username = copy_property(conf, "sasl.username");
    reader->password = copy_property(conf, "sasl.password");
    int result = set_limits(source, input, reader, conf, error);
    if (result == 0 && (!reader->username || !reader->password))
        result = tlm_error_set(error, -ENOMEM, "no memory");
    if (result < 0) {
        rd_kafka_conf_destroy(conf);
        return result;
    }
    reader->kafka = tlm_kafka_client_connect(RD_KAFKA_CONSUMER, conf, error);
    if (!reader->kafka)
        return -EINVAL;
    reader->topic = rd_kafka_topic_new(reader->kafka, source->topics[input], NULL);
    if (!reader->topic)
        return tlm_error_set(error, -EINVAL, "topic %.200s: %s", source->topics[input],
                             rd_kafka_err2str(rd_kafka_last_error()));
    return 0;
}

int tlm_kafka_reader_create(tlm_instance *source, uint32_t input, tlm_kafka_reader **ret_reader, tlm_error *error)
{
    tlm_kafka_reader *reader = calloc(1, sizeof *reader + source->lane_count * sizeof *reader->places);

    if (!reader)
        return tlm_error_set(error, -ENOMEM, "no memory");
    (void)pthread_mutex_init(&reader->mutex, NULL); /* with default attributes nothing can fail */
    reader->place_count = source->lane_count;
    for (uint32_t i = 0; i < reader->place_count; i++) {
        atomic_init(&reader->places[i].next, -1);
        atomic_init(&reader->places[i].high_offset, -1);
        reader->places[i].broker = -1;
    }
    int result = connect_reader(source, input, reader, error);
    if (result < 0) {
        tlm_kafka_reader_destroy(reader);
        return result;
    }
    *ret_reader = reader;
    return 0;
}

void tlm_kafka_reader_destroy(tlm_kafka_reader *reader)
{
    if (!reader)
        return;
    if (reader->topic)
        rd_kafka_topic_destroy(reader->topic);
    if (reader->kafka)
        rd_kafka_destroy(reader->kafka);
    free(reader->username);
    free(reader->password);
    (void)pthread_mutex_destroy(&reader->mutex);
    free(reader);
}

/* --- places ------------------------------------------------------------------------------------------------------- */

void tlm_kafka_reader_note_answer(tlm_kafka_reader *reader, uint32_t place, int64_t high_offset)
{
    tlm_kafka_place *at = &reader->places[place];

    (void)pthread_mutex_lock(&reader->mutex);
    at->evidence_ns = tlm_clock_ns();
    atomic_store(&at->heard_ns, at->evidence_ns);
    (void)pthread_mutex_unlock(&reader->mutex);
    atomic_store(&at->high_offset, high_offset);
}

bool tlm_kafka_place_is_heard(const tlm_kafka_place *place, int64_t now_ns)
{
    return now_ns - atomic_load_explicit(&place->heard_ns, memory_order_acquire) < TLM_KAFKA_SILENCE_NS;
}

static const tlm_kafka_broker *find_broker(const tlm_kafka_statistics *statistics, int64_t node_id)
{
    for (uint32_t i = 0; i < statistics->broker_count; i++) {
        const tlm_kafka_broker *broker = &statistics->brokers[i];
        if (broker->node_id == node_id && node_id >= 0 && !broker->is_logical)
            return broker;
    }
    return NULL;
}

/* librdkafka says this of a partition in an error callback without its number only; the statistics have it. */
static void watch_fault(tlm_kafka_place *place, const tlm_kafka_partition *said)
{
    int32_t fault = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;

    if (said->is_unknown)
        atomic_store(&place->fault, fault);
    else /* whatever else is wrong is not ended by that */
        (void)atomic_compare_exchange_strong(&place->fault, &fault, 0);
}

/* Reader's mutex held. True when the place was known to be reachable before and may have been lost since. */
static bool watch_place(tlm_kafka_place *place, const tlm_kafka_partition *said, const tlm_kafka_broker *broker,
                        int64_t now_ns)
{
    bool is_up = broker && broker->is_up && broker->receive_idle_us >= 0 && !said->is_unknown;
    int64_t heard_ns = is_up ? now_ns - broker->receive_idle_us * 1000 : 0;
    int64_t up_since_ns = is_up ? now_ns - broker->state_age_us * 1000 : now_ns;
    bool is_heard = is_up && now_ns - heard_ns < TLM_KAFKA_SILENCE_NS;
    bool has_moved = place->broker >= 0 && place->broker != said->broker;
    bool is_lost = place->evidence_ns != 0 && (!is_heard || has_moved || up_since_ns > place->evidence_ns);

    place->broker = said->broker;
    place->evidence_ns = is_heard ? now_ns : 0;
    /* First the count: who sees the place as heard of again sees too that it was lost. */
    if (is_lost)
        (void)atomic_fetch_add(&place->outages, 1);
    atomic_store(&place->heard_ns, is_heard ? heard_ns : 0);
    if (said->high_offset >= 0)
        atomic_store(&place->high_offset, said->high_offset);
    watch_fault(place, said);
    return is_lost;
}

uint32_t tlm_kafka_reader_watch(tlm_kafka_reader *reader, const tlm_kafka_statistics *statistics)
{
    const char *topic = rd_kafka_topic_name(reader->topic);
    int64_t now_ns = tlm_clock_ns();
    uint32_t lost = 0;

    (void)pthread_mutex_lock(&reader->mutex);
    for (uint32_t i = 0; i < statistics->partition_count; i++) {
        const tlm_kafka_partition *said = &statistics->partitions[i];
        if (said->partition < 0 || said->partition >= reader->place_count || strcmp(said->topic, topic) != 0)
            continue;
        tlm_kafka_place *place = &reader->places[said->partition];
        bool is_lost = watch_place(place, said, find_broker(statistics, said->broker), now_ns);
        lost += is_lost && atomic_load(&place->next) >= 0;
    }
    (void)pthread_mutex_unlock(&reader->mutex);
    return lost;
}

void tlm_kafka_reader_nudge(tlm_kafka_reader *reader)
{
    /* Of all public calls only this one wakes the threads without asking the broker anything. The credentials are the
     * ones that it has. */
    rd_kafka_error_destroy(rd_kafka_sasl_set_credentials(reader->kafka, reader->username, reader->password));
}

void tlm_kafka_reader_wake(tlm_kafka_reader *reader)
{
    tlm_kafka_client_wake(reader->kafka, rd_kafka_topic_name(reader->topic));
    tlm_kafka_reader_nudge(reader);
}
