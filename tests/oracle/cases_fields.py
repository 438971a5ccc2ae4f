"""Adversarial fields: required, types, bounds, aliases, topics (contract, section 1)."""

from craft import DEAD, TOPICS, Raw

BIG = 1 << 63
BAD = {
    "text": [1, 1.5, True, False, [], {}, ["x"], {"a": "x"}],
    "int": ["1", "", 1.5, Raw("1.0"), Raw("1e2"), Raw("-0.0"), True, [], {}, [1], BIG, -BIG + 0.5],
    "bool": [0, 1, "true", "", [], {}, [True], 1.5],
    "texts": ["x", "", 1, True, {}, [1], [True], [["a"]], [{}], ["a", 1], {"0": "a"}],
    "object": [[], 1, "x", "", True, [{}], 1.5],
    "time": [True, [], {}, Raw("1.7e12"), Raw("1767225600000.0"), BIG],
}
TYPES = {
    "chat": {"user_id": "text", "username": "text", "message": "text", "emotes": "texts",
             "badges": "texts", "is_action": "bool", "bits": "int", "metadata": "object"},
    "viewer": {"viewer_count": "int", "chatter_count": "int", "follower_count": "int",
               "subscriber_count": "int"},
    "transactions": {"user_id": "text", "username": "text", "transaction_type": "text",
                     "tier": "text", "months": "int", "gift_count": "int", "message": "text",
                     "is_anonymous": "bool"},
    "stream_meta": {"event_type": "text", "title": "text", "new_title": "text",
                    "category": "text", "new_category": "text", "streamer_name": "text",
                    "language": "text", "tags": "texts", "raid_data": "object",
                    "started_at": "time", "ended_at": "time"},
}
GOOD = {
    "text": ["x", "\U0001f600", "a b"], "int": [0, 1, Raw("-0"), BIG - 1],
    "bool": [True, False], "texts": [[], ["a"], ["a", "a"]],
    "object": [{}], "time": ["2026-01-01T00:00:00Z", 1767225600000, 0],
}
# Names of one kind that mean nothing to another, with a value that its own kind refuses.
FOREIGN = {
    "chat": {"viewer_count": "x", "chatter_count": [], "amount": {}, "currency": 5, "tier": 1,
             "months": "x", "gift_count": 1.5, "is_anonymous": 3, "transaction_type": 9,
             "transaction_id": 7, "event_type": 1, "title": [], "tags": "t", "language": {},
             "raid_data": 1, "started_at": "never", "streamer_name": 12, "new_title": False},
    "viewer": {"message": 5, "emotes": "x", "bits": [], "user_id": 1, "username": [],
               "amount": "abc", "message_id": 3, "transaction_id": {}, "metadata": 1,
               "is_action": 2, "badges": 1, "title": 1, "ended_at": True, "raid_data": []},
    "transactions": {"emotes": 5, "badges": 1, "is_action": "x", "bits": "many", "metadata": [],
                     "message_id": [], "viewer_count": -1, "title": 1, "event_type": [],
                     "follower_count": "x", "tags": 1, "started_at": "x"},
    "stream_meta": {"user_id": 1, "username": 2, "message": 3, "emotes": 4, "bits": "x",
                    "viewer_count": "x", "amount": [], "currency": "usd", "transaction_id": 1,
                    "message_id": 1, "metadata": "x", "is_anonymous": 1, "months": "x"},
}


def send_dead(tape, category, kind="chat", stream="fields", /, **fields):
    """An event that must become a dead letter."""
    tape.send(kind, stream, outcome=DEAD, why=category, **fields)


def types(tape):
    """A named field of another type is a dead letter; null is absent."""
    for kind, names in TYPES.items():
        for name, kind_of_value in names.items():
            for value in BAD[kind_of_value]:
                send_dead(tape, "type", kind, **{name: value})
            for value in GOOD[kind_of_value]:
                tape.send(kind, f"types-{name}", **{name: value})
            if name != "viewer_count":
                tape.send(kind, "fields", **{name: None})
    for value in BAD["int"]:
        send_dead(tape, "type", "stream_meta", raid_data={"viewer_count": value})
    for name in ("from_channel", "to_channel"):
        for value in BAD["text"]:
            send_dead(tape, "type", "stream_meta", raid_data={name: value})
        tape.send("stream_meta", "fields", event_type="raid_incoming", raid_data={name: None})


def foreign(tape):
    """A field that is named for another kind only is unknown."""
    for kind, fields in FOREIGN.items():
        for name, value in fields.items():
            tape.send(kind, "foreign", **{name: value})
        tape.send(kind, "foreign", **fields)
        tape.send(kind, "foreign", **{name: "\0" for name in fields})
    for kind in TYPES:
        tape.send(kind, "foreign", unknown=Raw('{"a":[1,"\\u0000"]}'), display_name=5, id=1)


def required(tape):
    """event_id, timestamp, stream_id, viewer_count and topic; null is absent."""
    for kind in TYPES:
        names = ["event_id", "timestamp", "stream_id"] + ["viewer_count"] * (kind == "viewer")
        for name in names:
            send_dead(tape, "missing", kind, **{name: None})
            members = tape.event(kind, "fields")
            del members[name]
            tape.put(members, DEAD, "missing")
        for value in (5, True, [], {}, 1.5):
            send_dead(tape, "type", kind, event_id=value)
            send_dead(tape, "type", kind, stream_id=value)
        for value in (True, [], {}, 1.5, Raw("1767225600000.0"), Raw("1.7672256e12")):
            send_dead(tape, "type", kind, timestamp=value)


def topics(tape):
    """The names of topics, long and short; nothing else."""
    for kind, topic in TOPICS.items():
        tape.send(kind, "topics", topic=kind)
        tape.send(kind, "topics", topic=topic)
    for value in (None, 5, True, [], {}, ["chat"], "", "chats", "Chat", "CHAT", " chat", "chat ",
                  "chat\0", "telemetra.events", "telemetra.events.", "telemetra.events.chat ",
                  "telemetra.events.Chat", "transaction", "meta", "streammeta", "unknown"):
        send_dead(tape, "topic", topic=value)
    members = tape.event("chat", "topics")
    del members["topic"]
    tape.put(members, DEAD, "topic")


def aliases(tape):
    """The canonical name wins when it is not null; the alias is then not looked at."""
    for kind, alias in (("chat", "message_id"), ("transactions", "transaction_id")):
        identity = tape.fresh_id()
        tape.send(kind, "aliases", event_id=None, **{alias: identity})
        tape.send(kind, "aliases", outcome="duplicate", event_id=identity)
        tape.send(kind, "aliases", outcome="duplicate", event_id=identity, **{alias: "other"})
        for value in (5, [], {}, "", "x" * 1000, "\0", True, 1.5, None):
            tape.send(kind, "aliases", **{alias: value})
        for value in (5, [], True, {}):
            send_dead(tape, "type", kind, event_id=None, **{alias: value})
        send_dead(tape, "length", kind, event_id=None, **{alias: ""})
        send_dead(tape, "length", kind, event_id="", **{alias: "good"})
        send_dead(tape, "type", kind, event_id=5, **{alias: "good"})
        send_dead(tape, "missing", kind, event_id=None, **{alias: None})
        send_dead(tape, "nul", kind, event_id=None, **{alias: "a\0b"})
        send_dead(tape, "length", kind, event_id=None, **{alias: "x" * 129})
        tape.send(kind, "aliases", event_id=None, **{alias: "y" * 128})
    for kind, alias in (("chat", "transaction_id"), ("transactions", "message_id"),
                        ("viewer", "message_id"), ("viewer", "transaction_id"),
                        ("stream_meta", "message_id"), ("stream_meta", "transaction_id"),
                        ("viewer", "id"), ("chat", "eventId")):
        send_dead(tape, "missing", kind, event_id=None, **{alias: "good"})
    channels(tape)


def channels(tape):
    """channel for stream_id, in every kind."""
    for kind in TYPES:
        first = tape.send(kind, None, channel="aliases")
        tape.put({**first, "stream_id": "aliases", "channel": "elsewhere"}, "duplicate")
        tape.put({**first, "stream_id": "aliases-2"})
        for value in (5, [], {}, "", "x" * 1000, "\0", None):
            tape.send(kind, "aliases", channel=value)
        send_dead(tape, "type", kind, None, channel=5)
        send_dead(tape, "length", kind, None, channel="x" * 256)
        send_dead(tape, "nul", kind, None, channel="x\0")
        send_dead(tape, "length", kind, "", channel="good")
        send_dead(tape, "missing", kind, None, channel=None)
        tape.send(kind, None, channel="x" * 255)


def lengths(tape):
    """Every bound in bytes met and exceeded by one, also in characters of several bytes."""
    for unit, size in (("x", 1), ("\u00e9", 2), ("\u20ac", 3), ("\U0001f600", 4)):
        def text(count):
            return unit * (count // size) + "y" * (count % size)
        for kind in TYPES:
            tape.send(kind, "lengths", event_id=text(128 - len(kind)) + kind)
            send_dead(tape, "length", kind, event_id=text(129))
            tape.send(kind, text(255))
            send_dead(tape, "length", kind, text(256))
        for name in ("user_id", "username"):
            for kind in ("chat", "transactions"):
                tape.send(kind, "lengths", **{name: text(255)})
                send_dead(tape, "length", kind, **{name: text(256)})
        tape.send("stream_meta", "lengths", streamer_name=text(255))
        send_dead(tape, "length", "stream_meta", streamer_name=text(256))
        for name in ("from_channel", "to_channel"):
            tape.send("stream_meta", "lengths", raid_data={name: text(255)})
            send_dead(tape, "length", "stream_meta", raid_data={name: text(256)})
        tape.send("chat", "lengths", emotes=[text(255)])
        send_dead(tape, "length", emotes=["ok", text(256)])
        for kind in ("chat", "transactions"):
            tape.send(kind, "lengths", message=text(65536))
            send_dead(tape, "length", kind, message=text(65537))
    for name in ("event_id", "stream_id"):
        send_dead(tape, "length", **{name: ""})
    tape.send("chat", "s", event_id="1")
    escaped_lengths(tape)


def escaped_lengths(tape):
    """Bounds hold after unescaping; what has no bound of its own may be long."""
    tape.send("chat", "lengths", message=Raw('"' + "\\u00e9" * 32768 + '"'))
    send_dead(tape, "length", message=Raw('"' + "\\u00e9" * 32768 + 'x"'))
    tape.send("chat", "lengths", message=Raw('"' + "\\ud83d\\ude00" * 16384 + '"'))
    tape.send("chat", "lengths", message=Raw('"' + "\\n" * 65536 + '"'))
    send_dead(tape, "length", message=Raw('"' + "\\n" * 65537 + '"'))
    tape.send("chat", "lengths", event_id=Raw('"' + "\\u0061" * 128 + '"'))
    send_dead(tape, "length", event_id=Raw('"' + "\\u0062" * 129 + '"'))
    tape.send("chat", Raw('"' + "\\u0061" * 255 + '"'), user_id=Raw('"' + "\\u0062" * 255 + '"'))
    tape.send("chat", "lengths", badges=["b" * 300, ""], user_id="v")
    for name in ("title", "new_title", "category", "language", "event_type"):
        tape.send("stream_meta", "long-texts", **{name: "T" * 70000})
    tape.send("stream_meta", "long-texts", tags=["t" * 5000, ""] * 20)
    tape.send("transactions", "lengths", transaction_type="t" * 5000, tier="t" * 5000)


def emotes(tape):
    """At most 1,000 emotes of 1..255 bytes."""
    tape.send("chat", "emote-bounds", emotes=["e"] * 1000)
    tape.send("chat", "emote-bounds", emotes=[f"e{number:03}" for number in range(1000)])
    send_dead(tape, "length", emotes=["e"] * 1001)
    send_dead(tape, "length", emotes=[""])
    send_dead(tape, "length", emotes=["a", "", "b"])
    tape.send("chat", "emote-bounds", emotes=["x"])


def nuls(tape):
    """U+0000 only in message and in what is ignored."""
    nul = "a\0b"
    for kind, names in TYPES.items():
        for name, kind_of_value in names.items():
            if kind_of_value == "text" and name != "message":
                send_dead(tape, "nul", kind, **{name: nul})
                send_dead(tape, "nul", kind, **{name: "\0"})
            elif kind_of_value == "texts":
                send_dead(tape, "nul", kind, **{name: ["a", nul]})
            elif name == "message":
                tape.send(kind, "nuls", message=nul)
        send_dead(tape, "nul", kind, event_id=nul)
        send_dead(tape, "nul", kind, nul)
        tape.send(kind, "nuls", other=nul, **{"a\0": {"\0": nul}})
    send_dead(tape, "nul", "stream_meta", raid_data={"from_channel": nul})
    tape.send("stream_meta", "nuls", raid_data={"other": nul, "viewer_count": 3})
    tape.send("chat", "nuls", metadata={"\0": ["\0", {"\0": 1}]})


def empty_names(tape):
    """"" is an absent name: user_id, then username, then nobody."""
    tape.send("chat", "empty-names", user_id="", username="")
    tape.send("chat", "empty-names", user_id="", username="ann")
    tape.send("chat", "empty-names", user_id=None, username="ann")
    tape.send("chat", "empty-names", user_id="ann", username="bob")
    tape.send("chat", "empty-names", user_id="", username=None)
    tape.send("chat", "empty-names")
    tape.send("transactions", "empty-names", user_id="", username="")
    tape.send("stream_meta", "empty-names", streamer_name="Named")
    tape.send("stream_meta", "empty-names", streamer_name="",
              raid_data={"from_channel": "", "to_channel": ""})


def integers(tape):
    """int64 at its ends, and viewer_count >= 0."""
    for value in (BIG - 1, -BIG, Raw("-0"), 0):
        tape.send("chat", "integers", bits=value)
    for value in (BIG, -BIG - 1, 2 * BIG - 1):
        category = "number" if value < -BIG else "type"
        send_dead(tape, category, bits=value)
        send_dead(tape, category, "viewer", viewer_count=value)
        send_dead(tape, category, "transactions", months=value)
        send_dead(tape, category, "stream_meta", raid_data={"viewer_count": value})
    for value in (-1, -BIG):
        send_dead(tape, "range", "viewer", viewer_count=value)
    tape.send("viewer", "integers", viewer_count=Raw("-0"))
    tape.send("stream_meta", "integers", raid_data={"viewer_count": BIG - 1, "x": 1e5})


def unknown_types(tape):
    """An unknown transaction_type or event_type is applied, and so is none."""
    for value in ("refund", "", "BITS", "Bits", "bits ", "\U0001f4b0", None):
        tape.send("transactions", "unknown-types", transaction_type=value, amount=1)
    for value in ("stream_pause", "", "STREAM_END", "stream_end ", None):
        tape.send("stream_meta", "unknown-types", event_type=value)
    for value in ("donation", "tip", "subscription", "subscription_renewal", "gift_sub", "bits",
                  "purchase"):
        tape.send("transactions", "known-types", transaction_type=value, amount=3)
    for value in ("title_change", "category_change", "raid_incoming", "raid_outgoing",
                  "host_start", "host_end"):
        tape.send("stream_meta", "known-types", event_type=value,
                  raid_data={"from_channel": "a", "to_channel": "b", "viewer_count": 10})


def all_cases(tape):
    """The chapter."""
    for chapter in (types, foreign, required, topics, aliases, lengths, emotes, nuls, empty_names,
                    integers, unknown_types):
        chapter(tape)
        tape.leap(0.001)
