"""The whole Compose stack, from empty volumes: first row, crashes in any order, `down` and `up`, confinement, Prometheus.

`infra/test stack`. Figures that it prints depend on what else the machine does, so the only one that is a condition is the time to
the first row, and only where TELEMETRA_STACK_SECONDS names it. More orders of crashes: TELEMETRA_STACK_ORDERS=5; others:
TELEMETRA_STACK_SEED=7. TELEMETRA_STACK_SPARK=0 leaves Spark out, which takes most of the time where CPUs are busy, and is said.
"""

import concurrent.futures
import json
import os
import random
import time
import unittest
import urllib.parse

import lab
from lab import DEV, OBSERVABILITY, SPARK, wait_until

ORDERS = int(os.environ.get("TELEMETRA_STACK_ORDERS", "2"))
SEED = int(os.environ.get("TELEMETRA_STACK_SEED", "1"))
SECONDS = float(os.environ.get("TELEMETRA_STACK_SECONDS", "inf"))
WINDOW_SLIDES = 6  # the stack's defaults: a window of 60 s every 10 s, so each event is in six
DASHBOARDS = lab.ROOT / "infra/observability/grafana/dashboards"
#: Images of other projects that write to more places than their volumes; infra/docker-compose.yml says so too.
WRITABLE = {"postgres", "zookeeper", "kafka"}
#: The public PostgreSQL image begins as root to own its volume, and goes on as its user.
ROOT_FIRST = {"postgres"}


class Whole(unittest.TestCase):
    had_pause = False  # of all events at once

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(lab.Stack())
        begin = time.monotonic()
        # `up` comes back when all are started, each after those that it waits for: rows are there earlier.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            started = pool.submit(cls.stack.up, *DEV)
            wait_until(lambda: started.done() and started.exception() or cls.stack.streams(), "a first row in GET /api/v1/streams")
            seconds = time.monotonic() - begin
            print(f"first row in GET /api/v1/streams {seconds:.1f} s after `up` from empty volumes", flush=True)
            started.result()
        assert seconds < SECONDS, f"the first row took {seconds:.1f} s, allowed are {SECONDS}"
        cls.stack.wait_healthy()
        print(f"all {len(DEV)} services of the profile dev{'' if SPARK else ', without Spark,'} healthy after {time.monotonic() - begin:.1f} s", flush=True)
        cls.stack.up(*OBSERVABILITY)
        cls.stack.wait_healthy(DEV + OBSERVABILITY)

    # --- what it works out ---

    def check_path(self):
        """All are healthy, the API says so of itself, and what is produced from now on is consumed and committed."""
        self.stack.wait_healthy(DEV + OBSERVABILITY)
        wait_until(lambda: (self.stack.get("/api/v1/health") or (0, {}))[1].get("status") == "ok", "the API's health is ok")
        logged = self.stack.logged()
        wait_until(lambda: self.stack.accounting()[0]["consumed"] > logged, "what the producer adds to Kafka is consumed")

    def check_works(self):
        """The same, and it becomes rows, of both processors."""
        windows, batch = self.stack.number("count(*) FROM windows"), self.stack.spark_batch()
        self.check_path()
        wait_until(lambda: self.stack.number("count(*) FROM windows") > windows, "new windows")
        if SPARK:
            wait_until(lambda: self.stack.spark_batch() > batch, "a new micro-batch of Spark")

    def check_accounting(self):
        """
        With the producer at rest: what Kafka holds was consumed, each event once, has one outcome, and is counted by rows as
        often as windows overlap. The clock closes the last windows. Where it has closed some before, while no events came that the
        producer made up for later, those are counted only by windows that were open still: at least one.
        """
        self.stack.compose("stop", "mock-producer")
        try:
            logged = self.stack.logged()
            wait_until(lambda: self.stack.accounting()[0]["consumed"] >= logged, f"all {logged} events of Kafka are consumed")
            sums, topics = self.stack.accounting()
            self.assertEqual(sums["consumed"], logged)
            self.assertEqual(sums["consumed"], sums["applied"] + sums["duplicate"] + sums["late"] + sums["dead_lettered"])
            self.assertEqual(sums["dead_lettered"], 0)
            applied = {topic: counts["applied"] for topic, counts in topics.items()}
            expected = {"chat": applied["chat"], "viewer": applied["viewer"], "chat_in_windows": WINDOW_SLIDES * applied["chat"],
                        "transactions_in_windows": WINDOW_SLIDES * applied["transactions"], "twice": 0}
            def agree():
                found = self.stack.counted()
                if not self.had_pause:
                    return found == expected
                return (found["twice"] == 0 and found["chat"] <= applied["chat"] <= found["chat_in_windows"] <= expected["chat_in_windows"]
                        and applied["transactions"] <= found["transactions_in_windows"] <= expected["transactions_in_windows"])
            try:
                wait_until(agree, "rows count what was applied", 200)
            except AssertionError:
                self.assertEqual(self.stack.counted(), expected)
            print(f"Kafka holds {logged} events: {sums}; rows count {expected}", flush=True)
        finally:
            type(self).had_pause = True
            self.stack.up("mock-producer")

    def rows(self):
        """{key: digest of the row} of all windows, which are written once."""
        text = self.stack.sql("SELECT coalesce(json_object_agg(stream_id || ' ' || window_end, md5(windows::text)), '{}') FROM windows")
        return json.loads(text)

    # --- tests ---

    def test_after_crashes_in_any_order_it_works_again_and_nothing_is_lost_or_there_twice(self):
        chance = random.Random(SEED)
        kept = {}
        for number in range(ORDERS):
            order = chance.sample(DEV + OBSERVABILITY, len(DEV + OBSERVABILITY))
            for service in order:
                kept |= self.rows()
                self.stack.crash(service)
                seconds = self.stack.wait_healthy(DEV + OBSERVABILITY)
                self.check_path()
                print(f"order {number + 1}: {service} killed, all healthy again after {seconds:.1f} s", flush=True)
            self.check_works()
        self.assertEqual(kept, {key: digest for key, digest in self.rows().items() if key in kept})
        self.check_accounting()

    def test_all_at_once_may_crash(self):
        kept, _ = wait_until(self.rows, "first windows")
        type(self).had_pause = True
        with concurrent.futures.ThreadPoolExecutor(len(DEV)) as pool:
            list(pool.map(self.stack.crash, DEV + OBSERVABILITY))
        self.check_works()
        self.assertEqual(kept, {key: digest for key, digest in self.rows().items() if key in kept})
        self.check_accounting()

    def check_down_and_up(self, crashed=()):
        """Of these only their volumes are left: `down` finds them killed a moment before."""
        kept, _ = wait_until(self.rows, "first windows")
        consumed = self.stack.accounting()[0]["consumed"]
        batch = self.stack.spark_batch()
        type(self).had_pause = True
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(self.stack.crash, crashed))
        self.stack.down()
        self.assertEqual(self.stack.inspect(), {})
        self.stack.up(*DEV, *OBSERVABILITY)
        self.check_works()
        self.assertEqual(kept, {key: digest for key, digest in self.rows().items() if key in kept})
        self.assertGreater(self.stack.accounting()[0]["consumed"], consumed)
        if SPARK:
            self.assertGreater(self.stack.spark_batch(), batch)
        print(f"{len(kept)} windows are there after `down` and `up`, byte for byte", flush=True)
        self.check_accounting()

    def test_down_and_up_loses_nothing_that_was_committed(self):
        self.check_down_and_up()

    def test_down_after_crashes_and_up_loses_nothing_that_was_committed(self):
        self.check_down_and_up(("postgres", "kafka", "zookeeper", "aggregator", "mock-producer"))

    def test_containers_are_confined(self):
        for service, each in self.stack.inspect().items():
            with self.subTest(service):
                host, config = each["HostConfig"], each["Config"]
                self.assertIn("Healthcheck", config)
                self.assertGreater(host["Memory"], 0)
                self.assertGreater(host["NanoCpus"], 0)
                self.assertGreater(host["PidsLimit"], 0)
                self.assertFalse(host["Privileged"])
                self.assertIn("no-new-privileges:true", host["SecurityOpt"])
                self.assertEqual(host["RestartPolicy"]["Name"], "unless-stopped")
                self.assertEqual(host["ReadonlyRootfs"], service not in WRITABLE)
                if service not in ROOT_FIRST:
                    self.assertEqual(host["CapDrop"], ["ALL"])
                for mount in each["Mounts"]:
                    self.assertTrue(mount["Type"] != "volume" or mount["Name"].startswith(lab.PROJECT), mount)

    def test_services_wait_for_what_they_need_by_its_health(self):
        services = json.loads(self.stack.compose("config", "--format", "json"))["services"]
        for service, each in services.items():
            with self.subTest(service):
                self.assertNotIn("sleep", str(each.get("command")) + str(each.get("entrypoint")) + str(each["healthcheck"]))
                for needed, how in each.get("depends_on", {}).items():
                    self.assertEqual(how["condition"], "service_healthy", needed)
        for service in ("kafka", "mock-producer", "aggregator", "backend", "frontend", "spark-worker", "spark-streaming-job"):
            self.assertTrue(services[service].get("depends_on"), service)

    def test_no_process_of_any_container_is_roots(self):
        for service in self.stack.inspect():
            with self.subTest(service):
                lines = self.stack.compose("top", service).splitlines()
                at = next(number for number, line in enumerate(lines) if "PID" in line)
                uids = {line.split()[lines[at].split().index("UID")] for line in lines[at + 1:] if line.strip()}
                self.assertNotIn("root", uids)
                self.assertNotIn("0", uids)

    def test_prometheus_scrapes_all_and_every_dashboard_query_has_series(self):
        def series(expression):
            answer = self.stack.get(f"/api/v1/query?query={urllib.parse.quote(expression)}", self.stack.prometheus)
            return answer[1]["data"]["result"] if answer and answer[0] == 200 else []

        def targets():
            answer = self.stack.get("/api/v1/targets?state=active", self.stack.prometheus)
            return answer[1]["data"]["activeTargets"] if answer else []
        wait_until(lambda: {each["labels"]["job"] for each in targets() if each["health"] == "up"} ==
                   {"api", "aggregator", "prometheus"} and all(each["health"] == "up" for each in targets()),
                   "every target is up")
        queries = [target["expr"] for path in sorted(DASHBOARDS.glob("*.json"))
                   for panel in json.loads(path.read_text())["panels"] for target in panel["targets"]]
        self.assertGreater(len(queries), 30)
        for expression in queries:
            with self.subTest(expression):
                wait_until(lambda: series(expression), f"series of {expression}")


if __name__ == "__main__":
    unittest.main()
