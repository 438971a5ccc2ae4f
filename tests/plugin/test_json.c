/* SPDX-License-Identifier: Apache-2.0 */
/* The json codec against contract section 1: every clause at its bound and one past it. Texts are written with ' for ".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"

#include "common/buffer.h"
#include "common/murmur2.h"

enum { CHAT = TLM_EVENT_CHAT, VIEWER = TLM_EVENT_VIEWER, MONEY = TLM_EVENT_TRANSACTION, META = TLM_EVENT_STREAM_META };

/* What every event needs. */
#define ID "'event_id':'e','stream_id':'s','timestamp':0"

/* --- driving ------------------------------------------------------------------------------------------------------ */

typedef struct subject {
    test_host host;
    const tlm_component *component;
    const tlm_codec *codec;
    void *config;
    tlm_instance *instance;
    tlm_decoder *decoder;
} subject;

static subject json;

static int open_subject(void **state)
{
    tlm_error error;

    (void)state;
    test_host_init(&json.host);
    json.component = test_component("json", "json");
    json.codec = json.component->get_interface(TLM_INTERFACE_CODEC);
    json.config = test_config(json.component);
    assert_int_equal(json.component->create(&json.host.public, json.config, &json.instance, &error), 0);
    assert_int_equal(json.component->start(json.instance, &error), 0);
    assert_int_equal(json.codec->open(json.instance, &json.decoder, &error), 0);
    return 0;
}

static int close_subject(void **state)
{
    (void)state;
    json.codec->close(json.decoder);
    json.component->stop(json.instance);
    json.component->destroy(json.instance);
    test_config_free(json.component, json.config);
    return 0;
}

/* A batch of records in an allocation that ends with their padding, so that address sanitizers see what goes past it.
 */
typedef struct input {
    tlm_records records; /* first member: ref and unref find the rest through it */
    tlm_record list[64];
    tlm_buffer data;
    char *exact;
    int references;
} input;

static void input_ref(const tlm_records *records)
{
    ((input *)records)->references++;
}

static void input_unref(const tlm_records *records)
{
    ((input *)records)->references--;
}

static tlm_record *input_add(input *self, uint32_t kind, const char *text, size_t size)
{
    tlm_record *record = &self->list[self->records.record_count++];

    assert_true(self->records.record_count <= TLM_COUNT(self->list));
    *record = (tlm_record){.full_size = size, .start = (uint32_t)self->data.size, .size = (uint32_t)size, .kind = kind};
    assert_int_equal(tlm_buffer_append(&self->data, text, size), 0);
    return record;
}

/* Adds a text in which ' stands for ". */
static tlm_record *input_add_quoted(input *self, uint32_t kind, const char *text)
{
    tlm_record *record = input_add(self, kind, text, strlen(text));

    for (char *at = self->data.data + record->start; at < self->data.data + self->data.size; at++)
        *at = *at == '\'' ? '"' : *at;
    return record;
}

static const tlm_events *decode(input *self)
{
    tlm_events *events;

    self->exact = malloc(self->data.size + TLM_PADDING);
    assert_non_null(self->exact);
    if (self->data.size)
        memcpy(self->exact, self->data.data, self->data.size);
    memset(self->exact + self->data.size, '"', TLM_PADDING);
    self->records.struct_size = sizeof self->records;
    self->records.records = self->list;
    self->records.data = self->exact;
    self->records.data_size = self->data.size;
    self->records.origin = "test";
    self->records.ref = input_ref;
    self->records.unref = input_unref;
    assert_int_equal(json.codec->decode(json.decoder, &self->records, &events), 0);
    assert_int_equal(events->event_count + events->reject_count, self->records.record_count);
    assert_int_equal(self->references, 1);
    return events;
}

static void input_finish(input *self, const tlm_events *events)
{
    events->unref(events);
    assert_int_equal(self->references, 0);
    free(self->exact);
    tlm_buffer_finish(&self->data);
}

/* The reason of a single reject, or NULL, in a buffer that the next call takes. */
static const char *reason_of(const tlm_events *events)
{
    static char reason[1024];

    if (events->reject_count == 0)
        return NULL;
    tlm_text text = tlm_events_text(events, events->rejects[0].reason);
    assert_true(text.size > 0 && text.size < sizeof reason);
    memcpy(reason, text.data, text.size);
    reason[text.size] = '\0';
    return reason;
}

static void check_reason(const char *text, const char *found, const char *expected)
{
    if (found == expected || (found && expected && strcmp(found, expected) == 0))
        return;
    fail_msg("%.200s\n  gave:     %s\n  expected: %s", text, found ? found : "an event",
             expected ? expected : "an event");
}

static void check(uint32_t kind, const char *text, const char *expected)
{
    input in = {0};

    input_add_quoted(&in, kind, text);
    const tlm_events *events = decode(&in);
    check_reason(text, reason_of(events), expected);
    if (expected)
        assert_int_equal(events->rejects[0].kind, kind);
    input_finish(&in, events);
}

typedef struct row {
    uint32_t kind;
    const char *text;
    const char *reason; /* NULL: accepted */
} row;

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(rows[i].kind, rows[i].text, rows[i].reason);
}

/* head, then `count` times `middle`, then tail. */
static char *repeated(const char *head, const char *middle, size_t count, const char *tail)
{
    tlm_buffer text = TLM_BUFFER_INIT;

    tlm_buffer_append(&text, head, strlen(head));
    for (size_t i = 0; i < count; i++)
        tlm_buffer_append(&text, middle, strlen(middle));
    assert_int_equal(tlm_buffer_append(&text, tail, strlen(tail) + 1), 0);
    return tlm_buffer_take(&text, &(size_t){0});
}

static void check_repeated(uint32_t kind, const char *head, const char *middle, size_t count, const char *tail,
                           const char *expected)
{
    char *text = repeated(head, middle, count, tail);

    check(kind, text, expected);
    free(text);
}

/* One accepted event; `*ret_in` must be finished by the caller. */
static const tlm_events *accept(input *in, uint32_t kind, const char *text)
{
    *in = (input){0};
    input_add_quoted(in, kind, text);
    const tlm_events *events = decode(in);
    check_reason(text, reason_of(events), NULL);
    return events;
}

static void check_span(const tlm_events *events, tlm_span span, const char *expected)
{
    tlm_text text = tlm_events_text(events, span);

    assert_true((uint64_t)span.offset + span.size <= events->arena_size);
    if (!tlm_text_equal(text, tlm_text_of(expected)))
        fail_msg("found \"%.*s\", expected \"%s\"", (int)text.size, text.data, expected);
}

/* --- the whole text ----------------------------------------------------------------------------------------------- */

#define NOT_JSON "The text is not JSON: "
#define OUT_OF_PLACE NOT_JSON "a value, comma, colon or bracket is missing or out of place."
#define BAD_WORD NOT_JSON "a word in it is none of true, false and null."
#define BAD_NUMBER NOT_JSON "a number is malformed, or neither a 64-bit integer nor a finite double."
#define BAD_STRING NOT_JSON "a string has a wrong escape or a lone surrogate."
#define CONTROL NOT_JSON "a string holds a control character that is not escaped."

static void malformed_texts_are_rejected(void **state)
{
    static const row rows[] = {
        {CHAT, "{" ID "}", NULL},
        {CHAT, "  \t{ " ID " } \r", NULL},
        {CHAT, "{" ID "}\r\n", NULL},
        {CHAT, "{" ID ",'x':[true,false,null,{},[],'',0,-0,1.5,-1.5e-3,1E+2]}", NULL},
        {CHAT, " ", NOT_JSON "it holds no value."},
        {CHAT, "\r", NOT_JSON "it holds no value."},
        {CHAT, "{" ID, OUT_OF_PLACE},
        {CHAT, "{" ID ",}", OUT_OF_PLACE},
        {CHAT, "{,}", OUT_OF_PLACE},
        {CHAT, "{" ID "}}", OUT_OF_PLACE},
        {CHAT, "{" ID "} {" ID "}", OUT_OF_PLACE},
        {CHAT, "{" ID "}\f", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x' 1}", OUT_OF_PLACE},
        {CHAT, "{" ID " 'x':1}", OUT_OF_PLACE},
        {CHAT, "{" ID ",x:1}", OUT_OF_PLACE},
        {CHAT, "{" ID ",1:1}", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x':}", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x':[1 2]}", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x':[1,]}", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x':[1}", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x':NaN}", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x':Infinity}", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x':.5}", OUT_OF_PLACE},
        {CHAT, "{" ID ",'x':+1}", OUT_OF_PLACE},
        {CHAT, "{" ID ",/**/'x':1}", OUT_OF_PLACE},
        {CHAT, "\xef\xbb\xbf{" ID "}", NOT_JSON "it begins with a byte order mark."},
        {CHAT, "{" ID ",'x':tru}", BAD_WORD},
        {CHAT, "{" ID ",'x':falsee}", BAD_WORD},
        {CHAT, "{" ID ",'x':nul}", BAD_WORD},
        {CHAT, "{" ID ",'x':01}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':-}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':1.}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':1e}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':0x1}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':-Infinity}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':'\\q'}", BAD_STRING},
        {CHAT, "{" ID ",'x':'\\u12g4'}", BAD_STRING},
        {CHAT, "{" ID ",'x':'\n'}", CONTROL},
        {CHAT, "{" ID ",'x':'\x1f'}", CONTROL},
        {CHAT, "{" ID ",'x':'}", NOT_JSON "a string is never closed."},
        {CHAT, "[]", "An event must be an object, but is an array."},
        {CHAT, "'x'", "An event must be an object, but is a string."},
        {CHAT, "1", "An event must be an object, but is an integer."},
        {CHAT, "1.5", "An event must be an object, but is a number with a fraction or an exponent."},
        {CHAT, "18446744073709551615", "An event must be an object, but is an integer above 9223372036854775807."},
        {CHAT, "true", "An event must be an object, but is true."},
        {CHAT, "false", "An event must be an object, but is false."},
        {CHAT, "null", "An event must be an object, but is null."},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
}

static void bytes_that_are_not_utf8_are_rejected_with_their_place(void **state)
{
    static const row rows[] = {
        {CHAT, "{" ID ",'x':'\xed\x9f\xbf \xee\x80\x80 \xf4\x8f\xbf\xbf'}", NULL},
        {CHAT, "{'x':'\xff'}", "The text is not UTF-8: byte 6, 0xff, is out of place."},
        {CHAT, "{'x':'\x80'}", "The text is not UTF-8: byte 6, 0x80, is out of place."},
        {CHAT, "{'x':'\xc0\x80'}", "The text is not UTF-8: byte 6, 0xc0, is out of place."},
        {CHAT, "{'x':'\xe0\x9f\xbf'}", "The text is not UTF-8: byte 6, 0xe0, is out of place."},
        {CHAT, "{'x':'\xed\xa0\x80'}", "The text is not UTF-8: byte 6, 0xed, is out of place."},
        {CHAT, "{'x':'\xf4\x90\x80\x80'}", "The text is not UTF-8: byte 6, 0xf4, is out of place."},
        {CHAT, "{'x':'\xe2\x82'}", "The text is not UTF-8: byte 6, 0xe2, is out of place."},
        {CHAT, "\xe2", "The text is not UTF-8: byte 0, 0xe2, is out of place."},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
}

static void lone_surrogates_are_rejected(void **state)
{
    static const row rows[] = {
        {CHAT, "{" ID ",'message':'\\ud83d\\uDE00'}", NULL},
        {CHAT, "{" ID ",'x':'\\ud800'}", BAD_STRING},
        {CHAT, "{" ID ",'x':'\\ud800x'}", BAD_STRING},
        {CHAT, "{" ID ",'x':'\\ud800\\u0041'}", BAD_STRING},
        {CHAT, "{" ID ",'x':'\\ud800\\ud800'}", BAD_STRING},
        {CHAT, "{" ID ",'x':'\\udc00'}", BAD_STRING},
        {CHAT, "{" ID ",'x':'\\udfff\\ud800'}", BAD_STRING},
        {CHAT, "{" ID ",'\\ud800':1}", BAD_STRING},
        {CHAT, "{" ID ",'metadata':{'x':['\\ud800']}}", BAD_STRING},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
}

static void numbers_anywhere_are_64_bit_integers_or_finite_doubles(void **state)
{
    static const row rows[] = {
        {CHAT, "{" ID ",'x':9223372036854775808}", NULL},
        {CHAT, "{" ID ",'x':18446744073709551615}", NULL},
        {CHAT, "{" ID ",'x':18446744073709551616}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':-9223372036854775808}", NULL},
        {CHAT, "{" ID ",'x':-9223372036854775809}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':123456789012345678901234567890}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':123456789012345678901234567890.0}", NULL},
        {CHAT, "{" ID ",'x':1.7976931348623157e308}", NULL},
        {CHAT, "{" ID ",'x':1.7976931348623159e308}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':1e999}", BAD_NUMBER},
        {CHAT, "{" ID ",'metadata':{'x':[-1e999]}}", BAD_NUMBER},
        {CHAT, "{" ID ",'x':1e-999}", NULL},
        {CHAT, "{" ID ",'x':0e999}", NULL},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
}

/* A text with `depth` levels, the object of the event among them; the innermost holds `core`. */
static char *nested(size_t depth, const char *open, const char *core, const char *close)
{
    char *head = repeated("{" ID ",'x':", open, depth - 1, core);
    char *tail = repeated("", close, depth - 1, "}");
    char *text = repeated(head, "", 0, tail);

    free(head);
    free(tail);
    return text;
}

static void texts_of_1024_levels_pass_and_deeper_ones_do_not(void **state)
{
    static const char *const deep = "The text has more than 1024 levels of arrays and objects.";
    static const char *const parser_deep = NOT_JSON "it has more than 1024 levels of arrays and objects.";
    static const struct {
        size_t depth;
        const char *open, *core, *close, *reason;
    } cases[] = {
        {1024, "[", "", "]", NULL},
        {1025, "[", "", "]", deep},
        {1024, "[", "1", "]", NULL},
        {1025, "[", "1", "]", parser_deep},
        {1024, "{'a':", "1", "}", NULL},
        {1025, "{'a':", "1", "}", parser_deep},
        {1024, "{'a':", "{}", "}", deep},
        {1023, "{'a':", "{}", "}", NULL},
        {1024, "[{},", "1", "]", deep},
        {1023, "[{},", "1", "]", NULL},
        {1024, "[0,1.5,'[[',", "[]", "]", deep},
        {5000, "[", "", "]", parser_deep},
        {100000, "[", "", "]", parser_deep},
    };

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(cases); i++) {
        char *text = nested(cases[i].depth, cases[i].open, cases[i].core, cases[i].close);
        check(CHAT, text, cases[i].reason);
        free(text);
    }
}

/* `size` bytes of text in all, by an unknown field. */
static void check_sized(size_t size, uint64_t full_size, const char *expected)
{
    static const char head[] = "{'event_id':'e','stream_id':'s','timestamp':0,'x':'";
    char *text = repeated(head, "x", size - (sizeof head - 1) - 2, "'}");
    input in = {0};

    input_add_quoted(&in, CHAT, text)->full_size = full_size;
    assert_int_equal(in.data.size, size);
    const tlm_events *events = decode(&in);
    check_reason("a text of a given size", reason_of(events), expected);
    input_finish(&in, events);
    free(text);
}

static void texts_of_1_mib_pass_and_longer_ones_do_not(void **state)
{
    (void)state;
    check_sized(TLM_RECORD_SIZE_MAX, TLM_RECORD_SIZE_MAX, NULL);
    check_sized(TLM_RECORD_SIZE_MAX, TLM_RECORD_SIZE_MAX + 1,
                "The text must have at most 1048576 bytes, but has 1048577.");
    check_sized(1000, UINT64_C(5000000000), "The text must have at most 1048576 bytes, but has 5000000000.");
    check_sized(TLM_RECORD_SIZE_MAX + 1, TLM_RECORD_SIZE_MAX + 1,
                "The text must have at most 1048576 bytes, but has 1048577.");
}

static void records_without_a_value_are_rejected(void **state)
{
    (void)state;
    check(CHAT, "", "The record has no value.");
}

/* --- the kind ----------------------------------------------------------------------------------------------------- */

static void check_topic(const char *text, uint32_t kind, const char *reason)
{
    input in = {0};

    input_add_quoted(&in, TLM_EVENT_UNKNOWN, text);
    const tlm_events *events = decode(&in);
    check_reason(text, reason_of(events), reason);
    assert_int_equal(reason ? events->rejects[0].kind : events->events[0].kind, kind);
    input_finish(&in, events);
}

static void topic_names_the_kind(void **state)
{
    (void)state;
    check_topic("{" ID ",'topic':'telemetra.events.chat'}", CHAT, NULL);
    check_topic("{" ID ",'topic':'telemetra.events.viewer','viewer_count':1}", VIEWER, NULL);
    check_topic("{" ID ",'topic':'telemetra.events.transactions'}", MONEY, NULL);
    check_topic("{" ID ",'topic':'telemetra.events.stream_meta'}", META, NULL);
    check_topic("{" ID ",'topic':'chat'}", CHAT, NULL);
    check_topic("{'viewer_count':1," ID ",'topic':'viewer'}", VIEWER, NULL);
    check_topic("{" ID ",'topic':'transactions'}", MONEY, NULL);
    check_topic("{'topic':1," ID ",'\\u0074opic':'stream_meta'}", META, NULL);
    check_topic("{" ID "}", 0, "topic is required, but is absent or null.");
    check_topic("{" ID ",'topic':null}", 0, "topic is required, but is absent or null.");
    check_topic("{" ID ",'topic':1}", 0, "topic must be a string, but is an integer.");
    check_topic("{" ID ",'topic':''}", 0, "topic must be one of the four topics, but is \"\".");
    check_topic("{" ID ",'topic':'Chat'}", 0, "topic must be one of the four topics, but is \"Chat\".");
    check_topic("{" ID ",'topic':'chat\\u0000\xc3\xa9'}", 0,
                "topic must be one of the four topics, but is \"chat???\".");
    check_topic("{" ID ",'topic':'viewer'}", VIEWER, "viewer_count is required, but is absent or null.");
}

static void a_kind_that_the_input_tells_is_not_looked_for(void **state)
{
    (void)state;
    check(CHAT, "{" ID ",'topic':'viewer'}", NULL);
    check(CHAT, "{" ID ",'topic':[1]}", NULL);

    input in = {0};
    input_add_quoted(&in, 9, "{" ID "}");
    const tlm_events *events = decode(&in);
    check_reason("kind 9", reason_of(events), "The record is of kind 9, which this codec does not know.");
    assert_int_equal(events->rejects[0].kind, TLM_EVENT_UNKNOWN);
    input_finish(&in, events);
}

static void topics_can_be_renamed_but_not_be_ambiguous(void **state)
{
    static const struct {
        const char *chat, *viewer, *reason;
    } cases[] = {
        {"my.chat", "my.viewer", NULL},
        {"chat", "viewer", NULL},
        {"", "my.viewer", "the topic of chat events has no name"},
        {"a", "a", "\"a\" would name both chat and viewer events; give each its own topic"},
        {"transactions", "b", "\"transactions\" would name both chat and transactions events; give each its own topic"},
    };
    void *config = test_config(json.component);

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(cases); i++) {
        tlm_instance *instance = NULL;
        tlm_error error = {{0}};
        test_config_set(json.component, config, "topic_chat", cases[i].chat);
        test_config_set(json.component, config, "topic_viewer", cases[i].viewer);
        int result = json.component->create(&json.host.public, config, &instance, &error);
        assert_int_equal(result, cases[i].reason ? -EINVAL : 0);
        assert_string_equal(error.text, cases[i].reason ? cases[i].reason : "");
        json.component->destroy(instance);
    }
    test_config_free(json.component, config);
}

/* --- ids, aliases, repeated keys ---------------------------------------------------------------------------------- */

static void ids_and_timestamp_are_required(void **state)
{
    static const row rows[] = {
        {CHAT, "{'stream_id':'s','timestamp':0}", "event_id is required, but is absent or null."},
        {CHAT, "{'event_id':null,'stream_id':'s','timestamp':0}", "event_id is required, but is absent or null."},
        {CHAT, "{'event_id':'','message_id':'m','stream_id':'s','timestamp':0}",
         "event_id must have 1 to 128 bytes, but is empty."},
        {CHAT, "{'event_id':1,'stream_id':'s','timestamp':0}", "event_id must be a string, but is an integer."},
        {CHAT, "{'event_id':'\\u0000','stream_id':'s','timestamp':0}",
         "event_id holds U+0000, which only a message may."},
        {CHAT, "{'event_id':'e','timestamp':0}", "stream_id is required, but is absent or null."},
        {CHAT, "{'event_id':'e','stream_id':'','channel':'c','timestamp':0}",
         "stream_id must have 1 to 255 bytes, but is empty."},
        {CHAT, "{'event_id':'e','stream_id':{},'timestamp':0}", "stream_id must be a string, but is an object."},
        {CHAT, "{'event_id':'e','stream_id':'a\\u0000','timestamp':0}",
         "stream_id holds U+0000, which only a message may."},
        {CHAT, "{'event_id':'e','stream_id':'s'}", "timestamp is required, but is absent or null."},
        {CHAT, "{'event_id':'e','stream_id':'s','timestamp':null}", "timestamp is required, but is absent or null."},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
    check_repeated(CHAT, "{'stream_id':'s','timestamp':0,'event_id':'", "x", 128, "'}", NULL);
    check_repeated(CHAT, "{'stream_id':'s','timestamp':0,'event_id':'", "x", 129, "'}",
                   "event_id must have at most 128 bytes, but has 129.");
    check_repeated(CHAT, "{'stream_id':'s','timestamp':0,'message_id':'", "\xc3\xa9", 65, "'}",
                   "message_id must have at most 128 bytes, but has 130.");
    check_repeated(CHAT, "{'event_id':'e','timestamp':0,'stream_id':'", "x", 255, "'}", NULL);
    check_repeated(CHAT, "{'event_id':'e','timestamp':0,'stream_id':'", "x", 256, "'}",
                   "stream_id must have at most 255 bytes, but has 256.");
    check_repeated(CHAT, "{'event_id':'e','timestamp':0,'channel':'", "x", 256, "'}",
                   "channel must have at most 255 bytes, but has 256.");
}

static void check_ids(uint32_t kind, const char *text, const char *event_id, const char *stream_id)
{
    input in;
    const tlm_events *events = accept(&in, kind, text);

    check_span(events, events->events[0].event_id, event_id);
    assert_int_equal(events->stream_count, 1);
    check_span(events, events->streams[0].id, stream_id);
    input_finish(&in, events);
}

static void aliases_stand_in_for_absent_names_only(void **state)
{
    static const row rows[] = {
        {VIEWER, "{'message_id':'m','stream_id':'s','timestamp':0,'viewer_count':1}",
         "event_id is required, but is absent or null."},
        {CHAT, "{'transaction_id':'m','stream_id':'s','timestamp':0}", "event_id is required, but is absent or null."},
        {MONEY, "{'message_id':'m','stream_id':'s','timestamp':0}", "event_id is required, but is absent or null."},
        {META, "{'transaction_id':'m','stream_id':'s','timestamp':0}", "event_id is required, but is absent or null."},
        {CHAT, "{'message_id':7,'stream_id':'s','timestamp':0}", "message_id must be a string, but is an integer."},
        {CHAT, "{'message_id':'m','channel':[],'timestamp':0}", "channel must be a string, but is an array."},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
    check_ids(CHAT, "{'message_id':'m','channel':'c','timestamp':0}", "m", "c");
    check_ids(MONEY, "{'transaction_id':'t','channel':'c','timestamp':0}", "t", "c");
    check_ids(CHAT, "{'event_id':null,'message_id':'m','stream_id':null,'channel':'c','timestamp':0}", "m", "c");
    check_ids(CHAT, "{" ID ",'message_id':7,'channel':'\\u0000'}", "e", "s");
    check_ids(MONEY, "{'transaction_id':{}," ID ",'channel':''}", "e", "s");
}

static void the_last_of_repeated_keys_counts(void **state)
{
    static const row rows[] = {
        {CHAT, "{" ID ",'bits':'x','bits':1}", NULL},
        {CHAT, "{" ID ",'bits':1,'bits':'x'}", "bits must be a signed 64-bit integer, but is a string."},
        {CHAT, "{" ID ",'bits':'x','bits':null}", NULL},
        {CHAT, "{" ID ",'event_id':null}", "event_id is required, but is absent or null."},
        {CHAT, "{" ID ",'bits':1,'\\u0062its':'x'}", "bits must be a signed 64-bit integer, but is a string."},
        {META, "{" ID ",'raid_data':{'viewer_count':'x','viewer_count':1}}", NULL},
        {META, "{" ID ",'raid_data':1,'raid_data':{}}", NULL},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
    check_ids(CHAT, "{'event_id':'first','event_id':2," ID ",'event_\\u0069d':'last'}", "last", "s");
    check_ids(CHAT, "{'event_id':'x','event_id':null,'message_id':'m','channel':'c','timestamp':0}", "m", "c");
}

static void unknown_fields_and_those_of_other_kinds_are_ignored(void **state)
{
    static const row rows[] = {
        {CHAT, "{" ID ",'x':'\\u0000','':[{'event_id':1}],'event_id ':2,'EVENT_ID':3,'event_i':4,'x\\u0000':5}", NULL},
        {CHAT, "{" ID ",'viewer_count':'x','amount':[],'title':1,'raid_data':1,'tags':1,'currency':1}", NULL},
        {VIEWER, "{" ID ",'viewer_count':1,'message':1,'user_id':1,'username':[],'emotes':1,'metadata':1}", NULL},
        {MONEY, "{" ID ",'emotes':1,'badges':1,'bits':'x','viewer_count':'x','is_action':1,'started_at':'x'}", NULL},
        {META, "{" ID ",'user_id':1,'message':1,'amount':'x','viewer_count':'x','from_channel':1}", NULL},
        {META, "{" ID ",'raid_data':{'x':1,'title':1,'user_id':1,'from_channel ':1}}", NULL},
        {CHAT, "{" ID ",'metadata':{'message':1,'x':'\\u0000'}}", NULL},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
}

/* --- types and bounds --------------------------------------------------------------------------------------------- */

/* Fields of one type: each takes null and `good`, and refuses every one of `bad`. */
typedef struct typed_field {
    uint32_t kind;
    const char *name; /* with a dot: inside an object */
} typed_field;

static void check_typed(const typed_field *fields, size_t count, const char *good, const char *wanted,
                        const char *const *bad)
{
    static const char *const found[] = {"true",     "an integer", "a number with a fraction or an exponent", "a string",
                                        "an array", "an object",  "an integer above 9223372036854775807",    "false"};
    char text[512];
    char reason[512];

    for (size_t i = 0; i < count; i++) {
        const char *dot = strchr(fields[i].name, '.');
        const char *leaf = dot ? dot + 1 : fields[i].name;
        const char *open = dot ? "'raid_data':{" : "";
        const char *close = dot ? "}" : "";
        const char *extra = fields[i].kind == VIEWER ? ",'viewer_count':1" : "";
        (void)snprintf(text, sizeof text, "{" ID "%s,%s'%s':%s%s}", extra, open, leaf, good, close);
        check(fields[i].kind, text, NULL);
        if (strcmp(fields[i].name, "viewer_count") != 0) {
            (void)snprintf(text, sizeof text, "{" ID "%s,%s'%s':null%s}", extra, open, leaf, close);
            check(fields[i].kind, text, NULL);
        }
        for (size_t j = 0; j < TLM_COUNT(found); j++) {
            if (!bad[j])
                continue;
            (void)snprintf(text, sizeof text, "{" ID "%s,%s'%s':%s%s}", extra, open, leaf, bad[j], close);
            (void)snprintf(reason, sizeof reason, "%s must be %s, but is %s.", fields[i].name, wanted, found[j]);
            check(fields[i].kind, text, reason);
        }
    }
}

static void named_fields_of_another_type_are_rejected(void **state)
{
    static const typed_field texts[] = {
        {CHAT, "user_id"},
        {CHAT, "username"},
        {CHAT, "message"},
        {MONEY, "user_id"},
        {MONEY, "username"},
        {MONEY, "transaction_type"},
        {MONEY, "tier"},
        {MONEY, "message"},
        {META, "event_type"},
        {META, "title"},
        {META, "new_title"},
        {META, "category"},
        {META, "new_category"},
        {META, "streamer_name"},
        {META, "language"},
        {META, "raid_data.from_channel"},
        {META, "raid_data.to_channel"},
    };
    static const typed_field integers[] = {
        {CHAT, "bits"},
        {VIEWER, "viewer_count"},
        {VIEWER, "chatter_count"},
        {VIEWER, "follower_count"},
        {VIEWER, "subscriber_count"},
        {MONEY, "months"},
        {MONEY, "gift_count"},
        {META, "raid_data.viewer_count"},
    };
    static const typed_field bools[] = {{CHAT, "is_action"}, {MONEY, "is_anonymous"}};
    static const typed_field arrays[] = {{CHAT, "emotes"}, {CHAT, "badges"}, {META, "tags"}};
    static const typed_field objects[] = {{CHAT, "metadata"}, {META, "raid_data"}};
    static const typed_field times[] = {{CHAT, "timestamp"}, {META, "started_at"}, {META, "ended_at"}};
    static const typed_field decimals[] = {{MONEY, "amount"}};
    static const typed_field currencies[] = {{MONEY, "currency"}};
#define BAD_BUT(a, b, c, d, e, f, g, h) (const char *const[]){a, b, c, d, e, f, g, h}

    (void)state;
    check_typed(texts, TLM_COUNT(texts), "'x'", "a string",
                BAD_BUT("true", "1", "1.5", NULL, "['x']", "{}", "9223372036854775808", "false"));
    check_typed(integers, TLM_COUNT(integers), "7", "a signed 64-bit integer",
                BAD_BUT("true", NULL, "1.0", "'1'", "[1]", "{}", "9223372036854775808", "false"));
    check_typed(integers, TLM_COUNT(integers), "9223372036854775807", "a signed 64-bit integer",
                BAD_BUT("true", NULL, "1e2", "''", "[]", "{}", "18446744073709551615", "false"));
    check_typed(bools, TLM_COUNT(bools), "false", "true or false",
                BAD_BUT(NULL, "1", "1.5", "'true'", "[]", "{}", "9223372036854775808", NULL));
    check_typed(arrays, TLM_COUNT(arrays), "['x']", "an array of strings",
                BAD_BUT("true", "1", "1.5", "'x'", NULL, "{}", "9223372036854775808", "false"));
    check_typed(objects, TLM_COUNT(objects), "{'x':1}", "an object",
                BAD_BUT("true", "1", "1.5", "'x'", "[]", NULL, "9223372036854775808", "false"));
    /* A null timestamp is absent, hence the slice without it. */
    check_typed(times + 1, TLM_COUNT(times) - 1, "0", "a string in RFC 3339 or integer milliseconds",
                BAD_BUT("true", NULL, "1.5", NULL, "[]", "{}", "9223372036854775808", "false"));
    check_typed(decimals, 1, "0", "a number or a string holding one",
                BAD_BUT("true", NULL, NULL, NULL, "[1]", "{}", NULL, "false"));
    check_typed(currencies, 1, "'EUR'", "a string",
                BAD_BUT("true", "1", "1.5", NULL, "['EUR']", "{}", "9223372036854775808", "false"));
    check(CHAT, "{'event_id':'e','stream_id':'s','timestamp':1.0}",
          "timestamp must be a string in RFC 3339 or integer milliseconds, but is a number with a fraction or an "
          "exponent.");
#undef BAD_BUT
}

static void elements_of_arrays_are_strings(void **state)
{
    static const row rows[] = {
        {CHAT, "{" ID ",'emotes':[],'badges':[]}", NULL},
        {CHAT, "{" ID ",'emotes':['a',null]}", "Element 1 of emotes must be a string, but is null."},
        {CHAT, "{" ID ",'emotes':[['a']]}", "Element 0 of emotes must be a string, but is an array."},
        {CHAT, "{" ID ",'badges':['a','b',2]}", "Element 2 of badges must be a string, but is an integer."},
        {META, "{" ID ",'tags':[true]}", "Element 0 of tags must be a string, but is true."},
        {CHAT, "{" ID ",'emotes':['a','']}", "Element 1 of emotes must have 1 to 255 bytes, but has 0."},
        {CHAT, "{" ID ",'badges':['','x']}", NULL},
        {META, "{" ID ",'tags':['']}", NULL},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
}

static void lengths_have_their_bounds(void **state)
{
    static const typed_field names[] = {
        {CHAT, "user_id"}, {CHAT, "username"}, {MONEY, "user_id"}, {MONEY, "username"}, {META, "streamer_name"}};
    char head[128];
    char reason[128];

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(names); i++) {
        (void)snprintf(head, sizeof head, "{" ID ",'%s':'", names[i].name);
        (void)snprintf(reason, sizeof reason, "%s must have at most 255 bytes, but has 256.", names[i].name);
        check_repeated(names[i].kind, head, "x", 0, "'}", NULL);
        check_repeated(names[i].kind, head, "x", 255, "'}", NULL);
        check_repeated(names[i].kind, head, "\\u0078", 255, "'}", NULL);
        check_repeated(names[i].kind, head, "x", 256, "'}", reason);
    }
    check_repeated(META, "{" ID ",'raid_data':{'from_channel':'", "x", 255, "'}}", NULL);
    check_repeated(META, "{" ID ",'raid_data':{'from_channel':'", "x", 256, "'}}",
                   "raid_data.from_channel must have at most 255 bytes, but has 256.");
    check_repeated(META, "{" ID ",'raid_data':{'to_channel':'", "x", 256, "'}}",
                   "raid_data.to_channel must have at most 255 bytes, but has 256.");
    check_repeated(META, "{" ID ",'title':'", "x", 100000, "'}", NULL);
    check_repeated(CHAT, "{" ID ",'badges':['", "x", 100000, "']}", NULL);
    check_repeated(CHAT, "{" ID ",'emotes':['", "x", 255, "']}", NULL);
    check_repeated(CHAT, "{" ID ",'emotes':['", "x", 256, "']}",
                   "Element 0 of emotes must have 1 to 255 bytes, but has 256.");
    check_repeated(CHAT, "{" ID ",'emotes':['x'", ",'x'", 999, "]}", NULL);
    check_repeated(CHAT, "{" ID ",'emotes':['x'", ",'x'", 1000, "]}",
                   "emotes must have at most 1000 elements, but has 1001.");
    check_repeated(CHAT, "{" ID ",'badges':[''", ",''", 300000, "]}", NULL);
}

static void messages_have_64_kib_after_unescaping(void **state)
{
    static const char *const reason = "message must have at most 65536 bytes, but has 65537.";

    (void)state;
    for (uint32_t kind = CHAT; kind <= MONEY; kind += MONEY - CHAT) {
        check_repeated(kind, "{" ID ",'message':'", "x", 65536, "'}", NULL);
        check_repeated(kind, "{" ID ",'message':'", "x", 65537, "'}", reason);
        check_repeated(kind, "{" ID ",'message':'", "\\u0000", 65536, "'}", NULL);
        check_repeated(kind, "{" ID ",'message':'", "\\u0078", 65537, "'}", reason);
        check_repeated(kind, "{" ID ",'message':'x", "\\ud83d\\ude00", 16384, "'}", reason);
    }
}

static void nul_may_stand_in_messages_and_what_is_ignored_only(void **state)
{
    static const typed_field texts[] = {
        {CHAT, "user_id"},   {CHAT, "username"},          {MONEY, "user_id"},     {MONEY, "username"},
        {MONEY, "tier"},     {MONEY, "transaction_type"}, {META, "event_type"},   {META, "title"},
        {META, "new_title"}, {META, "category"},          {META, "new_category"}, {META, "streamer_name"},
        {META, "language"},
    };
    char text[128];
    char reason[128];

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(texts); i++) {
        (void)snprintf(text, sizeof text, "{" ID ",'%s':'a\\u0000b'}", texts[i].name);
        (void)snprintf(reason, sizeof reason, "%s holds U+0000, which only a message may.", texts[i].name);
        check(texts[i].kind, text, reason);
    }
    check(CHAT, "{" ID ",'emotes':['\\u0000']}", "emotes holds U+0000, which only a message may.");
    check(CHAT, "{" ID ",'badges':['\\u0000']}", "badges holds U+0000, which only a message may.");
    check(META, "{" ID ",'tags':['a','\\u0000']}", "tags holds U+0000, which only a message may.");
    check(META, "{" ID ",'raid_data':{'to_channel':'\\u0000'}}",
          "raid_data.to_channel holds U+0000, which only a message may.");
    check(CHAT, "{" ID ",'message':'a\\u0000b','metadata':{'\\u0000':'\\u0000'},'x':'\\u0000'}", NULL);
    check(MONEY, "{" ID ",'message':'\\u0000'}", NULL);
}

static void viewer_count_is_required_and_not_negative(void **state)
{
    static const row rows[] = {
        {VIEWER, "{" ID ",'viewer_count':0}", NULL},
        {VIEWER, "{" ID ",'viewer_count':-0}", NULL},
        {VIEWER, "{" ID ",'viewer_count':-1}", "viewer_count must be at least 0, but is -1."},
        {VIEWER, "{" ID "}", "viewer_count is required, but is absent or null."},
        {VIEWER, "{" ID ",'viewer_count':null}", "viewer_count is required, but is absent or null."},
        {VIEWER, "{" ID ",'viewer_count':1,'chatter_count':-5,'follower_count':-9223372036854775808}", NULL},
        {META, "{" ID ",'raid_data':{'viewer_count':-1}}", NULL},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
}

/* --- times -------------------------------------------------------------------------------------------------------- */

static void every_form_of_a_timestamp_is_read(void **state)
{
    static const int64_t day_ns = INT64_C(86400000000000);
    const struct {
        const char *value;
        int64_t time_ns; /* -1: refused */
    } cases[] = {
        {"'1970-01-01T00:00:00Z'", 0},
        {"'1970-01-02t00:00:00z'", day_ns},
        {"'1970-01-02T00:00:00.5Z'", day_ns + 500000000},
        {"'1970-01-02T00:00:01.123456789Z'", day_ns + 1123456789},
        {"'1970-01-02T00:00:59.999Z'", day_ns + 59999000000},
        {"'1970-01-02T00:00:60.0Z'", -1},
        {"'1970-01-02T00:00:5x.0Z'", -1},
        {"'1970-01-02T00:00:0:.0Z'", -1},
        {"'1970-01-02T00:00:00.12x4Z'", -1},
        {"'1970-01-02T00:00:00.Z'", -1},
        {"'1970-01-02T00:00:00.1234567890Z'", -1},
        {"'1970-01-02T00:00:00.000z'", day_ns},
        {"'1970-01-02T00:00:00.000+00:01'", day_ns - 60000000000},
        {"'1970-01-02T00:00:00.250-23:59'", day_ns + 86340250000000},
        {"'1970-01-01T23:59:60Z'", day_ns},
        {"'1970-01-01T23:59:60.5Z'", day_ns + 500000000},
        {"'1970-01-01T23:59:00.5Z'", day_ns - 59500000000},
        {"'1970-01-02T01:59:60.5+02:00'", day_ns + 500000000},
        {"'1970-01-01T12:59:60Z'", -1},
        {"'2261-12-31T23:59:59.999999999Z'", INT64_C(9214646399999999999)},
        {"'2261-12-31T23:59:60Z'", -1},
        {"'2262-01-01T00:00:00Z'", -1},
        {"'1969-12-31T23:59:59.999Z'", -1},
        {"'2024-02-29T00:00:00Z'", INT64_C(1709164800000000000)},
        {"'2023-02-29T00:00:00Z'", -1},
        {"'1970-01-02 00:00:00Z'", -1},
        {"'1970-01-02T00:00:00'", -1},
        {"'1970-01-02T00:00Z'", -1},
        {"'1970-01-02T24:00:00Z'", -1},
        {"'1970-01-02T00:00:00+24:00'", -1},
        {"'1970-01-02T00:00:00Z\\u0000'", -1},
        {"' 1970-01-02T00:00:00Z'", -1},
        {"''", -1},
        {"'0'", -1},
        {"0", 0},
        {"-0", 0},
        {"-1", -1},
        {"1767225600123", INT64_C(1767225600123000000)},
        {"9214646399999", INT64_C(9214646399999000000)},
        {"9214646400000", -1},
        {"9223372036854775807", -1},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(cases); i++) {
        input in = {0};
        (void)snprintf(text, sizeof text, "{'event_id':'e','stream_id':'s','timestamp':%s}", cases[i].value);
        input_add_quoted(&in, CHAT, text);
        (void)snprintf(text, sizeof text, "{" ID ",'started_at':%s,'ended_at':%s}", cases[i].value, cases[i].value);
        input_add_quoted(&in, META, text);
        const tlm_events *events = decode(&in);
        if (events->event_count != (cases[i].time_ns < 0 ? 0 : 2))
            fail_msg("%s: %s", cases[i].value, events->reject_count ? reason_of(events) : "accepted");
        if (events->event_count) {
            const tlm_stream_meta *meta = (const void *)(events->arena + events->events[1].as.detail.offset);
            assert_int_equal(events->events[0].time_ns, cases[i].time_ns);
            assert_int_equal(meta->started_at_ns, cases[i].time_ns);
            assert_int_equal(meta->ended_at_ns, cases[i].time_ns);
        }
        input_finish(&in, events);
    }
    check(CHAT, "{'event_id':'e','stream_id':'s','timestamp':'2262-01-01T00:00:00Z'}",
          "timestamp must lie in the years 1970 to 2261, but is \"2262-01-01T00:00:00Z\".");
    check(CHAT, "{'event_id':'e','stream_id':'s','timestamp':-5}",
          "timestamp must lie in the years 1970 to 2261, but is -5 ms.");
    check(META, "{" ID ",'ended_at':'now'}",
          "ended_at must be a time in RFC 3339 with Z or an offset, but is \"now\".");
}

/* --- money -------------------------------------------------------------------------------------------------------- */

__extension__ typedef __int128 wide;

static const tlm_transaction *transaction_of(const tlm_events *events)
{
    tlm_span detail = events->events[0].as.detail;

    assert_int_equal(detail.size, sizeof(tlm_transaction));
    assert_int_equal(detail.offset % 8, 0);
    return (const void *)(events->arena + detail.offset);
}

static void check_amount(const char *extra, const char *amount, const char *number, bool is_good)
{
    char text[512];
    input in = {0};

    (void)snprintf(text, sizeof text, "{" ID ",'x':[1,'2\\'3',{'4':-5.5}],'amount':%s%s,'y':6}", amount, extra);
    input_add_quoted(&in, MONEY, text);
    const tlm_events *events = decode(&in);
    if ((events->event_count == 1) != is_good)
        fail_msg("%s: %s", text, events->reject_count ? reason_of(events) : "accepted");
    if (is_good) {
        tlm_int128 found = transaction_of(events)->amount;
        wide value = 0;
        bool negative = *number == '-';
        for (const char *digit = number + negative; *digit; digit++)
            value = value * 10 + (*digit - '0');
        value = negative ? -value : value;
        assert_true(found.low == (uint64_t)value && found.high == (int64_t)(value >> 64));
    }
    input_finish(&in, events);
}

static void amounts_are_exact_decimals(void **state)
{
    static const struct {
        const char *amount, *units; /* NULL: refused */
    } cases[] = {
        {"null", "0"},
        {"0", "0"},
        {"-0", "0"},
        {"-0.0", "0"},
        {"5", "5000000000"},
        {"4.99", "4990000000"},
        {"-4.99", "-4990000000"},
        {"'4.99'", "4990000000"},
        {"'-0.000000001'", "-1"},
        {"0.1", "100000000"},
        {"1e2", "100000000000"},
        {"'1.5E+2'", "150000000000"},
        {"1e-9", "1"},
        {"1e-10", NULL},
        {"0.1000000000000", "100000000"},
        {"0.1234567891", NULL},
        {"999999999999999999", "999999999999999999000000000"},
        {"999999999999999999.999999999", "999999999999999999999999999"},
        {"-999999999999999999.999999999", "-999999999999999999999999999"},
        {"1000000000000000000", NULL},
        {"18446744073709551615", NULL},
        {"1e17", "100000000000000000000000000"},
        {"1e18", NULL},
        {"0e999", "0"},
        {"1e-999", NULL},
        {"'1e999'", NULL},
        {"'0e99999999999999999999'", "0"},
        {"9007199254740993", "9007199254740993000000000"},
        {"90071992547409.93001", "90071992547409930010000"},
        {"''", NULL},
        {"' 1'", NULL},
        {"'1 '", NULL},
        {"'+1'", NULL},
        {"'01'", NULL},
        {"'.5'", NULL},
        {"'1.'", NULL},
        {"'1e'", NULL},
        {"'0x1'", NULL},
        {"'1,5'", NULL},
        {"'NaN'", NULL},
        {"'1\\u0000'", NULL},
    };

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(cases); i++)
        check_amount("", cases[i].amount, cases[i].units, cases[i].units != NULL);
    check_amount(",'amount':7.25", "1.5", "7250000000", true);
    check_amount(",'\\u0061mount':-7.25", "1.5", "-7250000000", true);
    check_amount(",'amount':null", "1.5", "0", true);
    check(MONEY, "{" ID "}", NULL);
    check(MONEY, "{" ID ",'amount':0.1234567891}",
          "amount must have at most 18 digits before and 9 after the point, but is \"0.1234567891\".");
    check(MONEY, "{" ID ",'amount':'ten'}", "amount must be a number or a string holding one, but is \"ten\".");
}

static void amounts_of_bits_are_whole_and_not_negative(void **state)
{
    static const char *const bits = ",'transaction_type':'bits'";
    static const struct {
        const char *amount, *value;
    } cases[] = {
        {"null", "0"},
        {"100", "100"},
        {"'100'", "100"},
        {"-0", "0"},
        {"999999999999999999", "999999999999999999"},
        {"-1", NULL},
        {"1.0", NULL},
        {"1e2", NULL},
        {"'1.0'", NULL},
        {"'1E2'", NULL},
        {"0.5", NULL},
        {"'x'", NULL},
        {"''", NULL},
        {"1000000000000000000", NULL},
        {"'-1'", NULL},
        {"true", NULL},
    };

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(cases); i++)
        check_amount(bits, cases[i].amount, cases[i].value, cases[i].value != NULL);
    check(MONEY, "{" ID ",'transaction_type':'bits','amount':1.0}",
          "amount of bits must be an integer of at least 0, but is \"1.0\".");
    /* Only the exact word is bits. */
    check_amount(",'transaction_type':'Bits'", "1.5", "1500000000", true);
}

static void currencies_are_three_capitals_and_not_looked_at_for_bits(void **state)
{
    static const row rows[] = {
        {MONEY, "{" ID ",'currency':'EUR'}", NULL},
        {MONEY, "{" ID ",'currency':'eur'}", "currency must be three capital letters, but is \"eur\"."},
        {MONEY, "{" ID ",'currency':'EU'}", "currency must be three capital letters, but is \"EU\"."},
        {MONEY, "{" ID ",'currency':'EURO'}", "currency must be three capital letters, but is \"EURO\"."},
        {MONEY, "{" ID ",'currency':''}", "currency must be three capital letters, but is \"\"."},
        {MONEY, "{" ID ",'currency':'EU\\u0000'}", "currency must be three capital letters, but is \"EU?\"."},
        {MONEY, "{" ID ",'currency':'\xc3\x89U'}", "currency must be three capital letters, but is \"??U\"."},
        {MONEY, "{" ID ",'currency':7,'transaction_type':'bits'}", NULL},
        {MONEY, "{" ID ",'currency':'bits!','transaction_type':'bits'}", NULL},
    };

    (void)state;
    check_rows(rows, TLM_COUNT(rows));
}

/* --- what an event holds ------------------------------------------------------------------------------------------ */

static void a_chat_event_holds_its_fields(void **state)
{
    input in;
    const tlm_events *events =
        accept(&in, CHAT,
               "{'event_id':'e1','stream_id':'s1','timestamp':1,'user_id':'u','username':'U','message':'hi \\u00e9\\n',"
               "'emotes':['Kappa','\\u2764','Kappa'],'badges':['mod',''],'is_action':true,'bits':-3,'metadata':{}}");
    const tlm_event *event = &events->events[0];

    (void)state;
    assert_int_equal(event->kind, TLM_EVENT_CHAT);
    assert_int_equal(event->time_ns, 1000000);
    assert_int_equal(event->flags, TLM_EVENT_ACTION);
    assert_int_equal(event->as.chat.bits, -3);
    check_span(events, event->event_id, "e1");
    check_span(events, event->user, "u");
    check_span(events, event->username, "U");
    check_span(events, event->as.chat.message, "hi \xc3\xa9\n");
    assert_int_equal(event->as.chat.emotes.size, 3);
    assert_int_equal(event->as.chat.emotes.offset % 8, 0);
    const tlm_emote *emotes = (const void *)(events->arena + event->as.chat.emotes.offset);
    check_span(events, emotes[0].name, "Kappa");
    check_span(events, emotes[1].name, "\xe2\x9d\xa4");
    check_span(events, emotes[2].name, "Kappa");
    assert_true(emotes[0].hash == emotes[2].hash && emotes[0].hash != emotes[1].hash);
    assert_int_equal(event->as.chat.badges.size, 2);
    assert_int_equal(event->as.chat.badges.offset % 8, 0);
    const tlm_span *badges = (const void *)(events->arena + event->as.chat.badges.offset);
    check_span(events, badges[0], "mod");
    check_span(events, badges[1], "");
    input_finish(&in, events);
}

static void users_are_user_id_else_username_else_nobody(void **state)
{
    static const char *const texts[] = {
        "{" ID ",'user_id':'a','username':'b'}", "{" ID ",'username':'a'}",
        "{" ID ",'user_id':'','username':'a'}",  "{" ID ",'user_id':null,'username':'a'}",
        "{" ID ",'user_id':'','username':''}",   "{" ID "}",
    };
    input in = {0};

    (void)state;
    for (size_t i = 0; i < TLM_COUNT(texts); i++)
        input_add_quoted(&in, i % 2 ? MONEY : CHAT, texts[i]);
    const tlm_events *events = decode(&in);
    assert_int_equal(events->event_count, TLM_COUNT(texts));
    for (uint32_t i = 0; i < 4; i++) {
        check_span(events, events->events[i].user, "a");
        assert_true(events->events[i].user_hash != 0);
        assert_true(events->events[i].user_hash == events->events[0].user_hash);
    }
    for (uint32_t i = 4; i < 6; i++) {
        assert_int_equal(events->events[i].user.size, 0);
        assert_true(events->events[i].user_hash == 0);
    }
    input_finish(&in, events);
}

static void a_viewer_event_holds_its_counts(void **state)
{
    input in;
    const tlm_events *events =
        accept(&in, VIEWER, "{" ID ",'viewer_count':10,'follower_count':-2,'chatter_count':null}");

    (void)state;
    assert_int_equal(events->events[0].as.viewer.viewer_count, 10);
    assert_int_equal(events->events[0].as.viewer.follower_count, -2);
    assert_int_equal(events->events[0].as.viewer.chatter_count, INT64_MIN);
    assert_int_equal(events->events[0].as.viewer.subscriber_count, INT64_MIN);
    input_finish(&in, events);
}

static void a_transaction_holds_its_fields(void **state)
{
    input in;
    const tlm_events *events = accept(&in, MONEY,
                                      "{" ID ",'transaction_type':'gift_sub','tier':'1000','months':3,'gift_count':5,"
                                      "'message':'thanks','is_anonymous':true,'amount':'24.95','currency':'EUR'}");
    const tlm_transaction *found = transaction_of(events);

    (void)state;
    check_span(events, found->type, "gift_sub");
    check_span(events, found->tier, "1000");
    check_span(events, found->message, "thanks");
    assert_int_equal(found->months, 3);
    assert_int_equal(found->gift_count, 5);
    assert_int_equal(found->is_anonymous, 1);
    assert_int_equal(found->is_bits, 0);
    assert_string_equal(found->currency, "EUR");
    input_finish(&in, events);

    events = accept(&in, MONEY, "{" ID "}");
    found = transaction_of(events);
    assert_string_equal(found->currency, "USD");
    assert_int_equal(found->months, INT64_MIN);
    assert_int_equal(found->gift_count, INT64_MIN);
    assert_int_equal(found->type.size, 0);
    input_finish(&in, events);

    events = accept(&in, MONEY, "{" ID ",'transaction_type':'bits','amount':7,'currency':'EUR'}");
    found = transaction_of(events);
    assert_int_equal(found->is_bits, 1);
    assert_string_equal(found->currency, "");
    assert_int_equal(found->amount.low, 7);
    input_finish(&in, events);
}

static void a_stream_meta_event_holds_its_fields(void **state)
{
    static const char *const types[] = {"",
                                        "",
                                        "stream_start",
                                        "stream_end",
                                        "title_change",
                                        "category_change",
                                        "raid_incoming",
                                        "raid_outgoing",
                                        "host_start",
                                        "host_end"};
    input in;
    const tlm_events *events =
        accept(&in, META,
               "{" ID ",'event_type':'raid_incoming','title':'t','new_title':'nt','category':'c','new_category':'nc',"
               "'streamer_name':'n','language':'de','tags':['x'],'started_at':1,'ended_at':'1970-01-01T00:00:02Z',"
               "'raid_data':{'from_channel':'f','to_channel':'','viewer_count':12}}");
    tlm_span detail = events->events[0].as.detail;
    const tlm_stream_meta *meta = (const void *)(events->arena + detail.offset);

    (void)state;
    assert_int_equal(detail.size, sizeof *meta);
    assert_int_equal(detail.offset % 8, 0);
    assert_int_equal(meta->type, TLM_META_RAID_INCOMING);
    check_span(events, meta->event_type, "raid_incoming");
    check_span(events, meta->title, "t");
    check_span(events, meta->new_title, "nt");
    check_span(events, meta->category, "c");
    check_span(events, meta->new_category, "nc");
    check_span(events, meta->streamer_name, "n");
    check_span(events, meta->language, "de");
    check_span(events, meta->raid_from, "f");
    check_span(events, meta->raid_to, "");
    assert_int_equal(meta->raid_viewer_count, 12);
    assert_int_equal(meta->started_at_ns, 1000000);
    assert_int_equal(meta->ended_at_ns, 2000000000);
    input_finish(&in, events);

    for (uint32_t type = TLM_META_OTHER; type < TLM_COUNT(types); type++) {
        char text[128];
        (void)snprintf(text, sizeof text, "{" ID ",'event_type':'%s'}", type == TLM_META_OTHER ? "new" : types[type]);
        events = accept(&in, META, text);
        meta = (const void *)(events->arena + events->events[0].as.detail.offset);
        assert_int_equal(meta->type, type);
        assert_int_equal(meta->started_at_ns, INT64_MIN);
        assert_int_equal(meta->raid_viewer_count, INT64_MIN);
        input_finish(&in, events);
    }
}

static void event_ids_have_128_bit_hashes(void **state)
{
    input in = {0};

    (void)state;
    input_add_quoted(&in, CHAT, "{'event_id':'a','stream_id':'s','timestamp':0}");
    input_add_quoted(&in, CHAT, "{'event_id':'\\u0061','stream_id':'t','timestamp':9}");
    input_add_quoted(&in, CHAT, "{'event_id':'b','stream_id':'s','timestamp':0}");
    const tlm_events *events = decode(&in);
    assert_true(events->events[0].id_low == events->events[1].id_low);
    assert_true(events->events[0].id_high == events->events[1].id_high);
    assert_true(events->events[0].id_low != events->events[2].id_low);
    assert_true(events->events[0].id_high != events->events[2].id_high);
    assert_true(events->events[0].id_low != events->events[0].id_high);
    input_finish(&in, events);
}

/* --- batches ------------------------------------------------------------------------------------------------------ */

static void streams_are_interned_and_only_with_events(void **state)
{
    static const char *const streams[] = {"a", "b", "a", "c", "b", "a"};
    static const uint32_t expected[] = {0, 1, 0, 2, 1, 0};
    char text[128];
    input in = {0};

    (void)state;
    input_add_quoted(&in, CHAT, "{'event_id':'e','stream_id':'rejected','timestamp':-1}");
    for (size_t i = 0; i < TLM_COUNT(streams); i++) {
        (void)snprintf(text, sizeof text, "{'event_id':'e','%s':'%s','timestamp':0}", i % 2 ? "channel" : "stream_id",
                       streams[i]);
        input_add_quoted(&in, CHAT, text);
    }
    for (int round = 0; round < 3; round++) {
        const tlm_events *events = decode(&in);
        assert_int_equal(events->stream_count, 3);
        for (uint32_t i = 0; i < events->event_count; i++) {
            const tlm_event_stream *stream = &events->streams[events->events[i].stream];
            assert_int_equal(events->events[i].stream, expected[i]);
            check_span(events, stream->id, streams[i]);
            assert_int_equal(stream->partition, tlm_murmur2(streams[i], 1) & 0x7fffffff);
        }
        assert_true(events->streams[0].hash != events->streams[1].hash);
        events->unref(events);
        free(in.exact);
    }
    tlm_buffer_finish(&in.data);
}

static void events_and_rejects_name_their_records_in_order(void **state)
{
    input in = {0};

    (void)state;
    for (uint32_t i = 0; i < 60; i++)
        input_add_quoted(&in, CHAT, i % 3 == 1 ? "{'event_id':'e'" : "{" ID "}");
    const tlm_events *events = decode(&in);
    uint32_t event = 0, reject = 0;
    for (uint32_t i = 0; i < 60; i++) {
        if (i % 3 == 1)
            assert_int_equal(events->rejects[reject++].record, i);
        else
            assert_int_equal(events->events[event++].record, i);
    }
    assert_int_equal(event, events->event_count);
    assert_int_equal(reject, events->reject_count);
    assert_ptr_equal(events->records, &in.records);
    input_finish(&in, events);
}

static void an_empty_batch_is_decoded_to_an_empty_one(void **state)
{
    input in = {0};
    const tlm_events *events = decode(&in);

    (void)state;
    assert_int_equal(events->event_count + events->reject_count + events->stream_count, 0);
    assert_int_equal(events->struct_size, sizeof *events);
    input_finish(&in, events);
}

static void an_arena_is_aligned_and_followed_by_padding(void **state)
{
    char text[256];
    unsigned sum = 0;

    (void)state;
    for (int length = 1; length < 100; length++) {
        input in = {0};
        (void)snprintf(
            text, sizeof text, "{" ID ",'message':'%.*s'}", length,
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789");
        input_add_quoted(&in, CHAT, text);
        const tlm_events *events = decode(&in);
        assert_int_equal((uintptr_t)events->arena % 8, 0);
        for (uint64_t i = 0; i < TLM_PADDING; i++)
            sum += (unsigned char)events->arena[events->arena_size + i];
        assert_int_equal(events->events[0].as.chat.message.size, length);
        input_finish(&in, events);
    }
    assert_int_equal(sum, 0);
}

static void batches_outlive_their_decoder(void **state)
{
    tlm_error error;
    input in = {0};
    const tlm_events *kept[40];

    (void)state;
    input_add_quoted(&in, CHAT, "{" ID ",'message':'kept'}");
    for (size_t i = 0; i < TLM_COUNT(kept); i++) {
        kept[i] = decode(&in);
        free(in.exact);
        in.references = 0;
    }
    kept[0]->ref(kept[0]);
    json.codec->close(json.decoder);
    for (size_t i = 0; i < TLM_COUNT(kept); i++) {
        check_span(kept[i], kept[i]->events[0].as.chat.message, "kept");
        kept[i]->unref(kept[i]);
    }
    check_span(kept[0], kept[0]->events[0].as.chat.message, "kept");
    kept[0]->unref(kept[0]);
    assert_int_equal(in.references, -(int)TLM_COUNT(kept));
    tlm_buffer_finish(&in.data);
    assert_int_equal(json.codec->open(json.instance, &json.decoder, &error), 0);
}

static void *unref_all(void *context)
{
    const tlm_events **batches = context;

    for (size_t i = 0; i < 32; i++)
        batches[i]->unref(batches[i]);
    return NULL;
}

static void keep(const tlm_records *records)
{
    (void)records;
}

static void batches_come_back_from_any_thread(void **state)
{
    static const char text[] = "{\"event_id\":\"e\",\"stream_id\":\"s\",\"timestamp\":0}";
    char data[sizeof text + TLM_PADDING] = {0};
    tlm_record record = {.full_size = sizeof text - 1, .size = sizeof text - 1, .kind = CHAT};
    tlm_records records = {.struct_size = sizeof records,
                           .record_count = 1,
                           .records = &record,
                           .data = data,
                           .data_size = sizeof text - 1,
                           .origin = "test",
                           .ref = keep,
                           .unref = keep};
    pthread_t threads[2];
    tlm_events *batches[32];

    (void)state;
    memcpy(data, text, sizeof text);
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < TLM_COUNT(batches); i++) {
            assert_int_equal(json.codec->decode(json.decoder, &records, &batches[i]), 0);
            batches[i]->ref(batches[i]);
        }
        for (size_t i = 0; i < TLM_COUNT(threads); i++)
            assert_int_equal(pthread_create(&threads[i], NULL, unref_all, batches), 0);
        for (size_t i = 0; i < TLM_COUNT(threads); i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void destroying_and_closing_nothing_is_fine(void **state)
{
    (void)state;
    json.component->destroy(NULL);
    json.codec->close(NULL);
    assert_null(json.component->get_interface("telemetra.sink/1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_texts_are_rejected),
        cmocka_unit_test(bytes_that_are_not_utf8_are_rejected_with_their_place),
        cmocka_unit_test(lone_surrogates_are_rejected),
        cmocka_unit_test(numbers_anywhere_are_64_bit_integers_or_finite_doubles),
        cmocka_unit_test(texts_of_1024_levels_pass_and_deeper_ones_do_not),
        cmocka_unit_test(texts_of_1_mib_pass_and_longer_ones_do_not),
        cmocka_unit_test(records_without_a_value_are_rejected),
        cmocka_unit_test(topic_names_the_kind),
        cmocka_unit_test(a_kind_that_the_input_tells_is_not_looked_for),
        cmocka_unit_test(topics_can_be_renamed_but_not_be_ambiguous),
        cmocka_unit_test(ids_and_timestamp_are_required),
        cmocka_unit_test(aliases_stand_in_for_absent_names_only),
        cmocka_unit_test(the_last_of_repeated_keys_counts),
        cmocka_unit_test(unknown_fields_and_those_of_other_kinds_are_ignored),
        cmocka_unit_test(named_fields_of_another_type_are_rejected),
        cmocka_unit_test(elements_of_arrays_are_strings),
        cmocka_unit_test(lengths_have_their_bounds),
        cmocka_unit_test(messages_have_64_kib_after_unescaping),
        cmocka_unit_test(nul_may_stand_in_messages_and_what_is_ignored_only),
        cmocka_unit_test(viewer_count_is_required_and_not_negative),
        cmocka_unit_test(every_form_of_a_timestamp_is_read),
        cmocka_unit_test(amounts_are_exact_decimals),
        cmocka_unit_test(amounts_of_bits_are_whole_and_not_negative),
        cmocka_unit_test(currencies_are_three_capitals_and_not_looked_at_for_bits),
        cmocka_unit_test(a_chat_event_holds_its_fields),
        cmocka_unit_test(users_are_user_id_else_username_else_nobody),
        cmocka_unit_test(a_viewer_event_holds_its_counts),
        cmocka_unit_test(a_transaction_holds_its_fields),
        cmocka_unit_test(a_stream_meta_event_holds_its_fields),
        cmocka_unit_test(event_ids_have_128_bit_hashes),
        cmocka_unit_test(streams_are_interned_and_only_with_events),
        cmocka_unit_test(events_and_rejects_name_their_records_in_order),
        cmocka_unit_test(an_empty_batch_is_decoded_to_an_empty_one),
        cmocka_unit_test(an_arena_is_aligned_and_followed_by_padding),
        cmocka_unit_test(batches_outlive_their_decoder),
        cmocka_unit_test(batches_come_back_from_any_thread),
        cmocka_unit_test(destroying_and_closing_nothing_is_fine),
    };

    return cmocka_run_group_tests_name("plugin.json", tests, open_subject, close_subject);
}
