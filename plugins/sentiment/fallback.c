/* SPDX-License-Identifier: Apache-2.0 */
/* What a word may be when it is not in the lexicon as it stands. */
#include "words.h"

/* Runs of three letters and more that are tried both as two and as one; what is beyond is one. */
enum { RUNS_TRIED = 3 };

static char fold(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* Doubled letters are English ("good"), three in a row are not: they lengthen, which people do to words that carry
 * feeling (Brody and Diakopoulos 2011, "Cooooooooooooooollllllllllllll!!!!!!!!!!!!!! Using Word Lengthening to Detect
 * Sentiment in Microblogs", EMNLP). */
bool tlm_fallback_is_worth(const char *text, size_t size)
{
    bool is_pair = size >= 6;
    if (size < 3)
        return false;
    for (size_t i = 2; i < size; i++) {
        if (fold(text[i]) == fold(text[i - 2])) {
            if (fold(text[i]) == fold(text[i - 1]))
                return true;
        } else {
            is_pair = false;
        }
    }
    return is_pair;
}

typedef struct {
    char bytes[TLM_KEY_MAX];      /* one for each run */
    uint8_t lengths[TLM_KEY_MAX]; /* 3 stands for three and more */
    uint32_t count, long_count;
} runs;

/* False: too long for a key even with its runs shortened. */
static bool split(const char *text, size_t size, runs *ret_runs)
{
    runs *all = ret_runs;
    all->count = all->long_count = 0;
    for (size_t at = 0; at < size;) {
        char byte = fold(text[at]);
        size_t length = 1;
        while (at + length < size && fold(text[at + length]) == byte)
            length++;
        at += length;
        if (all->count == TLM_KEY_MAX)
            return false;
        all->bytes[all->count] = byte;
        all->lengths[all->count++] = (uint8_t)(length < 3 ? length : 3);
        all->long_count += length >= 3;
    }
    return true;
}

/* The word with its n-th long run as one letter where bit n of `singles` is set, else as two. 0: too long. */
static size_t shorten(const runs *all, uint32_t singles, char room[static TLM_KEY_MAX + 8])
{
    size_t size = 0;
    uint32_t number = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        size_t length = all->lengths[i];
        if (length == 3) {
            length = number >= RUNS_TRIED || singles >> number & 1 ? 1 : 2;
            number++;
        }
        if (size + length > TLM_KEY_MAX)
            return 0;
        memset(room + size, all->bytes[i], length);
        size += length;
    }
    return size;
}

static const tlm_entry *find_shortened(const tlm_lexicon *lexicon, const runs *all, tlm_key *ret_key)
{
    uint32_t tried = all->long_count < RUNS_TRIED ? all->long_count : RUNS_TRIED;
    for (uint32_t singles = 0; singles < 1u << tried; singles++) {
        char room[TLM_KEY_MAX + 8] = {0};
        size_t size = shorten(all, singles, room);
        if (size == 0)
            continue;
        tlm_key_make(ret_key, room, size);
        const tlm_entry *entry = tlm_lexicon_find(lexicon, ret_key);
        if (entry)
            return entry;
    }
    return NULL;
}

/* "hahahahaha" is "hahaha", "lolololol" is "lol". */
static const tlm_entry *find_repeated(const tlm_lexicon *lexicon, const char *text, tlm_key *ret_key)
{
    static const uint8_t sizes[] = {6, 4, 3, 2};
    for (size_t i = 0; i < TLM_COUNT(sizes); i++) {
        tlm_key_make(ret_key, text, sizes[i]);
        const tlm_entry *entry = tlm_lexicon_find(lexicon, ret_key);
        if (entry)
            return entry;
    }
    return NULL;
}

const tlm_entry *tlm_fallback_find(const tlm_lexicon *lexicon, const char *text, size_t size, tlm_key *ret_key)
{
    runs all;
    bool is_pair = size >= 6 && fold(text[0]) != fold(text[1]);
    for (size_t i = 2; is_pair && i < size; i++)
        is_pair = fold(text[i]) == fold(text[i - 2]);
    if (is_pair)
        return find_repeated(lexicon, text, ret_key);
    return split(text, size, &all) ? find_shortened(lexicon, &all, ret_key) : NULL;
}

/* A channel's emotes have a prefix of its own in lower case and digits, then a name that begins with a capital
 * (Twitch's emote guidelines). The name often is that of an emote everybody knows, or a word for the face it shows. */
const tlm_entry *tlm_fallback_tail(const tlm_lexicon *lexicon, const char *text, size_t size)
{
    char room[TLM_KEY_MAX + 8] = {TLM_TAIL_MARK};
    size_t start = 0;
    while (start < size && start < TLM_KEY_MAX && !(text[start] >= 'A' && text[start] <= 'Z'))
        start++;
    size_t tail = size - start;
    if (start == 0 || tail == 0 || tail >= TLM_KEY_MAX)
        return NULL;
    memcpy(room + 1, text + start, tail);
    tlm_key key;
    tlm_key_make(&key, room, tail + 1);
    return tlm_lexicon_find(lexicon, &key);
}
