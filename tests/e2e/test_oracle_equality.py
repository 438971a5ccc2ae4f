"""Every value of every row is the oracle's, however the work is cut up."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import harness


class Equality(unittest.TestCase):
    """Runs one input with several lanes and batch sizes and compares each database with the oracle."""

    oracle_options = ()
    run_options = {}
    before = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.inputs = cls.make_inputs()
        cls.expected = harness.oracle(cls.folder / "oracle", cls.inputs, *cls.oracle_options)
        cls.known = json.loads((cls.expected / "out.json").read_text())

    def check(self, lanes, batch):
        name = f"{lanes}-{batch}"
        folder = self.folder / name
        folder.mkdir()
        database = folder / "rows.db"
        config = harness.config(database, self.inputs, lanes=lanes, batch=batch, before=self.before)
        harness.run_to_end(self, folder, config, **self.run_options)
        harness.compare(self, self.expected, database, folder)
        sums, _ = harness.accounting(database)
        self.assertEqual(sums, {name: self.known["accounting"][name] for name in harness.COUNTS})
        lines = sorted(row["line"] for row in harness.query(database, "SELECT line FROM dead_letters"))
        self.assertEqual(lines, sorted(letter["line"] for letter in self.known["dead_letters"]))
        return database


class Adversarial(Equality):
    """The generated input that meets and exceeds every bound, with known outcome."""

    @classmethod
    def make_inputs(cls):
        path, known = cls.folder / "adversarial.ndjson", cls.folder / "known.json"
        subprocess.run([sys.executable, str(harness.ORACLE / "adversarial.py"), "--out", str(path), "--known", str(known)],
                       check=True, stdout=subprocess.DEVNULL)
        cls.built = json.loads(known.read_text())
        return [path]

    def test_oracle_accounts_for_it_as_it_was_built(self):
        for name in harness.COUNTS:
            self.assertEqual(self.known["accounting"][name], self.built[name], name)

    def test_one_lane(self):
        self.check(1, 1024)

    def test_two_lanes(self):
        self.check(2, 1024)

    def test_eight_lanes(self):
        self.check(8, 1024)

    def test_batches_of_one(self):
        self.check(2, 1)

    def test_batches_of_4096(self):
        self.check(8, 4096)

    def test_tables_are_identical_whatever_the_lanes_and_batches(self):
        """To the byte, estimates and sketches of chatters included."""
        first = harness.digest(self.check(1, 97))
        self.assertEqual(first, harness.digest(self.check(8, 1000)))


class Scored(Adversarial):
    """The same with a score for each message: means, counts and bounds of sentiment, by a processor from outside."""

    oracle_options = ("--length-scores",)
    before = '{ component = "length_score"; },'

    @classmethod
    def make_inputs(cls):
        cls.run_options = {"plugins": harness.build_example("length_score", cls.folder / "plugins")}
        return super().make_inputs()

    def test_scores_are_of_both_signs_and_absent(self):
        rows = [json.loads(line) for line in (self.expected / "rows.ndjson").read_text().splitlines()]
        for count in ("positive_count", "negative_count"):
            self.assertTrue(any(row[count] for row in rows))
        self.assertTrue(any(row["sentiment"] is None for row in rows))
        self.assertTrue(any(row["sentiment"] and row["sentiment"].startswith("-") for row in rows))


class Recorded(Equality):
    """The recorded chat."""

    @classmethod
    def make_inputs(cls):
        return [harness.recorded_file()]

    def test_all_events_are_consumed(self):
        self.assertEqual(self.known["accounting"]["consumed"], 285_789)

    def test_one_lane(self):
        self.check(1, 1024)

    def test_two_lanes(self):
        self.check(2, 4096)

    def test_eight_lanes(self):
        self.check(8, 1024)

    def test_batches_of_one(self):
        self.check(1, 1)

    def test_tables_are_identical_whatever_the_lanes_and_batches(self):
        first = harness.digest(self.check(1, 333))
        self.assertEqual(first, harness.digest(self.check(8, 4095)))


if __name__ == "__main__":
    unittest.main()
