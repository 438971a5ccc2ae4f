/* SPDX-License-Identifier: Apache-2.0 */
/* The config struct of the test component "everything", which tests look into. */
#ifndef TLM_TEST_EVERYTHING_H
#define TLM_TEST_EVERYTHING_H

#include <telemetra/option.h>

typedef struct everything {
    uint32_t flag;
    uint32_t colour;
    int64_t count;
    int64_t big;
    double ratio;
    const char *title;
    int64_t pause_ms;
    int64_t room_bytes;
    tlm_text_list names;
    int64_t since_ns;
    const char *password;
    int64_t pin;
    uint32_t secret_colour;
    tlm_text_map free_keys;
} everything;

#endif
