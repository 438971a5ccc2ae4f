"""Adversarial values: crowds, viewers, emotes, money, metadata, traffic (contract, section 2)."""

from craft import (
    APPLIED, DEAD, DUPLICATE, DURATION, LATE, LATENESS, MS, S, SLIDE, Raw, any_form, json_text,
    newest_end, rfc3339, to_bytes,
)

INT64_MAX = (1 << 63) - 1


def crowd(tape, stream, chatters, seconds):
    """So many distinct chatters in a window, half by user_id and half by username."""
    names = [f"chatter {stream} {number}" for number in range(chatters)]
    tape.random.shuffle(names)
    start = tape.high
    for place, name in enumerate(names):
        instant = start + place * seconds * S // chatters
        who = {"user_id": name} if place % 2 else {"username": name, "user_id": ""}
        tape.send("chat", stream, instant, **who)
        if place % 7 == 0:
            other = {"username": name} if place % 2 else {"user_id": name, "username": "x"}
            tape.send("chat", stream, max(start, instant - 9 * S), **other)


def crowds(tape):
    """At, just above and far above the bound of exact counting, in one slide and over six."""
    sizes = [("crowd-300", 300, 9)] if tape.small else [
        ("crowd-4095", 4095, 9), ("crowd-4096", 4096, 9), ("crowd-4097", 4097, 9),
        ("crowd-6000", 6000, 9), ("crowd-20000", 20000, 59), ("crowd-slides", 4096, 55),
    ]
    for stream, chatters, seconds in sizes:
        tape.settle()
        crowd(tape, stream, chatters, seconds)
    nobody(tape)


def nobody(tape):
    """Messages of nobody count as messages only."""
    tape.settle()
    for number in range(10):
        tape.send("chat", "nobody", tape.high + number * MS)


def viewer_order(tape):
    """The last by timestamp, then by the bytes of event_id."""
    tape.settle()
    start = tape.high
    for stream, identities in (
        ("order-digits", ["10", "9", "1", "90"]), ("order-case", ["a", "Z", "z", "A"]),
        ("order-prefix", ["ab", "a", "abc", "abb"]), ("order-latin", ["z", "\u00e9", "zz", "e"]),
        ("order-utf16", ["\uffff", "\U00010000", "\ue000", "\U0010ffff"]),
        ("order-low", ["\x01", " ", "\x7f", "!"]), ("order-long", ["x" * 128, "x" * 127, "y", "w"]),
    ):
        for count, identity in enumerate(identities):
            tape.send("viewer", stream, start, event_id=identity, viewer_count=100 + count)
        tape.send("viewer", stream, start - S, event_id="zzzz", viewer_count=7)
    tape.send("viewer", "order-times", start + S, event_id="!", viewer_count=8)
    tape.send("viewer", "order-times", start + S - 1, event_id="zzz", viewer_count=9)
    tape.send("viewer", "order-times", start + 15 * S, event_id="later", viewer_count=10)
    tape.send("viewer", "order-times", start + 14 * S, event_id="sooner", viewer_count=11)


def viewer_numbers(tape):
    """Averages half to even, sums over 64 bits, zeros."""
    tape.settle()
    for total, count in ((1, 8), (3, 8), (5, 8), (7, 8), (1, 200), (3, 200), (1, 3), (2, 3), (1, 16),
                         (9, 8), (11, 8), (999, 1000) if not tape.small else (99, 100), (0, 4)):
        for number in range(count):
            value = total if number == 0 else 0
            tape.send("viewer", f"average {total}/{count}", viewer_count=value)
    for number in range(5):
        tape.send("viewer", "viewers-max", tape.high + number, viewer_count=INT64_MAX)
    tape.send("viewer", "viewers-odd", viewer_count=INT64_MAX, chatter_count=INT64_MAX)
    tape.send("viewer", "viewers-odd", viewer_count=0, follower_count=0)
    tape.send("viewer", "viewers-big", viewer_count=(1 << 53) + 1, subscriber_count=1)


def emote_ties(tape):
    """The ten highest; of ties the first by bytes; every element counts."""
    tape.settle()
    names = ["b", "a", "B", "ab", "\u00e9", "z", "\uffff", "\U00010000", "0", "aa", "~", "a b", " ",
             "\U0001f600", "\u0001", "A", '"', "\\", "k/k"]
    for name in names:
        tape.send("chat", "ties", emotes=[name])
        tape.send("chat", "pairs", emotes=[name, name])
    tape.send("chat", "pairs", tape.high + 20 * S, emotes=["late winner"] * 3)
    tape.send("chat", "pairs", emotes=["\u00e9", "\U0001f600", "~"])
    tape.send("chat", "ten", emotes=[f"t{number}" for number in range(10)])
    tape.send("chat", "eleven", emotes=[f"t{number:02}" for number in range(11)] + ["t10"])
    tape.send("chat", "none", emotes=[])


GOOD_AMOUNTS = [
    0, Raw("-0"), Raw("0.0"), Raw("-0.0"), Raw("0e0"), Raw("0e400"), "0", "-0", "0.000000000", "-0.0e5",
    1, -1, Raw("0.1"), Raw("0.2"), Raw("0.3"), Raw("12.50"), "12.50", "-12.50", Raw("1e3"), "1E3",
    Raw("1.5E-3"), "1.5e-3", Raw("1e+2"), "1e+2", Raw("1e-9"), "0.000000001", Raw("0.000000001"),
    Raw("-0.000000001"), 999999999999999999, -999999999999999999, "999999999999999999.999999999",
    Raw("999999999999999999.999999999"), Raw("-999999999999999999.999999999"), Raw("1e17"), "1e17",
    "123456789012345678.123456789", Raw("123456789012345678.123456789"), Raw("1.0000000000000000"),
    "1.5000000000000000000000", Raw("0.10000000000000000000"), "100000000000000000.0000000000",
    Raw("9007199254740993"), Raw("9007199254740993.5"), Raw("0.30000000000000000"), "10", 10, 100,
    Raw("1.10"), Raw("2.2"), Raw("12345678.9e1"), "0.00000000100000", "1e0", "1e-0", "1E+00", "1e01",
    "0e99999", "0.0000000000000000000", "12.5e-8", "2.5e16", None,
]
BAD_AMOUNTS = [
    1000000000000000000, -1000000000000000000, "1000000000000000000", "1000000000000000000.0",
    Raw("1e18"), "1e18", "-1e18", Raw("1e300"), "1e999", "1e99999999999999999999", "0.0000000001",
    Raw("0.0000000001"), Raw("1e-10"), "1e-10", "-1e-10", Raw("1e-400"), "1e-99999999999999999999",
    "1.0000000001", Raw("1.0000000001"), Raw("1.5E-9"), "123456789012345678901", "9" * 5000, "", " ",
    "abc", "1,5", "1 000", "$1", "1$", "+1", "-", "1.", ".5", "-.5", "01", "-01", "00", "1e", "1e+", "0x10",
    "1_0", "1.5.5", "NaN", "Infinity", "-Infinity", "null", "true", " 1", "1 ", "1\n", "1\0", "\0", "\u0661",
    "\uff11", "1e1.5", "--1", "1-", "'1'", '"1"', "1/2", "1d", "1f",
]


def amounts(tape):
    """Each amount in a stream of its own, then all of them in one."""
    tape.settle()
    for place, amount in enumerate(GOOD_AMOUNTS):
        tape.send("transactions", f"amount {place:02}", amount=amount, currency="EUR")
        tape.send("transactions", "amounts", amount=amount, currency="EUR")
    for amount in BAD_AMOUNTS:
        tape.send("transactions", "amounts", outcome=DEAD, why="amount", amount=amount)
    for amount in (True, False, [], {}, ["1"], {"value": 1}):
        tape.send("transactions", "amounts", outcome=DEAD, why="type", amount=amount)
    for amount in (Raw("1e999"), Raw("100000000000000000000"), Raw("-9223372036854775809")):
        tape.send("transactions", "amounts", outcome=DEAD, why="number", amount=amount)
    members = tape.event("transactions", "no amount at all")
    tape.put(members)


def sums(tape):
    """Sums that a binary float gets wrong, that cancel, and that pass 64 bits."""
    tape.settle()
    for number in range(100 if tape.small else 1000):
        tape.send("transactions", "cents", amount=Raw("0.1"), currency="USD")
        tape.send("transactions", "cents", amount="0.000000001", currency="BTC")
    for amount in ("1e17", "0.000000001", "-1e17"):
        tape.send("transactions", "cancel", amount=amount, currency="GBP")
    for amount in ("5.25", "-5.25"):
        tape.send("transactions", "zero", amount=amount)
    for number in range(25):
        tape.send("transactions", "huge", amount="999999999999999999.999999999", currency="JPY")
        tape.send("transactions", "huge", amount="-999999999999999999.999999999", currency="VND")
    for number in range(40 if tape.small else 400):
        units = tape.random.randint(-10**27 + 1, 10**27 - 1) // 10 ** tape.random.randint(0, 26)
        text = f"{units // 10**9 if units >= 0 else -(-units // 10**9)}.{abs(units) % 10**9:09}"
        if units < 0 and not text.startswith("-"):
            text = "-" + text
        value = Raw(text) if tape.random.random() < 0.5 else text
        currency = tape.random.choice(("USD", "EUR", "XXX"))
        tape.send("transactions", "random sums", tape.high + 10 * MS, amount=value, currency=currency)


def currencies(tape):
    """Three capital letters, USD when absent, each currency its own sum."""
    tape.settle()
    for currency in ("USD", "EUR", "AAA", "ZZZ", None):
        tape.send("transactions", "currencies", amount="1.5", currency=currency)
    tape.send("transactions", "currencies", transaction_type="tip", amount=1)
    for currency in ("", "usd", "Usd", "US", "USDT", "U D", "US1", "$", "USD ", " USD", "12A", "USD\n",
                     "U\u0405D"):
        tape.send("transactions", "currencies", outcome=DEAD, why="currency", currency=currency)
    tape.send("transactions", "currencies", outcome=DEAD, why="nul", currency="US\0")
    for currency in (840, True, [], {}, ["USD"], 1.5):
        tape.send("transactions", "currencies", outcome=DEAD, why="type", currency=currency)


def bits(tape):
    """Bits are counted by themselves, as integers; their currency is not looked at."""
    tape.settle()

    def send(outcome=APPLIED, category=None, stream="bits", **fields):
        tape.send("transactions", stream, outcome=outcome, why=category,
                  transaction_type="bits", **fields)

    for amount in (0, 1, 100, "100", "0", Raw("-0"), None, 999999999999999999):
        send(amount=amount)
    for currency in ("usd", "", "EURO", "BITS", None, "USD"):
        send(amount=1, currency=currency)
    for number in range(25):
        send(amount=999999999999999999, stream="bits-huge")
    for amount in (-1, "-1", Raw("1.5"), "1.5", "0.5", Raw("-0.5"), "", "x", "1e-1", -7):
        send(DEAD, "amount", amount=amount)
    for amount in (True, [], {}):
        send(DEAD, "type", amount=amount)
    tape.send("chat", "bits", bits=500, user_id="cheerer")
    tape.send("transactions", "bits", transaction_type="tip", amount=7)
    for count in (None, -3, 0, 1, 20, (1 << 63) - 1, (1 << 63) - 1):
        tape.send("transactions", "gifts", transaction_type="gift_sub", gift_count=count, amount=5)
        tape.send("transactions", "gifts", transaction_type="gift_subs", gift_count=count, amount=5)


def metadata(tape):
    """Metadata in any order: the last by (timestamp, event_id) wins, however old when read."""
    tape.settle(1800)
    start = tape.high
    steps = [
        (0, "b", dict(event_type="stream_start", title="First", category="One", streamer_name="Ann")),
        (60, "a", dict(event_type="title_change", new_title="Second")),
        (60, "c", dict(event_type="title_change", new_title="Fourth")),
        (60, "b", dict(event_type="title_change", new_title="Third")),
        (61, "a", dict(event_type="category_change", new_category="Two")),
        (30, "z", dict(event_type="title_change", title="Before")),
        (90, "a", dict(event_type="raid_incoming", raid_data={"from_channel": "x"})),
        (95, "a", dict(event_type="host_start", language="en", tags=["a"])),
    ]
    for turn in range(4 if tape.small else 12):
        order = list(steps)
        tape.random.shuffle(order)
        stream = f"meta {turn:02}"
        for seconds, identity, fields in order:
            tape.send("stream_meta", stream, start + seconds * S, event_id=identity, **fields)
        tape.send("stream_meta", stream, start + 96 * S, event_id="name",
                  streamer_name=f"Name {turn}", title=None, category=None)
    tape.settle()
    tape.send("stream_meta", "meta old", start - 86400 * S, title="Old", event_type="title_change")
    tape.send("stream_meta", "meta 00", start - 86400 * S, title="Too old", event_type="title_change")
    both = dict(event_type="stream_start", title="Started", started_at=rfc3339(start - 7200 * S, 0))
    tape.send("stream_meta", "meta start", start, event_id="s", **both)


def lives(tape):
    """Ended streams, and what brings them back; the last chapter, with silence before it."""
    tape.settle()
    start = tape.high

    def meta(stream, second, event_type):
        tape.send("stream_meta", stream, start + second * S, event_type=event_type)

    for stream in ("life chat", "life zero", "life viewers", "life start", "life disorder", "life meta"):
        meta(stream, 0, "stream_start")
        tape.send("viewer", stream, start + S, viewer_count=10)
    for stream in ("life chat", "life zero", "life viewers", "life start", "life meta"):
        meta(stream, 2, "stream_end")
    tape.send("chat", "life chat", start + 3 * S)
    tape.send("viewer", "life zero", start + 3 * S, viewer_count=0)
    tape.send("viewer", "life viewers", start + 3 * S, viewer_count=1)
    meta("life start", 4, "stream_start")
    meta("life meta", 4, "title_change")
    tape.send("viewer", "life disorder", start + 8 * S, viewer_count=3)
    meta("life disorder", 6, "stream_end")
    tape.send("transactions", "life chat", start + 9 * S, amount=1)


STREAMS = [
    "plain", "with space", "sl/ash", "per%cent", "quo\"te", "back\\slash", "\u00fcml\u00e4ut", "\U0001f3ae",
    "a&b=c", "dot.", "..", "#hash", "?query", "null", "0", "-1", "\uffff", "\U00010000", "UPPER", "upper",
] + [f"stream_{number:02}" for number in range(28)]


def traffic_fields(tape, kind):
    """Everyday fields of an event."""
    random = tape.random
    if kind == "viewer":
        return {"viewer_count": random.randrange(5000), "follower_count": random.randrange(10)}
    if kind == "stream_meta":
        return {"event_type": random.choice(("title_change", "category_change", "host_start")),
                "new_title": f"Title {random.randrange(100)}", "language": "en", "tags": ["x", "y"]}
    who = f"user {random.randrange(400)}"
    if kind == "transactions":
        kind_of_payment = random.choice(("donation", "tip", "bits", "gift_sub", "purchase"))
        cents = random.randrange(100000)
        amount = cents if kind_of_payment == "bits" else f"{cents // 100}.{cents % 100:02}"
        return {"transaction_type": kind_of_payment, "amount": amount, "username": who,
                "currency": random.choice(("USD", "EUR", "CAD", None)), "is_anonymous": False}
    emotes = [f"emote{random.randrange(40)}" for _ in range(random.choice((0, 0, 1, 2, 5)))]
    message = "\u00e9\U0001f600 hello\n" * random.randrange(4)
    return {"user_id": who, "username": who.upper(), "message": message,
            "emotes": emotes, "badges": ["vip"], "is_action": False, "bits": 0, "metadata": {"n": [1, None]}}


def aged_instant(tape):
    """An instant and its outcome: fresh or in disorder, partly late, wholly late."""
    random, high, watermark = tape.random, tape.high, tape.watermark()
    choice = random.random()
    last_late = (watermark - DURATION) // SLIDE * SLIDE
    if choice < 0.02:
        return random.randrange(last_late - 500 * S, last_late + SLIDE), LATE
    if choice < 0.06:
        return random.randrange(last_late + SLIDE, watermark // SLIDE * SLIDE), APPLIED
    if choice < 0.10:
        return high - LATENESS, APPLIED
    if choice < 0.55:
        return high - random.randrange(LATENESS // MS) * MS, APPLIED
    return high + random.choice((0, 1, MS, 10 * MS, 20 * MS, 40 * MS)), APPLIED


def traffic_event(tape, kind):
    """The members of an event of one of dozens of streams, its instant and outcome."""
    random = tape.random
    instant, outcome = aged_instant(tape)
    if kind == "stream_meta":
        outcome = APPLIED
    members = tape.event(kind, random.choice(STREAMS), instant, **traffic_fields(tape, kind))
    members["timestamp"] = any_form(random, instant)
    if random.random() < 0.2:
        members["channel"] = members.pop("stream_id")
    alias = {"chat": "message_id", "transactions": "transaction_id"}.get(kind)
    if alias and random.random() < 0.2:
        members[alias] = members.pop("event_id")
    return members, instant, outcome


def traffic(tape, count):
    """Everyday events of dozens of streams in disorder, with duplicates near and far."""
    random, kept = tape.random, []
    for _ in range(count):
        if kept and random.random() < 0.04:
            kind, members, instant = random.choice(kept[-3000:] if random.random() < 0.7 else kept)
            open_still = newest_end(instant) > tape.watermark()
            far = APPLIED if kind == "stream_meta" else LATE
            tape.styled(members, DUPLICATE if open_still else far, instant)
            continue
        kind = random.choices(("chat", "viewer", "transactions", "stream_meta"), (80, 10, 8, 2))[0]
        members, instant, outcome = traffic_event(tape, kind)
        remembered = newest_end(instant) > tape.watermark()
        tape.styled(members, outcome, instant)
        if outcome == APPLIED and remembered:
            kept.append((kind, members, instant))


def everyday(tape):
    """The long chapter."""
    tape.settle()
    traffic(tape, 700 if tape.small else 24000)


def last_line(tape):
    """The file ends without a line feed."""
    tape.out.write(b"  \r\n")
    tape.line += 1
    members = tape.event("chat", "last", message="no line feed after this")
    tape.write(to_bytes(json_text(members)), APPLIED, end=b"")


def all_cases(tape):
    """The chapter."""
    for chapter in (crowds, viewer_order, viewer_numbers, emote_ties, amounts, sums, currencies, bits,
                    metadata, everyday, lives, last_line):
        chapter(tape)
