"""What the tests of infra/spark share: one input in Kafka, drained by an aggregator and by the Spark job into two schemas of
one database, sentiment and moments left out."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import harness  # noqa: E402
import roles  # noqa: E402
import servers  # noqa: E402

JOB = ROOT / "infra/spark/run"
PARITY = ROOT / "infra/parity"
SPARK, AGGREGATOR = "spark", "aggregator"
#: A session of Spark takes some ten seconds to start, and a micro-batch is compiled anew.
PATIENCE = 4 * harness.PATIENCE


class ClassCleanups:
    """What tests give to `servers.fresh`, for a class."""

    def __init__(self, of):
        self.addCleanup = of.addClassCleanup


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
                                            env={**os.environ, "SPARK_MASTER": "local[2]", **environment},
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
        """Waits for its end; the exit code."""
        return self.process.wait(PATIENCE)

    def text(self):
        return self.log.read_text(errors="replace")


class Both(unittest.TestCase):
    """Puts one input into Kafka and has both drain it."""

    partitions = 4
    pipeline = 'at_idle = "finish"; idle_timeout = "1s";'

    @classmethod
    def setUpClass(cls):
        if cls is Both:
            raise unittest.SkipTest("what the tests share")
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.servers = servers.shared()
        cls.environment = cls.servers.fresh(ClassCleanups(cls)) | {
            "KAFKA_GROUP_ID": f"test-{cls.__name__}-{cls.folder.name}", "AGGREGATOR_PORT": "0", "API_PORT": "0",
            "PRODUCER_REFUSED_PATH": str(cls.folder / "refused.ndjson"),
            "PRODUCER_CHECKPOINT_PATH": str(cls.folder / "producer.checkpoint"), "CHAT_RETENTION_DAYS": "0",
            "SPARK_SCHEMA": SPARK, "SPARK_CHECKPOINT": str(cls.folder / "checkpoint")}
        cls.produce()
        cls.aggregate()
        cls.drain_with_spark()

    @classmethod
    def run_producer(cls, text):
        text = text.replace("partitions = 12;", f"partitions = {cls.partitions};")
        with harness.Telemetra(cls.folder, text, environment=cls.environment) as producer:
            assert producer.finish() == 0, producer.log

    @classmethod
    def play(cls, path):
        """A recording into Kafka."""
        cls.run_producer(roles.producer(path))

    @classmethod
    def query(cls, sql):
        return cls.servers.query(sql, cls.environment["POSTGRES_DB"])

    @classmethod
    def waiting(cls):
        """Events in Kafka."""
        count = 0
        for topic in servers.TOPICS:
            name = cls.environment[f"KAFKA_TOPIC_{topic.upper()}"]
            for line in cls.servers.kafka("get-offsets", "--topic", name).split():
                count += int(line.rsplit(":", 1)[1])
        return count

    @classmethod
    def lanes(cls):
        if not cls.query(f"SELECT 1 FROM pg_tables WHERE tablename = 'telemetra_lanes' AND schemaname = '{AGGREGATOR}'"):
            return []
        return cls.query(f"SELECT record FROM {AGGREGATOR}.telemetra_lanes")

    @classmethod
    def is_drained(cls):
        """Everything is decided and no window is open: an input's `from` has come to its `next`."""
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

    @classmethod
    def job(cls, *options):
        return Job(cls.folder, cls.environment, "--trigger", "available-now", "--at-idle", "finish", *options)

    @classmethod
    def drain_with_spark(cls):
        with cls.job() as job:
            assert job.finish() == 0, job.text()

    def check_parity(self, *options):
        done = subprocess.run([str(PARITY), AGGREGATOR, SPARK, *options], env={**os.environ, **self.environment},
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


def is_at_rest(record):
    """Whether no event would be read again after a restart: no window is open."""
    for line in record.splitlines():
        words = line.split()
        if words[0] == "input" and words[words.index("next") + 1] != words[words.index("from") + 1]:
            return False
    return True
