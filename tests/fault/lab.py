"""What the fault tests share: servers, an input that lies in Kafka once, what must come of it, and trials over it.

    trial = lab.lab().trial(self)               # a database, a consumer group and Redis keys of its own
    with trial.aggregator("a") as aggregator:   # conf/aggregator.cfg by the real binary
        ...                                     # the fault
        trial.wait_final()
        aggregator.stop()
    trial.check()                               # every row, lane and count as undisturbed, value by value

What must come of the input is told twice over: the rows, streams and counts of an undisturbed run are compared with the
oracle, and whatever a trial leaves is compared with that run, text by text and with the scores, sketches and moments
that the oracle does not know.

TELEMETRA_FAULTS=full: over a million events and the full lengths of the faults; else the short form.
"""

import atexit
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import harness  # noqa: E402
import roles  # noqa: E402
import servers  # noqa: E402

import make_events  # noqa: E402

FULL = os.environ.get("TELEMETRA_FAULTS") == "full"
EVENTS = 1_050_000 if FULL else 50_000
RATE = 250 if FULL else 50
PARTITIONS = 12
#: Seconds until the broker gives the lanes of a silent member to others.
SESSION_S = 10 if FULL else 6
#: A lane flushes for every few rows and each COMMIT takes that long: a trial has time for faults, and they find commits
#: under way.
FLUSH_ROWS, COMMIT_MS = 5, 50
#: Seconds in which a trial must come to its end once nothing disturbs it any more.
FINAL_S = 300 if FULL else 90
#: Records that no event is in, put between the events: the aggregator's dead letters.
BROKEN = ['{"topic":"chat","event_id":"x","stream_id":"s"}', "no JSON", '{"a":', '[]', '{"topic":"chat","event_id":1}']
#: What must be the same after any fault: {name: query}. Of rows that say when something was noted, the rest.
TABLES = {
    "windows": "SELECT * FROM windows ORDER BY stream_id, window_start",
    "streams": "SELECT * FROM streams ORDER BY stream_id",
    "moments": "SELECT * FROM moments ORDER BY moment_id",
    "dead_letters": None,  # columns by asking
    "lanes": "SELECT lane, record FROM telemetra_lanes ORDER BY lane",
    "rejects": "SELECT * FROM telemetra_rejects",
}
#: The newest row of each stream, told by a hash of its bytes: they begin with its id and end before the message's check
#: (common/rows_wire.h); what stands before them is of the flush. Nothing unless the marker says that all rows are there.
REDIS_ROWS = """
local rows = {}
if redis.call('GET', 'telemetra:telemetra:marker') ~= 'complete' then return 'incomplete' end
for _, key in ipairs(redis.call('KEYS', '*:last:*')) do
    local value = redis.call('GET', key)
    rows[#rows + 1] = key .. ' ' .. redis.sha1hex(string.sub(value, string.find(value, 'stream_', 61, true), -9))
end
table.sort(rows)
return rows
"""
#: The oracle knows no scores.
OF_SCORES = ("sentiment", "positive_count", "negative_count", "slide_scored_count", "slide_sentiment_sum")
_labs = []


def lab():
    """The lab of this process, made when first asked for."""
    if not _labs:
        _labs.append(None)
        _labs[0] = Lab()
    if not _labs[0]:
        raise AssertionError("there is no lab; why is told where it was first asked for")
    return _labs[0]


def say(text):
    """A line of the report, with the time since the process began."""
    print(f"    {time.monotonic() - BEGAN:6.1f} s  {text}", file=sys.stderr, flush=True)


BEGAN = time.monotonic()


class Lab:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="telemetra-faults-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.servers = servers.own().__enter__()
        atexit.register(self.servers.remove)
        self.topics = {f"KAFKA_TOPIC_{topic.upper()}": f"faults.{topic}" for topic in servers.TOPICS}
        self.trials = 0
        self._fill()
        self._settle()

    # --- the input ---

    def _fill(self):
        """The events into Kafka by the producer, in two halves, with broken records between and behind them."""
        path, halves = self.folder / "events", [self.folder / "first", self.folder / "second"]
        make_events.write(path, EVENTS, rate=RATE)
        with path.open() as lines:
            for half in halves:
                with half.open("w") as out:
                    out.writelines(itertools.islice(lines, EVENTS // 2))
        self.inputs = []
        for half in halves:
            self.produce(half, self.topics)
            self._produce_broken()
            broken = half.with_suffix(".broken")
            broken.write_text("".join(line + "\n" for line in BROKEN))
            self.inputs += [half, broken]
        path.unlink()
        say(f"{EVENTS} events are in Kafka")

    def produce(self, path, topics):
        """The events of a file into topics, by the producer."""
        environment = self.servers.environment | topics | {
            "PRODUCER_REFUSED_PATH": str(path) + ".refused", "PRODUCER_CHECKPOINT_PATH": str(path) + ".checkpoint"}
        with harness.Telemetra(self.folder, roles.producer(path), environment=environment) as producer:
            if producer.finish() != 0:
                raise AssertionError(producer.log)

    def _produce_broken(self):
        lines = "".join(f"key-{number}\t{line}\n" for number, line in enumerate(BROKEN))
        self.servers.kafka("console-producer", "--topic", self.topics["KAFKA_TOPIC_CHAT"], "--property", "parse.key=true",
                           stdin=lines)

    # --- what must come of it ---

    def _settle(self):
        """An undisturbed run, compared with the oracle; from then on the expectation."""
        oracle = harness.oracle(self.folder / "oracle", self.inputs)
        known = json.loads((oracle / "out.json").read_text())["accounting"]
        say("the oracle has told what must come of them")
        self.counts = {name: known[name] for name in harness.COUNTS}
        assert all(self.counts.values()), f"the input has not all kinds of outcomes: {self.counts}"
        rows = len((oracle / "rows.ndjson").read_bytes().splitlines())
        self.expected = None
        trial = Trial(self, "undisturbed")
        try:
            with trial.aggregator("a") as aggregator:
                trial.wait(lambda: trial.accounting() == self.counts and
                           trial.sql("SELECT count(*) FROM windows") == str(rows),
                           f"{rows} rows and the counts {self.counts}")
                lanes = None
                while lanes != trial.table("lanes"):
                    lanes = trial.table("lanes")
                    time.sleep(2)
                self.redis_rows = trial.redis_rows()
                assert aggregator.stop() == 0, aggregator.log()
            self.expected = trial.snapshot()
            self._compare(oracle, trial)
        finally:
            trial.drop()
        say(f"undisturbed: {aggregator.seconds():.1f} s, {rows} rows, {len(self.expected['moments'].splitlines())} moments, "
            f"{self.counts}")

    def _compare(self, oracle, trial):
        windows = [harness.window_row(row) for row in self.servers.query("SELECT * FROM windows", trial.database)]
        streams = [harness.stream_row(row) for row in self.servers.query("SELECT * FROM streams", trial.database)]
        for name, rows in (("actual", windows), ("actual-streams", streams)):
            harness.write_lines(self.folder / f"{name}.ndjson", rows)
        ignored = [part for name in OF_SCORES for part in ("--ignore", name)]
        done = subprocess.run(
            [sys.executable, str(harness.ORACLE / "compare.py"), str(oracle / "rows.ndjson"),
             str(self.folder / "actual.ndjson"), "--streams", str(oracle / "streams.ndjson"),
             str(self.folder / "actual-streams.ndjson"), *ignored], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert trial.accounting() == self.counts, (trial.accounting(), self.counts)

    # --- trials ---

    def trial(self, test, **settings):
        """A fresh database, group and Redis database; dropped after the test."""
        trial = Trial(self, test.id().rsplit(".", 1)[-1], **settings)
        test.addCleanup(trial.drop)
        return trial


class Trial:
    """One run of the input, by however many aggregators. `pipeline`: more of its settings; `source`: more of kafka's;
    `place`: more of CREATE DATABASE."""

    def __init__(self, of, name, pipeline="", source="", idle="1s", place=""):
        of.trials += 1
        self.lab, self.servers, self.name = of, of.servers, name
        self.number = of.trials
        self.mark = f"{of.trials}_{re.sub('[^a-z0-9_]', '', name)[:40]}"
        self.folder = of.folder / self.mark
        self.folder.mkdir()
        self.database = f"trial_{self.mark}"
        self.servers.psql(f"CREATE DATABASE {self.database} {place}")
        self.servers.psql(f"ALTER DATABASE {self.database} SET commit_delay = {COMMIT_MS * 1000};"
                          f"ALTER DATABASE {self.database} SET commit_siblings = 0")
        self.config = roles.text_of(
            "aggregator",
            roles.pipeline("telemetra", f'at_idle = "finish"; idle_timeout = "{idle}"; batch_records = 256; '
                                        f'flush_rows = {FLUSH_ROWS}; {pipeline}'),
            ('component = "kafka";', f'component = "kafka"; session_timeout = "{SESSION_S}s"; {source}'))
        self.environment = self.servers.environment | of.topics | {
            "POSTGRES_DB": self.database, "KAFKA_GROUP_ID": f"trial-{self.mark}", "AGGREGATOR_PORT": "0",
            "CHAT_RETENTION_DAYS": "0", "REDIS_URL": f"{self.servers.environment['REDIS_URL']}/{of.trials}"}
        self.logs = []

    def drop(self):
        self.servers.start()
        self.servers.psql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")

    def aggregator(self, name, is_static=True, **environment):
        """Starts one as member `name`, which nobody else may be meanwhile. Use it as a context manager."""
        path = self.folder / f"{name}.cfg"
        path.write_text(self.config)
        log = self.folder / f"{len(self.logs)}.{name}.log"
        self.logs.append(log)
        return Aggregator(path, log, self.environment | {"KAFKA_GROUP_INSTANCE_ID": name if is_static else ""} | environment)

    def all_logs(self):
        return "".join(f"--- {path.name}\n{tail(path.read_text(errors='replace'))}\n" for path in self.logs[-4:])

    # --- PostgreSQL ---

    def sql(self, statement):
        """What psql prints of a statement; None while the server does not answer or has not the table yet."""
        of = self.environment
        done = subprocess.run(
            ["psql", "-X", "-Atq", "-v", "ON_ERROR_STOP=1", "-h", of["POSTGRES_HOST"], "-p", of["POSTGRES_PORT"], "-U",
             of["POSTGRES_USER"], "-d", self.database, "-c", statement],
            env={**os.environ, "PGPASSWORD": of["POSTGRES_PASSWORD"], "PGCONNECT_TIMEOUT": "5"}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True)
        return done.stdout.rstrip("\n") if done.returncode == 0 else None

    def table(self, name):
        query = TABLES[name]
        if name == "dead_letters":
            query = ("SELECT %s FROM dead_letters ORDER BY input, ordinal" % self.sql(
                "SELECT string_agg(quote_ident(column_name), ',' ORDER BY ordinal_position) FROM information_schema.columns"
                " WHERE table_name = 'dead_letters' AND column_name NOT IN ('noted_at', 'lane', 'epoch')"))
        return self.sql(f"COPY ({query}) TO STDOUT")

    def snapshot(self):
        return {name: self.table(name) for name in TABLES}

    def accounting(self):
        records = self.sql("COPY (SELECT replace(record, E'\\n', '|') FROM telemetra_lanes) TO STDOUT")
        return harness.accounting_of(line.replace("|", "\n") for line in (records or "").splitlines())[0]

    def progress(self):
        """Records that the checkpoint counts as decided; 0 when it cannot be asked."""
        return self.accounting()["consumed"]

    def part(self):
        """The same as a share of all."""
        return self.progress() / self.lab.counts["consumed"]

    # --- Redis ---

    def redis_rows(self):
        """What Redis has of rows, as lines of key and hash; None while it is not complete."""
        known = self.servers.redis("EVAL", REDIS_ROWS, 0, database=self.number)
        return None if known == "incomplete" else known

    # --- the end ---

    def wait_part(self, share, seconds=FINAL_S):
        """Waits until a share of the records is decided."""
        self.wait(lambda: self.part() >= share, f"{share:.0%} of the records decided", seconds)

    def wait(self, condition, what, seconds=FINAL_S):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: not within {seconds} s: {what}; counted {self.accounting()}\n"
                                     f"{self.difference()}\n{self.all_logs()}")
            time.sleep(0.05)

    def is_final(self):
        return self.table("lanes") == self.lab.expected["lanes"]

    def wait_final(self, seconds=FINAL_S):
        """Waits until all lanes are where they are at the undisturbed run's end: positions, watermark and counts."""
        self.wait(self.is_final, "all lanes as undisturbed", seconds)

    def check(self):
        """Fails unless all that is stored is what the undisturbed run has stored."""
        different = self.difference()
        if different:
            raise AssertionError(f"{self.name}: {different}\n{self.all_logs()}")
        sums = self.accounting()
        if sums != self.lab.counts or sums["consumed"] != sum(sums[name] for name in harness.COUNTS[1:]):
            raise AssertionError(f"{self.name}: counted {sums}, expected {self.lab.counts}")
        for log in self.logs:
            # The last line of defence, a key that is there already, must never have been needed.
            if "has a row of a flush already" in log.read_text(errors="replace"):
                raise AssertionError(f"{self.name}: a row was written twice, and only its key was in the way\n{self.all_logs()}")

    def difference(self):
        """The first differences from the expectation, as text; empty: there are none."""
        told = []
        for name, expected in (self.lab.expected or {}).items():
            actual = self.table(name)
            if actual is None:
                told.append(f"table {name} cannot be read")
            elif actual != expected:
                told.append(first_differences(name, expected.splitlines(), actual.splitlines()))
        return "\n".join(told)


def first_differences(name, expected, actual, shown=3):
    missing, added = sorted(set(expected) - set(actual)), sorted(set(actual) - set(expected))
    lines = [f"{name}: {len(expected)} lines expected, {len(actual)} found; {len(missing)} missing, {len(added)} too many"]
    lines += [f"  - {line[:400]}" for line in missing[:shown]] + [f"  + {line[:400]}" for line in added[:shown]]
    return "\n".join(lines)


def tail(text, lines=25):
    return "\n".join(text.splitlines()[-lines:])


class Aggregator:
    """One running aggregator, its log in a file, so that it never waits for a reader."""

    def __init__(self, config, log, environment):
        self.path = log
        with log.open("wb") as out:
            self.process = subprocess.Popen([harness.BINARY, "run", str(config)], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=out, env={**os.environ, **environment})
        self.began = time.monotonic()
        self.ended = None
        self.base = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.wait()

    def log(self):
        return self.path.read_text(errors="replace")

    def seconds(self):
        """How long it ran."""
        return (self.ended or time.monotonic()) - self.began

    def is_running(self):
        return self.process.poll() is None

    def wait(self, seconds=harness.PATIENCE):
        """Waits for its end; the exit code, negative: the signal that ended it."""
        code = self.process.wait(timeout=seconds)
        self.ended = self.ended or time.monotonic()
        return code

    def kill(self):
        """kill -9; whether it ran until then."""
        was_running = self.is_running()
        self.process.kill()
        self.wait()
        return was_running

    def stop(self, seconds=harness.PATIENCE):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def send(self, number):
        self.process.send_signal(number)

    def wait_for_log(self, pattern, seconds=harness.PATIENCE):
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.log())):
            if time.monotonic() > deadline or not self.is_running():
                raise AssertionError(f"no {pattern!r} in the log:\n{tail(self.log())}")
            time.sleep(0.02)
        return found

    # --- what it says and uses ---

    def health(self):
        """GET /api/v1/health: (status, document)."""
        self.base = self.base or self.wait_for_log(r"listening on (http://\S+)").group(1)
        try:
            with urllib.request.urlopen(self.base + "/api/v1/health", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def memory_mib(self):
        """Resident now."""
        found = re.search(r"^VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{self.process.pid}/status").read_text(), re.M)
        return int(found.group(1)) / 1024

    def cpu_seconds(self):
        """utime + stime so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def watch(self, seconds, condition=lambda: False):
        """
        Looks at it for so long, or until a condition is true: cores used on average, highest memory in MiB, and what
        health said was wrong, {name: message}.
        """
        began, cpu, memory, wrong = time.monotonic(), self.cpu_seconds(), 0, {}
        while time.monotonic() < began + seconds and not condition():
            memory = max(memory, self.memory_mib())
            wrong |= self.troubles()
            time.sleep(0.5)
        return (self.cpu_seconds() - cpu) / (time.monotonic() - began), memory, wrong

    def troubles(self):
        """What health says is not well: {name: message}; empty when all is."""
        status, told = self.health()
        parts = told["pipeline"]
        wrong = {part["name"]: part.get("message") or "" for part in parts if part["status"] != "ok"}
        return wrong or ({} if status == 200 and told["status"] == "ok" else {"health": json.dumps(told)})
