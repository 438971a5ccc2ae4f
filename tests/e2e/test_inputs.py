"""Inputs of every form, one or several, and what stands in for those that are idle."""

import gzip
import json
import os
import pathlib
import pty
import random
import sqlite3
import subprocess
import tempfile
import time
import unittest

import harness

START = 1_767_225_600  # 2026-01-01T00:00:00Z


def line(number, second, stream):
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + int(second))) + f".{int(second % 1 * 1000):03d}Z"
    if number % 10 == 0:
        return json.dumps({"topic": "viewer", "event_id": str(number), "stream_id": stream, "timestamp": when,
                           "viewer_count": number % 977}) + "\n"
    return json.dumps({"topic": "chat", "event_id": str(number), "stream_id": stream, "timestamp": when,
                       "user_id": f"u{number % 83}", "message": "hi", "emotes": ["Kappa"] * (number % 3)}) + "\n"


def lines(count, seed=1):
    """Events of five streams in time order, ten a second."""
    chance = random.Random(seed)
    return [line(number, number / 10, f"s{chance.randrange(5)}") for number in range(count)]


class Inputs(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.folder / "rows.db"

    def write(self, name, content):
        path = self.folder / name
        path.write_text("".join(content))
        return path

    def equal_to_oracle(self, inputs):
        harness.compare(self, harness.oracle(self.folder / "oracle", inputs), self.database, self.folder)

    def test_several_files_are_one_input(self):
        events = lines(3000)
        paths = [self.write("a", events[:1000]), self.write("b", events[1000:1001]), self.write("c", events[1001:])]
        harness.run_to_end(self, self.folder, harness.config(self.database, paths, batch=64))
        self.equal_to_oracle(paths)

    def test_gzip_is_read_like_plain_text(self):
        path = self.folder / "events.ndjson.gz"
        with gzip.open(path, "wt") as out:
            out.writelines(lines(3000))
        harness.run_to_end(self, self.folder, harness.config(self.database, [path]))
        self.equal_to_oracle([path])

    def test_standard_input_is_an_input(self):
        path = self.write("events", lines(3000))
        with path.open("rb") as stdin:
            harness.run_to_end(self, self.folder, harness.config(self.database, ["-"]), stdin=stdin)
        self.equal_to_oracle([path])

    def test_two_sources_in_time_order_give_the_rows_of_their_merge(self):
        """The lane's watermark is that of the input furthest behind, so nothing is late however they are read."""
        events = lines(4000)
        first = self.write("a", events[0::2])
        second = self.write("b", events[1::2])
        merged = self.write("merged", events)
        text = harness.config(self.database, [first], batch=16, lanes=2).replace(
            "sources = (", f'sources = ({{ component = "replay"; name = "other"; path = "{second}"; }},')
        harness.run_to_end(self, self.folder, text)
        self.assertEqual(harness.accounting(self.database)[0]["applied"], 4000)
        self.equal_to_oracle([merged])

    def test_an_empty_input_beside_a_full_one_holds_nothing_up(self):
        path = self.write("a", lines(1000))
        empty = self.write("empty", [])
        text = harness.config(self.database, [path]).replace(
            "sources = (", f'sources = ({{ component = "replay"; name = "other"; path = "{empty}"; }},')
        harness.run_to_end(self, self.folder, text)
        self.equal_to_oracle([path])

    def rows_in(self, where="1"):
        try:
            return harness.query(self.database, f"SELECT count(*) AS n FROM windows WHERE {where}")[0]["n"]
        except sqlite3.OperationalError:  # no table yet
            return -1

    def test_with_all_inputs_idle_the_clock_makes_windows_final(self):
        path = self.write("events", [line(1, 0, "s")])
        text = harness.config(self.database, [path], source="follow = true;", window='duration = "2s"; slide = "1s";',
                              pipeline='idle_timeout = "100ms"; allowed_lateness = "500ms"; flush_interval = "50ms";')
        with harness.Telemetra(self.folder, text.replace('at_idle = "finish"', 'at_idle = "clock"')) as telemetra:
            harness.wait_until(lambda: self.rows_in() == 2, "both windows of the one event are final")
            with path.open("a") as more:
                more.write(line(2, 3600, "s"))
            harness.wait_until(lambda: self.rows_in() == 4, "the input goes on, and so does the clock")
            self.assertEqual(telemetra.stop(), 0, telemetra.log)

    def test_at_idle_finish_makes_all_final_and_later_events_still_count(self):
        path = self.write("events", lines(100))
        text = harness.config(self.database, [path], source="follow = true;", pipeline='idle_timeout = "100ms";')
        with harness.Telemetra(self.folder, text) as telemetra:
            harness.wait_until(lambda: self.rows_in() > 0, "windows are final")
            before = self.rows_in()
            with path.open("a") as more:
                more.writelines(line(number, 3600 + number, "s0") for number in range(1000, 1010))
            harness.wait_until(lambda: self.rows_in() > before, "windows after the pause are final too")
            self.assertEqual(telemetra.stop(), 0, telemetra.log)
        self.assertEqual(harness.accounting(self.database)[0]["applied"], 110)

    def test_a_finished_run_started_again_reads_nothing_twice(self):
        path = self.write("events", lines(1000))
        text = harness.config(self.database, [path], lanes=3)
        harness.run_to_end(self, self.folder, text)
        first = harness.digest(self.database)
        harness.run_to_end(self, self.folder, text)
        self.assertEqual(harness.digest(self.database), first)
        self.assertEqual(harness.accounting(self.database)[0]["consumed"], 1000)

    def test_a_stream_that_is_live_at_the_end_stays_so_when_the_run_is_started_again(self):
        """The end of a replay judges by the highest timestamp, 870 s after the first event, not by the watermark."""
        path = self.write("events", [line(1, 0, "early"), line(2, 870, "late")])
        text = harness.config(self.database, [path])
        for _ in range(2):
            harness.run_to_end(self, self.folder, text)
            live = harness.query(self.database, "SELECT stream_id FROM streams WHERE is_live ORDER BY stream_id")
            self.assertEqual([row["stream_id"] for row in live], ["early", "late"])

    def test_the_file_sink_writes_the_rows_that_sqlite_has(self):
        path = self.write("events", lines(2000))
        harness.run_to_end(self, self.folder, harness.config(self.database, [path]))
        text = harness.config(self.database, [path]).replace(
            f'component = "sqlite"; path = "{self.database}";', 'component = "file"; path = "-";')
        config = self.folder / "file.cfg"
        config.write_text(text)
        done = subprocess.run([harness.BINARY, "run", str(config)], capture_output=True, text=True,
                              timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [json.loads(row) for row in done.stdout.splitlines()]
        windows = {(row["stream_id"], row["window_start"]): row for row in rows if row["dataset"] == "windows"}
        stored = harness.rows_of(self.database)[0]
        self.assertEqual(len(windows), len(stored))
        for row in stored:
            written = windows[row["stream_id"], row["window_start"]]
            for name in ("message_count", "unique_chatters", "viewer_last", "top_emotes", "amounts", "window_end"):
                self.assertEqual(written[name], row[name], name)

    def test_a_reader_of_standard_output_that_goes_away_ends_the_run(self):
        path = self.write("events", lines(2000))
        text = harness.config(self.database, [path], source="follow = true;", pipeline='idle_timeout = "100ms";').replace(
            f'component = "sqlite"; path = "{self.database}";', 'component = "file"; path = "-";')
        config = self.folder / "file.cfg"
        config.write_text(text)
        with subprocess.Popen([harness.BINARY, "run", str(config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as run:
            run.stdout.close()
            self.assertIn("nobody reads standard output any more", run.stderr.read())
            self.assertEqual(run.wait(timeout=harness.PATIENCE), 1)

    def test_an_empty_title_is_a_title_and_an_empty_name_is_none(self):
        meta = {"topic": "stream_meta", "stream_id": "s", "event_type": "title_change"}
        events = [{"event_id": "1", "timestamp": START * 1000, "title": "old", "streamer_name": "n", "category": "c"},
                  {"event_id": "2", "timestamp": START * 1000 + 1, "new_title": "", "title": "x", "streamer_name": "",
                   "category": None}]
        path = self.write("events", [json.dumps({**meta, **event}) + "\n" for event in events])
        harness.run_to_end(self, self.folder, harness.config(self.database, [path]))
        [stream] = harness.rows_of(self.database)[1]
        self.assertEqual((stream["title"], stream["streamer_name"], stream["game_category"]), ("", "n", "c"))
        self.equal_to_oracle([path])

    def test_a_long_replay_shows_its_progress_on_a_terminal_only(self):
        path = self.write("events", lines(200_000))
        config = self.folder / "pipeline.cfg"
        config.write_text(harness.config(self.database, [path], batch=16))
        terminal, end = pty.openpty()
        self.addCleanup(os.close, terminal)
        process = subprocess.Popen([harness.BINARY, "run", str(config)], stderr=end, stdin=subprocess.DEVNULL)
        os.close(end)
        shown = b""
        try:
            while piece := os.read(terminal, 65536):
                shown += piece
        except OSError:  # how a terminal says that its other side is closed
            pass
        self.assertEqual(process.wait(timeout=harness.PATIENCE), 0)
        self.assertRegex(shown.decode(), r"\d+ %  \d+ records, \d+ a second")
        log = harness.run_to_end(self, self.folder, harness.config(self.folder / "again.db", [path]))
        self.assertNotIn(" %  ", log)

    def test_a_file_that_is_gone_is_named_before_anything_starts(self):
        with harness.Telemetra(self.folder, harness.config(self.database, [self.folder / "absent"])) as telemetra:
            self.assertEqual(telemetra.finish(), 1)
        self.assertIn(str(self.folder / "absent"), telemetra.log)

    def test_a_file_shorter_than_the_checkpoint_is_refused(self):
        path = self.write("events", lines(1000))
        text = harness.config(self.database, [path])
        harness.run_to_end(self, self.folder, text)
        path.write_text("".join(lines(10)))
        with harness.Telemetra(self.folder, text) as telemetra:
            self.assertEqual(telemetra.finish(), 1)
        self.assertIn(str(path), telemetra.log)


if __name__ == "__main__":
    unittest.main()
