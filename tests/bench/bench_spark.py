"""One aggregator and the Spark job of infra/spark drain the same backlog, on the same cores, in turn.

    infra/bench spark [--runs N] [--events N] [--streams N] [--partitions N]

Waiting in Kafka are --events chat events and a tenth as many viewer events, written once. A contestant has the last two cores
of the machine, as a small one has them; the servers have the first core, which on such a machine is one of these, and do the
same for both. Sentiment and moments are left out of conf/aggregator.cfg, as the job has neither, and so is Redis. Spark runs in
local mode on as many cores, tuned as infra/spark/README.md tells.

Events a second: from the process' start, which is part of it, until the last event is decided in the checkpoint; with Spark
that is the end of its last micro-batch. CPU: user and system time of all processes of the contestant, from their start to their
end, when every window is final and in PostgreSQL. Memory: the most that all of them together held at once (RSS, looked at ten
times a second; what Spark's Python workers share is counted in each). Both: the best of the runs; spread: (worst - best) / best.
Rounds begin with one and the other in turn. After each, infra/parity compares the rows of the two: if they differ, it ends.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import uuid

import drain_lab

AGGREGATOR, SPARK = "aggregator", "spark"
PIPELINE = 'at_idle = "finish"; idle_timeout = "1s";'
TICKS = os.sysconf("SC_CLK_TCK")


def tree(root):
    """{pid: (CPU s, RSS in MiB)} of a process and all below it."""
    stats = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        cpu = sum(map(int, fields[11:13])) / TICKS
        stats[int(path.parent.name)] = (int(fields[1]), cpu, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20)
    found, todo = {}, [root]
    while todo:
        pid = todo.pop()
        if pid in stats and pid not in found:
            found[pid] = stats[pid][1:]
            todo += [child for child, (parent, *_) in stats.items() if parent == pid]
    return found


class Watched:
    """A process whose tree is looked at while one waits for it. CPU time is the kernel's for it and all that it waited for, or
    what was seen of each process, if that is more: Java does not wait for Python's workers when it ends."""

    def __init__(self, command, log, environment, cores):
        self.begin, self.log, self.memory, self.seen = time.monotonic(), log, 0.0, {}
        with open(log, "wb") as out:
            self.process = subprocess.Popen(["taskset", "-c", cores, *command], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **environment}, start_new_session=True)

    def look(self):
        found = tree(self.process.pid)
        self.memory = max(self.memory, sum(memory for _, memory in found.values()))
        self.seen |= {pid: cpu for pid, (cpu, _) in found.items()}

    def wait(self, done, patience=3600):
        """Until done() or the end of the process; seconds since its start."""
        deadline = time.monotonic() + patience
        while not done():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.fail("ended early" if self.process.poll() is not None else "did not get there")
            self.look()
            time.sleep(0.1)
        return time.monotonic() - self.begin

    def fail(self, what):
        sys.exit(f"{self.process.args}: {what}:\n{pathlib.Path(self.log).read_text(errors='replace')[-3000:]}")

    def finish(self, patience=3600):
        """(seconds, CPU seconds) at its end."""
        deadline = time.monotonic() + patience
        while True:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.fail("did not end")
            self.look()
            time.sleep(0.1)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            self.fail(f"exit {self.process.returncode}")
        return time.monotonic() - self.begin, max(usage.ru_utime + usage.ru_stime, sum(self.seen.values()))


class Bench:
    def __init__(self, lab, options):
        self.lab, self.options = lab, options
        self.events = options.events + options.events // 10
        self.cores = ",".join(map(str, sorted(os.sched_getaffinity(0))[-2:]))
        self.results = {AGGREGATOR: [], SPARK: []}
        self.kept = None

    def load(self):
        self.lab.make_topics()
        done = subprocess.run(self.lab.loader(chat=self.options.events, viewer=self.options.events // 10,
                                              streams=self.options.streams, rate=self.options.rate),
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        events, size, _ = re.search(r"events (\d+) bytes (\d+) seconds (\S+)", done).groups()
        print(f"{events} events of {int(size) / int(events):.0f} bytes on average in {self.lab.partitions} partitions, "
              f"{self.options.streams} streams at {self.options.rate:.0f} chat events a second of event time", flush=True)

    # --- contestants: (s until the last event, s until the end, CPU s, MiB) ---

    def aggregate(self, environment):
        text = drain_lab.roles.without(drain_lab.aggregator_text(("window",), PIPELINE), "redis")
        path = self.lab.folder / "aggregator.cfg"
        path.write_text(text)
        environment = environment | {"POSTGRES_SCHEMA": AGGREGATOR}
        run = Watched([str(self.lab.build / "bin/telemetra"), "run", str(path)], self.lab.folder / "aggregator.log", environment,
                      self.cores)
        database = environment["POSTGRES_DB"]

        def records():
            text = drain_lab.psql_quick(environment, f"SELECT record FROM {AGGREGATOR}.telemetra_lanes WHERE record <> ''",
                                        database)
            return "\n".join(line for line in text.splitlines() if line.strip())

        def consumed():
            return drain_lab.harness.accounting_of([records()])[0]["consumed"] >= self.events if records() else False

        last_event = run.wait(consumed)
        run.wait(lambda: is_at_rest(records()))
        run.process.send_signal(signal.SIGTERM)
        return last_event, *run.finish(), run.memory

    def spark(self, environment):
        checkpoint = self.lab.folder / "checkpoint"
        shutil.rmtree(checkpoint, ignore_errors=True)
        environment = environment | {"SPARK_MASTER": f"local[{len(self.cores.split(','))}]", "SPARK_SCHEMA": SPARK,
                                     "SPARK_CHECKPOINT": str(checkpoint)}
        run = Watched([str(drain_lab.ROOT / "infra/spark/run"), "--trigger", "available-now", "--at-idle", "finish"],
                      self.lab.folder / "spark.log", environment, self.cores)
        wanted = f"SELECT consumed >= {self.events} FROM {SPARK}.spark_progress"
        last_event = run.wait(lambda: drain_lab.psql_quick(environment, wanted, environment["POSTGRES_DB"]) == "t")
        return last_event, *run.finish(), run.memory

    # --- rounds ---

    def check(self, environment):
        """Rows that differ make every figure worthless."""
        done = subprocess.run([str(drain_lab.ROOT / "infra/parity"), AGGREGATOR, SPARK, "--tables", "windows,streams"],
                              env={**os.environ, **environment}, check=False, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"infra/parity: {done.stdout}{done.stderr}")
        self.kept = done.stdout

    def round(self, number):
        database = f"bench_{uuid.uuid4().hex[:8]}"
        self.lab.psql(f"CREATE DATABASE {database}")
        environment = self.lab.environment | {"POSTGRES_DB": database, "KAFKA_GROUP_ID": database, "AGGREGATOR_PORT": "0",
                                              "CHAT_RETENTION_DAYS": "0"}
        order = (AGGREGATOR, SPARK) if number % 2 == 0 else (SPARK, AGGREGATOR)
        for name in order:
            result = (self.aggregate if name == AGGREGATOR else self.spark)(environment)
            self.results[name].append(result)
            print(f"  {name:12} last event {result[0]:7.2f} s, end {result[1]:7.2f} s, {result[2]:7.2f} CPU s, "
                  f"{result[3]:6.0f} MiB", flush=True)
        self.check(environment)
        self.lab.drop(environment)

    def report(self):
        print(f"{'':12}{'events/s':>10}{'spread':>8}{'CPU us/event':>14}{'spread':>8}{'MiB':>7}")
        for name, runs in self.results.items():
            wall, cpu = ([run[at] for run in runs] for at in (0, 2))
            print(f"{name:12}{self.events / min(wall):10.0f}{max(wall) / min(wall) - 1:8.0%}"
                  f"{min(cpu) / self.events * 1e6:14.2f}{max(cpu) / min(cpu) - 1:8.0%}{max(run[3] for run in runs):7.0f}")
        ratios = [statistics.median(b[at] / a[at] for a, b in zip(self.results[AGGREGATOR], self.results[SPARK]))
                  for at in (0, 2, 3)]
        print(f"Spark by aggregator, median of rounds: time {ratios[0]:.1f}, CPU {ratios[1]:.1f}, memory {ratios[2]:.1f}")
        print(f"infra/parity of the last round:\n{self.kept}", end="")


def is_at_rest(records):
    """Whether no window is open: no input would be read again."""
    inputs = [line.split() for line in records.splitlines() if line.startswith("input ")]
    return bool(inputs) and all(words[words.index("next") + 1] == words[words.index("from") + 1] for words in inputs)


def main():
    parser = argparse.ArgumentParser(prog="infra/bench spark", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--events", type=int, default=2_000_000, help="chat events; a tenth as many viewer events come on top")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=10_000, help="chat events a second of event time, all streams together")
    parser.add_argument("--partitions", type=int, default=8)
    options = parser.parse_args()
    subprocess.run([str(drain_lab.ROOT / "infra/spark/run"), "fetch"], check=True)
    with drain_lab.Lab(options.build, options.partitions) as lab:
        bench = Bench(lab, options)
        print(f"contestants on cores {bench.cores}, servers on {lab.server_core}; Spark 3.5.7; {drain_lab.versions(lab)}")
        bench.load()
        for number in range(options.runs):
            print(f"round {number + 1}", flush=True)
            bench.round(number)
        bench.report()


main()
