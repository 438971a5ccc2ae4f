#include "test_common.h"

#include "common/json_writer.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    tlm_buffer buffer;
    tlm_json_writer json;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    tlm_json_init(&f->json, &f->buffer);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    tlm_buffer_finish(&f->buffer);
    free(f);
    return 0;
}

static void assert_written(const fixture *f, const char *expected, size_t size)
{
    assert_int_equal(f->buffer.error, 0);
    assert_int_equal(f->buffer.size, size);
    assert_memory_equal(f->buffer.data, expected, size);
}

static void test_commas_are_set_by_themselves(void **state)
{
    fixture *f = *state;
    const char expected[] = "{\"a\":1,\"b\":[],\"c\":[1,-2,{\"d\":{}},[null,true,false]],"
                            "\"e\":{\"f\":0.50,\"g\":[[]]}}";

    tlm_json_begin_object(&f->json);
    TLM_JSON_KEY(&f->json, "a");
    tlm_json_int(&f->json, 1);
    TLM_JSON_KEY(&f->json, "b");
    tlm_json_begin_array(&f->json);
    tlm_json_end_array(&f->json);
    TLM_JSON_KEY(&f->json, "c");
    tlm_json_begin_array(&f->json);
    tlm_json_int(&f->json, 1);
    tlm_json_int(&f->json, -2);
    tlm_json_begin_object(&f->json);
    TLM_JSON_KEY(&f->json, "d");
    tlm_json_begin_object(&f->json);
    tlm_json_end_object(&f->json);
    tlm_json_end_object(&f->json);
    tlm_json_begin_array(&f->json);
    tlm_json_null(&f->json);
    tlm_json_bool(&f->json, true);
    tlm_json_bool(&f->json, false);
    tlm_json_end_array(&f->json);
    tlm_json_end_array(&f->json);
    TLM_JSON_KEY(&f->json, "e");
    tlm_json_begin_object(&f->json);
    TLM_JSON_KEY(&f->json, "f");
    tlm_json_raw(&f->json, "0.50", 4);
    TLM_JSON_KEY(&f->json, "g");
    tlm_json_begin_array(&f->json);
    tlm_json_begin_array(&f->json);
    tlm_json_end_array(&f->json);
    tlm_json_end_array(&f->json);
    tlm_json_end_object(&f->json);
    tlm_json_end_object(&f->json);
    assert_written(f, expected, sizeof(expected) - 1);
}

static void test_outermost_values_follow_each_other_without_comma(void **state)
{
    fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        tlm_json_begin_array(&f->json);
        tlm_json_int(&f->json, i);
        tlm_json_end_array(&f->json);
        tlm_buffer_append_char(&f->buffer, '\n');
    }
    assert_written(f, "[0]\n[1]\n", 8);
}

static void test_sixty_four_levels_fit(void **state)
{
    fixture *f = *state;
    char expected[TLM_JSON_DEPTH * 4];
    size_t size = 0;

    for (int i = 0; i < TLM_JSON_DEPTH; i++) {
        tlm_json_begin_array(&f->json);
        expected[size++] = '[';
    }
    for (int i = 0; i < TLM_JSON_DEPTH; i++) {
        tlm_json_int(&f->json, 1);
        tlm_json_end_array(&f->json);
        if (i > 0)
            expected[size++] = ',';
        memcpy(expected + size, "1]", 2);
        size += 2;
    }
    assert_written(f, expected, size);
}

static void test_integers_at_their_bounds(void **state)
{
    fixture *f = *state;
    const char expected[] = "[0,-1,9223372036854775807,-9223372036854775808,18446744073709551615]";

    tlm_json_begin_array(&f->json);
    tlm_json_int(&f->json, 0);
    tlm_json_int(&f->json, -1);
    tlm_json_int(&f->json, INT64_MAX);
    tlm_json_int(&f->json, INT64_MIN);
    tlm_json_uint(&f->json, UINT64_MAX);
    tlm_json_end_array(&f->json);
    assert_written(f, expected, sizeof(expected) - 1);
}

static void assert_string(fixture *f, const char *text, size_t size, const char *expected)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    tlm_buffer_clear(&f->buffer);
    tlm_json_string(&f->json, copy, size);
    free(copy);
    assert_written(f, expected, strlen(expected));
}

#define ASSERT_STRING(f, literal, expected) assert_string((f), (literal), sizeof(literal) - 1, (expected))

static void test_escapes_what_json_demands(void **state)
{
    fixture *f = *state;

    ASSERT_STRING(f, "", "\"\"");
    ASSERT_STRING(f, "say \"hi\" \\o/", "\"say \\\"hi\\\" \\\\o/\"");
    ASSERT_STRING(f, "\0\1\2\3\4\5\6\7\b\t\n\v\f\r\16\17",
                  "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\"");
    ASSERT_STRING(f, "\x10\x1F\x20\x7F</script>", "\"\\u0010\\u001f \x7F</script>\"");
    ASSERT_STRING(f, "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF \xED\x9F\xBF \xEE\x80\x80",
                  "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF \xED\x9F\xBF \xEE\x80\x80\"");
}

#define R "\xEF\xBF\xBD"

static void test_replaces_what_is_not_utf8(void **state)
{
    fixture *f = *state;

    ASSERT_STRING(f, "a\x80z", "\"a" R "z\"");
    ASSERT_STRING(f, "\xC0\xAF", "\"" R R "\"");
    ASSERT_STRING(f, "\xC1\xBF\xF5\xFF", "\"" R R R R "\"");
    ASSERT_STRING(f, "\xE0\x80\xAF", "\"" R R R "\"");
    ASSERT_STRING(f, "\xED\xA0\x80", "\"" R R R "\"");
    ASSERT_STRING(f, "\xF0\x80\x80\xAF", "\"" R R R R "\"");
    ASSERT_STRING(f, "\xF4\x90\x80\x80", "\"" R R R R "\"");
    ASSERT_STRING(f, "\xE2\x82", "\"" R "\"");
    ASSERT_STRING(f, "\xF0\x9F\x98", "\"" R "\"");
    ASSERT_STRING(f,
                  "\xE2\x82"
                  "a\xC3",
                  "\"" R "a" R "\"");
    ASSERT_STRING(f, "\xF0\x9F\"", "\"" R "\\\"\"");
    /* The example of the Unicode standard, table 3-8. */
    ASSERT_STRING(f, "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64", "\"a" R R R "b" R "c" R R "d\"");
}

/* Every byte at every place of two words, so that the fast path and the slow path meet. */
static void test_every_byte_at_every_place(void **state)
{
    fixture *f = *state;

    for (size_t at = 0; at < 16; at++) {
        for (int byte = 0; byte < 128; byte++) {
            char text[17] = "abcdefgh ijklmno";
            char expected[32] = "\"";
            static const char *const names = "btn?fr";
            char escape[8] = {(char)byte};
            text[at] = (char)byte;
            if (byte == '"' || byte == '\\') {
                memcpy(escape, (char[]){'\\', (char)byte, 0}, 3);
            } else if (byte >= 8 && byte <= 13 && byte != 11) {
                memcpy(escape, (char[]){'\\', names[byte - 8], 0}, 3);
            } else if (byte < 32) {
                static const char hex[] = "0123456789abcdef";
                memcpy(escape, (char[]){'\\', 'u', '0', '0', hex[byte / 16], hex[byte % 16], 0}, 7);
            }
            memcpy(expected + 1, text, at);
            expected[1 + at] = '\0';
            strcat(expected, escape);
            strcat(expected, text + at + 1);
            strcat(expected, "\"");
            assert_string(f, text, 16, expected);
        }
    }
}

/* A naive decoder of UTF-8 by arithmetic: the code point, or -1. */
static int32_t decode(const unsigned char *at, size_t size)
{
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xC0 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : at[0] < 0xF8 ? 4 : 0;
    int32_t point = length == 1 ? at[0] : at[0] & (0x7F >> length);

    if (!length || length != size)
        return -1;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return -1;
        point = point << 6 | (at[i] & 0x3F);
    }
    return point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF) ? -1 : point;
}

static void check_sequence(fixture *f, const unsigned char *bytes, size_t size)
{
    tlm_buffer_clear(&f->buffer);
    tlm_json_string(&f->json, (const char *)bytes, size);
    const char *data = f->buffer.data;
    bool kept = f->buffer.size == size + 2 && memcmp(data + 1, bytes, size) == 0;
    assert_int_equal(kept, decode(bytes, size) >= 0);
    if (!kept)
        assert_non_null(memmem(data, f->buffer.size, R, 3));
}

/* All sequences of two bytes, and of three and four in all the ranges that matter: kept when and only when a naive
 * decoder finds a character. */
static void test_exactly_the_well_formed_sequences_are_kept(void **state)
{
    fixture *f = *state;
    static const unsigned char ends[] = {0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};

    for (unsigned first = 0x80; first < 0x100; first++) {
        for (unsigned second = 0x80; second < 0x100; second++) {
            unsigned char bytes[4] = {(unsigned char)first, (unsigned char)second};
            check_sequence(f, bytes, 1);
            check_sequence(f, bytes, 2);
            for (size_t i = 0; i < sizeof(ends); i++) {
                bytes[2] = ends[i];
                if (first >= 0xE0 && (first >= 0xF0 || ends[i] >= 0x80))
                    check_sequence(f, bytes, 3);
                for (size_t j = 0; first >= 0xF0 && j < sizeof(ends); j++) {
                    bytes[3] = ends[j];
                    check_sequence(f, bytes, 4);
                }
            }
        }
    }
}

static void test_buffer_is_handed_over_and_starts_anew(void **state)
{
    fixture *f = *state;
    size_t size = 4711;

    assert_null(tlm_buffer_take(&f->buffer, &size));
    assert_int_equal(size, 4711);
    tlm_json_int(&f->json, 42);
    char *data = tlm_buffer_take(&f->buffer, &size);
    assert_int_equal(size, 2);
    assert_memory_equal(data, "42", 2);
    free(data);
    tlm_json_int(&f->json, 7);
    assert_written(f, "7", 1);
    tlm_buffer_finish(NULL);
}

static void test_buffer_grows_to_what_is_appended(void **state)
{
    fixture *f = *state;

    for (size_t size = 0; size < 3000; size++) {
        size_t before = f->buffer.size;
        char *room = tlm_buffer_reserve(&f->buffer, size);
        assert_non_null(room);
        memset(room, (int)(size & 0x7F), size);
        f->buffer.size += size;
        assert_true(f->buffer.capacity >= before + size);
    }
    size_t at = 0;
    for (size_t size = 1; size < 3000; at += size, size++) {
        assert_int_equal(f->buffer.data[at], size & 0x7F);
        assert_int_equal(f->buffer.data[at + size - 1], size & 0x7F);
    }
    assert_int_equal(tlm_buffer_append(&f->buffer, NULL, 0), 0);
}

static void test_a_size_beyond_all_memory_is_refused_and_sticks(void **state)
{
    fixture *f = *state;

    tlm_buffer_append(&f->buffer, "x", 1);
    assert_null(tlm_buffer_reserve(&f->buffer, SIZE_MAX));
    assert_true(f->buffer.error < 0);
    assert_true(tlm_buffer_append(&f->buffer, "y", 1) < 0);
    assert_int_equal(f->buffer.size, 1);
    tlm_buffer_clear(&f->buffer);
    assert_int_equal(tlm_buffer_append(&f->buffer, "z", 1), 0);
}

#define WRITER_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITER_TEST(test_commas_are_set_by_themselves),
        WRITER_TEST(test_outermost_values_follow_each_other_without_comma),
        WRITER_TEST(test_sixty_four_levels_fit),
        WRITER_TEST(test_integers_at_their_bounds),
        WRITER_TEST(test_escapes_what_json_demands),
        WRITER_TEST(test_replaces_what_is_not_utf8),
        WRITER_TEST(test_every_byte_at_every_place),
        WRITER_TEST(test_exactly_the_well_formed_sequences_are_kept),
        WRITER_TEST(test_buffer_is_handed_over_and_starts_anew),
        WRITER_TEST(test_buffer_grows_to_what_is_appended),
        WRITER_TEST(test_a_size_beyond_all_memory_is_refused_and_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
