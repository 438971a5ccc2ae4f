/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include "common/clock.h"

#include <time.h>

void tlm_redis_link_init(tlm_redis_link *link, tlm_redis_shared *shared, int64_t timeout_ms)
{
    *link = (tlm_redis_link){.shared = shared, .timeout_ms = timeout_ms};
}

void tlm_redis_link_close(tlm_redis_link *link)
{
    if (link->context)
        redisFree(link->context);
    link->context = NULL;
    link->is_greeted = false;
    link->waiting = 0;
    link->waiting_bytes = 0;
}

void tlm_redis_link_finish(tlm_redis_link *link)
{
    tlm_redis_link_close(link);
}

/* --- sentences --------------------------------------------------------------------------------------------------- */

#define PLACE "redis at %s:%d"
#define PLACE_OF(link) (link)->shared->url.host, (int)(link)->shared->url.port

static bool begins_with(const char *text, const char *begin)
{
    return strncmp(text, begin, strlen(begin)) == 0;
}

/* What a user can do about an error that the server names by its first word. */
static const struct {
    const char *word;
    int code;
    const char *advice;
} refusals[] = {
    {"NOAUTH", -EACCES, "it asks for a password; write redis://:PASSWORD@HOST in url"},
    {"WRONGPASS", -EACCES, "it does not know this user with this password; correct them in url"},
    {"ERR invalid password", -EACCES, "the password is wrong; correct it in url"},
    {"ERR AUTH", -EACCES, "it has no password for this user; leave it out of url, or set one with requirepass"},
    {"ERR Client sent AUTH", -EACCES, "it has no password; leave it out of url"},
    {"NOPERM", -EACCES, "its access list does not let this user do that; allow it the keys and channels of `prefix`"},
    {"ERR DB index", -EINVAL, "it has no database of that number; write another one in url, or raise `databases`"},
    {"OOM", -ENOSPC, "its memory is full; raise its maxmemory or shorten `expiry`"},
    {"MISCONF", -EIO, "it cannot save to its disk and so takes no writes; mend the disk, or its save setting"},
    {"READONLY", -EROFS, "it is a read-only replica; write the address of its primary in url"},
    {"LOADING", -EAGAIN, "it is still loading its data; this passes by itself"},
    {"BUSY", -EAGAIN, "it is busy with a script; this passes by itself"},
    {"MASTERDOWN", -EAGAIN, "it is a replica without its primary; this passes when that is back"},
    {"WRONGTYPE", -EIO, "a key of ours holds something of another program's; choose another `prefix`"},
    {"ERR max number of clients", -EAGAIN, "it has no room for another client; raise its maxclients"},
};

int tlm_redis_reply_error(const tlm_redis_link *link, const redisReply *reply, tlm_error *error)
{
    for (size_t i = 0; i < TLM_COUNT(refusals); i++)
        if (begins_with(reply->str, refusals[i].word))
            return tlm_error_set(error, refusals[i].code, PLACE ": %s (%.200s)", PLACE_OF(link), refusals[i].advice,
                                 reply->str);
    return tlm_error_set(error, -EIO, PLACE " answers: %.300s", PLACE_OF(link), reply->str);
}

/* The context's fault in words; errno is still that of the call when hiredis says so. */
static void describe_fault(tlm_redis_link *link, int code, int number)
{
    tlm_error *trouble = &link->trouble;
    const char *text = link->context ? link->context->errstr : "out of memory";
    if (code == REDIS_ERR_OTHER)
        tlm_error_set(trouble, 0, "the host '%s' of url cannot be found (%s); correct it, or mend name resolution",
                      link->shared->url.host, text);
    else if (code == REDIS_ERR_EOF)
        tlm_error_set(trouble, 0, PLACE " closed the connection; trying again", PLACE_OF(link));
    else if (code == REDIS_ERR_PROTOCOL)
        tlm_error_set(trouble, 0, PLACE " does not speak its protocol (%s); is it another server?", PLACE_OF(link),
                      text);
    else if (code == REDIS_ERR_IO && number == ECONNREFUSED)
        tlm_error_set(trouble, 0, PLACE " refuses connections; start it, or correct host and port in url; trying again",
                      PLACE_OF(link));
    else if (code == REDIS_ERR_IO && (number == EAGAIN || number == EWOULDBLOCK || number == ETIMEDOUT))
        tlm_error_set(trouble, 0, PLACE " did not answer within %lld ms; trying again", PLACE_OF(link),
                      (long long)link->timeout_ms);
    else
        tlm_error_set(trouble, 0, PLACE " cannot be reached: %s; trying again", PLACE_OF(link), text);
}

/* --- open and lost ----------------------------------------------------------------------------------------------- */

static void wait_longer(tlm_redis_link *link)
{
    link->pause_ms = link->pause_ms ? link->pause_ms * 2 : TLM_REDIS_PAUSE_FIRST_MS;
    if (link->pause_ms > TLM_REDIS_PAUSE_LAST_MS)
        link->pause_ms = TLM_REDIS_PAUSE_LAST_MS;
    link->try_at_ms = tlm_clock_ms() + link->pause_ms;
}

/* A good connection that ends is often a server that was started again: the first try after it is made at once. */
static bool is_end_of_good_one(const tlm_redis_link *link, int number)
{
    bool has_ended = link->context && (link->context->err == REDIS_ERR_EOF ||
                                       (link->context->err == REDIS_ERR_IO && number != EAGAIN && number != ETIMEDOUT));
    return has_ended && link->is_greeted;
}

static int fail(tlm_redis_link *link, int code, tlm_error *error)
{
    bool is_tried_at_once = is_end_of_good_one(link, errno);
    tlm_redis_link_close(link);
    wait_longer(link);
    if (is_tried_at_once)
        link->try_at_ms = 0;
    if (error)
        *error = link->trouble;
    return code;
}

int tlm_redis_link_lost(tlm_redis_link *link, tlm_error *error)
{
    int number = errno;
    describe_fault(link, link->context ? link->context->err : REDIS_ERR_OOM, number);
    errno = number;
    return fail(link, -ENOTCONN, error);
}

static int greet_with(tlm_redis_link *link, const char *const *words, uint32_t count)
{
    tlm_redis_command command = {0};
    redisReply *reply = NULL;
    for (uint32_t i = 0; i < count; i++)
        tlm_redis_command_text(&command, words[i]);
    int result = tlm_redis_link_call(link, &command, &reply, &link->trouble);
    tlm_redis_command_finish(&command);
    freeReplyObject(reply);
    return result;
}

/* Who asks, which database, and a sign of life: a stopped server still accepts connections. */
static int greet(tlm_redis_link *link)
{
    const tlm_redis_url *url = &link->shared->url;
    const char *with_user[] = {"AUTH", url->user, url->password}, *without[] = {"AUTH", url->password};
    const char *ping[] = {"PING"};
    char number[16];
    const char *select[] = {"SELECT", number};
    int result = 0;
    if (url->password)
        result = url->user ? greet_with(link, with_user, 3) : greet_with(link, without, 2);
    if (result == 0)
        result = greet_with(link, ping, 1);
    snprintf(number, sizeof number, "%d", (int)url->database);
    if (result == 0 && url->database != 0)
        result = greet_with(link, select, 2);
    return result;
}

static struct timeval timeval_of(int64_t ms)
{
    return (struct timeval){.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static int connect_now(tlm_redis_link *link, tlm_error *error)
{
    const tlm_redis_url *url = &link->shared->url;
    link->context = redisConnectWithTimeout(url->host, url->port, timeval_of(link->timeout_ms));
    if (!link->context || link->context->err)
        return tlm_redis_link_lost(link, error);
    if (redisSetTimeout(link->context, timeval_of(link->timeout_ms)) != REDIS_OK)
        return tlm_redis_link_lost(link, error);
    (void)redisEnableKeepAlive(link->context); /* timeouts find out as well, only later */
    int result = greet(link);
    if (result < 0)
        return link->context ? fail(link, result, error) : tlm_error_set(error, result, "%s", link->trouble.text);
    return 0;
}

int tlm_redis_link_open(tlm_redis_link *link, tlm_error *error)
{
    if (link->context)
        return 0;
    if (tlm_clock_ms() < link->try_at_ms)
        return tlm_error_set(error, -ENOTCONN, "%s", link->trouble.text);
    int result = connect_now(link, error);
    if (result < 0)
        return result;
    link->is_greeted = true;
    if (link->opened++ > 0)
        tlm_redis_count(link->shared, link->shared->metrics.reconnects, 1);
    link->pause_ms = 0;
    link->try_at_ms = 0;
    return 0;
}

/* --- commands ---------------------------------------------------------------------------------------------------- */

int tlm_redis_link_send(tlm_redis_link *link, tlm_redis_command *command, tlm_error *error)
{
    int result = tlm_redis_command_settle(command);
    if (result < 0)
        return tlm_error_set(error, result, "out of memory");
    if (!link->context)
        return tlm_error_set(error, -ENOTCONN, "%s", link->trouble.text);
    if (redisAppendCommandArgv(link->context, (int)command->count, command->arguments, command->sizes) != REDIS_OK)
        return tlm_redis_link_lost(link, error);
    tlm_redis_count(link->shared, link->shared->metrics.commands, 1);
    return 0;
}

int tlm_redis_link_reply(tlm_redis_link *link, redisReply **ret_reply, tlm_error *error)
{
    void *reply = NULL;
    if (!link->context)
        return tlm_error_set(error, -ENOTCONN, "%s", link->trouble.text);
    if (redisGetReply(link->context, &reply) != REDIS_OK)
        return tlm_redis_link_lost(link, error);
    *ret_reply = reply;
    return 0;
}

int tlm_redis_link_call(tlm_redis_link *link, tlm_redis_command *command, redisReply **ret_reply, tlm_error *error)
{
    redisReply *reply = NULL;
    int result = tlm_redis_link_send(link, command, error);
    if (result == 0)
        result = tlm_redis_link_reply(link, &reply, error);
    if (result < 0)
        return result;
    if (reply->type == REDIS_REPLY_ERROR) {
        result = tlm_redis_reply_error(link, reply, error);
        freeReplyObject(reply);
        return result;
    }
    *ret_reply = reply;
    return 0;
}

void tlm_redis_link_begin(tlm_redis_link *link)
{
    link->refused = 0;
    link->is_script_missing = false;
    link->last_integer = 0;
}

static void judge(tlm_redis_link *link, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_INTEGER)
        link->last_integer = reply->integer;
    if (reply->type != REDIS_REPLY_ERROR)
        return;
    if (begins_with(reply->str, "NOSCRIPT"))
        link->is_script_missing = true;
    if (link->refused == 0)
        link->refused = tlm_redis_reply_error(link, reply, &link->refusal);
}

int tlm_redis_link_drain(tlm_redis_link *link, tlm_error *error)
{
    while (link->waiting > 0) {
        redisReply *reply = NULL;
        int result = tlm_redis_link_reply(link, &reply, error);
        if (result < 0)
            return result;
        link->waiting--;
        judge(link, reply);
        freeReplyObject(reply);
    }
    link->waiting_bytes = 0;
    return 0;
}

int tlm_redis_link_add(tlm_redis_link *link, tlm_redis_command *command, tlm_error *error)
{
    int result = tlm_redis_link_send(link, command, error);
    if (result < 0)
        return result;
    link->waiting++;
    link->waiting_bytes += command->bytes.size;
    if (link->waiting < TLM_REDIS_PIPE_COMMANDS && link->waiting_bytes < TLM_REDIS_PIPE_BYTES)
        return 0;
    return tlm_redis_link_drain(link, error);
}
