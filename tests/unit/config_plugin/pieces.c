/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin for the tests of the configuration: components of every kind that do nothing, one with every type of option.
 */
#include "everything.h"

#include <telemetra/telemetra.h>

struct tlm_instance {
    int unused;
};

static tlm_instance the_instance;

static int create(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    (void)host;
    (void)config;
    (void)error;
    *ret_instance = &the_instance;
    return 0;
}

static int create_nothing(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    (void)host;
    (void)config;
    (void)ret_instance;
    return tlm_error_set(error, -EINVAL, "expected another day, found this one");
}

typedef struct choosy {
    int64_t pace;
} choosy;

static int create_choosy(const tlm_host *host, const void *config, tlm_instance **ret_instance, tlm_error *error)
{
    const choosy *options = config;
    (void)host;
    if (options->pace % 2)
        return tlm_error_set(error, -EINVAL, "pace: expected an even number, found %lld", (long long)options->pace);
    *ret_instance = &the_instance;
    return 0;
}

static int start(tlm_instance *instance, tlm_error *error)
{
    (void)instance;
    (void)error;
    return 0;
}

static void ignore(tlm_instance *instance)
{
    (void)instance;
}

/* Nothing is ever started, so the members of the interfaces are never called: they only have to be there. */
static void never(void)
{
}

typedef union members {
    void (*all[16])(void);
    tlm_frontend aligned;
} members;

static const members some = {.all = {never, never, never, never, never, never, never, never, never, never, never, never,
                                     never, never, never, never}};

static const void *offer(const char *id, const char *const *offered)
{
    for (; *offered; offered++) {
        if (strcmp(*offered, id) == 0)
            return &some;
    }
    return NULL;
}

#define OFFERS(name, ...)                                                                                              \
    static const void *name##_interface(const char *id)                                                                \
    {                                                                                                                  \
        static const char *const offered[] = {__VA_ARGS__, NULL};                                                      \
        return offer(id, offered);                                                                                     \
    }

OFFERS(tap, TLM_INTERFACE_SOURCE)
OFFERS(divided, TLM_INTERFACE_PARTITIONS)
OFFERS(reader, TLM_INTERFACE_CODEC)
OFFERS(counter, TLM_INTERFACE_PROCESSOR)
OFFERS(keeper, TLM_INTERFACE_SINK, TLM_INTERFACE_CHECKPOINT, TLM_INTERFACE_STORE)
OFFERS(mirror, TLM_INTERFACE_SINK, TLM_INTERFACE_STORE)
OFFERS(outlet, TLM_INTERFACE_SINK)
OFFERS(ledger, TLM_INTERFACE_CHECKPOINT)
OFFERS(poster, TLM_INTERFACE_PAGES)

/* Processors that have to do with each other: their lists are looked at. */
static const char *const nothing[] = {NULL}, *const moods[] = {"mood", NULL}, *const tallied[] = {"tallies", NULL};
static const tlm_sides painter_sides = {.writes = moods, .reads = nothing};
static const tlm_sides viewer_sides = {.writes = nothing, .reads = moods};
static const tlm_rows_reader tallies_reader = {
    .datasets = tallied,
    .row = (int (*)(tlm_lane_state *, const tlm_dataset *, uint32_t, const tlm_cell *))(void (*)(void))never};

static const void *painter_interface(const char *id)
{
    return strcmp(id, TLM_INTERFACE_SIDES) ? counter_interface(id) : &painter_sides;
}

static const void *looker_interface(const char *id)
{
    return strcmp(id, TLM_INTERFACE_SIDES) ? counter_interface(id) : &viewer_sides;
}

static const void *follower_interface(const char *id)
{
    return strcmp(id, TLM_INTERFACE_ROWS_READER) ? counter_interface(id) : &tallies_reader;
}

/* Frontends, whose prefixes are looked at. */
static void adopt_never(tlm_instance *instance, int fd, const void *peer, uint32_t peer_size, tlm_text head)
{
    (void)instance;
    (void)fd;
    (void)peer;
    (void)peer_size;
    (void)head;
    never();
}

static const char *const door_prefixes[] = {"/door/", NULL}, *const gate_prefixes[] = {"/gate/", "/", NULL};
static const tlm_frontend door_frontend = {door_prefixes, adopt_never};
static const tlm_frontend gate_frontend = {gate_prefixes, adopt_never};

static const void *door_interface(const char *id)
{
    return strcmp(id, TLM_INTERFACE_FRONTEND) ? NULL : &door_frontend;
}

static const void *gate_interface(const char *id)
{
    return strcmp(id, TLM_INTERFACE_FRONTEND) ? NULL : &gate_frontend;
}

static const char *const colours[] = {"red", "green", "blue", NULL};

static const tlm_option everything_options[] = {
    {.name = "flag", .type = TLM_OPTION_BOOL, .offset = offsetof(everything, flag), .doc = "A flag."},
    {.name = "count",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(everything, count),
     .default_text = "5",
     .min = 1,
     .max = 10,
     .doc = "A count."},
    {.name = "big", .type = TLM_OPTION_INTEGER, .offset = offsetof(everything, big), .doc = "Any whole number."},
    {.name = "ratio",
     .type = TLM_OPTION_REAL,
     .offset = offsetof(everything, ratio),
     .default_text = "0.5",
     .max = 1,
     .doc = "A ratio."},
    {.name = "title",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(everything, title),
     .max = 80,
     .doc = "A title | name."},
    {.name = "pause",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(everything, pause_ms),
     .default_text = "90s",
     .min = 10,
     .max = 7200000,
     .doc = "A pause."},
    {.name = "room",
     .type = TLM_OPTION_SIZE,
     .offset = offsetof(everything, room_bytes),
     .default_text = "64KiB",
     .min = 1024,
     .max = INT64_MAX,
     .doc = "Some room."},
    {.name = "colour",
     .type = TLM_OPTION_CHOICE,
     .offset = offsetof(everything, colour),
     .default_text = "green",
     .choices = colours,
     .doc = "A colour."},
    {.name = "names", .type = TLM_OPTION_LIST, .offset = offsetof(everything, names), .max = 3, .doc = "Some names."},
    {.name = "since", .type = TLM_OPTION_TIME, .offset = offsetof(everything, since_ns), .doc = "A time."},
    {.name = "password",
     .type = TLM_OPTION_TEXT,
     .flags = TLM_OPTION_SECRET,
     .offset = offsetof(everything, password),
     .default_text = "changeme",
     .max = 12,
     .doc = "A password."},
    {.name = "pin",
     .type = TLM_OPTION_INTEGER,
     .flags = TLM_OPTION_SECRET,
     .offset = offsetof(everything, pin),
     .max = 9999,
     .doc = "A secret number."},
    {.name = "secret_colour",
     .type = TLM_OPTION_CHOICE,
     .flags = TLM_OPTION_SECRET,
     .offset = offsetof(everything, secret_colour),
     .choices = colours,
     .doc = "A secret choice."},
    {.name = "free_keys",
     .type = TLM_OPTION_GROUP,
     .offset = offsetof(everything, free_keys),
     .max = 4,
     .doc = "Keys of another."},
};

static const tlm_option choosy_options[] = {
    {.name = "pace",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(choosy, pace),
     .default_text = "2",
     .min = 1,
     .max = 10,
     .doc = "A pace."},
};

typedef struct gate {
    const char *store;
} gate;

static const tlm_option gate_options[] = {
    {.name = "store",
     .type = TLM_OPTION_TEXT,
     .flags = TLM_OPTION_STORE,
     .offset = offsetof(gate, store),
     .doc = "A store."},
};

static const tlm_option mirror_options[] = {
    {.name = "store",
     .type = TLM_OPTION_TEXT,
     .flags = TLM_OPTION_STORE | TLM_OPTION_STORE_BEHIND,
     .offset = offsetof(gate, store),
     .doc = "The store behind."},
};

typedef struct strict {
    const char *path;
    tlm_text_list hosts;
} strict;

static const tlm_option strict_options[] = {
    {.name = "path",
     .type = TLM_OPTION_TEXT,
     .flags = TLM_OPTION_REQUIRED,
     .offset = offsetof(strict, path),
     .doc = "A path."},
    {.name = "hosts",
     .type = TLM_OPTION_LIST,
     .flags = TLM_OPTION_REQUIRED,
     .offset = offsetof(strict, hosts),
     .doc = "Some hosts."},
};

static const tlm_column tallies_columns[] = {
    {.name = "stream", .type = TLM_COLUMN_TEXT, .flags = TLM_COLUMN_KEY | TLM_COLUMN_STREAM, .doc = "The stream."},
    {.name = "at", .type = TLM_COLUMN_TIME, .flags = TLM_COLUMN_KEY | TLM_COLUMN_TIMELINE, .doc = "When."},
    {.name = "sum",
     .type = TLM_COLUMN_DECIMAL,
     .scale = 9,
     .flags = TLM_COLUMN_NULLABLE,
     .unit = "messages",
     .doc = "How many."},
};
static const tlm_dataset tallies = {.struct_size = sizeof tallies,
                                    .mode = TLM_DATASET_APPEND,
                                    .id = "tallies",
                                    .doc = "What was counted.",
                                    .columns = tallies_columns,
                                    .column_count = TLM_COUNT(tallies_columns)};
static const tlm_dataset *const counter_datasets[] = {&tallies};

#define BASE(name, interface)                                                                                          \
    .struct_size = sizeof(tlm_component), .id = name, .summary = "A piece of the tests.", .create = create,            \
    .start = start, .stop = ignore, .destroy = ignore, .get_interface = interface##_interface

static const tlm_component tap = {BASE("tap", tap)};
static const tlm_component divided = {BASE("divided", divided)};
static const tlm_component reader = {BASE("reader", reader)};
static const tlm_component keeper = {BASE("keeper", keeper)};
static const tlm_component outlet = {BASE("outlet", outlet)};
static const tlm_component ledger = {BASE("ledger", ledger)};
static const tlm_component door = {BASE("door", door)};
static const tlm_component poster = {BASE("poster", poster)};
static const tlm_component painter = {BASE("painter", painter)};
static const tlm_component looker = {BASE("looker", looker)};
static const tlm_component follower = {BASE("follower", follower)};
static const tlm_component gateway = {BASE("gate", gate), .config_size = sizeof(gate), .options = gate_options,
                                      .option_count = TLM_COUNT(gate_options)};
static const tlm_component mirror = {BASE("mirror", mirror), .config_size = sizeof(gate), .options = mirror_options,
                                     .option_count = TLM_COUNT(mirror_options)};
static const tlm_component stubborn = {.struct_size = sizeof(tlm_component),
                                       .id = "stubborn",
                                       .summary = "Refuses what no single option can be blamed for.",
                                       .create = create_nothing,
                                       .start = start,
                                       .stop = ignore,
                                       .destroy = ignore,
                                       .get_interface = tap_interface};
static const tlm_component choosy_tap = {.struct_size = sizeof(tlm_component),
                                         .config_size = sizeof(choosy),
                                         .id = "choosy",
                                         .summary = "Refuses a value that its table lets pass.",
                                         .options = choosy_options,
                                         .option_count = TLM_COUNT(choosy_options),
                                         .create = create_choosy,
                                         .start = start,
                                         .stop = ignore,
                                         .destroy = ignore,
                                         .get_interface = tap_interface};
static const tlm_component counter = {BASE("counter", counter), .datasets = counter_datasets, .dataset_count = 1};
static const tlm_component rich = {BASE("everything", tap), .config_size = sizeof(everything),
                                   .options = everything_options, .option_count = TLM_COUNT(everything_options)};
static const tlm_component demanding = {BASE("strict", tap), .config_size = sizeof(strict), .options = strict_options,
                                        .option_count = TLM_COUNT(strict_options)};

static const tlm_component *const components[] = {&tap,      &reader,  &keeper,  &outlet,    &ledger,     &door,
                                                  &stubborn, &counter, &rich,    &demanding, &choosy_tap, &gateway,
                                                  &mirror,   &poster,  &painter, &looker,    &follower,   &divided};
TLM_PLUGIN("pieces", "1.0", components);
