/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file option.h
 * Options are data: one table a component drives parsing into the component's own struct, validation, `telemetra
 * describe`, the generated reference and the redaction of secrets. Since 0.1.
 */
#ifndef TELEMETRA_OPTION_H
#define TELEMETRA_OPTION_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Type of an option, and in brackets the type of the member at its offset. */
enum {
    TLM_OPTION_BOOL = 1,     /**< true or false [uint32_t 0/1] */
    TLM_OPTION_INTEGER = 2,  /**< whole number [int64_t] */
    TLM_OPTION_REAL = 3,     /**< finite number [double] */
    TLM_OPTION_TEXT = 4,     /**< text [const char *, NUL-terminated; NULL when absent without a default] */
    TLM_OPTION_DURATION = 5, /**< "500ms", "10s", "5m", "2h", "7d" or a bare number of seconds [int64_t milliseconds] */
    TLM_OPTION_SIZE = 6,     /**< "64KiB", "1MiB", "2GiB" or a bare number of bytes [int64_t bytes] */
    TLM_OPTION_CHOICE = 7,   /**< one of `choices` [uint32_t index into it, counted from 1] */
    TLM_OPTION_LIST = 8,     /**< list of texts, or one text with commas [tlm_text_list] */
    TLM_OPTION_TIME = 9,     /**< RFC 3339 [int64_t nanoseconds since 1970; INT64_MIN when absent without a default] */
    TLM_OPTION_GROUP = 10    /**< group of free keys, each with a text, number or bool, for settings that are another's
                                  to know (a library's) [tlm_text_map]. No default. Values are never printed */
};

/** Flags of an option. */
enum {
    TLM_OPTION_REQUIRED = 1u << 0, /**< must be given and, for text and lists, not be empty */
    TLM_OPTION_SECRET = 1u << 1,   /**< its value is never printed or logged */
    TLM_OPTION_STORE = 1u << 2,    /**< TEXT: names an instance of the file that is a store; absent or empty: the first
                                        other one. The host has seen to it that there is one */
    TLM_OPTION_STORE_BEHIND = 1u << 3 /**< with STORE, for a store that asks another one for what it does not hold:
                                           absent, there may be none. The host has seen to it that no chain of stores
                                           leads back to its beginning */
};

/** Value of a TLM_OPTION_LIST: `count` NUL-terminated strings, owned by the host like the rest of the config struct. */
typedef struct tlm_text_list {
    const char *const *items;
    uint32_t count;
} tlm_text_list;

/**
 * Value of a TLM_OPTION_GROUP: `count` keys in the order of the file with their values as texts (true and false for
 * bools), all NUL-terminated and owned by the host.
 */
typedef struct tlm_text_map {
    const char *const *names;
    const char *const *values;
    uint32_t count;
} tlm_text_map;

/** One row of an option table. All strings are static. */
typedef struct tlm_option {
    const char *name;         /**< key in the configuration file: lower case and underscores */
    uint32_t type;            /**< TLM_OPTION_... */
    uint32_t flags;           /**< TLM_OPTION_REQUIRED, TLM_OPTION_SECRET, TLM_OPTION_STORE */
    uint32_t offset;          /**< offsetof the member in the config struct */
    const char *default_text; /**< read like a text of the file, without ${...}; NULL: zero or absent */
    int64_t min, max; /**< inclusive, in the member's unit, bytes of TEXT, items of LIST, keys of GROUP; both 0: none
                       */
    const char *const *choices; /**< NULL-terminated, for TLM_OPTION_CHOICE */
    const char *doc;            /**< one or two sentences: what it does and when to change it */
} tlm_option;

#ifdef __cplusplus
}
#endif
#endif
