# SPDX-License-Identifier: Apache-2.0
"""Records of the four topics to typed events, in Spark's own functions (contract, section 1).

README.md says which of that section's refusals Spark's JSON parser cannot make.
"""

from pyspark.sql import functions as F

CHAT, VIEWER, TRANSACTION, META = range(4)
KINDS = ("chat", "viewer", "transactions", "stream_meta")
NS_PER_S = 1_000_000_000

SCHEMA = """event_id string, message_id string, transaction_id string, timestamp string, stream_id string, channel string,
    user_id string, username string, emotes array<string>, viewer_count bigint,
    transaction_type string, amount decimal(38,18), currency string, gift_count bigint,
    event_type string, title string, new_title string, category string, new_category string, streamer_name string,
    language string, started_at string, _corrupt_record string"""

#: What is kept of an event while it may count for a window.
OPEN_COLUMNS = ("lane", "kind", "record", "stream_id", "event_id", "ts", "chatter", "emotes", "viewer_count", "currency",
                "amount", "payments")

OBJECT = r"(?s)^[ \t\r\n]*\{.*\}[ \t\r\n]*$"
END_US = 9_214_646_400_000_000  # 2262-01-01
RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"


def instant(text):
    """ns since 1970 of an RFC 3339 text or integer milliseconds as text; null for what is neither, or not in 1970..2261."""
    upper = F.upper(text)
    # Spark keeps microseconds. Second 60 is the next one where it is 23:59 in UTC.
    plain = F.unix_micros(upper.cast("timestamp"))
    leap = F.unix_micros(F.overlay(upper, F.lit("59"), 18, 2).cast("timestamp")) + 1_000_000
    micros = F.when(F.substring(upper, 18, 2) == "60", F.when(F.pmod(leap, F.lit(86_400_000_000)) < 1_000_000, leap)) \
        .otherwise(plain)
    nanos = F.when(F.length(upper) > 27, F.coalesce(
        F.rpad(F.regexp_extract(upper, r"\.\d{6}(\d{1,3})", 1), 3, "0").cast("bigint"), F.lit(0))).otherwise(F.lit(0))
    of_text = F.when(upper.rlike(RFC3339) & micros.between(0, END_US - 1), micros * 1000 + nanos)
    millis = text.cast("bigint")
    of_number = F.when(text.rlike(r"^\d{1,16}$") & (millis < END_US // 1000), millis * 1_000_000)
    return F.when(F.length(text) < 20, of_number).otherwise(of_text)


def given(text):
    """A name, of which "" is none."""
    return F.when(text != "", text)


def size(text):
    """Bytes; 0 for null."""
    return F.coalesce(F.octet_length(text), F.lit(0))


def has_nul(text):
    return F.coalesce(F.contains(text, F.lit("\0")), F.lit(False))


def refusal(settings, now_ns, misplaced):
    """Why a record is a dead letter; null for a valid one. The columns are those of `parse`'s second step."""
    place = F.concat_ws("/", F.col("lane"), F.col("stream_id"))
    kind, is_money = F.col("kind"), F.col("kind") == TRANSACTION
    is_bits = F.col("transaction_type").eqNullSafe("bits")
    amount = F.col("amount")
    rules = (
        (F.length("value") > 1 << 20, "size: over 1 MiB"),
        # Spark takes the first object of an array, and looks at nothing behind the object.
        (F.col("_corrupt_record").isNotNull() | ~F.col("value").cast("string").rlike(OBJECT),
         "syntax: no JSON object, or a field of another type"),
        (F.col("event_id").isNull(), "missing: event_id is required, and a JSON object"),
        (F.col("stream_id").isNull(), "missing: stream_id is required"),
        (F.col("timestamp").isNull(), "missing: timestamp is required"),
        (F.col("ts").isNull(), "timestamp: no time of 1970..2261 in RFC 3339 or ms"),
        (~size(F.col("event_id")).between(1, 128), "length: event_id has 1 to 128 bytes"),
        (~size(F.col("stream_id")).between(1, 255), "length: stream_id has 1 to 255 bytes"),
        (has_nul(F.col("event_id")) | has_nul(F.col("stream_id")) | has_nul(F.col("user_id")) | has_nul(F.col("username")),
         "nul: U+0000 in a name"),
        ((size(F.col("user_id")) > 255) | (size(F.col("username")) > 255), "length: a name has at most 255 bytes"),
        ((kind == VIEWER) & F.col("viewer_count").isNull(), "missing: viewer_count is required"),
        ((kind == VIEWER) & (F.col("viewer_count") < 0), "range: viewer_count is negative"),
        ((kind == CHAT) & (F.size("emotes") > 0) & (
            (F.size("emotes") > 1000) | F.exists("emotes", lambda e: e.isNull() | ~F.octet_length(e).between(1, 255))),
         "length: at most 1,000 emotes of 1 to 255 bytes"),
        (is_money & is_bits & ((amount < 0) | (amount != F.floor(amount))), "amount: bits are an integer of 0 or more"),
        (is_money & ((F.abs(amount) >= F.lit(10**18)) | (amount != F.round(amount, 9))),
         "amount: over 18 digits before or 9 after the point"),
        (is_money & ~is_bits & ~F.coalesce(F.col("currency"), F.lit("USD")).rlike("^[A-Z]{3}$"),
         "currency: three capital letters"),
        ((kind == META) & F.col("started_at").isNotNull() & F.col("started").isNull(), "timestamp: started_at"),
        (place.isin([f"{lane}/{stream_id}" for lane, stream_id in misplaced]) if misplaced else F.lit(False),
         "partition: the stream_id asks for another one; the producer must partition as Kafka's Java client does (murmur2)"),
        (F.col("ts") > F.coalesce(F.col("appended"), now_ns) + settings.max_future * NS_PER_S,
         "future: the timestamp lies more than max_future ahead"),
    )
    reason = None
    for rule, text in rules:
        reason = F.when(rule, text) if reason is None else reason.when(rule, text)
    return reason


def parse(records, settings, now_ns, misplaced=()):
    """Kafka's records (topic, partition, offset, timestamp, timestampType, value) to events, the refused ones among them.

    now_ns: a column, the time by the clock; misplaced: (lane, stream_id) of what is in the wrong partition.

    Columns: OPEN_COLUMNS, those of stream_meta, `reason` (null: valid), and `raw` of refused ones.
    """
    kind = F.lit(None).cast("int")
    for number, name in enumerate(KINDS):
        kind = F.when(F.col("topic") == settings.topics[name], number).otherwise(kind)
    read = records.select(
        F.col("partition").alias("lane"), kind.alias("kind"), F.col("offset").alias("record"), "value",
        F.when(F.col("timestampType") == 1, F.unix_millis("timestamp") * 1_000_000).alias("appended"),
        F.from_json(F.col("value").cast("string"), SCHEMA).alias("j"))
    fields = read.select(
        "lane", "kind", "record", "value", "appended", "j.*") \
        .withColumn("event_id", F.coalesce("event_id", F.when(F.col("kind") == CHAT, F.col("message_id"))
                                           .when(F.col("kind") == TRANSACTION, F.col("transaction_id")))) \
        .withColumn("stream_id", F.coalesce("stream_id", "channel")) \
        .withColumn("ts", instant(F.col("timestamp"))) \
        .withColumn("started", F.when(F.col("kind") == META, instant(F.col("started_at"))))
    return fields.withColumn("reason", refusal(settings, now_ns, misplaced)).select(
        "lane", "kind", "record", "stream_id", "event_id", "ts",
        F.when(F.col("kind") == CHAT, F.coalesce(given(F.col("user_id")), given(F.col("username")))).alias("chatter"),
        F.when((F.col("kind") == CHAT) & (F.size("emotes") > 0), F.col("emotes")).alias("emotes"),
        F.when(F.col("kind") == VIEWER, F.col("viewer_count")).alias("viewer_count"),
        F.when(F.col("kind") == TRANSACTION, F.when(F.col("transaction_type").eqNullSafe("bits"), "bits")
               .otherwise(F.coalesce("currency", F.lit("USD")))).alias("currency"),
        F.when(F.col("kind") == TRANSACTION, F.coalesce("amount", F.lit(0)).cast("decimal(27,9)")).alias("amount"),
        F.when(F.col("kind") == TRANSACTION, F.when(
            F.col("transaction_type").eqNullSafe("gift_sub"), F.greatest(F.coalesce("gift_count", F.lit(1)), F.lit(1)))
            .otherwise(F.lit(1).cast("bigint"))).alias("payments"),
        F.when(F.col("kind") == META, F.struct(
            "event_type", F.coalesce("new_title", "title").alias("title"),
            F.coalesce("new_category", "category").alias("category"),
            given(F.col("streamer_name")).alias("name"), "language",
            F.coalesce("started", "ts").alias("started_at"))).alias("meta"),
        "reason", F.when(F.col("reason").isNotNull(), F.col("value")).alias("raw"))
