"""What goes wrong outside: a sentence, truthful health, bounded memory, nothing acknowledged that was not kept."""

import json
import os
import pathlib
import resource
import signal
import sqlite3
import tempfile
import time
import unittest
import urllib.request

import harness


def chat_line(number, stream="s", seconds=None):
    at = number if seconds is None else seconds
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_767_225_600 + at))
    return (f'{{"topic":"chat","event_id":"{number}","stream_id":"{stream}","timestamp":"{when}",'
            f'"user_id":"u{number % 50}","message":"hello {number}"}}\n')


class Faults(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.events = self.folder / "events.ndjson"
        self.database = self.folder / "rows.db"

    def write_events(self, lines):
        self.events.write_text("".join(lines))

    def health(self, telemetra):
        return harness.get(telemetra.address() + "/api/v1/health")[1]

    def fails(self, text, *fragments, code=1, **options):
        """The run must end with that code and a sentence that has all the fragments."""
        with harness.Telemetra(self.folder, text, **options) as telemetra:
            ended_with = telemetra.finish()
        self.assertEqual(ended_with, code, telemetra.log)
        for fragment in fragments:
            self.assertIn(fragment, telemetra.log)
        self.assertNotIn("Sanitizer", telemetra.log)

    def test_a_full_disk_degrades_health_and_nothing_is_lost_when_there_is_room_again(self):
        self.write_events(chat_line(i, f"stream{i % 7}") for i in range(30_000))
        limit = 300_000  # bytes a file may have: too small for the rows
        text = harness.config(self.database, [self.events], frontend=True, pipeline='flush_interval = "50ms";')

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

        with harness.Telemetra(self.folder, text, preexec=small_files) as telemetra:
            health = harness.wait_until(
                lambda: (lambda now: now if now["status"] == "degraded" else None)(self.health(telemetra)),
                "health says that the disk is full")
            self.assertIn("sqlite", json.dumps(health))
            resource.prlimit(telemetra.process.pid, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            harness.wait_until(lambda: self.health(telemetra)["status"] == "ok", "health is good again")
            harness.wait_until(lambda: harness.accounting(self.database)[0]["applied"] == 30_000, "everything is kept")
            self.assertEqual(telemetra.stop(), 0, telemetra.log)
        harness.compare(self, harness.oracle(self.folder / "oracle", [self.events]), self.database, self.folder)

    def test_what_was_not_kept_before_a_full_disk_and_a_kill_is_read_again(self):
        self.write_events(chat_line(i, f"stream{i % 7}") for i in range(30_000))
        text = harness.config(self.database, [self.events], frontend=True, pipeline='flush_interval = "50ms";')

        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

        with harness.Telemetra(self.folder, text, preexec=small_files) as telemetra:
            harness.wait_until(lambda: self.health(telemetra)["status"] == "degraded", "the disk is full")
            telemetra.process.kill()
        harness.run_to_end(self, self.folder, harness.config(self.database, [self.events]))
        harness.compare(self, harness.oracle(self.folder / "oracle", [self.events]), self.database, self.folder)

    def test_a_folder_that_cannot_be_written_is_named(self):
        self.write_events([chat_line(1)])
        self.fails(harness.config("/proc/nowhere/rows.db", [self.events]), "/proc/nowhere/rows.db")

    def test_a_file_that_is_no_database_is_refused_and_left_alone(self):
        self.write_events([chat_line(1)])
        self.database.write_bytes(b"precious notes, not a database\n" * 100)
        before = self.database.read_bytes()
        self.fails(harness.config(self.database, [self.events]), str(self.database), "not a")
        self.assertEqual(self.database.read_bytes(), before)

    def test_a_corrupt_database_is_named(self):
        self.write_events(chat_line(i, f"stream{i % 7}") for i in range(3000))
        harness.run_to_end(self, self.folder, harness.config(self.database, [self.events]))
        sqlite3.connect(self.database).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
        content = bytearray(self.database.read_bytes())
        content[100:8192] = os.urandom(8092)
        self.database.write_bytes(content)
        self.fails(harness.config(self.database, [self.events]), str(self.database))

    def test_another_number_of_lanes_or_other_windows_are_refused_with_both_named(self):
        self.write_events(chat_line(i) for i in range(100))
        harness.run_to_end(self, self.folder, harness.config(self.database, [self.events]))
        self.fails(harness.config(self.database, [self.events], lanes=2), "lanes=1", "lanes=2", code=78)
        self.fails(harness.config(self.database, [self.events], window='slide = "20s";'), "slide=10s", "slide=20s",
                   code=78)

    def test_a_second_process_takes_the_lanes_and_the_first_stops_loudly(self):
        self.write_events(chat_line(i) for i in range(100))
        text = harness.config(self.database, [self.events], source="follow = true;")
        with harness.Telemetra(self.folder, text) as first:
            harness.wait_until(lambda: self.database.exists() and self.applied() == 100, "the first has read it")
            (self.folder / "second").mkdir()
            with harness.Telemetra(self.folder / "second", text) as second:
                harness.wait_until(lambda: self.epoch() == 2, "the second has taken the lane")
                with self.events.open("a") as more:
                    more.writelines(chat_line(i) for i in range(100, 200))
                self.assertEqual(first.finish(), 1, first.log)
                self.assertIn("another process has taken the lane", first.log)
                harness.wait_until(lambda: self.applied() == 200, "the second goes on")
                self.assertEqual(second.stop(), 0, second.log)

    def test_a_second_start_that_cannot_have_the_port_takes_no_lane(self):
        self.write_events([chat_line(0)])
        text = harness.config(self.database, [self.events], frontend=True, source="follow = true;")
        with harness.Telemetra(self.folder, text) as first:
            port = first.address().rsplit(":", 1)[1]
            epoch = harness.wait_until(self.epoch, "the lane is taken")
            self.fails(text.replace("port = 0", f"port = {port}"), "is taken")
            self.assertEqual(self.epoch(), epoch)
            with self.events.open("a") as out:
                out.write(chat_line(1))
            harness.wait_until(lambda: self.applied() == 2, "the first one goes on")
            self.assertEqual(first.stop(), 0, first.log)

    def applied(self):
        try:
            return harness.accounting(self.database)[0]["applied"]
        except sqlite3.OperationalError:  # no table yet
            return -1

    def epoch(self):
        return harness.query(self.database, "SELECT max(epoch) AS epoch FROM telemetra_lanes")[0]["epoch"]

    def test_a_timestamp_decades_ahead_is_a_dead_letter_and_moves_no_watermark(self):
        self.write_events([chat_line(1), chat_line(2, seconds=10**9), chat_line(3)])
        harness.run_to_end(self, self.folder, harness.config(self.database, [self.events]))
        sums, topics = harness.accounting(self.database)
        self.assertEqual((sums["applied"], sums["late"], topics["chat"]["dead_lettered"]), (2, 0, 1))
        [letter] = harness.query(self.database, "SELECT reason, line FROM dead_letters")
        self.assertEqual(letter["line"], 2)
        self.assertIn("max_future", letter["reason"])

    def test_a_timestamp_decades_back_is_late_and_costs_no_time(self):
        lines = [chat_line(1), chat_line(2, seconds=-10**9), chat_line(3)]
        self.write_events(lines)
        harness.run_to_end(self, self.folder, harness.config(self.database, [self.events]))
        sums, _ = harness.accounting(self.database)
        self.assertEqual((sums["applied"], sums["late"]), (2, 1))

    def test_a_jump_over_decades_makes_no_empty_windows(self):
        self.write_events([chat_line(1, seconds=-10**9), chat_line(2)])
        harness.run_to_end(self, self.folder, harness.config(self.database, [self.events]))
        self.assertEqual(harness.query(self.database, "SELECT count(*) AS n FROM windows")[0]["n"], 12)

    def test_a_million_new_streams_are_bounded_by_max_streams(self):
        count, bound = 1_000_000, 20_000
        with self.events.open("w") as out:
            out.writelines(chat_line(i, f"stream-{i}", seconds=i // 100_000) for i in range(count))
        text = harness.config(self.database, [self.events], pipeline=f"max_streams = {bound};")
        with harness.Telemetra(self.folder, text) as telemetra:
            _, status, usage = os.wait4(telemetra.process.pid, 0)
            telemetra.process.returncode = os.waitstatus_to_exitcode(status)
            telemetra.log += telemetra.process.stderr.read().decode()
        self.assertEqual(telemetra.process.returncode, 0, telemetra.log)
        sums, _ = harness.accounting(self.database)
        self.assertEqual((sums["consumed"], sums["applied"], sums["dead_lettered"]), (count, bound, count - bound))
        reasons = harness.query(self.database, "SELECT DISTINCT reason FROM dead_letters")
        self.assertEqual(len(reasons), 1)
        self.assertIn("max_streams", reasons[0]["reason"])
        if not os.environ.get("TELEMETRA_SANITIZE"):
            self.assertLess(usage.ru_maxrss, 700 * 1024, "KiB of memory")


class StartAndStop(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = self.folder / "rows.db"

    def mock(self, options=""):
        text = harness.config(self.database, ["x"], frontend=True).replace(
            'component = "replay"; path = ("x");', f'component = "mock"; channels = ("a", "b"); {options}')
        return text.replace('at_idle = "finish";', "")

    def test_sigterm_flushes_all_that_was_processed_and_exits_cleanly(self):
        with harness.Telemetra(self.folder, self.mock("rate = 200;")) as telemetra:
            address = telemetra.address()
            harness.wait_until(lambda: harness.get(address + "/api/v1/streams")[1], "streams are served")
            self.assertEqual(telemetra.stop(), 0, telemetra.log)
        found = telemetra.wait_for_log(r"consumed (\d+) = applied (\d+) \+ duplicate (\d+) \+ late (\d+) \+ dead-lettered (\d+)")
        self.assertEqual(harness.accounting(self.database)[0], dict(zip(harness.COUNTS, map(int, found.groups()))))

    def test_sigint_stops_too(self):
        with harness.Telemetra(self.folder, self.mock()) as telemetra:
            telemetra.address()
            self.assertEqual(telemetra.stop(signal.SIGINT), 0, telemetra.log)

    def test_a_restarted_mock_goes_on_with_the_log_it_began(self):
        for _ in range(3):
            with harness.Telemetra(self.folder, self.mock("rate = 500;")) as telemetra:
                telemetra.address()
                before = self.consumed()
                harness.wait_until(lambda: self.consumed() > before, "it goes on")
                self.assertEqual(telemetra.stop(), 0, telemetra.log)
        sums, _ = harness.accounting(self.database)
        self.assertEqual(sums["consumed"], sums["applied"])

    def consumed(self):
        try:
            return harness.accounting(self.database)[0]["consumed"]
        except sqlite3.OperationalError:  # no database or table yet
            return -1

    def test_a_stalled_lane_is_seen_in_health(self):
        # A writer of our own holds the database: commits wait, and after stall_timeout health says so.
        with harness.Telemetra(self.folder, self.mock("rate = 200;").replace(
                'name = "test";', 'name = "test"; stall_timeout = "1s"; flush_interval = "100ms";')) as telemetra:
            address = telemetra.address()
            harness.wait_until(lambda: self.consumed() > 0, "it runs")
            blocker = sqlite3.connect(self.database, isolation_level=None, timeout=60)
            try:
                blocker.execute("BEGIN IMMEDIATE")
                health = harness.wait_until(
                    lambda: (lambda now: now if now["status"] == "degraded" else None)(
                        harness.get(address + "/api/v1/health")[1]), "health is degraded")
                self.assertRegex(json.dumps(health), "stalled|trying again")
                self.assertEqual(harness.get(address + "/health")[1], {"status": "ok"})
            finally:
                blocker.close()
            harness.wait_until(lambda: harness.get(address + "/api/v1/health")[1]["status"] == "ok", "health recovers")
            self.assertEqual(telemetra.stop(), 0, telemetra.log)

    def test_metrics_export_the_accounting_as_one_snapshot(self):
        with harness.Telemetra(self.folder, self.mock("rate = 2000;")) as telemetra:
            address = telemetra.address()
            harness.wait_until(lambda: self.consumed() > 0, "it runs")
            for _ in range(20):
                with urllib.request.urlopen(address + "/metrics", timeout=harness.PATIENCE) as answer:
                    text = answer.read().decode()
                sums = dict.fromkeys(harness.COUNTS, 0)
                for line in text.splitlines():
                    for name in harness.COUNTS:
                        if line.startswith(f"telemetra_events_{name}_total{{"):
                            sums[name] += int(line.rsplit(" ", 1)[1])
                self.assertGreater(sums["consumed"], 0)
                self.assertEqual(sums["consumed"], sum(sums[name] for name in harness.COUNTS[1:]))
            self.assertEqual(telemetra.stop(), 0, telemetra.log)


if __name__ == "__main__":
    unittest.main()
