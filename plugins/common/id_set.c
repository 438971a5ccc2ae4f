#include "common/id_set.h"

static tlm_flat_entry entry_of(tlm_id id)
{
    return (tlm_flat_entry){.key = id.high, .tail = id.low};
}

void tlm_id_set_finish(tlm_id_set *set)
{
    if (set)
        tlm_flat_finish(&set->flat);
}

int tlm_id_set_add(tlm_id_set *set, tlm_id id)
{
    return tlm_flat_add(&set->flat, entry_of(id), TLM_FLAT_WHOLE);
}

bool tlm_id_set_has(const tlm_id_set *set, tlm_id id)
{
    return tlm_flat_has(&set->flat, entry_of(id), TLM_FLAT_WHOLE);
}

int tlm_id_set_reserve(tlm_id_set *set, size_t count)
{
    return tlm_flat_reserve(&set->flat, count, TLM_FLAT_WHOLE);
}

int tlm_id_set_freeze(tlm_id_set *set)
{
    return tlm_flat_freeze(&set->flat, TLM_FLAT_WHOLE);
}
