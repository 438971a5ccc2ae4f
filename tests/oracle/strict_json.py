"""A JSON text by the contract, section 1: strict where Python's parser is not.

Python's own parser does the grammar (RFC 8259, control characters, escapes).
Added here: the size, strict UTF-8, no byte order mark, the depth, no lone
surrogate written as an escape, and the range of every number anywhere.
"""

import json
import re
import sys

from refusal import Refused

MAX_TEXT_BYTES = 1 << 20
MAX_DEPTH = 1024
INT64_MIN = -(1 << 63)
INT64_MAX = (1 << 63) - 1
UINT64_MAX = (1 << 64) - 1
LONGEST_INTEGER = len("-9223372036854775808")

STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
SURROGATE_HINT = re.compile(r"\\u[dD][89a-fA-F]")

# The parser recurses once a level, and callers have frames of their own.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * MAX_DEPTH))


class Real:
    """A number with a fraction or an exponent; its text is kept for `amount`."""

    __slots__ = ("text",)

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"Real({self.text})"


def read_integer(text):
    """A number without fraction and exponent: 64 bits, signed or unsigned."""
    if len(text) <= LONGEST_INTEGER:
        value = int(text)
        if INT64_MIN <= value <= UINT64_MAX:
            return value
    raise Refused("number", f"an integer of {len(text)} characters has more than 64 bits")


def read_real(text):
    """A number with fraction or exponent: a finite double, kept as its text."""
    if float(text) in (float("inf"), float("-inf")):
        raise Refused("number", "a number is no finite double")
    return Real(text)


def refuse_constant(text):
    """NaN and Infinity, which Python would take."""
    raise Refused("syntax", f"{text} is not JSON")


DECODER = json.JSONDecoder(
    parse_int=read_integer, parse_float=read_real, parse_constant=refuse_constant
)


def check_depth(text):
    """At most 1,024 arrays and objects open at once; the outermost is level 1."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for char in STRING.sub("", text):
        if char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Refused("depth", f"more than {MAX_DEPTH} levels")
        elif char in "]}":
            depth -= 1


def check_surrogates(text):
    """Escaped surrogates come as a high one directly followed by a low one.

    `text` is valid JSON, so that every backslash stands within a string.
    """
    if not SURROGATE_HINT.search(text):
        return
    high_end = None
    for match in ESCAPE.finditer(text):
        unit = int(match.group(1), 16) if match.group(1) else 0
        if high_end is not None:
            if match.start() != high_end or not 0xDC00 <= unit <= 0xDFFF:
                break
            high_end = None
        elif 0xD800 <= unit <= 0xDBFF:
            high_end = match.end()
        elif 0xDC00 <= unit <= 0xDFFF:
            high_end = -1
            break
    if high_end is not None:
        raise Refused("surrogate", "a lone surrogate in an escape")


def decode_utf8(raw):
    """Strict UTF-8 (no overlong forms, no surrogates), at most 1 MiB."""
    if len(raw) > MAX_TEXT_BYTES:
        raise Refused("size", f"{len(raw)} bytes, more than {MAX_TEXT_BYTES}")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("utf8", f"invalid UTF-8 at byte {error.start}") from None


def parse(raw):
    """The value of one JSON text given as bytes; raises Refused.

    Integers come as int, other numbers as Real. The last of repeated keys
    counts, while what it hides must be valid all the same.
    """
    text = decode_utf8(raw)
    if text.startswith("\ufeff"):
        raise Refused("syntax", "a byte order mark")
    check_depth(text)
    try:
        value = DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refused("syntax", f"{error.msg} at character {error.pos}") from None
    check_surrogates(text)
    return value
