/* SPDX-License-Identifier: Apache-2.0 */
#include "roster.h"

#include <stdlib.h>

enum { CAPACITY_MIN = 1024 };

/* One cache line has both: a lookup wants both. */
typedef struct {
    uint64_t user; /* 0: free */
    int64_t last;  /* number of the last pane that had the user */
} place;

struct tlm_roster {
    place *places;     /* owned; open addressing by the high bits of the user */
    uint32_t capacity; /* a power of two */
    uint32_t used;     /* users noted, those of panes gone by too */
    uint32_t live;     /* users of the window that ended last */
    uint32_t pane_count;
    int64_t end;       /* number of the pane behind that window */
    uint32_t counts[]; /* users whose last pane it is, by pane number modulo pane_count */
};

/* Panes are numbered from one duration before 1970, where the first window begins at the earliest. */
static int64_t number_of(const tlm_geometry *geometry, int64_t start_ns)
{
    return (start_ns + geometry->duration_ns) / geometry->slide_ns;
}

static int allocate(tlm_roster *roster, uint32_t capacity)
{
    place *places = calloc(capacity, sizeof *places);
    if (!places)
        return -ENOMEM;
    roster->places = places;
    roster->capacity = capacity;
    roster->used = 0;
    return 0;
}

static tlm_roster *create(uint32_t pane_count)
{
    tlm_roster *roster = calloc(1, sizeof *roster + pane_count * sizeof *roster->counts);
    if (!roster)
        return NULL;
    roster->pane_count = pane_count;
    if (allocate(roster, CAPACITY_MIN) == 0)
        return roster;
    free(roster);
    return NULL;
}

void tlm_roster_destroy(tlm_roster *roster)
{
    if (!roster)
        return;
    free(roster->places);
    free(roster);
}

size_t tlm_roster_size_bytes(const tlm_roster *roster)
{
    if (!roster)
        return 0;
    return sizeof *roster + roster->pane_count * sizeof *roster->counts + roster->capacity * sizeof *roster->places;
}

/* Whether a pane lies in the window that ends before pane `end`. */
static bool is_inside(const tlm_roster *roster, int64_t pane)
{
    return pane < roster->end && pane >= roster->end - roster->pane_count;
}

static uint32_t *count_of(tlm_roster *roster, int64_t pane)
{
    return &roster->counts[pane % roster->pane_count];
}

/* The place that holds the user, or the free one where it belongs. */
static place *place_of(const tlm_roster *roster, uint64_t user)
{
    uint32_t at = tlm_flat_home(user, roster->capacity);
    while (roster->places[at].user && roster->places[at].user != user)
        at = (at + 1) & (roster->capacity - 1);
    return &roster->places[at];
}

/* Makes room: users of panes gone by are left behind, and if that is not enough the table grows. */
static int make_room(tlm_roster *roster)
{
    tlm_roster old = *roster;
    if (allocate(roster, roster->live > roster->capacity / 3 ? roster->capacity * 2 : roster->capacity) < 0)
        return -ENOMEM;
    for (uint32_t i = 0; i < old.capacity; i++) {
        if (!old.places[i].user || !is_inside(roster, old.places[i].last))
            continue;
        *place_of(roster, old.places[i].user) = old.places[i];
        roster->used++;
    }
    free(old.places);
    return 0;
}

static int note(tlm_roster *roster, int64_t pane, uint64_t user)
{
    if (roster->used >= roster->capacity / 4 * 3 && make_room(roster) < 0)
        return -ENOMEM;
    place *known = place_of(roster, user);
    if (!known->user) {
        known->user = user;
        roster->used++;
        roster->live++;
    } else if (!is_inside(roster, known->last)) {
        roster->live++;
    } else if (pane > known->last) {
        --*count_of(roster, known->last);
    } else {
        return 0;
    }
    known->last = pane;
    ++*count_of(roster, pane);
    return 0;
}

int tlm_roster_note(tlm_roster *roster, const tlm_geometry *geometry, int64_t pane_start_ns, uint64_t user)
{
    if (!roster)
        return 0;
    int64_t pane = number_of(geometry, pane_start_ns);
    return is_inside(roster, pane) ? note(roster, pane, user) : 0;
}

/* Moves the window on until it ends before pane `end`: the panes that it leaves behind count no more. */
static void move_on(tlm_roster *roster, int64_t end)
{
    if (end - roster->end >= roster->pane_count) {
        memset(roster->places, 0, roster->capacity * sizeof *roster->places);
        memset(roster->counts, 0, roster->pane_count * sizeof *roster->counts);
        roster->used = roster->live = 0;
        roster->end = end;
        return;
    }
    for (; roster->end != end; roster->end++) {
        uint32_t *leaving = count_of(roster, roster->end); /* of the pane a window before the one that comes in */
        roster->live -= *leaving;
        *leaving = 0;
    }
}

static int take_in(tlm_roster *roster, int64_t number, const tlm_pane *pane)
{
    tlm_chatter chatter;
    for (uint32_t cursor = 0; tlm_chatter_set_next(&pane->chatters, &cursor, &chatter);)
        if (note(roster, number, chatter.user) < 0)
            return -ENOMEM;
    return 0;
}

/* Chatters that the panes hold, each its own; SIZE_MAX when a pane has only a sketch. */
static size_t size_of(const tlm_pane_ref *panes, uint32_t pane_count)
{
    size_t size = 0;
    for (uint32_t i = 0; i < pane_count; i++) {
        if (panes[i].pane->sketch)
            return SIZE_MAX;
        size += tlm_chatter_set_count(&panes[i].pane->chatters);
    }
    return size;
}

int tlm_roster_count(tlm_roster **roster, const tlm_geometry *geometry, const tlm_pane_ref *panes, uint32_t pane_count,
                     int64_t end_ns, uint64_t *ret_count)
{
    uint32_t window_panes = (uint32_t)(geometry->duration_ns / geometry->slide_ns);
    size_t size = size_of(panes, pane_count);
    bool is_wanted =
        window_panes > 1 && size >= (*roster ? TLM_ROSTER_END : TLM_ROSTER_BEGIN) && size <= TLM_ROSTER_MAX;
    if (!is_wanted) {
        tlm_roster_destroy(*roster);
        *roster = NULL;
        return 0;
    }
    if (!*roster && !(*roster = create(window_panes)))
        return -ENOMEM;
    int64_t known = (*roster)->end; /* panes before it were taken in earlier */
    move_on(*roster, number_of(geometry, end_ns));
    for (uint32_t i = 0; i < pane_count; i++) {
        int64_t number = number_of(geometry, panes[i].start_ns);
        if (number >= known && take_in(*roster, number, panes[i].pane) < 0)
            return -ENOMEM;
    }
    *ret_count = (*roster)->live;
    return 1;
}
