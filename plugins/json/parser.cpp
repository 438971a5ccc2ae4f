/* SPDX-License-Identifier: Apache-2.0 */
#include "parser.h"

#include <telemetra/event.h>

#include <new>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>
#pragma GCC diagnostic pop

static_assert(simdjson::SIMDJSON_PADDING <= TLM_PADDING, "records carry less padding than simdjson reads");

struct tlm_json_parser {
    simdjson::dom::parser dom;
};

/* simdjson refuses the level that reaches its bound, and levels that hold nothing are not counted. */
static const size_t depth_bound = TLM_JSON_DEPTH_MAX + 1;

extern "C" tlm_json_parser *tlm_json_parser_create(void)
{
    tlm_json_parser *parser = new (std::nothrow) tlm_json_parser;
    if (!parser)
        return nullptr;
    /* Untouched pages of these buffers cost nothing, so the largest text is provided for at once. */
    if (parser->dom.allocate(TLM_RECORD_SIZE_MAX, depth_bound) || parser->dom.doc.allocate(TLM_RECORD_SIZE_MAX)) {
        delete parser;
        return nullptr;
    }
    return parser;
}

extern "C" void tlm_json_parser_destroy(tlm_json_parser *parser)
{
    delete parser;
}

static const char *fault_of(simdjson::error_code code)
{
    switch (code) {
    case simdjson::EMPTY:
        return "it holds no value";
    case simdjson::UTF8_ERROR:
        return "it is not UTF-8";
    case simdjson::DEPTH_ERROR:
        return "it has more than 1024 levels of arrays and objects";
    case simdjson::STRING_ERROR:
        return "a string has a wrong escape or a lone surrogate";
    case simdjson::UNCLOSED_STRING:
        return "a string is never closed";
    case simdjson::UNESCAPED_CHARS:
        return "a string holds a control character that is not escaped";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
        return "a word in it is none of true, false and null";
    case simdjson::NUMBER_ERROR:
        return "a number is malformed, or neither a 64-bit integer nor a finite double";
    case simdjson::TAPE_ERROR:
        return "a value, comma, colon or bracket is missing or out of place";
    default:
        return simdjson::error_message(code);
    }
}

extern "C" const char *tlm_json_parser_parse(tlm_json_parser *parser, const char *text, size_t size,
                                             tlm_json_document *ret_document)
{
    simdjson::error_code code = parser->dom.parse(reinterpret_cast<const uint8_t *>(text), size, false).error();

    if (code)
        return fault_of(code);
    ret_document->tape = parser->dom.doc.tape.get();
    ret_document->strings = reinterpret_cast<const char *>(parser->dom.doc.string_buf.get());
    return nullptr;
}
