"""The API in a process of its own, over PostgreSQL and Redis: early rows reach it, and it stands the loss of Redis."""

import pathlib
import tempfile
import unittest

import harness
import roles
import servers

CHANNELS = [f"channel_{number}" for number in range(5)]


class ApiRole(unittest.TestCase):
    """An aggregator fed by generated streams, and conf/api.cfg; servers of its own, as one of them is killed."""

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(servers.own("postgres", "redis"))
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.environment = cls.servers.environment | {"AGGREGATOR_PORT": "0", "API_PORT": "0", "CHAT_RETENTION_DAYS": "0"}
        cls.aggregator = cls.start("aggregator", cls.aggregator_text())
        cls.api = cls.start("api", roles.text_of("api"))
        cls.base = cls.api.address()

    @classmethod
    def start(cls, name, text):
        folder = cls.folder / name
        folder.mkdir()
        return cls.enterClassContext(harness.Telemetra(folder, text, environment=cls.environment))

    @classmethod
    def aggregator_text(cls):
        text = roles.without(roles.text_of("aggregator"), "kafka")
        source = f'{{ component = "mock"; channels = "{",".join(CHANNELS)}"; rate = 20; }}'
        return text.replace("sources = ()", f"sources = ({source})")

    def newest(self, stream):
        status, rows = harness.get(f"{self.base}/api/v1/streams/{stream}/metrics?limit=1")
        return rows[0] if status == 200 and rows else None

    def health(self):
        return harness.get(self.base + "/api/v1/health")[1]

    def test_early_rows_reach_the_api_through_redis(self):
        for stream in CHANNELS:
            row = harness.wait_until(lambda: self.newest(stream), f"a row of {stream}")
            while row["final"]:
                row = harness.wait_until(lambda: self.newest(stream), f"an early row of {stream}")
            self.assertGreater(row["message_count"], 0)

    def test_without_redis_postgres_answers_and_health_says_so_until_it_is_back(self):
        harness.wait_until(lambda: self.newest(CHANNELS[0]), "a row")
        harness.wait_until(lambda: self.health()["redis"] == "ok", "Redis is well")
        self.servers.kill("redis")
        harness.wait_until(lambda: self.health()["redis"] == "unavailable", "health tells that Redis is gone")
        health = self.health()
        self.assertEqual((health["status"], health["database"]), ("degraded", "ok"))
        final = self.servers.query("SELECT stream_id, max(window_end) AS window_end FROM windows GROUP BY 1")
        for row in final:
            status, rows = harness.get(f"{self.base}/api/v1/streams/{row['stream_id']}/metrics?limit=1000")
            self.assertEqual(status, 200)
            self.assertIn(harness.time_text(row["window_end"]), [each["window_end"] for each in rows])
        self.servers.start("redis")
        harness.wait_until(lambda: self.health()["status"] == "ok", "Redis is used again without a restart")
        harness.wait_until(lambda: not self.newest(CHANNELS[0])["final"], "early rows come again")


if __name__ == "__main__":
    unittest.main()
