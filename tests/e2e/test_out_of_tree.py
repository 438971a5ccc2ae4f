"""A third party's plugin: built against the installed headers alone, loaded from a folder of its own."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import harness

EXAMPLE = harness.ROOT / "tests/abi/example/count_sink.c"


class OutOfTree(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        build = pathlib.Path(harness.BINARY).parents[1]
        self.prefix = self.folder / "prefix"
        subprocess.run(["cmake", "--install", str(build), "--prefix", str(self.prefix)], check=True,
                       stdout=subprocess.DEVNULL)
        plugins = self.folder / "plugins"
        plugins.mkdir()
        flags = os.environ.get("TELEMETRA_SANITIZE_FLAGS", "").split()
        subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *flags, "-shared", "-fPIC", "-I",
                        str(self.prefix / "include"), str(EXAMPLE), "-o", str(plugins / "count.so")], check=True)

    def test_the_example_is_shorter_than_a_hundred_lines(self):
        self.assertLess(len(EXAMPLE.read_text().splitlines()), 100)

    def test_it_counts_the_rows_that_the_checkpoint_has(self):
        events = self.folder / "events.ndjson"
        events.write_text("".join(
            f'{{"topic":"chat","event_id":"{i}","stream_id":"s{i % 3}","timestamp":"2026-01-01T00:{i // 60:02d}:{i % 60:02d}Z"}}\n'
            for i in range(600)) + "not json\n")
        database, counts = self.folder / "rows.db", self.folder / "counts"
        text = harness.config(database, [events]).replace(
            "sinks = ({", f'sinks = ({{ component = "count"; path = "{counts}"; delivery = "required"; }}, {{')
        config = self.folder / "pipeline.cfg"
        config.write_text(text)
        done = subprocess.run([harness.BINARY, "run", "--plugin-dir", str(self.folder / "plugins"), str(config)],
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        counted = {line.split()[0]: int(line.split()[1]) for line in counts.read_text().splitlines()}
        for table in ("windows", "dead_letters"):
            stored = harness.query(database, f"SELECT count(*) AS n FROM {table}")[0]["n"]
            self.assertGreater(stored, 0)
            self.assertEqual(counted[table], stored)


if __name__ == "__main__":
    unittest.main()
