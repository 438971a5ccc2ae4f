/* SPDX-License-Identifier: Apache-2.0 */
/* The options of the source as the host fills them in, and what is checked of them. */
#ifndef TLM_MOCK_SETTINGS_H
#define TLM_MOCK_SETTINGS_H

#include "options.h"

#include <telemetra/option.h>

typedef struct tlm_mock_settings {
    tlm_text_list channels;
    uint32_t model; /* TLM_MODEL_... */
    int64_t streams;
    double rate;
    double episodes;
    int64_t seed;
    int64_t start_time_ns;
    uint32_t realtime;
    int64_t count;
    int64_t chatters;
    uint32_t chat_only;
    uint32_t emotes;
    const char *planted_file;
} tlm_mock_settings;

enum { TLM_MOCK_OPTIONS = 13 };

extern const tlm_option tlm_mock_option_table[TLM_MOCK_OPTIONS];

/* 0, or -EINVAL with a sentence. */
int tlm_mock_settings_check(const tlm_mock_settings *settings, tlm_error *error);

/* Names as they stand in JSON strings: `*ret_names` and the `*ret_bytes` that they lie in are the caller's to free.
 * 0 or -ENOMEM. */
int tlm_mock_names_escape(const tlm_text_list *channels, tlm_text **ret_names, char **ret_bytes);

#endif
