"""Exact numbers: `amount`, its sums, and rounding (contract, sections 1 and 2).

Money is an integer of 10^-9 units, never a binary float.
"""

import re

from refusal import Refused
from strict_json import Real

DIGITS_BEFORE = 18
DIGITS_AFTER = 9
UNIT = 10**DIGITS_AFTER

NUMBER = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?", re.ASCII)
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)


def number_text(value):
    """The text of a JSON number, or of a string, which is judged later."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if type(value) is Real:
        return value.text
    raise Refused("type", "amount is a number or a string holding one")


def exponent_value(sign, digits):
    """The exponent, cut to a size that no amount but 0 can have."""
    size = int(digits.lstrip("0")[:9] or "0")
    return -size if sign == "-" else size


def parse_decimal(text):
    """A decimal in units of 10^-9 from a text in JSON's grammar for numbers."""
    match = NUMBER.fullmatch(text)
    if match is None:
        raise Refused("amount", f"{text[:60]!r} is no number")
    sign, whole, fraction, exponent_sign, exponent = match.groups(default="")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return 0
    significant = digits.rstrip("0")
    scale = exponent_value(exponent_sign, exponent) - len(fraction)
    scale += len(digits) - len(significant)
    if len(significant) + scale > DIGITS_BEFORE or -scale > DIGITS_AFTER:
        raise Refused("amount", f"{text[:60]!r} has over {DIGITS_BEFORE} or {DIGITS_AFTER} digits")
    units = int(significant) * 10 ** (scale + DIGITS_AFTER)
    return -units if sign else units


def parse_bits(text):
    """The number of bits: an integer >= 0 with neither fraction nor exponent."""
    if not INTEGER.fullmatch(text):
        raise Refused("amount", f"{text[:60]!r} is no integer, as bits ask for")
    units = parse_decimal(text)
    if units < 0:
        raise Refused("amount", "a negative number of bits")
    return units // UNIT


def render_decimal(units):
    """The shortest exact text: no trailing zeros, "0" for zero."""
    sign = "-" if units < 0 else ""
    whole, fraction = divmod(abs(units), UNIT)
    tail = f"{fraction:09}".rstrip("0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"


def divide_half_even(numerator, denominator):
    """An integer quotient, half to even; the denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2 == 1):
        quotient += 1
    return quotient


def render_ratio(numerator, denominator, places=2):
    """numerator / denominator with exactly so many decimals, half to even."""
    units = divide_half_even(10**places * numerator, denominator)
    whole, fraction = divmod(abs(units), 10**places)
    return f"{'-' if units < 0 else ''}{whole}.{fraction:0{places}}"
