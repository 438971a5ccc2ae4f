/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file command.h
 * One command in the making: its arguments one after the other in a buffer that is kept for the next. One thread.
 */
#ifndef TLM_REDIS_COMMAND_H
#define TLM_REDIS_COMMAND_H

#include "common/buffer.h"

#include <telemetra/base.h>

/** A script's name, number of keys and settings, and for each of 64 streams a key, a field and a value. */
#define TLM_REDIS_ARGUMENTS_MAX 256u

typedef struct tlm_redis_command {
    tlm_buffer bytes;
    uint32_t count;
    size_t ends[TLM_REDIS_ARGUMENTS_MAX];
    const char *arguments[TLM_REDIS_ARGUMENTS_MAX];
    size_t sizes[TLM_REDIS_ARGUMENTS_MAX];
} tlm_redis_command;

/** Begins anew. A zeroed struct is ready too. */
void tlm_redis_command_clear(tlm_redis_command *command);
void tlm_redis_command_finish(tlm_redis_command *command);

/** Adds an argument. Out of memory shows in `bytes.error`. */
void tlm_redis_command_add(tlm_redis_command *command, tlm_text argument);
void tlm_redis_command_text(tlm_redis_command *command, const char *argument);
void tlm_redis_command_integer(tlm_redis_command *command, int64_t argument);
/** Adds what was appended to `bytes` since the last argument. */
void tlm_redis_command_end(tlm_redis_command *command);
/** Adds `base` `kind` [`dataset` [":" `stream`]] as one argument: a key. */
void tlm_redis_command_key(tlm_redis_command *command, const char *base, const char *kind, const char *dataset,
                           tlm_text stream);

/** Points `arguments` and `sizes` at what was added. -ENOMEM. */
int tlm_redis_command_settle(tlm_redis_command *command);

#endif
