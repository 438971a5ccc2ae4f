"""What an event costs from a plain file to committed rows, beside two floors in the same run.

Every contestant runs on one core, one after another, for several rounds; the figure is the best of them, the spread is
(worst - best) / best. CPU time is user and system time of the whole process, start and end included.
"""

import argparse
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

PIPELINE = """
pipeline = {{ name = "bench"; at_idle = "finish"; {pipeline} }};
log = {{ level = "WARNING"; }};
codec = {{ component = "json"; }};
sources = ({{ {source} }});
processors = ({before} {{ component = "window"; duration = {duration}; slide = {slide}; }} {after});
sinks = ({{ component = "sqlite"; path = "{database}"; }});
"""


class Contestant:
    """Something to run: a name, how many events it handles, and how to make its command."""

    def __init__(self, name, events, command):
        self.name, self.events, self.command = name, events, command
        self.cpu, self.wall, self.memory = [], [], []

    def run(self, core):
        command = self.command()
        start = time.monotonic()
        process = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        self.wall.append(time.monotonic() - start)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{self.name} failed with {process.returncode}: {command}")
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.memory.append(usage.ru_maxrss / 1024)

    def best(self):
        return min(self.cpu)

    def line(self, floor):
        spread = (max(self.cpu) - self.best()) / self.best()
        rate = f"{self.events / min(self.wall) / 1e6:8.3f}" if self.events else " " * 8
        per_event = f"{self.best() / self.events * 1e6:8.3f}" if self.events else " " * 8
        ratio = f"{self.best() / self.events / (floor.best() / floor.events):7.2f}"
        return f"{self.name:34}{rate}{per_event}{spread:9.0%}{ratio}{max(self.memory):9.0f}"


def pipeline(folder, build, name, source, duration=60, slide=10, options="", before="", after=""):
    """A command maker: a fresh database each time."""
    def command():
        database = folder / f"{name}.db"
        for old in folder.glob(f"{name}.db*"):
            old.unlink()
        path = folder / f"{name}.cfg"
        path.write_text(PIPELINE.format(source=source, database=database, duration=duration, slide=slide, pipeline=options,
                                        before=before, after=after))
        return [build / "bin/telemetra", "run", path]
    return command


def contestants(folder, build, data, events, streams):
    replay = f'component = "replay"; path = "{data}";'
    many = streams * 3 * 120  # 3 events a second and stream for 12 panes of 10 s
    mock = 'component = "mock"; model = "flat"; realtime = false; start_time = "2026-01-01T00:00:00Z"; chatters = 100000; chat_only = true; emotes = false; '
    return [
        Contestant("floor: read the bytes", events, lambda: ["dd", f"if={data}", "of=/dev/null", "bs=1M", "status=none"]),
        Contestant("floor: read the named fields", events, lambda: [build / "bin/bench_floor", data]),
        Contestant("telemetra 60/10", events, pipeline(folder, build, "a", replay)),
        Contestant("telemetra 60/10, all processors", events, pipeline(
            folder, build, "e", replay, before='{ component = "sentiment"; },', after=', { component = "moments"; }')),
        Contestant("telemetra 60/60", events, pipeline(folder, build, "b", replay, slide=60)),
        Contestant("mock, 1 stream", many // 10, pipeline(
            folder, build, "c", mock + f"streams = 1; rate = 1000; count = {many // 10};")),
        Contestant(f"mock, {streams} streams", many, pipeline(
            folder, build, "d", mock + f"streams = {streams}; rate = 3; count = {many};", options="max_streams = 1000000;")),
    ]


def tell_relations(entries, many):
    """What contestants cost in terms of each other, where both ran: of the best runs, and the median over rounds, which a
    machine that is slow for a while disturbs less."""
    def ratio(name, base):
        each, other = entries[name], entries[base]
        scale = other.events / each.events
        rounds = statistics.median(a / b for a, b in zip(each.cpu, other.cpu)) * scale
        return each.best() / other.best() * scale, rounds

    for name, base in (("telemetra 60/10, all processors", "telemetra 60/10"), ("telemetra 60/10", "telemetra 60/60"),
                       (many, "mock, 1 stream")):
        if {name, base} <= entries.keys():
            best, rounds = ratio(name, base)
            print(f"{name} / {base}: {best:.2f} of the best, {rounds:.2f} the median of rounds")


def main():
    parser = argparse.ArgumentParser(prog="infra/bench standalone")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--streams", type=int, default=100_000)
    parser.add_argument("--only", default="", metavar="PART,PART", help="parts of the names of the contestants to run")
    options = parser.parse_args()
    core = max(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="telemetra-bench-") as name:
        folder = pathlib.Path(name)
        data = folder / "events.ndjson"
        subprocess.run([sys.executable, HERE / "make_chat.py", data, str(options.events)], check=True)
        print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; "
              f"{options.events} events, {data.stat().st_size / options.events:.0f} bytes each; core {core}, "
              f"best of {options.runs}, interleaved")
        entries = contestants(folder, options.build.resolve(), data, options.events, options.streams)
        floor = entries[1]
        entries = [each for each in entries if each is floor or any(part in each.name for part in options.only.split(","))]
        for _ in range(options.runs):
            for each in entries:
                each.run(core)
        print(f"{'':34}{'M ev/s':>8}{'CPU us':>8}{'spread':>9}{'ratio':>7}{'MiB':>9}")
        for each in entries:
            print(each.line(floor))
        tell_relations({each.name: each for each in entries}, f"mock, {options.streams} streams")


main()
