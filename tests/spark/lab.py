"""What the tests of infra/spark share: one input in Kafka, drained by an aggregator and by the Spark job into two schemas of
one database, sentiment and moments left out."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import harness  # noqa: E402
import roles  # noqa: E402
import servers  # noqa: E402

JOB = ROOT / "infra/spark/run"
PARITY = ROOT / "infra/parity"
AGGREGATOR = "aggregator"
#: What the two are compared in: moments, like sentiment, the job does not find.
DATASETS = ("windows", "streams", "dead_letters")
#: Short runs gain nothing from the second compiler.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
#: A session of Spark takes some ten seconds to start, and a micro-batch is compiled anew.
PATIENCE = 4 * harness.PATIENCE


def aggregator_text(pipeline):
    text = roles.text_of("aggregator", roles.pipeline("telemetra", pipeline))
    for component in ("sentiment", "moments"):
        text = roles.without(text, component)
    return text


class Job:
    """One run of infra/spark/run. Use it as a context manager: it and all its processes are gone afterwards."""

    def __init__(self, folder, environment, *options):
        self.log = pathlib.Path(folder) / "spark.log"
        with self.log.open("ab") as out:
            self.process = subprocess.Popen([str(JOB), *options], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                            env={**os.environ, "SPARK_MASTER": "local[2]", "SPARK_JAVA_OPTIONS": JAVA,
                                                 "SPARK_OPTIONS": "--conf spark.ui.enabled=false", **environment},
                                            start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        """As in a crash: the driver, which is the executor too, and its Python workers."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def finish(self):
        """Waits for its end, which must be a good one."""
        assert self.process.wait(PATIENCE) == 0, self.text()

    def wait_until(self, condition, what):
        """Calls `condition` until it is true, while the job runs."""
        def holds():
            assert self.process.poll() is None, f"the job ended ({self.process.returncode}) before: {what}\n{self.text()}"
            return condition()
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"never happened: {what}\n{self.text()}"
            time.sleep(0.05)

    def stop(self):
        """Asks it to stop and waits."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)

    def text(self):
        return self.log.read_text(errors="replace")


class Drained(unittest.TestCase):
    """An input in Kafka that an aggregator has drained; what drains it with Spark comes in subclasses."""

    partitions = 4
    pipeline = 'at_idle = "finish"; idle_timeout = "1s";'

    @classmethod
    def setUpClass(cls):
        if "produce" not in vars(cls):
            raise unittest.SkipTest("what the tests share")
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.servers = servers.shared()
        cls.environment = cls.servers.fresh(servers.ClassCleanups(cls)) | {
            "KAFKA_GROUP_ID": f"test-{cls.__name__}-{cls.folder.name}", "AGGREGATOR_PORT": "0", "API_PORT": "0",
            "PRODUCER_REFUSED_PATH": str(cls.folder / "refused.ndjson"), "CHAT_RETENTION_DAYS": "0"}
        cls.produce()
        cls.aggregate()

    # --- events into Kafka ---

    @classmethod
    def run_producer(cls, text, name):
        text = text.replace("partitions = 12;", f"partitions = {cls.partitions};")
        environment = cls.environment | {"PRODUCER_CHECKPOINT_PATH": str(cls.folder / f"{name}.checkpoint")}
        with harness.Telemetra(cls.folder, text, environment=environment) as producer:
            assert producer.finish() == 0, producer.log

    @classmethod
    def play(cls, path):
        """A recording into Kafka."""
        cls.run_producer(roles.producer(path), "recording")

    @classmethod
    def mock(cls, **settings):
        """Events of generated streams into Kafka, as fast as they come."""
        text = roles.text_of("producer")
        start, end = text.index('channels = "'), text.index("});", text.index('channels = "'))
        text = text[:start] + "".join(f"{name} = {value}; " for name, value in settings.items()) + text[end:]
        cls.run_producer(text, "mock")

    @classmethod
    def say(cls, topic, *records):
        """Records (key, value) into Kafka, just as they are, where Kafka's own client puts them."""
        text = "".join(f"{key}\t{value}\n" for key, value in records)
        cls.servers.kafka("console-producer", "--topic", cls.environment[f"KAFKA_TOPIC_{topic.upper()}"], "--property",
                          "parse.key=true", "--property", "key.separator=\t", stdin=text)

    @classmethod
    def waiting(cls):
        """Events in Kafka."""
        count = 0
        for topic in servers.TOPICS:
            name = cls.environment[f"KAFKA_TOPIC_{topic.upper()}"]
            for line in cls.servers.kafka("get-offsets", "--topic", name).split():
                count += int(line.rsplit(":", 1)[1])
        return count

    # --- the aggregator ---

    @classmethod
    def query(cls, sql):
        return cls.servers.query(sql, cls.environment["POSTGRES_DB"])

    @classmethod
    def number(cls, sql):
        """The one number that SQL (after SELECT) answers with."""
        return cls.query(f"SELECT {sql} AS n")[0]["n"]

    @classmethod
    def has_table(cls, schema, name):
        return cls.number(f"to_regclass('{schema}.{name}') IS NOT NULL")

    @classmethod
    def lanes(cls):
        return cls.query(f"SELECT record FROM {AGGREGATOR}.telemetra_lanes") if cls.has_table(AGGREGATOR, "telemetra_lanes") else []

    @classmethod
    def is_drained(cls):
        """Everything is decided, and no window is open."""
        records = [lane["record"] for lane in cls.lanes()]
        return harness.accounting_of(records)[0]["consumed"] == cls.count and all(map(is_at_rest, records))

    @classmethod
    def aggregate(cls):
        cls.count = cls.waiting()
        environment = cls.environment | {"POSTGRES_SCHEMA": AGGREGATOR}
        with harness.Telemetra(cls.folder, aggregator_text(cls.pipeline), environment=environment) as aggregator:
            aggregator.address()
            try:
                harness.wait_until(cls.is_drained, "all events decided and all windows final")
            except AssertionError as error:
                raise AssertionError(f"{error}: {cls.lanes()}\n{aggregator.log}") from None
            assert aggregator.stop() == 0, aggregator.log
        cls.accounting = harness.accounting_of(lane["record"] for lane in cls.lanes())[0]

    # --- the job ---

    @classmethod
    def job(cls, schema, *options):
        return Job(cls.folder, cls.environment | {"SPARK_SCHEMA": schema,
                                                  "SPARK_CHECKPOINT": str(cls.folder / f"checkpoint-{schema}")}, *options)

    def check_parity(self, schema, *tables):
        """Every value of the tables; the number of windows."""
        done = subprocess.run([str(PARITY), AGGREGATOR, schema, "--tables", ",".join(tables or DATASETS)],
                              env={**os.environ, **self.environment}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check_accounting(self, schema):
        found = self.query(f"SELECT {', '.join(harness.COUNTS)} FROM {schema}.spark_progress")
        self.assertEqual(found, [self.accounting])


def is_at_rest(record):
    """Whether no event would be read again after a restart: no window is open."""
    for line in record.splitlines():
        words = line.split()
        if words[0] == "input" and words[words.index("next") + 1] != words[words.index("from") + 1]:
            return False
    return True
