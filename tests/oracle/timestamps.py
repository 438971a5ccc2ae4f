"""Instants as whole nanoseconds since the Unix epoch (contract, section 1, "Time")."""

import datetime
import re

from refusal import Refused
from strict_json import INT64_MAX, INT64_MIN

NS_PER_S = 10**9
NS_PER_MS = 10**6
SECONDS_PER_DAY = 86400
EPOCH_ORDINAL = datetime.date(1970, 1, 1).toordinal()
# The years 1970..2261, judged in UTC.
FIRST_NS = 0
END_NS = (datetime.date(2262, 1, 1).toordinal() - EPOCH_ORDINAL) * SECONDS_PER_DAY * NS_PER_S

RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)


def refuse(text):
    """One sentence for every bad timestamp, which is cut where it is long."""
    raise Refused("timestamp", f"{str(text)[:60]!r} is no time of 1970..2261 in RFC 3339 or ms")


def days_since_epoch(text, year, month, day):
    """Days from 1970-01-01 to a date that must exist."""
    try:
        return datetime.date(year, month, day).toordinal() - EPOCH_ORDINAL
    except ValueError:
        refuse(text)


def offset_minutes(match):
    """The signed UTC offset of a matched timestamp; hours to 23, minutes to 59."""
    sign, hours, minutes = match.group(8, 9, 10)
    if sign is None:
        return 0
    if int(hours) > 23 or int(minutes) > 59:
        refuse(match.group())
    total = int(hours) * 60 + int(minutes)
    return -total if sign == "-" else total


def parse_rfc3339(text):
    """An RFC 3339 text; second 60 only where it is 23:59 in UTC, and then the next second."""
    match = RFC3339.fullmatch(text)
    if match is None:
        refuse(text)
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    if hour > 23 or minute > 59 or second > 60:
        refuse(text)
    minutes = hour * 60 + minute - offset_minutes(match)
    if second == 60 and minutes % 1440 != 1439:
        refuse(text)
    days = days_since_epoch(text, year, month, day)
    seconds = days * SECONDS_PER_DAY + minutes * 60 + second
    return seconds * NS_PER_S + int((match.group(7) or "").ljust(9, "0"))


def parse(value):
    """An instant from a JSON value: an RFC 3339 string or integer milliseconds."""
    if type(value) is str:
        instant = parse_rfc3339(value)
    elif type(value) is int and INT64_MIN <= value <= INT64_MAX:
        instant = value * NS_PER_MS
    else:
        raise Refused("type", "a time is an RFC 3339 string or integer milliseconds")
    if not FIRST_NS <= instant < END_NS:
        refuse(value)
    return instant


def render(instant):
    """RFC 3339 in UTC with Z; a fraction of 3, 6 or 9 digits only where there is one."""
    seconds, fraction = divmod(instant, NS_PER_S)
    days, in_day = divmod(seconds, SECONDS_PER_DAY)
    date = datetime.date.fromordinal(days + EPOCH_ORDINAL)
    text = f"{date.isoformat()}T{in_day // 3600:02}:{in_day // 60 % 60:02}:{in_day % 60:02}"
    if fraction:
        digits = f"{fraction:09}"
        while digits.endswith("000"):
            digits = digits[:-3]
        text += "." + digits
    return text + "Z"
