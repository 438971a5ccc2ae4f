"""Adversarial times: forms, bounds, the future, lateness, duplicates (contract, 1 and 2)."""

from craft import (
    APPLIED, BASE, DEAD, DURATION, DUPLICATE, LATE, LATENESS, MS, S, SLIDE, TOPICS, Raw, newest_end,
    rfc3339,
)


def first_events(tape):
    """The input begins in 1970 and goes on in 2026: no loop may count the slides between."""
    for form in (60000, "1970-01-01T00:01:00Z", "1970-01-01T01:01:00+01:00"):
        tape.put(tape.event("chat", "seventies", timestamp=form, user_id="old"))
    tape.applied_at(60 * S)
    tape.send("viewer", "pace", BASE, viewer_count=1)


def good_forms(tape):
    """One instant in all its spellings is one timestamp: all but the first are duplicates."""
    tape.settle()
    start = tape.high
    forms = [
        rfc3339(start, 0), rfc3339(start, 0, letter="t", zone="z"), rfc3339(start, 0, zone="z"),
        rfc3339(start, 0, letter="t"), start // MS, rfc3339(start, 0, zone="-00:00"),
        rfc3339(start, 0, zone="+00:00"),
    ]
    forms += [rfc3339(start, digits) for digits in range(1, 10)]
    for minutes, zone in ((330, "+05:30"), (-480, "-08:00"), (1439, "+23:59"), (-1439, "-23:59"),
                          (1, "+00:01"), (-1, "-00:01"), (840, "+14:00"), (1260, "+21:00")):
        forms.append(rfc3339(start, 3, zone=zone, offset_minutes=minutes))
        forms.append(rfc3339(start, 0, "t", zone, minutes))
    for kind in TOPICS:
        for place, form in enumerate(forms):
            outcome = DUPLICATE if place else APPLIED
            tape.put(tape.event(kind, "forms", event_id="one", timestamp=form), outcome)


def nanoseconds(tape):
    """A nanosecond apart is another timestamp; fractions are read exactly."""
    start = tape.high
    for offset in (1, 2, 10, 100, 123456789, 999999999):
        for digits in range(len(f"{offset:09}".rstrip("0")), 10):
            tape.send("chat", "fractions", start + offset, event_id=f"digits {digits}",
                      timestamp=rfc3339(start + offset, digits))
    tape.send("viewer", "fractions", start + S, viewer_count=1, event_id="z")
    tape.send("viewer", "fractions", start + S + 1, viewer_count=2, event_id="a")


def leap_seconds(tape):
    """23:59:60Z is the next second; second 60 of another minute does not exist."""
    midnight = (tape.high // (86400 * S) + 1) * 86400 * S
    day = rfc3339(midnight - S, 0)[:10]
    next_day = rfc3339(midnight, 0)[:10]
    tape.send("chat", "leap", midnight, event_id="60", timestamp=f"{day}T23:59:60Z")
    tape.put(tape.event("chat", "leap", event_id="60", timestamp=f"{next_day}T00:00:00Z"), DUPLICATE)
    tape.put(tape.event("chat", "leap", event_id="60", timestamp=f"{day}t23:59:60z"), DUPLICATE)
    tape.put(tape.event("chat", "leap", event_id="60", timestamp=f"{day}T23:59:60.000Z"), DUPLICATE)
    tape.put(tape.event("chat", "leap", event_id="60",
                        timestamp=f"{next_day}T05:29:60+05:30"), DUPLICATE)
    tape.put(tape.event("chat", "leap", event_id="60", timestamp=f"{day}T15:59:60-08:00"), DUPLICATE)
    tape.send("chat", "leap", midnight + S // 2, timestamp=f"{day}T23:59:60.5Z")
    for form in ("T23:59:61Z", "T12:30:60Z", "T23:58:60Z", "T00:00:60Z", "T23:60:00Z", "T24:00:00Z"):
        tape.send("chat", "leap", outcome=DEAD, why="timestamp", timestamp=day + form)


BAD_FORMS = [
    "", " ", "now", "2026", "2026-01-01", "2026-01-01T", "2026-01-01T00", "2026-01-01T00:00",
    "2026-01-01T00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.", "2026-01-01T00:00:00.Z",
    "2026-01-01 00:00:00Z", "2026-01-01_00:00:00Z", "2026-01-01T00:00:00 Z",
    " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z ", "2026-01-01T00:00:00ZZ",
    "2026-01-01T00:00:00Z\n", "2026-01-01T00:00:00Z\0", "2026-01-01T00:00:00.1234567890Z",
    "2026-01-01T00:00:00.0000000000Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.5",
    "2026-01-01T00:00:00.-5Z", "2026-01-01T00:00:00.5.5Z", "2026-01-01T00:00:00.1e3Z",
    "2026-01-01T00:00:00+05", "2026-01-01T00:00:00+0530", "2026-01-01T00:00:00+5:30",
    "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+05:60", "2026-01-01T00:00:00-99:99",
    "2026-01-01T00:00:00+05:30Z", "2026-01-01T00:00:00Z+05:30", "2026-01-01T00:00:00+05:30:00",
    "2026-01-01T00:00:00\u221205:00", "2026-01-01T00:00:00 +05:30", "2026-01-01T00:00:00UTC",
    "2026-01-01T00:00:00X", "2026-01-01T00:00:00+05:3", "2026-01-01T24:00:00Z",
    "2026-01-01T25:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T0:00:00Z",
    "2026-01-01T-1:00:00Z", "2026-01-01T00:0:00Z", "2026-01-01T000000Z", "20260101T000000Z",
    "2026-00-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
    "2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2025-04-31T00:00:00Z", "2025-06-31T00:00:00Z",
    "2025-09-31T00:00:00Z", "2025-11-31T00:00:00Z", "2100-02-29T00:00:00Z", "2026-1-1T00:00:00Z",
    "26-01-01T00:00:00Z", "02026-01-01T00:00:00Z", "+2026-01-01T00:00:00Z", "-2026-01-01T00:00:00Z",
    "2026/01/01T00:00:00Z", "01-01-2026T00:00:00Z", "2026-W01-4T00:00:00Z", "2026-001T00:00:00Z",
    "\u0662026-01-01T00:00:00Z", "\uff12026-01-01T00:00:00Z", "2026-01-01T00:00:0\u0660Z",
    "2026-01-01T00:00:00.\u0661Z", "Thu, 01 Jan 2026 00:00:00 GMT", "1767225600", "1767225600000",
    "1767225600.0", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00Z",
    "1900-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2262-01-01T00:00:01Z", "2300-01-01T00:00:00Z",
    "2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775808Z", "9999-12-31T23:59:59Z",
    "1677-09-21T00:12:43Z", -1, -1000, -(1 << 63), (1 << 63) - 1, 9223372036854775, 9300000000000000,
    "2026-01-01T00:00:00Z" + "0" * 10000, "2026-01-01T00:00:00." + "0" * 10000 + "Z", "Z", "T", "--T::Z",
]

# Valid times that lie long before the watermark, and so are late.
OLD_FORMS = [
    "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000001Z", 0, 1, Raw("-0"), 60001, 951782400000,
    "1970-01-01T05:30:00+05:30", "1999-12-31T23:59:60Z", "2000-02-29T12:00:00Z", "2024-02-29T00:00:00Z",
    "2024-02-29T23:59:59.999999999-23:59", "1972-02-29T00:00:00z", "2000-03-01T00:00:00+00:01",
    "2025-01-31t00:00:00Z", "2025-04-30T00:00:00Z", "2025-12-31T00:00:00.5+14:00",
]

# Valid times past any clock and max_future.
FUTURE_FORMS = [
    "2250-01-01T00:00:00Z", "2250-06-30T23:59:60.5z", "2240-02-29T00:00:00+05:30", 8835955200000,
    "2261-12-31T23:59:59.999999999Z", "2261-12-31T23:59:59Z", "2260-12-31T23:59:60Z",
]


def bad_forms(tape):
    """What is no timestamp, in all kinds; none of it raises the watermark."""
    for value in BAD_FORMS:
        for kind in TOPICS:
            tape.send(kind, "bad-forms", outcome=DEAD, why="timestamp", timestamp=value)
        for name in ("started_at", "ended_at"):
            tape.send("stream_meta", "bad-forms", outcome=DEAD, why="timestamp", **{name: value})
    for value in OLD_FORMS + FUTURE_FORMS:
        tape.send("stream_meta", "good-forms", started_at=value, ended_at=value)


def old_and_future(tape):
    """Long ago is late (metadata: applied); past max_future is a dead letter of no effect."""
    for value in OLD_FORMS:
        for kind in ("chat", "viewer", "transactions"):
            tape.put(tape.event(kind, "ancient", timestamp=value), LATE)
        tape.put(tape.event("stream_meta", "ancient-meta", timestamp=value))
    for value in FUTURE_FORMS:
        for kind in TOPICS:
            tape.put(tape.event(kind, "future", timestamp=value), DEAD, "future")
            tape.send(kind, "present")


def late_edges(tape):
    """A window is final once the watermark reaches its end: to the nanosecond."""
    for kind in ("chat", "viewer", "transactions"):
        tape.settle()
        start = tape.high
        end = newest_end(start)
        instants = (start, start + 1, start + SLIDE - 1)
        tape.send(kind, "edge", start)
        tape.send("viewer", "pace", end + LATENESS - 1)
        for instant in instants:
            tape.send(kind, "edge", instant)
        tape.send(kind, "edge", start - 1, LATE)
        tape.send(kind, "edge", end + LATENESS)
        for instant in instants:
            tape.send(kind, "edge", instant, LATE)
        tape.send(kind, "edge", start + SLIDE)
        tape.send("stream_meta", "edge", start, title="never late")


def own_watermark(tape):
    """An event is judged by the watermark before it, not by the one that it makes."""
    tape.settle()
    start = tape.high
    tape.send("chat", "own", start + 500 * S)
    tape.send("chat", "own", start, LATE)
    tape.send("stream_meta", "raises", start + 1000 * S, event_type="title_change", new_title="x")
    tape.send("chat", "own", start + 500 * S, LATE)
    tape.send("chat", "own", start + 1000 * S - DURATION)
    tape.send("chat", "own", start + 5000 * S, outcome=DEAD, why="type",
              timestamp=rfc3339(start + 5000 * S), user_id=5)
    tape.send("chat", "own", start + 1000 * S - LATENESS)


def partly_late(tape):
    """An event of each age: it counts in those of its windows that are still open."""
    tape.settle()
    anchor = tape.high
    for age in range(0, 110, 5):
        instant = anchor - age * S
        late = newest_end(instant) <= tape.watermark()
        outcome = LATE if late else APPLIED
        tape.send("chat", "partly", instant, outcome, user_id=f"aged {age}", emotes=[f"age {age}"])
        tape.send("viewer", "partly", instant, outcome, viewer_count=age)
        tape.send("transactions", "partly", instant, outcome, amount=age, currency="EUR")
        again = tape.event("chat", "twice", instant, event_id=f"twice {age}")
        tape.put(again, outcome)
        tape.put(again, LATE if late else DUPLICATE)


def disorder(tape):
    """Whole streams backwards by up to exactly the lateness: all of it is applied."""
    for turn in range(3 if tape.small else 20):
        tape.leap(7.77)
        high = tape.high
        for step in range(11):
            tape.send("chat", f"back {turn % 4}", high - step * S, user_id=f"u{step}")
            tape.send("viewer", f"back {turn % 4}", high - step * S, viewer_count=step)
        tape.send("chat", f"back {turn % 4}", high - LATENESS, user_id="exact")


def duplicate_edges(tape):
    """Same topic, stream, id and timestamp: a duplicate while a window is open."""
    for kind in TOPICS:
        tape.settle()
        start = tape.high
        first = tape.send(kind, "twins", start, event_id=f"twin {kind}")
        tape.put(first, DUPLICATE)
        tape.put({**first, "title": "other", "message": "other", "viewer_count": 9}, DUPLICATE)
        tape.put({**first, "topic": kind}, DUPLICATE)
        tape.put({**first, "stream_id": "twins-2"})
        tape.put({**first, "stream_id": "TWINS"})
        tape.put({**first, "event_id": f"Twin {kind}"})
        tape.send(kind, "twins", start + 1, event_id=f"twin {kind}")
        tape.send(kind, "twins", start - 1, event_id=f"twin {kind}")
        for other in TOPICS:
            if other != kind:
                tape.send(other, "twins", start, event_id=f"twin {kind}")
                tape.put({**first, "topic": other, "viewer_count": 5}, DUPLICATE)
        tape.send("viewer", "pace", newest_end(start) + LATENESS - 1)
        tape.put(first, DUPLICATE)
        tape.send("viewer", "pace", newest_end(start) + LATENESS)
        far = APPLIED if kind == "stream_meta" else LATE
        tape.put(first, far)
        tape.put(first, far)


def remembered_only_when_applied(tape):
    """Dead letters and late events leave no id behind; a duplicate raises nothing."""
    tape.settle()
    tape.send("chat", "memory", event_id="kept", outcome=DEAD, why="type", bits="x")
    first = tape.send("chat", "memory", event_id="kept")
    tape.put(first, DUPLICATE)
    tape.put({**first, "bits": "x"}, DEAD, "type")
    tape.send("chat", "memory", tape.high - 300 * S, LATE, event_id="late")
    tape.send("chat", "memory", tape.high - 300 * S, LATE, event_id="late")
    tape.send("chat", "memory", event_id="late")


def separators(tape):
    """Ids that must not run together when they are hashed as one text."""
    for stream, event in (("a", "bc"), ("ab", "c"), ("a:b", "c"), ("a", "b:c"), ("a|b", "c"),
                          ("a", "b|c"), ("a\u0001b", "c"), ("a", "b\u0001c"), ("a ", "b"), ("a", " b")):
        first = tape.send("chat", stream, event_id=event)
        tape.put(first, DUPLICATE)


def all_cases(tape):
    """The chapter."""
    for chapter in (good_forms, nanoseconds, leap_seconds, bad_forms, old_and_future, late_edges,
                    own_watermark, partly_late, disorder, duplicate_edges,
                    remembered_only_when_applied, separators):
        chapter(tape)
        tape.leap(1)
