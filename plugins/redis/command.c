/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <assert.h>

void tlm_redis_command_clear(tlm_redis_command *command)
{
    tlm_buffer_clear(&command->bytes);
    command->count = 0;
}

void tlm_redis_command_finish(tlm_redis_command *command)
{
    tlm_buffer_finish(&command->bytes);
}

void tlm_redis_command_end(tlm_redis_command *command)
{
    assert(command->count < TLM_REDIS_ARGUMENTS_MAX);
    command->ends[command->count++] = command->bytes.size;
}

void tlm_redis_command_add(tlm_redis_command *command, tlm_text argument)
{
    tlm_buffer_append(&command->bytes, argument.data, argument.size);
    tlm_redis_command_end(command);
}

void tlm_redis_command_text(tlm_redis_command *command, const char *argument)
{
    tlm_redis_command_add(command, tlm_text_of(argument));
}

void tlm_redis_command_integer(tlm_redis_command *command, int64_t argument)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%lld", (long long)argument);
    tlm_redis_command_add(command, (tlm_text){text, (size_t)size});
}

void tlm_redis_command_key(tlm_redis_command *command, const char *base, const char *kind, const char *dataset,
                           tlm_text stream)
{
    tlm_buffer *bytes = &command->bytes;
    tlm_buffer_append(bytes, base, strlen(base));
    tlm_buffer_append(bytes, kind, strlen(kind));
    if (dataset)
        tlm_buffer_append(bytes, dataset, strlen(dataset));
    if (stream.data) {
        tlm_buffer_append_char(bytes, ':');
        tlm_buffer_append(bytes, stream.data, stream.size);
    }
    tlm_redis_command_end(command);
}

int tlm_redis_command_settle(tlm_redis_command *command)
{
    size_t begin = 0;
    if (command->bytes.error)
        return command->bytes.error;
    for (uint32_t i = 0; i < command->count; i++) {
        command->arguments[i] = command->bytes.data + begin;
        command->sizes[i] = command->ends[i] - begin;
        begin = command->ends[i];
    }
    return 0;
}
