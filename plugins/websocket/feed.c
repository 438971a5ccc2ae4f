/* SPDX-License-Identifier: Apache-2.0 */
#include "feed.h"

#include "common/clock.h"

#include "slots.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* One dataset: only the first one of its name that has what is needed is looked at. */
typedef struct source {
    const tlm_ws_view *view;
    const tlm_dataset *dataset;
    tlm_ws_map map;
} source;

struct tlm_ws_feed {
    uint32_t max_streams;
    void (*wake)(void *context);
    void *context;
    pthread_mutex_t mutex; /* guards all below */
    source windows, streams, moments;
    tlm_ws_slots slots;
    uint32_t open_count;
    TAILQ_HEAD(, tlm_ws_slot) news;
    LIST_HEAD(, tlm_ws_slot) open;
    int64_t newest_end_ns; /* of any stream */
    int64_t lag_ns;        /* how far that was behind the clock when it came */
    int64_t received_ms;   /* monotonic, when a window came last */
    uint64_t lost;
};

static int64_t clock_ns(void)
{
    struct timespec now;

    /* Cannot fail: the clock exists on every Linux. */
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- slots ------------------------------------------------------------------------------------------------------ */

static void drop_moment(tlm_ws_slot *slot)
{
    tlm_ws_moment *oldest = STAILQ_FIRST(&slot->moments);

    STAILQ_REMOVE_HEAD(&slot->moments, link);
    slot->moment_count--;
    free(oldest->row);
    free(oldest);
}

static void drop_moments(tlm_ws_feed *feed, tlm_ws_slot *slot)
{
    if (slot->moment_count > 0)
        TAILQ_REMOVE(&feed->news, slot, news);
    while (slot->moment_count > 0)
        drop_moment(slot);
}

static void forget(tlm_ws_feed *feed, tlm_ws_slot *slot)
{
    drop_moments(feed, slot);
    tlm_ws_slots_remove(&feed->slots, slot);
}

static tlm_ws_slot *find(const tlm_ws_feed *feed, tlm_text id)
{
    return tlm_ws_slots_find(&feed->slots, id, tlm_ws_slots_key(&feed->slots, id));
}

/* --- life ------------------------------------------------------------------------------------------------------ */

int tlm_ws_feed_create(uint32_t max_streams, uint64_t seed, void (*wake)(void *context), void *context,
                       tlm_ws_feed **ret_feed)
{
    tlm_ws_feed *feed = calloc(1, sizeof *feed);

    if (!feed)
        return -ENOMEM;
    *feed = (tlm_ws_feed){.max_streams = max_streams,
                          .wake = wake,
                          .context = context,
                          .mutex = PTHREAD_MUTEX_INITIALIZER,
                          .windows = {.view = &tlm_ws_windows_view},
                          .streams = {.view = &tlm_ws_streams_view},
                          .moments = {.view = &tlm_ws_moments_view},
                          .newest_end_ns = INT64_MIN,
                          .received_ms = tlm_clock_ms()};
    TAILQ_INIT(&feed->news);
    LIST_INIT(&feed->open);
    if (tlm_ws_slots_init(&feed->slots, seed) < 0) {
        free(feed);
        return -ENOMEM;
    }
    *ret_feed = feed;
    return 0;
}

void tlm_ws_feed_destroy(tlm_ws_feed *feed)
{
    if (!feed)
        return;
    tlm_ws_slot *slot;
    while ((slot = tlm_ws_slots_any(&feed->slots)) != NULL)
        forget(feed, slot);
    tlm_ws_slots_finish(&feed->slots);
    pthread_mutex_destroy(&feed->mutex);
    free(feed);
}

/* --- what lanes bring ------------------------------------------------------------------------------------------ */

static bool is_usable(source *from, const tlm_dataset *dataset)
{
    if (!from->dataset && tlm_ws_map_init(&from->map, from->view, dataset))
        from->dataset = dataset;
    return from->dataset == dataset;
}

static tlm_text stream_of(const tlm_cell *cell)
{
    return (tlm_text){cell->as.text, cell->size};
}

static void keep_window(tlm_ws_feed *feed, tlm_ws_slot *slot, const tlm_cell *row, int64_t end_ns, bool is_final)
{
    tlm_ws_row *copy = tlm_ws_row_create(&feed->windows.map, row, is_final);

    if (!copy)
        return; /* the next one may find memory */
    free(slot->window);
    slot->window = copy;
    slot->newest_end_ns = end_ns;
    slot->has_newest = true;
    slot->is_newest_final = is_final;
}

static bool is_newer(const tlm_ws_slot *slot, int64_t end_ns, bool is_final)
{
    return !slot->has_newest || end_ns > slot->newest_end_ns ||
           (end_ns == slot->newest_end_ns && (is_final || !slot->is_newest_final));
}

static void receive_window(tlm_ws_feed *feed, const tlm_cell *row, bool is_final)
{
    const tlm_ws_map *map = &feed->windows.map;
    tlm_cell stream = tlm_ws_map_cell(map, row, TLM_WS_WINDOW_STREAM);
    int64_t end_ns = tlm_ws_map_cell(map, row, TLM_WS_WINDOW_END).as.integer;
    uint64_t key = tlm_ws_slots_key(&feed->slots, stream_of(&stream));
    tlm_ws_slot *slot = tlm_ws_slots_find(&feed->slots, stream_of(&stream), key);

    if (end_ns > feed->newest_end_ns)
        feed->newest_end_ns = end_ns;
    if (!slot && !is_final && feed->slots.count - feed->open_count < feed->max_streams)
        slot = tlm_ws_slots_add(&feed->slots, stream_of(&stream), key);
    if (!slot || !is_newer(slot, end_ns, is_final))
        return;
    if (is_final && !slot->room)
        forget(feed, slot); /* the store has it */
    else
        keep_window(feed, slot, row, end_ns, is_final);
}

void tlm_ws_feed_receive_windows(void *context, const tlm_rows *rows)
{
    tlm_ws_feed *feed = context;

    pthread_mutex_lock(&feed->mutex);
    int64_t before_ns = feed->newest_end_ns;
    feed->received_ms = tlm_clock_ms();
    bool is_known = is_usable(&feed->windows, rows->dataset);
    for (uint32_t i = 0; i < rows->row_count && is_known; i++)
        if (tlm_ws_map_is_usable(&feed->windows.map, tlm_rows_at(rows, i)))
            receive_window(feed, tlm_rows_at(rows, i), (rows->flags & TLM_ROWS_FINAL) != 0);
    if (feed->newest_end_ns > before_ns) {
        int64_t lag_ns = clock_ns() - feed->newest_end_ns;
        feed->lag_ns = lag_ns > 0 ? lag_ns : 0; /* an early window ends after the present */
    }
    pthread_mutex_unlock(&feed->mutex);
}

/* The slot of a row's stream if that is open. */
static tlm_ws_slot *open_slot_of(const tlm_ws_feed *feed, const source *from, const tlm_cell *row, uint32_t column)
{
    if (!tlm_ws_map_is_usable(&from->map, row))
        return NULL;
    tlm_cell stream = tlm_ws_map_cell(&from->map, row, column);
    tlm_ws_slot *slot = find(feed, stream_of(&stream));
    return slot && slot->room ? slot : NULL;
}

void tlm_ws_feed_receive_streams(void *context, const tlm_rows *rows)
{
    tlm_ws_feed *feed = context;

    pthread_mutex_lock(&feed->mutex);
    bool is_known = feed->open_count > 0 && is_usable(&feed->streams, rows->dataset);
    for (uint32_t i = 0; i < rows->row_count && is_known; i++) {
        const tlm_cell *row = tlm_rows_at(rows, i);
        tlm_ws_slot *slot = open_slot_of(feed, &feed->streams, row, TLM_WS_STREAM_STREAM);
        tlm_ws_row *copy = slot ? tlm_ws_row_create(&feed->streams.map, row, true) : NULL;
        if (!copy)
            continue;
        free(slot->status);
        slot->status = copy;
    }
    pthread_mutex_unlock(&feed->mutex);
}

/* True: there was no news before. */
static bool keep_moment(tlm_ws_feed *feed, tlm_ws_slot *slot, const tlm_cell *row)
{
    bool is_first = TAILQ_EMPTY(&feed->news);
    tlm_ws_moment *moment = calloc(1, sizeof *moment);

    if (moment)
        moment->row = tlm_ws_row_create(&feed->moments.map, row, true);
    if (!moment || !moment->row) {
        free(moment);
        feed->lost++;
        return false;
    }
    if (slot->moment_count == TLM_WS_MOMENTS_WAITING) {
        drop_moment(slot);
        feed->lost++;
    } else if (slot->moment_count == 0) {
        TAILQ_INSERT_TAIL(&feed->news, slot, news);
    }
    STAILQ_INSERT_TAIL(&slot->moments, moment, link);
    slot->moment_count++;
    return is_first;
}

void tlm_ws_feed_receive_moments(void *context, const tlm_rows *rows)
{
    tlm_ws_feed *feed = context;
    bool must_wake = false;

    pthread_mutex_lock(&feed->mutex);
    bool is_known = feed->open_count > 0 && is_usable(&feed->moments, rows->dataset);
    for (uint32_t i = 0; i < rows->row_count && is_known; i++) {
        const tlm_cell *row = tlm_rows_at(rows, i);
        tlm_ws_slot *slot = open_slot_of(feed, &feed->moments, row, TLM_WS_MOMENT_STREAM);
        if (slot && keep_moment(feed, slot, row))
            must_wake = true;
    }
    pthread_mutex_unlock(&feed->mutex);
    if (must_wake)
        feed->wake(feed->context);
}

/* --- what the loop takes --------------------------------------------------------------------------------------- */

void *tlm_ws_feed_find(tlm_ws_feed *feed, tlm_text stream_id)
{
    pthread_mutex_lock(&feed->mutex);
    const tlm_ws_slot *slot = find(feed, stream_id);
    void *room = slot ? slot->room : NULL;
    pthread_mutex_unlock(&feed->mutex);
    return room;
}

tlm_ws_slot *tlm_ws_feed_open(tlm_ws_feed *feed, tlm_text stream_id, void *room)
{
    uint64_t key = tlm_ws_slots_key(&feed->slots, stream_id);

    pthread_mutex_lock(&feed->mutex);
    tlm_ws_slot *slot = tlm_ws_slots_find(&feed->slots, stream_id, key);
    if (!slot)
        slot = tlm_ws_slots_add(&feed->slots, stream_id, key);
    if (slot) {
        slot->room = room;
        feed->open_count++;
        LIST_INSERT_HEAD(&feed->open, slot, open);
    }
    pthread_mutex_unlock(&feed->mutex);
    return slot;
}

void tlm_ws_feed_close(tlm_ws_feed *feed, tlm_ws_slot *slot, tlm_ws_row *window)
{
    pthread_mutex_lock(&feed->mutex);
    LIST_REMOVE(slot, open);
    slot->room = NULL;
    feed->open_count--;
    if (slot->window) {
        free(window); /* a newer one has come */
    } else {
        slot->window = window;
    }
    bool is_kept = slot->window && !slot->window->is_final && !slot->is_newest_final && slot->has_newest &&
                   feed->slots.count - feed->open_count <= feed->max_streams;
    drop_moments(feed, slot);
    free(slot->status);
    slot->status = NULL;
    if (!is_kept)
        forget(feed, slot);
    pthread_mutex_unlock(&feed->mutex);
}

void tlm_ws_feed_count(tlm_ws_feed *feed, tlm_ws_slot *slot, uint32_t connections)
{
    pthread_mutex_lock(&feed->mutex);
    slot->connections = connections;
    pthread_mutex_unlock(&feed->mutex);
}

void tlm_ws_feed_take(tlm_ws_feed *feed, tlm_ws_slot *slot, tlm_ws_row **ret_window, tlm_ws_row **ret_status)
{
    pthread_mutex_lock(&feed->mutex);
    *ret_window = slot->window;
    *ret_status = slot->status;
    slot->window = slot->status = NULL;
    pthread_mutex_unlock(&feed->mutex);
}

tlm_ws_row *tlm_ws_feed_take_moment(tlm_ws_feed *feed, void **ret_room)
{
    tlm_ws_row *row = NULL;

    pthread_mutex_lock(&feed->mutex);
    tlm_ws_slot *slot = TAILQ_FIRST(&feed->news);
    if (slot) {
        tlm_ws_moment *moment = STAILQ_FIRST(&slot->moments);
        *ret_room = slot->room;
        row = moment->row;
        STAILQ_REMOVE_HEAD(&slot->moments, link);
        free(moment);
        if (--slot->moment_count == 0)
            TAILQ_REMOVE(&feed->news, slot, news);
    }
    pthread_mutex_unlock(&feed->mutex);
    return row;
}

int64_t tlm_ws_feed_now_ns(tlm_ws_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    int64_t lag_ns = feed->lag_ns;
    pthread_mutex_unlock(&feed->mutex);
    return clock_ns() - lag_ns;
}

int64_t tlm_ws_feed_silent_ms(tlm_ws_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    int64_t received_ms = feed->received_ms;
    pthread_mutex_unlock(&feed->mutex);
    return tlm_clock_ms() - received_ms;
}

uint64_t tlm_ws_feed_lost(tlm_ws_feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    uint64_t lost = feed->lost;
    pthread_mutex_unlock(&feed->mutex);
    return lost;
}

void tlm_ws_feed_census(tlm_ws_feed *feed, tlm_json_writer *writer)
{
    const tlm_ws_slot *slot;
    uint64_t total = 0;

    pthread_mutex_lock(&feed->mutex);
    LIST_FOREACH(slot, &feed->open, open) total += slot->connections;
    TLM_JSON_KEY(writer, "active_streams");
    tlm_json_uint(writer, feed->open_count);
    TLM_JSON_KEY(writer, "total_connections");
    tlm_json_uint(writer, total);
    TLM_JSON_KEY(writer, "streams");
    tlm_json_begin_object(writer);
    LIST_FOREACH(slot, &feed->open, open)
    {
        tlm_json_key(writer, slot->id, slot->id_size);
        tlm_json_uint(writer, slot->connections);
    }
    tlm_json_end_object(writer);
    pthread_mutex_unlock(&feed->mutex);
}
