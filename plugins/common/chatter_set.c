#include "common/chatter_set.h"

#include <assert.h>

/* Set in every stored tail, so that no chatter looks like a free slot, whatever its hash and mark. */
static const uint32_t used_bit = UINT32_C(1) << 31;

static tlm_flat_entry entry_of(uint64_t user, uint32_t mark)
{
    return (tlm_flat_entry){.key = user, .tail = mark | used_bit};
}

void tlm_chatter_set_finish(tlm_chatter_set *set)
{
    if (set)
        tlm_flat_finish(&set->flat);
}

int tlm_chatter_set_add(tlm_chatter_set *set, uint64_t user, uint32_t mark)
{
    assert(mark < used_bit);
    return tlm_flat_add(&set->flat, entry_of(user, mark), TLM_FLAT_KEYED);
}

bool tlm_chatter_set_has(const tlm_chatter_set *set, uint64_t user)
{
    return tlm_flat_has(&set->flat, entry_of(user, 0), TLM_FLAT_KEYED);
}

int tlm_chatter_set_reserve(tlm_chatter_set *set, size_t count)
{
    return tlm_flat_reserve(&set->flat, count, TLM_FLAT_KEYED);
}

size_t tlm_chatter_set_count(const tlm_chatter_set *set)
{
    return tlm_flat_count(&set->flat);
}

bool tlm_chatter_set_next(const tlm_chatter_set *set, uint32_t *cursor, tlm_chatter *ret_chatter)
{
    tlm_flat_entry entry;

    if (!tlm_flat_next(&set->flat, cursor, TLM_FLAT_KEYED, &entry))
        return false;
    *ret_chatter = (tlm_chatter){.user = entry.key, .mark = (uint32_t)entry.tail & ~used_bit};
    return true;
}

int tlm_chatter_set_freeze(tlm_chatter_set *set)
{
    return tlm_flat_freeze(&set->flat, TLM_FLAT_KEYED);
}

size_t tlm_chatter_set_size_bytes(const tlm_chatter_set *set)
{
    return (size_t)set->flat.capacity * TLM_FLAT_KEYED;
}
