# SPDX-License-Identifier: Apache-2.0
"""The sketch of chatters, byte for byte as plugins/common/sketch.h describes it: HyperLogLog with 2^14 registers.

Spark has sketches of its own, but no API of Telemetra could merge those with what aggregators write. Rows are worked on
together, in numpy: this runs in Spark's Python workers, on Arrow batches of panes and windows.

Estimator: O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, arXiv:1702.01284.
"""

import math

import numpy as np
import pandas as pd
import xxhash

PRECISION = 14
REGISTERS = 1 << PRECISION
RANK_BITS = 6
RANK_MAX = 64 - PRECISION + 1
DENSE_SIZE = 1 + REGISTERS * RANK_BITS // 8
SPARSE, DENSE = 0x11, 0x12
HALF_BY_LN2 = 0.72134752044448170367996234050095


def hash_names(rows: pd.Series) -> pd.Series:
    """Lists of names to lists of their XXH3 hashes (64 bits, seed 0)."""
    digest = xxhash.xxh3_64_intdigest
    return pd.Series([np.array([digest(name) for name in row], dtype=np.uint64).view(np.int64) for row in rows],
                     dtype=object)


def marks_of(hashes):
    """register << 6 | rank of each hash; the bit below the rest stops the rank at RANK_MAX."""
    hashes = hashes.view(np.uint64)
    rest = (hashes << np.uint64(PRECISION)) | np.uint64(1 << (PRECISION - 1))
    # The leading zeros of 64 bits, by halves that a double holds exactly.
    high, low = (rest >> np.uint64(32)).astype(np.float64), (rest & np.uint64(0xFFFFFFFF)).astype(np.float64)
    width = np.where(high > 0, np.frexp(high)[1] + 32, np.frexp(low)[1])
    return ((hashes >> np.uint64(64 - PRECISION)).astype(np.int64) << RANK_BITS) | (64 - width + 1)


def highest_marks(rows):
    """Of lists of hashes: (row, mark), sorted by both, one mark a register, the highest."""
    sizes = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
    if not sizes.sum():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    place = np.repeat(np.arange(len(rows), dtype=np.int64), sizes)
    marks = marks_of(np.concatenate([np.asarray(row, dtype=np.int64) for row in rows if len(row)]))
    keys = np.sort((place << (PRECISION + RANK_BITS)) | marks)
    keys = keys[np.append(keys[1:] >> RANK_BITS != keys[:-1] >> RANK_BITS, True)]
    return keys >> (PRECISION + RANK_BITS), keys & ((1 << (PRECISION + RANK_BITS)) - 1)


def leb128(values):
    """(bytes, sizes) of numbers below 2^21, seven bits a byte, lowest first."""
    sizes = 1 + (values >= 1 << 7) + (values >= 1 << 14)
    ends = np.cumsum(sizes)
    out = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    starts = ends - sizes
    for at in range(3):
        has = sizes > at
        more = sizes[has] > at + 1
        out[starts[has] + at] = ((values[has] >> (7 * at)) & 0x7F) | (more.astype(np.int64) << 7)
    return out, sizes


def dense_bytes(marks):
    """Ranks of all registers, 6 bits each, four in three bytes, lowest bits first."""
    ranks = np.zeros(REGISTERS, np.uint32)
    ranks[marks >> RANK_BITS] = marks & ((1 << RANK_BITS) - 1)
    four = ranks[0::4] | ranks[1::4] << 6 | ranks[2::4] << 12 | ranks[3::4] << 18
    return bytes([DENSE]) + np.stack([four, four >> 8, four >> 16], axis=1).astype(np.uint8).tobytes()


def write_sketches(rows: pd.Series) -> pd.Series:
    """Lists of hashes (None: empty) to the bytes of a sketch each; the shorter of two forms, dense when they are equal."""
    rows = [() if row is None else row for row in rows]
    place, marks = highest_marks(rows)
    first = np.append(True, place[1:] != place[:-1]) if len(place) else np.empty(0, bool)
    before = np.where(first, 0, np.append(0, marks[:-1])) if len(marks) else marks
    text, sizes = leb128(marks - before)
    bounds = np.searchsorted(place, np.arange(len(rows) + 1))
    byte_at = np.append(0, np.cumsum(sizes))
    out = []
    for i in range(len(rows)):
        start, end = byte_at[bounds[i]], byte_at[bounds[i + 1]]
        if 1 + end - start < DENSE_SIZE:
            out.append(bytes([SPARSE]) + text[start:end].tobytes())
        else:
            out.append(dense_bytes(marks[bounds[i]:bounds[i + 1]]))
    return pd.Series(out, dtype=object)


def sigma(x):
    """Corrects for registers never hit; x < 1."""
    factor, total = 1.0, x
    while True:
        before = total
        x *= x
        total += x * factor
        factor += factor
        if total == before:
            return total


def tau(x):
    """Corrects for registers at their highest rank."""
    if x <= 0 or x >= 1:
        return 0.0
    factor, total = 1.0, 1 - x
    while True:
        before = total
        x = math.sqrt(x)
        factor *= 0.5
        total -= (1 - x) * (1 - x) * factor
        if total == before:
            return total / 3


def estimate(hashes):
    """How many distinct hashes, rounded to the nearest integer."""
    _, marks = highest_marks([hashes])
    ranks = np.bincount(marks & ((1 << RANK_BITS) - 1), minlength=RANK_MAX + 1).astype(float).tolist()
    ranks[0] = float(REGISTERS - len(marks))
    if ranks[0] == REGISTERS:
        return 0
    total = REGISTERS * tau(1 - ranks[RANK_MAX] / REGISTERS)
    for rank in range(RANK_MAX - 1, 0, -1):
        total = 0.5 * (total + ranks[rank])
    total += REGISTERS * sigma(ranks[0] / REGISTERS)
    return int(HALF_BY_LN2 * REGISTERS * REGISTERS / total + 0.5)


def estimates(rows: pd.Series) -> pd.Series:
    """estimate() of each list of hashes; None stays None."""
    return pd.Series([None if row is None else estimate(np.asarray(row, dtype=np.int64)) for row in rows], dtype="Int64")
