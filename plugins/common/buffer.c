#include "common/buffer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SMALLEST_CAPACITY = 256 };

void tlm_buffer_finish(tlm_buffer *buffer)
{
    if (!buffer)
        return;
    free(buffer->data);
    *buffer = (tlm_buffer)TLM_BUFFER_INIT;
}

void tlm_buffer_clear(tlm_buffer *buffer)
{
    buffer->size = 0;
    buffer->error = 0;
}

/* The next capacity that holds `needed`: doubling, so that appending costs constant time on average. */
static size_t grown_capacity(size_t capacity, size_t needed)
{
    size_t doubled = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
    size_t grown = doubled < SMALLEST_CAPACITY ? SMALLEST_CAPACITY : doubled;

    return grown < needed ? needed : grown;
}

static int grow(tlm_buffer *buffer, size_t more)
{
    if (buffer->error)
        return buffer->error;
    if (more > PTRDIFF_MAX - buffer->size)
        return buffer->error = -ENOMEM;

    size_t capacity = grown_capacity(buffer->capacity, buffer->size + more);
    char *data = realloc(buffer->data, capacity);
    if (!data)
        return buffer->error = -ENOMEM;
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

char *tlm_buffer_reserve(tlm_buffer *buffer, size_t more)
{
    if (buffer->error)
        return NULL;
    if ((!buffer->data || more > buffer->capacity - buffer->size) && grow(buffer, more) < 0)
        return NULL;
    return buffer->data + buffer->size;
}

int tlm_buffer_append(tlm_buffer *buffer, const void *bytes, size_t size)
{
    if (!size)
        return buffer->error;

    char *room = tlm_buffer_reserve(buffer, size);
    if (!room)
        return buffer->error;
    memcpy(room, bytes, size);
    buffer->size += size;
    return 0;
}

char *tlm_buffer_take(tlm_buffer *buffer, size_t *ret_size)
{
    if (buffer->error || !buffer->data)
        return NULL;

    char *data = buffer->data;
    *ret_size = buffer->size;
    *buffer = (tlm_buffer)TLM_BUFFER_INIT;
    return data;
}
