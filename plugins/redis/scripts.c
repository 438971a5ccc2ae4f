/* SPDX-License-Identifier: Apache-2.0 */
#include "scripts.h"

/*
 * A value begins with 60 digits: time, epoch and sequence, 20 each (rows.h). Lua compares strings by the server's
 * locale, which orders digits alike everywhere.
 */

/* KEYS: a key a stream. ARGV: expiry in ms, then a value a key. */
static const char last[] = "local set = 0\n"
                           "for i = 1, #KEYS do\n"
                           "  local value = ARGV[i + 1]\n"
                           "  if redis.call('GETRANGE', KEYS[i], 0, 59) < string.sub(value, 1, 60) then\n"
                           "    redis.call('SET', KEYS[i], value, 'PX', ARGV[1])\n"
                           "    set = set + 1\n"
                           "  end\n"
                           "end\n"
                           "return set\n";

/*
 * KEYS: a key a row. ARGV: expiry in ms, rows kept, floor, whether the floor is lowered ('1': all rows above it are
 * known to be there) or only given to a new key ('0'); then field and value a key.
 */
static const char recent[] =
    "local kept, lowers = tonumber(ARGV[2]), ARGV[4] == '1'\n"
    "for i = 1, #KEYS do\n"
    "  local key, field, value = KEYS[i], ARGV[3 + 2 * i], ARGV[4 + 2 * i]\n"
    "  local floor = redis.call('HGET', key, 'floor')\n"
    "  if not floor or (lowers and ARGV[3] < floor) then\n"
    "    floor = ARGV[3]\n"
    "    redis.call('HSET', key, 'floor', floor)\n"
    "  end\n"
    "  local old = redis.call('HGET', key, field)\n"
    "  if not old or string.sub(old, 21, 60) < string.sub(value, 21, 60) then\n"
    "    redis.call('HSET', key, field, value)\n"
    "  end\n"
    "  if redis.call('HLEN', key) > kept + 1 then\n"
    "    local all, rows = redis.call('HGETALL', key), {}\n"
    "    for j = 1, #all, 2 do\n"
    "      if all[j] ~= 'floor' then rows[#rows + 1] = {string.sub(all[j + 1], 1, 20), all[j]} end\n"
    "    end\n"
    "    table.sort(rows, function(a, b) return a[1] > b[1] end)\n"
    "    for j = kept + 1, #rows do redis.call('HDEL', key, rows[j][2]) end\n"
    "    if floor < rows[kept + 1][1] then redis.call('HSET', key, 'floor', rows[kept + 1][1]) end\n"
    "  end\n"
    "  redis.call('PEXPIRE', key, ARGV[1])\n"
    "end\n"
    "return 0\n";

/*
 * KEYS: lanes, marker, fill. ARGV: lane, epoch, sequence. Flushes of a lane are numbered without a gap: one that does
 * not follow tells of rows that never came, and so the marker goes. A lane that is not known here is new, or its server
 * was emptied: then the fill has all that came before. What an older owner of the lane brings late is
 * nothing new; a first flush after later ones means that the pipeline was begun anew.
 */
static const char lane[] = "local was = redis.call('HGET', KEYS[1], ARGV[1])\n"
                           "local epoch, sequence = tonumber(ARGV[2]), tonumber(ARGV[3])\n"
                           "local known, last = 0, 0\n"
                           "if was then\n"
                           "  local e, s = string.match(was, '^(%d+) (%d+)$')\n"
                           "  known, last = tonumber(e or 0), tonumber(s or 0)\n"
                           "end\n"
                           "local anew = sequence == 1 and last > 1\n"
                           "if epoch < known and not anew then return redis.call('EXISTS', KEYS[2]) end\n"
                           "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])\n"
                           "if not anew and (not was or sequence == last or sequence == last + 1) then\n"
                           "  return redis.call('EXISTS', KEYS[2])\n"
                           "end\n"
                           "redis.call('DEL', KEYS[2], KEYS[3])\n"
                           "return anew and -2 or -1\n";

/* KEYS: fill. ARGV: token, ms to hold it. */
static const char hold[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
                           "return redis.call('PEXPIRE', KEYS[1], ARGV[2])\n";

/* KEYS: fill, marker. ARGV: token, marker. */
static const char filled[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
                             "redis.call('SET', KEYS[2], ARGV[2])\n"
                             "redis.call('DEL', KEYS[1])\n"
                             "return 1\n";

int tlm_redis_scripts_load(tlm_redis_scripts *scripts, tlm_redis_link *link, tlm_error *error)
{
    static const char *const texts[TLM_REDIS_SCRIPTS] = {
        [TLM_REDIS_SCRIPT_LAST] = last, [TLM_REDIS_SCRIPT_RECENT] = recent, [TLM_REDIS_SCRIPT_LANE] = lane,
        [TLM_REDIS_SCRIPT_HOLD] = hold, [TLM_REDIS_SCRIPT_FILLED] = filled,
    };
    tlm_redis_command command = {0};
    int result = 0;
    for (uint32_t i = 0; i < TLM_REDIS_SCRIPTS && result == 0; i++) {
        redisReply *reply = NULL;
        tlm_redis_command_clear(&command);
        tlm_redis_command_text(&command, "SCRIPT");
        tlm_redis_command_text(&command, "LOAD");
        tlm_redis_command_text(&command, texts[i]);
        result = tlm_redis_link_call(link, &command, &reply, error);
        if (result == 0 && (reply->type != REDIS_REPLY_STRING || reply->len != TLM_REDIS_SHA_SIZE - 1))
            result = tlm_error_set(error, -EIO, "the server gives a script no name of 40 digits; is it Redis?");
        if (result == 0)
            memcpy(scripts->shas[i], reply->str, TLM_REDIS_SHA_SIZE);
        freeReplyObject(reply);
    }
    tlm_redis_command_finish(&command);
    return result;
}

void tlm_redis_scripts_begin(const tlm_redis_scripts *scripts, uint32_t script, uint32_t key_count,
                             tlm_redis_command *command)
{
    tlm_redis_command_clear(command);
    tlm_redis_command_text(command, "EVALSHA");
    tlm_redis_command_text(command, scripts->shas[script]);
    tlm_redis_command_integer(command, key_count);
}
