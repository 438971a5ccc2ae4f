# SPDX-License-Identifier: Apache-2.0
"""What a micro-batch tells of each stream's status (contract, section 2, "A stream"). The table `spark_streams` holds what
is known so far, and store.py merges the two: later (timestamp, event_id) win, whatever the order in which batches bring them.
"""

from pyspark.sql import functions as F

from events import META, VIEWER
from windows import STREAM

#: Values that the last event to tell of them decides: group, columns of its value.
LASTS = (("viewer", ("viewer_count",)), ("revived", ()), ("ended", ()), ("started", ("started_at",)),
         ("name", ("streamer_name",)), ("title", ("title",)), ("category", ("game_category",)), ("language", ("language",)))


def last(of, *values):
    """max by (timestamp, event_id) among the events where `of` is true."""
    return F.max(F.when(of, F.struct("ts", "event_id", *values)))


def told(events):
    """One row a stream: times of its first and last event, and for each group of LASTS a stamp (ns, id) and a value."""
    meta, is_meta = F.col("meta"), F.col("kind") == META
    times = events.groupBy(*STREAM).agg(F.min("ts").alias("first_ns"), F.max("ts").alias("last_ns"))
    is_start = is_meta & (meta["event_type"] == "stream_start")
    fields = [last(is_meta & meta[name].isNotNull(), meta[name].alias("value")).alias(name)
              for name in ("name", "title", "category", "language")]
    lasts = events.where(F.col("kind").isin(VIEWER, META)).groupBy(*STREAM).agg(
        last(F.col("kind") == VIEWER, F.col("viewer_count").alias("value")).alias("viewer"),
        last(is_start | ((F.col("kind") == VIEWER) & (F.col("viewer_count") > 0))).alias("revived"),
        last(is_meta & (meta["event_type"] == "stream_end")).alias("ended"),
        last(is_start, meta["started_at"].alias("value")).alias("started"), *fields)
    columns = ["stream_id", "lane", "first_ns", "last_ns"]
    for group, values in LASTS:
        columns += [F.col(f"{group}.ts").alias(f"{group}_ns"), F.col(f"{group}.event_id").alias(f"{group}_id")]
        columns += [F.col(f"{group}.value").alias(value) for value in values]
    return times.join(lasts, STREAM, "left").select(*columns)
