"""How fast one aggregator on one core takes what waits in Kafka, beside floors measured in the same run.

    infra/bench drain [--runs N] [--events N] [--streams N] [--compression lz4] [--only PART,PART]

Waiting are --events chat events and a tenth as many viewer events in 8 partitions, written once and read by every
contestant in turn from Kafka's page cache. Servers are on the first core, the contestant is on the last one.

    floor poll      rd_kafka_consumer_poll, a message a call
    floor batch     rd_kafka_consume_batch_queue, a thousand a call
    floor json      as poll, and the named fields of each value are read with simdjson's DOM parser
    windows         conf/aggregator.cfg without sentiment and moments, into PostgreSQL and Redis
    all             conf/aggregator.cfg
    floor copy      psql's \\copy of the rows of `windows`, as the contestant windows left them, into the same table

The floors have librdkafka's own fetch settings: with those of the source (smaller queues) poll and batch are as fast, but json
stands still for most of the time, as librdkafka leaves a queue that was full alone for up to a second; the source wakes it.

Events a second: from the process' start until the last event is decided in the checkpoint (floors: until the last message
was read). CPU: user and system time of the whole process, its start, its last windows and its end included. Both: the best
of the runs. Spread: (worst - best) / best.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time

import drain_lab

FLOORS = ("floor poll", "floor batch", "floor json")
#: Windows become final at the end of what waits, once their inputs were quiet for that long.
PIPELINE = 'at_idle = "finish"; idle_timeout = "1s";'


class Result:
    def __init__(self):
        self.wall, self.cpu, self.memory, self.rows = [], [], [], []

    def add(self, wall, cpu, memory, rows=0):
        self.wall.append(wall)
        self.cpu.append(cpu)
        self.memory.append(memory)
        self.rows.append(rows)


class Drain:
    def __init__(self, lab, options):
        self.lab, self.options = lab, options
        self.events = options.events + options.events // 10
        self.results = {}

    def load(self):
        self.lab.make_topics()
        done = subprocess.run(self.lab.loader(chat=self.options.events, viewer=self.options.events // 10,
                                              streams=self.options.streams, rate=self.options.rate,
                                              compression=self.options.compression),
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        events, size, seconds = re.search(r"events (\d+) bytes (\d+) seconds (\S+)", done).groups()
        print(f"{events} events of {int(size) / int(events):.0f} bytes on average, compression {self.options.compression}, "
              f"{self.options.streams} streams at {self.options.rate} chat events a second, written in {seconds} s", flush=True)

    def floor(self, name):
        command = [str(self.lab.build / "bin/bench_floor_kafka"), name.split()[1],
                   self.lab.environment["KAFKA_BOOTSTRAP_SERVERS"], str(self.events), str(self.lab.partitions),
                   self.lab.names["chat"], self.lab.names["viewer"]]
        begin = time.monotonic()
        process = subprocess.Popen(["taskset", "-c", str(self.lab.core), *command], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{name} failed")
        return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def aggregate(self, name):
        environment = self.lab.fresh(name)
        database = environment["POSTGRES_DB"]
        processors = ("window",) if name == "windows" else ("sentiment", "window", "moments")
        aggregator = drain_lab.Aggregator(self.lab, environment, drain_lab.aggregator_text(processors, PIPELINE),
                                          self.lab.folder / f"{name}.log")
        wall = aggregator.wait(lambda: (self.lab.kept(environment) or {}).get("consumed") == self.events)
        windows = "SELECT count(*), count(DISTINCT window_end) FROM windows"
        before = None
        while (rows := drain_lab.psql_quick(environment, windows, database)) != before:
            before = rows
            time.sleep(2.5)
        cpu, memory = aggregator.stop()
        kept = self.lab.kept(environment)
        if aggregator.process.returncode or kept["applied"] != self.events:
            sys.exit(f"{name}: {kept}, exit {aggregator.process.returncode}, see the log:\n{aggregator.log.read_text()[-3000:]}")
        if name == "windows" and "floor copy" not in self.results:
            self.save_rows(environment)
        self.lab.drop(environment)
        return wall, cpu, memory, int(rows.split("|")[0])

    # --- the floor of PostgreSQL ---

    def psql(self, database, *commands):
        begin = time.monotonic()
        process = subprocess.Popen(
            ["taskset", "-c", str(self.lab.core), "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h",
             self.lab.environment["POSTGRES_HOST"], "-p", self.lab.environment["POSTGRES_PORT"], "-U",
             self.lab.environment["POSTGRES_USER"], "-d", database, *(part for each in commands for part in ("-c", each))],
            env=dict(os.environ, PGPASSWORD=self.lab.environment["POSTGRES_PASSWORD"]), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"psql {commands} failed")
        return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def save_rows(self, environment):
        database = environment["POSTGRES_DB"]
        self.psql(database, f"\\copy windows to '{self.lab.folder}/rows' (format binary)")
        self.lab.psql("CREATE DATABASE bench_copy")
        self.psql("bench_copy", "SET client_min_messages = error")
        dump = subprocess.run(["pg_dump", "--schema-only", "-t", "windows", "-h", environment["POSTGRES_HOST"], "-p",
                               environment["POSTGRES_PORT"], "-U", environment["POSTGRES_USER"], database], check=True,
                              env=dict(os.environ, PGPASSWORD=environment["POSTGRES_PASSWORD"]), stdout=subprocess.PIPE,
                              text=True).stdout
        self.lab.psql(dump, "bench_copy")
        self.results["floor copy"] = Result()

    def copy(self):
        self.lab.psql("TRUNCATE windows; CHECKPOINT", "bench_copy")
        return self.psql("bench_copy", f"\\copy windows from '{self.lab.folder}/rows' (format binary)")

    # --- rounds ---

    def round(self, names):
        for name in names:
            if name == "floor copy" and name not in self.results:
                continue
            result = self.results.setdefault(name, Result())
            if name == "floor copy":
                result.add(*self.copy())
            else:
                result.add(*(self.floor(name) if name in FLOORS else self.aggregate(name)))
            print(f"  {name:12} {result.wall[-1]:7.2f} s {result.cpu[-1]:7.2f} CPU s {result.memory[-1]:6.0f} MiB", flush=True)

    def report(self):
        base = "floor poll" if "floor poll" in self.results else next(iter(self.results))
        floor = self.results[base]
        measured = {name: each for name, each in self.results.items() if each.wall}
        print(f"{'':14}{'M ev/s':>8}{'spread':>8}{'of floor':>10}{'CPU us':>8}{'spread':>8}{'x floor':>9}{'(median)':>10}{'MiB':>7}")
        for name, each in measured.items():
            wall, cpu = min(each.wall), min(each.cpu)
            ratio = statistics.median(a / b for a, b in zip(each.cpu, floor.cpu))
            print(f"{name:14}{self.events / wall / 1e6:8.3f}{(max(each.wall) - wall) / wall:8.0%}"
                  f"{min(floor.wall) / wall:10.2f}{cpu / self.events * 1e6:8.3f}{(max(each.cpu) - cpu) / cpu:8.0%}"
                  f"{cpu / min(floor.cpu):9.2f}{ratio:10.2f}{max(each.memory):7.0f}")
        rows = self.results["windows"].rows[-1] if "windows" in self.results else 0
        if rows:
            print(f"rows of windows: {rows}, one for {self.events / rows:.0f} events")


def main():
    parser = argparse.ArgumentParser(prog="infra/bench drain", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--events", type=int, default=10_000_000, help="chat events; a tenth as many viewer events come on top")
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=10_000, help="chat events a second of event time, all streams together")
    parser.add_argument("--compression", default="none")
    parser.add_argument("--only", default="", metavar="PART,PART", help="parts of the names of the contestants to run")
    options = parser.parse_args()
    names = [name for name in (*FLOORS, "windows", "all", "floor copy")
             if any(part in name for part in options.only.split(","))]
    with drain_lab.Lab(options.build, 8) as lab:
        print(f"servers on core {lab.server_core}, contestants on core {lab.core}; {drain_lab.versions(lab)}")
        drain = Drain(lab, options)
        drain.load()
        for number in range(options.runs):
            print(f"round {number + 1}", flush=True)
            drain.round(names)
        drain.report()


main()
