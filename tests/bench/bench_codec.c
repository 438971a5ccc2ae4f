/* SPDX-License-Identifier: Apache-2.0 */
/* The json codec alone: decodes an NDJSON file in batches through the interface that the host uses, and prints events,
 * rejects and CPU seconds of each of several passes. */
#include <telemetra/telemetra.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

enum { BATCH_RECORDS = 1024, PASSES = 5 };

static void keep(const tlm_records *records)
{
    (void)records;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *data = NULL;

    if (!file || fseek(file, 0, SEEK_END) != 0)
        return NULL;
    long size = ftell(file);
    rewind(file);
    if (size >= 0)
        data = calloc(1, (size_t)size + TLM_PADDING);
    if (data && fread(data, 1, (size_t)size, file) == (size_t)size)
        *ret_size = (size_t)size;
    (void)fclose(file);
    return data;
}

/* Fills records from `at` on; returns where the next batch begins. */
static size_t cut(const char *data, size_t size, size_t at, tlm_record *records, uint32_t *ret_count)
{
    uint32_t count = 0;

    while (at < size && count < BATCH_RECORDS) {
        const char *feed = memchr(data + at, '\n', size - at);
        size_t end = feed ? (size_t)(feed - data) : size;
        records[count++] = (tlm_record){.full_size = end - at, .start = (uint32_t)at, .size = (uint32_t)(end - at)};
        at = end + 1;
    }
    *ret_count = count;
    return at;
}

/* One pass over all records; *ret_events and *ret_rejects count them. */
static int decode_all(const tlm_codec *codec, tlm_decoder *decoder, const char *data, size_t size, uint64_t *ret_events,
                      uint64_t *ret_rejects)
{
    static tlm_record list[BATCH_RECORDS];
    tlm_records records = {
        .struct_size = sizeof records,
        .records = list,
        .data = data,
        .data_size = size,
        .origin = "bench",
        .ref = keep,
        .unref = keep,
    };

    for (size_t at = 0; at < size;) {
        tlm_events *batch;
        at = cut(data, size, at, list, &records.record_count);
        int result = codec->decode(decoder, &records, &batch);
        if (result < 0)
            return result;
        *ret_events += batch->event_count;
        *ret_rejects += batch->reject_count;
        batch->unref(batch);
    }
    return 0;
}

static int run(const tlm_codec *codec, tlm_instance *instance, const char *data, size_t size)
{
    tlm_error error = {{0}};
    tlm_decoder *decoder;

    if (codec->open(instance, &decoder, &error) < 0)
        return fprintf(stderr, "%s\n", error.text), 1;
    for (int pass = 0; pass < PASSES; pass++) {
        uint64_t events = 0, rejects = 0;
        double start = cpu_seconds();
        if (decode_all(codec, decoder, data, size, &events, &rejects) < 0)
            return fprintf(stderr, "memory is short\n"), 1;
        double spent = cpu_seconds() - start;
        printf("events %llu rejects %llu bytes %zu cpu_s %.6f ns_per_event %.1f\n", (unsigned long long)events,
               (unsigned long long)rejects, size, spent, spent * 1e9 / (double)(events + rejects));
    }
    codec->close(decoder);
    return 0;
}

static const void *no_service(const tlm_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

/* An instance with the defaults of all options, which are texts. */
static tlm_instance *make_instance(const tlm_component *json, const tlm_host *host, void *config)
{
    tlm_error error = {{0}};
    tlm_instance *instance = NULL;

    for (uint32_t i = 0; i < json->option_count; i++)
        memcpy((char *)config + json->options[i].offset, &json->options[i].default_text, sizeof(const char *));
    if (json->create(host, config, &instance, &error) < 0)
        fprintf(stderr, "%s\n", error.text);
    return instance;
}

int main(int count, char **arguments)
{
    tlm_host host = {.struct_size = sizeof host, .instance = "bench", .hash_seed = 1, .get_service = no_service};
    void *object = dlopen(TLM_PLUGIN_DIR "/json.so", RTLD_NOW | RTLD_LOCAL);
    const tlm_plugin *plugin = object ? dlsym(object, TLM_PLUGIN_SYMBOL) : NULL;
    size_t size = 0;
    char *data = count == 2 ? read_file(arguments[1], &size) : NULL;

    if (!data || size == 0 || size > UINT32_MAX)
        return fprintf(stderr, "usage: bench_codec FILE (plain NDJSON below 4 GiB)\n"), 2;
    if (!plugin)
        return fprintf(stderr, "%s\n", dlerror()), 1;
    const tlm_component *json = plugin->components[0];
    void *config = calloc(1, json->config_size);
    tlm_instance *instance = config ? make_instance(json, &host, config) : NULL;
    int result = instance ? run(json->get_interface(TLM_INTERFACE_CODEC), instance, data, size) : 1;
    json->destroy(instance);
    free(config);
    free(data);
    return result;
}
