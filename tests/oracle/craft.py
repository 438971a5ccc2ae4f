"""Writing adversarial lines of which the outcome is known as they are written.

Nothing of the oracle is used here: the writer of a line says what must become
of it, and the Tape only counts. Defaults of the contract are assumed: windows
of 60 s sliding by 10 s, 10 s of lateness, 5 minutes of max_future.
"""

import datetime
import json

S = 10**9
MS = 10**6
SLIDE = 10 * S
DURATION = 60 * S
LATENESS = 10 * S
BASE = 1767225600 * S  # 2026-01-01T00:00:00Z

APPLIED, DUPLICATE, LATE, DEAD = "applied", "duplicate", "late", "dead_lettered"
TOPICS = {kind: "telemetra.events." + kind for kind in ("chat", "viewer", "transactions")}
TOPICS["stream_meta"] = "telemetra.events.stream_meta"


class Raw:
    """A value that is written as these characters (surrogate escapes stand for bytes)."""

    def __init__(self, text):
        self.text = text.decode("utf-8", "surrogateescape") if type(text) is bytes else text


class Pairs:
    """An object with its members in order, and with keys repeated if they are."""

    def __init__(self, *pairs):
        self.pairs = list(pairs)


def json_text(value, space="", ascii_only=False):
    """The JSON text of a value made of Python's types, Raw and Pairs."""
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        value = Pairs(*value.items())
    if isinstance(value, Pairs):
        members = (
            json_text(key, space, ascii_only) + space + ":" + space
            + json_text(member, space, ascii_only)
            for key, member in value.pairs
        )
        return "{" + space + ("," + space).join(members) + space + "}"
    if isinstance(value, list):
        elements = (json_text(element, space, ascii_only) for element in value)
        return "[" + space + ("," + space).join(elements) + space + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def to_bytes(text):
    """UTF-8, where surrogate escapes stand for single bytes."""
    return text.encode("utf-8", "surrogateescape")


def calendar(seconds):
    """YYYY-MM-DD and HH:MM:SS of seconds since the epoch."""
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%d").zfill(10), moment.strftime("%H:%M:%S")


def rfc3339(instant, digits=9, letter="T", zone="Z", offset_minutes=0):
    """An instant as text; the digits of the fraction are cut, so give enough."""
    date, clock = calendar(instant // S + offset_minutes * 60)
    fraction = "." + f"{instant % S:09}"[:digits] if digits else ""
    return f"{date}{letter}{clock}{fraction}{zone}"


def zone_text(offset_minutes):
    """+hh:mm or -hh:mm."""
    sign = "-" if offset_minutes < 0 else "+"
    return f"{sign}{abs(offset_minutes) // 60:02}:{abs(offset_minutes) % 60:02}"


def least_digits(instant):
    """How many digits of fraction an instant needs."""
    return len(f"{instant % S:09}".rstrip("0"))


def any_form(random, instant):
    """One of the forms that a timestamp may have, as a JSON value."""
    form = random.randrange(8)
    digits = random.randint(least_digits(instant), 9)
    if form == 0 and instant % MS == 0:
        return instant // MS
    if form == 1:
        return rfc3339(instant, digits, letter="t", zone="z")
    if form == 2:
        return rfc3339(instant, digits, zone=random.choice(("-00:00", "+00:00")))
    if form in (3, 4):
        minutes = random.choice((330, -480, 345, -210, 840, -720, 1439, -1439, 60, -1))
        return rfc3339(instant, digits, zone=zone_text(minutes), offset_minutes=minutes)
    return rfc3339(instant, digits)


def newest_end(instant):
    """The end of the last window that an instant falls in."""
    return instant // SLIDE * SLIDE + DURATION


class Tape:
    """Writes lines and keeps what must become of each.

    high is the highest timestamp of what was applied, in ns.
    """

    def __init__(self, out, random, small):
        self.out, self.random, self.small = out, random, small
        self.line = 0
        self.high = 0
        self.serial = 0
        self.lines = {APPLIED: 0, DUPLICATE: [], LATE: [], DEAD: []}

    def write(self, raw, outcome, category=None, end=b"\n"):
        """A line with a record, and what must become of it."""
        assert b"\n" not in raw
        self.out.write(raw + end)
        self.line += 1
        if outcome == APPLIED:
            self.lines[APPLIED] += 1
        elif outcome == DEAD:
            self.lines[DEAD].append((self.line, category))
        else:
            self.lines[outcome].append(self.line)

    def blank(self, raw=b""):
        """A line that is no event."""
        self.out.write(raw + b"\n")
        self.line += 1

    def dead(self, raw, category):
        """A dead letter of any bytes."""
        self.write(raw, DEAD, category)

    def fresh_id(self):
        """An event_id that was not used yet."""
        self.serial += 1
        return f"e{self.serial:07}"

    def watermark(self):
        """What the next event is judged by."""
        return self.high - LATENESS

    def leap(self, seconds):
        """Lets the event time of what follows be this much later."""
        self.send("viewer", "pace", self.high + int(seconds * S), viewer_count=1)

    def settle(self, seconds=120):
        """A leap to the start of a slide, with all windows before it closed."""
        target = (self.high // SLIDE + int(seconds) // 10 + 1) * SLIDE
        self.send("viewer", "pace", target, viewer_count=1)

    def applied_at(self, instant):
        """Notes the instant of an applied event that was written by hand."""
        self.high = max(self.high, instant)

    def event(self, kind, stream, instant=None, **fields):
        """The members of an event; by default one of the highest instant until now."""
        instant = self.high if instant is None else instant
        base = {
            "topic": TOPICS[kind],
            "event_id": self.fresh_id(),
            "timestamp": rfc3339(instant),
            "stream_id": stream,
        }
        if kind == "viewer":
            base["viewer_count"] = 5
        base.update(fields)
        return base

    def send(self, kind, stream, instant=None, outcome=APPLIED, why=None, **fields):
        """Writes an event; its members are returned, so that it can be sent again."""
        instant = self.high if instant is None else instant
        members = self.event(kind, stream, instant, **fields)
        self.put(members, outcome, why)
        if outcome == APPLIED:
            self.applied_at(instant)
        return members

    def put(self, members, outcome=APPLIED, category=None):
        """Writes members as they are; the instant must not exceed `high`."""
        self.write(to_bytes(json_text(members)), outcome, category)

    def styled(self, members, outcome, instant):
        """Writes members in one of many spellings of JSON."""
        random = self.random
        pairs = list(members.items())
        random.shuffle(pairs)
        if random.randrange(10) == 0:
            pairs = [(Raw(escaped_key(key, random)), value) for key, value in pairs]
        space = random.choice(("", "", "", " ", "\t", " \r "))
        text = json_text(Pairs(*pairs), space, random.random() < 0.3)
        end = b"\r\n" if random.randrange(8) == 0 else b"\n"
        self.write(to_bytes(text), outcome, end=end)
        if outcome == APPLIED:
            self.applied_at(instant)

    def known(self):
        """The outcome of everything written, as it goes to the known file."""
        counts = {name: len(self.lines[name]) for name in (DUPLICATE, LATE, DEAD)}
        counts[APPLIED] = self.lines[APPLIED]
        return {
            "consumed": sum(counts.values()),
            "applied": counts[APPLIED],
            "duplicate": counts[DUPLICATE],
            "late": counts[LATE],
            "dead_lettered": counts[DEAD],
            "dead_letter_lines": [line for line, _ in self.lines[DEAD]],
            "dead_letter_categories": [category for _, category in self.lines[DEAD]],
            "duplicate_lines": self.lines[DUPLICATE],
            "late_lines": self.lines[LATE],
            "highest": rfc3339(self.high),
        }


def escaped_key(key, random):
    """A key as a JSON string, one of its characters written as an escape."""
    place = random.randrange(len(key))
    escape = f"\\u{ord(key[place]):04x}"
    return '"' + key[:place] + escape + key[place + 1:] + '"'
