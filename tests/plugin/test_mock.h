/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file test_mock.h
 * What the tests of the source `mock` share: reading whole logs, and looking into their events.
 */
#ifndef TLM_TESTS_PLUGIN_TEST_MOCK_H
#define TLM_TESTS_PLUGIN_TEST_MOCK_H

#include "source_player.h"

#include <ctype.h>
#include <time.h>

#define START "2026-01-01T00:00:00Z"
#define START_MS INT64_C(1767225600000)

/* --- a checker of JSON's grammar (RFC 8259) for the events, which hold no escapes but \" and \\ ------------------- */

static inline const char *json_value(const char *at);

static inline const char *json_string(const char *at)
{
    assert_int_equal(*at, '"');
    for (at++; *at != '"'; at++) {
        assert_true((unsigned char)*at >= ' ');
        if (*at == '\\') {
            at++;
            assert_true(*at == '"' || *at == '\\');
        }
    }
    return at + 1;
}

static inline const char *json_number(const char *at)
{
    at += *at == '-';
    assert_true(isdigit((unsigned char)*at));
    if (*at == '0')
        assert_false(isdigit((unsigned char)at[1]));
    while (isdigit((unsigned char)*at))
        at++;
    if (*at == '.') {
        assert_true(isdigit((unsigned char)at[1]));
        for (at++; isdigit((unsigned char)*at);)
            at++;
    }
    return at;
}

static inline const char *json_members(const char *at, char end, bool keyed)
{
    if (*at == end)
        return at + 1;
    for (;;) {
        if (keyed) {
            at = json_string(at);
            assert_int_equal(*at++, ':');
        }
        at = json_value(at);
        if (*at == end)
            return at + 1;
        assert_int_equal(*at++, ',');
    }
}

static inline const char *json_value(const char *at)
{
    if (*at == '{')
        return json_members(at + 1, '}', true);
    if (*at == '[')
        return json_members(at + 1, ']', false);
    if (*at == '"')
        return json_string(at);
    if (strncmp(at, "true", 4) == 0)
        return at + 4;
    if (strncmp(at, "false", 5) == 0)
        return at + 5;
    if (strncmp(at, "null", 4) == 0)
        return at + 4;
    return json_number(at);
}

/* --- helpers ----------------------------------------------------------------------------------------------------- */

/* Value of a text member, in one of a few static rooms. */
static inline const char *member(const char *json, const char *name)
{
    static char rooms[4][1024];
    static unsigned turn;
    char *room = rooms[turn++ % 4];
    char key[64];

    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = strstr(json, key);
    if (!at)
        return NULL;
    at += strlen(key);
    snprintf(room, sizeof rooms[0], "%.*s", (int)(strchr(at, '"') - at), at);
    return room;
}

static inline void assert_same(const test_tape *whole, size_t first, const test_tape *part)
{
    assert_int_equal(part->count, whole->count - first);
    for (size_t i = 0; i < part->count; i++) {
        const test_record *a = &whole->items[first + i], *b = &part->items[i];
        assert_string_equal(a->bytes, b->bytes);
        assert_memory_equal(&a->record.position, &b->record.position, sizeof(tlm_position));
        assert_int_equal(a->record.kind, b->record.kind);
        assert_int_equal(a->record.append_time_ns, b->record.append_time_ns);
    }
}

/* Reads a whole log with the given settings from `from` on. */
static inline void read_all(const char *const *settings, const tlm_position *from, uint32_t max_records,
                            test_tape *tape)
{
    test_player player;

    player_init(&player, "mock", settings);
    player_start(&player);
    player_open(&player, from);
    assert_int_equal(player_read_until(&player, tape, max_records, SIZE_MAX), TLM_READ_END);
    player_finish(&player, true);
}

#endif
