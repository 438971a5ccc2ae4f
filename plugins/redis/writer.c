/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include "common/clock.h"
#include "common/flush_queue.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

struct tlm_redis_writer {
    tlm_redis_shared *shared;
    tlm_redis_refill *refill;
    tlm_flush_queue *queue;
    /* of the queue's thread alone */
    tlm_redis_link link;
    tlm_redis_scripts scripts;
    uint64_t scripts_of; /* the link's opening that `scripts` belong to */
    tlm_redis_command command;
    tlm_redis_packer packer;
    bool has_missed; /* a flush was not written: the marker, if there is one, tells no truth */
};

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- what a flush becomes ---------------------------------------------------------------------------------------- */

static int keep_rows(tlm_redis_writer *writer, const tlm_rows *rows, tlm_error *error)
{
    tlm_redis_packer *packer = &writer->packer;
    /* A stream without a key had no such row for at least the time that rows are kept: plugins/redis/README.md. */
    int64_t floor_ns = clock_ns() - writer->shared->settings->recent_age_ms * 1000000;
    switch (packer->layout.keeps) {
    case TLM_REDIS_KEEPS_NEWEST:
    case TLM_REDIS_KEEPS_STATUS:
        return tlm_redis_pack_last(packer, rows->cells, rows->row_count, error);
    case TLM_REDIS_KEEPS_RECENT:
        return tlm_redis_pack_recent(packer, rows->cells, rows->row_count, floor_ns, false, error);
    default:
        return 0;
    }
}

static int publish_rows(tlm_redis_writer *writer, const tlm_rows *rows, tlm_error *error)
{
    int result = 0;
    for (uint32_t i = 0; i < rows->row_count && result == 0; i++)
        result = tlm_redis_pack_message(&writer->packer, rows->flags, tlm_rows_at(rows, i), error);
    return result < 0 ? result : tlm_redis_pack_publish(&writer->packer, error);
}

static int write_rows(tlm_redis_writer *writer, const tlm_rows *rows, const tlm_redis_origin *origin, tlm_error *error)
{
    tlm_redis_layout layout = tlm_redis_layout_of(rows->dataset);
    if (layout.stream == TLM_REDIS_NO_COLUMN || rows->row_count == 0)
        return 0;
    int result = tlm_redis_packer_begin(&writer->packer, &layout, origin, error);
    if (result == 0)
        result = tlm_redis_pack_table(&writer->packer, error);
    if (result == 0)
        result = keep_rows(writer, rows, error);
    return result < 0 ? result : publish_rows(writer, rows, error);
}

static int note_lane(tlm_redis_writer *writer, const tlm_flush *flush, tlm_error *error)
{
    const char *base = writer->shared->base;
    tlm_redis_command *command = &writer->command;
    tlm_redis_scripts_begin(&writer->scripts, TLM_REDIS_SCRIPT_LANE, 3, command);
    tlm_redis_command_key(command, base, "lanes", NULL, (tlm_text){0});
    tlm_redis_command_key(command, base, "marker", NULL, (tlm_text){0});
    tlm_redis_command_key(command, base, "fill", NULL, (tlm_text){0});
    tlm_redis_command_integer(command, flush->lane);
    tlm_redis_command_integer(command, (int64_t)flush->epoch);
    tlm_redis_command_integer(command, (int64_t)flush->sequence);
    return tlm_redis_link_add(&writer->link, command, error);
}

/* Rows first: once the lane's flush is noted, they are there. */
static int write_flush(tlm_redis_writer *writer, const tlm_flush *flush, tlm_error *error)
{
    tlm_redis_origin origin = {flush->lane, flush->epoch, flush->sequence};
    int result = 0;
    tlm_redis_link_begin(&writer->link);
    for (uint32_t i = 0; i < flush->rows_count && result == 0; i++)
        result = write_rows(writer, flush->rows[i], &origin, error);
    if (result == 0)
        result = note_lane(writer, flush, error);
    if (result == 0)
        result = tlm_redis_link_drain(&writer->link, error);
    else if (writer->link.context)
        tlm_redis_link_close(&writer->link); /* replies that nobody reads any more */
    return result;
}

/* --- the connection ---------------------------------------------------------------------------------------------- */

static int load_scripts(tlm_redis_writer *writer, tlm_error *error)
{
    int result = tlm_redis_scripts_load(&writer->scripts, &writer->link, error);
    if (result == 0)
        writer->scripts_of = writer->link.opened;
    return result;
}

/* What was missed while the server was away is not there: nothing is to be believed until it has been filled anew. */
static int forget_marker(tlm_redis_writer *writer, tlm_error *error)
{
    redisReply *reply = NULL;
    tlm_redis_command_clear(&writer->command);
    tlm_redis_command_text(&writer->command, "DEL");
    tlm_redis_command_key(&writer->command, writer->shared->base, "marker", NULL, (tlm_text){0});
    tlm_redis_command_key(&writer->command, writer->shared->base, "fill", NULL, (tlm_text){0});
    int result = tlm_redis_link_call(&writer->link, &writer->command, &reply, error);
    freeReplyObject(reply);
    if (result == 0)
        writer->has_missed = false;
    return result;
}

static int be_ready(tlm_redis_writer *writer, tlm_error *error)
{
    int result = tlm_redis_link_open(&writer->link, error);
    if (result == 0 && writer->scripts_of != writer->link.opened)
        result = load_scripts(writer, error);
    if (result == 0 && writer->has_missed)
        result = forget_marker(writer, error);
    return result;
}

static void tell(tlm_redis_writer *writer, int result, const tlm_error *error)
{
    tlm_redis_condition_set(&writer->shared->condition, TLM_REDIS_SEES_WRITES, result < 0 ? error : NULL);
}

/* --- the queue's thread ------------------------------------------------------------------------------------------ */

static int try_flush(tlm_redis_writer *writer, const tlm_flush *flush, tlm_error *error)
{
    bool was_open = writer->link.context != NULL;
    int result = be_ready(writer, error);
    if (result == 0)
        result = write_flush(writer, flush, error);
    /* An old connection that ended: once more over a new one. Rows are the same if they come twice. */
    if (result < 0 && was_open && !writer->link.context) {
        result = be_ready(writer, error);
        if (result == 0)
            result = write_flush(writer, flush, error);
    }
    if (result == 0 && writer->link.is_script_missing) { /* the server has forgotten them, and sets nothing twice */
        result = load_scripts(writer, error);
        if (result == 0)
            result = write_flush(writer, flush, error);
    }
    if (result == 0 && writer->link.refused < 0) {
        *error = writer->link.refusal;
        result = writer->link.refused;
    }
    return result;
}

static void handle_flushes(void *context, tlm_flush_job *jobs, uint32_t count)
{
    tlm_redis_writer *writer = context;
    for (uint32_t i = 0; i < count; i++) {
        tlm_flush_job *job = &jobs[i];
        job->result = try_flush(writer, job->flush, &job->error);
        tell(writer, job->result, &job->error);
        if (job->result < 0)
            writer->has_missed = true;
        else if (writer->link.last_integer < 1)
            tlm_redis_refill_ask(writer->refill, writer->link.last_integer == -2);
    }
}

static int look_for_marker(tlm_redis_writer *writer, tlm_error *error)
{
    redisReply *reply = NULL;
    tlm_redis_command_clear(&writer->command);
    tlm_redis_command_text(&writer->command, "EXISTS");
    tlm_redis_command_key(&writer->command, writer->shared->base, "marker", NULL, (tlm_text){0});
    int result = tlm_redis_link_call(&writer->link, &writer->command, &reply, error);
    if (result == 0 && reply->type == REDIS_REPLY_INTEGER && reply->integer == 0)
        tlm_redis_refill_ask(writer->refill, false);
    freeReplyObject(reply);
    return result;
}

static int64_t look(void *context)
{
    tlm_redis_writer *writer = context;
    tlm_error error = {.text = ""};
    int result = be_ready(writer, &error);
    if (result == 0)
        result = look_for_marker(writer, &error);
    tell(writer, result, &error);
    if (result == 0)
        return TLM_REDIS_LOOK_MS;
    int64_t pause_ms = writer->link.try_at_ms - tlm_clock_ms();
    return pause_ms > TLM_REDIS_PAUSE_FIRST_MS ? pause_ms : TLM_REDIS_PAUSE_FIRST_MS;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

int tlm_redis_writer_create(tlm_redis_shared *shared, tlm_redis_refill *refill, tlm_redis_writer **ret_writer,
                            tlm_error *error)
{
    tlm_redis_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    writer->shared = shared;
    writer->refill = refill;
    tlm_redis_link_init(&writer->link, shared, shared->settings->timeout_ms);
    writer->packer = (tlm_redis_packer){
        .link = &writer->link, .command = &writer->command, .scripts = &writer->scripts, .settings = shared->settings};
    const tlm_flush_worker worker = {.handle = handle_flushes, .idle = look, .context = writer};
    int result = tlm_flush_queue_create(&worker, &writer->queue);
    if (result < 0) {
        free(writer);
        return tlm_error_set(error, result, "the writer thread cannot be started: %s", strerror(-result));
    }
    *ret_writer = writer;
    return 0;
}

void tlm_redis_writer_destroy(tlm_redis_writer *writer)
{
    if (!writer)
        return;
    tlm_flush_queue_destroy(writer->queue);
    tlm_redis_packer_finish(&writer->packer);
    tlm_redis_command_finish(&writer->command);
    tlm_redis_link_finish(&writer->link);
    free(writer);
}

void tlm_redis_writer_submit(tlm_redis_writer *writer, const tlm_flush *flush, tlm_done done, void *token)
{
    tlm_flush_queue_submit(writer->queue, flush, done, token);
}
