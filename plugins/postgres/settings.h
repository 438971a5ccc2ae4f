/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file settings.h
 * The options of the component and the config struct that they fill. No state, any thread.
 */
#ifndef TLM_POSTGRES_SETTINGS_H
#define TLM_POSTGRES_SETTINGS_H

#include "server.h"

#include <telemetra/option.h>

typedef struct tlm_postgres_config {
    const char *host, *user, *password, *database, *schema, *parameters;
    uint32_t sslmode, reserved;
    int64_t port;
    int64_t connect_timeout_ms, statement_timeout_ms, lock_timeout_ms;
    int64_t writers, readers;
    int64_t retention_days, max_rejects, max_query_rows;
} tlm_postgres_config;

#define TLM_POSTGRES_OPTION_COUNT 16
extern const tlm_option tlm_postgres_options[TLM_POSTGRES_OPTION_COUNT];

/** What no single option's bounds can tell. -EINVAL with a sentence that holds no secret. */
int tlm_postgres_config_check(const tlm_postgres_config *config, tlm_error *error);

/** Where the server is, as the options have it; the texts are theirs. */
tlm_server_settings tlm_postgres_config_server(const tlm_postgres_config *config);

#endif
