/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <inttypes.h>
#include <stdlib.h>

#define FORMAT_LINE "telemetra-lane 1"

static void print_position(FILE *out, const char *what, const tlm_position *position)
{
    fprintf(out, " %s %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64, what, position->ordinal, position->offset,
            position->line, position->generation);
}

char *tlm_lane_record_format(const tlm_lane_record *record, size_t *ret_size)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fprintf(out, FORMAT_LINE "\nwatermark %" PRId64 " quiet %" PRId64 "\n", record->watermark_ns, record->quiet_ns);
    for (uint32_t i = 0; i < record->input_count; i++) {
        const tlm_input_record *input = &record->inputs[i];
        fprintf(out, "input %s", input->name);
        print_position(out, "next", &input->next);
        print_position(out, "from", &input->from);
        fprintf(out, " highest %" PRId64 "\n", input->highest_ns);
    }
    const tlm_accounting *counts = &record->accounting;
    for (uint32_t kind = 0; kind < TLM_EVENT_KINDS; kind++)
        fprintf(out,
                "count %s consumed %" PRIu64 " applied %" PRIu64 " duplicate %" PRIu64 " late %" PRIu64
                " dead_lettered %" PRIu64 "\n",
                tlm_kind_name(kind), counts->consumed[kind], counts->applied[kind], counts->duplicate[kind],
                counts->late[kind], counts->dead_lettered[kind]);
    if (fclose(out)) {
        free(text);
        return NULL;
    }
    *ret_size = size;
    return text;
}

static int parse_input(const char *line, tlm_lane_record *record)
{
    if (record->input_count == TLM_INPUTS_MAX)
        return -EINVAL;
    tlm_input_record *input = &record->inputs[record->input_count];
    tlm_position *next = &input->next, *from = &input->from;
    int fields = sscanf(line,
                        "input %64s next %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNu64 " from %" SCNd64 " %" SCNd64
                        " %" SCNd64 " %" SCNu64 " highest %" SCNd64,
                        input->name, &next->ordinal, &next->offset, &next->line, &next->generation, &from->ordinal,
                        &from->offset, &from->line, &from->generation, &input->highest_ns);
    if (fields != 10 || from->ordinal > next->ordinal || from->ordinal < 0)
        return -EINVAL;
    record->input_count++;
    return 0;
}

static int parse_count(const char *line, tlm_accounting *counts)
{
    char name[32];
    uint64_t consumed, applied, duplicate, late, dead_lettered;
    int fields = sscanf(line,
                        "count %31s consumed %" SCNu64 " applied %" SCNu64 " duplicate %" SCNu64 " late %" SCNu64
                        " dead_lettered %" SCNu64,
                        name, &consumed, &applied, &duplicate, &late, &dead_lettered);
    if (fields != 6)
        return -EINVAL;
    for (uint32_t kind = 0; kind < TLM_EVENT_KINDS; kind++) {
        if (strcmp(name, tlm_kind_name(kind)))
            continue;
        counts->consumed[kind] = consumed;
        counts->applied[kind] = applied;
        counts->duplicate[kind] = duplicate;
        counts->late[kind] = late;
        counts->dead_lettered[kind] = dead_lettered;
        return 0;
    }
    return -EINVAL;
}

static int parse_line(const char *line, tlm_lane_record *record)
{
    if (!strncmp(line, "input ", 6))
        return parse_input(line, record);
    if (!strncmp(line, "count ", 6))
        return parse_count(line, &record->accounting);
    return sscanf(line, "watermark %" SCNd64 " quiet %" SCNd64, &record->watermark_ns, &record->quiet_ns) == 2
               ? 0
               : -EINVAL;
}

int tlm_lane_record_parse(tlm_text text, tlm_lane_record *ret_record, tlm_error *error)
{
    tlm_lane_record record = {.watermark_ns = INT64_MIN, .quiet_ns = INT64_MIN};
    char *copy = strndup(text.data, text.size);
    if (!copy)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    char *rest = copy;
    char *line = strsep(&rest, "\n");
    int result = strcmp(line, FORMAT_LINE) ? -EINVAL : 0;
    while (!result && (line = strsep(&rest, "\n")))
        if (*line)
            result = parse_line(line, &record);
    if (result)
        tlm_error_set(error, result, "the checkpoint's lane record is not one of this version: \"%.200s\"",
                      line ? line : "");
    else
        *ret_record = record;
    free(copy);
    return result;
}

tlm_input_record *tlm_lane_record_input(tlm_lane_record *record, const char *name)
{
    for (uint32_t i = 0; i < record->input_count; i++)
        if (!strcmp(record->inputs[i].name, name))
            return &record->inputs[i];
    return NULL;
}
