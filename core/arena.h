/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file arena.h
 * Memory that is given back all at once: what a plan, a configuration file and their texts live in. One thread at a
 * time.
 */
#ifndef TLM_CORE_ARENA_H
#define TLM_CORE_ARENA_H

#include <telemetra/base.h>

typedef struct tlm_arena tlm_arena;

/** A new, empty arena; NULL when memory is short. */
tlm_arena *tlm_arena_create(void);
/** Frees the arena and all that it gave out. Accepts NULL. */
void tlm_arena_destroy(tlm_arena *arena);

/** `size` zeroed bytes, aligned for any type; NULL when memory is short. */
void *tlm_arena_alloc(tlm_arena *arena, size_t size);
/** A NUL-terminated copy of `size` bytes; NULL when memory is short. */
char *tlm_arena_copy(tlm_arena *arena, const char *text, size_t size);
/** A formatted text; NULL when memory is short. */
TLM_PRINTF(2, 3) char *tlm_arena_print(tlm_arena *arena, const char *format, ...);

#endif
