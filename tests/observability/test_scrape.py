"""A real Prometheus scrapes the three roles: every query of every dashboard and every rule has series from them.

`infra/test observability`; it takes a minute or two, most of it until rates over minutes have values.
"""

import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import harness  # noqa: E402
import roles  # noqa: E402
import servers  # noqa: E402

FOLDER = ROOT / "infra/observability"


def free_port():
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return end.getsockname()[1]


def dashboard_queries():
    """(dashboard, panel, expression) of all that is drawn."""
    for path in sorted(FOLDER.glob("grafana/dashboards/*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield path.stem, panel["title"], target["expr"]


class Scrape(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("prometheus"):
            raise unittest.SkipTest("prometheus is not installed (Debian's package prometheus)")
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.servers = cls.enterClassContext(servers.own())
        cls.environment = cls.servers.environment | {
            "AGGREGATOR_PORT": "0", "API_PORT": "0",
            "PRODUCER_REFUSED_PATH": str(cls.folder / "refused.ndjson"),
            "PRODUCER_CHECKPOINT_PATH": str(cls.folder / "producer.checkpoint")}
        processes = {name: cls.start(name) for name in ("producer", "aggregator", "api")}
        cls.api, cls.aggregator = processes["api"].address(), processes["aggregator"].address()
        cls.base = cls.start_prometheus()

    @classmethod
    def start(cls, name):
        folder = cls.folder / name
        folder.mkdir()
        return cls.enterClassContext(harness.Telemetra(folder, roles.text_of(name), environment=cls.environment))

    @classmethod
    def configuration(cls, port):
        """The real file with other addresses and a quicker pace."""
        text = (FOLDER / "prometheus.yml").read_text()
        for old, new in (("backend:8000", cls.api.removeprefix("http://")), ("localhost:9090", f"127.0.0.1:{port}"),
                         ("scrape_interval: 10s", "scrape_interval: 1s"), ("evaluation_interval: 10s", "evaluation_interval: 1s")):
            assert text.count(old) == 1, (old, text)
            text = text.replace(old, new)
        target = cls.aggregator.removeprefix("http://")
        text, count = re.subn(r"dns_sd_configs: .*", f'static_configs: [{{targets: ["{target}"]}}]', text)
        assert count == 1, text
        return text

    @classmethod
    def start_prometheus(cls):
        port = free_port()
        home = cls.folder / "prometheus"
        home.mkdir()
        (home / "prometheus.yml").write_text(cls.configuration(port))
        shutil.copytree(FOLDER / "rules", home / "rules")
        with open(home / "log", "wb") as log:
            process = subprocess.Popen(
                ["prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
                 f"--web.listen-address=127.0.0.1:{port}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.kill)
        base = f"http://127.0.0.1:{port}"

        def is_scraped():
            assert process.poll() is None, (home / "log").read_text()
            try:
                found = harness.get(f"{base}/api/v1/query?query=up")[1]["data"]["result"]
            except (OSError, ValueError):  # not there, or not ready: a plain text
                return False
            return sum(row["value"][1] == "1" for row in found) == 3
        harness.wait_until(is_scraped, "all three jobs are scraped")
        return base

    def series(self, expression):
        status, answer = harness.get(f"{self.base}/api/v1/query?query={urllib.parse.quote(expression)}")
        self.assertEqual((status, answer["status"]), (200, "success"), expression)
        return answer["data"]["result"]

    def test_every_query_of_every_dashboard_has_series(self):
        queries = list(dashboard_queries())
        self.assertGreater(len(queries), 30)
        for dashboard, panel, expression in queries:
            with self.subTest(dashboard=dashboard, panel=panel):
                harness.wait_until(lambda: self.series(expression), f"series of {expression}")

    def test_every_rule_is_evaluated_and_recorded_series_are_there(self):
        def rules():
            groups = harness.get(f"{self.base}/api/v1/rules")[1]["data"]["groups"]
            return [rule for group in groups for rule in group["rules"]]
        harness.wait_until(lambda: all(rule["health"] != "unknown" for rule in rules()), "every rule was evaluated")
        for rule in rules():
            self.assertEqual(rule["health"], "ok", rule)
            if rule["type"] == "recording":
                harness.wait_until(lambda: self.series(rule["name"]), f"series of {rule['name']}")

    def test_what_an_alert_compares_is_exported(self):
        """A comparison that does not hold has no series, so each alert's metrics are looked for one by one."""
        names = {name for path in FOLDER.glob("rules/*.yml")
                 for name in re.findall(r"\btelemetra_[a-z_]+\b", path.read_text())} - {"telemetra_rejects"}
        self.assertGreater(len(names), 15)
        for name in sorted(names):
            with self.subTest(metric=name):
                harness.wait_until(lambda: self.series(name), f"series of {name}")

    def test_a_stack_that_works_raises_no_alert(self):
        harness.wait_until(lambda: self.series("telemetra:commit_age_seconds < 5"), "commits")
        harness.wait_until(lambda: self.series("telemetra:accounting_difference == 0"), "the accounting holds")
        self.assertEqual(self.series('ALERTS{alertstate="firing"}'), [])


if __name__ == "__main__":
    unittest.main()
