"""What the fault tests rely on: infra/servers does to servers what it says, and nothing to anybody else."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

import harness
import servers


def ended(pid):
    """Gone, or a zombie that nobody has waited for."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


class ServersTest(unittest.TestCase):
    """One set for all; each test leaves it running."""

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(servers.own())

    def pid(self, name):
        return int((self.servers.folder / name / "pid").read_text().split()[0])

    def test_a_crash_keeps_port_and_data(self):
        before = self.servers.environment
        self.servers.create_topic("kept", partitions=3)
        self.servers.psql("CREATE TABLE kept AS SELECT 7 AS n")
        self.servers.kill()
        self.servers.start()
        self.assertEqual(self.servers.environment, before)
        self.assertIn("kept", self.servers.kafka("topics", "--list"))
        self.assertEqual(self.servers.query("SELECT n FROM kept"), [{"n": 7}])
        self.assertIn("not properly shut down", self.servers.log("postgres"))

    def test_a_crash_takes_all_processes_and_one_from_elsewhere_is_got_over_too(self):
        for crash in (lambda: self.servers.kill("postgres"), lambda: os.kill(self.pid("postgres"), signal.SIGKILL)):
            before = self.servers.query("SELECT pid FROM pg_stat_activity")
            crash()
            for row in before:
                harness.wait_until(lambda pid=row["pid"]: ended(pid), "PostgreSQL's processes are gone")
            self.servers.start("postgres")
            self.assertEqual(self.servers.query("SELECT 1 AS n"), [{"n": 1}])

    def test_a_redis_that_comes_back_is_empty(self):
        self.servers.redis("SET", "key", "value")
        self.servers.restart("redis")
        self.assertEqual(self.servers.redis("GET", "key"), "")

    def test_one_is_stopped_and_the_others_stay(self):
        kafka, redis = self.pid("kafka"), self.pid("redis")
        self.servers.stop("postgres")
        self.assertEqual((self.pid("kafka"), self.pid("redis")), (kafka, redis))
        with self.assertRaisesRegex(AssertionError, "Connection refused"):
            self.servers.psql("SELECT 1")
        self.servers.start()
        self.assertEqual((self.pid("kafka"), self.pid("redis")), (kafka, redis))

    def test_a_frozen_one_answers_nobody_until_it_is_thawed(self):
        port = self.servers.environment["REDIS_URL"].rpartition(":")[2]
        self.servers.freeze("redis")
        with self.assertRaises(subprocess.TimeoutExpired):
            subprocess.run(["redis-cli", "-p", port, "ping"], stdout=subprocess.DEVNULL, timeout=0.5)
        self.servers.thaw("redis")
        self.assertEqual(self.servers.redis("PING"), "PONG")

    def test_each_test_has_a_place_of_its_own(self):
        shared = servers.shared()
        one, other = shared.fresh(self), shared.fresh(self)
        for name in ("POSTGRES_DB", "REDIS_URL", "KAFKA_TOPIC_CHAT"):
            self.assertNotEqual(one[name], other[name])
        shared.psql("CREATE TABLE mine (n int)", one["POSTGRES_DB"])
        with self.assertRaisesRegex(AssertionError, "does not exist"):
            shared.query("SELECT * FROM mine", other["POSTGRES_DB"])

    def test_the_password_is_asked_for(self):
        settings = self.servers.environment
        done = subprocess.run(
            ["psql", "-X", "-h", settings["POSTGRES_HOST"], "-p", settings["POSTGRES_PORT"], "-U", settings["POSTGRES_USER"],
             "-d", settings["POSTGRES_DB"], "-c", "SELECT 1"], capture_output=True, text=True,
            env={**os.environ, "PGPASSWORD": "wrong"})
        self.assertIn("password authentication failed", done.stderr)

    def test_adopted_servers_are_reached_and_cannot_be_stopped(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "adopted"
        adopted = servers.Servers(folder)
        subprocess.run([str(servers.SCRIPT), "adopt", str(folder)], check=True,
                       env={**os.environ, **self.servers.environment})
        self.assertEqual(adopted.environment, self.servers.environment)
        self.assertEqual(adopted.query("SELECT 1 AS n"), [{"n": 1}])
        adopted.create_topic("adopted")
        self.assertIn("adopted", self.servers.kafka("topics", "--list"))
        for command in (adopted.start, adopted.stop, adopted.kill, adopted.restart, adopted.freeze, adopted.thaw):
            with self.subTest(command.__name__), self.assertRaisesRegex(AssertionError, "somebody else's"):
                command("redis")
        subprocess.run([str(servers.SCRIPT), "remove", str(folder)], check=True)
        self.assertEqual(self.servers.redis("PING"), "PONG")

    def test_what_does_not_answer_is_not_adopted(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "adopted"
        for name, value, sentence in (("POSTGRES_PASSWORD", "wrong", "postgres does not answer at 127.0.0.1"),
                                      ("REDIS_URL", "redis://127.0.0.1:1", "redis does not answer at 127.0.0.1:1"),
                                      ("REDIS_URL", "127.0.0.1:1", "expected redis://HOST:PORT"),
                                      ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1", "expected HOST:PORT of kafka")):
            with self.subTest(name):
                done = subprocess.run([str(servers.SCRIPT), "adopt", str(folder)], capture_output=True, text=True,
                                      env={**os.environ, **self.servers.environment, name: value})
                self.assertEqual(done.returncode, 1)
                self.assertIn(sentence, done.stderr)

    def test_topics_are_not_made_by_asking_for_them(self):
        with self.assertRaisesRegex(AssertionError, "does not exist|UNKNOWN_TOPIC"):
            self.servers.kafka("topics", "--describe", "--topic", "absent")
        self.servers.create_topic("described", 2, message_timestamp_type="LogAppendTime")
        self.assertIn("LogAppendTime", self.servers.kafka("topics", "--describe", "--topic", "described"))


class ProcessTest(unittest.TestCase):
    """Whose processes are ended."""

    def test_a_pid_that_somebody_else_has_by_now_is_left_alone(self):
        with servers.own("redis") as mine, subprocess.Popen(["sleep", "600"]) as stranger:
            try:
                noted = mine.folder / "redis" / "pid"
                text = noted.read_text()
                noted.write_text(f"{stranger.pid} {text.split()[1]}\n")
                for command in (mine.stop, mine.kill):
                    command("redis")
                    self.assertIsNone(stranger.poll())
                noted.write_text(text)
            finally:
                stranger.kill()

    def test_two_at_once_in_one_folder_start_one_server(self):
        with servers.own("redis") as mine:
            mine.stop("redis")
            command = [str(servers.SCRIPT), "start", str(mine.folder), "redis"]
            both = [subprocess.Popen(command) for _ in range(2)]
            self.assertEqual([one.wait() for one in both], [0, 0])
            self.assertEqual(mine.log("redis").count("Ready to accept connections"), 2)

    def test_after_a_failed_start_the_sentence_says_why(self):
        with servers.own("redis") as mine:
            mine.stop("redis")
            (mine.folder / "redis" / "port").write_text("1\n" if os.getuid() else "99999\n")
            with self.assertRaisesRegex(AssertionError, "redis ended"):
                mine.start("redis")

    def test_nothing_is_left_but_logs(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "servers"
        subprocess.run([str(servers.SCRIPT), "start", str(folder), "postgres", "redis"], check=True)
        # Below a folder that the user postgres cannot enter.
        self.assertEqual(servers.Servers(folder).query("SELECT 1 AS n"), [{"n": 1}])
        home = (folder / "postgres/home").read_text().strip()
        subprocess.run([str(servers.SCRIPT), "remove", str(folder)], check=True)
        self.assertFalse(pathlib.Path(home).exists())
        left = {path.name for path in folder.rglob("*") if path.is_file()}
        self.assertLessEqual(left, {"log", "lock"})

    def test_a_test_that_is_killed_leaves_nothing_behind(self):
        text = "import servers\nwith servers.own('redis') as mine: print(mine.folder, flush=True); input()"
        with subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as victim:
            folder = pathlib.Path(victim.stdout.readline().decode().strip())
            victim.kill()
        harness.wait_until(lambda: not folder.exists(), "the folder of the killed one is gone")


if __name__ == "__main__":
    unittest.main()
