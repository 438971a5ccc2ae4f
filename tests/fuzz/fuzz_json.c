/* SPDX-License-Identifier: Apache-2.0 */
/* Any lines are records: each must become exactly one event or one reject, and all that an event or a reject points to
 * must lie in the arena. The first byte chooses the kind that the input tells (0: the record names it itself). */
#include <telemetra/telemetra.h>

#include <stdlib.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "broken promise: %s\n", #condition);                                                 \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { RECORDS_MAX = 32 };

extern const tlm_plugin telemetra_plugin;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void keep(const tlm_records *records)
{
    (void)records;
}

static const void *no_service(const tlm_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

typedef struct subject {
    const tlm_codec *codec;
    tlm_decoder *decoder;
} subject;

static subject open_subject(void)
{
    static const tlm_host host = {.struct_size = sizeof host, .hash_seed = 1, .get_service = no_service};
    static char config[256];
    const tlm_component *json = telemetra_plugin.components[0];
    subject self = {json->get_interface(TLM_INTERFACE_CODEC), NULL};
    tlm_instance *instance;
    tlm_error error;

    CHECK(json->config_size <= sizeof config);
    for (uint32_t i = 0; i < json->option_count; i++)
        memcpy(config + json->options[i].offset, &json->options[i].default_text, sizeof(const char *));
    CHECK(json->create(&host, config, &instance, &error) == 0);
    CHECK(self.codec->open(instance, &self.decoder, &error) == 0);
    return self;
}

static void check_span(const tlm_events *events, tlm_span span, size_t size_max)
{
    unsigned sum = 0;

    CHECK(span.size <= size_max);
    CHECK((uint64_t)span.offset + span.size <= events->arena_size);
    /* Sanitizers see what can not be read. */
    for (uint32_t i = 0; i < span.size; i++)
        sum += (unsigned char)events->arena[span.offset + i];
    CHECK(sum < UINT32_MAX);
}

/* The structs at a place of the arena. */
static const void *check_place(const tlm_events *events, uint32_t offset, uint64_t size)
{
    CHECK(offset % 8 == 0);
    CHECK(offset + size <= events->arena_size);
    return events->arena + offset;
}

static void check_chat(const tlm_events *events, const tlm_event *event)
{
    tlm_span emotes = event->as.chat.emotes;
    tlm_span badges = event->as.chat.badges;
    const tlm_emote *emote = check_place(events, emotes.offset, emotes.size * sizeof *emote);
    const tlm_span *badge = check_place(events, badges.offset, badges.size * sizeof *badge);

    CHECK(emotes.size <= 1000);
    check_span(events, event->as.chat.message, 65536);
    for (uint32_t i = 0; i < emotes.size; i++) {
        CHECK(emote[i].name.size > 0);
        check_span(events, emote[i].name, 255);
    }
    for (uint32_t i = 0; i < badges.size; i++)
        check_span(events, badge[i], TLM_RECORD_SIZE_MAX);
}

static void check_transaction(const tlm_events *events, const tlm_event *event)
{
    const tlm_transaction *transaction = check_place(events, event->as.detail.offset, sizeof *transaction);

    CHECK(event->as.detail.size == sizeof *transaction);
    check_span(events, transaction->type, TLM_RECORD_SIZE_MAX);
    check_span(events, transaction->tier, TLM_RECORD_SIZE_MAX);
    check_span(events, transaction->message, 65536);
    CHECK(strlen(transaction->currency) == (transaction->is_bits ? 0 : 3));
    CHECK(!transaction->is_bits || transaction->amount.high == 0);
}

static void check_meta(const tlm_events *events, const tlm_event *event)
{
    const tlm_stream_meta *meta = check_place(events, event->as.detail.offset, sizeof *meta);

    CHECK(event->as.detail.size == sizeof *meta);
    CHECK(meta->type >= TLM_META_OTHER && meta->type <= TLM_META_HOST_END);
    const tlm_span texts[] = {meta->event_type,    meta->title,    meta->new_title, meta->category, meta->new_category,
                              meta->streamer_name, meta->language, meta->raid_from, meta->raid_to};
    for (size_t i = 0; i < TLM_COUNT(texts); i++)
        check_span(events, texts[i], TLM_RECORD_SIZE_MAX);
}

static void check_event(const tlm_events *events, const tlm_event *event)
{
    CHECK(event->time_ns >= 0);
    CHECK(event->stream < events->stream_count);
    CHECK(event->event_id.size > 0);
    CHECK((event->user.size == 0) == (event->user_hash == 0));
    check_span(events, event->event_id, 128);
    check_span(events, event->user, 255);
    check_span(events, event->username, 255);
    if (event->kind == TLM_EVENT_CHAT)
        check_chat(events, event);
    else if (event->kind == TLM_EVENT_TRANSACTION)
        check_transaction(events, event);
    else if (event->kind == TLM_EVENT_STREAM_META)
        check_meta(events, event);
    else
        CHECK(event->kind == TLM_EVENT_VIEWER && event->as.viewer.viewer_count >= 0);
}

/* Each record is in one of the two lists, which are in order. */
static void check_batch(const tlm_events *events, uint32_t record_count)
{
    uint32_t event = 0, reject = 0;

    for (uint32_t i = 0; i < record_count; i++) {
        if (event < events->event_count && events->events[event].record == i) {
            check_event(events, &events->events[event++]);
        } else {
            CHECK(reject < events->reject_count && events->rejects[reject].record == i);
            CHECK(events->rejects[reject].reason.size > 0);
            check_span(events, events->rejects[reject++].reason, 512);
        }
    }
    CHECK(event == events->event_count && reject == events->reject_count);
    for (uint32_t i = 0; i < events->stream_count; i++) {
        CHECK(events->streams[i].id.size > 0);
        check_span(events, events->streams[i].id, 255);
    }
    for (int i = 0; i < TLM_PADDING; i++)
        CHECK(events->arena[events->arena_size + (uint64_t)i] == 0);
}

static uint32_t cut(const char *text, size_t size, uint32_t kind, tlm_record *list)
{
    uint32_t count = 0;

    for (size_t at = 0; at <= size && count < RECORDS_MAX;) {
        const char *feed = at < size ? memchr(text + at, '\n', size - at) : NULL;
        size_t end = feed ? (size_t)(feed - text) : size;
        list[count++] =
            (tlm_record){.full_size = end - at, .start = (uint32_t)at, .size = (uint32_t)(end - at), .kind = kind};
        at = end + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static subject json;
    static tlm_record list[RECORDS_MAX];
    tlm_events *events;

    if (!json.decoder)
        json = open_subject();
    if (size == 0)
        return 0;
    /* Exactly the padding is readable; what it holds must not matter. */
    char *text = malloc(size - 1 + TLM_PADDING);
    CHECK(text);
    memcpy(text, data + 1, size - 1);
    memset(text + size - 1, data[0] & 0x80 ? '"' : '}', TLM_PADDING);
    tlm_records records = {
        .struct_size = sizeof records,
        .record_count = cut(text, size - 1, data[0] % 6, list),
        .records = list,
        .data = text,
        .data_size = size - 1,
        .origin = "fuzz",
        .ref = keep,
        .unref = keep,
    };
    CHECK(json.codec->decode(json.decoder, &records, &events) == 0);
    check_batch(events, records.record_count);
    events->unref(events);
    free(text);
    return 0;
}
