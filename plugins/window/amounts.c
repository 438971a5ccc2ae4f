/* SPDX-License-Identifier: Apache-2.0 */
#include "amounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first item of this currency or of one behind it. */
static uint32_t position_of(const tlm_amounts *amounts, const char *currency)
{
    uint32_t first = 0;
    uint32_t left = amounts->count;
    while (left > 0) {
        uint32_t half = left / 2;
        int is_before = memcmp(amounts->items[first + half].currency, currency, 3) < 0;
        first = is_before ? first + half + 1 : first;
        left = is_before ? left - half - 1 : half;
    }
    return first;
}

int tlm_amounts_add(tlm_amounts *amounts, const char currency[static 3], tlm_wide units)
{
    uint32_t at = position_of(amounts, currency);
    if (at < amounts->count && memcmp(amounts->items[at].currency, currency, 3) == 0) {
        amounts->items[at].units += units;
        return 0;
    }
    if (amounts->count == amounts->capacity) {
        uint32_t capacity = amounts->capacity ? amounts->capacity * 2 : 1;
        tlm_amount *items = realloc(amounts->items, capacity * sizeof *items);
        if (!items)
            return -ENOMEM;
        amounts->items = items;
        amounts->capacity = capacity;
    }
    memmove(amounts->items + at + 1, amounts->items + at, (amounts->count - at) * sizeof *amounts->items);
    amounts->items[at] = (tlm_amount){.units = units};
    memcpy(amounts->items[at].currency, currency, 3);
    amounts->count++;
    return 0;
}

void tlm_amounts_clear(tlm_amounts *amounts)
{
    amounts->count = 0;
}

void tlm_amounts_finish(tlm_amounts *amounts)
{
    if (!amounts)
        return;
    free(amounts->items);
    *amounts = (tlm_amounts){0};
}
