/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include "state_map.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/** Kinds of entries, their first byte. */
enum { ENTRY_HEAD = 'P', ENTRY_LANE = 'L', ENTRY_STATE = 'S', ENTRY_OUTPUT = 'O' };

/** About what an entry takes besides its texts. */
enum { ENTRY_OVERHEAD = 24 };

struct tlm_ledger {
    pthread_mutex_t mutex; /* guards the state; the rest is the writer thread's */
    tlm_state_map state;
    tlm_ledger_lane *lanes;
    uint32_t lane_count; /* places in `lanes` */
    char *pipeline, *settings;
    uint64_t output_size;
};

tlm_ledger *tlm_ledger_create(uint64_t hash_seed)
{
    tlm_ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger)
        return NULL;
    pthread_mutex_init(&ledger->mutex, NULL);
    ledger->state.hash_seed = hash_seed;
    return ledger;
}

void tlm_ledger_destroy(tlm_ledger *ledger)
{
    if (!ledger)
        return;
    for (uint32_t i = 0; i < ledger->lane_count; i++)
        free(ledger->lanes[i].record);
    free(ledger->lanes);
    free(ledger->pipeline);
    free(ledger->settings);
    tlm_state_map_finish(&ledger->state);
    pthread_mutex_destroy(&ledger->mutex);
    free(ledger);
}

const tlm_ledger_lane *tlm_ledger_find_lane(const tlm_ledger *ledger, uint32_t lane)
{
    return lane < ledger->lane_count && ledger->lanes[lane].is_taken ? &ledger->lanes[lane] : NULL;
}

const char *tlm_ledger_pipeline(const tlm_ledger *ledger)
{
    return ledger->pipeline;
}

const char *tlm_ledger_settings(const tlm_ledger *ledger)
{
    return ledger->settings;
}

uint64_t tlm_ledger_output_size(const tlm_ledger *ledger)
{
    return ledger->output_size;
}

uint64_t tlm_ledger_size_bytes(const tlm_ledger *ledger)
{
    uint64_t size = ledger->state.size_bytes + (uint64_t)ledger->state.used * ENTRY_OVERHEAD;
    for (uint32_t i = 0; i < ledger->lane_count; i++)
        size += ledger->lanes[i].record_size + ENTRY_OVERHEAD;
    return size;
}

/* --- entries: one byte of kind, then numbers in little-endian order and texts behind their 32-bit size ------------ */

static void put_number(tlm_buffer *entries, uint64_t number, size_t size)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(number >> (8 * i));
    tlm_buffer_append(entries, bytes, size);
}

static void put_text(tlm_buffer *entries, tlm_text text)
{
    put_number(entries, text.size, 4);
    tlm_buffer_append(entries, text.data, text.size);
}

void tlm_ledger_write_head(tlm_buffer *entries, const char *pipeline, const char *settings)
{
    tlm_buffer_append_char(entries, ENTRY_HEAD);
    put_text(entries, tlm_text_of(pipeline));
    put_text(entries, tlm_text_of(settings));
}

void tlm_ledger_write_lane(tlm_buffer *entries, uint32_t lane, uint64_t epoch, uint64_t sequence, tlm_text record)
{
    tlm_buffer_append_char(entries, ENTRY_LANE);
    put_number(entries, lane, 4);
    put_number(entries, epoch, 8);
    put_number(entries, sequence, 8);
    put_text(entries, record);
}

void tlm_ledger_write_state(tlm_buffer *entries, uint32_t lane, tlm_text component, tlm_text key, tlm_text value)
{
    tlm_buffer_append_char(entries, ENTRY_STATE);
    put_number(entries, lane, 4);
    put_text(entries, component);
    put_text(entries, key);
    put_text(entries, value);
}

void tlm_ledger_write_output_size(tlm_buffer *entries, uint64_t size)
{
    tlm_buffer_append_char(entries, ENTRY_OUTPUT);
    put_number(entries, size, 8);
}

/** Entries being read; `failed` once they end too early. */
typedef struct {
    const char *at, *end;
    bool failed;
} reader;

static uint64_t get_number(reader *in, size_t size)
{
    uint64_t number = 0;
    if (in->failed || (size_t)(in->end - in->at) < size) {
        in->failed = true;
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        number |= (uint64_t)(unsigned char)in->at[i] << (8 * i);
    in->at += size;
    return number;
}

static tlm_text get_text(reader *in)
{
    tlm_text text = {in->at, (size_t)get_number(in, 4)};
    if (in->failed || (size_t)(in->end - in->at) < text.size) {
        in->failed = true;
        return (tlm_text){NULL, 0};
    }
    text.data = in->at;
    in->at += text.size;
    return text;
}

static int copy_text(char **kept, tlm_text text)
{
    char *copy = malloc(text.size + 1);
    if (!copy)
        return -ENOMEM;
    if (text.size)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    free(*kept);
    *kept = copy;
    return 0;
}

static int apply_head(tlm_ledger *ledger, reader *in)
{
    tlm_text pipeline = get_text(in), settings = get_text(in);
    if (in->failed)
        return -EBADMSG;
    int result = copy_text(&ledger->pipeline, pipeline);
    return result < 0 ? result : copy_text(&ledger->settings, settings);
}

static int ensure_lane(tlm_ledger *ledger, uint32_t lane)
{
    if (lane < ledger->lane_count)
        return 0;
    if (lane >= TLM_LEDGER_LANES_MAX)
        return -EBADMSG;
    tlm_ledger_lane *grown = realloc(ledger->lanes, (lane + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    memset(grown + ledger->lane_count, 0, (lane + 1 - ledger->lane_count) * sizeof *grown);
    ledger->lanes = grown;
    ledger->lane_count = lane + 1;
    return 0;
}

static int apply_lane(tlm_ledger *ledger, reader *in)
{
    uint32_t number = (uint32_t)get_number(in, 4);
    uint64_t epoch = get_number(in, 8), sequence = get_number(in, 8);
    tlm_text record = get_text(in);
    int result = in->failed ? -EBADMSG : ensure_lane(ledger, number);
    if (result < 0)
        return result;
    tlm_ledger_lane *lane = &ledger->lanes[number];
    result = copy_text(&lane->record, record);
    if (result < 0)
        return result;
    lane->record_size = record.size;
    lane->epoch = epoch;
    lane->sequence = sequence;
    lane->is_taken = true;
    return 0;
}

static int apply_state(tlm_ledger *ledger, reader *in)
{
    uint32_t lane = (uint32_t)get_number(in, 4);
    tlm_text component = get_text(in), key = get_text(in), value = get_text(in);
    return in->failed ? -EBADMSG : tlm_state_map_put(&ledger->state, lane, component, key, value);
}

static int apply_entry(tlm_ledger *ledger, reader *in)
{
    switch (get_number(in, 1)) {
    case ENTRY_HEAD:
        return apply_head(ledger, in);
    case ENTRY_LANE:
        return apply_lane(ledger, in);
    case ENTRY_STATE:
        return apply_state(ledger, in);
    case ENTRY_OUTPUT:
        ledger->output_size = get_number(in, 8);
        return in->failed ? -EBADMSG : 0;
    default:
        return -EBADMSG;
    }
}

int tlm_ledger_apply(tlm_ledger *ledger, const char *entries, size_t size)
{
    reader in = {entries, entries + size, false};
    int result = 0;
    pthread_mutex_lock(&ledger->mutex);
    while (result == 0 && in.at < in.end)
        result = apply_entry(ledger, &in);
    pthread_mutex_unlock(&ledger->mutex);
    return result;
}

/** A dump under way. */
typedef struct {
    tlm_buffer entries;
    int (*take)(void *context, const tlm_buffer *entries, tlm_error *error);
    void *context;
    tlm_error *error;
} dump;

/* Hands on what has gathered once it is a piece, or when it is the last. */
static int hand_on(dump *piece, bool is_last)
{
    if (piece->entries.error < 0)
        return tlm_error_set(piece->error, piece->entries.error, "out of memory");
    if (piece->entries.size < TLM_LEDGER_PIECE && !is_last)
        return 0;
    int result = piece->take(piece->context, &piece->entries, piece->error);
    tlm_buffer_clear(&piece->entries);
    return result;
}

static int dump_all(const tlm_ledger *ledger, dump *piece)
{
    int result = 0;
    tlm_ledger_write_head(&piece->entries, ledger->pipeline, ledger->settings);
    tlm_ledger_write_output_size(&piece->entries, ledger->output_size);
    for (uint32_t i = 0; i < ledger->lane_count && result == 0; i++) {
        const tlm_ledger_lane *lane = &ledger->lanes[i];
        if (!lane->is_taken)
            continue;
        tlm_ledger_write_lane(&piece->entries, i, lane->epoch, lane->sequence,
                              (tlm_text){lane->record, lane->record_size});
        result = hand_on(piece, false);
    }
    for (uint32_t i = 0; i < ledger->state.entry_count && result == 0; i++) {
        const tlm_state_entry *entry = &ledger->state.entries[i];
        if (!entry->bytes)
            continue;
        tlm_ledger_write_state(&piece->entries, entry->lane, tlm_state_entry_component(entry),
                               tlm_state_entry_key(entry), tlm_state_entry_value(entry));
        result = hand_on(piece, false);
    }
    return result == 0 ? hand_on(piece, true) : result;
}

int tlm_ledger_dump(const tlm_ledger *ledger, int (*take)(void *context, const tlm_buffer *entries, tlm_error *error),
                    void *context, tlm_error *error)
{
    dump piece = {.entries = TLM_BUFFER_INIT, .take = take, .context = context, .error = error};
    int result = dump_all(ledger, &piece);
    tlm_buffer_finish(&piece.entries);
    return result;
}

/* --- state ------------------------------------------------------------------------------------------------------- */

int tlm_ledger_get_state(tlm_ledger *ledger, uint32_t lane, const char *component, tlm_text key,
                         int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    tlm_text value = {NULL, 0};
    tlm_buffer copy = TLM_BUFFER_INIT;
    pthread_mutex_lock(&ledger->mutex);
    bool there = tlm_state_map_get(&ledger->state, lane, tlm_text_of(component), key, &value);
    if (there)
        tlm_buffer_append(&copy, value.data, value.size);
    pthread_mutex_unlock(&ledger->mutex);
    int result = there ? copy.error : 0;
    if (there && result == 0) {
        int told = found(context, key, (tlm_text){copy.data, copy.size});
        result = told < 0 ? told : 1;
    }
    tlm_buffer_finish(&copy);
    return result;
}

/* Copies the keys of one component as state entries. */
static int copy_state(tlm_ledger *ledger, uint32_t lane, const char *component, tlm_buffer *copies)
{
    tlm_text wanted = tlm_text_of(component);
    pthread_mutex_lock(&ledger->mutex);
    for (uint32_t i = 0; i < ledger->state.entry_count; i++) {
        const tlm_state_entry *entry = &ledger->state.entries[i];
        if (!entry->bytes || entry->lane != lane || !tlm_text_equal(tlm_state_entry_component(entry), wanted))
            continue;
        put_text(copies, tlm_state_entry_key(entry));
        put_text(copies, tlm_state_entry_value(entry));
    }
    pthread_mutex_unlock(&ledger->mutex);
    return copies->error;
}

int tlm_ledger_each_state(tlm_ledger *ledger, uint32_t lane, const char *component,
                          int (*found)(void *context, tlm_text key, tlm_text value), void *context)
{
    tlm_buffer copies = TLM_BUFFER_INIT;
    int result = copy_state(ledger, lane, component, &copies);
    reader in = {copies.data, copies.data + copies.size, false};
    while (result == 0 && in.at < in.end) {
        tlm_text key = get_text(&in), value = get_text(&in);
        result = found(context, key, value);
    }
    tlm_buffer_finish(&copies);
    return result;
}
