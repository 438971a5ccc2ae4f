/* SPDX-License-Identifier: Apache-2.0 */
/* Source `replay`: files and standard input as one input that can be read again from any place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source_player.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define MIB (1024 * 1024)

/* --- files of a test ---------------------------------------------------------------------------------------------- */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/telemetra-replay-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;

    (void)state;
    while (entries && (entry = readdir(entries)))
        (void)unlinkat(dirfd(entries), entry->d_name, 0);
    if (entries)
        closedir(entries);
    return rmdir(folder);
}

/* Path of a file of this test, in one of a few static rooms. */
static const char *at(const char *name)
{
    static char rooms[8][128];
    static unsigned turn;
    char *room = rooms[turn++ % 8];

    snprintf(room, sizeof rooms[0], "%s/%s", folder, name);
    return room;
}

static void put(const char *name, const char *mode, const char *bytes, size_t size)
{
    FILE *file = fopen(at(name), mode);

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void put_text(const char *name, const char *text)
{
    put(name, "w", text, strlen(text));
}

static void append_text(const char *name, const char *text)
{
    put(name, "a", text, strlen(text));
}

/* Appends one gzip member. */
static void append_gzip(const char *name, const char *bytes, size_t size)
{
    gzFile file = gzopen(at(name), "ab6");

    assert_non_null(file);
    if (size > 0)
        assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

static void set_written(const char *name, time_t second)
{
    struct timespec times[2] = {{.tv_sec = second}, {.tv_sec = second}};

    assert_int_equal(utimensat(AT_FDCWD, at(name), times, 0), 0);
}

/* Many lines of uneven length with blank ones and CRLF among them. The caller frees. */
static char *many_lines(size_t count, const char *word, size_t *ret_size)
{
    char *text = malloc(count * 400);
    size_t size = 0;

    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        size += (size_t)sprintf(text + size, "{\"event_id\":\"%s-%zu\",\"text\":\"", word, i);
        for (size_t letter = 0; letter < i * 7919 % 300; letter++)
            text[size++] = (char)('a' + letter % 26);
        size += (size_t)sprintf(text + size, "\"}%s", i % 5 == 0 ? "\r\n" : "\n");
        if (i % 11 == 0)
            size += (size_t)sprintf(text + size, "%s", i % 2 ? " \t\r\n" : "\n\n");
    }
    *ret_size = size;
    return text;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The list for the option `path`. */
static const char *list(const char *first, const char *second, const char *third)
{
    static char text[1024];

    snprintf(text, sizeof text, "%s%s%s%s%s", first, second ? "," : "", second ? second : "", third ? "," : "",
             third ? third : "");
    return text;
}

static void play(test_player *player, const char *paths, const char *option, const char *value)
{
    const char *const settings[] = {"path", paths, option, value, NULL};

    player_init(player, "replay", settings);
    player_start(player);
}

static void read_all(const char *paths, const char *read_size, const tlm_position *from, uint32_t max_records,
                     test_tape *tape)
{
    test_player player;

    play(&player, paths, read_size ? "read_size" : NULL, read_size);
    player_open(&player, from);
    assert_int_equal(player_read_until(&player, tape, max_records, SIZE_MAX), TLM_READ_END);
    assert_int_equal(player_read(&player, tape, max_records, 0), TLM_READ_END);
    player_finish(&player, true);
}

static void assert_same(const test_tape *whole, size_t first, const test_tape *part)
{
    assert_int_equal(part->count, whole->count - first);
    for (size_t i = 0; i < part->count; i++) {
        const test_record *a = &whole->items[first + i], *b = &part->items[i];
        assert_int_equal(a->record.full_size, b->record.full_size);
        assert_int_equal(a->record.size, b->record.size);
        assert_memory_equal(a->bytes, b->bytes, a->record.size);
        assert_memory_equal(&a->record.position, &b->record.position, sizeof(tlm_position));
    }
}

static void assert_line(const test_tape *tape, size_t index, const char *bytes, int64_t offset, int64_t line)
{
    assert_true(index < tape->count);
    assert_string_equal(tape->items[index].bytes, bytes);
    assert_int_equal(tape->items[index].record.position.offset, offset);
    assert_int_equal(tape->items[index].record.position.line, line);
}

/* Opening at a place: the result, and the sentence in `ret_error`. */
static int try_open(const char *paths, const char *follow, const tlm_position *from, tlm_error *ret_error)
{
    test_player player;

    play(&player, paths, "follow", follow);
    int result = player.source->open(player.instance, from, &player.error);
    *ret_error = player.error;
    player_finish(&player, true);
    return result;
}

/* --- records --------------------------------------------------------------------------------------------------------
 */

static void a_record_is_a_line_that_is_not_blank(void **state)
{
    test_tape tape = {0};

    (void)state;
    put_text("a", "one\n\n  \t\r\ntwo\r\n\r\n three\n\nfour");
    read_all(at("a"), NULL, NULL, 4096, &tape);
    assert_int_equal(tape.count, 4);
    assert_line(&tape, 0, "one", 0, 1);
    assert_line(&tape, 1, "two\r", 10, 4);
    assert_line(&tape, 2, " three", 17, 6);
    assert_line(&tape, 3, "four", 25, 8);
    assert_string_equal(tape.origin, at("a"));
    assert_int_equal(tape.items[0].record.append_time_ns, 0);
    assert_int_equal(tape.items[0].record.kind, TLM_EVENT_UNKNOWN);
    tape_free(&tape);
}

static void several_files_are_one_input_and_no_batch_spans_two(void **state)
{
    test_player player;
    test_tape tape = {0};
    size_t before = 0;

    (void)state;
    put_text("a", "a1\na2");
    put_text("b", "");
    append_gzip("c", "c1\nc2\n", 6);
    play(&player, list(at("a"), at("b"), at("c")), NULL, NULL);
    player_open(&player, NULL);
    for (; player_read(&player, &tape, 4096, 0) == TLM_READ_RECORDS; before = tape.count) {
        for (size_t i = before; i < tape.count; i++)
            assert_string_equal(tape.origin, at(tape.items[i].bytes[0] == 'a' ? "a" : "c"));
    }
    player_finish(&player, true);
    assert_int_equal(tape.count, 4);
    assert_line(&tape, 1, "a2", 3, 2);
    assert_line(&tape, 2, "c1", 0, 1);
    assert_line(&tape, 3, "c2", 3, 2);
    assert_int_equal(tape.items[3].record.position.ordinal, 3);
    tape_free(&tape);
}

static void a_line_over_the_limit_keeps_its_first_bytes_and_its_true_length(void **state)
{
    static const size_t sizes[] = {
        TLM_RECORD_SIZE_MAX - 1, TLM_RECORD_SIZE_MAX, TLM_RECORD_SIZE_MAX + 1, 3 * MIB, 10 * MIB + 7, 2 * MIB};
    char *text = malloc(20 * MIB);
    size_t size = 0;

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(sizes); i++) {
        memset(text + size, 'a' + (int)i, sizes[i]);
        size += sizes[i];
        size += (size_t)sprintf(text + size, "\nshort\n");
    }
    put("a", "w", text, size);
    append_gzip("a.gz", text, size);
    for (int packed = 0; packed < 2; packed++) {
        for (int small = 0; small < 2; small++) {
            test_tape tape = {0};
            int64_t offset = 0;
            read_all(at(packed ? "a.gz" : "a"), small ? "64KiB" : "1MiB", NULL, 100, &tape);
            assert_int_equal(tape.count, 2 * TLM_COUNT(sizes));
            for (size_t i = 0; i < TLM_COUNT(sizes); i++) {
                const test_record *item = &tape.items[2 * i];
                assert_int_equal(item->record.full_size, sizes[i]);
                assert_int_equal(item->record.position.offset, offset);
                assert_int_equal(item->bytes[0], 'a' + (int)i);
                assert_int_equal(item->bytes[item->record.size - 1], 'a' + (int)i);
                offset += (int64_t)sizes[i] + 1;
                assert_line(&tape, 2 * i + 1, "short", offset, 2 * (int64_t)i + 2);
                offset += 6;
            }
            tape_free(&tape);
        }
    }
    free(text);
}

static void a_blank_line_over_the_limit_is_no_record(void **state)
{
    size_t size = 5 * MIB;
    char *text = malloc(2 * size + 16);
    test_tape tape = {0};

    (void)state;
    memset(text, ' ', 2 * size + 16);
    text[size] = '\n';
    text[2 * size] = 'x';
    text[2 * size + 1] = '\n';
    put("a", "w", text, 2 * size + 2);
    read_all(at("a"), "64KiB", NULL, 100, &tape);
    assert_int_equal(tape.count, 1);
    assert_int_equal(tape.items[0].record.position.line, 2);
    assert_int_equal(tape.items[0].record.full_size, size);
    tape_free(&tape);
    free(text);
}

static void all_batch_and_read_sizes_give_the_same_records(void **state)
{
    static const char *const read_sizes[] = {"64KiB", "100001", "1MiB"};
    static const uint32_t batch_sizes[] = {1, 7, 4096};
    test_tape whole = {0};
    size_t size;
    char *text = many_lines(8000, "x", &size);

    (void)state;
    put("a", "w", text, size);
    append_gzip("a.gz", text, size / 3);
    append_gzip("a.gz", text + size / 3, size - size / 3);
    read_all(at("a"), NULL, NULL, 1024, &whole);
    assert_int_equal(whole.count, 8000);
    for (size_t i = 0; i < TLM_COUNT(read_sizes) * TLM_COUNT(batch_sizes); i++) {
        test_tape plain = {0}, packed = {0};
        read_all(at("a"), read_sizes[i % 3], NULL, batch_sizes[i / 3], &plain);
        read_all(at("a.gz"), read_sizes[i % 3], NULL, batch_sizes[i / 3], &packed);
        assert_same(&whole, 0, &plain);
        assert_same(&whole, 0, &packed);
        tape_free(&plain);
        tape_free(&packed);
    }
    tape_free(&whole);
    free(text);
}

/* --- gzip --------------------------------------------------------------------------------------------------------- */

static void gzip_members_and_their_padding_are_read_through(void **state)
{
    test_tape tape = {0};

    (void)state;
    append_gzip("a", "one\ntw", 6);
    append_gzip("a", "", 0);
    append_gzip("a", "o\nthree", 7);
    put("a", "a", "\0\0\0", 3);
    append_gzip("a", "\nfour", 5);
    put("a", "a", "\0\0\0", 3);
    read_all(at("a"), NULL, NULL, 4096, &tape);
    assert_int_equal(tape.count, 4);
    assert_line(&tape, 1, "two", 4, 2);
    assert_line(&tape, 2, "three", 8, 3);
    assert_line(&tape, 3, "four", 14, 4);
    tape_free(&tape);
}

/* Reads a damaged file: the sentence must hold `sentence`, and stay when asked again. The records before it. */
static size_t read_damaged(const char *name, const char *sentence)
{
    test_player player;
    test_tape tape = {0};

    play(&player, at(name), NULL, NULL);
    player_open(&player, NULL);
    assert_int_equal(player_read_until(&player, &tape, 100, SIZE_MAX), -EBADMSG);
    assert_non_null(strstr(player.error.text, sentence));
    memset(&player.error, 0, sizeof player.error);
    assert_int_equal(player_read(&player, &tape, 100, 0), -EBADMSG);
    assert_non_null(strstr(player.error.text, sentence));
    player_finish(&player, true);
    size_t count = tape.count;
    tape_free(&tape);
    return count;
}

static void damage(const char *name, off_t offset)
{
    FILE *file = fopen(at(name), "r+");

    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(fputc(0xff, file), 0xff);
    assert_int_equal(fclose(file), 0);
}

static void damaged_gzip_is_told_after_the_records_before_it(void **state)
{
    size_t size;
    char *text = many_lines(3000, "x", &size);
    struct stat status;

    (void)state;
    append_gzip("garbage", "one\ntwo\n", 8);
    put("garbage", "a", "no gzip", 7);
    assert_int_equal(read_damaged("garbage", "at byte"), 2);

    append_gzip("cut", text, size);
    assert_int_equal(stat(at("cut"), &status), 0);
    assert_int_equal(truncate(at("cut"), status.st_size / 2), 0);
    assert_in_range(read_damaged("cut", "cut off"), 500, 2500);

    append_gzip("broken", text, size);
    damage("broken", status.st_size / 2);
    assert_true(read_damaged("broken", "damaged gzip data at byte ") >= 500);

    /* Only the sum at the end shows it: what was read is handed out, and then the damage told. */
    append_gzip("sum", text, size);
    damage("sum", status.st_size - 8);
    assert_int_equal(read_damaged("sum", "incorrect data check"), 3000);
    free(text);
}

/* --- places ---------------------------------------------------------------------------------------------------------
 */

static void reading_again_from_any_place_gives_the_same_rest(void **state)
{
    test_tape whole = {0};
    size_t size;
    char *text = many_lines(3000, "x", &size);

    (void)state;
    put("a", "w", text, size);
    append_gzip("b", text, size / 2);
    append_gzip("b", text + size / 2, size - size / 2);
    put_text("c", "\n\nc1\n{\"c\":2}\n\nc3");
    read_all(list(at("a"), at("b"), at("c")), NULL, NULL, 1024, &whole);
    assert_int_equal(whole.count, 6003);
    for (size_t first = 0; first < whole.count; first += first < 40 || first > 5990 ? 1 : 173) {
        test_tape rest = {0};
        read_all(list(at("a"), at("b"), at("c")), "64KiB", &whole.items[first].record.position, first % 2 ? 4096 : 50,
                 &rest);
        assert_same(&whole, first, &rest);
        tape_free(&rest);
    }
    tape_free(&whole);
    free(text);
}

static void the_place_behind_each_batch_goes_on_with_the_next_record(void **state)
{
    test_tape whole = {0};
    test_player player;
    test_tape read = {0};
    int result = TLM_READ_RECORDS;

    (void)state;
    put_text("a", "a1\n\n\na2\n\n");
    put_text("b", "b1\nb2");
    read_all(list(at("a"), at("b"), NULL), NULL, NULL, 1024, &whole);
    play(&player, list(at("a"), at("b"), NULL), NULL, NULL);
    player_open(&player, NULL);
    while ((result = player_read(&player, &read, 1, 100)) == TLM_READ_RECORDS) {
        test_tape rest = {0};
        read_all(list(at("a"), at("b"), NULL), NULL, &read.next, 1, &rest);
        assert_same(&whole, read.count, &rest);
        tape_free(&rest);
    }
    assert_int_equal(result, TLM_READ_END);
    player_finish(&player, true);
    tape_free(&read);
    tape_free(&whole);
}

static void a_zero_place_is_the_beginning(void **state)
{
    test_tape tape = {0};

    (void)state;
    put_text("a", "one\n");
    read_all(at("a"), NULL, &(tlm_position){0}, 10, &tape);
    assert_int_equal(tape.count, 1);
    tape_free(&tape);
}

static void a_file_that_was_copied_grown_or_compressed_is_still_the_one(void **state)
{
    test_tape whole = {0}, rest = {0};
    size_t size;
    char *text = many_lines(1000, "x", &size);

    (void)state;
    put("a", "w", text, size - size / 4);
    read_all(at("a"), NULL, NULL, 1024, &whole);
    tlm_position middle = whole.items[500].record.position;
    tape_free(&whole);

    put("copy", "w", text, size);
    assert_int_equal(rename(at("copy"), at("a")), 0);
    read_all(at("a"), NULL, NULL, 1024, &whole);
    read_all(at("a"), NULL, &middle, 1024, &rest);
    assert_same(&whole, 500, &rest);
    tape_free(&rest);

    append_gzip("packed", text, size);
    assert_int_equal(rename(at("packed"), at("a")), 0);
    read_all(at("a"), NULL, &middle, 1024, &rest);
    assert_same(&whole, 500, &rest);
    tape_free(&rest);
    tape_free(&whole);
    free(text);
}

static void a_line_completed_after_it_was_read_as_the_last_is_refused(void **state)
{
    test_tape tape = {0};
    tlm_error error;

    (void)state;
    put_text("a", "one\ntwo");
    read_all(at("a"), NULL, NULL, 10, &tape);
    assert_int_equal(try_open(at("a"), "false", &tape.next, &error), 0);
    append_text("a", "\nthree\n"); /* only ends the line: it is as it was read */
    test_tape more = {0};
    read_all(at("a"), NULL, &tape.next, 10, &more);
    assert_int_equal(more.count, 1);
    assert_line(&more, 0, "three", 8, 3);
    assert_int_equal(more.items[0].record.position.ordinal, 2);
    tape_free(&more);
    put_text("a", "one\ntwo and more\n");
    assert_int_equal(try_open(at("a"), "false", &tape.next, &error), -ESTALE);
    assert_non_null(strstr(error.text, "was changed: byte 7"));
    tape_free(&tape);
}

static void a_place_that_is_no_more_is_refused_with_a_sentence(void **state)
{
    test_tape tape = {0};
    tlm_error error;
    size_t size;
    char *text = many_lines(1000, "x", &size);

    (void)state;
    for (int packed = 0; packed < 2; packed++) {
        if (packed)
            append_gzip("gz", text, size);
        else
            put("a", "w", text, size);
        read_all(at(packed ? "gz" : "a"), NULL, NULL, 4096, &tape);
        tlm_position late = tape.items[900].record.position, early = tape.items[1].record.position;
        tape_free(&tape);
        assert_int_equal(unlink(at(packed ? "gz" : "a")), 0);
        if (packed)
            append_gzip("gz", text, size / 2);
        else
            put("a", "w", text, size / 2);
        assert_int_equal(try_open(at(packed ? "gz" : "a"), "false", &late, &error), -ESTALE);
        assert_non_null(strstr(error.text, "bytes, but was read up to byte"));
        put_text(packed ? "gz" : "a", "{\"event_id\":\"y-0\"}\nand many other bytes than before\n");
        assert_int_equal(try_open(at(packed ? "gz" : "a"), "false", &early, &error), -ESTALE);
        assert_non_null(strstr(error.text, "another file now"));
        put_text(packed ? "gz" : "a", "");
        assert_int_equal(try_open(at(packed ? "gz" : "a"), "false", &early, &error), -ESTALE);
        assert_non_null(strstr(error.text, "has only 0 bytes"));
    }
    free(text);
}

static void a_list_that_was_changed_is_followed_by_content_with_a_warning(void **state)
{
    test_tape whole = {0}, rest = {0};
    test_player player;
    tlm_error error;
    size_t size;
    char *text = many_lines(100, "a", &size);

    (void)state;
    put("a", "w", text, size);
    free(text);
    text = many_lines(100, "b", &size);
    put("b", "w", text, size);
    free(text);
    put_text("c", "c1\n");
    read_all(list(at("a"), at("b"), NULL), NULL, NULL, 1024, &whole);
    tlm_position from = whole.items[150].record.position;

    play(&player, list(at("b"), at("c"), NULL), NULL, NULL);
    player_open(&player, &from);
    assert_int_equal(player.host.log_count, 1);
    assert_int_equal(player.host.log_level, TLM_LOG_WARNING);
    assert_non_null(strstr(player.host.log, "the list of files was changed"));
    assert_int_equal(player_read_until(&player, &rest, 1024, SIZE_MAX), TLM_READ_END);
    assert_int_equal(rest.count, 51);
    assert_string_equal(rest.items[0].bytes, whole.items[150].bytes);
    assert_int_equal(rest.items[0].record.position.ordinal, 150);
    assert_string_equal(rest.items[50].bytes, "c1");
    player_finish(&player, true);
    assert_int_equal(try_open(at("c"), "false", &from, &error), -ESTALE);
    assert_non_null(strstr(error.text, "file number 2 of `path`, which lists only 1"));
    tape_free(&whole);
    tape_free(&rest);
}

/* --- follow ---------------------------------------------------------------------------------------------------------
 */

static void follow_begin(test_player *player, const char *paths, const tlm_position *from)
{
    play(player, paths, "follow", "true");
    player_open(player, from);
}

static void assert_quiet(test_player *player, test_tape *tape)
{
    size_t count = tape->count;

    assert_int_equal(player_read(player, tape, 100, 0), TLM_READ_QUIET);
    assert_int_equal(player_read(player, tape, 100, 150), TLM_READ_QUIET);
    assert_int_equal(tape->count, count);
}

static void read_lines(test_player *player, test_tape *tape, size_t count)
{
    int result = player_read_until(player, tape, 100, count);

    if (result < 0)
        fail_msg("%s", player->error.text);
    assert_int_equal(tape->count, count);
}

static void following_waits_for_appended_and_for_unfinished_lines(void **state)
{
    test_player player;
    test_tape tape = {0}, again = {0};

    (void)state;
    put_text("a", "a1\n");
    put_text("f", "f1\nunfin");
    follow_begin(&player, list(at("a"), at("f"), NULL), NULL);
    read_lines(&player, &tape, 2);
    assert_quiet(&player, &tape);
    append_text("f", "ished");
    assert_quiet(&player, &tape);
    append_text("f", "\nf3\nf");
    read_lines(&player, &tape, 4);
    assert_line(&tape, 2, "unfinished", 3, 2);
    assert_line(&tape, 3, "f3", 14, 3);
    player_finish(&player, true);

    append_text("f", "4\n");
    follow_begin(&player, list(at("a"), at("f"), NULL), &tape.items[2].record.position);
    read_lines(&player, &again, 3);
    assert_line(&again, 0, "unfinished", 3, 2);
    assert_line(&again, 2, "f4", 17, 4);
    assert_int_equal(again.items[2].record.position.ordinal, 4);
    player_finish(&player, true);
    tape_free(&tape);
    tape_free(&again);
}

static void following_waits_for_a_file_that_is_not_there(void **state)
{
    test_player player;
    test_tape tape = {0};

    (void)state;
    follow_begin(&player, at("f"), NULL);
    assert_quiet(&player, &tape);
    put_text("f", "one\n");
    read_lines(&player, &tape, 1);
    player_finish(&player, true);
    tape_free(&tape);
}

static void following_goes_on_with_the_file_that_replaces_it(void **state)
{
    test_player player;
    test_tape tape = {0};

    (void)state;
    put_text("f", "one\n");
    follow_begin(&player, at("f"), NULL);
    read_lines(&player, &tape, 1);
    assert_int_equal(rename(at("f"), at("f.1")), 0);
    assert_quiet(&player, &tape);
    put_text("f", ""); /* the writer still has the old one */
    append_text("f.1", "two\nthree");
    read_lines(&player, &tape, 2);
    assert_quiet(&player, &tape);
    append_text("f", "four\n"); /* now it is at its end, unfinished line and all */
    read_lines(&player, &tape, 4);
    assert_line(&tape, 2, "three", 8, 3);
    assert_line(&tape, 3, "four", 0, 1);
    assert_int_equal(tape.items[3].record.position.ordinal, 3);
    append_text("f", "five\n");
    read_lines(&player, &tape, 5);
    player_finish(&player, true);
    tape_free(&tape);
}

static void following_starts_over_when_the_file_is_emptied_or_rewritten(void **state)
{
    test_player player;
    test_tape tape = {0};

    (void)state;
    put_text("f", "first\nsecond\nhalf");
    follow_begin(&player, at("f"), NULL);
    read_lines(&player, &tape, 2);
    assert_quiet(&player, &tape);
    put_text("f", ""); /* fopen "w" truncates the same file */
    read_lines(&player, &tape, 3);
    assert_line(&tape, 2, "half", 13, 3);
    assert_quiet(&player, &tape);
    append_text("f", "new\n");
    read_lines(&player, &tape, 4);
    assert_line(&tape, 3, "new", 0, 1);
    assert_quiet(&player, &tape);
    put_text("f", "another line, longer than all that was there\n");
    read_lines(&player, &tape, 5);
    assert_line(&tape, 4, "another line, longer than all that was there", 0, 1);
    player_finish(&player, true);
    tape_free(&tape);
}

static void a_rotated_file_is_finished_and_then_those_after_it(void **state)
{
    static const char *const expected[] = {"second", "third", "b1", "c1", "d1", "d2"};
    static const char *const names[] = {"f.3", "f-20260101"};
    time_t now = time(NULL);

    (void)state;
    for (size_t packed = 0; packed < 4; packed++) {
        const char *found = names[packed / 2];
        test_player player;
        test_tape tape = {0}, rest = {0};
        put_text("f", "first\nsecond\n");
        follow_begin(&player, at("f"), NULL);
        read_lines(&player, &tape, 2);
        player_finish(&player, true);
        /* Rotated three times since, the first one appended to before and perhaps compressed. */
        if (packed % 2) {
            append_gzip("f.3.gz", "first\nsecond\nthird\n", 19);
            found = "f.3.gz";
        } else {
            append_text("f", "third\n");
            assert_int_equal(rename(at("f"), at(found)), 0);
        }
        set_written(found, now - 300);
        put_text("f.2", "b1\n");
        set_written("f.2", now - 200);
        append_gzip("f.1.gz", "c1\n", 3);
        set_written("f.1.gz", now - 100);
        put_text("f.4", "older\n");
        set_written("f.4", now - 400);
        put_text("f.bak", "no rotated file\n");
        put_text("f.1x", "nor this\n");
        put_text("f", "d1\n");
        follow_begin(&player, at("f"), &tape.items[1].record.position);
        read_lines(&player, &rest, 5);
        append_text("f", "d2\n");
        read_lines(&player, &rest, 6);
        for (size_t i = 0; i < rest.count; i++) {
            assert_string_equal(rest.items[i].bytes, expected[i]);
            assert_int_equal(rest.items[i].record.position.ordinal, i + 1);
        }
        assert_string_equal(rest.origin, at("f"));
        player_finish(&player, true);
        tape_free(&tape);
        tape_free(&rest);
        assert_int_equal(unlink(at(found)), 0);
        assert_int_equal(unlink(at("f.1.gz")), 0);
    }
}

/* A writer that rotates by numbers, as logrotate does, quicker than the reader looks. */
enum { ROTATIONS = 40, ROTATION_LINES = 25, ROTATED_KEPT = 60 };

static void *write_and_rotate(void *argument)
{
    int *line = argument;

    for (int rotation = 0; rotation < ROTATIONS; rotation++) {
        char from[128], to[128];
        for (int i = 0; i < ROTATION_LINES; i++) {
            char text[32];
            snprintf(text, sizeof text, "line %d\n", (*line)++);
            append_text("f", text);
        }
        nanosleep(&(struct timespec){.tv_nsec = 15000000}, NULL);
        for (int number = ROTATED_KEPT; number >= 0 && rotation + 1 < ROTATIONS; number--) {
            snprintf(from, sizeof from, number > 0 ? "%s/f.%d" : "%s/f", folder, number);
            snprintf(to, sizeof to, "%s/f.%d", folder, number + 1);
            (void)rename(from, to); /* most are not there */
        }
    }
    return NULL;
}

static void a_reader_that_lags_behind_rotations_misses_nothing(void **state)
{
    test_player player;
    test_tape tape = {0};
    pthread_t thread;
    int line = 1;

    (void)state;
    put_text("f", "line 0\n");
    follow_begin(&player, at("f"), NULL);
    read_lines(&player, &tape, 1);
    assert_int_equal(pthread_create(&thread, NULL, write_and_rotate, &line), 0);
    read_lines(&player, &tape, 1 + ROTATIONS * ROTATION_LINES);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_quiet(&player, &tape);
    for (size_t i = 0; i < tape.count; i++) {
        char text[32];
        snprintf(text, sizeof text, "line %zu", i);
        assert_string_equal(tape.items[i].bytes, text);
    }
    player_finish(&player, true);
    tape_free(&tape);
}

static void a_copy_of_what_was_just_read_is_not_read_again(void **state)
{
    test_player player;
    test_tape tape = {0};

    (void)state;
    put_text("f", "one\ntwo\n");
    follow_begin(&player, at("f"), NULL);
    read_lines(&player, &tape, 2);
    set_written("f", time(NULL) - 100);
    append_gzip("f.1.gz", "one\ntwo\n", 8); /* as logrotate's compress makes it, with a newer time */
    put_text("next", "three\n");
    assert_int_equal(rename(at("next"), at("f")), 0);
    read_lines(&player, &tape, 3);
    assert_string_equal(tape.items[2].bytes, "three");
    assert_quiet(&player, &tape);
    player_finish(&player, true);
    tape_free(&tape);
}

static void assert_goes_on_anew(const tlm_position *from, const char *line)
{
    test_player player;
    test_tape tape = {0};

    follow_begin(&player, at("f"), from);
    assert_int_equal(player.host.log_count, 1);
    assert_int_equal(player.host.log_level, TLM_LOG_WARNING);
    assert_non_null(strstr(player.host.log, "cannot be read again"));
    assert_non_null(strstr(player.host.log, "stay incomplete"));
    if (!line) {
        assert_quiet(&player, &tape);
        line = "late";
        put_text("f", "late\n");
    }
    read_lines(&player, &tape, 1);
    assert_line(&tape, 0, line, 0, 1);
    assert_true(tape.items[0].record.position.ordinal > 1000000000); /* none that was decided before */
    player_finish(&player, true);
    tape_free(&tape);
}

static void following_goes_on_with_a_warning_where_what_was_read_is_gone(void **state)
{
    test_player player;
    test_tape tape = {0};

    (void)state;
    put_text("f", "first\nsecond\n");
    follow_begin(&player, at("f"), NULL);
    read_lines(&player, &tape, 2);
    player_finish(&player, true);
    put_text("f.1", "more other lines\n");
    for (size_t i = 0; i < 3; i++) {
        const tlm_position *from = i < 2 ? &tape.items[i].record.position : &tape.next;
        put_text("f", "short\n");
        assert_goes_on_anew(from, "short");
        put_text("f", "a line longer than all that was there\n");
        assert_goes_on_anew(from, "a line longer than all that was there");
        put_text("f", "");
        assert_goes_on_anew(from, NULL);
        assert_int_equal(unlink(at("f")), 0);
        assert_goes_on_anew(from, NULL);
    }
    tape_free(&tape);
}

static void a_place_at_byte_0_is_found_in_the_rotated_file(void **state)
{
    static const char *const expected[] = {"one", "two", "five", "seven"};
    test_player player;
    test_tape tape = {0}, rest = {0};

    (void)state;
    put_text("f", "one\ntwo\n");
    follow_begin(&player, at("f"), NULL);
    read_lines(&player, &tape, 2);
    assert_int_equal(rename(at("f"), at("f.1")), 0);
    set_written("f.1", time(NULL) - 100);
    put_text("f", "five\n");
    read_lines(&player, &tape, 3);
    player_finish(&player, true);
    append_text("f", "seven\n");
    follow_begin(&player, at("f"), &tape.items[0].record.position);
    read_lines(&player, &rest, 4);
    for (size_t i = 0; i < rest.count; i++) {
        assert_string_equal(rest.items[i].bytes, expected[i]);
        assert_int_equal(rest.items[i].record.position.ordinal, i);
    }
    assert_int_equal(player.host.log_count, 0);
    player_finish(&player, true);
    tape_free(&rest);

    /* Nothing has come to its place yet. */
    assert_int_equal(unlink(at("f")), 0);
    follow_begin(&player, at("f"), &tape.items[0].record.position);
    read_lines(&player, &rest, 2);
    assert_string_equal(rest.items[0].bytes, "one");
    player_finish(&player, true);
    tape_free(&rest);
    tape_free(&tape);
}

static void another_file_is_told_from_the_first_record_on_with_remedies(void **state)
{
    static const char *const texts[] = {"other\nlines\n", "\n", ""};
    test_tape tape = {0};
    tlm_error error;

    (void)state;
    put_text("a", "\none\ntwo\n");
    read_all(at("a"), NULL, NULL, 10, &tape);
    assert_int_equal(tape.items[0].record.position.offset, 1);
    assert_int_equal(try_open(at("a"), "false", &tape.items[0].record.position, &error), 0);
    for (size_t i = 0; i < TLM_COUNT(texts); i++) {
        put_text("a", texts[i]);
        for (size_t place = 0; place < 2; place++) {
            assert_int_equal(try_open(at("a"), "false", &tape.items[place].record.position, &error), -ESTALE);
            assert_non_null(strstr(error.text, "restore the file"));
            assert_non_null(strstr(error.text, "after the first one in `path`"));
            assert_non_null(strstr(error.text, "begin anew with a new database"));
        }
    }
    tape_free(&tape);
}

static void gzip_is_not_followed(void **state)
{
    test_player player;
    test_tape tape = {0};
    tlm_position middle;

    (void)state;
    append_gzip("f", "one\ntwo\n", 8);
    read_all(at("f"), NULL, NULL, 10, &tape);
    middle = tape.items[1].record.position;
    follow_begin(&player, at("f"), NULL);
    assert_int_equal(player_read(&player, &tape, 10, 0), -EINVAL);
    assert_non_null(strstr(player.error.text, "is gzip, which cannot be followed"));
    assert_int_equal(player.source->open(player.instance, &middle, &player.error), -EINVAL);
    player_finish(&player, true);
    tape_free(&tape);
}

/* --- standard input
 * --------------------------------------------------------------------------------------------------- */

/* Runs `body` in a child whose standard input is a pipe; the test writes to `feed`. The child's exit code is 0 when it
 * was content. */
static pid_t with_pipe(int (*body)(void), int *ret_feed)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[1]);
        if (dup2(ends[0], STDIN_FILENO) < 0)
            _exit(100);
        close(ends[0]);
        _exit(body());
    }
    close(ends[0]);
    *ret_feed = ends[1];
    return child;
}

static void feed_all(int feed, const void *bytes, size_t size)
{
    for (const char *from = bytes; size > 0;) {
        ssize_t written = write(feed, from, size);
        assert_true(written > 0);
        from += written;
        size -= (size_t)written;
    }
}

static void assert_content(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* In the child: reads standard input to its end and looks at two lines. cmocka's asserts would leave with another
 * test's jump, so it answers with numbers. */
static int child_reads(const tlm_position *from, size_t count, const char *first, const char *last)
{
    test_player player;
    test_tape tape = {0};
    uint64_t done, total;

    play(&player, "-", NULL, NULL);
    if (player.source->open(player.instance, from, &player.error) < 0)
        return 1;
    if (player_read_until(&player, &tape, 1000, SIZE_MAX) != TLM_READ_END)
        return 2;
    if (tape.count != count || strcmp(tape.items[0].bytes, first) != 0 ||
        strcmp(tape.items[count - 1].bytes, last) != 0)
        return 3;
    if (from && tape.items[0].record.position.ordinal < from->ordinal + 1000000000)
        return 4;
    if (from && (player.host.log_count != 1 || player.host.log_level != TLM_LOG_WARNING ||
                 !strstr(player.host.log, "standard input cannot be read again") ||
                 !strstr(player.host.log, "older than the watermark count as late")))
        return 5;
    if (from && tape.items[0].record.position.generation == from->generation)
        return 6;
    player.source->progress(player.instance, &done, &total);
    if (done == 0 || total != 0 || strcmp(tape.origin, "-") != 0)
        return 7;
    player_finish(&player, true);
    tape_free(&tape);
    return 0;
}

static int child_reads_lines(void)
{
    return child_reads(NULL, 3, "one", "three");
}

static int child_reads_many(void)
{
    return child_reads(NULL, 20000, "{\"event_id\":\"x-0\",\"text\":\"\"}\r", "end");
}

static int child_reads_anew(void)
{
    tlm_position from = {.ordinal = 77, .offset = 1000, .line = 12, .generation = (UINT64_C(1) << 48) | 12345};

    return child_reads(&from, 3, "one", "three");
}

static void standard_input_is_read_to_its_end(void **state)
{
    int feed;
    pid_t child = with_pipe(child_reads_lines, &feed);

    (void)state;
    feed_all(feed, "one\n\ntw", 7);
    feed_all(feed, "o\nthree", 7);
    close(feed);
    assert_content(child);
}

static void standard_input_may_be_gzip_and_large(void **state)
{
    size_t size;
    char *text = many_lines(19999, "x", &size);
    char *packed = malloc(size);
    struct stat status;
    int feed;

    (void)state;
    size += (size_t)sprintf(text + size, "end");
    pid_t child = with_pipe(child_reads_many, &feed);
    feed_all(feed, text, size);
    close(feed);
    assert_content(child);

    append_gzip("gz", text, size);
    assert_int_equal(stat(at("gz"), &status), 0);
    FILE *file = fopen(at("gz"), "r");
    assert_int_equal(fread(packed, 1, (size_t)status.st_size, file), status.st_size);
    fclose(file);
    child = with_pipe(child_reads_many, &feed);
    feed_all(feed, packed, 1); /* not enough to know that it is gzip */
    feed_all(feed, packed + 1, (size_t)status.st_size - 1);
    close(feed);
    assert_content(child);
    free(packed);
    free(text);
}

static void standard_input_starts_anew_with_a_warning_and_new_numbers(void **state)
{
    int feed;
    pid_t child = with_pipe(child_reads_anew, &feed);

    (void)state;
    feed_all(feed, "one\ntwo\nthree\n", 14);
    close(feed);
    assert_content(child);
}

static void *wake_reader(void *argument)
{
    test_player *player = argument;

    player->source->wake(player->instance);
    return NULL;
}

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int child_waits(void)
{
    test_player player;
    test_tape tape = {0};
    pthread_t thread;

    play(&player, "-", NULL, NULL);
    player_open(&player, NULL);
    if (player_read(&player, &tape, 10, 0) != TLM_READ_QUIET)
        return 1;
    int64_t begun_ms = monotonic_ms();
    if (pthread_create(&thread, NULL, wake_reader, &player) != 0)
        return 2;
    if (player_read(&player, &tape, 10, 60000) != TLM_READ_QUIET)
        return 3;
    pthread_join(thread, NULL);
    if (monotonic_ms() - begun_ms > 30000)
        return 4;
    player_finish(&player, true);
    return 0;
}

static void wake_ends_a_wait_for_standard_input(void **state)
{
    int feed;
    pid_t child = with_pipe(child_waits, &feed);

    (void)state;
    assert_content(child);
    close(feed);
}

/* --- pacing
 * ----------------------------------------------------------------------------------------------------------- */

static void speed_paces_lines_by_their_timestamps(void **state)
{
    test_player player;
    test_tape tape = {0};
    int waits = 0, result;

    (void)state;
    /* One minute at a hundred times real time takes 0.6 s; the lines without a time and from elsewhere take none. */
    put_text("a", "{\"timestamp\":\"2026-01-01T00:00:00Z\"}\n"
                  "{\"no\":\"time\"}\n"
                  "{\"timestamp\" : 1767225630000}\n"
                  "{\"timestamp\":\"2026-01-01T00:00:10Z\"}\n"
                  "{\"timestamp\":\"2026-01-01T01:01:00+01:00\"}\n"
                  "{\"timestamp\":\"2200-01-01T00:00:00Z\"}\n"
                  "{\"timestamp\":\"2026-01-01T00:01:00Z\"}\n"
                  "{\"timestamp\":\"not a time\"}\n");
    play(&player, at("a"), "speed", "100");
    player_open(&player, NULL);
    int64_t begun_ms = monotonic_ms();
    assert_int_equal(player_read(&player, &tape, 100, 0), TLM_READ_RECORDS);
    assert_int_equal(tape.count, 2);
    assert_int_equal(player_read(&player, &tape, 100, 0), TLM_READ_WAITING);
    while ((result = player_read(&player, &tape, 100, 50)) != TLM_READ_END) {
        assert_true(result == TLM_READ_RECORDS || result == TLM_READ_WAITING);
        waits += result == TLM_READ_WAITING;
        int64_t passed_ms = monotonic_ms() - begun_ms;
        assert_true(tape.count <= 2 || passed_ms >= 300);
        assert_true(tape.count <= 4 || passed_ms >= 600);
    }
    assert_int_equal(tape.count, 8);
    assert_true(waits > 0);
    player_finish(&player, true);
    tape_free(&tape);
}

static void wake_ends_a_wait_for_a_line_not_due(void **state)
{
    test_player player;
    test_tape tape = {0};
    pthread_t thread;

    (void)state;
    put_text("a", "{\"timestamp\":\"2026-01-01T00:00:00Z\"}\n{\"timestamp\":\"2026-01-01T12:00:00Z\"}\n");
    play(&player, at("a"), "speed", "1");
    player_open(&player, NULL);
    assert_int_equal(player_read(&player, &tape, 100, 0), TLM_READ_RECORDS);
    int64_t begun_ms = monotonic_ms();
    assert_int_equal(pthread_create(&thread, NULL, wake_reader, &player), 0);
    assert_int_equal(player_read(&player, &tape, 10, 60000), TLM_READ_WAITING);
    assert_true(monotonic_ms() - begun_ms < 30000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    player_finish(&player, true);
    tape_free(&tape);
}

/* --- the rest
 * --------------------------------------------------------------------------------------------------------- */

static void progress_counts_bytes_of_all_files(void **state)
{
    test_player player;
    test_tape tape = {0};
    struct stat packed;
    uint64_t done, total;

    (void)state;
    put_text("a", "one\ntwo\n");
    append_gzip("b", "three\nfour\n", 11);
    assert_int_equal(stat(at("b"), &packed), 0);
    play(&player, list(at("a"), at("b"), NULL), NULL, NULL);
    player_open(&player, NULL);
    player.source->progress(player.instance, &done, &total);
    assert_int_equal(done, 0);
    assert_int_equal(total, 8 + packed.st_size);
    assert_int_equal(player_read(&player, &tape, 1, 0), TLM_READ_RECORDS);
    player.source->progress(player.instance, &done, &total);
    assert_int_equal(done, 8);
    assert_int_equal(player_read_until(&player, &tape, 10, SIZE_MAX), TLM_READ_END);
    player.source->progress(player.instance, &done, &total);
    assert_int_equal(done, total);
    player_open(&player, &tape.items[1].record.position);
    player.source->progress(player.instance, &done, &total);
    assert_int_equal(done, 4);
    player_open(&player, &tape.items[3].record.position);
    player.source->progress(player.instance, &done, &total);
    assert_in_range(done, 8, total);
    player_finish(&player, true);
    tape_free(&tape);
}

static void batches_outlive_the_instance(void **state)
{
    enum { KEPT = 200 };
    test_player player;
    const tlm_records *kept[KEPT];
    size_t size, count = 0;
    char *text = many_lines(20000, "x", &size);

    (void)state;
    put("a", "w", text, size);
    free(text);
    play(&player, at("a"), "read_size", "64KiB");
    player_open(&player, NULL);
    while (count < KEPT && player.source->read(player.instance, 100, 0, &kept[count], &player.error) > 0)
        count++;
    player_finish(&player, true);
    assert_int_equal(count, KEPT);
    for (size_t i = 0; i < count; i++) {
        char begin[64];
        const tlm_record *first = &kept[i]->records[0];
        int length = snprintf(begin, sizeof begin, "{\"event_id\":\"x-%lld\"", (long long)first->position.ordinal);
        assert_memory_equal(kept[i]->data + first->start, begin, (size_t)length);
        assert_string_equal(kept[i]->origin, at("a"));
        kept[i]->unref(kept[i]);
    }
}

static void batches_are_used_and_given_back_by_another_thread(void **state)
{
    test_player player;
    size_t size;
    char *text = many_lines(20000, "x", &size);

    (void)state;
    put("a", "w", text, size);
    free(text);
    play(&player, at("a"), "read_size", "64KiB");
    player_open(&player, NULL);
    assert_int_equal(player_read_on_two_threads(&player, 100), 20000);
    player_finish(&player, true);
}

static void a_file_that_cannot_be_read_is_refused_at_the_start(void **state)
{
    enum { NOBODY = 65534 };
    bool is_root = geteuid() == 0;

    (void)state;
    assert_int_equal(chmod(folder, 0755), 0);
    put_text("a", "one\n");
    put_text("locked", "one\n");
    assert_int_equal(chmod(at("locked"), 0), 0);
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    const struct {
        const char *path, *sentence;
        int result;
    } cases[] = {
        {at("missing"), "missing cannot be read: No such file", -ENOENT},
        {folder, "is a folder", -EISDIR},
        {at("fifo"), "is not a regular file", -EINVAL},
        {at("locked"), "locked cannot be read: Permission denied", -EACCES},
    };
    for (size_t i = 0; i < TLM_COUNT(cases); i++) {
        const char *const settings[] = {"path", list(at("a"), cases[i].path, NULL), NULL};
        test_player player;
        player_init(&player, "replay", settings);
        assert_int_equal(player_create(&player), 0);
        if (is_root) /* who may read everything: ask as nobody */
            assert_int_equal(setresuid(NOBODY, NOBODY, 0), 0);
        int result = player.component->start(player.instance, &player.error);
        if (is_root)
            assert_int_equal(setresuid(0, 0, 0), 0);
        assert_int_equal(result, cases[i].result);
        assert_non_null(strstr(player.error.text, cases[i].sentence));
        player_finish(&player, false);
    }
}

static void a_file_that_vanished_after_the_start_is_told_after_the_ones_before(void **state)
{
    test_player player;
    test_tape tape = {0};

    (void)state;
    put_text("a", "one\n");
    put_text("b", "two\n");
    play(&player, list(at("a"), at("b"), NULL), NULL, NULL);
    player_open(&player, NULL);
    assert_int_equal(unlink(at("b")), 0);
    assert_int_equal(player_read_until(&player, &tape, 10, SIZE_MAX), -ENOENT);
    assert_int_equal(tape.count, 1);
    assert_non_null(strstr(player.error.text, "/b: cannot be opened: No such file"));
    player_finish(&player, true);
    tape_free(&tape);
}

static void mistakes_in_settings_are_refused_with_a_sentence(void **state)
{
    static const char *const cases[][3] = {
        {"", "false", "path: names no file"},
        {"a,,b", "false", "path: entry 2 is empty"},
        {"-,a,-", "false", "lists standard input (\"-\") more than once"},
        {"a,-", "true", "follow: the last path is standard input"},
    };

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(cases); i++) {
        const char *const settings[] = {"path", cases[i][0], "follow", cases[i][1], NULL};
        test_player player;
        player_init(&player, "replay", settings);
        assert_int_equal(player_create(&player), -EINVAL);
        assert_non_null(strstr(player.error.text, cases[i][2]));
        player_finish(&player, false);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_a_line_that_is_not_blank),
        TEST(several_files_are_one_input_and_no_batch_spans_two),
        TEST(a_line_over_the_limit_keeps_its_first_bytes_and_its_true_length),
        TEST(a_blank_line_over_the_limit_is_no_record),
        TEST(all_batch_and_read_sizes_give_the_same_records),
        TEST(gzip_members_and_their_padding_are_read_through),
        TEST(damaged_gzip_is_told_after_the_records_before_it),
        TEST(reading_again_from_any_place_gives_the_same_rest),
        TEST(the_place_behind_each_batch_goes_on_with_the_next_record),
        TEST(a_zero_place_is_the_beginning),
        TEST(a_file_that_was_copied_grown_or_compressed_is_still_the_one),
        TEST(a_line_completed_after_it_was_read_as_the_last_is_refused),
        TEST(a_place_that_is_no_more_is_refused_with_a_sentence),
        TEST(a_list_that_was_changed_is_followed_by_content_with_a_warning),
        TEST(following_waits_for_appended_and_for_unfinished_lines),
        TEST(following_waits_for_a_file_that_is_not_there),
        TEST(following_goes_on_with_the_file_that_replaces_it),
        TEST(following_starts_over_when_the_file_is_emptied_or_rewritten),
        TEST(a_rotated_file_is_finished_and_then_those_after_it),
        TEST(a_reader_that_lags_behind_rotations_misses_nothing),
        TEST(a_copy_of_what_was_just_read_is_not_read_again),
        TEST(following_goes_on_with_a_warning_where_what_was_read_is_gone),
        TEST(a_place_at_byte_0_is_found_in_the_rotated_file),
        TEST(another_file_is_told_from_the_first_record_on_with_remedies),
        TEST(gzip_is_not_followed),
        TEST(standard_input_is_read_to_its_end),
        TEST(standard_input_may_be_gzip_and_large),
        TEST(standard_input_starts_anew_with_a_warning_and_new_numbers),
        TEST(wake_ends_a_wait_for_standard_input),
        TEST(speed_paces_lines_by_their_timestamps),
        TEST(wake_ends_a_wait_for_a_line_not_due),
        TEST(progress_counts_bytes_of_all_files),
        TEST(batches_outlive_the_instance),
        TEST(batches_are_used_and_given_back_by_another_thread),
        TEST(a_file_that_cannot_be_read_is_refused_at_the_start),
        TEST(a_file_that_vanished_after_the_start_is_told_after_the_ones_before),
        TEST(mistakes_in_settings_are_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
