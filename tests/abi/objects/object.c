/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin with one fault. Everything below is right until a macro of the build (see CMakeLists.txt) makes it wrong. */
#include <telemetra/telemetra.h>

#ifndef MAGIC
#define MAGIC TLM_PLUGIN_MAGIC
#endif
#ifndef MAJOR
#define MAJOR TLM_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR TLM_ABI_MINOR
#endif
#ifndef HOST_MINOR_MIN
#define HOST_MINOR_MIN TLM_ABI_MINOR
#endif
#ifndef PLUGIN_SIZE
#define PLUGIN_SIZE sizeof telemetra_plugin
#endif
#ifndef PLUGIN_ID
#define PLUGIN_ID "object"
#endif
#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION "1.0"
#endif
#ifndef COMPONENTS
#define COMPONENTS                                                                                                     \
    {                                                                                                                  \
        &first                                                                                                         \
    }
#endif
#ifndef COMPONENT_COUNT
#define COMPONENT_COUNT TLM_COUNT(components)
#endif
#ifndef COMPONENT_SIZE
#define COMPONENT_SIZE sizeof(tlm_component)
#endif
#ifndef COMPONENT_ID
#define COMPONENT_ID "first"
#endif
#ifndef SECOND_ID
#define SECOND_ID "second"
#endif
#ifndef SUMMARY
#define SUMMARY "Does nothing."
#endif
#ifndef CONFIG_SIZE
#define CONFIG_SIZE sizeof(config)
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef STOP
#define STOP stop
#endif
#ifndef SUBMIT
#define SUBMIT submit
#endif
#ifndef SECOND_OPTION
#define SECOND_OPTION                                                                                                  \
    {                                                                                                                  \
        .name = "level", .type = TLM_OPTION_CHOICE, .offset = offsetof(config, level), .default_text = "low",          \
        .choices = levels, .doc = "A level."                                                                           \
    }
#endif
#ifndef KEY_FLAGS
#define KEY_FLAGS TLM_COLUMN_KEY
#endif
#ifndef SECOND_COLUMN
#define SECOND_COLUMN                                                                                                  \
    {                                                                                                                  \
        .name = "amount", .type = TLM_COLUMN_DECIMAL, .scale = 9, .doc = "An amount."                                  \
    }
#endif
#ifndef COLUMN_COUNT
#define COLUMN_COUNT TLM_COUNT(columns)
#endif
#ifndef DATASET_ID
#define DATASET_ID "things"
#endif
#ifndef DATASET_MODE
#define DATASET_MODE TLM_DATASET_APPEND
#endif
#ifndef DATASETS
#define DATASETS                                                                                                       \
    {                                                                                                                  \
        &things                                                                                                        \
    }
#endif
#ifdef GROWN /* what a newer minor has added at the tail */
typedef struct described {
    tlm_plugin base;
    uint64_t added[4];
} described;
#else
typedef struct described {
    tlm_plugin base;
} described;
#endif

typedef struct config {
    int64_t count;
    uint32_t level;
} config;

struct tlm_instance {
    int unused;
};

extern const char *const levels[]; /* not static: some faults leave it unused */
const char *const levels[] = {"low", "high", NULL};
static const tlm_option options[] = {
    {.name = "count",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(config, count),
     .default_text = "3",
     .min = 1,
     .max = 9,
     .doc = "A count."},
    SECOND_OPTION,
};

static const tlm_column columns[] = {
    {.name = "id", .type = TLM_COLUMN_TEXT, .flags = KEY_FLAGS, .doc = "An id."},
    SECOND_COLUMN,
};
static const tlm_dataset things = {.struct_size = sizeof things,
                                   .mode = DATASET_MODE,
                                   .id = DATASET_ID,
                                   .doc = "Things.",
                                   .columns = columns,
                                   .column_count = COLUMN_COUNT};
static const tlm_dataset *const datasets[] = DATASETS;

static tlm_instance the_instance;

int create(const tlm_host *host, const void *settings, tlm_instance **ret_instance, tlm_error *error);
int create(const tlm_host *host, const void *settings, tlm_instance **ret_instance, tlm_error *error)
{
    (void)host;
    (void)settings;
    (void)error;
    *ret_instance = &the_instance;
    return 0;
}

/* Defined nowhere: an object that uses it cannot be loaded. */
int never_defined(const tlm_host *host, const void *settings, tlm_instance **ret_instance, tlm_error *error);

static int start(tlm_instance *instance, tlm_error *error)
{
    (void)instance;
    (void)error;
    return 0;
}

void stop(tlm_instance *instance);
void stop(tlm_instance *instance)
{
    (void)instance;
}

static void destroy(tlm_instance *instance)
{
    (void)instance;
}

void submit(tlm_instance *instance, const tlm_flush *flush, tlm_done done, void *token);
void submit(tlm_instance *instance, const tlm_flush *flush, tlm_done done, void *token)
{
    (void)instance;
    (void)flush;
    done(token, 0, tlm_text_of(NULL));
}

static const void *get_interface(const char *id)
{
    static const tlm_sink sink = {.submit = SUBMIT};
    return strcmp(id, TLM_INTERFACE_SINK) == 0 ? &sink : NULL;
}

#define COMPONENT(component_id)                                                                                        \
    {                                                                                                                  \
        .struct_size = COMPONENT_SIZE, .config_size = CONFIG_SIZE, .id = component_id, .summary = SUMMARY,             \
        .options = options, .option_count = TLM_COUNT(options), .dataset_count = TLM_COUNT(datasets),                  \
        .datasets = datasets, .create = CREATE, .start = start, .stop = STOP, .destroy = destroy,                      \
        .get_interface = get_interface                                                                                 \
    }
extern const tlm_component first;
const tlm_component first = COMPONENT(COMPONENT_ID);
extern const tlm_component second;
const tlm_component second = COMPONENT(SECOND_ID);

static const tlm_component *const components[] = COMPONENTS;

#ifdef UNDESCRIBED
#define telemetra_plugin some_other_symbol
#endif
extern TLM_EXPORT const described telemetra_plugin;
const described telemetra_plugin = {.base = {MAGIC, MAJOR, MINOR, (uint32_t)PLUGIN_SIZE, HOST_MINOR_MIN, PLUGIN_ID,
                                             PLUGIN_VERSION, components, COMPONENT_COUNT, 0}};
