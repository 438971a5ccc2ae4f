/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file config_scan.h
 * A look at the text of a configuration file before libconfig reads it, for what libconfig 1.5 does not tell: whole
 * numbers that it wraps silently (5000000000 becomes 705032704), quotes and comments that are never closed, and which
 * file an @include meant.
 */
#ifndef TLM_CORE_CONFIG_SCAN_H
#define TLM_CORE_CONFIG_SCAN_H

#include "arena.h"
#include "plan.h"

/** Largest file, and as in libconfig the deepest nesting of includes. */
#define TLM_CONFIG_SIZE_MAX (1024u * 1024u)
#define TLM_CONFIG_INCLUDE_DEPTH 10

/** A group { ... } of the text. */
typedef struct tlm_config_group {
    struct tlm_config_group *outer; /**< NULL: the file itself */
} tlm_config_group;

/** A key of the text, and the whole numbers of its value that libconfig would wrap. */
typedef struct tlm_config_key {
    struct tlm_config_key *next; /**< the one before it in the text */
    const char *file;
    const char *name;
    const tlm_config_group *group; /**< it stands in; NULL: the file itself */
    const char *wrapped;           /**< first such number as it is written; NULL: none */
    uint32_t line;                 /**< of the name */
    uint32_t wrapped_line;         /**< of the number */
    uint32_t wrapped_bits;         /**< what it does not fit into: 32 without the suffix L, else 64 */
} tlm_config_key;

typedef struct tlm_config_scan {
    const char *folder;      /**< where @include looks: that of the file, "" for the current one */
    const char *content;     /**< of the file itself, for libconfig: a pipe is read only once */
    tlm_config_key *keys;    /**< last one first */
    tlm_config_group *group; /**< that is open while the text is scanned */
    tlm_arena *memory;
    tlm_problems *problems;
} tlm_config_scan;

/**
 * Scans a file and what it includes. `memory` holds the findings, `problems` takes what is not closed, too large or not
 * there. 0, -EINVAL when there were problems, -ENOENT and others when the file itself cannot be read, -ENOMEM.
 */
int tlm_config_scan_file(tlm_config_scan *scan, const char *path, tlm_arena *memory, tlm_problems *problems);

/** The key of that name whose line, or whose wrapped number's line, is `line`; NULL if it wraps nothing. */
const tlm_config_key *tlm_config_scan_wrapped(const tlm_config_scan *scan, const char *file, uint32_t line,
                                              const char *name);

/** The name of the only key on a line; NULL when there is none or more than one name. */
const char *tlm_config_scan_name_at(const tlm_config_scan *scan, const char *file, uint32_t line);

/** The name of a key on a line that its group had before; NULL when there is none. */
const char *tlm_config_scan_repeated(const tlm_config_scan *scan, const char *file, uint32_t line);

/** The path of an included file as it is shown and opened; NULL when memory is short. */
const char *tlm_config_scan_path(const char *folder, const char *written, tlm_arena *memory);

#endif
