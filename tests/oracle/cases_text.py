"""Adversarial texts: grammar, numbers, Unicode, size, depth (contract, section 1)."""

from craft import APPLIED, DEAD, Pairs, Raw, json_text, to_bytes

MIB = 1 << 20

BAD_VALUES = {
    "syntax": [
        b"NaN", b"-NaN", b"nan", b"Infinity", b"-Infinity", b"inf", b"undefined", b"None",
        b"tru", b"trueX", b"True", b"TRUE", b"fals", b"nul", b"nulll", b"null0",
        b"01", b"00", b"-01", b"+1", b"-", b"--1", b"1.", b".5", b"-.5", b"1.e3", b"1e", b"1e+",
        b"1E-", b"1e1.5", b"0x10", b"1_000", b"1 000", b"\xd9\xa1", b"\xef\xbc\x91",
        b"[1 2 3]", b"[1,]", b"[,1]", b"[1,,2]", b"[,]", b"[", b"]", b"[1", b"[1}", b"1]",
        b"{,}", b'{"a"}', b'{"a":}', b'{"a":1,}', b'{"a" 1}', b"{a:1}", b"{'a':1}", b'{"a":1]',
        b'{"a":1 "b":2}', b'{"a":1,,"b":2}', b"{1:2}", b"{null:1}", b'{:1}', b'{"a"::1}',
        b"{", b"}", b"'x'", b'"x', b'x"', b'"x" "y"', b"`x`", b'""""', b"\\", b'\\"x\\"',
        b'"\\q"', b'"\\x41"', b'"\\a"', b'"\\0"', b'"\\\'"', b'"\\u"', b'"\\u1"', b'"\\u12"',
        b'"\\u123"', b'"\\u12G4"', b'"\\u 123"', b'"\\u+123"', b'"\\U00000041"', b'"\\"',
        b'"\\\\\\"', b'"\\u{41}"', b'"\\ud83d\\u"', b'"a\tb"', b'"\x01"', b'"\x1f"', b'"\x00"',
        b'"a\rb"', b"\x00", b"\x0b1", b"\x0c1", b"\xc2\xa01", b"\xe2\x80\xa81", b"\xef\xbb\xbf1",
        b"/* c */1", b"1 // c", b"1 # c", b"", b",", b":", b"1:2", b"(1)", b"<x/>", b";", b"1;",
    ],
    "number": [
        b"1e999", b"-1e999", b"1e400", b"1E+309", b"1.8e308", b"-1.8e308", b"123456789e301",
        b"18446744073709551616", b"99999999999999999999", b"-9223372036854775809",
        b"-18446744073709551615", b"100000000000000000000", b"[[1e999]]", b'{"a":[0,-1e999]}',
        b"1" + b"0" * 400, b"-" + b"9" * 5000, b"1" + b"0" * 309 + b".0", b"1e99999999999999999999",
    ],
    "surrogate": [
        b'"\\ud800"', b'"\\udbff"', b'"\\udc00"', b'"\\udfff"', b'"\\uDFFF"', b'"\\ud83dx"',
        b'"\\ud800\\u0041"', b'"\\udc00\\ud800"', b'"\\ud800\\ud800\\udc00"', b'"\\ud83d\\n"',
        b'"\\ud83d\\ude00\\ude00"', b'"\\\\\\ud800"', b'["\\ud83d","\\ude00"]', b'{"\\ud800":1}',
        b'"\\ud83d \\ude00"', b'"\\ud83d\\\\ude00"', b'"x\\ud800"', b'"\\uD8ff\\uE000"',
    ],
    "utf8": [
        b'"\xc0\x80"', b'"\xc0\xaf"', b'"\xc1\xbf"', b'"\xe0\x80\x80"', b'"\xe0\x9f\xbf"',
        b'"\xf0\x80\x80\x80"', b'"\xf0\x8f\xbf\xbf"', b'"\xed\xa0\x80"', b'"\xed\xaf\xbf"',
        b'"\xed\xb0\x80"', b'"\xed\xbf\xbf"', b'"\xed\xa0\xbd\xed\xb8\x80"', b'"\xf4\x90\x80\x80"',
        b'"\xf5\x80\x80\x80"', b'"\xf8\x88\x80\x80\x80"', b'"\xfc\x84\x80\x80\x80\x80"', b'"\xfe"',
        b'"\xff"', b'"\x80"', b'"\xbf"', b'"\xc3"', b'"\xc3("', b'"\xe2\x82"', b'"\xe2\x28\xa1"',
        b'"\xe2\x82("', b'"\xf0\x9f\x98"', b'"\xf0\x28\x8c\xbc"', b'"\xf0\x9f\x98("', b'"caf\xe9"',
        b'{"\xff":1}', b"\xff", b"\x80", b'"\xc3\xa9\xa9"',
    ],
}

GOOD_VALUES = [
    b"0", b"-0", b"-0.0", b"0.0e0", b"0e400", b"1e308", b"-1.7976931348623157e308", b"5e-324",
    b"1e-400", b"1E5", b"1e+5", b"1.0", b"0.1", b"18446744073709551615", b"9223372036854775807",
    b"9223372036854775808", b"-9223372036854775808", b"0." + b"1" * 800, b"1.5e-10",
    b"100000000000000000000.0", b"123456789012345678901234567890.5", b"1e022",
    b'""', b'"\\u0000"', b'"\\ud83d\\ude00"', b'"\\uD83D\\uDE00"', b'"\\\\ud800"', b'"\\/\\b\\f"',
    b'"\\\\\\\\udc00"', b'"\x7f"', b'"\xc2\x80"', b'"\xdf\xbf"', b'"\xe0\xa0\x80"',
    b'"\xed\x9f\xbf"', b'"\xee\x80\x80"', b'"\xef\xbf\xbf"', b'"\xef\xbf\xbe"',
    b'"\xf0\x90\x80\x80"', b'"\xf4\x8f\xbf\xbf"', b'"\xe2\x80\xa8\xe2\x80\xa9"',
    b'"\xef\xbb\xbf"', b'"\\uFEFF\\uffff\\ufffe"', b'"[[[{{{"', b'"\'"', b'"//"',
    b"[]", b"{}", b"[[]]", b"[{}]", b'{"":0}', b'{"a":1,"a":"2"}', b'{"\\u0000":1}', b"[null]",
    b"[ 1 , 2 ]", b"[\t1\r,2 ]", b"true", b"false", b"null", b'{"\\ud83d\\ude00":1}',
    b'{"event_id":5,"timestamp":"x","stream_id":[]}',
]


def placements(tape, value):
    """Valid events with a value at all kinds of ignored places, as bytes."""
    raw = Raw(value)

    def chat(**fields):
        return tape.event("chat", "texts", user_id="u1", **fields)

    yield Pairs(("zzz", raw), *chat().items())
    yield Pairs(*chat().items(), ("zzz", raw))
    yield chat(metadata={"a": {"b": [1, raw]}})
    yield Pairs(("x", {"deep": raw}), ("x", 1), *chat().items())
    yield Pairs(*chat().items(), ("channel", raw), ("message_id", [raw]))


def bad_values(tape):
    """Every malformed value at every ignored place: the whole text must be valid."""
    for category, values in BAD_VALUES.items():
        for value in values:
            for members in placements(tape, value):
                tape.dead(to_bytes(json_text(members)), category)
    tape.send("chat", "texts", user_id="still here")


def good_values(tape):
    """Odd but valid values at the same places."""
    for value in GOOD_VALUES:
        for members in placements(tape, value):
            tape.put(members)


def bad_values_in_named_fields(tape):
    """Malformed values of fields that are named, and whole lines around them."""
    for name, value, category in (
        ("message", b'"\xed\xa0\x80"', "utf8"), ("message", b'"\\ud800"', "surrogate"),
        ("message", b'"\xff"', "utf8"), ("message", b'"a\tb"', "syntax"),
        ("event_id", b'"\\udfff"', "surrogate"), ("stream_id", b'"\xc0\x80"', "utf8"),
        ("username", b'"\\q"', "syntax"), ("emotes", b'["a" "b"]', "syntax"),
        ("emotes", b'["a",]', "syntax"), ("bits", b"01", "syntax"), ("bits", b"1e999", "number"),
        ("bits", b"18446744073709551616", "number"), ("is_action", b"tru", "syntax"),
        ("metadata", b"{,}", "syntax"), ("metadata", b'{"a":99999999999999999999}', "number"),
        ("timestamp", b"1767225600000000000000", "number"), ("user_id", b"'u'", "syntax"),
    ):
        tape.put(tape.event("chat", "texts", **{name: Raw(value)}), DEAD, category)


def whole_lines(tape):
    """Lines that are no event at all."""
    event = to_bytes(json_text(tape.event("chat", "texts", message="x")))
    for raw, category in (
        (b"{}", "topic"), (b'{"a":1}', "topic"), (b"[]", "object"), (b"[{}]", "object"),
        (b"null", "object"), (b"true", "object"), (b"1", "object"), (b"-1.5", "object"),
        (b'"x"', "object"), (b'""', "object"), (b"[" + event + b"]", "object"),
        (b"{", "syntax"), (b"}", "syntax"), (b"[", "syntax"), (b"nul", "syntax"),
        (b"tru", "syntax"), (b"{,}", "syntax"), (b'{"a"}', "syntax"), (b"x", "syntax"),
        (event + event, "syntax"), (event + b" " + event, "syntax"), (event + b",", "syntax"),
        (event + b"\r" + event, "syntax"), (b"," + event, "syntax"), (event + b"}", "syntax"),
        (event + b" x", "syntax"), (event + b"\0", "syntax"), (b"\0" + event, "syntax"),
        (event[:-1] + b",}", "syntax"), (event + b" // c", "syntax"), (b"\x0c" + event, "syntax"),
        (event + b"\x0b", "syntax"), (b"\xc2\xa0" + event, "syntax"), (b"\0", "syntax"),
        (b"\xef\xbb\xbf" + event, "syntax"), (b"\xef\xbb\xbf", "syntax"),
        (event.replace(b'"', b"'"), "syntax"), (b'"' + event + b'"', "syntax"),
        (b"data: " + event, "syntax"), (b"<event/>", "syntax"), (b"#" + event, "syntax"),
        (event.decode().encode("utf-16-be"), "syntax"), (b"\xfe\xff" + event, "utf8"),
        (event.decode().encode("utf-16"), "utf8"), (b"\x1f\x8b\x08\x00", "utf8"),
        (b"\xff" * 100, "utf8"), (b"\x80", "utf8"), (bytes(range(32, 256)), "utf8"),
        (b"-", "syntax"), (b"#", "syntax"), (b"'", "syntax"), (b'"', "syntax"),
    ):
        tape.dead(raw, category)


def truncations(tape):
    """Every proper prefix of an object is malformed."""
    event = to_bytes(json_text(tape.event("chat", "texts", message="\\u00e9\\", emotes=["a", "b"],
                                          metadata={"n": [1.5e-3, True, None]}, is_action=False)))
    for length in range(1, len(event), 7 if tape.small else 1):
        tape.dead(event[:length], "syntax")


def first_lines(tape):
    """A byte order mark at the start of a file is malformed, too; then blank lines."""
    tape.dead(b'\xef\xbb\xbf{"topic":"chat"}', "syntax")
    tape.blank()
    tape.blank(b" \t\r")


def blank_lines(tape):
    """Blank lines and lines of JSON's white space are no events but count as lines."""
    for raw in (b"", b" ", b"\t", b"\r", b" \r", b"  \t \r\r ", b"", b" " * 1000):
        tape.blank(raw)
    tape.write(b"  \t" + to_bytes(json_text(tape.event("chat", "texts"))) + b" \t\r ", APPLIED)
    tape.write(to_bytes(json_text(tape.event("chat", "texts"))), APPLIED, end=b"\r\n")
    tape.write(to_bytes(json_text(tape.event("chat", "texts"), "\r\t ")), APPLIED, end=b"\r\n")


def padded(tape, size, tail=b""):
    """A valid event of exactly so many bytes, by an ignored field."""
    members = tape.event("chat", "sizes", padding="")
    empty = len(to_bytes(json_text(members))) + len(tail)
    members["padding"] = "p" * (size - empty)
    return to_bytes(json_text(members)) + tail


def sizes(tape):
    """A text of exactly 1 MiB and one of a byte more; lines of 3 MiB."""
    tape.write(padded(tape, MIB), APPLIED)
    tape.dead(padded(tape, MIB + 1), "size")
    tape.write(padded(tape, MIB - 1), APPLIED)
    tape.dead(padded(tape, 3 * MIB), "size")
    tape.dead(b"x" * (3 * MIB), "size")
    tape.dead(b'{"a":"' + b"\xff" * (3 * MIB), "size")
    tape.dead(padded(tape, MIB)[:-1], "syntax")
    tape.send("chat", "sizes", message="after the long lines")


def nested(levels, opening, closing, core=""):
    """A value of so many levels."""
    return Raw(opening * levels + core + closing * levels)


def depths(tape):
    """1,024 levels pass, one more does not; the event itself is the first."""
    for opening, closing, core in (("[", "]", ""), ("[", "]", "1"), ('{"a":', "}", "null")):
        tape.send("chat", "depths", deep=nested(1023, opening, closing, core))
        tape.send("chat", "depths", metadata={"a": nested(1022, opening, closing, core)})
        tape.send("chat", "depths", outcome=DEAD, why="depth",
                  deep=nested(1024, opening, closing, core))
        tape.send("chat", "depths", outcome=DEAD, why="depth",
                  metadata={"a": nested(1023, opening, closing, core)})
        tape.dead(to_bytes(nested(5000, opening, closing, core).text), "depth")
    tape.dead(b"[" * 100000, "depth")
    tape.dead(b'{"a":' * 100000, "depth")
    tape.send("chat", "depths", message="[" * 3000, user_id="{" * 100)
    tape.send("chat", "depths", wide=Raw("[" + ",".join(["[]"] * 3000) + "]"))
    tape.send("chat", "depths", wide=Raw('["\\"[",' + ",".join(["[{}]"] * 1500) + "]"))


def repeated_keys(tape):
    """The last of repeated keys counts, however it is spelt."""
    chat = tape.event("chat", "keys")
    event_id = chat.pop("event_id")
    good, bad = ("event_id", event_id), ("event_id", 5)
    tape.put(Pairs(bad, *chat.items(), good))
    tape.put(Pairs(("event_id", event_id + "+"), *chat.items(), good), "duplicate")
    tape.put(Pairs(good, *chat.items(), bad), DEAD, "type")
    tape.put(Pairs(good, *chat.items(), ("event_id", None)), DEAD, "missing")
    tape.put(Pairs(good, *chat.items(), (Raw('"event\\u005fid"'), 5)), DEAD, "type")
    tape.put(Pairs((Raw('"\\u0065vent_id"'), event_id + "a"), *chat.items()))
    tape.put(Pairs((Raw('"event_i\\u0064"'), event_id + "b"), *chat.items()))
    tape.put(Pairs(("emotes", 7), ("emotes", ["k"]), *chat.items(), ("event_id", event_id + "c")))
    tape.put(Pairs(("topic", "nothing"), *chat.items(), ("event_id", event_id + "d")))
    tape.put(Pairs(*chat.items(), ("topic", "nothing"), good), DEAD, "topic")
    tape.put(Pairs(*chat.items(), ("Event_id", event_id)), DEAD, "missing")
    tape.put(Pairs(*chat.items(), ("event_id ", event_id)), DEAD, "missing")
    tape.put(Pairs(*chat.items(), ("event_id\0", event_id)), DEAD, "missing")
    tape.put(Pairs(*chat.items(), ("bits", None), ("bits", "x"), ("bits", None),
                   ("event_id", event_id + "e")))


def all_cases(tape):
    """The chapter."""
    for chapter in (blank_lines, whole_lines, truncations, bad_values, good_values,
                    bad_values_in_named_fields, sizes, depths, repeated_keys):
        chapter(tape)
