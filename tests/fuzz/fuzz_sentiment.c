/* SPDX-License-Identifier: Apache-2.0 */
/* Sentiment: a message of any bytes with emotes cut out of it, and lexicon files of any bytes. The first byte chooses.
 * The message's padding is all that is readable behind it, and what it holds must not matter. */
#include "builtin.h"
#include "scorer.h"

#include <stdlib.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

enum { EMOTES_MAX = 8 };

/* An arena that ends with the padding of its last byte, so that a read past it is found. */
static int16_t score(const tlm_lexicon *lexicon, const char *text, size_t size, uint32_t emote_count, char padding)
{
    static tlm_words words;
    size_t list_size = emote_count * sizeof(tlm_emote), at = 8 + list_size;
    char *arena = malloc(at + size + TLM_PADDING);
    CHECK(arena);
    memset(arena, padding, at + size + TLM_PADDING);
    memcpy(arena + at, text, size);
    for (uint32_t i = 0; i < emote_count; i++) {
        size_t start = size * i / emote_count, end = size * (i + 1) / emote_count;
        tlm_emote emote = {.name = {(uint32_t)(at + start), (uint32_t)(end - start)}};
        if (emote.name.size == 0)
            emote.name = (tlm_span){8, 1};
        memcpy(arena + 8 + i * sizeof emote, &emote, sizeof emote);
    }
    tlm_event event = {.kind = TLM_EVENT_CHAT,
                       .as.chat = {.message = {(uint32_t)at, (uint32_t)size}, .emotes = {8, emote_count}}};
    tlm_events batch = {.struct_size = sizeof batch, .events = &event, .arena = arena, .arena_size = at + size};
    int16_t value = tlm_score(&words, lexicon, &batch, &event);
    free(arena);
    return value;
}

static void check_message(const tlm_lexicon *lexicon, const char *text, size_t size, uint32_t emote_count)
{
    int16_t value = score(lexicon, text, size, emote_count, ' ');
    CHECK(value == TLM_SIDE_ABSENT || (value >= -10000 && value <= 10000));
    CHECK(value == score(lexicon, text, size, emote_count, 'o'));
    CHECK(value == score(lexicon, text, size, emote_count, '\xF0'));
}

static void check_lexicon(const char *text, size_t size)
{
    tlm_lexicon lexicon = {0};
    tlm_error error = {{0}};
    if (tlm_lexicon_read(&lexicon, "fuzz", (tlm_text){text, size}, &error) == 0 && tlm_lexicon_complete(&lexicon) == 0)
        check_message(&lexicon, text, size < 65536 ? size : 65536, 0);
    else
        CHECK(error.text[0]);
    tlm_lexicon_finish(&lexicon);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tlm_lexicon builtin;
    if (!builtin.entries) {
        tlm_text text = {(const char *)tlm_builtin_lexicon, tlm_builtin_lexicon_size};
        CHECK(tlm_lexicon_read(&builtin, "built-in", text, NULL) == 0 && tlm_lexicon_complete(&builtin) == 0);
    }
    if (size == 0)
        return 0;
    if (data[0] & 0x80)
        check_lexicon((const char *)data + 1, size - 1);
    else
        check_message(&builtin, (const char *)data + 1, size - 1, data[0] % (EMOTES_MAX + 1));
    return 0;
}
