/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink of one's own, outside the tree: counts the rows of every dataset and writes the counts to a file when it stops.
 *
 *   cc -std=c11 -shared -fPIC -I PREFIX/include count_sink.c -o plugins/count.so
 *   telemetra --plugin-dir plugins run pipeline.cfg      with   sinks = (..., { component = "count"; path = "counts"; });
 */
#include <telemetra/telemetra.h>

#include <pthread.h>
#include <stdlib.h>

#define DATASETS_MAX 16

struct config {
    const char *path;
};

struct tlm_instance {
    const struct config *config;
    FILE *out;
    pthread_mutex_t mutex; /* lanes submit at once */
    char ids[DATASETS_MAX][64];
    unsigned long counts[DATASETS_MAX];
    unsigned used;
};

static int count_rows(tlm_instance *sink, const tlm_rows *rows)
{
    unsigned i = 0;
    while (i < sink->used && strcmp(sink->ids[i], rows->dataset->id) != 0)
        i++;
    if (i == DATASETS_MAX)
        return -ENOBUFS;
    if (i == sink->used) {
        (void)snprintf(sink->ids[i], sizeof sink->ids[i], "%s", rows->dataset->id);
        sink->used++;
    }
    sink->counts[i] += rows->row_count;
    return 0;
}

static void submit(tlm_instance *sink, const tlm_flush *flush, tlm_done done, void *token)
{
    int result = 0;
    pthread_mutex_lock(&sink->mutex);
    for (uint32_t i = 0; i < flush->rows_count && !result; i++)
        result = count_rows(sink, flush->rows[i]);
    pthread_mutex_unlock(&sink->mutex);
    done(token, result, tlm_text_of(result ? "more datasets than it can count" : ""));
}

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    (void)host;
    tlm_instance *sink = calloc(1, sizeof *sink);
    if (!sink)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    sink->config = config;
    pthread_mutex_init(&sink->mutex, NULL);
    *ret_instance = sink;
    return 0;
}

static int start(tlm_instance *sink, tlm_error *error)
{
    sink->out = fopen(sink->config->path, "w");
    return sink->out ? 0 : tlm_error_set(error, -errno, "%s: %s", sink->config->path, strerror(errno));
}

static void stop(tlm_instance *sink)
{
    for (unsigned i = 0; i < sink->used; i++)
        fprintf(sink->out, "%s %lu\n", sink->ids[i], sink->counts[i]);
    if (fclose(sink->out))
        perror(sink->config->path); /* one with more lines would log it through TLM_SERVICE_LOG */
}

static void destroy(tlm_instance *sink)
{
    free(sink);
}

static const void *get_interface(const char *id)
{
    static const tlm_sink sink = {submit};
    return strcmp(id, TLM_INTERFACE_SINK) ? NULL : &sink;
}

static const tlm_option options[] = {
    {"path", TLM_OPTION_TEXT, TLM_OPTION_REQUIRED, offsetof(struct config, path), NULL, 0, 0, NULL, "file of the counts"},
};

static const tlm_component component = {sizeof component, sizeof(struct config), "count", "Counts rows.", options,
                                        TLM_COUNT(options), 0, NULL, create, start, stop, destroy, get_interface};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("count", "1.0", components);
