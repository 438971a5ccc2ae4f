/* SPDX-License-Identifier: Apache-2.0 */
/* What the floors do with an event: read its named fields into a checksum with simdjson's DOM parser, the one of the
 * json codec. */
#pragma once
#include <cstdio>
#include <cstring>
#include <string_view>
#include <time.h>
#include <vector>
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

using namespace simdjson;
/* The named fields by their length, so that a key is compared with one or two names. */
static const std::vector<std::string_view> names[] = {{},
                                                      {},
                                                      {},
                                                      {},
                                                      {"bits", "tier"},
                                                      {"topic", "title"},
                                                      {"emotes", "badges", "amount", "months"},
                                                      {"user_id", "message"},
                                                      {"event_id", "username", "currency", "category"},
                                                      {"timestamp", "stream_id", "is_action"},
                                                      {"event_type"},
                                                      {},
                                                      {"viewer_count"},
                                                      {"streamer_name"},
                                                      {},
                                                      {},
                                                      {"transaction_type"}};

static bool is_named(std::string_view key)
{
    for (std::string_view name : names[key.size() < std::size(names) ? key.size() : 0])
        if (key == name)
            return true;
    return false;
}

static uint64_t checksum_of(dom::element value)
{
    uint64_t sum = 0;
    switch (value.type()) {
    case dom::element_type::STRING: {
        std::string_view text = value.get_string().value_unsafe();
        return text.size() * 31 + (text.empty() ? 0 : static_cast<unsigned char>(text[0]));
    }
    case dom::element_type::INT64:
        return static_cast<uint64_t>(value.get_int64().value_unsafe());
    case dom::element_type::DOUBLE:
        return static_cast<uint64_t>(value.get_double().value_unsafe() * 1000);
    case dom::element_type::BOOL:
        return value.get_bool().value_unsafe();
    case dom::element_type::ARRAY: {
        dom::array array = value.get_array().value_unsafe();
        for (dom::element element : array)
            sum = sum * 31 + checksum_of(element);
        return sum;
    }
    default:
        return 0;
    }
}
