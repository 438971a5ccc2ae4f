/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>

/** One allocation; its bytes follow. Configuration is small and read once, so each piece is a malloc of its own. */
typedef struct piece {
    struct piece *next;
    alignas(max_align_t) char bytes[];
} piece;

struct tlm_arena {
    piece *pieces;
};

tlm_arena *tlm_arena_create(void)
{
    return calloc(1, sizeof(tlm_arena));
}

void tlm_arena_destroy(tlm_arena *arena)
{
    if (!arena)
        return;
    while (arena->pieces) {
        piece *next = arena->pieces->next;
        free(arena->pieces);
        arena->pieces = next;
    }
    free(arena);
}

void *tlm_arena_alloc(tlm_arena *arena, size_t size)
{
    if (size > SIZE_MAX - sizeof(piece))
        return NULL;
    piece *new = calloc(1, sizeof(piece) + size);
    if (!new)
        return NULL;
    new->next = arena->pieces;
    arena->pieces = new;
    return new->bytes;
}

char *tlm_arena_copy(tlm_arena *arena, const char *text, size_t size)
{
    char *copy = tlm_arena_alloc(arena, size + 1);
    if (copy && size > 0)
        memcpy(copy, text, size);
    return copy;
}

char *tlm_arena_print(tlm_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : tlm_arena_alloc(arena, (size_t)size + 1);
    if (!text)
        return NULL;
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)size + 1, format, arguments);
    va_end(arguments);
    return text;
}
