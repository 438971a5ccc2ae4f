/* SPDX-License-Identifier: Apache-2.0 */
#include "failure.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/** A row for a code or, with two characters, for a class of them; the first that fits counts. */
typedef struct {
    const char *code;
    int result;
    bool is_lasting;
    const char *advice;
} known;

static const known failures[] = {
    {"28P01", -EACCES, true, "; the option password (POSTGRES_PASSWORD) or user is wrong"},
    {"28", -EACCES, true, "; the option user is wrong, or pg_hba.conf of the server does not let it in from here"},
    {"3D000", -ENOENT, true, "; make it with createdb, or set the option database (POSTGRES_DB) to one that there is"},
    {"42501", -EACCES, true, "; grant it to the user, or connect as the owner of the schema"},
    {"25006", -EROFS, false,
     "; the database is read-only (a standby, or default_transaction_read_only): name the primary server"},
    {"53100", -ENOSPC, false, "; make room on the server's disk"},
    {"53300", -EBUSY, false,
     "; the server has no connection left: raise its max_connections or lower writers and readers"},
    {"57014", -ETIMEDOUT, false, "; raise statement_timeout if the server is only slow"},
    {"57P03", -EAGAIN, false, "; the server is starting or stopping: it is tried again"},
    {"57P", -EAGAIN, false, "; the server ended the connection: it is tried again"},
    {"55P03", -EBUSY, false, "; another transaction holds it for longer than lock_timeout"},
    {"42P01", -EIO, false, "; a table is missing: was the schema dropped while this runs?"},
    {"22", -EBADMSG, false, ""},
    {"23", -EBADMSG, false, ""},
    {"40", -EAGAIN, false, ""},
    {"53", -EAGAIN, false, "; the server is short of resources"},
};

static const known *find(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (strncmp(sqlstate, failures[i].code, strlen(failures[i].code)) == 0)
            return &failures[i];
    }
    return NULL;
}

int tlm_failure_result(const char *sqlstate)
{
    const known *row = find(sqlstate);
    return row ? row->result : -EIO;
}

const char *tlm_failure_advice(const char *sqlstate)
{
    const known *row = find(sqlstate);
    return row ? row->advice : "";
}

bool tlm_failure_is_of_a_row(const char *sqlstate)
{
    return (strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "23", 2) == 0) && strcmp(sqlstate, "23505") != 0;
}

bool tlm_failure_is_lasting(const char *sqlstate)
{
    const known *row = find(sqlstate);
    return row && row->is_lasting;
}

/* Whether five characters are a code and a colon follows. */
static bool is_code(const char *text)
{
    for (int i = 0; i < TLM_SQLSTATE_SIZE; i++) {
        if (!isdigit((unsigned char)text[i]) && !(text[i] >= 'A' && text[i] <= 'Z'))
            return false;
    }
    return text[TLM_SQLSTATE_SIZE] == ':';
}

void tlm_failure_find(const char *message, char ret_sqlstate[static TLM_SQLSTATE_SIZE + 1])
{
    memset(ret_sqlstate, 0, TLM_SQLSTATE_SIZE + 1);
    for (const char *at = strstr(message, ":  "); at; at = strstr(at + 1, ":  ")) {
        if (is_code(at + 3))
            memcpy(ret_sqlstate, at + 3, TLM_SQLSTATE_SIZE);
    }
}

void tlm_failure_flatten(const char *message, char *text, size_t room)
{
    size_t size = 0;
    for (const char *at = message; *at && size + 1 < room; at++) {
        if (strncmp(at, "\nLOCATION:", 10) == 0) {
            const char *end = strchr(at + 1, '\n');
            at = end ? end : at + strlen(at) - 1;
            continue;
        }
        if (strncmp(at, ":  ", 3) == 0 && is_code(at + 3))
            at += 3 + TLM_SQLSTATE_SIZE;
        char byte = *at == '\n' || *at == '\t' ? ' ' : *at;
        if (byte != ' ' || (size > 0 && text[size - 1] != ' '))
            text[size++] = byte;
    }
    while (size > 0 && text[size - 1] == ' ')
        size--;
    text[size] = '\0';
}
