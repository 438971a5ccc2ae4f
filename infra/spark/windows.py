# SPDX-License-Identifier: Apache-2.0
"""Events to final rows of `windows` (contract, section 2), all numbers exact.

Events are first summed up in panes (the slides that windows are made of), so that what an event costs does not grow with
the overlap of the windows. All events of a stream are in one of Spark's partitions before that, and stay there.
"""

from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, IntegerType, LongType

import murmur2
import sketch
from events import CHAT, META, NS_PER_S, TRANSACTION, VIEWER

EXACT_CHATTERS = 4096
TOP_EMOTES = 10
STREAM = ["lane", "stream_id"]
WHOLE = "decimal(38,0)"

hash_names = F.pandas_udf(sketch.hash_names, ArrayType(LongType()))
write_sketches = F.pandas_udf(sketch.write_sketches, BinaryType())
estimates = F.pandas_udf(sketch.estimates, LongType())
partition_of = F.pandas_udf(murmur2.partition_of, IntegerType())


def by_lane(values):
    """A column: of a list by lane, the element of the row's lane."""
    return F.array(*[F.lit(value) for value in values])[F.col("lane")]


def pane_of(settings):
    return F.col("ts") - F.pmod("ts", F.lit(settings.slide_ns))


def repeated(events):
    """Keys of events that came more than once, how often, and the first of each; ids as 128 bits (contract, "Duplicate")."""
    return events.groupBy(*STREAM, "id_a", "id_b").agg(F.count("*").alias("times"), F.min("record").alias("first")) \
        .where("times > 1")


def without_repeated(events, keys):
    """Each event once: the one that was read first."""
    return events.join(keys, [*STREAM, "id_a", "id_b"], "left").where("first IS NULL OR record = first").drop("first")


def when(kind, value):
    return F.when(F.col("kind") == kind, value)


def panes(events):
    """One row a stream and pane; the partial sums of its windows."""
    viewers = F.col("viewer_count")
    is_bits = F.col("currency") == "bits"
    last = F.struct("ts", "event_id", "viewer_count")
    sums = events.groupBy(*STREAM, "pane").agg(
        F.sum(when(CHAT, 1).otherwise(0)).alias("messages"),
        F.collect_set("chatter").alias("names"),
        F.sum(when(VIEWER, 1).otherwise(0)).alias("v_count"),
        F.sum(when(VIEWER, viewers.cast("decimal(20,0)"))).alias("v_sum"),
        F.min(viewers).alias("v_min"), F.max(viewers).alias("v_max"), F.max(when(VIEWER, last)).alias("v_last"),
        F.sum(when(TRANSACTION, 1).otherwise(0)).alias("transactions"),
        F.sum(F.when(is_bits, F.col("amount").cast("decimal(20,0)"))).alias("bits"),
        F.sum(F.col("payments").cast("decimal(20,0)")).alias("payments"))
    return sums.withColumn("chatters", hash_names("names")).drop("names")


def spread(rows, settings, was, now):
    """Rows of panes to rows of the windows that they lie in and that become final: adds `place` (0: last slide), `end`."""
    count = settings.duration_ns // settings.slide_ns
    places = F.explode(F.array(*[F.lit(i) for i in range(count)])).alias("place")
    spread_out = rows.select("*", places).withColumn("end", F.col("pane") + (F.col("place") + 1) * settings.slide_ns)
    return spread_out.where((F.col("end") > by_lane(was)) & (F.col("end") <= by_lane(now)))


def sums(rows):
    """The columns of windows that come from counting."""
    slide = {name: F.first(F.when(F.col("place") == 0, F.col(name)), ignorenulls=True).alias("slide_" + name)
             for name in ("messages", "chatters", "v_count", "v_sum", "v_min", "v_max", "v_last")}
    return rows.groupBy(*STREAM, "end").agg(
        F.sum("messages").alias("messages"), F.array_distinct(F.flatten(F.collect_list("chatters"))).alias("chatters"),
        F.sum("v_count").alias("v_count"), F.sum("v_sum").alias("v_sum"), F.min("v_min").alias("v_min"),
        F.max("v_max").alias("v_max"), F.max("v_last").alias("v_last"), F.sum("transactions").alias("transactions"),
        F.sum("bits").alias("bits"), F.sum("payments").alias("payments"), *slide.values())


def named(events):
    """Emotes and sums of money by pane and name: what has a name and a number."""
    emotes = events.where(F.col("emotes").isNotNull()).select(
        *STREAM, "pane", F.lit(CHAT).alias("of"), F.explode("emotes").alias("name"), F.lit(1).cast("bigint").alias("count"),
        F.lit(None).cast("decimal(27,9)").alias("amount"))
    amounts = events.where((F.col("kind") == TRANSACTION) & (F.col("currency") != "bits")).select(
        *STREAM, "pane", F.lit(TRANSACTION), F.col("currency"), F.lit(0).cast("bigint"), "amount")
    return emotes.union(amounts).groupBy(*STREAM, "pane", "of", "name").agg(
        F.sum("count").alias("count"), F.sum("amount").alias("amount"))


def texts(rows):
    """top_emotes and amounts of each window, as JSON."""
    items = rows.groupBy(*STREAM, "end", "of", "name").agg(
        F.sum("count").alias("count"), F.sum(F.col("amount").cast("decimal(38,9)")).alias("amount"))
    # Spark compares strings by bytes, as the contract asks for.
    emote = F.when(F.col("of") == CHAT, F.struct((-F.col("count")).alias("rank"), "name", "count"))
    amount = F.when(F.col("of") == TRANSACTION, F.struct("name", decimal_text(F.col("amount")).alias("text")))
    lists = items.groupBy(*STREAM, "end").agg(F.sort_array(F.collect_list(emote)).alias("emotes"),
                                              F.sort_array(F.collect_list(amount)).alias("sums"))
    top = F.transform(F.slice("emotes", 1, TOP_EMOTES), lambda e: F.struct(e["name"].alias("name"), e["count"].alias("count")))
    money = F.map_from_arrays(F.transform("sums", lambda e: e["name"]), F.transform("sums", lambda e: e["text"]))
    return lists.select(*STREAM, "end", F.to_json(top).alias("top_emotes"), F.to_json(money).alias("amounts"))


def decimal_text(value):
    """The shortest exact text of a decimal(38,9): no trailing zeros, no exponent."""
    digits = (F.abs(value) * F.lit(10**9)).cast(WHOLE).cast("string")
    units = F.when(F.length(digits) < 10, F.lpad(digits, 10, "0")).otherwise(digits)
    whole, fraction = units.substr(F.lit(1), F.length(units) - 9), F.rtrim(F.translate(F.substring(units, -9, 9), "0", " "))
    fraction = F.translate(fraction, " ", "0")
    return F.concat(F.when(value < 0, "-").otherwise(""), whole, F.when(fraction != "", F.concat(F.lit("."), fraction)).otherwise(""))


def half_even(numerator, denominator, places):
    """numerator / denominator of integers, with so many decimals, half to even."""
    numerator = (numerator.cast("decimal(34,0)") * F.lit(10**places)).cast(WHOLE)
    denominator = denominator.cast("decimal(20,0)")
    rest = (numerator % denominator).cast("decimal(20,0)")
    quotient = ((numerator - rest).cast(WHOLE) / denominator).cast(WHOLE)
    twice = rest * 2
    up = (twice > denominator) | ((twice == denominator) & (quotient % 2 == 1))
    rounded = F.when(up, (quotient + 1).cast(WHOLE)).otherwise(quotient)
    return (rounded.cast("decimal(36,0)") / F.lit(10**places)).cast(f"decimal(38,{places})")


def rows(counted, text, settings):
    """The columns of the table, those of sentiment apart."""
    end, duration = F.col("end"), F.lit(settings.duration_ns)
    exact = F.size("chatters")
    estimated = estimates(F.when(exact > EXACT_CHATTERS, F.col("chatters")))
    none = F.col("v_count") == 0
    return counted.join(text, [*STREAM, "end"], "left").select(
        "stream_id", (end - duration).alias("window_start"), end.alias("window_end"),
        F.col("messages").alias("message_count"),
        half_even(F.col("messages") * F.lit(60), F.lit(settings.duration_ns // NS_PER_S), 2).alias("chat_rate"),
        F.coalesce(estimated, exact.cast("bigint")).alias("unique_chatters"),
        F.coalesce("top_emotes", F.lit("[]")).alias("top_emotes"),
        F.when(~none, half_even(F.col("v_sum"), F.col("v_count"), 2)).alias("viewer_avg"),
        F.col("v_min").alias("viewer_min"), F.col("v_max").alias("viewer_max"),
        F.col("v_last.viewer_count").alias("viewer_last"), F.col("transactions").alias("transaction_count"),
        F.coalesce("amounts", F.lit("{}")).alias("amounts"),
        F.coalesce("bits", F.lit(0)).cast(WHOLE).alias("bits"),
        F.coalesce("payments", F.lit(0)).cast(WHOLE).alias("payment_count"),
        (end - settings.slide_ns).alias("slide_start"),
        F.coalesce("slide_messages", F.lit(0)).alias("slide_message_count"),
        F.coalesce("slide_v_count", F.lit(0)).alias("slide_viewer_count"),
        F.col("slide_v_sum").cast(WHOLE).alias("slide_viewer_sum"), F.col("slide_v_min").alias("slide_viewer_min"),
        F.col("slide_v_max").alias("slide_viewer_max"), F.col("slide_v_last.viewer_count").alias("slide_viewer_last"),
        write_sketches("slide_chatters").alias("slide_chatters"))


def final_rows(events, settings, was, now):
    """Rows of the windows that end after `was` and not after `now`, ns by lane. `events` has a column `pane`."""
    events = events.where((F.col("kind") != META) & (F.col("pane") + settings.duration_ns > by_lane(was))
                          & (F.col("pane") + settings.slide_ns <= by_lane(now)))
    counted = sums(spread(panes(events), settings, was, now))
    return rows(counted, texts(spread(named(events), settings, was, now)), settings)
