/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"
#include "loop_inside.h"

#include <stdlib.h>

/* --- what a room knows ----------------------------------------------------------------------------------------- */

static int64_t time_of(const tlm_ws_row *row, uint32_t column)
{
    return row->values[column].cell.as.integer;
}

/* Takes a window over if it is not older than the one at hand, and a final one over an early one. */
static void use_window(tlm_ws_room *room, tlm_ws_row *window)
{
    if (room->window) {
        int64_t known_ns = time_of(room->window, TLM_WS_WINDOW_END), end_ns = time_of(window, TLM_WS_WINDOW_END);
        if (end_ns < known_ns || (end_ns == known_ns && room->window->is_final && !window->is_final)) {
            free(window);
            return;
        }
        free(room->window);
    }
    room->window = window;
}

static void use_status(tlm_ws_room *room, tlm_ws_row *status)
{
    free(room->status);
    room->status = status;
}

static void use_feed(tlm_ws_loop *loop, tlm_ws_room *room)
{
    tlm_ws_row *window, *status;

    tlm_ws_feed_take(loop->feed, room->slot, &window, &status);
    if (window)
        use_window(room, window);
    if (status)
        use_status(room, status);
}

static void remove_moment(tlm_ws_room *room, uint32_t index)
{
    free(room->moments[index]);
    room->moment_count--;
    memmove(room->moments + index, room->moments + index + 1, (room->moment_count - index) * sizeof(tlm_ws_row *));
}

static void remove_revised(tlm_ws_room *room, tlm_text id)
{
    for (uint32_t i = 0; i < room->moment_count; i++)
        if (tlm_text_equal(tlm_ws_row_text(room->moments[i], TLM_WS_MOMENT_ID), id)) {
            remove_moment(room, i);
            return;
        }
}

/* Takes a moment over, in the order of their peaks; a revision takes the place of what it revises. */
static void use_moment(tlm_ws_room *room, tlm_ws_row *moment)
{
    int64_t peak_ns = time_of(moment, TLM_WS_MOMENT_PEAK);
    uint32_t at = 0;

    remove_revised(room, tlm_ws_row_text(moment, TLM_WS_MOMENT_ID));
    while (at < room->moment_count && time_of(room->moments[at], TLM_WS_MOMENT_PEAK) > peak_ns)
        at++;
    if (at == TLM_WS_RECENT_MAX) {
        free(moment);
        return;
    }
    if (room->moment_count == TLM_WS_RECENT_MAX)
        remove_moment(room, TLM_WS_RECENT_MAX - 1);
    memmove(room->moments + at + 1, room->moments + at, (room->moment_count - at) * sizeof(tlm_ws_row *));
    room->moments[at] = moment;
    room->moment_count++;
}

static void forget_old_moments(tlm_ws_loop *loop, tlm_ws_room *room)
{
    int64_t since_ns = tlm_ws_feed_now_ns(loop->feed) - TLM_WS_RECENT_NS;

    while (room->moment_count > 0 && time_of(room->moments[room->moment_count - 1], TLM_WS_MOMENT_PEAK) < since_ns)
        remove_moment(room, room->moment_count - 1);
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/: the ids are hashes themselves. */
static uint64_t hash_of(tlm_text id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < id.size; i++)
        hash = (hash ^ (unsigned char)id.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Whether a moment is told for the first time; notes that it is. */
static bool is_news(tlm_ws_room *room, const tlm_ws_row *moment)
{
    uint64_t hash = hash_of(tlm_ws_row_text(moment, TLM_WS_MOMENT_ID));
    uint32_t count = room->told_count < TLM_WS_TOLD_MAX ? room->told_count : TLM_WS_TOLD_MAX;

    for (uint32_t i = 0; i < count; i++)
        if (room->told[i] == hash)
            return false;
    room->told[room->told_count % TLM_WS_TOLD_MAX] = hash;
    room->told_count++;
    /* Keeps its place in the ring without ever running over. */
    if (room->told_count == 2 * TLM_WS_TOLD_MAX)
        room->told_count = TLM_WS_TOLD_MAX;
    return true;
}

/* --- sending --------------------------------------------------------------------------------------------------- */

static tlm_ws_frame *write_update(tlm_ws_loop *loop, const tlm_ws_room *room, uint32_t path)
{
    const tlm_ws_values values = {
        .stream_id = {room->id, room->id_size},
        .window = room->window,
        .status = room->status,
        .moments = (const tlm_ws_row *const *)room->moments,
        .moment_count = room->moment_count,
    };

    return tlm_ws_json_update(&loop->scratch, path, &values);
}

/* To all of one path; takes the frame. Those that cannot be served end on the way. */
static void send_all(tlm_ws_loop *loop, tlm_ws_room *room, uint32_t path, tlm_ws_frame *frame)
{
    tlm_ws_client *next;

    if (!frame)
        return; /* no memory: the next update may find some */
    for (tlm_ws_client *client = TAILQ_FIRST(&room->clients[path]); client; client = next) {
        next = TAILQ_NEXT(client, in_room);
        tlm_ws_client_send(loop, client, frame);
    }
    tlm_ws_frame_unref(frame);
}

static void send_updates(tlm_ws_loop *loop, tlm_ws_room *room)
{
    forget_old_moments(loop, room);
    for (uint32_t path = 0; path < TLM_WS_PATHS; path++)
        if (!TAILQ_EMPTY(&room->clients[path]))
            send_all(loop, room, path, write_update(loop, room, path));
}

/* The recent moments, oldest first. */
static void send_moments(tlm_ws_loop *loop, const tlm_ws_room *room, tlm_ws_client *client)
{
    for (uint32_t i = room->moment_count; i-- > 0 && client->state == TLM_WS_CLIENT_OPEN;) {
        tlm_ws_frame *frame = tlm_ws_json_moment(&loop->scratch, room->moments[i]);
        if (frame)
            tlm_ws_client_send(loop, client, frame);
        tlm_ws_frame_unref(frame);
    }
}

/* --- life of a room -------------------------------------------------------------------------------------------- */

static void destroy_room(tlm_ws_loop *loop, tlm_ws_room *room)
{
    TAILQ_REMOVE(room->is_asking ? &loop->asking : &loop->due, room, in_due);
    tlm_ws_feed_close(loop->feed, room->slot, room->window);
    free(room->status);
    while (room->moment_count > 0)
        remove_moment(room, room->moment_count - 1);
    free(room);
}

static void release(tlm_ws_loop *loop, tlm_ws_room *room)
{
    if (--room->busy == 0 && room->client_count == 0)
        destroy_room(loop, room);
}

/* The first update of a room, to all that have come meanwhile. */
static void begin_updates(tlm_ws_loop *loop, tlm_ws_room *room)
{
    tlm_ws_client *next;

    TAILQ_REMOVE(&loop->asking, room, in_due);
    room->is_asking = false;
    room->due_ms = loop->now_ms + loop->options.interval_ms;
    TAILQ_INSERT_TAIL(&loop->due, room, in_due);
    use_feed(loop, room);
    for (uint32_t i = room->moment_count; i-- > 0;)
        (void)is_news(room, room->moments[i]);
    room->busy++;
    send_updates(loop, room);
    for (tlm_ws_client *client = TAILQ_FIRST(&room->clients[TLM_WS_ENVELOPES]); client; client = next) {
        next = TAILQ_NEXT(client, in_room);
        send_moments(loop, room, client);
    }
    release(loop, room);
}

static tlm_ws_room *create_room(tlm_ws_loop *loop, tlm_text id)
{
    tlm_ws_room *room = calloc(1, sizeof *room + id.size);

    if (!room)
        return NULL;
    room->serial = ++loop->serial;
    room->id_size = (uint32_t)id.size;
    memcpy(room->id, id.data, id.size);
    for (uint32_t path = 0; path < TLM_WS_PATHS; path++)
        TAILQ_INIT(&room->clients[path]);
    room->slot = tlm_ws_feed_open(loop->feed, id, room);
    if (!room->slot) {
        free(room);
        return NULL;
    }
    room->is_asking = true;
    room->asked_ms = loop->now_ms;
    room->due_ms = loop->now_ms + TLM_WS_ASK_TIMEOUT_MS;
    TAILQ_INSERT_TAIL(&loop->asking, room, in_due);
    return room;
}

static void ask_store(tlm_ws_loop *loop, tlm_ws_room *room)
{
    tlm_text id = {room->id, room->id_size};
    int64_t since_ns = tlm_ws_feed_now_ns(loop->feed) - TLM_WS_RECENT_NS;

    if (!loop->asker || tlm_ws_asker_ask(loop->asker, id, room->serial, since_ns, loop->options.max_connections) < 0)
        begin_updates(loop, room);
}

static void send_frame(tlm_ws_loop *loop, tlm_ws_client *client, tlm_ws_frame *frame)
{
    if (frame)
        tlm_ws_client_send(loop, client, frame);
    tlm_ws_frame_unref(frame);
}

/* What one that comes later gets at once. */
static void send_first(tlm_ws_loop *loop, tlm_ws_room *room, tlm_ws_client *client)
{
    use_feed(loop, room);
    forget_old_moments(loop, room);
    send_frame(loop, client, write_update(loop, room, client->path));
    if (client->path == TLM_WS_ENVELOPES && client->state == TLM_WS_CLIENT_OPEN)
        send_moments(loop, room, client);
}

void tlm_ws_room_join(tlm_ws_loop *loop, tlm_ws_client *client, tlm_text stream_id)
{
    tlm_ws_room *room = tlm_ws_feed_find(loop->feed, stream_id);
    bool is_new = !room;

    if (is_new)
        room = create_room(loop, stream_id);
    if (!room) {
        tlm_ws_client_close(loop, client, TLM_WS_CLOSE_INTERNAL, "not enough memory");
        return;
    }
    room->busy++;
    client->room = room;
    TAILQ_INSERT_TAIL(&room->clients[client->path], client, in_room);
    tlm_ws_feed_count(loop->feed, room->slot, ++room->client_count);
    if (client->path == TLM_WS_FLAT)
        send_frame(loop, client, tlm_ws_json_connected(&loop->scratch, stream_id));
    if (is_new)
        ask_store(loop, room);
    else if (!room->is_asking && client->state == TLM_WS_CLIENT_OPEN)
        send_first(loop, room, client);
    release(loop, room);
}

void tlm_ws_room_leave(tlm_ws_loop *loop, tlm_ws_client *client)
{
    tlm_ws_room *room = client->room;

    if (!room)
        return;
    client->room = NULL;
    TAILQ_REMOVE(&room->clients[client->path], client, in_room);
    tlm_ws_feed_count(loop->feed, room->slot, --room->client_count);
    if (room->client_count == 0 && room->busy == 0)
        destroy_room(loop, room);
}

static bool is_feed_silent(const tlm_ws_loop *loop)
{
    return tlm_ws_feed_silent_ms(loop->feed) >= TLM_WS_ASK_AGAIN_MS;
}

/* What the feed does not bring, the store may know. */
static void ask_store_again(tlm_ws_loop *loop, tlm_ws_room *room)
{
    int64_t since_ns = tlm_ws_feed_now_ns(loop->feed) - TLM_WS_RECENT_NS;

    if (!loop->asker || room->asked_ms + TLM_WS_ASK_AGAIN_MS > loop->now_ms || !is_feed_silent(loop))
        return;
    /* One that is not asked now is with the next update. */
    if (tlm_ws_asker_ask(loop->asker, (tlm_text){room->id, room->id_size}, room->serial, since_ns,
                         TLM_WS_ASK_AGAIN_MAX) == 0)
        room->asked_ms = loop->now_ms;
}

/* --- what happens to rooms ------------------------------------------------------------------------------------- */

/* Tells the dashboards; the flat path has no word for it. */
static void tell_store_failure(tlm_ws_loop *loop, tlm_ws_room *room)
{
    if (!TAILQ_EMPTY(&room->clients[TLM_WS_ENVELOPES]))
        send_all(loop, room, TLM_WS_ENVELOPES,
                 tlm_ws_json_error(&loop->scratch, "store_unavailable",
                                   "what was stored of this stream cannot be read now; new values follow"));
}

/* Takes a moment over. While the room waits for its first update that will tell it. */
static void tell(tlm_ws_loop *loop, tlm_ws_room *room, tlm_ws_row *moment)
{
    if (!room->is_asking && is_news(room, moment) && !TAILQ_EMPTY(&room->clients[TLM_WS_ENVELOPES]))
        send_all(loop, room, TLM_WS_ENVELOPES, tlm_ws_json_moment(&loop->scratch, moment));
    use_moment(room, moment);
}

void tlm_ws_room_answer(tlm_ws_loop *loop, tlm_ws_question *question)
{
    tlm_ws_room *room = tlm_ws_feed_find(loop->feed, (tlm_text){question->stream_id, question->id_size});

    /* The room may have closed meanwhile, and another one opened. */
    if (room && room->serial == question->serial) {
        room->busy++;
        if (question->window)
            use_window(room, question->window);
        if (question->status && (!room->status || is_feed_silent(loop)))
            use_status(room, question->status);
        else
            free(question->status);
        for (uint32_t i = question->moment_count; i-- > 0;)
            tell(loop, room, question->moments[i]);
        if (question->result < 0 && room->is_asking)
            tell_store_failure(loop, room);
        question->window = question->status = NULL;
        question->moment_count = 0;
        if (room->is_asking)
            begin_updates(loop, room);
        release(loop, room);
    }
    tlm_ws_question_destroy(question);
}

void tlm_ws_rooms_tell(tlm_ws_loop *loop)
{
    tlm_ws_row *moment;
    void *found;

    while ((moment = tlm_ws_feed_take_moment(loop->feed, &found)) != NULL) {
        tlm_ws_room *room = found;
        room->busy++;
        tell(loop, room, moment);
        release(loop, room);
    }
}

/* The next update is one interval after this one was due, unless that has passed too. */
static void update(tlm_ws_loop *loop, tlm_ws_room *room)
{
    TAILQ_REMOVE(&loop->due, room, in_due);
    room->due_ms += loop->options.interval_ms;
    if (room->due_ms <= loop->now_ms)
        room->due_ms = loop->now_ms + loop->options.interval_ms;
    TAILQ_INSERT_TAIL(&loop->due, room, in_due);
    use_feed(loop, room);
    ask_store_again(loop, room);
    room->busy++;
    send_updates(loop, room);
    release(loop, room);
}

void tlm_ws_rooms_update(tlm_ws_loop *loop)
{
    tlm_ws_room *room;

    while ((room = TAILQ_FIRST(&loop->asking)) != NULL && room->due_ms <= loop->now_ms)
        begin_updates(loop, room);
    while ((room = TAILQ_FIRST(&loop->due)) != NULL && room->due_ms <= loop->now_ms)
        update(loop, room);
}
