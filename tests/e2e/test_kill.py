"""kill -9 at random points loses nothing and repeats nothing."""

import json
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

import harness
import test_inputs

KILLS = 20


def events_decided(database):
    """How many records the checkpoint says are decided; 0 before there is one."""
    if not database.exists():
        return 0
    try:
        return harness.accounting(database)[0]["consumed"]
    except sqlite3.OperationalError:  # the table is not there yet
        return 0


class Kill(unittest.TestCase):
    def kill_and_restart(self, inputs, lanes, seed, more_sources="", pipeline="", batch=64):
        """Kills KILLS times. A run that came to its end before (this process had to wait for a processor) is one of the results,
        and the next begins from nothing: (folder, databases)."""
        chance = random.Random(seed)
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        databases = [folder / "rows-0.db"]

        def text_of(database):
            # Small batches, queues and flushes: many places to be killed at.
            text = harness.config(database, inputs, lanes=lanes, batch=batch,
                                  pipeline='flush_interval = "10ms"; queue_batches = 2; stop_timeout = "30s";' + pipeline)
            return text.replace("sources = (", f"sources = ({more_sources}")

        for _ in range(KILLS):
            while not self.kill_one(folder, text_of(databases[-1]), databases[-1], chance):
                self.assertLess(len(databases), KILLS, "the runs are over before they can be killed")
                databases.append(folder / f"rows-{len(databases)}.db")
        harness.run_to_end(self, folder, text_of(databases[-1]))
        return folder, databases

    def kill_one(self, folder, text, database, chance):
        """Starts, and kills at a random point; False: it came to its end before."""
        with harness.Telemetra(folder, text) as telemetra:
            goal = events_decided(database) + chance.randrange(1, 4000)
            deadline = time.monotonic() + chance.uniform(0.02, 1.5)
            while telemetra.process.poll() is None and time.monotonic() < deadline and events_decided(database) < goal:
                time.sleep(0.002)
            telemetra.process.kill()
            code = telemetra.finish()
            self.assertIn(code, (0, -9), telemetra.log)
            return code == -9

    def check(self, inputs, lanes, seed, **options):
        folder, databases = self.kill_and_restart(inputs, lanes, seed, **options)
        expected = harness.oracle(folder / "oracle", inputs)
        known = json.loads((expected / "out.json").read_text())
        for database in databases:
            harness.compare(self, expected, database, folder)
            sums, _ = harness.accounting(database)
            self.assertEqual(sums, {name: known["accounting"][name] for name in harness.COUNTS})
            lines = sorted(row["line"] for row in harness.query(database, "SELECT line FROM dead_letters"))
            self.assertEqual(lines, sorted(letter["line"] for letter in known["dead_letters"]))

    def adversarial(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        path = folder / "adversarial.ndjson"
        subprocess.run([sys.executable, str(harness.ORACLE / "adversarial.py"), "--out", str(path), "--known",
                        str(folder / "known.json")], check=True, stdout=subprocess.DEVNULL)
        return path

    def test_adversarial_input_one_lane(self):
        self.check([self.adversarial()], 1, 1)

    def test_adversarial_input_eight_lanes(self):
        self.check([self.adversarial()], 8, 2)

    def test_flushes_for_want_of_room(self):
        """A batch has rows of many watermarks here, and a flush may come before the lane's own has reached the last."""
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "events"
        path.write_text("".join(test_inputs.lines(60_000)))
        self.check([path], 1, 5, batch=1024, pipeline="flush_rows = 3;")

    def test_two_sources_in_time_order_three_lanes(self):
        """Each source is read again from a place of its own, and the rows are still those of their merge."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        events = test_inputs.lines(60_000)
        first, second, merged = folder / "first", folder / "second", folder / "merged"
        first.write_text("".join(events[0::2]))
        second.write_text("".join(events[1::2]))
        merged.write_text("".join(events))
        run_folder, databases = self.kill_and_restart(
            [first], 3, 4, f'{{ component = "replay"; name = "other"; path = "{second}"; }},')
        expected = harness.oracle(run_folder / "oracle", [merged])
        for database in databases:
            harness.compare(self, expected, database, run_folder)
            sums, _ = harness.accounting(database)
            self.assertEqual((sums["consumed"], sums["applied"]), (60_000, 60_000))

    def test_recorded_chat_two_lanes(self):
        self.check([harness.recorded_file()], 2, 3)


if __name__ == "__main__":
    unittest.main()
