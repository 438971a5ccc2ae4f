/* Writes JSON (RFC 8259) into a tlm_buffer, compact, with the commas set by itself.
 *
 * The order of calls is the caller's duty and asserted: in an object each value follows a key, each begin has its end,
 * at most TLM_JSON_DEPTH levels. Values outside of any array or object follow each other without a separator, so a
 * writer serves for lines of JSON too. Running out of memory shows once, in buffer->error. A writer holds no memory of
 * its own and borrows the buffer; it belongs to one thread at a time. */
#ifndef TLM_COMMON_JSON_WRITER_H
#define TLM_COMMON_JSON_WRITER_H

#include "common/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLM_JSON_DEPTH 64

typedef struct {
    tlm_buffer *buffer; /* borrowed */
    uint64_t objects;   /* a bit a level: it is an object */
    uint64_t filled;    /* a bit a level: it has a member, the next one needs a comma */
    unsigned depth;     /* open levels */
    bool keyed;         /* a key waits for its value */
} tlm_json_writer;

/* A writer at the outermost level that appends to `buffer`. */
void tlm_json_init(tlm_json_writer *writer, tlm_buffer *buffer);

void tlm_json_begin_object(tlm_json_writer *writer);
void tlm_json_end_object(tlm_json_writer *writer);
void tlm_json_begin_array(tlm_json_writer *writer);
void tlm_json_end_array(tlm_json_writer *writer);

/* The name of the next member. The text is treated as tlm_json_string treats it; names are not checked for repeats. */
void tlm_json_key(tlm_json_writer *writer, const char *text, size_t size);

/* The same for a string literal. */
#define TLM_JSON_KEY(writer, literal) tlm_json_key((writer), "" literal, sizeof(literal) - 1)

/* A string. Escapes what JSON demands (quote, backslash, U+0000..U+001F) and nothing else. The bytes are expected to
 * be UTF-8; U+FFFD takes the place of what is not, so the output always is. */
void tlm_json_string(tlm_json_writer *writer, const char *text, size_t size);

void tlm_json_int(tlm_json_writer *writer, int64_t value);
void tlm_json_uint(tlm_json_writer *writer, uint64_t value);
void tlm_json_bool(tlm_json_writer *writer, bool value);
void tlm_json_null(tlm_json_writer *writer);

/* A value that is JSON text already (a number from tlm_decimal_format, a kept object), copied as it is. */
void tlm_json_raw(tlm_json_writer *writer, const char *text, size_t size);

#endif
