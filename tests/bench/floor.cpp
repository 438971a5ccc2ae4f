/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of `infra/bench standalone`: reads the named fields of an NDJSON file into a checksum with simdjson's DOM
 * parser, the one of the json codec, and prints events, bytes, checksum and CPU seconds. */
#include "floor_fields.h"

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
