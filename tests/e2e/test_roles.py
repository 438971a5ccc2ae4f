"""Producer, Kafka, aggregator, PostgreSQL, Redis and API: every row and answer is the oracle's and the standalone role's."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import harness
import roles
import servers

#: Whether a silent stream is live is judged by the last event of its input: with Kafka, of its partition.
OF_CLOCKS = "is_live"
#: The oracle knows no scores; what comes of them is compared with the standalone role.
OF_SCORES = ("sentiment", "positive_count", "negative_count", "slide_scored_count", "slide_sentiment_sum")


class Roles(unittest.TestCase):
    """Plays one input through the roles, once, and through the standalone role."""

    settings = "idle_timeout = \"2s\";"  # of both pipelines
    oracle_options = ()

    @classmethod
    def setUpClass(cls):
        if cls is Roles:
            raise unittest.SkipTest("what the tests share")
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.input = cls.make_input()
        cls.expected = harness.oracle(cls.folder / "oracle", [cls.input], *cls.oracle_options)
        cls.known = json.loads((cls.expected / "out.json").read_text())["accounting"]
        cls.row_count = len((cls.expected / "rows.ndjson").read_bytes().splitlines())
        cls.servers = servers.shared()
        cls.environment = cls.servers.fresh(servers.ClassCleanups(cls)) | {
            "KAFKA_GROUP_ID": f"test-{cls.__name__}-{cls.folder.name}", "AGGREGATOR_PORT": "0", "API_PORT": "0",
            "PRODUCER_REFUSED_PATH": str(cls.folder / "refused.ndjson"),
            "PRODUCER_CHECKPOINT_PATH": str(cls.folder / "producer.checkpoint"), "CHAT_RETENTION_DAYS": "0"}
        cls.produce()
        cls.aggregate()
        cls.stand_alone()

    @classmethod
    def run_role(cls, text):
        return cls.enterClassContext(harness.Telemetra(cls.folder, text, environment=cls.environment))

    @classmethod
    def produce(cls):
        with harness.Telemetra(cls.folder, roles.producer(cls.input), environment=cls.environment) as producer:
            assert producer.finish() == 0, producer.log
        path = cls.folder / "refused.ndjson"
        cls.refused = len(path.read_bytes().splitlines()) if path.exists() else 0

    @classmethod
    def aggregate(cls):
        text = roles.text_of("aggregator", roles.pipeline("telemetra", f'at_idle = "finish"; {cls.settings}'))
        with harness.Telemetra(cls.folder, text, environment=cls.environment) as aggregator:
            aggregator.address()
            try:
                harness.wait_until(cls.is_all_final, "all events decided and all windows final")
            except AssertionError as error:
                raise AssertionError(f"{error}: {cls.progress()}\n{aggregator.log}") from None
            assert aggregator.stop() == 0, aggregator.log

    @classmethod
    def query(cls, sql):
        return cls.servers.query(sql, cls.environment["POSTGRES_DB"])

    @classmethod
    def accounting(cls):
        return harness.accounting_of(lane["record"] for lane in cls.query("SELECT record FROM telemetra_lanes"))[0]

    @classmethod
    def progress(cls):
        count = cls.query("SELECT count(*) AS n FROM windows")[0]["n"]
        return f"{count} of {cls.row_count} windows, {cls.accounting()} of {cls.known}, {cls.refused} refused"

    @classmethod
    def is_all_final(cls):
        if not cls.query("SELECT 1 FROM pg_tables WHERE tablename = 'telemetra_lanes'"):
            return False
        if cls.accounting()["consumed"] != cls.known["consumed"] - cls.refused:
            return False
        return cls.query("SELECT count(*) AS n FROM windows")[0]["n"] >= cls.row_count

    @classmethod
    def stand_alone(cls):
        cls.database = cls.folder / "standalone.db"
        text = roles.text_of("aggregator", roles.pipeline("telemetra", f'at_idle = "finish"; {cls.settings}'))
        for component in ("kafka", "postgres", "redis"):
            text = roles.without(text, component)
        text = roles.with_usual_topics(text)
        text = text.replace("sources = ()", f'sources = ({{ component = "replay"; path = "{cls.input}"; }})')
        text = text.replace("sinks = ()", f'sinks = ({{ component = "sqlite"; path = "{cls.database}"; }})')
        text = text[:text.index("frontends = (")]
        with harness.Telemetra(cls.folder, text, environment=cls.environment) as standalone:
            assert standalone.finish() == 0, standalone.log

    def check_equality(self):
        windows = [harness.window_row(row) for row in self.query("SELECT * FROM windows")]
        streams = [harness.stream_row(row) for row in self.query("SELECT * FROM streams")]
        harness.compare_rows(self, self.expected, windows, streams, self.folder, ignore=(*OF_SCORES, OF_CLOCKS))
        alone, alone_streams = harness.rows_of(self.database)
        self.assertEqual(sorted_rows(windows), sorted_rows(alone))
        self.assertEqual(*(sorted_rows(without_clocks(rows)) for rows in (streams, alone_streams)))
        self.assertEqual(self.query("SELECT count(*) AS n FROM telemetra_rejects"), [{"n": 0}])

    def check_sketches(self):
        for row, other in zip(self.query("SELECT slide_chatters AS bytes FROM windows ORDER BY stream_id, window_end"),
                              harness.query(self.database,
                                            "SELECT slide_chatters AS bytes FROM windows ORDER BY stream_id, window_end"),
                              strict=True):
            self.assertEqual(bytes.fromhex(row["bytes"].removeprefix("\\x")), other["bytes"])

    def check_accounting(self):
        sums = self.accounting()
        sums["consumed"] += self.refused
        sums["dead_lettered"] += self.refused
        self.assertEqual(sums, {name: self.known[name] for name in harness.COUNTS})
        self.assertEqual(sums["consumed"],
                         sums["applied"] + sums["duplicate"] + sums["late"] + sums["dead_lettered"])

    def check_api(self):
        """The API over PostgreSQL and Redis answers as the one over SQLite does."""
        alone = f"""
            listen = {{ port = 0; }};
            stores = ({{ component = "sqlite"; path = "{self.database}"; }});
            frontends = ({{ component = "rest"; }});
        """
        folders = [self.folder / name for name in ("alone", "api")]
        for folder in folders:
            folder.mkdir()
        with harness.Telemetra(folders[0], alone) as other, \
                harness.Telemetra(folders[1], roles.text_of("api"), environment=self.environment) as api:
            bases = (other.address(), api.address())
            pages = [sorted_rows(without_clocks(harness.get(base + "/api/v1/streams?limit=500")[1])) for base in bases]
            self.assertEqual(pages[0], pages[1])
            self.assertEqual(len(pages[0]), min(500, len(self.query("SELECT 1 FROM streams"))))
            for stream in pages[0][:40]:
                name = harness.quote(stream["stream_id"])
                for path in ("metrics?limit=1", "metrics?limit=1000", "moments?limit=200"):
                    self.both(bases, f"/api/v1/streams/{name}/{path}")
            status, health = harness.get(bases[1] + "/api/v1/health")
            self.assertEqual((status, health["status"], health["database"], health["redis"]), (200, "ok", "ok", "ok"))

    def both(self, bases, path):
        answers = [harness.get(base + path) for base in bases]
        self.assertEqual(answers[0], answers[1], path)
        return answers[0][1]


def without_clocks(rows):
    return [{name: value for name, value in row.items() if name != OF_CLOCKS} for row in rows]


def sorted_rows(rows):
    return sorted(rows, key=lambda row: (row["stream_id"], row.get("window_start", "")))


class Recorded(Roles):
    """The recorded chat: nothing of it is late, however it is cut up."""

    @classmethod
    def make_input(cls):
        return harness.recorded_file()

    def test_every_row_is_the_oracles_and_the_standalone_roles(self):
        self.check_equality()

    def test_sketches_are_the_same_bytes(self):
        self.check_sketches()

    def test_every_event_is_accounted_for(self):
        self.check_accounting()

    def test_the_api_answers_the_same(self):
        self.check_api()


class Adversarial(Roles):
    """
    The generated input that meets and exceeds every bound. What is late depends on what is one input, and with Kafka that
    is each partition: so with a lateness of a week, and without the events that are later than that.
    """

    settings = 'idle_timeout = "2s"; allowed_lateness = "7d";'
    oracle_options = ("--lateness", "604800")

    @classmethod
    def make_input(cls):
        full, known = cls.folder / "full.ndjson", cls.folder / "known.json"
        subprocess.run([sys.executable, str(harness.ORACLE / "adversarial.py"), "--out", str(full), "--known", str(known)],
                       check=True, stdout=subprocess.DEVNULL)
        verdicts = cls.folder / "verdicts.ndjson"
        harness.oracle(cls.folder / "late", [full], *cls.oracle_options, "--verdicts", str(verdicts))
        late = {verdict["line"] for verdict in map(json.loads, verdicts.read_text().splitlines())
                if verdict["outcome"] == "late"}
        path = cls.folder / "adversarial.ndjson"
        with full.open("rb") as source, path.open("wb") as out:
            out.writelines(line for number, line in enumerate(source, 1) if number not in late)
        return path

    def test_every_row_is_the_oracles_and_the_standalone_roles(self):
        self.check_equality()

    def test_sketches_are_the_same_bytes(self):
        self.check_sketches()

    def test_every_event_is_accounted_for(self):
        self.check_accounting()

    def test_the_api_answers_the_same(self):
        self.check_api()


if __name__ == "__main__":
    unittest.main()
