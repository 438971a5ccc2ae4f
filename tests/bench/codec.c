/* SPDX-License-Identifier: Apache-2.0 */
/* The json codec alone: decodes an NDJSON file in batches through the interface that the host uses, and prints events,
 * rejects and CPU seconds of the decoding. */
#include "host.h"

#include <time.h>

enum { BATCH_RECORDS = 1024 };

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

static int run(const tlm_codec *codec, tlm_instance *instance, const char *data, size_t size)
{
    static tlm_record list[BATCH_RECORDS];
    tlm_records records = {.struct_size = sizeof records,
                           .records = list,
                           .data = data,
                           .data_size = size,
                           .origin = "bench",
                           .ref = keep,
                           .unref = keep};
    tlm_error error = {{0}};
    tlm_decoder *decoder;
    uint64_t events = 0, rejects = 0;
    int64_t times = 0;

    if (codec->open(instance, &decoder, &error) < 0)
        return fprintf(stderr, "%s\n", error.text), 1;
    double start = cpu_seconds();
    for (size_t at = 0; at < size;) {
        tlm_events *batch;
        at = cut(data, size, at, list, &records.record_count);
        if (codec->decode(decoder, &records, &batch) < 0)
            return fprintf(stderr, "memory is short\n"), 1;
        events += batch->event_count;
        rejects += batch->reject_count;
        if (batch->event_count)
            times ^= batch->events[batch->event_count - 1].time_ns;
        if (batch->reject_count && rejects == batch->reject_count)
            printf("first reject: %.*s\n", (int)batch->rejects[0].reason.size,
                   batch->arena + batch->rejects[0].reason.offset);
        batch->unref(batch);
    }
    double spent = cpu_seconds() - start;
    printf("events %llu rejects %llu bytes %zu times %016llx cpu_s %.6f ns_per_event %.1f\n",
           (unsigned long long)events, (unsigned long long)rejects, size, (unsigned long long)times, spent,
           spent * 1e9 / (double)(events + rejects));
    codec->close(decoder);
    return 0;
}

int main(int count, char **arguments)
{
    size_t size = 0;
    char *data = count == 2 ? read_file(arguments[1], &size) : NULL;
    test_host host;
    tlm_error error = {{0}};
    tlm_instance *instance;

    if (!data || size == 0 || size > UINT32_MAX)
        return fprintf(stderr, "usage: bench_codec FILE (plain NDJSON below 4 GiB)\n"), 2;
    test_host_init(&host);
    const tlm_component *json = test_component_find(test_plugin_load(TLM_PLUGIN_DIR, "json"), "json");
    void *config = test_config_create(json);
    if (json->create(&host.host, config, &instance, &error) < 0)
        return fprintf(stderr, "%s\n", error.text), 1;
    int result = run(json->get_interface(TLM_INTERFACE_CODEC), instance, data, size);
    json->destroy(instance);
    free(config);
    free(data);
    test_host_finish(&host);
    return result;
}
