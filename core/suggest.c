/* SPDX-License-Identifier: Apache-2.0 */
#include "suggest.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t tlm_suggest_distance(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size > TLM_SUGGEST_SIZE_MAX || b_size > TLM_SUGGEST_SIZE_MAX)
        return SIZE_MAX;
    /* cost[i % 3][j]: distance of the first i bytes of a to the first j of b; a swap looks two rows back. */
    size_t cost[3][TLM_SUGGEST_SIZE_MAX + 1];
    for (size_t j = 0; j <= b_size; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = cost[i % 3];
        const size_t *above = cost[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t replaced = above[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = least(row[j], cost[(i - 2) % 3][j - 2] + 1);
        }
    }
    return cost[a_size % 3][b_size];
}

tlm_suggest tlm_suggest_begin(const char *wanted)
{
    return (tlm_suggest){.wanted = wanted, .distance = SIZE_MAX};
}

void tlm_suggest_offer(tlm_suggest *search, const char *candidate)
{
    size_t distance = tlm_suggest_distance(search->wanted, candidate);
    /* A third of the word may be wrong: more would suggest what has nothing to do with it. */
    size_t most = (strlen(search->wanted) + 2) / 3;
    if (distance <= most && distance < search->distance) {
        search->nearest = candidate;
        search->distance = distance;
    }
}

const char *tlm_suggest_format(const tlm_suggest *search, char out[static TLM_SUGGEST_TEXT_SIZE])
{
    out[0] = '\0';
    if (search->nearest)
        (void)snprintf(out, TLM_SUGGEST_TEXT_SIZE, "; did you mean '%s'?", search->nearest);
    return out;
}
