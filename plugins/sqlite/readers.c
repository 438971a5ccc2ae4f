/* SPDX-License-Identifier: Apache-2.0 */
#include "readers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    sqlite3_stmt *statement; /* NULL: free */
    uint64_t used;           /* the reader's clock when it was last asked for */
} kept_statement;

struct tlm_reader {
    sqlite3 *database;
    tlm_reader *next_free;
    kept_statement kept[TLM_READER_STATEMENTS_MAX];
    uint64_t clock;
};

struct tlm_readers {
    pthread_mutex_t mutex; /* guards `free` and the next_free of its members */
    pthread_cond_t released;
    tlm_reader *free;
    uint32_t count;
    tlm_reader items[TLM_READERS_MAX];
};

static void close_reader(tlm_reader *reader)
{
    for (uint32_t i = 0; i < TLM_READER_STATEMENTS_MAX; i++)
        sqlite3_finalize(reader->kept[i].statement);
    sqlite3_close(reader->database);
}

int tlm_readers_create(const tlm_database_settings *settings, uint32_t count, tlm_readers **ret_readers,
                       tlm_error *error)
{
    tlm_readers *readers = calloc(1, sizeof *readers);
    if (!readers)
        return tlm_error_set(error, -ENOMEM, "out of memory");
    pthread_mutex_init(&readers->mutex, NULL);
    pthread_cond_init(&readers->released, NULL);
    while (readers->count < count) {
        tlm_reader *reader = &readers->items[readers->count];
        int result = tlm_database_open_reader(settings, &reader->database, error);
        if (result < 0) {
            tlm_readers_destroy(readers);
            return result;
        }
        reader->next_free = readers->free;
        readers->free = reader;
        readers->count++;
    }
    *ret_readers = readers;
    return 0;
}

void tlm_readers_destroy(tlm_readers *readers)
{
    if (!readers)
        return;
    for (uint32_t i = 0; i < readers->count; i++)
        close_reader(&readers->items[i]);
    pthread_cond_destroy(&readers->released);
    pthread_mutex_destroy(&readers->mutex);
    free(readers);
}

tlm_reader *tlm_readers_acquire(tlm_readers *readers)
{
    pthread_mutex_lock(&readers->mutex);
    while (!readers->free)
        pthread_cond_wait(&readers->released, &readers->mutex);
    tlm_reader *reader = readers->free;
    readers->free = reader->next_free;
    pthread_mutex_unlock(&readers->mutex);
    return reader;
}

void tlm_readers_release(tlm_readers *readers, tlm_reader *reader)
{
    pthread_mutex_lock(&readers->mutex);
    reader->next_free = readers->free;
    readers->free = reader;
    pthread_cond_signal(&readers->released);
    pthread_mutex_unlock(&readers->mutex);
}

sqlite3 *tlm_reader_database(tlm_reader *reader)
{
    return reader->database;
}

/* The place of that statement, else a free one, else the one unused for longest. */
static kept_statement *find_place(tlm_reader *reader, const char *sql)
{
    kept_statement *oldest = &reader->kept[0];
    for (uint32_t i = 0; i < TLM_READER_STATEMENTS_MAX; i++) {
        kept_statement *kept = &reader->kept[i];
        if (kept->statement && strcmp(sqlite3_sql(kept->statement), sql) == 0)
            return kept;
        if (kept->used < oldest->used)
            oldest = kept;
    }
    sqlite3_finalize(oldest->statement);
    *oldest = (kept_statement){0};
    return oldest;
}

int tlm_reader_prepare(tlm_reader *reader, const char *sql, sqlite3_stmt **ret_statement, tlm_error *error)
{
    kept_statement *place = find_place(reader, sql);
    if (!place->statement) {
        int result = tlm_database_prepare(reader->database, sql, &place->statement, error);
        if (result < 0)
            return result;
    }
    place->used = ++reader->clock;
    sqlite3_clear_bindings(place->statement);
    *ret_statement = place->statement;
    return 0;
}
