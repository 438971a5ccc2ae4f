# SPDX-License-Identifier: Apache-2.0
"""Telemetra's windows and streams by Spark Structured Streaming; README.md tells how it works and how to run it.

    spark-submit [OPTION...] infra/spark/job.py [--trigger available-now] [--help]
"""

import json
import pathlib
import sys
import time

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession, functions as F

import events
import streams
import windows
from progress import NONE, Progress
from settings import parse
from store import Refused, Store

HERE = pathlib.Path(__file__).resolve().parent
#: Settings that the job's shape asks for, each explained in README.md, "Tuning"; what else there is is spark-submit's.
CONFIGURATION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.serializer": "org.apache.spark.serializer.KryoSerializer",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.requireAllClusterKeysForCoPartition": "false",
    "spark.sql.objectHashAggregate.sortBased.fallbackThreshold": "1000000",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
    "spark.sql.streaming.minBatchesToRetain": "10",
    "spark.sql.ui.retainedExecutions": "50",
    "spark.ui.retainedJobs": "200",
    "spark.ui.retainedStages": "200",
    "spark.locality.wait": "0s",
    "spark.executor.extraJavaOptions": "-XX:+UseG1GC",
}
#: Of Kafka's consumers in the tasks: more a poll than what suits small records. Spark takes them with this prefix.
CONSUMER = {"kafka.max.poll.records": 10_000, "kafka.max.partition.fetch.bytes": 4 << 20, "kafka.receive.buffer.bytes": 1 << 20}


def open_session(settings):
    builder = SparkSession.builder.appName("telemetra")
    for name, value in CONFIGURATION.items():
        builder = builder.config(name, value)
    if settings.master:
        builder = builder.master(settings.master)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    spark.conf.set("spark.sql.shuffle.partitions", spark.sparkContext.defaultParallelism)
    for module in ("sketch.py", "murmur2.py"):
        spark.sparkContext.addPyFile(str(HERE / module))
    return spark


class Folder:
    """The checkpoint, on whatever file system Hadoop knows."""

    def __init__(self, spark, url):
        self.jvm = spark._jvm
        self.path = self.jvm.org.apache.hadoop.fs.Path(url)
        self.system = self.path.getFileSystem(spark._jsc.hadoopConfiguration())
        self.url = self.system.makeQualified(self.path).toString()

    def read(self, name):
        stream = self.system.open(self.jvm.org.apache.hadoop.fs.Path(self.url + "/" + name))
        try:
            return self.jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
        finally:
            stream.close()

    def offsets(self, batch):
        """{topic: {partition: next offset}} at the end of a micro-batch."""
        if batch < 0:
            return {}
        for line in self.read(f"offsets/{batch}").splitlines()[2:]:
            value = json.loads(line)
            if isinstance(value, dict):
                return {topic: {int(p): offset for p, offset in each.items()} for topic, each in value.items()}
        return {}

    def keep_only(self, names):
        """Removes old folders of open events."""
        path = self.jvm.org.apache.hadoop.fs.Path(self.url + "/open")
        if not self.system.exists(path):
            return
        for status in self.system.listStatus(path):
            if status.getPath().getName() not in names:
                self.system.delete(status.getPath(), True)


class Job:
    """Everything between two micro-batches is in the schema; here are only copies of it."""

    def __init__(self, spark, settings):
        self.spark, self.settings = spark, settings
        self.folder = Folder(spark, settings.checkpoint)
        self.store = Store(spark, settings)
        self.query = self.progress = self.refused = None
        self.batch, self.open_events = -1, ""
        self.partitions = spark.sparkContext.defaultParallelism

    def restore(self):
        """At the first micro-batch of this run: Spark's checkpoint has its query by then."""
        self.query = json.loads(self.folder.read("metadata"))["id"]
        self.store.prepare()
        found = self.store.progress(self.query)
        if found:
            self.batch, lanes, self.open_events = found
        self.progress = Progress(self.settings, lanes if found else None)

    def take(self, records, batch):
        """One micro-batch, as Spark calls it."""
        try:
            self.work_on(records, batch)
        except Refused as refused:
            self.refused = refused  # Spark makes an exception of its own of it
            raise

    def work_on(self, records, batch):
        """Called again after a crash, it does what it did before or finds that it is done."""
        if self.progress is None:
            self.restore()
        if batch == self.batch:
            return
        if batch != self.batch + 1:
            raise Refused(f"the schema has micro-batch {self.batch} and the checkpoint goes on with {batch}: they do not "
                          "belong together; name a new --schema and --checkpoint")
        before, after = self.folder.offsets(batch - 1), self.folder.offsets(batch)
        counts = {topic: len(ends) for topic, ends in after.items()}
        if len(set(counts.values())) > 1:
            raise Refused(f"the topics have different numbers of partitions ({counts}): a stream must be in one partition "
                          "number of all of them; make them alike")
        kinds = {topic: number for number, topic in enumerate(self.settings.topics[kind] for kind in events.KINDS)}
        moved = {(lane, kinds[topic]) for topic, ends in after.items() for lane, end in ends.items()
                 if end > before.get(topic, {}).get(lane, 0)}
        self.progress.grow(max(counts.values(), default=0))
        if moved:
            self.add(records.where("topic IS NOT NULL"), batch, moved)
        else:
            self.advance(batch, moved)

    def add(self, records, batch, moved):
        """A micro-batch with records."""
        was = self.progress.watermarks()
        now_ns = time.time_ns()
        everything = self.arrived(records, was, now_ns).persist()
        try:
            misplaced = self.misplaced(everything)
            if misplaced:
                everything.unpersist()
                everything = self.arrived(records, was, now_ns, misplaced).persist()
            self.add_events(everything, was, batch, moved)
        finally:
            everything.unpersist()

    def add_events(self, everything, was, batch, moved):
        self.store.empty()
        counts = self.count(everything, moved)
        self.progress.advance(moved)
        now = self.progress.watermarks()
        valid = self.valid(everything, was, counts)
        self.store.write(windows.final_rows(valid, self.settings, was, now), "spark_new_windows")
        open_events = self.keep_open(valid, now, batch)
        self.store.write(streams.told(valid.where("is_new")), "spark_new_streams")
        if counts["dead_lettered"]:
            self.store.write(self.dead_letters(everything), "spark_new_dead_letters")
        self.commit(batch, open_events, counts, {"windows": True, "events": True, "dead_letters": counts["dead_lettered"]})

    def arrived(self, records, was, now_ns, misplaced=()):
        """New events, refused ones among them, and those that are open; all of a stream in one partition."""
        settings = self.settings
        is_late = (F.col("kind") != events.META) & ~self.is_open(was)
        # A number in an array is no part of the code that Spark compiles: the next micro-batch needs none anew.
        new = events.parse(records, settings, windows.by_lane([now_ns] * len(was)), misplaced)
        new = new.withColumn("is_new", F.lit(True)).withColumn(
            "outcome", F.when(F.col("reason").isNotNull(), "dead_lettered").when(is_late, "late").otherwise("applied"))
        if self.open_events:
            old = self.read_open(was).withColumn("is_new", F.lit(False)).withColumn("outcome", F.lit("applied"))
            new = new.unionByName(old, allowMissingColumns=True)
        identity = ("kind", "stream_id", "event_id", "ts")
        return new.repartition(self.partitions, *windows.STREAM).withColumn("pane", windows.pane_of(settings)) \
            .withColumn("id_a", F.xxhash64(*identity)).withColumn("id_b", F.xxhash64(F.lit("b"), *identity))

    def is_open(self, watermarks):
        """Whether an event has a window that is not final."""
        return windows.pane_of(self.settings) + self.settings.duration_ns > windows.by_lane(watermarks)

    def misplaced(self, everything):
        """(lane, stream_id) of streams in another partition than their id asks for."""
        home = windows.partition_of(F.col("stream_id"), F.lit(len(self.progress.lanes)))
        return everything.where("is_new AND reason IS NULL").select(*windows.STREAM).distinct() \
            .where(home != F.col("lane")).collect()

    def read_open(self, was):
        """Events of windows that were not final after the last micro-batch."""
        kept = self.spark.read.schema(self.open_schema()).parquet(f"{self.folder.url}/{self.open_events}")
        return kept.where(self.is_open(was))

    @staticmethod
    def open_schema():
        return ("lane int, kind int, record bigint, stream_id string, event_id string, ts bigint, chatter string,"
                " emotes array<string>, viewer_count bigint, currency string, amount decimal(27,9), payments bigint")

    def count(self, everything, moved):
        """Tells the progress what has come, and returns the accounting of it."""
        found = everything.where("is_new").groupBy("lane", "kind", "outcome").agg(
            F.count("*").alias("count"), F.max(F.when(F.col("reason").isNull(), F.col("ts"))).alias("highest")).collect()
        counts = dict.fromkeys(("applied", "late", "dead_lettered", "duplicate"), 0)
        highest = {}
        for row in found:
            counts[row["outcome"]] += row["count"]
            if row["highest"] is not None:
                key = (row["lane"], row["kind"])
                highest[key] = max(highest.get(key, NONE), row["highest"])
        counts["consumed"] = sum(row["count"] for row in found)
        self.progress.see(highest, moved)
        return counts

    def valid(self, everything, was, counts):
        """Each event once; stream_meta too, as long as it would have a window that is open."""
        applied = everything.where("outcome = 'applied'")
        keys = windows.repeated(applied.where(self.is_open(was)))
        times = keys.agg(F.coalesce(F.sum(F.col("times") - 1), F.lit(0)).alias("more")).first()["more"]
        if not times:
            return applied
        counts["duplicate"], counts["applied"] = times, counts["applied"] - times
        return windows.without_repeated(applied, keys.drop("times"))

    def keep_open(self, valid, now, batch):
        """Writes the events whose windows are not all final; the name of their folder in the checkpoint."""
        name = f"open/{batch}"
        valid.where(self.is_open(now)).select(*events.OPEN_COLUMNS).write.mode("overwrite").parquet(f"{self.folder.url}/{name}")
        return name

    def dead_letters(self, everything):
        """Rows of the table dead_letters."""
        topics = F.array(*[F.lit(self.settings.topics[kind]) for kind in events.KINDS])[F.col("kind")]
        names = F.array(*[F.lit(kind) for kind in events.KINDS])[F.col("kind")]
        raw = F.coalesce(F.col("raw"), F.lit(bytearray()))
        return everything.where("outcome = 'dead_lettered'").select(
            F.concat(F.lit("spark/"), names, F.lit("/"), F.col("lane").cast("string")).alias("input"),
            F.lit(self.query).alias("generation"), F.col("record").alias("ordinal"), names.alias("topic"),
            topics.alias("origin"), F.lit(None).cast("bigint").alias("line"), F.col("record").alias("byte_offset"),
            F.col("lane").cast("bigint").alias("log_partition"), F.col("reason"),
            F.length(raw).cast("bigint").alias("size"), F.substring(raw, 1, 1 << 20).alias("raw"),
            F.lit(time.time_ns()).alias("noted_at"))

    def advance(self, batch, moved):
        """No record has come: time may still go on."""
        was = self.progress.watermarks()
        self.settle(batch, was, self.progress.advance(moved))

    def finish(self):
        """The end of what was there to be read: everything becomes final."""
        if self.progress is None:
            self.restore()
        if self.batch >= 0:
            was = self.progress.watermarks()
            self.settle(self.batch, was, self.progress.finish())

    def settle(self, batch, was, has_moved):
        """Makes windows final that the watermarks have passed since `was`, without new events."""
        has_windows = bool(has_moved and self.open_events)
        if has_windows:
            self.store.empty()
            old = self.read_open(was).repartition(self.partitions, *windows.STREAM) \
                .withColumn("pane", windows.pane_of(self.settings))
            self.store.write(windows.final_rows(old, self.settings, was, self.progress.watermarks()), "spark_new_windows")
        self.commit(batch, self.open_events, {}, {"windows": has_windows, "events": False, "dead_letters": False})

    def commit(self, batch, open_events, counts, has_events):
        self.store.commit(self.query, batch, self.progress, open_events, counts, has_events)
        self.batch, self.open_events = batch, open_events
        self.folder.keep_only({open_events.rpartition("/")[2]})


def records(spark, settings, is_live):
    """The stream of Kafka's records. While it is live, a tick a second comes with it: silence is news too."""
    columns = ("topic", "partition", "offset", "timestamp", "timestampType", "value")
    kafka = spark.readStream.format("kafka").options(**{
        "kafka.bootstrap.servers": settings.kafka, "subscribe": ",".join(settings.topics.values()),
        "startingOffsets": "earliest", "failOnDataLoss": "true", "maxOffsetsPerTrigger": settings.max_events,
        **CONSUMER,
    }).load().select(*columns)
    if not is_live:
        return kafka
    tick = spark.readStream.format("rate").option("rowsPerSecond", 1).option("numPartitions", 1).load()
    return kafka.union(tick.select(*[F.lit(None).cast(kafka.schema[name].dataType).alias(name) for name in columns]))


def run(settings):
    spark = open_session(settings)
    job = Job(spark, settings)
    is_live = settings.trigger != "available-now"
    trigger = {"processingTime": settings.trigger} if is_live else {"availableNow": True}
    query = records(spark, settings, is_live).writeStream.foreachBatch(job.take).trigger(**trigger) \
        .option("checkpointLocation", settings.checkpoint).queryName("telemetra").start()
    try:
        query.awaitTermination()
    except StreamingQueryException:
        if job.refused:
            raise job.refused from None
        raise
    if not is_live and settings.at_idle == "finish":
        job.finish()
    spark.stop()


if __name__ == "__main__":
    try:
        run(parse())
    except Refused as refused:
        sys.exit(f"telemetra-spark: {refused}")
