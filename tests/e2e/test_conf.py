"""The files of conf/ and what is said about them."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import harness
import servers

CONF = harness.ROOT / "conf"


def telemetra(*arguments, **environment):
    return subprocess.run([harness.BINARY, *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **environment}, timeout=harness.PATIENCE)


class Conf(unittest.TestCase):
    def test_the_reference_is_what_describe_prints(self):
        done = telemetra("describe", "--markdown")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, (CONF / "REFERENCE.md").read_text(),
                         "renew it: telemetra describe --markdown > conf/REFERENCE.md")

    def test_every_file_passes_check(self):
        for path in sorted(CONF.glob("*.cfg")):
            done = telemetra("check", path, TELEMETRA_REPLAY_FILE="/dev/null")
            self.assertEqual(done.returncode, 0, f"{path}: {done.stderr}")

    def test_replay_without_its_file_says_which_variable_is_missing(self):
        environment = {name: value for name, value in os.environ.items() if name != "TELEMETRA_REPLAY_FILE"}
        done = subprocess.run([harness.BINARY, "check", str(CONF / "replay.cfg")], capture_output=True, text=True,
                              env=environment, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 78)
        self.assertIn("TELEMETRA_REPLAY_FILE", done.stderr)

    def test_every_variable_that_the_files_read_is_in_env_example(self):
        known = set(re.findall(r"^([A-Z_0-9]+)=", (harness.ROOT / ".env.example").read_text(), re.M))
        for path in CONF.glob("*.cfg"):
            for name in re.findall(r"\$\{([A-Z_0-9]+)", path.read_text()):
                self.assertIn(name, known, path)

    def test_a_store_that_rest_cannot_have_is_told(self):
        rest = 'frontends = ({ component = "rest"; });'
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "x.cfg"
            text = harness.config(pathlib.Path(folder) / "x.db", ["-"], frontend=True)
            for wrong, sentence in [
                    (text.replace(rest, rest.replace("rest\"", "rest\"; store = \"sqlit\"")),
                     "frontends.rest.store: expected the name of a store of this file, found 'sqlit'; did you mean"),
                    (text.replace('"sqlite"', '"file"'), "frontends.rest: expected a store in this file, found none")]:
                path.write_text(wrong)
                done = telemetra("check", path)
                self.assertEqual(done.returncode, 78, done.stdout)
                self.assertIn(sentence, done.stderr)

    def test_what_check_passes_run_starts(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            events = folder / "events.ndjson"
            events.write_text('{"topic":"chat","event_id":"1","stream_id":"s","timestamp":"2026-01-01T00:00:00Z"}\n')
            for path in sorted(CONF.glob("*.cfg")):
                environment = servers.shared().fresh(self) | {
                    "TELEMETRA_REPLAY_FILE": str(events), "SQLITE_PATH": str(folder / f"{path.stem}.db"),
                    "API_PORT": "0", "AGGREGATOR_PORT": "0",
                    "PRODUCER_CHECKPOINT_PATH": str(folder / "checkpoint"),
                    "PRODUCER_REFUSED_PATH": str(folder / "refused.ndjson")}
                with harness.Telemetra(folder, path.read_text(), environment=environment) as running:
                    if "frontends" in path.read_text():
                        self.assertEqual(harness.get(running.address() + "/health"), (200, {"status": "ok"}))
                    else:
                        running.wait_for_log("kafka_sink: connected")
                    self.assertEqual(running.stop(), 0, running.log)


if __name__ == "__main__":
    unittest.main()
