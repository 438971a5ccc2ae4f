/* SPDX-License-Identifier: Apache-2.0 */
/* Cost of the window processor, without decoding and without sinks: nanoseconds of CPU an event and memory.
 *
 *     bench_window one [DURATION SLIDE]     one stream, 3,000 messages a slide of 1,000 users
 *     bench_window many [STREAMS PANES]     30 messages of 30 users a stream and pane, in time order
 *
 * Events are made in memory, a batch at a time, outside of the measured time. */
#include "window_lab.h"

#include <sys/resource.h>
#include <time.h>

enum { BATCH = 1024 };

typedef struct {
    tlm_event event[BATCH];
    tlm_record record[BATCH];
    tlm_event_stream streams[BATCH];
    uint32_t rows[BATCH];
    int64_t watermarks[BATCH];
    uint8_t verdicts[BATCH];
    uint64_t arena[BATCH * 16];
} space;

static int64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * LAB_SECOND + now.tv_nsec;
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static long rss_kb(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%ld %ld", &pages, &resident) != 2)
            resident = 0;
        (void)fclose(file);
    }
    return resident * 4;
}

/* What the input looks like. */
typedef struct {
    uint64_t streams, users;
    int64_t step_ns;
    int64_t lateness_ns;
} shape;

static void fill(space *room, const shape *like, uint64_t first)
{
    char *arena = (char *)room->arena;
    for (uint32_t i = 0; i < BATCH; i++) {
        uint64_t number = first + i;
        uint64_t stream = number % like->streams;
        uint64_t round = number / like->streams;
        uint64_t user = mix(round * UINT64_C(0x9E3779B97F4A7C15)) % like->users + (stream << 20);
        uint32_t at = i * 128;
        int64_t time_ns = INT64_C(1700000000) * LAB_SECOND + (int64_t)number * like->step_ns;
        if (like->users == 30)
            user = round % 30 + (stream << 20);
        int name = snprintf(arena + at, 40, "stream-%010llu", (unsigned long long)stream);
        int id = snprintf(arena + at + 40, 48, "event-%020llu-abcdefgh", (unsigned long long)number);
        int who = snprintf(arena + at + 88, 40, "user-%012llu", (unsigned long long)user);
        room->streams[i] = (tlm_event_stream){.id = {.offset = at, .size = (uint32_t)name}};
        room->event[i] = (tlm_event){.time_ns = time_ns,
                                     .id_low = mix(number + 1),
                                     .id_high = mix(~number),
                                     .user_hash = mix(user + 77),
                                     .record = i,
                                     .stream = like->streams == 1 ? 0 : i,
                                     .kind = TLM_EVENT_CHAT,
                                     .event_id = {.offset = at + 40, .size = (uint32_t)id},
                                     .user = {.offset = at + 88, .size = (uint32_t)who}};
        room->record[i] = (tlm_record){.position = {.ordinal = (int64_t)number}};
        room->rows[i] = i;
        room->watermarks[i] = time_ns - like->step_ns - like->lateness_ns;
        room->verdicts[i] = TLM_VERDICT_APPLIED;
    }
}

static void run(const char *name, int64_t duration_s, int64_t slide_s, const shape *like, uint64_t count)
{
    lab_plugin lab;
    lab_lane lane;
    tlm_lane_state *state;
    if (lab_open(&lab, duration_s, slide_s) < 0)
        abort();
    lab_lane_init(&lane, 1, INT64_MIN);
    lane.is_mute = true;
    space *room = lab_alloc(NULL, sizeof *room);
    long before_kb = rss_kb();
    if (lab.processor->lane_open(lab.instance, &lane.lane, &state, &lab.error) < 0)
        abort();
    tlm_records records = {.struct_size = sizeof records, .record_count = BATCH, .records = room->record};
    tlm_events batch = {.struct_size = sizeof batch,
                        .event_count = BATCH,
                        .stream_count = like->streams == 1 ? 1 : BATCH,
                        .events = room->event,
                        .streams = room->streams,
                        .arena = (char *)room->arena,
                        .records = &records};
    int64_t spent_ns = 0;
    uint64_t done = 0;
    uint64_t size_max = 0;
    for (; done < count; done += BATCH) {
        fill(room, like, done);
        tlm_event_view view = {.batch = &batch,
                               .rows = room->rows,
                               .watermarks = room->watermarks,
                               .verdicts = room->verdicts,
                               .count = BATCH};
        int64_t start_ns = cpu_ns();
        if (lab.processor->events(state, &view) < 0)
            abort();
        if (done / BATCH % 256 == 255 && lab.processor->prepare(state) < 0)
            abort();
        spent_ns += cpu_ns() - start_ns;
        if (done / BATCH % 64 == 0) {
            uint64_t size = lab.processor->size_bytes(state);
            size_max = size > size_max ? size : size_max;
        }
    }
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("%-5s %3lld/%lld s: %8.1f ns an event, %llu events, %zu rows, %.1f MB counted, %.1f MB resident at most\n",
           name, (long long)duration_s, (long long)slide_s, (double)spent_ns / (double)done, (unsigned long long)done,
           lane.mute_count, (double)size_max / 1e6, (double)(usage.ru_maxrss - before_kb) / 1e3);
    lab.processor->lane_close(state);
    lab_lane_finish(&lane);
    free(room);
    lab_close(&lab);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "many") == 0) {
        uint64_t streams = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
        uint64_t panes = argc > 3 ? strtoull(argv[3], NULL, 10) : 12;
        shape many = {.streams = streams, .users = 30, .lateness_ns = 10 * LAB_SECOND};
        many.step_ns = 10 * LAB_SECOND / (int64_t)(streams * 30);
        run("many", 60, 10, &many, streams * 30 * panes);
        return 0;
    }
    int64_t duration_s = argc > 3 ? strtoll(argv[2], NULL, 10) : 60;
    int64_t slide_s = argc > 3 ? strtoll(argv[3], NULL, 10) : 10;
    shape one = {.streams = 1, .users = 1000, .step_ns = LAB_SECOND / 300, .lateness_ns = 10 * LAB_SECOND};
    run("one", duration_s, slide_s, &one, 3000000);
    return 0;
}
