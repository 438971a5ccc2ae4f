"""The Spark job's rows are the aggregator's, value by value, after a kill too, and an API serves either schema."""

import json
import unittest

import lab
from lab import harness, roles

MOCK = {"streams": 12, "rate": 5, "count": 60_000, "realtime": "false", "seed": 7}
#: After the recorded chat has ended: an input's times go on, so that nothing is late.
MOCK_START = '"2026-06-01T00:00:00Z"'


def without_redis(text):
    return roles.without(text, "redis")


def event(number, **fields):
    """A valid chat event of the time after the mock's."""
    return {"event_id": f"e{number}", "timestamp": f"2026-06-02T00:00:{number:02}Z", "stream_id": "edge", "user_id": "u",
            "message": "hi", **fields}


def edges():
    """Duplicates and dead letters of many kinds, by topic."""
    valid = event(1)
    chat = [valid, valid, event(2, channel="edge", stream_id=None), event(3, timestamp="2026-06-02T02:00:03.000000001+02:00"),
            event(4, timestamp=1780358404000), event(5, user_id="", username="name"), event(6, emotes=["b", "a", "a"]),
            event(7, emotes=[]), event(8, stream_id=None), event(9, timestamp="yesterday"), event(10, timestamp=None),
            event(11, emotes=["x" * 256]), event(12, event_id="x" * 129), event(13, event_id=None, message_id="m13"),
            event(14, timestamp="2999-06-02T00:00:14Z"), event(15, emotes="Kappa"), event(16, username="x" * 256)]
    viewer = [event(20, viewer_count=5), event(20, viewer_count=5), event(21, viewer_count=-1), event(22),
              event(23, viewer_count=2.5), event(24, viewer_count=7), event(25, viewer_count="8")]
    money = {"transaction_type": "tip", "transaction_id": "t"}
    transactions = [event(30, **money, amount="1.10"), event(31, **money, amount=-0.1, currency="EUR"),
                    event(32, **money, amount="1.0000000001"), event(33, **money, amount="1e2"), event(34, **money),
                    event(35, transaction_type="bits", amount=100), event(36, transaction_type="bits", amount=1.5),
                    event(37, **money, amount=1, currency="usd"), event(38, transaction_type="gift_sub", gift_count=5),
                    event(39, **money, amount="1.10"), event(39, **money, amount="1.10")]
    meta = [event(40, event_type="title_change", new_title="new", title="old"), event(41, event_type="stream_start"),
            event(41, event_type="stream_start"), event(42, event_type="stream_end"), event(43, event_type="unheard_of")]
    texts = {topic: [("edge", json.dumps(each)) for each in events]
             for topic, events in (("chat", chat), ("viewer", viewer), ("transactions", transactions), ("stream_meta", meta))}
    broken = ["", "{", "[]", "null", "7", json.dumps(valid) + "x", '{"event_id": "e50"', json.dumps(event(51))[:-1] + ',"x":01}']
    texts["chat"] += [("edge", text) for text in broken]
    # Where a key of somebody else's puts them.
    texts["chat"] += [(key, json.dumps(event(60 - at, event_id=f"at {key}"))) for at, key in enumerate("abcdefgh", 1)]
    return texts


class Everything(lab.Drained):
    """The recorded chat, where it is at hand, and mock streams with viewers, transactions and stream_meta: in one run."""

    @classmethod
    def produce(cls):
        try:
            cls.play(harness.recorded_file())
            cls.has_recorded = True
        except unittest.SkipTest:
            cls.has_recorded = False
        cls.mock(start_time=MOCK_START, **MOCK)
        for topic, records in edges().items():
            cls.say(topic, *records)

    @classmethod
    def aggregate(cls):
        super().aggregate()
        with cls.job("spark", "--trigger", "available-now", "--at-idle", "finish") as job:
            job.finish()

    def test_the_input_has_all_that_is_to_be_compared(self):
        for column in ("message_count", "viewer_last", "transaction_count", "bits", "slide_viewer_sum", "unique_chatters"):
            with self.subTest(column):
                self.assertGreater(self.number(f"(SELECT count(*) FROM aggregator.windows WHERE {column} > 0)"), 1000)
        for column in ("top_emotes::text <> '[]'", "amounts::text <> '{}'", "length(slide_chatters) > 1"):
            with self.subTest(column):
                self.assertGreater(self.number(f"(SELECT count(*) FROM aggregator.windows WHERE {column})"), 1000)
        self.assertGreaterEqual(self.number("(SELECT count(title) FROM aggregator.streams)"), 12)

    def test_every_value_is_the_aggregators(self):
        self.check_parity("spark")

    def test_every_event_is_accounted_for_as_by_the_aggregator(self):
        self.check_accounting("spark")

    def test_the_recorded_chat_was_there(self):
        if not self.has_recorded:
            harness.recorded_file()

    def test_an_api_serves_either_schema_alike(self):
        folders = [self.folder / f"api-{schema}" for schema in (lab.AGGREGATOR, "spark")]
        for folder in folders:
            folder.mkdir()
        text = without_redis(roles.text_of("api"))
        with harness.Telemetra(folders[0], text, environment=self.environment | {"POSTGRES_SCHEMA": lab.AGGREGATOR}) as one, \
                harness.Telemetra(folders[1], text, environment=self.environment | {"POSTGRES_SCHEMA": "spark"}) as other:
            bases = (one.address(), other.address())
            streams = self.both(bases, "/api/v1/streams?limit=500")
            self.assertEqual(len(streams), self.number("(SELECT count(*) FROM aggregator.streams)"))
            rows = 0
            for stream in streams:
                path = f"/api/v1/streams/{harness.quote(stream['stream_id'])}/metrics"
                rows += len(self.both(bases, path + "?limit=1000"))
                self.both(bases, path + "?limit=1")
            self.assertGreater(rows, 1000)

    def both(self, bases, path):
        answers = [harness.get(base + path) for base in bases]
        self.assertEqual(answers[0][0], 200, answers[0])
        self.assertEqual(*answers, path)
        return answers[0][1]


class Killed(lab.Drained):
    """The job as it runs in the stack, micro-batch after micro-batch, and it is killed in the middle of them."""

    @classmethod
    def produce(cls):
        cls.mock(start_time=MOCK_START, **MOCK)

    @classmethod
    def live(cls):
        return cls.job("spark", "--trigger", "500 milliseconds", "--at-idle", "finish", "--idle-timeout", "2", "--max-events",
                       "12000")

    def batch(self):
        if not self.has_table("spark", "spark_progress"):
            return -1
        return self.number("coalesce((SELECT batch FROM spark.spark_progress), -1)")

    def has_new_rows(self):
        """Tasks have written, and no transaction has taken it over yet."""
        return self.batch() >= 1 and self.number("(SELECT count(*) FROM spark.spark_new_windows)") > 0

    def has_everything(self):
        return self.number("(SELECT consumed FROM spark.spark_progress)") == self.count and \
            self.number("(SELECT count(*) FROM spark.windows) >= (SELECT count(*) FROM aggregator.windows)")

    def test_a_job_that_is_killed_and_started_again_leaves_the_same_rows(self):
        with self.live() as job:
            job.wait_until(lambda: self.batch() >= 0, "a micro-batch")
            job.kill()
        self.assertLess(self.number("(SELECT consumed FROM spark.spark_progress)"), self.count, "it was killed too late")
        with self.live() as job:
            job.wait_until(self.has_new_rows, "rows of a micro-batch that is not committed")
            job.kill()
        self.assertLess(self.number("(SELECT consumed FROM spark.spark_progress)"), self.count, "it was killed too late")
        with self.live() as job:
            job.wait_until(self.has_everything, "everything is final")
            job.stop()
        self.check_parity("spark")
        self.check_accounting("spark")


if __name__ == "__main__":
    unittest.main()
