/* SPDX-License-Identifier: Apache-2.0 */
#include "refill.h"

#include "common/clock.h"

#include "circle.h"
#include "refill_rows.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

/** A process that fills and says nothing for so long is given up by the others. */
#define HOLD_MS 15000
#define SLEEP_MS 60000
/** Pause before a failed fill is tried again. */
#define AGAIN_MS 1000
/** Keys that one step of the purge looks at. */
#define SCAN_KEYS "1000"

struct tlm_redis_refill {
    tlm_redis_shared *shared;
    tlm_redis_circle circle;
    atomic_bool is_asked, is_anew;
    /* of the thread alone */
    tlm_redis_link link;
    tlm_redis_scripts scripts;
    tlm_redis_command command;
    tlm_redis_packer packer;
    tlm_redis_fill fill;
    char token[24];
    bool is_told; /* the log knows that there is nothing to fill from */
};

static void begin_command(tlm_redis_refill *refill, const char *name, const char *key)
{
    tlm_redis_command_clear(&refill->command);
    tlm_redis_command_text(&refill->command, name);
    tlm_redis_command_key(&refill->command, refill->shared->base, key, NULL, (tlm_text){0});
}

static void tell(const tlm_redis_refill *refill, uint32_t level, const char *text)
{
    const tlm_log_service *log = refill->shared->host->get_service(refill->shared->host, TLM_SERVICE_LOG);
    if (log)
        log->write(refill->shared->host, level, tlm_text_of(text));
}

/* --- the one who fills ------------------------------------------------------------------------------------------- */

/* 1: this process fills; 0: another one does. */
static int take_hold(tlm_redis_refill *refill, tlm_error *error)
{
    uint64_t number;
    redisReply *reply = NULL;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return tlm_error_set(error, -EIO, "no random number can be had");
    snprintf(refill->token, sizeof refill->token, "%016" PRIx64, number);
    begin_command(refill, "SET", "fill");
    tlm_redis_command_text(&refill->command, refill->token);
    tlm_redis_command_text(&refill->command, "NX");
    tlm_redis_command_text(&refill->command, "PX");
    tlm_redis_command_integer(&refill->command, HOLD_MS);
    int result = tlm_redis_link_call(&refill->link, &refill->command, &reply, error);
    if (result == 0)
        result = reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return result;
}

/* Whether it is filled after all: the one who held it before may have just come to its end. */
static int is_filled(tlm_redis_refill *refill, tlm_error *error)
{
    redisReply *reply = NULL;
    begin_command(refill, "EXISTS", "marker");
    int result = tlm_redis_link_call(&refill->link, &refill->command, &reply, error);
    if (result == 0)
        result = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    freeReplyObject(reply);
    return result;
}

static int let_go(tlm_redis_refill *refill, tlm_error *error)
{
    redisReply *reply = NULL;
    begin_command(refill, "DEL", "fill");
    int result = tlm_redis_link_call(&refill->link, &refill->command, &reply, error);
    freeReplyObject(reply);
    return result;
}

/* Runs the script that goes on with, or ends, the fill: 1, or 0 when it is this process' no longer. */
static int run_hold(tlm_redis_refill *refill, const char *marker, tlm_error *error)
{
    redisReply *reply = NULL;
    tlm_redis_command *command = &refill->command;
    tlm_redis_scripts_begin(&refill->scripts, marker ? TLM_REDIS_SCRIPT_FILLED : TLM_REDIS_SCRIPT_HOLD, marker ? 2 : 1,
                            command);
    tlm_redis_command_key(command, refill->shared->base, "fill", NULL, (tlm_text){0});
    if (marker)
        tlm_redis_command_key(command, refill->shared->base, "marker", NULL, (tlm_text){0});
    tlm_redis_command_text(command, refill->token);
    if (marker)
        tlm_redis_command_text(command, marker);
    else
        tlm_redis_command_integer(command, HOLD_MS);
    int result = tlm_redis_link_call(&refill->link, command, &reply, error);
    if (result == 0)
        result = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    freeReplyObject(reply);
    return result;
}

/* --- what an earlier run of the pipeline left -------------------------------------------------------------------- */

/* In a pattern of Redis these mean something. */
static void add_pattern(tlm_redis_command *command, const char *base, const char *kind)
{
    for (const char *at = base; *at; at++) {
        if (strchr("*?[]\\^-", *at))
            tlm_buffer_append_char(&command->bytes, '\\');
        tlm_buffer_append_char(&command->bytes, *at);
    }
    tlm_buffer_append(&command->bytes, kind, strlen(kind));
    tlm_redis_command_end(command);
}

static int unlink_keys(tlm_redis_refill *refill, const redisReply *keys, tlm_error *error)
{
    int result = 0;
    for (size_t i = 0; i < keys->elements && result == 0; i++) {
        tlm_redis_command_clear(&refill->command);
        tlm_redis_command_text(&refill->command, "UNLINK");
        tlm_redis_command_add(&refill->command, (tlm_text){keys->element[i]->str, keys->element[i]->len});
        result = tlm_redis_link_add(&refill->link, &refill->command, error);
    }
    return result < 0 ? result : tlm_redis_link_drain(&refill->link, error);
}

static int purge(tlm_redis_refill *refill, const char *kind, tlm_error *error)
{
    char cursor[32] = "0";
    int result = 0;
    do {
        redisReply *reply = NULL;
        tlm_redis_command_clear(&refill->command);
        tlm_redis_command_text(&refill->command, "SCAN");
        tlm_redis_command_text(&refill->command, cursor);
        tlm_redis_command_text(&refill->command, "MATCH");
        add_pattern(&refill->command, refill->shared->base, kind);
        tlm_redis_command_text(&refill->command, "COUNT");
        tlm_redis_command_text(&refill->command, SCAN_KEYS);
        result = tlm_redis_link_call(&refill->link, &refill->command, &reply, error);
        if (result == 0 &&
            (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
             reply->element[0]->type != REDIS_REPLY_STRING || reply->element[1]->type != REDIS_REPLY_ARRAY))
            result = tlm_error_set(error, -EIO, "the server's answer to SCAN has no cursor and keys");
        if (result == 0) {
            snprintf(cursor, sizeof cursor, "%s", reply->element[0]->str);
            result = unlink_keys(refill, reply->element[1], error);
        }
        freeReplyObject(reply);
        int is_held = result < 0 ? result : run_hold(refill, NULL, error);
        if (result == 0 && is_held <= 0) /* what another one fills meanwhile is not to be taken away */
            result = is_held < 0 ? is_held : tlm_error_set(error, -EAGAIN, "it took too long to clear old keys");
    } while (result == 0 && strcmp(cursor, "0") != 0 && !tlm_redis_circle_is_stopping(&refill->circle));
    return result;
}

/* --- a fill ------------------------------------------------------------------------------------------------------ */

static int note_layout(void *context, const tlm_dataset *dataset)
{
    tlm_redis_fill *fill = context;
    tlm_redis_layout layout = tlm_redis_layout_of(dataset);
    if (layout.keeps != TLM_REDIS_KEEPS_NOTHING && fill->layout_count < TLM_REDIS_FILL_DATASETS_MAX)
        fill->layouts[fill->layout_count++] = layout;
    return 0;
}

static void begin_fill(tlm_redis_refill *refill)
{
    const tlm_host *host = refill->shared->host;
    const tlm_datasets_service *datasets = host->get_service(host, TLM_SERVICE_DATASETS);
    refill->fill = (tlm_redis_fill){.packer = &refill->packer};
    if (datasets)
        datasets->each(host, note_layout, &refill->fill); /* note_layout never ends the walk */
}

/* 1: all is there; 0: given up, for it was emptied again, another one fills, or the host stops. */
static int fill_all(tlm_redis_refill *refill, tlm_error *error)
{
    int result = 1;
    while (result == 1) {
        if (tlm_redis_circle_is_stopping(&refill->circle))
            return 0;
        tlm_redis_link_begin(&refill->link);
        int step = tlm_redis_fill_step(&refill->fill, (uint32_t)refill->shared->settings->refill_page, error);
        if (step == 0 && refill->link.refused == 0)
            return 1;
        if (step >= 0 && refill->link.refused < 0) {
            *error = refill->link.refusal;
            step = refill->link.refused;
        }
        result = step < 0 ? step : run_hold(refill, NULL, error);
    }
    return result;
}

static int fill_and_mark(tlm_redis_refill *refill, tlm_error *error)
{
    char line[160];
    int64_t began_ms = tlm_clock_ms();
    begin_fill(refill);
    int behind = tlm_redis_store_behind_find(refill->shared, &refill->fill.behind);
    if (behind == -EAGAIN)
        return let_go(refill, error); /* it is asked for again in a second */
    tlm_redis_link_begin(&refill->link);
    int result = tlm_redis_fill_tables(&refill->fill, error);
    if (result == 0)
        result = behind < 0 ? 1 : fill_all(refill, error);
    if (result == 1)
        result = run_hold(refill, behind < 0 ? "partial" : "complete", error);
    if (result != 1)
        return result;
    tlm_redis_count(refill->shared, refill->shared->metrics.refills, 1);
    snprintf(line, sizeof line, "filled with %" PRIu64 " streams in %" PRId64 " ms", refill->fill.streams,
             tlm_clock_ms() - began_ms);
    if (behind >= 0)
        tell(refill, TLM_LOG_INFO, line);
    else if (!refill->is_told)
        tell(refill, TLM_LOG_INFO, "no other store of the file is there to fill from: only new rows will be here");
    refill->is_told = behind < 0;
    return 1;
}

static int try_fill(tlm_redis_refill *refill, tlm_error *error)
{
    int result = tlm_redis_link_open(&refill->link, error);
    if (result == 0)
        result = tlm_redis_scripts_load(&refill->scripts, &refill->link, error);
    if (result == 0)
        result = take_hold(refill, error);
    if (result != 1)
        return result;
    result = is_filled(refill, error);
    if (result != 0)
        return result < 0 ? result : let_go(refill, error);
    if (atomic_exchange(&refill->is_anew, false)) {
        result = purge(refill, "last:*", error);
        if (result == 0)
            result = purge(refill, "recent:*", error);
        if (result < 0) {
            atomic_store(&refill->is_anew, true);
            return result;
        }
    }
    result = fill_and_mark(refill, error);
    tlm_redis_fill_finish(&refill->fill);
    return result;
}

/* A failed or lost fill is asked for again by the writer, which sees each second that the marker is missing. */
static int64_t fill_round(void *context)
{
    tlm_redis_refill *refill = context;
    tlm_error error = {.text = ""};
    if (!atomic_exchange(&refill->is_asked, false))
        return SLEEP_MS;
    int result = try_fill(refill, &error);
    if (result < 0) {
        tlm_error sentence;
        tlm_error_set(&sentence, 0, "it cannot be filled: %.900s", error.text);
        tlm_redis_condition_set(&refill->shared->condition, TLM_REDIS_SEES_FILL, &sentence);
        tlm_redis_link_close(&refill->link);
        return AGAIN_MS;
    }
    tlm_redis_condition_set(&refill->shared->condition, TLM_REDIS_SEES_FILL, NULL);
    return SLEEP_MS;
}

/* --- life -------------------------------------------------------------------------------------------------------- */

int tlm_redis_refill_create(tlm_redis_shared *shared, tlm_redis_refill **ret_refill, tlm_error *error)
{
    tlm_redis_refill *refill = calloc(1, sizeof *refill);
    if (!refill)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    refill->shared = shared;
    tlm_redis_link_init(&refill->link, shared, shared->settings->timeout_ms);
    refill->packer = (tlm_redis_packer){
        .link = &refill->link, .command = &refill->command, .scripts = &refill->scripts, .settings = shared->settings};
    int result = tlm_redis_circle_start(&refill->circle, fill_round, refill);
    if (result < 0) {
        free(refill);
        return tlm_error_set(error, result, "the filling thread cannot be started: %s", strerror(-result));
    }
    *ret_refill = refill;
    return 0;
}

void tlm_redis_refill_destroy(tlm_redis_refill *refill)
{
    if (!refill)
        return;
    tlm_redis_circle_stop(&refill->circle);
    tlm_redis_packer_finish(&refill->packer);
    tlm_redis_command_finish(&refill->command);
    tlm_redis_link_finish(&refill->link);
    free(refill);
}

void tlm_redis_refill_ask(tlm_redis_refill *refill, bool anew)
{
    if (anew)
        atomic_store(&refill->is_anew, true);
    atomic_store(&refill->is_asked, true);
    tlm_redis_circle_kick(&refill->circle);
}
