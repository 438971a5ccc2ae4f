/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

#include "flushes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

/** A folder of its own for each test. */
typedef struct {
    char folder[64], path[96], journal[112];
    subject file;
} fixture;

static int set_up(void **state)
{
    fixture *self = calloc(1, sizeof *self);
    snprintf(self->folder, sizeof self->folder, "/tmp/telemetra-file-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    snprintf(self->path, sizeof self->path, "%s/out.ndjson", self->folder);
    snprintf(self->journal, sizeof self->journal, "%s.checkpoint", self->path);
    subject_init(&self->file, "file");
    test_config_set(self->file.component, self->file.config, "path", self->path);
    *state = self;
    return 0;
}

static int tear_down(void **state)
{
    fixture *self = *state;
    char command[128];
    subject_finish(&self->file);
    snprintf(command, sizeof command, "rm -rf '%s'", self->folder);
    int result = system(command);
    free(self);
    return result;
}

static void start(subject *file)
{
    if (subject_start(file) < 0)
        fail_msg("%s", file->error.text);
}

static void option(fixture *self, const char *name, const char *text)
{
    test_config_set(self->file.component, self->file.config, name, text);
}

static uint64_t size_of(const char *path)
{
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    return (uint64_t)about.st_size;
}

/* The whole file; free it. */
static char *read_file(const char *path)
{
    size_t size = (size_t)size_of(path);
    char *text = calloc(1, size + 1);
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, text, size), size);
    close(fd);
    return text;
}

static void append_to(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

/* Lines of the file, each of which has to be whole and of dataset `samples`. */
static uint32_t count_lines(const char *path)
{
    static const char begin[] = "{\"dataset\":\"samples\",";
    char *text = read_file(path);
    uint32_t count = 0;
    for (char *at = text; *at; count++) {
        char *end = strchr(at, '\n');
        assert_non_null(end);
        assert_memory_equal(at, begin, sizeof begin - 1);
        assert_int_equal(end[-1], '}');
        at = end + 1;
    }
    free(text);
    return count;
}

static int commit_samples(subject *file, uint32_t lane, uint64_t epoch, uint64_t sequence, uint32_t count)
{
    tlm_cell *cells = calloc((size_t)count * SAMPLE_COLUMNS, sizeof *cells);
    for (uint32_t i = 0; i < count; i++)
        sample_fill(cells + (size_t)i * SAMPLE_COLUMNS, "a", i * SECOND);
    tlm_rows rows = rows_of(&sample_dataset, cells, count);
    int result = subject_commit(file, lane, epoch, sequence, &rows, NULL, 0);
    free(cells);
    return result;
}

static int submit_samples(subject *file, uint32_t count)
{
    tlm_cell *cells = calloc((size_t)count * SAMPLE_COLUMNS, sizeof *cells);
    for (uint32_t i = 0; i < count; i++)
        sample_fill(cells + (size_t)i * SAMPLE_COLUMNS, "a", i * SECOND);
    tlm_rows rows = rows_of(&sample_dataset, cells, count);
    int result = subject_submit(file, 0, &rows);
    free(cells);
    return result;
}

static void take_first(subject *file, taken *told)
{
    if (subject_take(file, 0, "d=60", told) < 0)
        fail_msg("%s", file->error.text);
}

static void a_row_is_a_line_of_exact_json(void **state)
{
    fixture *self = *state;
    tlm_cell cells[2][SAMPLE_COLUMNS];
    start(&self->file);
    sample_fill(cells[0], "a\"\n\xff", INT64_C(1700000000123456789));
    cells[0][5] = cell_text("");
    cells[0][6] = cell_text("{\"x\":\r\n[1]}");
    cells[0][7] = cell_bytes("\0\xff\x80\x01", 4);
    cells[0][9] = cell_integer(INT64_MIN);
    cells[0][10] = cell_wide(-1);
    cells[0][11] = cell_wide((test_wide)(~(test_wide_unsigned)0 >> 1));
    sample_fill(cells[1], "b", 0);
    cells[1][7] = cell_bytes("ab", 2);
    cells[1][8] = cell_integer(0);
    tlm_rows rows = rows_of(&sample_dataset, cells[0], 2);
    assert_int_equal(subject_submit(&self->file, 0, &rows), 0);
    char *text = read_file(self->path);
    assert_string_equal(
        text,
        "{\"dataset\":\"samples\",\"stream_id\":\"a\\\"\\n\xEF\xBF\xBD\",\"window_start\":"
        "\"2023-11-14T22:13:20.123456789Z\",\"window_end\":\"2023-11-14T22:14:20.123456789Z\",\"message_count\":7,"
        "\"rate\":12.50,\"note\":\"\",\"emotes\":{\"x\":  [1]},\"sketch\":\"AP+AAQ==\",\"live\":true,\"viewers\":"
        "-9223372036854775808,\"amount\":-0.000000001,\"bits\":170141183460469231731687303715884105727}\n"
        "{\"dataset\":\"samples\",\"stream_id\":\"b\",\"window_start\":\"1970-01-01T00:00:00Z\",\"window_end\":"
        "\"1970-01-01T00:01:00Z\",\"message_count\":7,\"rate\":12.50,\"note\":null,\"emotes\":[],\"sketch\":"
        "\"YWI=\",\"live\":false,\"viewers\":null,\"amount\":null,\"bits\":null}\n");
    free(text);
}

static void only_wanted_datasets_and_no_early_rows_are_written(void **state)
{
    fixture *self = *state;
    tlm_cell sample[SAMPLE_COLUMNS];
    tlm_cell stream[STREAM_COLUMNS] = {cell_text("a"), {0}, {0}};
    option(self, "datasets", "other,samples");
    start(&self->file);
    sample_fill(sample, "a", 0);
    tlm_rows rows = rows_of(&sample_dataset, sample, 1), streams = rows_of(&stream_dataset, stream, 1);
    assert_int_equal(subject_submit(&self->file, 0, &streams), 0);
    assert_int_equal(size_of(self->path), 0);
    rows.flags = TLM_ROWS_EARLY;
    assert_int_equal(subject_submit(&self->file, 0, &rows), 0);
    assert_int_equal(size_of(self->path), 0);
    rows.flags = TLM_ROWS_FINAL;
    assert_int_equal(subject_submit(&self->file, 0, &rows), 0);
    assert_int_equal(count_lines(self->path), 1);
}

static void a_lane_goes_on_where_it_was_left(void **state)
{
    fixture *self = *state;
    taken told;
    append_to(self->path, "{\"was\":\"here\"}\n");
    start(&self->file);
    take_first(&self->file, &told);
    assert_int_equal(told.epoch, 1);
    assert_int_equal(told.sequence, 0);
    assert_string_equal(told.record, "");
    assert_int_equal(commit_samples(&self->file, 0, 1, 1, 3), 0);
    assert_int_equal(commit_samples(&self->file, 0, 1, 2, 3), 0);
    subject_stop(&self->file);
    uint64_t committed = size_of(self->path);
    /* What stands behind the recorded length was never committed. */
    append_to(self->path, "{\"dataset\":\"samples\",\"a\":1}\n{\"dataset\":\"sam");
    start(&self->file);
    take_first(&self->file, &told);
    assert_int_equal(told.epoch, 2);
    assert_int_equal(told.sequence, 2);
    assert_string_equal(told.record, "\"flush 2\"");
    assert_int_equal(size_of(self->path), committed);
    char *text = read_file(self->path);
    assert_memory_equal(text, "{\"was\":\"here\"}\n{", 16);
    free(text);
}

static void epochs_sequences_and_settings_are_guarded(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->file);
    assert_int_equal(commit_samples(&self->file, 0, 1, 1, 1), -ESTALE);
    take_first(&self->file, &told);
    take_first(&self->file, &told);
    assert_int_equal(commit_samples(&self->file, 0, 1, 1, 1), -ESTALE);
    assert_says(self->file.reason, "epoch 2");
    assert_int_equal(commit_samples(&self->file, 0, 2, 2, 1), -ESTALE);
    assert_int_equal(commit_samples(&self->file, 0, 2, 1, 1), 0);
    assert_int_equal(commit_samples(&self->file, 0, 2, 1, 1), 0);
    assert_int_equal(count_lines(self->path), 1);
    assert_int_equal(subject_take(&self->file, 1, "d=30", &told), -EINVAL);
    assert_says(self->file.error.text, "\"d=60\"");
    assert_says(self->file.error.text, "\"d=30\"");
    subject_stop(&self->file);
    self->file.host.public.pipeline = "another";
    start(&self->file);
    assert_int_equal(subject_take(&self->file, 0, "d=60", &told), -EINVAL);
    assert_says(self->file.error.text, "another");
}

static void state_outlives_the_process(void **state)
{
    fixture *self = *state;
    taken told;
    char kept[4096] = "";
    const tlm_state_change first[] = {
        {"moments", {"b", 1}, {"1", 1}}, {"moments", {"a", 1}, {"2", 1}}, {"streams", {"a", 1}, {"other", 5}}};
    const tlm_state_change second[] = {{"moments", {"b", 1}, {NULL, 0}}, {"moments", {"a", 1}, {"4", 1}}};
    start(&self->file);
    take_first(&self->file, &told);
    assert_int_equal(subject_commit(&self->file, 0, 1, 1, NULL, first, 3), 0);
    assert_int_equal(subject_commit(&self->file, 0, 1, 2, NULL, second, 2), 0);
    for (int i = 0; i < 2; i++) {
        const tlm_checkpoint *checkpoint = self->file.checkpoint;
        kept[0] = '\0';
        assert_int_equal(checkpoint->state_each(self->file.instance, 0, "moments", state_keep, kept), 0);
        assert_string_equal(kept, "a=4;");
        assert_int_equal(checkpoint->state_get(self->file.instance, 0, "moments", (tlm_text){"b", 1}, state_keep, kept),
                         0);
        assert_int_equal(checkpoint->state_get(self->file.instance, 0, "streams", (tlm_text){"a", 1}, state_keep, kept),
                         1);
        assert_string_equal(kept, "a=4;a=other;");
        assert_int_equal(checkpoint->state_each(self->file.instance, 1, "moments", state_keep, kept), 0);
        subject_stop(&self->file);
        start(&self->file);
        take_first(&self->file, &told);
    }
}

static int check_value(void *context, tlm_text key, tlm_text value)
{
    uint32_t *sum = context;
    uint32_t number = (uint32_t)strtoul(key.data, NULL, 10);
    assert_int_equal(value.size, 1000);
    assert_int_equal(value.data[0], 'a' + 29 % 26);
    *sum += number;
    return 0;
}

static void the_checkpoint_file_is_written_anew_before_it_grows_large(void **state)
{
    enum { KEYS = 500, ROUNDS = 30 };
    fixture *self = *state;
    taken told;
    static char keys[KEYS][16], value[1000];
    static tlm_state_change changes[KEYS];
    uint64_t largest = 0;
    option(self, "sync", "false");
    start(&self->file);
    take_first(&self->file, &told);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        memset(value, 'a' + (int)(round - 1) % 26, sizeof value);
        for (uint32_t i = 0; i < KEYS; i++) {
            snprintf(keys[i], sizeof keys[i], "%u", i);
            changes[i] = (tlm_state_change){"moments", tlm_text_of(keys[i]), {value, sizeof value}};
        }
        assert_int_equal(subject_commit(&self->file, 0, 1, round, NULL, changes, KEYS), 0);
        largest = size_of(self->journal) > largest ? size_of(self->journal) : largest;
    }
    /* 30 rounds of half a megabyte; allowed are twice one round and the slack, and the frame that reached it. */
    assert_in_range(largest, 4 << 20, 6 << 20);
    assert_true(size_of(self->journal) < largest);
    subject_stop(&self->file);
    start(&self->file);
    take_first(&self->file, &told);
    assert_int_equal(told.sequence, ROUNDS);
    uint32_t sum = 0;
    assert_int_equal(self->file.checkpoint->state_each(self->file.instance, 0, "moments", check_value, &sum), 0);
    assert_int_equal(sum, KEYS * (KEYS - 1) / 2);
}

static void an_output_that_lost_rows_is_refused(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->file);
    take_first(&self->file, &told);
    assert_int_equal(commit_samples(&self->file, 0, 1, 1, 3), 0);
    subject_stop(&self->file);
    assert_int_equal(truncate(self->path, 10), 0);
    start(&self->file);
    assert_int_equal(subject_take(&self->file, 0, "d=60", &told), -EINVAL);
    assert_says(self->file.error.text, "its checkpoint has recorded");
}

static void an_unfinished_frame_is_cut_and_damage_before_others_refused(void **state)
{
    fixture *self = *state;
    taken told;
    start(&self->file);
    take_first(&self->file, &told);
    assert_int_equal(commit_samples(&self->file, 0, 1, 1, 1), 0);
    uint64_t whole = size_of(self->journal);
    assert_int_equal(commit_samples(&self->file, 0, 1, 2, 1), 0);
    subject_stop(&self->file);
    uint64_t full = size_of(self->journal);
    char *bytes = read_file(self->journal);
    for (uint64_t cut = whole; cut < full; cut++) {
        int fd = open(self->journal, O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, bytes, full), full);
        assert_int_equal(ftruncate(fd, (off_t)cut), 0);
        if (cut % 2 && cut < full - sizeof(uint64_t)) /* the frame's own end, the high bytes of a length, is zeros */
            assert_int_equal(ftruncate(fd, (off_t)full), 0); /* as after a power failure */
        close(fd);
        start(&self->file);
        take_first(&self->file, &told);
        assert_int_equal(told.sequence, 1);
        subject_stop(&self->file);
        append_to(self->path, "{\"dataset\":\"samples\",}\n"); /* to be cut again */
    }
    for (uint64_t at = 0; at < whole; at++) {
        int fd = open(self->journal, O_WRONLY | O_TRUNC);
        bytes[at] ^= 0x10;
        assert_int_equal(write(fd, bytes, full), full);
        bytes[at] ^= 0x10;
        close(fd);
        start(&self->file);
        assert_int_equal(subject_take(&self->file, 0, "d=60", &told), -EINVAL);
        assert_says(self->file.error.text, "damaged");
        subject_stop(&self->file);
        assert_int_equal(size_of(self->journal), full);
    }
    free(bytes);
}

static void an_unfinished_line_is_mended_and_foreign_text_left(void **state)
{
    fixture *self = *state;
    append_to(self->path, "{\"dataset\":\"samples\",}\n{\"dataset\":\"samples\",\"stre");
    start(&self->file);
    assert_int_equal(submit_samples(&self->file, 1), 0);
    assert_int_equal(count_lines(self->path), 2);
    subject_stop(&self->file);
    append_to(self->path, "my notes");
    assert_int_equal(subject_start(&self->file), -EINVAL);
    assert_says(self->file.error.text, "did not write");
    char *text = read_file(self->path);
    assert_non_null(strstr(text, "my notes"));
    free(text);
}

static void a_full_disk_leaves_whole_lines_and_passes(void **state)
{
    fixture *self = *state;
    taken told;
    struct rlimit before, small = {100000, RLIM_INFINITY};
    start(&self->file);
    take_first(&self->file, &told);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int result = 0;
    uint64_t sequence = 0;
    while (result == 0 && sequence < 100) {
        sequence++;
        result = commit_samples(&self->file, 0, 1, sequence, 57);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, -EFBIG);
    assert_says(self->file.reason, self->path);
    assert_int_equal(self->file.host.health_status, TLM_HEALTH_DEGRADED);
    assert_int_equal(count_lines(self->path), 57 * (sequence - 1));
    assert_int_equal(commit_samples(&self->file, 0, 1, sequence, 57), 0);
    assert_int_equal(self->file.host.health_status, TLM_HEALTH_OK);
    assert_int_equal(count_lines(self->path), 57 * sequence);
}

static void a_full_device_is_no_space(void **state)
{
    fixture *self = *state;
    option(self, "path", "/dev/full");
    start(&self->file);
    assert_int_equal(submit_samples(&self->file, 1), -ENOSPC);
    assert_says(self->file.reason, "/dev/full");
}

static void paths_that_will_not_do_are_named(void **state)
{
    fixture *self = *state;
    char path[128];
    option(self, "path", "");
    assert_int_equal(subject_start(&self->file), -EINVAL);
    assert_says(self->file.error.text, "path: is empty");
    option(self, "path", "/nowhere/out");
    assert_int_equal(subject_start(&self->file), -ENOENT);
    assert_says(self->file.error.text, "/nowhere/out");
    option(self, "path", self->folder);
    assert_int_equal(subject_start(&self->file), -EISDIR);
    snprintf(path, sizeof path, "%s/fifo", self->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    option(self, "path", path);
    start(&self->file); /* does not wait for a reader */
    subject_stop(&self->file);
    option(self, "path", self->path);
    option(self, "checkpoint_path", self->path);
    assert_int_equal(subject_start(&self->file), -EINVAL);
}

static void a_file_that_another_process_writes_is_refused(void **state)
{
    fixture *self = *state;
    subject other;
    start(&self->file);
    subject_init(&other, "file");
    test_config_set(other.component, other.config, "path", self->path);
    assert_int_equal(subject_start(&other), -EBUSY);
    assert_says(other.error.text, "another process");
    subject_finish(&other);
}

static void a_killed_process_loses_and_repeats_nothing(void **state)
{
    fixture *self = *state;
    taken told;
    uint64_t acknowledged = 0, sequence;
    option(self, "sync", "false");
    for (uint64_t round = 1; round <= 5; round++) {
        int ends[2], status;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            if (subject_start(&self->file) < 0 || subject_take(&self->file, 0, "d=60", &told) < 0)
                _exit(1);
            for (sequence = told.sequence + 1;; sequence++) {
                if (commit_samples(&self->file, 0, told.epoch, sequence, 10) < 0 ||
                    write(ends[1], &sequence, sizeof sequence) != sizeof sequence)
                    _exit(2);
            }
        }
        close(ends[1]);
        for (uint64_t i = 0; i < 20 * round; i++)
            assert_int_equal(read(ends[0], &acknowledged, sizeof acknowledged), sizeof acknowledged);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status));
        while (read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
            continue;
        close(ends[0]);
        start(&self->file);
        take_first(&self->file, &told);
        assert_in_range(told.sequence, acknowledged, acknowledged + 1);
        assert_int_equal(count_lines(self->path), 10 * told.sequence);
        subject_stop(&self->file);
    }
}

static void lanes_at_once_are_all_answered(void **state)
{
    enum { LANES = 40 };
    fixture *self = *state;
    taken told;
    tlm_cell cells[SAMPLE_COLUMNS];
    static tlm_commit commits[LANES];
    static answer answers[LANES];
    start(&self->file);
    for (uint32_t i = 0; i < LANES; i++)
        assert_int_equal(subject_take(&self->file, i, "", &told), 0);
    sample_fill(cells, "a", 0);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    const tlm_rows *list = &rows;
    for (uint32_t i = 0; i < LANES; i++) {
        commits[i] = (tlm_commit){.struct_size = sizeof(tlm_commit), .record = {"{}", 2}};
        commits[i].flush = (tlm_flush){.struct_size = sizeof(tlm_flush),
                                       .lane = i,
                                       .epoch = i == 7 ? 3 : 1,
                                       .sequence = 1,
                                       .rows = &list,
                                       .rows_count = 1};
        answer_init(&answers[i]);
        self->file.checkpoint->commit(self->file.instance, &commits[i], answer_done, &answers[i]);
    }
    for (uint32_t i = 0; i < LANES; i++)
        assert_int_equal(answer_wait(&answers[i]), i == 7 ? -ESTALE : 0);
    assert_int_equal(count_lines(self->path), LANES - 1);
}

/* --- streams ----------------------------------------------------------------------------------------------------- */

/** Puts a pipe in the place of standard output; returns what it was. */
static int redirect(int pipe_end)
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_int_equal(dup2(pipe_end, STDOUT_FILENO), STDOUT_FILENO);
    close(pipe_end);
    return saved;
}

static void restore(int saved)
{
    dup2(saved, STDOUT_FILENO);
    close(saved);
}

static void *drain(void *argument)
{
    char bytes[65536];
    uint64_t *sum = argument; /* in: the pipe's end; out: lines */
    int fd = (int)*sum;
    *sum = 0;
    for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0;) {
        for (ssize_t i = 0; i < got; i++)
            *sum += bytes[i] == '\n';
    }
    return NULL;
}

static void standard_output_gets_lines_alone_and_is_no_lasting_checkpoint(void **state)
{
    fixture *self = *state;
    taken told;
    int ends[2];
    pthread_t thread;
    option(self, "path", "-");
    assert_int_equal(pipe(ends), 0);
    int saved = redirect(ends[1]);
    uint64_t lines = (uint64_t)ends[0];
    int result = subject_start(&self->file);
    int took = subject_take(&self->file, 0, "d=60", &told);
    pthread_create(&thread, NULL, drain, &lines);
    int committed = commit_samples(&self->file, 0, 1, 1, 4000); /* several times what a pipe holds */
    subject_stop(&self->file);
    restore(saved);
    pthread_join(thread, NULL);
    close(ends[0]);
    assert_int_equal(result, 0);
    assert_int_equal(took, 0);
    assert_int_equal(committed, 0);
    assert_int_equal(lines, 4000);
    assert_int_equal(self->file.host.log_count, 1);
    assert_int_equal(self->file.host.log_level, TLM_LOG_INFO);
    assert_string_equal(self->file.host.log, "standard output keeps no positions: the next start begins anew");
    assert_int_equal(access("-.checkpoint", F_OK), -1);
}

static void a_broken_pipe_is_a_result_and_no_signal(void **state)
{
    fixture *self = *state;
    int ends[2];
    option(self, "path", "-");
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    int saved = redirect(ends[1]);
    int result = subject_start(&self->file);
    int submitted = submit_samples(&self->file, 10);
    subject_stop(&self->file);
    restore(saved);
    assert_int_equal(result, 0);
    assert_int_equal(submitted, -EBADMSG); /* it cannot pass, so it is not to be tried again */
    assert_says(self->file.reason, "nobody reads standard output any more");
    assert_int_equal(self->file.host.health_status, TLM_HEALTH_DEGRADED);
}

static void a_stalled_reader_does_not_hold_up_the_stop(void **state)
{
    fixture *self = *state;
    int ends[2];
    tlm_cell cells[SAMPLE_COLUMNS];
    static char note[1 << 20];
    answer waiting;
    memset(note, 'x', sizeof note);
    option(self, "path", "-");
    assert_int_equal(pipe(ends), 0);
    int saved = redirect(ends[1]);
    int result = subject_start(&self->file);
    sample_fill(cells, "a", 0);
    cells[5] = cell_bytes(note, sizeof note);
    tlm_rows rows = rows_of(&sample_dataset, cells, 1);
    const tlm_rows *list = &rows;
    tlm_flush flush = {.struct_size = sizeof flush, .rows = &list, .rows_count = 1};
    answer_init(&waiting);
    self->file.sink->submit(self->file.instance, &flush, answer_done, &waiting);
    char byte;
    assert_int_equal(read(ends[0], &byte, 1), 1); /* it is writing */
    subject_stop(&self->file);
    restore(saved);
    close(ends[0]);
    assert_int_equal(result, 0);
    assert_int_equal(waiting.count, 1);
    assert_int_equal(waiting.result, -ECANCELED);
}

static void a_shells_file_is_appended_to_and_kept_in_whole_lines(void **state)
{
    fixture *self = *state;
    struct rlimit before, small = {20000, RLIM_INFINITY};
    option(self, "path", "-");
    append_to(self->path, "{\"dataset\":\"samples\",}\n");
    int saved = redirect(open(self->path, O_WRONLY | O_APPEND));
    int result = subject_start(&self->file);
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    int first = submit_samples(&self->file, 10), second = submit_samples(&self->file, 1000);
    setrlimit(RLIMIT_FSIZE, &before);
    int third = submit_samples(&self->file, 1000);
    subject_stop(&self->file);
    restore(saved);
    assert_int_equal(result, 0);
    assert_int_equal(first, 0);
    assert_int_equal(second, -EFBIG);
    assert_int_equal(third, 0);
    assert_int_equal(count_lines(self->path), 1 + 10 + 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void no_option_is_required_and_has_a_default(void **state)
{
    fixture *self = *state;
    for (uint32_t i = 0; i < self->file.component->option_count; i++) {
        const tlm_option *option = &self->file.component->options[i];
        assert_false((option->flags & TLM_OPTION_REQUIRED) && option->default_text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_is_a_line_of_exact_json),
        TEST(only_wanted_datasets_and_no_early_rows_are_written),
        TEST(a_lane_goes_on_where_it_was_left),
        TEST(epochs_sequences_and_settings_are_guarded),
        TEST(state_outlives_the_process),
        TEST(the_checkpoint_file_is_written_anew_before_it_grows_large),
        TEST(an_output_that_lost_rows_is_refused),
        TEST(an_unfinished_frame_is_cut_and_damage_before_others_refused),
        TEST(an_unfinished_line_is_mended_and_foreign_text_left),
        TEST(a_full_disk_leaves_whole_lines_and_passes),
        TEST(a_full_device_is_no_space),
        TEST(paths_that_will_not_do_are_named),
        TEST(a_file_that_another_process_writes_is_refused),
        TEST(no_option_is_required_and_has_a_default),
        TEST(a_killed_process_loses_and_repeats_nothing),
        TEST(lanes_at_once_are_all_answered),
        TEST(standard_output_gets_lines_alone_and_is_no_lasting_checkpoint),
        TEST(a_broken_pipe_is_a_result_and_no_signal),
        TEST(a_stalled_reader_does_not_hold_up_the_stop),
        TEST(a_shells_file_is_appended_to_and_kept_in_whole_lines),
    };
    return cmocka_run_group_tests_name("plugin.file", tests, NULL, NULL);
}
