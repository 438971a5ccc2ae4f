/* A growable run of bytes that is only ever appended to.
 *
 * Start from TLM_BUFFER_INIT (all zero) and end with tlm_buffer_finish. Running out of memory is sticky: the first
 * failure sets `error` to -ENOMEM, later appends do nothing, and the caller looks once, at the end. The bytes are not
 * NUL-terminated. A buffer belongs to one thread at a time; how large it may grow is its user's bound. */
#ifndef TLM_COMMON_BUFFER_H
#define TLM_COMMON_BUFFER_H

#include <stddef.h>

typedef struct {
    char *data;      /* owned; NULL while capacity is 0 */
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
    int error;       /* 0 or -ENOMEM */
} tlm_buffer;

#define TLM_BUFFER_INIT                                                                                                \
    {                                                                                                                  \
        0                                                                                                              \
    }

/* Frees the bytes and leaves an empty buffer. NULL is fine. */
void tlm_buffer_finish(tlm_buffer *buffer);

/* Forgets content and error, keeps the memory for the next use. */
void tlm_buffer_clear(tlm_buffer *buffer);

/* Room for `more` bytes at data + size, which the caller fills and then adds to `size` itself; valid until the next
 * call. NULL when memory ran out, now or before. */
char *tlm_buffer_reserve(tlm_buffer *buffer, size_t more);

/* Appends `size` bytes; `bytes` may be NULL when size is 0. 0 or -ENOMEM. */
int tlm_buffer_append(tlm_buffer *buffer, const void *bytes, size_t size);

/* Appends one byte. 0 or -ENOMEM. */
static inline int tlm_buffer_append_char(tlm_buffer *buffer, char byte)
{
    if (buffer->error || buffer->size == buffer->capacity)
        return tlm_buffer_append(buffer, &byte, 1);
    buffer->data[buffer->size++] = byte;
    return 0;
}

/* Hands the bytes to the caller, who frees them with free(), and leaves an empty buffer. NULL (and *ret_size
 * untouched) after an error or when nothing was ever reserved. */
char *tlm_buffer_take(tlm_buffer *buffer, size_t *ret_size);

#endif
