/* SPDX-License-Identifier: Apache-2.0 */
/* A frontend for `infra/bench latency` that serves nobody: it notes when early rows of `windows` arrive at the feed of
 * its process, a line each: nanoseconds since 1970, stream, end of the window, messages in it. */
#include <telemetra/telemetra.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct config {
    const char *path;
};

struct tlm_instance {
    const tlm_host *host;
    const struct config *config;
    const tlm_feed_service *feed;
    tlm_subscription *subscription;
    pthread_mutex_t mutex; /* batches may come from several threads */
    FILE *out;
};

static uint32_t column_of(const tlm_dataset *dataset, const char *name)
{
    uint32_t i = 0;
    while (i + 1 < dataset->column_count && strcmp(dataset->columns[i].name, name) != 0)
        i++;
    return i;
}

static void receive(void *context, const tlm_rows *rows)
{
    tlm_instance *probe = context;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (!(rows->flags & TLM_ROWS_EARLY))
        return;
    uint32_t id = column_of(rows->dataset, "stream_id"), end = column_of(rows->dataset, "window_end"),
             count = column_of(rows->dataset, "message_count");
    pthread_mutex_lock(&probe->mutex);
    for (uint32_t i = 0; i < rows->row_count; i++) {
        const tlm_cell *row = tlm_rows_at(rows, i);
        fprintf(probe->out, "%" PRId64 " %.*s %" PRId64 " %" PRId64 "\n",
                (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, (int)row[id].size, row[id].as.text, row[end].as.integer,
                row[count].as.integer);
    }
    pthread_mutex_unlock(&probe->mutex);
}

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    tlm_instance *probe = calloc(1, sizeof *probe);
    if (!probe)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    *probe = (tlm_instance){.host = host, .config = config, .mutex = PTHREAD_MUTEX_INITIALIZER};
    *ret_instance = probe;
    return 0;
}

static int start(tlm_instance *probe, tlm_error *error)
{
    probe->feed = probe->host->get_service(probe->host, TLM_SERVICE_FEED);
    probe->out = fopen(probe->config->path, "w");
    if (!probe->out)
        return tlm_error_set(error, -errno, "%s: %s", probe->config->path, strerror(errno));
    probe->subscription = probe->feed ? probe->feed->subscribe(probe->host, "windows", receive, probe) : NULL;
    return probe->subscription ? 0 : tlm_error_set(error, -ENOMEM, "the feed cannot be heard");
}

static void stop(tlm_instance *probe)
{
    if (probe->subscription)
        probe->feed->unsubscribe(probe->subscription);
    if (probe->out && fclose(probe->out))
        perror(probe->config->path);
}

static void destroy(tlm_instance *probe)
{
    free(probe);
}

static void adopt(tlm_instance *probe, int fd, const void *peer, uint32_t peer_size, tlm_text head)
{
    (void)probe, (void)peer, (void)peer_size, (void)head;
    (void)close(fd);
}

static const void *get_interface(const char *id)
{
    static const char *const prefixes[] = {"/feed_probe/", NULL};
    static const tlm_frontend frontend = {prefixes, adopt};
    return strcmp(id, TLM_INTERFACE_FRONTEND) ? NULL : &frontend;
}

static const tlm_option options[] = {
    {"path", TLM_OPTION_TEXT, TLM_OPTION_REQUIRED, offsetof(struct config, path), NULL, 0, 0, NULL,
     "file of the arrivals"},
};

static const tlm_component component = {sizeof component,
                                        sizeof(struct config),
                                        "feed_probe",
                                        "Notes arrivals.",
                                        options,
                                        TLM_COUNT(options),
                                        0,
                                        NULL,
                                        create,
                                        start,
                                        stop,
                                        destroy,
                                        get_interface};

static const tlm_component *const components[] = {&component};

TLM_PLUGIN("feed_probe", "1.0", components);
