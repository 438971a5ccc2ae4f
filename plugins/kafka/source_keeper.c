/* SPDX-License-Identifier: Apache-2.0 */
#include "source_keeper.h"
#include "common/clock.h"
#include "common/thread.h"
#include "source_group.h"
#include "source_reader.h"

#include <inttypes.h>
#include <stdlib.h>

#define JUDGE_INTERVAL_NS INT64_C(1000000000)
/* Not before a second look: a broker's pause or the election of a new leader is over by then. */
#define SILENCE_TOLD_NS (4 * INT64_C(1000000000))

enum { POLL_MS = 100 };

struct tlm_kafka_keeper {
    tlm_instance *source;
    pthread_t thread;
    atomic_bool is_over;
    int64_t judged_ns;
    int64_t heard_all_ns; /* when all places in use were heard of the last time */
    uint32_t status;
    tlm_error sentence;
};

/* --- metrics ------------------------------------------------------------------------------------------------------ */

static void publish_lag(const tlm_instance *source, uint32_t input)
{
    const tlm_kafka_reader *reader = source->readers[input];
    int64_t sum = 0, highest = 0;

    for (uint32_t i = 0; i < reader->place_count; i++) {
        int64_t next = atomic_load(&reader->places[i].next), high = atomic_load(&reader->places[i].high_offset);
        int64_t lag = next >= 0 && high > next ? high - next : 0;
        sum += lag;
        highest = lag > highest ? lag : highest;
    }
    tlm_kafka_source_set(source, source->metrics.lag[input], sum);
    tlm_kafka_source_set(source, source->metrics.lag_highest[input], highest);
}

/* --- health ------------------------------------------------------------------------------------------------------- */

static const char *fault_advice(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return "; allow this user to read it";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return "; it was deleted: to go on with a new one, begin with new topics and an empty checkpoint";
    default:
        return "; it is tried again";
    }
}

/* The first place that cannot be read: true with its sentence. */
static bool find_fault(const tlm_instance *source, tlm_error *ret_sentence)
{
    for (uint32_t i = 0; i < TLM_KAFKA_INPUTS; i++) {
        for (uint32_t lane = 0; lane < source->lane_count; lane++) {
            const tlm_kafka_place *place = &source->readers[i]->places[lane];
            rd_kafka_resp_err_t code = (rd_kafka_resp_err_t)atomic_load(&place->fault);
            if (code == RD_KAFKA_RESP_ERR_NO_ERROR || atomic_load(&place->next) < 0)
                continue;
            (void)tlm_error_set(ret_sentence, 0, "topic %.200s, partition %" PRIu32 " cannot be read: %s%s",
                                source->topics[i], lane, rd_kafka_err2str(code), fault_advice(code));
            return true;
        }
    }
    return false;
}

/* How many places in use are not heard of, with one of them. */
static uint32_t count_silent(const tlm_instance *source, int64_t now_ns, uint32_t *ret_input, uint32_t *ret_lane)
{
    uint32_t silent = 0;

    for (uint32_t i = 0; i < TLM_KAFKA_INPUTS; i++) {
        for (uint32_t lane = 0; lane < source->lane_count; lane++) {
            const tlm_kafka_place *place = &source->readers[i]->places[lane];
            if (atomic_load(&place->next) < 0 || tlm_kafka_place_is_heard(place, now_ns))
                continue;
            *ret_input = i;
            *ret_lane = lane;
            silent++;
        }
    }
    return silent;
}

static bool find_silence(tlm_kafka_keeper *keeper, int64_t now_ns, tlm_error *ret_sentence)
{
    const tlm_instance *source = keeper->source;
    uint32_t input = 0, lane = 0, silent = count_silent(source, now_ns, &input, &lane);

    if (silent == 0)
        keeper->heard_all_ns = now_ns;
    if (now_ns - keeper->heard_all_ns < SILENCE_TOLD_NS)
        return false;
    (void)tlm_error_set(ret_sentence, 0,
                        "the broker that leads topic %.200s, partition %" PRIu32 " is not heard of, nor are those of "
                        "%" PRIu32 " others; their lanes wait for it: see whether it runs and can be reached",
                        source->topics[input], lane, silent - 1);
    return true;
}

static void judge(tlm_kafka_keeper *keeper, int64_t now_ns)
{
    tlm_error sentence = {.text = ""};
    bool has_readers = atomic_load(&keeper->source->has_readers);

    tlm_kafka_group_trouble(keeper->source->group, &sentence);
    bool is_bad = sentence.text[0] ||
                  (has_readers && (find_fault(keeper->source, &sentence) || find_silence(keeper, now_ns, &sentence)));
    uint32_t status = is_bad ? TLM_HEALTH_DEGRADED : TLM_HEALTH_OK;
    if (status == keeper->status && strcmp(sentence.text, keeper->sentence.text) == 0)
        return;
    keeper->status = status;
    keeper->sentence = sentence;
    tlm_kafka_client_tell(keeper->source->client, status, sentence.text);
}

/* --- what the client hears ---------------------------------------------------------------------------------------- */

void tlm_kafka_keeper_statistics(void *context, rd_kafka_t *kafka, const tlm_kafka_statistics *statistics)
{
    const tlm_instance *source = context;
    bool has_readers = atomic_load(&source->has_readers);

    for (uint32_t i = 0; has_readers && i < TLM_KAFKA_INPUTS; i++) {
        tlm_kafka_reader *reader = source->readers[i];
        if (reader->kafka != kafka)
            continue;
        tlm_kafka_source_add(source, source->metrics.outages, tlm_kafka_reader_watch(reader, statistics));
        publish_lag(source, i);
    }
}

void tlm_kafka_keeper_fatal(void *context, rd_kafka_t *kafka, rd_kafka_resp_err_t code, tlm_text reason)
{
    (void)kafka;
    (void)code;
    tlm_kafka_source_fail(context, "librdkafka: %.*s", (int)reason.size, reason.data);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void *run(void *context)
{
    tlm_kafka_keeper *keeper = context;
    tlm_instance *source = keeper->source;

    while (!atomic_load(&keeper->is_over)) {
        tlm_kafka_group_poll(source->group, POLL_MS);
        bool has_readers = atomic_load(&source->has_readers);
        for (uint32_t i = 0; has_readers && i < TLM_KAFKA_INPUTS; i++)
            (void)rd_kafka_poll(source->readers[i]->kafka, 0); /* counts the callbacks it called */
        int64_t now_ns = tlm_clock_ns();
        if (now_ns - keeper->judged_ns < JUDGE_INTERVAL_NS)
            continue;
        keeper->judged_ns = now_ns;
        judge(keeper, now_ns);
    }
    return NULL;
}

int tlm_kafka_keeper_create(tlm_instance *source, tlm_kafka_keeper **ret_keeper, tlm_error *error)
{
    tlm_kafka_keeper *keeper = calloc(1, sizeof *keeper);

    if (!keeper)
        return tlm_error_set(error, -ENOMEM, "no memory");
    keeper->source = source;
    keeper->status = TLM_HEALTH_OK;
    keeper->heard_all_ns = tlm_clock_ns();
    int result = tlm_thread_start(&keeper->thread, run, keeper);
    if (result < 0) {
        free(keeper);
        return tlm_error_set(error, result, "no thread for Kafka: %s", strerror(-result));
    }
    *ret_keeper = keeper;
    return 0;
}

void tlm_kafka_keeper_destroy(tlm_kafka_keeper *keeper)
{
    if (!keeper)
        return;
    atomic_store(&keeper->is_over, true);
    (void)pthread_join(keeper->thread, NULL);
    free(keeper);
}
