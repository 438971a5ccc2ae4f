/* SPDX-License-Identifier: Apache-2.0 */
/* The sentiment processor alone, over the chat messages of an NDJSON file, batch by batch as they come from the codec.
 *
 *     bench_sentiment time FILE [LEXICON]      nanoseconds of CPU a message, several passes; the codec's beside it
 *                                              tell how busy the machine is
 *     bench_sentiment scores FILE [LEXICON]    a line a chat event: its score in 0.0001, or "none"
 *
 * FILE is plain NDJSON below 4 GiB; a LEXICON takes the place of the built-in one. */
#include <telemetra/telemetra.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH_RECORDS = 1024, PASSES = 7 };

typedef struct {
    const tlm_codec *codec;
    tlm_decoder *decoder;
    const tlm_processor *processor;
    tlm_lane_state *lane;
    const char *data;
    size_t size;
} subject;

typedef struct {
    uint64_t messages, scored, bytes;
    int64_t spent_ns, decode_ns;
} tally;

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

static int64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(1);
}

static void *room(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        give_up("no memory");
    return memory;
}

static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        give_up("cannot open the file");
    long size = ftell(file);
    rewind(file);
    if (size <= 0 || size > UINT32_MAX)
        give_up("the file is empty, or has 4 GiB or more");
    char *data = room((size_t)size + TLM_PADDING);
    if (fread(data, 1, (size_t)size, file) != (size_t)size)
        give_up("cannot read the file");
    (void)fclose(file);
    *ret_size = (size_t)size;
    return data;
}

static const tlm_component *component_of(const char *path)
{
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const tlm_plugin *plugin = object ? dlsym(object, TLM_PLUGIN_SYMBOL) : NULL;
    if (!plugin)
        give_up(dlerror());
    return plugin->components[0];
}

/* A started instance with the defaults of its options, which are texts and lists; `lexicon` may be NULL. */
static tlm_instance *instance_of(const tlm_component *component, const tlm_host *host, const char *lexicon)
{
    tlm_error error = {{0}};
    tlm_instance *instance = NULL;
    char *config = room(component->config_size);
    const char **items = room(sizeof *items);

    items[0] = lexicon;
    for (uint32_t i = 0; i < component->option_count; i++) {
        const tlm_option *option = &component->options[i];
        tlm_text_list list = {items, 1};
        if (option->type == TLM_OPTION_TEXT)
            memcpy(config + option->offset, &option->default_text, sizeof(const char *));
        else if (lexicon && strcmp(option->name, "lexicon") == 0)
            memcpy(config + option->offset, &list, sizeof list);
    }
    if (component->create(host, config, &instance, &error) < 0 ||
        (component->start && component->start(instance, &error) < 0))
        give_up(error.text);
    return instance;
}

/* Fills records from `at` on; returns where the next batch begins. */
static size_t cut(const subject *of, size_t at, tlm_record *records, uint32_t *ret_count)
{
    uint32_t count = 0;
    while (at < of->size && count < BATCH_RECORDS) {
        const char *feed = memchr(of->data + at, '\n', of->size - at);
        size_t end = feed ? (size_t)(feed - of->data) : of->size;
        records[count++] = (tlm_record){.full_size = end - at, .start = (uint32_t)at, .size = (uint32_t)(end - at)};
        at = end + 1;
    }
    *ret_count = count;
    return at;
}

static void score(const subject *of, const tlm_events *batch, int print, tally *sum)
{
    static uint32_t rows[BATCH_RECORDS];
    static int16_t values[BATCH_RECORDS];
    tlm_side side = {TLM_SIDE_SENTIMENT, values};
    tlm_event_view view = {.batch = batch, .rows = rows, .side_count = 1, .sides = &side};

    for (uint32_t i = 0; i < batch->event_count; i++) {
        if (batch->events[i].kind != TLM_EVENT_CHAT)
            continue;
        values[view.count] = TLM_SIDE_ABSENT;
        rows[view.count++] = i;
        sum->bytes += batch->events[i].as.chat.message.size;
    }
    int64_t start_ns = cpu_ns();
    if (of->processor->events(of->lane, &view) < 0)
        give_up("the processor failed");
    sum->spent_ns += cpu_ns() - start_ns;
    sum->messages += view.count;
    for (uint32_t i = 0; i < view.count; i++) {
        sum->scored += values[i] != TLM_SIDE_ABSENT;
        if (print && values[i] == TLM_SIDE_ABSENT)
            puts("none");
        else if (print)
            printf("%d\n", values[i]);
    }
}

static tally pass(const subject *of, int print)
{
    static tlm_record list[BATCH_RECORDS];
    tlm_records records = {.struct_size = sizeof records,
                           .records = list,
                           .data = of->data,
                           .data_size = of->size,
                           .origin = "bench",
                           .ref = keep,
                           .unref = keep};
    tally sum = {0};

    for (size_t at = 0; at < of->size;) {
        tlm_events *batch;
        at = cut(of, at, list, &records.record_count);
        int64_t start_ns = cpu_ns();
        if (of->codec->decode(of->decoder, &records, &batch) < 0)
            give_up("the codec failed");
        sum.decode_ns += cpu_ns() - start_ns;
        score(of, batch, print, &sum);
        batch->unref(batch);
    }
    return sum;
}

int main(int count, char **arguments)
{
    tlm_host host = {.struct_size = sizeof host, .instance = "bench", .hash_seed = 1, .get_service = no_service};
    tlm_lane lane = {.struct_size = sizeof lane, .lane_count = 1, .input_count = 1};
    tlm_error error = {{0}};
    subject of = {0};

    int is_scores = count > 1 && strcmp(arguments[1], "scores") == 0;
    if (count < 3 || count > 4 || (!is_scores && strcmp(arguments[1], "time") != 0))
        return fprintf(stderr, "usage: bench_sentiment time|scores FILE [LEXICON]\n"), 2;
    of.data = read_file(arguments[2], &of.size);
    const tlm_component *json = component_of(TLM_PLUGIN_DIR "/json.so");
    const tlm_component *sentiment = component_of(TLM_PLUGIN_DIR "/sentiment.so");
    of.codec = json->get_interface(TLM_INTERFACE_CODEC);
    of.processor = sentiment->get_interface(TLM_INTERFACE_PROCESSOR);
    tlm_instance *instance = instance_of(sentiment, &host, count > 3 ? arguments[3] : NULL);
    if (of.codec->open(instance_of(json, &host, NULL), &of.decoder, &error) < 0 ||
        of.processor->lane_open(instance, &lane, &of.lane, &error) < 0)
        give_up(error.text);
    for (int i = 0; i < (is_scores ? 1 : PASSES); i++) {
        tally sum = pass(&of, is_scores);
        if (!is_scores && sum.messages > 0)
            printf("messages %llu scored %.3f bytes_a_message %.1f ns_a_message %.1f codec_ns %.1f\n",
                   (unsigned long long)sum.messages, (double)sum.scored / (double)sum.messages,
                   (double)sum.bytes / (double)sum.messages, (double)sum.spent_ns / (double)sum.messages,
                   (double)sum.decode_ns / (double)sum.messages);
    }
    return 0;
}
