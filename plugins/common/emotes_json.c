/* SPDX-License-Identifier: Apache-2.0 */
/* Adds `emote` to each entry of a list of {name, count}. The list is valid JSON of a known shape, but stores may have
 * reordered its members and added blanks, so it is scanned rather than cut at fixed places. */
#include "common/row_json.h"

typedef struct scanner {
    const char *at, *end;
} scanner;

typedef struct emote {
    tlm_text name, count; /* raw JSON values */
} emote;

static void skip_blanks(scanner *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
        in->at++;
}

static bool take(scanner *in, char byte)
{
    skip_blanks(in);
    if (in->at == in->end || *in->at != byte)
        return false;
    in->at++;
    return true;
}

/* A string with its quotes, or a number. */
static bool take_value(scanner *in, tlm_text *ret_value)
{
    skip_blanks(in);
    const char *start = in->at;
    if (in->at < in->end && *in->at == '"') {
        for (in->at++; in->at < in->end && *in->at != '"'; in->at++)
            if (*in->at == '\\')
                in->at++;
        if (in->at >= in->end)
            return false;
        in->at++;
    } else {
        while (in->at < in->end && ((*in->at >= '0' && *in->at <= '9') || *in->at == '-'))
            in->at++;
    }
    *ret_value = (tlm_text){start, (size_t)(in->at - start)};
    return in->at > start;
}

static bool take_emote(scanner *in, emote *ret_emote)
{
    emote found = {0};

    if (!take(in, '{'))
        return false;
    do {
        tlm_text key, value;
        if (!take_value(in, &key) || !take(in, ':') || !take_value(in, &value))
            return false;
        if (tlm_text_equal(key, tlm_text_of("\"name\"")))
            found.name = value;
        else if (tlm_text_equal(key, tlm_text_of("\"count\"")))
            found.count = value;
    } while (take(in, ','));
    *ret_emote = found;
    return take(in, '}') && found.name.size > 0 && found.count.size > 0;
}

static void write_emote(tlm_json_writer *writer, const emote *one)
{
    tlm_json_begin_object(writer);
    TLM_JSON_KEY(writer, "name");
    tlm_json_raw(writer, one->name.data, one->name.size);
    TLM_JSON_KEY(writer, "emote");
    tlm_json_raw(writer, one->name.data, one->name.size);
    TLM_JSON_KEY(writer, "count");
    tlm_json_raw(writer, one->count.data, one->count.size);
    tlm_json_end_object(writer);
}

/* Calls the writer for each emote, or only checks the shape when there is none. */
static bool walk(tlm_text json, tlm_json_writer *writer)
{
    scanner in = {json.data, json.data + json.size};
    emote found;

    if (!take(&in, '['))
        return false;
    if (take(&in, ']'))
        return true;
    do {
        if (!take_emote(&in, &found))
            return false;
        if (writer)
            write_emote(writer, &found);
    } while (take(&in, ','));
    return take(&in, ']');
}

void tlm_emotes_write(tlm_json_writer *writer, tlm_text json)
{
    if (!walk(json, NULL)) {
        tlm_json_raw(writer, json.data, json.size);
        return;
    }
    tlm_json_begin_array(writer);
    walk(json, writer);
    tlm_json_end_array(writer);
}
