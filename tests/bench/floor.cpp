/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of `infra/bench standalone`: reads the named fields of an NDJSON file into a checksum with simdjson's DOM
 * parser, the one of the json codec, and prints events, bytes, checksum and CPU seconds. */
#include <cstdio>
#include <cstring>
#include <string_view>
#include <time.h>
#include <vector>
#define SIMDJSON_EXCEPTIONS 0
#include <simdjson.h>

using namespace simdjson;
/* The named fields by their length, so that a key is compared with one or two names. */
static const std::vector<std::string_view> names[] = {
    {}, {}, {}, {}, {"bits", "tier"}, {"topic", "title"}, {"emotes", "badges", "amount", "months"}, {"user_id", "message"},
    {"event_id", "username", "currency", "category"}, {"timestamp", "stream_id", "is_action"}, {"event_type"}, {},
    {"viewer_count"}, {"streamer_name"}, {}, {}, {"transaction_type"}};

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
    case dom::element_type::INT64: return static_cast<uint64_t>(value.get_int64().value_unsafe());
    case dom::element_type::DOUBLE: return static_cast<uint64_t>(value.get_double().value_unsafe() * 1000);
    case dom::element_type::BOOL: return value.get_bool().value_unsafe();
    case dom::element_type::ARRAY: {
        dom::array array = value.get_array().value_unsafe();
        for (dom::element element : array)
            sum = sum * 31 + checksum_of(element);
        return sum;
    }
    default: return 0;
    }
}

int main(int count, char **arguments)
{
    FILE *file = count == 2 ? std::fopen(arguments[1], "rb") : nullptr;
    if (!file)
        return std::fprintf(stderr, "usage: bench_floor FILE (plain NDJSON that can be read)\n"), 2;
    const size_t room = 4 << 20;
    std::vector<char> buffer(room + SIMDJSON_PADDING);
    dom::parser parser;
    uint64_t events = 0, bytes = 0, checksum = 0;
    size_t kept = 0, got;

    while ((got = std::fread(buffer.data() + kept, 1, room - kept, file)) > 0) {
        bytes += got;
        const char *line = buffer.data(), *end = line + kept + got, *feed;
        for (; (feed = static_cast<const char *>(std::memchr(line, '\n', end - line))); line = feed + 1) {
            dom::object object;
            if (parser.parse(line, feed - line, false).get(object))
                return std::fprintf(stderr, "event %llu is no JSON object\n", (unsigned long long)events), 1;
            for (dom::key_value_pair field : object)
                if (is_named(field.key))
                    checksum = checksum * 31 + checksum_of(field.value);
            events++;
        }
        kept = end - line;
        std::memmove(buffer.data(), line, kept);
    }
    timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    std::printf("events %llu bytes %llu checksum %016llx cpu_s %.6f\n", (unsigned long long)events,
                (unsigned long long)bytes, (unsigned long long)checksum, cpu.tv_sec + cpu.tv_nsec * 1e-9);
    return std::fclose(file) != 0 || kept != 0;
}
