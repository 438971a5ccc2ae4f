"""Moments from the input alone: the same table with any lanes, batches and kills, and what was planted is in it."""

import json
import math
import pathlib
import random
import re
import tempfile
import time
import unittest

import harness
from test_kill import events_decided

START = 1_767_225_600  # 2026-01-01
STREAMS = 6
MINUTES = 45
SENTIMENT = pathlib.Path(harness.BINARY).resolve().parents[1] / "lib/telemetra/sentiment.so"


def planted(index):
    """(kind, second it begins, seconds it lasts) of a stream."""
    kinds = ("chat_spike", "viewer_surge", "donation_burst", "raid", "viewer_drop", "chat_spike")
    return [(kinds[(index + i) % len(kinds)], 600 + 600 * i + 37 * index, 40) for i in range(3)]


def events(seed):
    """Lines of all four kinds, a few seconds out of order."""
    chance = random.Random(seed)
    out = []

    def put(second, topic, stream, **fields):
        instant = START + second
        text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(instant))) + f".{int(instant * 1000) % 1000:03}Z"
        event = {"topic": topic, "event_id": f"e{len(out)}", "timestamp": text, "stream_id": stream, **fields}
        out.append((second + chance.uniform(0, 4), json.dumps(event)))

    for index in range(STREAMS):
        stream, rate, crowd = f"stream_{index}", 0.4 * (index + 1), 150 * (index + 1)
        for second in range(60 * MINUTES):
            now = [kind for kind, begin, span in planted(index) if begin <= second < begin + span]
            wave = rate * (1 + 0.3 * math.sin(second / 170)) * (7 if "chat_spike" in now else 1)
            for _ in range(int(chance.expovariate(1) * wave + chance.random())):
                put(second + chance.random(), "chat", stream, user_id=f"u{chance.randrange(400)}",
                    message=chance.choice(("nice", "what a play", "lol", "no way", "love it", "bad luck")))
            if second % 20 == 0:
                viewers = crowd + chance.randrange(9) + (crowd if "viewer_surge" in now else 0)
                put(second, "viewer", stream, viewer_count=viewers // (3 if "viewer_drop" in now else 1))
            if second % 97 == index:
                put(second, "transactions", stream, transaction_type="donation", amount="5", currency="USD")
            for kind, begin, _ in planted(index):
                if second == begin and kind == "donation_burst":
                    put(second, "transactions", stream, transaction_type="gift_sub",
                        gift_count=(5, 20)[index % 2], amount=("24.95", "99.80")[index % 2])
                if second == begin and kind == "raid":
                    put(second, "stream_meta", stream, event_type="raid_incoming",
                        raid_data={"from_channel": "friend", "viewer_count": 50 + index})
    return [line + "\n" for _, line in sorted(out)]


def config(database, inputs, **options):
    """A replay pipeline with moments; with sentiment where that is built."""
    sentiment = '{ component = "sentiment"; }, ' if SENTIMENT.exists() else ""
    text, count = re.subn(r'processors = \(.*\);', f'processors = ({sentiment}{{ component = "window"; }}, '
                          '{ component = "moments"; });', harness.config(database, inputs, **options))
    assert count == 1
    return text


def moments(database):
    """The table, each value as it is stored."""
    rows = harness.query(database, "SELECT * FROM moments ORDER BY stream_id, peak_at, moment_id")
    return [tuple(row.items()) for row in rows]


class Moments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.input = cls.folder / "events.ndjson"
        lines = events(1)
        cls.event_count = len(lines)
        cls.input.write_text("".join(lines))
        cls.database = cls.folder / "whole.db"
        harness.run_to_end(cls(), cls.folder, config(cls.database, [cls.input]))
        cls.expected = moments(cls.database)

    def test_what_was_planted_is_found(self):
        rows = harness.query(self.database, "SELECT * FROM moments")
        for index in range(STREAMS):
            for kind, begin, span in planted(index):
                found = [row for row in rows if row["stream_id"] == f"stream_{index}" and row["moment_type"] == kind
                         and begin - 10 <= row["peak_at"] / harness.NS - START <= begin + span + 80]
                self.assertEqual(len(found), 1, (index, kind, begin))
                self.assertLessEqual(abs(found[0]["started_at"] / harness.NS - START - begin), 30, found[0])
        wrong = len(rows) - 3 * STREAMS
        self.assertLessEqual(wrong, 3, rows)

    def test_rows_are_whole(self):
        for row in harness.query(self.database, "SELECT * FROM moments"):
            self.assertRegex(row["moment_id"], "^[0-9a-f]{32}$")
            self.assertTrue(row["description"].endswith("."), row)
            self.assertIsInstance(json.loads(row["metadata"]), dict)
            self.assertLess(0.3, row["severity"], row)
            self.assertGreaterEqual(abs(row["z_score"]), row["threshold"])
            self.assertLessEqual(row["started_at"], row["peak_at"])

    def test_lanes_and_batches_change_nothing(self):
        for lanes, batch in ((2, 1024), (8, 64), (1, 1), (3, 2048)):
            with self.subTest(lanes=lanes, batch=batch):
                database = self.folder / f"lanes-{lanes}-{batch}.db"
                harness.run_to_end(self, self.folder, config(database, [self.input], lanes=lanes, batch=batch))
                self.assertEqual(moments(database), self.expected)

    def test_kills_change_nothing(self):
        for lanes, seed in ((1, 5), (2, 6), (8, 7)):
            with self.subTest(lanes=lanes):
                self.kill_and_compare(lanes, random.Random(seed))

    def kill_and_compare(self, lanes, chance):
        database = self.folder / f"kills-{lanes}.db"
        # Paced, so that it is not over before the last kill.
        text = config(database, [self.input], lanes=lanes, batch=64, source="speed = 2000;",
                      pipeline='flush_interval = "10ms"; queue_batches = 2; stop_timeout = "30s";')
        landed = 0
        for _ in range(15):
            with harness.Telemetra(self.folder, text) as telemetra:
                goal = events_decided(database) + chance.randrange(1, self.event_count // 15)
                deadline = time.monotonic() + 10
                while (telemetra.process.poll() is None and time.monotonic() < deadline
                       and events_decided(database) < goal):
                    time.sleep(0.002)
                if telemetra.process.poll() is None:
                    telemetra.process.kill()
                    landed += 1
        self.assertGreaterEqual(landed, 8, "the run was over before it could be killed")
        harness.run_to_end(self, self.folder, text)
        self.assertEqual(moments(database), self.expected)

    def test_other_settings_are_refused_for_a_checkpoint(self):
        database = self.folder / "settings.db"
        harness.run_to_end(self, self.folder, config(database, [self.input]))
        text = config(database, [self.input]).replace('"moments"; }', '"moments"; threshold = 4.0; }')
        with harness.Telemetra(self.folder, text) as telemetra:
            self.assertNotEqual(telemetra.finish(), 0)
            self.assertIn("threshold=", telemetra.log)


if __name__ == "__main__":
    unittest.main()
