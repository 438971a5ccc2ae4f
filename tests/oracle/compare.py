"""Compares expected rows (oracle) with actual ones, by key, in any order.

    compare.py EXPECTED_ROWS ACTUAL_ROWS [--streams EXPECTED ACTUAL] [--ignore FIELD]

Exit 0: equal; 1: differences, of which the first ten are printed; 2: unusable input.
Distinct chatters above 4,096 are an estimate in the product (contract, section 2):
those fields are equal within 4 %, four times the standard error allowed.
"""

import argparse
import json
import sys
from decimal import Decimal
from fractions import Fraction

import timestamps
from reading import records
from refusal import Refused

SHOWN = 10
EXACT_CHATTERS = 4096
TOLERANCE = Fraction(4, 100)
ESTIMATES = ("unique_chatters", "slide_unique_chatters")
OPTIONAL = ("slide_unique_chatters",)
INSTANTS = ("started_at",)
MISSING = object()
ROW_KEY = ("stream_id", "window_start")
STREAM_KEY = ("stream_id",)


class Unusable(Exception):
    """An input that cannot be compared, with a sentence."""


def load(path, key_fields):
    """Rows by key, and the keys that occur twice."""
    rows, repeated = {}, []
    for _, line, raw in records([path]):
        try:
            row = json.loads(raw, parse_float=Decimal)
            key = tuple(row[field] for field in key_fields)
        except (ValueError, KeyError, TypeError) as error:
            raise Unusable(f"{path}:{line}: no row with {', '.join(key_fields)}: {error!r}") from None
        if not all(type(part) is str for part in key):
            raise Unusable(f"{path}:{line}: the key must be strings")
        if key in rows:
            repeated.append(key)
        rows[key] = row
    return rows, repeated


def same(expected, actual):
    """Equal as JSON: numbers by value and never equal to booleans, text exactly."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            same(value, actual[name]) for name, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    return expected == actual


def near(expected, actual):
    """Distinct chatters: exact up to 4,096, within 4 % above."""
    if expected <= EXACT_CHATTERS or not isinstance(actual, (int, Decimal)):
        return same(expected, actual)
    if isinstance(actual, bool) or not Decimal(actual).is_finite():
        return False
    return abs(Fraction(actual) - expected) <= TOLERANCE * expected


def same_instant(expected, actual):
    """Two RFC 3339 texts of one time, or two nulls."""
    try:
        return timestamps.parse(expected) == timestamps.parse(actual)
    except Refused:
        return same(expected, actual)


def equal(field, expected, actual):
    """Whether one field agrees, by the rule that it has."""
    if field in ESTIMATES and type(expected) is int:
        return near(expected, actual)
    if field in INSTANTS:
        return same_instant(expected, actual)
    return same(expected, actual)


def field_differences(expected, actual, ignored=()):
    """(field, expected, actual) of each field of the expected row that differs."""
    for field, value in expected.items():
        found = actual.get(field, MISSING)
        if field in ignored or (found is MISSING and field in OPTIONAL):
            continue
        if found is MISSING:
            yield field, value, "no such field"
        elif not equal(field, value, found):
            yield field, value, found


def differences(expected_path, actual_path, key_fields, ignored=()):
    """A sentence for each difference between two files."""
    expected, twice_expected = load(expected_path, key_fields)
    if twice_expected:
        raise Unusable(f"{expected_path}: {twice_expected[0]} occurs twice")
    actual, repeated = load(actual_path, key_fields)
    for key in repeated:
        yield f"{key}: more than one actual row"
    for key in sorted(expected.keys() | actual.keys()):
        if key not in actual:
            yield f"{key}: row is missing"
        elif key not in expected:
            yield f"{key}: row was not expected"
        else:
            for field, value, found in field_differences(expected[key], actual[key], ignored):
                yield f"{key}: {field}: expected {value!r}, actual {found!r}"


def report(title, found):
    """Prints the first differences; how many there are."""
    for text in found[:SHOWN]:
        print(f"{title} {text}")
    print(f"{title} differences: {len(found)}")
    return len(found)


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(description="compare expected and actual rows")
    parser.add_argument("expected")
    parser.add_argument("actual")
    parser.add_argument("--streams", nargs=2, metavar=("EXPECTED", "ACTUAL"))
    parser.add_argument("--ignore", action="append", default=[], metavar="FIELD")
    options = parser.parse_args(arguments)
    try:
        pair = (options.expected, options.actual)
        total = report("rows", list(differences(*pair, ROW_KEY, options.ignore)))
        if options.streams:
            found = list(differences(*options.streams, STREAM_KEY, options.ignore))
            total += report("streams", found)
    except (Unusable, OSError) as error:
        print(f"compare: {error}", file=sys.stderr)
        return 2
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
