/* SPDX-License-Identifier: Apache-2.0 */
/* Source `mock`, lifelike model: what its streams do, and that what the planted file tells is so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_mock.h"

#include <math.h>
#include <unistd.h>

#define STREAMS 20
#define TRUTH_MAX 4096

/* First seconds of a run without a planted moment. */
#define LEAD_S 300

/* --- the planted file -------------------------------------------------------------------------------------------- */

typedef struct {
    char stream[32], type[32], cause[32], event_id[64];
    int64_t start_ns, peak_ns, end_ns;
    double magnitude;
} moment;

typedef struct {
    moment *items;
    size_t count;
} truth;

static void make_path(char path[static 64])
{
    strcpy(path, "/tmp/telemetra-test-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static int64_t time_member(const char *line, const char *name)
{
    const char *text = member(line, name);
    int64_t time_ns;

    assert_non_null(text);
    assert_int_equal(tlm_time_parse(text, strlen(text), &time_ns), 0);
    return time_ns;
}

static void copy_member(char *out, size_t size, const char *line, const char *name)
{
    const char *text = member(line, name);

    snprintf(out, size, "%s", text ? text : "");
}

static moment parse_moment(const char *line)
{
    moment parsed = {.start_ns = time_member(line, "start"),
                     .peak_ns = time_member(line, "peak"),
                     .end_ns = time_member(line, "end")};
    const char *magnitude = strstr(line, "\"magnitude\":");

    copy_member(parsed.stream, sizeof parsed.stream, line, "stream_id");
    copy_member(parsed.type, sizeof parsed.type, line, "moment_type");
    copy_member(parsed.cause, sizeof parsed.cause, line, "cause");
    copy_member(parsed.event_id, sizeof parsed.event_id, line, "event_id");
    assert_non_null(magnitude);
    parsed.magnitude = strtod(magnitude + strlen("\"magnitude\":"), NULL);
    return parsed;
}

static truth read_truth(const char *path)
{
    truth self = {.items = calloc(TRUTH_MAX, sizeof *self.items)};
    FILE *file = fopen(path, "r");
    char line[1024];

    assert_non_null(self.items);
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        assert_int_equal(*json_value(line), '\0');
        assert_true(self.count < TRUTH_MAX);
        self.items[self.count++] = parse_moment(line);
    }
    assert_int_equal(fclose(file), 0);
    return self;
}

static bool is_type(const moment *self, const char *type)
{
    return strcmp(self->type, type) == 0;
}

/* The file's bytes, the caller's to free. */
static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *bytes = calloc(1, 1 << 20);

    assert_non_null(file);
    assert_non_null(bytes);
    assert_true(fread(bytes, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

/* --- events of a stream in a time -------------------------------------------------------------------------------- */

typedef struct {
    double messages, glad, sad, viewers, viewer_events, transactions, gifts, givers;
} tally;

static bool has_any(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strstr(text, *words))
            return true;
    }
    return false;
}

static void count_event(tally *self, const test_record *item, char giver[static 64])
{
    static const char *const glad[] = {"good", "great", "love", "nice", "happy", "best", "gg", NULL};
    static const char *const sad[] = {"bad", "hate", "awful", "worst", "terrible", "broken", "boring", NULL};
    const char *message = member(item->bytes, "message");

    switch (item->record.kind) {
    case TLM_EVENT_CHAT:
        self->messages++;
        self->glad += has_any(message, glad);
        self->sad += has_any(message, sad);
        break;
    case TLM_EVENT_VIEWER:
        self->viewers += strtod(strstr(item->bytes, "\"viewer_count\":") + strlen("\"viewer_count\":"), NULL);
        self->viewer_events++;
        break;
    case TLM_EVENT_TRANSACTION:
        self->transactions++;
        if (strstr(item->bytes, "\"gift_sub\"")) {
            const char *user = member(item->bytes, "user_id");
            self->gifts++;
            self->givers += strcmp(giver, user) != 0;
            snprintf(giver, 64, "%s", user);
        }
        break;
    default:
        break;
    }
}

static size_t first_at(const test_tape *tape, int64_t time_ns)
{
    size_t low = 0, high = tape->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tape->items[middle].record.append_time_ns < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static tally tally_of(const test_tape *tape, const char *stream, int64_t from_ns, int64_t to_ns)
{
    tally self = {0};
    char id[64], giver[64] = "";

    snprintf(id, sizeof id, "\"stream_id\":\"%s\"", stream);
    for (size_t i = first_at(tape, from_ns); i < tape->count && tape->items[i].record.append_time_ns <= to_ns; i++) {
        if (strstr(tape->items[i].bytes, id))
            count_event(&self, &tape->items[i], giver);
    }
    return self;
}

static const int64_t second_ns = 1000000000;

static double viewers_around(const test_tape *tape, const char *stream, int64_t time_ns)
{
    tally around = tally_of(tape, stream, time_ns - 6 * second_ns, time_ns + 6 * second_ns);

    assert_true(around.viewer_events > 0);
    return around.viewers / around.viewer_events;
}

/* --- the planted moments are in the events ----------------------------------------------------------------------- */

static const char *const eventful[] = {"start_time", START,    "realtime", "false", "streams", "20",
                                       "count",      "900000", "episodes", "6",     NULL};

/* A run of nearly an hour that most tests look at, read once. */
typedef struct {
    test_tape tape;
    truth planted; /* without the moments that the run's end cuts off */
} eventful_run;

static truth read_eventful(test_tape *tape)
{
    char path[64];
    const char *settings[TLM_COUNT(eventful) + 2];

    make_path(path);
    memcpy(settings, eventful, sizeof eventful);
    settings[TLM_COUNT(eventful) - 1] = "planted_file";
    settings[TLM_COUNT(eventful)] = path;
    settings[TLM_COUNT(eventful) + 1] = NULL;
    read_all(settings, NULL, 4096, tape);
    truth self = read_truth(path);
    assert_int_equal(unlink(path), 0);
    size_t kept = 0;
    for (size_t i = 0; i < self.count; i++) {
        if (self.items[i].end_ns < tape->items[tape->count - 1].record.append_time_ns)
            self.items[kept++] = self.items[i];
    }
    self.count = kept;
    return self;
}

static int begin(void **state)
{
    eventful_run *run = calloc(1, sizeof *run);

    assert_non_null(run);
    run->planted = read_eventful(&run->tape);
    *state = run;
    return 0;
}

static int end(void **state)
{
    eventful_run *run = *state;

    free(run->planted.items);
    tape_free(&run->tape);
    free(run);
    return 0;
}

static void check_moment(const test_tape *tape, const moment *at)
{
    tally during = tally_of(tape, at->stream, at->start_ns, at->end_ns);
    double seconds = (double)(at->end_ns - at->start_ns) / (double)second_ns;

    if (is_type(at, "chat_spike")) {
        /* In ten seconds 100 are usual and 2.4 to 4.8 times that are planted; half of it leaves room for noise. */
        tally height = tally_of(tape, at->stream, at->peak_ns - 5 * second_ns, at->peak_ns + 5 * second_ns);
        assert_true(height.messages > 10 * 10 * at->magnitude * 0.5);
    } else if (is_type(at, "viewer_surge")) {
        double before = viewers_around(tape, at->stream, at->start_ns - 6 * second_ns);
        assert_true(viewers_around(tape, at->stream, at->peak_ns) > 1.25 * before);
    } else if (is_type(at, "viewer_drop")) {
        double before = viewers_around(tape, at->stream, at->start_ns - 6 * second_ns);
        assert_true(viewers_around(tape, at->stream, at->peak_ns) < 0.8 * before);
        assert_true(at->magnitude < 0.7);
    } else if (is_type(at, "donation_burst")) {
        assert_true(during.transactions >= at->magnitude && at->magnitude >= 12);
    } else if (is_type(at, "raid")) {
        char id[128];
        snprintf(id, sizeof id, "{\"event_id\":\"%s\",\"timestamp\":", at->event_id);
        const test_record *event = &tape->items[first_at(tape, at->start_ns)];
        while (strncmp(event->bytes, id, strlen(id)) != 0 && event->record.append_time_ns == at->start_ns)
            event++;
        assert_int_equal(strncmp(event->bytes, id, strlen(id)), 0);
        assert_non_null(strstr(event->bytes, "\"event_type\":\"raid_incoming\""));
        snprintf(id, sizeof id, "\"viewer_count\":%.0f}", at->magnitude);
        assert_non_null(strstr(event->bytes, id));
    } else {
        assert_true(is_type(at, "sentiment_shift"));
        assert_true(seconds > 60 && during.messages > 300);
        tally before = tally_of(tape, at->stream, at->start_ns - LEAD_S * second_ns, at->start_ns);
        double turned = during.glad / during.sad / (before.glad / before.sad);
        assert_true(at->magnitude > 0 ? turned > 2 : turned < 0.5);
    }
}

static void what_the_planted_file_tells_is_in_the_events(void **state)
{
    static const char *const types[] = {"chat_spike",     "viewer_surge", "viewer_drop",
                                        "donation_burst", "raid",         "sentiment_shift"};
    const eventful_run *run = *state;
    const test_tape *tape = &run->tape;
    const truth *planted = &run->planted;
    size_t seen[TLM_COUNT(types)] = {0}, bombs = 0, caused = 0;

    for (size_t i = 0; i < planted->count; i++) {
        const moment *at = &planted->items[i];
        assert_true(at->start_ns >= (START_MS + LEAD_S * INT64_C(1000)) * 1000000);
        assert_true(at->start_ns <= at->peak_ns && at->peak_ns <= at->end_ns);
        assert_true(i == 0 || at->start_ns >= planted->items[i - 1].start_ns);
        check_moment(tape, at);
        caused += at->cause[0] != '\0';
        for (size_t type = 0; type < TLM_COUNT(types); type++)
            seen[type] += is_type(at, types[type]) && at->cause[0] == '\0';
        tally during = tally_of(tape, at->stream, at->start_ns, at->end_ns);
        bombs += is_type(at, "donation_burst") && during.gifts >= at->magnitude && during.givers <= 3;
    }
    for (size_t type = 0; type < TLM_COUNT(types); type++) {
        if (seen[type] == 0)
            fail_msg("no %s was planted", types[type]);
    }
    assert_true(bombs > 0 && bombs < seen[3]);
    assert_true(caused > 0);
}

/* Six an hour over the run's time but its first minutes; the number in twenty streams is binomial, of 200 slots or so
 * with four of five filled: a standard deviation of 6. */
static void episodes_are_as_frequent_as_told(void **state)
{
    const eventful_run *run = *state;
    const test_tape *tape = &run->tape;
    const truth *planted = &run->planted;
    int64_t end_ns = tape->items[tape->count - 1].record.append_time_ns;
    double hours = ((double)end_ns / 1e9 - START_MS / 1e3 - LEAD_S) / 3600;
    double found = 0;

    for (size_t i = 0; i < planted->count; i++)
        found += planted->items[i].cause[0] == '\0';
    assert_true(found / (6 * hours * STREAMS) > 0.8);
    assert_true(found / (6 * hours * STREAMS) < 1.2);
}

static void raids_lift_viewers_and_bring_new_users(void **state)
{
    const eventful_run *run = *state;
    const test_tape *tape = &run->tape;
    const truth *planted = &run->planted;
    size_t raids = 0;

    for (size_t i = 0; i < planted->count; i++) {
        const moment *at = &planted->items[i];
        if (!is_type(at, "raid"))
            continue;
        double before = viewers_around(tape, at->stream, at->start_ns - 6 * second_ns);
        double arrived = viewers_around(tape, at->stream, at->start_ns + 50 * second_ns);
        assert_true(arrived > before + 0.6 * at->magnitude);
        assert_true(arrived < before * 1.2 + 1.2 * at->magnitude);
        raids++;
    }
    assert_true(raids >= 5);
}

static void a_run_that_goes_on_has_the_same_planted_file(void **state)
{
    char path[64];
    make_path(path);
    const char *const settings[] = {"start_time", START,      "realtime", "false",        "streams", "5", "count",
                                    "80000",      "episodes", "12",       "planted_file", path,      NULL};
    test_tape whole = {0}, rest = {0};

    (void)state;
    read_all(settings, NULL, 4096, &whole);
    char *first = read_file(path);
    assert_true(strlen(first) > 1000);
    read_all(settings, &whole.items[60000].record.position, 4096, &rest);
    assert_same(&whole, 60000, &rest);
    char *second = read_file(path);
    assert_string_equal(first, second);
    free(first);
    free(second);
    tape_free(&whole);
    tape_free(&rest);
    assert_int_equal(unlink(path), 0);
}

static void quiet_streams_have_no_episodes(void **state)
{
    char path[64];
    make_path(path);
    const char *const settings[] = {"start_time", START,      "realtime", "false",        "streams", "5", "count",
                                    "100000",     "episodes", "0",        "planted_file", path,      NULL};
    test_tape tape = {0};

    (void)state;
    read_all(settings, NULL, 4096, &tape);
    for (size_t i = 0; i < tape.count; i++)
        assert_null(strstr(tape.items[i].bytes, "raid_incoming"));
    truth planted = read_truth(path);
    assert_int_equal(planted.count, 0);
    free(planted.items);
    tape_free(&tape);
    assert_int_equal(unlink(path), 0);
}

static void a_planted_file_that_cannot_be_written_is_a_sentence(void **state)
{
    static const char *const no_folder[] = {"planted_file", "/nowhere/at/all", NULL};
    static const char *const full[] = {"planted_file", "/dev/full", "start_time", START,    "realtime", "false",
                                       "streams",      "20",        "count",      "400000", NULL};
    test_player player;
    test_tape tape = {0};

    (void)state;
    player_init(&player, "mock", no_folder);
    player_start(&player);
    assert_int_equal(player.source->open(player.instance, NULL, &player.error), -ENOENT);
    assert_non_null(strstr(player.error.text, "planted_file: cannot write /nowhere/at/all: No such file"));
    player_finish(&player, true);
    player_init(&player, "mock", full);
    player_start(&player);
    player_open(&player, NULL);
    assert_int_equal(player_read_until(&player, &tape, 4096, 400000), -ENOSPC);
    assert_non_null(strstr(player.error.text, "planted_file: cannot write /dev/full: No space"));
    assert_true(tape.count > 10000); /* all before the first moment */
    player_finish(&player, true);
    tape_free(&tape);
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static void streams_begin_with_stream_start(void **state)
{
    static const char *const settings[] = {
        "start_time", START, "realtime", "false", "count", "5000", "channels", "alpha,be\"ta\\,gamma", NULL};
    static const char *const ids[] = {"\"stream_id\":\"alpha\"", "\"stream_id\":\"be\\\"ta\\\\\"",
                                      "\"stream_id\":\"gamma\""};
    test_tape tape = {0};

    (void)state;
    read_all(settings, NULL, 4096, &tape);
    for (size_t i = 0; i < tape.count; i++) {
        assert_int_equal(i < 3, strstr(tape.items[i].bytes, "\"stream_start\"") != NULL);
        if (i < 3)
            assert_non_null(strstr(tape.items[i].bytes, ids[i]));
    }
    assert_non_null(strstr(tape.items[0].bytes, "\"started_at\":\"2026-01-01T00:00:00.000Z\""));
    tape_free(&tape);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void ids_are_unique(void **state)
{
    const eventful_run *run = *state;
    const test_tape *tape = &run->tape;

    const char **ids = calloc(tape->count, sizeof *ids);
    assert_non_null(ids);
    for (size_t i = 0; i < tape->count; i++) {
        assert_memory_equal(tape->items[i].bytes, "{\"event_id\":\"m-1767225600000-", 29);
        ids[i] = tape->items[i].bytes + 13;
        *strchr(tape->items[i].bytes + 13, '"') = '\0';
    }
    qsort(ids, tape->count, sizeof *ids, by_text);
    for (size_t i = 1; i < tape->count; i++)
        assert_string_not_equal(ids[i], ids[i - 1]);
    for (size_t i = 0; i < tape->count; i++)
        tape->items[i].bytes[strlen(tape->items[i].bytes)] = '"';
    free(ids);
}

/* In real time a run that began in the past, which is read at once, and then waits for what is not due yet. */
static void real_time_and_as_fast_as_possible_give_equal_bytes(void **state)
{
    struct timespec now;
    char start[TLM_TIME_SIZE];
    test_tape fast = {0}, live = {0};

    (void)state;
    clock_gettime(CLOCK_REALTIME, &now);
    (void)tlm_time_format(((int64_t)now.tv_sec - 20) * second_ns, start);
    const char *const as_fast[] = {"start_time", start, "realtime", "false", "count", "2150",
                                   "streams",    "2",   "rate",     "50",    NULL};
    const char *const real[] = {"start_time", start, "realtime", "true", "count", "2150",
                                "streams",    "2",   "rate",     "50",   NULL};
    read_all(as_fast, NULL, 4096, &fast);
    read_all(real, NULL, 4096, &live);
    assert_same(&fast, 0, &live);
    tape_free(&fast);
    tape_free(&live);
}

static void the_mix_is_plausible(void **state)
{
    static const char *const must[] = {"\"donation\"",
                                       "\"tip\"",
                                       "\"subscription\"",
                                       "subscription_renewal",
                                       "\"gift_sub\"",
                                       "\"bits\"",
                                       "\"purchase\"",
                                       "title_change",
                                       "category_change",
                                       "raid_incoming",
                                       "\"USD\"",
                                       "\"EUR\"",
                                       "\"JPY\"",
                                       "\"bits\":100",
                                       "moderator",
                                       "\"vip\"",
                                       "\"is_action\":true",
                                       "stream_0020",
                                       "\"amount\":\"",
                                       "\"message\":\"!",
                                       "haha",
                                       "?\"",
                                       "\"message\":\"@",
                                       "!!"};
    const eventful_run *run = *state;
    const test_tape *tape = &run->tape;
    size_t kinds[TLM_EVENT_KINDS] = {0}, seen[TLM_COUNT(must)] = {0};

    for (size_t i = 0; i < tape->count; i++) {
        kinds[tape->items[i].record.kind]++;
        for (size_t word = 0; word < TLM_COUNT(must); word++)
            seen[word] += strstr(tape->items[i].bytes, must[word]) != NULL;
    }
    for (size_t word = 0; word < TLM_COUNT(must); word++) {
        if (seen[word] == 0)
            fail_msg("%s never came", must[word]);
    }
    assert_in_range(kinds[TLM_EVENT_VIEWER], tape->count / 70, tape->count / 40);
    assert_in_range(kinds[TLM_EVENT_TRANSACTION], tape->count / 100, tape->count / 40);
    assert_in_range(kinds[TLM_EVENT_STREAM_META], STREAMS, tape->count / 1000);
}

/* The emotes of an event stand in its message as words, in their order. */
static void assert_emotes_in_text(const char *json)
{
    const char *at = strstr(json, "\"emotes\":[") + strlen("\"emotes\":[");
    const char *message = member(json, "message");
    const char *text = message;

    while (*at == '"') {
        char emote[64];
        snprintf(emote, sizeof emote, "%.*s", (int)(strchr(at + 1, '"') - at - 1), at + 1);
        text = strstr(text, emote);
        assert_non_null(text);
        assert_true(text == message || text[-1] == ' ');
        text += strlen(emote);
        assert_true(*text == ' ' || *text == '\0');
        at = strchr(at + 1, '"') + 1;
        at += *at == ',';
    }
    assert_int_equal(*at, ']');
}

static void emotes_stand_in_the_text(void **state)
{
    static const char *const without[] = {"start_time", START,    "realtime", "false",    "count", "50000", "streams",
                                          "5",          "emotes", "false",    "episodes", "12",    NULL};
    const eventful_run *run = *state;
    test_tape tape = {0};

    for (size_t i = 0; i < run->tape.count; i++) {
        if (run->tape.items[i].record.kind == TLM_EVENT_CHAT)
            assert_emotes_in_text(run->tape.items[i].bytes);
    }
    read_all(without, NULL, 4096, &tape);
    for (size_t i = 0; i < tape.count; i++) {
        if (tape.items[i].record.kind == TLM_EVENT_CHAT)
            assert_non_null(strstr(tape.items[i].bytes, "\"emotes\":[],"));
        assert_null(strstr(tape.items[i].bytes, "KEKW"));
    }
    tape_free(&tape);
}

typedef struct {
    char name[64];
    size_t count;
} emote_count;

enum { EMOTES_MAX = 512 };

static void count_emote(emote_count *counts, const char *name)
{
    size_t i = 0;

    while (counts[i].count > 0 && strcmp(counts[i].name, name) != 0)
        i++;
    assert_true(i + 1 < EMOTES_MAX);
    snprintf(counts[i].name, sizeof counts[i].name, "%s", name);
    counts[i].count++;
}

static int by_count(const void *a, const void *b)
{
    size_t one = ((const emote_count *)a)->count, other = ((const emote_count *)b)->count;

    return one > other ? -1 : one < other;
}

/* By Zipf's law the count of rank k is 1/k of the first. Here streams have favourites and emotes of their own, which
 * leaves the first ranks near the law: within a factor of 2.5 over all streams. */
static void emotes_follow_zipf(void **state)
{
    const eventful_run *run = *state;
    emote_count *counts = calloc(EMOTES_MAX, sizeof *counts);

    assert_non_null(counts);
    for (size_t i = 0; i < run->tape.count; i++) {
        const char *at = strstr(run->tape.items[i].bytes, "\"emotes\":[\"");
        if (!at)
            continue;
        char name[64];
        at += strlen("\"emotes\":[\"");
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "\""), at);
        count_emote(counts, name);
    }
    qsort(counts, EMOTES_MAX, sizeof *counts, by_count);
    for (size_t rank = 2; rank <= 12; rank++) {
        double ratio = (double)counts[0].count / (double)counts[rank - 1].count / (double)rank;
        if (!(ratio > 0.4 && ratio < 2.5))
            fail_msg("emote %zu comes %zu times, the first %zu times", rank, counts[rank - 1].count, counts[0].count);
    }
    assert_true(counts[100].count > 0); /* many are rare */
    free(counts);
}

/* Over a day of a quiet stream: the hours differ as the daily curve says, the next count is near the last one. */
static void viewers_have_a_daily_curve_and_little_noise(void **state)
{
    static const char *const settings[] = {"start_time", START,  "realtime", "false",    "count", "60000", "streams",
                                           "1",          "rate", "0.5",      "episodes", "0",     NULL};
    test_tape tape = {0};
    double sums[24] = {0}, counts[24] = {0}, last = 0, lowest = 1e18, highest = 0, steps = 0, events = 0;

    (void)state;
    read_all(settings, NULL, 4096, &tape);
    for (size_t i = 0; i < tape.count; i++) {
        const test_record *item = &tape.items[i];
        size_t hour = (size_t)((item->record.append_time_ns / second_ns - START_MS / 1000) / 3600);
        if (item->record.kind != TLM_EVENT_VIEWER || hour >= 24)
            continue;
        double viewers = strtod(strstr(item->bytes, "\"viewer_count\":") + strlen("\"viewer_count\":"), NULL);
        sums[hour] += viewers;
        counts[hour]++;
        steps += last > 0 ? fabs(viewers - last) / last : 0;
        assert_true(last == 0 || (viewers > 0.9 * last && viewers < 1.1 * last));
        last = viewers;
        events++;
    }
    for (size_t hour = 1; hour < 24; hour++) { /* the first one is filling up */
        assert_true(counts[hour] > 100);
        lowest = sums[hour] / counts[hour] < lowest ? sums[hour] / counts[hour] : lowest;
        highest = sums[hour] / counts[hour] > highest ? sums[hour] / counts[hour] : highest;
    }
    assert_true(highest / lowest > 1.4 && highest / lowest < 2.2);
    assert_true(steps / events > 0.001 && steps / events < 0.02);
    tape_free(&tape);
}

static void chat_only_is_chat_and_its_moments(void **state)
{
    char path[64];
    make_path(path);
    const char *const settings[] = {"start_time", START,     "realtime",     "false",     "count",
                                    "200000",     "streams", "10",           "chat_only", "true",
                                    "episodes",   "12",      "planted_file", path,        NULL};
    test_tape tape = {0};

    (void)state;
    read_all(settings, NULL, 4096, &tape);
    for (size_t i = 0; i < tape.count; i++)
        assert_int_equal(tape.items[i].record.kind, TLM_EVENT_CHAT);
    truth planted = read_truth(path);
    assert_true(planted.count > 10);
    for (size_t i = 0; i < planted.count; i++)
        assert_true(is_type(&planted.items[i], "chat_spike") || is_type(&planted.items[i], "sentiment_shift"));
    free(planted.items);
    tape_free(&tape);
    assert_int_equal(unlink(path), 0);
}

/* The bytes are the same on every machine and with every compiler: this number tells when they change, which users see
 * as another run under the same seed. */
static void the_bytes_are_those_of_every_machine(void **state)
{
    const eventful_run *run = *state;
    const test_tape *tape = &run->tape;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < tape->count; i++) {
        for (const char *at = tape->items[i].bytes; *at; at++)
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3); /* FNV-1a */
    }
    print_message("hash of %zu events: %#jx\n", tape->count, (uintmax_t)hash);
    assert_int_equal(hash, UINT64_C(0xc0b0f959cc5a34b7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_planted_file_tells_is_in_the_events),
        cmocka_unit_test(episodes_are_as_frequent_as_told),
        cmocka_unit_test(raids_lift_viewers_and_bring_new_users),
        cmocka_unit_test(a_run_that_goes_on_has_the_same_planted_file),
        cmocka_unit_test(quiet_streams_have_no_episodes),
        cmocka_unit_test(a_planted_file_that_cannot_be_written_is_a_sentence),
        cmocka_unit_test(streams_begin_with_stream_start),
        cmocka_unit_test(ids_are_unique),
        cmocka_unit_test(real_time_and_as_fast_as_possible_give_equal_bytes),
        cmocka_unit_test(the_mix_is_plausible),
        cmocka_unit_test(emotes_stand_in_the_text),
        cmocka_unit_test(emotes_follow_zipf),
        cmocka_unit_test(viewers_have_a_daily_curve_and_little_noise),
        cmocka_unit_test(chat_only_is_chat_and_its_moments),
        cmocka_unit_test(the_bytes_are_those_of_every_machine),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
