/* SPDX-License-Identifier: Apache-2.0 */
#include "statement.h"

void tlm_statement_ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

int tlm_statement_session(const tlm_link *link, char sql[static TLM_STATEMENT_SESSION_SIZE], tlm_error *error)
{
    const tlm_server_settings *settings = &link->server->settings;
    int size = snprintf(
        sql, TLM_STATEMENT_SESSION_SIZE,
        "SET search_path = \"%s\"; SET statement_timeout = %lld; SET idle_in_transaction_session_timeout = %lld;"
        " SET lock_timeout = %lld; SET client_min_messages = error; SET bytea_output = hex;"
        " SET default_transaction_isolation = 'read committed'; SET tcp_keepalives_idle = %d;"
        " SET tcp_keepalives_interval = %d; SET tcp_keepalives_count = %d; SET plan_cache_mode = %s%s",
        settings->schema, (long long)settings->statement_timeout_ms, (long long)settings->idle_timeout_ms,
        (long long)settings->lock_timeout_ms, TLM_SERVER_PROBE_IDLE_S, TLM_SERVER_PROBE_INTERVAL_S,
        TLM_SERVER_PROBE_COUNT, link->is_reader ? "force_custom_plan" : "auto",
        link->is_reader ? "; SET default_transaction_read_only = on" : "");
    if (size < 0 || size >= TLM_STATEMENT_SESSION_SIZE)
        return tlm_error_set(error, -EINVAL, "schema: \"%.80s...\" is too long", settings->schema);
    return 0;
}

void tlm_statement_add(tlm_buffer *sql, const char *text)
{
    tlm_buffer_append(sql, text, strlen(text));
}

void tlm_statement_addf(tlm_buffer *sql, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    /* Names are bounded (schema.h), so it fits; a cut statement would be refused as bad SQL. */
    if (size > 0)
        tlm_buffer_append(sql, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

void tlm_statement_add_name(tlm_buffer *sql, const char *before, const char *name)
{
    tlm_statement_add(sql, before);
    tlm_statement_add(sql, "\"");
    tlm_statement_add(sql, name);
    tlm_statement_add(sql, "\"");
}
