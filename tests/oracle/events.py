"""One event out of one JSON text: names, aliases, types, bounds (contract, section 1)."""

import re

import decimals
import timestamps
from refusal import Refused
from strict_json import INT64_MAX, INT64_MIN, parse

KINDS = ("chat", "viewer", "transactions", "stream_meta")
MAX_EVENT_ID = 128
MAX_STREAM_ID = 255
MAX_NAME = 255
MAX_EMOTES = 1000
MAX_EMOTE = 255
MAX_MESSAGE = 64 * 1024
CURRENCY = re.compile(r"[A-Z]{3}")
DEFAULT_CURRENCY = "USD"
ID_ALIAS = {"chat": "message_id", "transactions": "transaction_id"}


class Event:
    """A valid event: kind, event_id, instant (ns), stream_id, and its fields.

    fields holds the JSON object. For transactions, `currency` is None for
    bits, and `units` is the amount in 10^-9 (bits: their number).
    """

    __slots__ = ("kind", "event_id", "instant", "stream_id", "fields", "currency", "units")


def byte_length(text):
    """The length in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8"))


def check_text(name, value):
    """A string without U+0000."""
    if type(value) is not str:
        raise Refused("type", f"{name} is a string")
    if "\0" in value:
        raise Refused("nul", f"U+0000 in {name}")


def check_length(name, value, least, most):
    """A string's length in bytes of UTF-8."""
    if not least <= byte_length(value) <= most:
        raise Refused("length", f"{name} has {least} to {most} bytes")


def check_name(name, value):
    """A user, display or channel name; "" is absent and so has no lower bound."""
    check_text(name, value)
    check_length(name, value, 0, MAX_NAME)


def check_message(name, value):
    """A message: the one field where U+0000 may stand."""
    if type(value) is not str:
        raise Refused("type", f"{name} is a string")
    check_length(name, value, 0, MAX_MESSAGE)


def check_texts(name, value):
    """A list of strings (badges, tags)."""
    if type(value) is not list:
        raise Refused("type", f"{name} is a list of strings")
    for element in value:
        check_text(name, element)


def check_emotes(name, value):
    """At most 1,000 emotes of 1..255 bytes."""
    check_texts(name, value)
    if len(value) > MAX_EMOTES:
        raise Refused("length", f"{name} has at most {MAX_EMOTES} elements")
    for element in value:
        check_length(name, element, 1, MAX_EMOTE)


def check_bool(name, value):
    """true or false."""
    if type(value) is not bool:
        raise Refused("type", f"{name} is true or false")


def check_int(name, value):
    """An int64 with neither fraction nor exponent."""
    if type(value) is not int or not INT64_MIN <= value <= INT64_MAX:
        raise Refused("type", f"{name} is a 64-bit signed integer")


def check_viewer_count(name, value):
    """The count of a viewer event: an int64 >= 0."""
    check_int(name, value)
    if value < 0:
        raise Refused("range", f"{name} is negative")


def check_object(name, value):
    """Any object; what is in it is ignored."""
    if type(value) is not dict:
        raise Refused("type", f"{name} is an object")


def check_raid(name, value):
    """raid_data with its three named fields."""
    check_object(name, value)
    check_fields(RAID_FIELDS, value)


def check_time(name, value):
    """started_at, ended_at: as timestamp."""
    timestamps.parse(value)


RAID_FIELDS = {"from_channel": check_name, "to_channel": check_name, "viewer_count": check_int}

FIELDS = {
    "chat": {
        "user_id": check_name,
        "username": check_name,
        "message": check_message,
        "emotes": check_emotes,
        "badges": check_texts,
        "is_action": check_bool,
        "bits": check_int,
        "metadata": check_object,
    },
    "viewer": {
        "viewer_count": check_viewer_count,
        "chatter_count": check_int,
        "follower_count": check_int,
        "subscriber_count": check_int,
    },
    "transactions": {
        "user_id": check_name,
        "username": check_name,
        "transaction_type": check_text,
        "tier": check_text,
        "months": check_int,
        "gift_count": check_int,
        "message": check_message,
        "is_anonymous": check_bool,
    },
    "stream_meta": {
        "event_type": check_text,
        "title": check_text,
        "new_title": check_text,
        "category": check_text,
        "new_category": check_text,
        "streamer_name": check_name,
        "language": check_text,
        "tags": check_texts,
        "raid_data": check_raid,
        "started_at": check_time,
        "ended_at": check_time,
    },
}


def check_fields(checks, fields):
    """Every named field that is not null."""
    for name, value in fields.items():
        check = checks.get(name)
        if check is not None and value is not None:
            check(name, value)


def identifier(fields, name, alias, most):
    """A required id by its canonical name, else by its alias."""
    value = fields.get(name)
    if value is None and alias is not None:
        name, value = alias, fields.get(alias)
    if value is None:
        raise Refused("missing", f"{name} is required")
    check_text(name, value)
    check_length(name, value, 1, most)
    return value


def read_money(event):
    """amount and currency of a transaction; for bits the currency is not looked at."""
    fields = event.fields
    amount = fields.get("amount")
    text = "0" if amount is None else decimals.number_text(amount)
    if fields.get("transaction_type") == "bits":
        event.currency, event.units = None, decimals.parse_bits(text)
        return
    currency = fields.get("currency")
    if currency is None:
        currency = DEFAULT_CURRENCY
    check_text("currency", currency)
    if not CURRENCY.fullmatch(currency):
        raise Refused("currency", "currency is three capital letters")
    event.currency, event.units = currency, decimals.parse_decimal(text)


def read_kind(fields, topics):
    """The kind that `topic` names; topics maps topic names to kinds."""
    topic = fields.get("topic")
    if topic is None:
        raise Refused("topic", "topic is required")
    if type(topic) is not str:
        raise Refused("topic", "topic is a string")
    if topic not in topics:
        raise Refused("topic", f"{topic[:60]!r} is no topic")
    return topics[topic]


def read_fields(kind, fields):
    """An event of a known kind; raises Refused."""
    event = Event()
    event.kind, event.fields = kind, fields
    event.currency = event.units = None
    event.event_id = identifier(fields, "event_id", ID_ALIAS.get(kind), MAX_EVENT_ID)
    event.stream_id = identifier(fields, "stream_id", "channel", MAX_STREAM_ID)
    if fields.get("timestamp") is None:
        raise Refused("missing", "timestamp is required")
    event.instant = timestamps.parse(fields["timestamp"])
    check_fields(FIELDS[kind], fields)
    if kind == "viewer" and fields.get("viewer_count") is None:
        raise Refused("missing", "viewer_count is required")
    if kind == "transactions":
        read_money(event)
    return event


def read(raw, topics):
    """The event in one line of a file; raises Refused, with the kind where known."""
    fields = parse(raw)
    if type(fields) is not dict:
        raise Refused("object", "an event is an object")
    kind = read_kind(fields, topics)
    try:
        return read_fields(kind, fields)
    except Refused as refused:
        refused.topic = kind
        raise
