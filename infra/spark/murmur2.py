# SPDX-License-Identifier: Apache-2.0
"""The partition that Kafka's Java client gives a key: murmur2, as plugins/common/murmur2.h has it. Runs in Spark's workers.

MurmurHash2 is by A. Appleby; the seed and the use are of Kafka's org.apache.kafka.common.utils.Utils.murmur2 and toPositive.
"""

import pandas as pd

SEED, FACTOR, SHIFT = 0x9747B28C, 0x5BD1E995, 24
MASK = 0xFFFFFFFF


def murmur2(key):
    """The hash of bytes, 32 bits."""
    whole = len(key) & ~3
    value = SEED ^ len(key)
    for at in range(0, whole, 4):
        part = int.from_bytes(key[at:at + 4], "little") * FACTOR & MASK
        part = (part ^ part >> SHIFT) * FACTOR & MASK
        value = value * FACTOR & MASK ^ part
    if whole < len(key):
        value = (value ^ int.from_bytes(key[whole:], "little")) * FACTOR & MASK
    value = (value ^ value >> 13) * FACTOR & MASK
    return value ^ value >> 15


def partition_of(keys: pd.Series, counts: pd.Series) -> pd.Series:
    """Of texts, of how many partitions: the partition of each."""
    return pd.Series([(murmur2(key.encode()) & 0x7FFFFFFF) % count for key, count in zip(keys, counts)], dtype="int32")
