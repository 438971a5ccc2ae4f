"""The lifelike mock through the whole pipeline: all it makes is applied, and a killed run is the run it was."""

import json
import pathlib
import random
import tempfile
import time
import unittest

import harness
import test_kill

COUNT = 150_000
KILLS = 6


def in_order(rows):
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


class Mock(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def config(self, name, pipeline=""):
        planted = self.folder / f"{name}.planted"
        source = (f'component = "mock"; streams = 5; realtime = false; start_time = "2026-01-01T00:00:00Z"; '
                  f'count = {COUNT}; episodes = 12; planted_file = "{planted}";')
        database = self.folder / f"{name}.db"
        text = harness.config(database, ["x"], pipeline=pipeline)
        return text.replace('component = "replay"; path = ("x");', source), database, planted

    def test_every_event_is_applied(self):
        text, database, planted = self.config("whole")
        harness.run_to_end(self, self.folder, text)
        sums, _ = harness.accounting(database)
        self.assertEqual(sums, {**dict.fromkeys(harness.COUNTS, 0), "consumed": COUNT, "applied": COUNT})
        moments = [json.loads(line) for line in planted.read_text().splitlines()]
        self.assertEqual({moment["moment_type"] for moment in moments},
                         {"chat_spike", "viewer_surge", "viewer_drop", "donation_burst", "raid", "sentiment_shift"})

    def test_a_killed_run_has_the_rows_and_the_planted_moments_of_a_whole_one(self):
        text, whole, planted = self.config("whole")
        harness.run_to_end(self, self.folder, text)
        chance = random.Random(4)
        text, database, planted_again = self.config("killed", 'flush_interval = "10ms"; queue_batches = 2;')
        landed = 0
        for turn in range(KILLS):
            with harness.Telemetra(self.folder, text) as telemetra:
                goal = COUNT * turn // KILLS + chance.randrange(1, COUNT // KILLS)
                deadline = time.monotonic() + harness.PATIENCE
                while (telemetra.process.poll() is None and time.monotonic() < deadline
                       and test_kill.events_decided(database) < goal):
                    time.sleep(0.002)
                if telemetra.process.poll() is None:
                    telemetra.process.kill()
                    landed += 1
        self.assertGreaterEqual(landed, KILLS // 2, "the run was over before it could be killed")
        harness.run_to_end(self, self.folder, text)
        self.assertEqual(harness.accounting(database)[0], harness.accounting(whole)[0])
        for rows, others in zip(harness.rows_of(database), harness.rows_of(whole)):
            self.assertTrue(in_order(rows) == in_order(others), "rows differ")
        self.assertEqual(planted_again.read_text(), planted.read_text())


if __name__ == "__main__":
    unittest.main()
