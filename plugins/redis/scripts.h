/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file scripts.h
 * What the server must do in one piece: Lua, called by its SHA-1 and loaded again when the server has forgotten it.
 */
#ifndef TLM_REDIS_SCRIPTS_H
#define TLM_REDIS_SCRIPTS_H

#include "link.h"

enum {
    TLM_REDIS_SCRIPT_LAST = 0,   /**< set newest rows, each only if it is newer */
    TLM_REDIS_SCRIPT_RECENT = 1, /**< add rows to what is recent of streams */
    TLM_REDIS_SCRIPT_LANE = 2,   /**< note a lane's flush: 1 marker there, 0 not, -1 one was missed, -2 begun anew */
    TLM_REDIS_SCRIPT_HOLD = 3,   /**< go on filling: 1, or 0 when another fills or all was emptied */
    TLM_REDIS_SCRIPT_FILLED = 4, /**< end filling: 1 and the marker is set, or 0 as above */
    TLM_REDIS_SCRIPTS = 5
};

#define TLM_REDIS_SHA_SIZE 41

/** Names of the scripts as the server of one link gave them. */
typedef struct tlm_redis_scripts {
    char shas[TLM_REDIS_SCRIPTS][TLM_REDIS_SHA_SIZE];
} tlm_redis_scripts;

/** Loads all scripts. Negative: not loaded. */
int tlm_redis_scripts_load(tlm_redis_scripts *scripts, tlm_redis_link *link, tlm_error *error);

/** Begins EVALSHA of a script with so many keys. */
void tlm_redis_scripts_begin(const tlm_redis_scripts *scripts, uint32_t script, uint32_t key_count,
                             tlm_redis_command *command);

#endif
