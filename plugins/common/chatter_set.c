#include "common/chatter_set.h"

#include <assert.h>

static tlm_flat_entry entry_of(uint64_t user, uint32_t mark)
{
    return (tlm_flat_entry){.key = user, .tail = mark | TLM_CHATTER_USED};
}

void tlm_chatter_set_finish(tlm_chatter_set *set)
{
    if (set)
        tlm_flat_finish(&set->flat);
}

int tlm_chatter_set_add(tlm_chatter_set *set, uint64_t user, uint32_t mark)
{
    assert(mark < TLM_CHATTER_USED);
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

int tlm_chatter_set_freeze(tlm_chatter_set *set)
{
    return tlm_flat_freeze(&set->flat, TLM_FLAT_KEYED);
}
