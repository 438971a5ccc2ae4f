/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include "common/table.h"

#include <libpq-fe.h>

enum { WRITERS_MAX = 32, READERS_MAX = 32 };

static const char *const sslmodes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full", NULL};

const tlm_option tlm_postgres_options[TLM_POSTGRES_OPTION_COUNT] = {
    {.name = "host",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(tlm_postgres_config, host),
     .default_text = "localhost",
     .min = 1,
     .max = 255,
     .doc = "Name or address of the server, or the folder of its Unix socket; several with commas are tried in turn."},
    {.name = "port",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_postgres_config, port),
     .default_text = "5432",
     .min = 1,
     .max = 65535,
     .doc = "Port of the server."},
    {.name = "user",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(tlm_postgres_config, user),
     .default_text = "telemetra",
     .min = 1,
     .max = 63,
     .doc = "Role to connect as. It makes its tables itself, so it owns the schema or may create in it; one who only "
            "answers queries needs SELECT."},
    {.name = "password",
     .type = TLM_OPTION_TEXT,
     .flags = TLM_OPTION_SECRET,
     .offset = offsetof(tlm_postgres_config, password),
     .default_text = "",
     .doc = "Its password; empty: what ~/.pgpass says, or none."},
    {.name = "database",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(tlm_postgres_config, database),
     .default_text = "telemetra",
     .min = 1,
     .max = 63,
     .doc = "Database, encoded as UTF8."},
    {.name = "schema",
     .type = TLM_OPTION_TEXT,
     .offset = offsetof(tlm_postgres_config, schema),
     .default_text = "public",
     .min = 1,
     .max = 63,
     .doc = "Schema of the tables, made when it is missing. Each dataset is a table, whose times are nanoseconds since "
            "1970, and a view DATASET_readable with timestamps."},
    {.name = "sslmode",
     .type = TLM_OPTION_CHOICE,
     .offset = offsetof(tlm_postgres_config, sslmode),
     .default_text = "prefer",
     .choices = sslmodes,
     .doc = "Whether the connection is encrypted and the server's certificate looked at, as libpq has it."},
    {.name = "parameters",
     .type = TLM_OPTION_TEXT,
     .flags = TLM_OPTION_SECRET,
     .offset = offsetof(tlm_postgres_config, parameters),
     .default_text = "",
     .max = 4096,
     .doc = "Further parameters of libpq, as \"sslrootcert=/etc/ca.pem target_session_attrs=read-write\"."},
    {.name = "connect_timeout",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(tlm_postgres_config, connect_timeout_ms),
     .default_text = "5s",
     .min = 100,
     .max = 600000,
     .doc = "How long to wait for a connection. A server that is not there is tried again without end."},
    {.name = "statement_timeout",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(tlm_postgres_config, statement_timeout_ms),
     .default_text = "5s",
     .min = 100,
     .max = 3600000,
     .doc =
         "What one statement may take, and for how long a transaction may idle: an owner of a lane that froze stands "
         "in the next one's way no longer."},
    {.name = "lock_timeout",
     .type = TLM_OPTION_DURATION,
     .offset = offsetof(tlm_postgres_config, lock_timeout_ms),
     .default_text = "4s",
     .min = 50,
     .max = 3600000,
     .doc = "How long to wait for what another transaction holds; less than statement_timeout."},
    {.name = "writers",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_postgres_config, writers),
     .default_text = "4",
     .min = 1,
     .max = WRITERS_MAX,
     .doc = "Connections that commit, and so how many lanes do at once."},
    {.name = "readers",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_postgres_config, readers),
     .default_text = "4",
     .min = 1,
     .max = READERS_MAX,
     .doc = "Connections that answer queries, and so how many are answered at once."},
    {.name = "retention_days",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_postgres_config, retention_days),
     .default_text = "0",
     .min = 0,
     .max = 36500,
     .doc = "Rows are deleted when the time they go by (of a window its end) is this many days ago; 0 keeps all. "
            "Datasets that hold one row a key are kept."},
    {.name = "max_rejects",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_postgres_config, max_rejects),
     .default_text = "100",
     .min = 0,
     .max = 1000000,
     .doc = "Rows of one flush that the database may refuse for what they hold: they are kept in telemetra_rejects. "
            "With more the lane stops."},
    {.name = "max_query_rows",
     .type = TLM_OPTION_INTEGER,
     .offset = offsetof(tlm_postgres_config, max_query_rows),
     .default_text = "10000",
     .min = 1,
     .max = 10000000,
     .doc = "A query that asks for more rows is refused."},
};

/* libpq's own sentence is not shown: it may quote a password that stands in the text. */
static int check_parameters(const char *parameters, tlm_error *error)
{
    static const char *const ours[] = {"host",   "port",    "user",    "password",
                                       "dbname", "sslmode", "options", "client_encoding"};
    char *reason = NULL;
    int result = 0;
    PQconninfoOption *given = PQconninfoParse(parameters, &reason);
    PQfreemem(reason);
    if (!given)
        return tlm_error_set(error, -EINVAL,
                             "parameters: expected libpq's form, \"sslrootcert=/etc/ca.pem keepalives_idle=30\"");
    for (const PQconninfoOption *option = given; option->keyword && result == 0; option++) {
        for (size_t i = 0; i < TLM_COUNT(ours); i++) {
            if (option->val && strcmp(option->keyword, ours[i]) == 0)
                result = tlm_error_set(error, -EINVAL, "parameters: %s cannot be set here%s", ours[i],
                                       i < 6 ? "; there is an option for it" : "");
        }
    }
    PQconninfoFree(given);
    return result;
}

int tlm_postgres_config_check(const tlm_postgres_config *config, tlm_error *error)
{
    if (!tlm_table_is_name(config->schema) || strncmp(config->schema, "pg_", 3) == 0)
        return tlm_error_set(error, -EINVAL,
                             "schema: expected lower case, digits and underscores, at most 63, not beginning with a "
                             "digit or pg_, found \"%s\"",
                             config->schema);
    return check_parameters(config->parameters, error);
}

tlm_server_settings tlm_postgres_config_server(const tlm_postgres_config *config)
{
    return (tlm_server_settings){.host = config->host,
                                 .user = config->user,
                                 .password = config->password,
                                 .database = config->database,
                                 .schema = config->schema,
                                 .sslmode = sslmodes[config->sslmode - 1],
                                 .parameters = config->parameters,
                                 .application = "telemetra",
                                 .port = config->port,
                                 .connect_timeout_ms = config->connect_timeout_ms,
                                 .statement_timeout_ms = config->statement_timeout_ms,
                                 .lock_timeout_ms = config->lock_timeout_ms,
                                 .idle_timeout_ms = config->statement_timeout_ms};
}
