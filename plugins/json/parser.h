/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file parser.h
 * simdjson's DOM parser, as seen from C: it judges a whole text and leaves a tape of its values.
 */
#ifndef TLM_JSON_PARSER_H
#define TLM_JSON_PARSER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Levels of arrays and objects that a text may have; the outermost is level 1 (contract section 1). */
#define TLM_JSON_DEPTH_MAX 1024

typedef struct tlm_json_parser tlm_json_parser;

/** A parsed text, valid until the next call for its parser; tape.h reads it. */
typedef struct tlm_json_document {
    const uint64_t *tape;
    const char *strings;
} tlm_json_document;

/** Makes a parser with room for texts of TLM_RECORD_SIZE_MAX bytes. NULL: memory is short. */
tlm_json_parser *tlm_json_parser_create(void);
/** Accepts NULL. */
void tlm_json_parser_destroy(tlm_json_parser *parser);

/**
 * Parses `size` bytes, at most TLM_RECORD_SIZE_MAX, after which TLM_PADDING more can be read. Accepted is JSON by RFC
 * 8259 in strict UTF-8 without lone surrogates, in which each number is a 64-bit integer or a finite double. The depth
 * is judged but for empty containers (tape.h tells those). No allocation.
 * NULL, or half a sentence that tells what is wrong ("a string is never closed"), with *ret_document untouched.
 */
const char *tlm_json_parser_parse(tlm_json_parser *parser, const char *text, size_t size,
                                  tlm_json_document *ret_document);

#ifdef __cplusplus
}
#endif
#endif
