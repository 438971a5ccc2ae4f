/* SPDX-License-Identifier: Apache-2.0 */
#include "properties.h"

#include <stdlib.h>

#define NAME_SIZE 64
#define REASON_SIZE 512

/* What source and sink have in common. The idle time of a connection is the broker's business and no news; Nagle's
 * algorithm would hold back requests for the sake of a few packets; a broker that is back should not wait for 10 s, as
 * librdkafka has it, until it is tried again. */
static const tlm_kafka_property shared[] = {
    {"bootstrap.servers", NULL, "write it as the option bootstrap_servers"},
    {"metadata.broker.list", NULL, "write it as the option bootstrap_servers"},
    {"client.id", NULL, "write it as the option client_id"},
    {"plugin.library.paths", NULL, "libraries are not loaded by a path from a configuration file"},
    {"ssl.engine.location", NULL, "libraries are not loaded by a path from a configuration file"},
    {"statistics.interval.ms", "1000", "health and metrics live on the statistics of every second"},
    {"log.queue", NULL, "the plugin takes the log itself"},
    {"enable.random.seed", NULL, "the host sees to random numbers"},
    {"builtin.features", NULL, "it says what the library was built with"},
    {"log.connection.close", "false", NULL},
    {"socket.nagle.disable", "true", NULL},
    {"reconnect.backoff.max.ms", "2000", NULL},
};

/* "sasl_username" of the file is librdkafka's "sasl.username": no property that takes a text has an underscore. */
static void write_name(const char *key, char out[static NAME_SIZE])
{
    size_t size = 0;
    for (; key[size] && size < NAME_SIZE - 1; size++)
        out[size] = key[size] == '_' ? '.' : key[size];
    out[size] = '\0';
}

/* --- sentences ---------------------------------------------------------------------------------------------------- */

/* Adds "rdkafka.key: sentence" to what the error says already. */
TLM_PRINTF(3, 4)
static void add_sentence(tlm_error *error, const char *key, const char *format, ...)
{
    if (!error)
        return;
    size_t used = strlen(error->text);
    int size =
        snprintf(error->text + used, TLM_ERROR_SIZE - used, "%srdkafka.%.*s: ", used ? "; " : "", NAME_SIZE, key);
    used += size > 0 ? (size_t)size : 0;
    if (used >= TLM_ERROR_SIZE)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->text + used, TLM_ERROR_SIZE - used, format, arguments);
    va_end(arguments);
}

/* librdkafka's own words, in which the value, which may be a secret, is hidden. */
static void hide_value(const char *said, const char *value, char out[static REASON_SIZE])
{
    const char *at = *value ? strstr(said, value) : NULL;
    size_t size = 0;
    while (at && size < REASON_SIZE) {
        int added = snprintf(out + size, REASON_SIZE - size, "%.*s***", (int)(at - said), said);
        size += added > 0 ? (size_t)added : 0;
        said = at + strlen(value);
        at = strstr(said, value);
    }
    if (size < REASON_SIZE)
        (void)snprintf(out + size, REASON_SIZE - size, "%s", said);
}

/* Edits between two short names: insert, delete, replace (Wagner and Fischer 1974, one row kept). */
static uint32_t distance(const char *a, const char *b)
{
    uint32_t row[NAME_SIZE + 1];
    size_t width = strnlen(b, NAME_SIZE);
    for (size_t j = 0; j <= width; j++)
        row[j] = (uint32_t)j;
    for (; *a; a++) {
        uint32_t diagonal = row[0]++;
        for (size_t j = 1; j <= width; j++) {
            uint32_t above = row[j], best = above < row[j - 1] ? above : row[j - 1];
            uint32_t replaced = diagonal + (*a != b[j - 1]);
            row[j] = best + 1 < replaced ? best + 1 : replaced;
            diagonal = above;
        }
    }
    return row[width];
}

/* The nearest property that librdkafka lists, with underscores as in the file; empty when none is near. */
static void suggest(const char *name, char out[static NAME_SIZE])
{
    char *table = NULL, *line, *rest;
    size_t size = 0;
    uint32_t nearest = 1 + (uint32_t)strlen(name) / 3;
    out[0] = '\0';
    FILE *memory = open_memstream(&table, &size);
    if (!memory)
        return;
    rd_kafka_conf_properties_show(memory);
    if (fclose(memory) != 0) {
        free(table);
        return;
    }
    for (line = strtok_r(table, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        size_t length = strcspn(line, " |");
        line[length] = '\0';
        if (length == 0 || length >= NAME_SIZE || distance(name, line) >= nearest)
            continue;
        nearest = distance(name, line);
        for (size_t i = 0; i <= length; i++)
            out[i] = line[i] == '.' ? '_' : line[i];
    }
    free(table);
}

static void tell_unknown(tlm_error *error, const char *key, const char *name)
{
    char near[NAME_SIZE];
    suggest(name, near);
    add_sentence(error, key, "librdkafka has no property %.*s%s%s%s", NAME_SIZE, name, *near ? "; did you mean '" : "",
                 near, *near ? "'?" : "");
}

/* --- setting ------------------------------------------------------------------------------------------------------ */

static const tlm_kafka_property *find(const tlm_kafka_property *properties, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(properties[i].name, name) == 0)
            return &properties[i];
    }
    return NULL;
}

/* What the plugin sets itself; librdkafka knows all of it. */
static int set_own(rd_kafka_conf_t *conf, const tlm_kafka_property *properties, size_t count, tlm_error *error)
{
    char said[REASON_SIZE];
    for (size_t i = 0; i < count; i++) {
        if (properties[i].value &&
            rd_kafka_conf_set(conf, properties[i].name, properties[i].value, said, sizeof said) != RD_KAFKA_CONF_OK)
            return tlm_error_set(error, -EINVAL, "%s: %s", properties[i].name, said);
    }
    return 0;
}

static int set_one(rd_kafka_conf_t *conf, const char *key, const char *value, const tlm_kafka_property *owned,
                   tlm_error *error)
{
    char name[NAME_SIZE], said[REASON_SIZE], shown[REASON_SIZE];
    write_name(key, name);
    if (owned && owned->why) {
        add_sentence(error, key, "is not to be set here: %s", owned->why);
        return -EINVAL;
    }
    switch (rd_kafka_conf_set(conf, name, value, said, sizeof said)) {
    case RD_KAFKA_CONF_OK:
        return 0;
    case RD_KAFKA_CONF_UNKNOWN:
        tell_unknown(error, key, name);
        return -EINVAL;
    default:
        hide_value(said, value, shown);
        add_sentence(error, key, "%s", shown);
        return -EINVAL;
    }
}

static int set_group(rd_kafka_conf_t *conf, const tlm_text_map *group, const tlm_kafka_property *own, size_t own_count,
                     tlm_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        char name[NAME_SIZE];
        write_name(group->names[i], name);
        const tlm_kafka_property *owned = find(own, own_count, name);
        if (!owned)
            owned = find(shared, TLM_COUNT(shared), name);
        if (set_one(conf, group->names[i], group->values[i], owned, error) < 0)
            result = -EINVAL;
    }
    return result;
}

int tlm_kafka_properties_set(rd_kafka_conf_t *conf, const tlm_kafka_client_options *options,
                             const tlm_kafka_property *own, size_t own_count, tlm_error *error)
{
    const tlm_kafka_property given[] = {{"bootstrap.servers", options->bootstrap_servers, NULL},
                                        {"client.id", options->client_id, NULL}};
    if (error)
        error->text[0] = '\0';
    int result = set_own(conf, shared, TLM_COUNT(shared), error);
    if (result == 0)
        result = set_own(conf, own, own_count, error);
    if (result == 0)
        result = set_own(conf, given, TLM_COUNT(given), error);
    return result < 0 ? result : set_group(conf, &options->rdkafka, own, own_count, error);
}
