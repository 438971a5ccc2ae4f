/* SPDX-License-Identifier: Apache-2.0 */
/* When a moment begins, moves its peak and ends: the same for all metrics that are followed row by row.
 *
 * It begins when a reading reaches the threshold, and goes on (hysteresis) as long as readings reach half of it. After
 * that it is over only when none has for `merge_slides`; one that comes before belongs to it still (merging of near
 * peaks). What lasts longer than TLM_EPISODE_SLIDES_MAX ends too: it is no moment but the new state of things. */
#ifndef TLM_MOMENTS_EPISODE_H
#define TLM_MOMENTS_EPISODE_H

#include <stdbool.h>
#include <stdint.h>

/* Slides after which what was out of the ordinary counts as usual. Ten minutes of slides of 10 s. */
#define TLM_EPISODE_SLIDES_MAX 60
/* A higher peak that comes so many slides after the last one is a moment of its own. Three minutes of slides of 10 s.
 */
#define TLM_EPISODE_PEAK_SLIDES_MAX 18
/* Times that one moment is emitted at most, the first included. */
#define TLM_EPISODE_ROWS_MAX 20

typedef struct {
    int64_t id_ms;          /* start of the first window that raised it */
    int64_t started_ns;     /* where readings began to stand out */
    int64_t stands_out_ns;  /* since when readings of one direction stand out without a break; INT64_MIN: they do not */
    double peak;            /* highest |z|, to within what is worth a row */
    int8_t direction;       /* 1 up, -1 down; 0: none is open */
    int8_t stands_out;      /* direction of stands_out_ns */
    uint8_t rows;           /* emitted */
    uint16_t slides, quiet; /* since it, or the ones it follows without a break, began; since a reading reached half of
                               the threshold */
    uint16_t peak_slides;   /* since its peak */
} tlm_episode;

typedef struct {
    double threshold;
    uint32_t merge_slides;
} tlm_episode_rules;

/* One reading of a metric. */
typedef struct {
    int64_t window_start_ns, slide_start_ns;
    uint32_t slides; /* since the last reading; at least 1 */
    double z;
    bool may_raise; /* it is large enough in other respects to begin a moment */
} tlm_reading;

enum {
    TLM_EPISODE_NONE,    /* nothing is open: the reading may be learned */
    TLM_EPISODE_GOES_ON, /* one is open and has nothing new */
    TLM_EPISODE_RAISED,  /* one began with this reading: emit it */
    TLM_EPISODE_REVISED, /* its peak moved on to this reading: emit it again */
    TLM_EPISODE_OVER,    /* it ended with this reading, by itself */
    TLM_EPISODE_LASTED   /* it ended because it lasts */
};

void tlm_episode_init(tlm_episode *episode);

/* Nothing was to be seen for so long that whatever was open is over. */
void tlm_episode_end(tlm_episode *episode);
/* Takes the next reading; what it means. */
int tlm_episode_take(tlm_episode *episode, const tlm_episode_rules *rules, const tlm_reading *reading);

#endif
