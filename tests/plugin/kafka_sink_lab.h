/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file kafka_sink_lab.h
 * For tests of the Kafka sink: a subject with topics of its own, and rows of the dataset `events`. Include after
 * flushes.h and kafka_reader.h.
 */
#ifndef TLM_TESTS_PLUGIN_KAFKA_SINK_LAB_H
#define TLM_TESTS_PLUGIN_KAFKA_SINK_LAB_H

enum { EVENT_COLUMNS = 3, KINDS = 4, TOPIC_NAME_SIZE = 80 };

static const tlm_column event_columns[EVENT_COLUMNS] = {
    {"topic", TLM_COLUMN_TEXT, 0, 0, NULL, "Kind."},
    {"stream_id", TLM_COLUMN_TEXT, 0, TLM_COLUMN_STREAM, NULL, "Stream."},
    {"value", TLM_COLUMN_BYTES, 0, 0, NULL, "Bytes."},
};

static const tlm_dataset events_dataset = {sizeof(tlm_dataset), TLM_DATASET_APPEND, "events",
                                           "Events.",           event_columns,      EVENT_COLUMNS};

static const char *const kind_names[KINDS] = {"chat", "viewer", "transactions", "stream_meta"};

/** A sink, not yet started, whose topics no other test has. */
typedef struct sink_lab {
    subject subject;
    const char *servers;
    char topics[KINDS][TOPIC_NAME_SIZE], dead_letters[TOPIC_NAME_SIZE];
} sink_lab;

static inline void sink_lab_set(sink_lab *lab, const char *option, const char *value)
{
    test_config_set(lab->subject.component, lab->subject.config, option, value);
}

static inline void sink_lab_topic(sink_lab *lab, const char *option, char name[static TOPIC_NAME_SIZE],
                                  const char *kind)
{
    struct timespec now;
    static unsigned number;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(name, TOPIC_NAME_SIZE, "test.%lld-%u.%s", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, number++,
             kind);
    sink_lab_set(lab, option, name);
}

/** The component kafka_sink of the plugin kafka, with defaults. */
static inline void sink_lab_init(sink_lab *lab, const char *servers)
{
    memset(lab, 0, sizeof *lab);
    lab->servers = servers;
    test_host_init(&lab->subject.host);
    lab->subject.component = test_component("kafka", "kafka_sink");
    lab->subject.config = test_config(lab->subject.component);
    lab->subject.sink = lab->subject.component->get_interface(TLM_INTERFACE_SINK);
    lab->subject.host.datasets[lab->subject.host.dataset_count++] = &events_dataset;
    sink_lab_set(lab, "bootstrap_servers", servers);
    for (int i = 0; i < KINDS; i++) {
        char option[32];
        snprintf(option, sizeof option, "topic_%s", kind_names[i]);
        sink_lab_topic(lab, option, lab->topics[i], kind_names[i]);
    }
    sink_lab_topic(lab, "dead_letter_topic", lab->dead_letters, "dead_letters");
}

static inline void sink_lab_start(sink_lab *lab)
{
    if (subject_start(&lab->subject) < 0)
        fail_msg("%s", lab->subject.error.text);
}

/** Fills a row; the texts must live as long as it. */
static inline void event_fill(tlm_cell *cells, int kind, const char *stream, const char *value, size_t size)
{
    cells[0] = cell_text(kind_names[kind]);
    cells[1] = cell_text(stream);
    cells[2] = cell_bytes(value, size);
}

#endif
