"""How long after an event was written a feed in another process has the first row that includes it.

    infra/bench latency [--rates N,N] [--seconds N] [--runs N] [--streams N]

A writer hands chat events (and a tenth as many viewer events) at a steady rate to librdkafka, each with the time of that
moment in it, into 8 partitions. One aggregator (conf/aggregator.cfg) reads them and publishes early rows in Redis; a third
process has the store redis as conf/api.cfg has it, and a plugin that notes when a row comes out of its feed. Timed is, for
every chat event, from the time in it to the arrival of the first early row of its stream whose window includes it: that is,
whose message_count is at least the number of the stream's events in the window up to and including it. So the writer's
linger (5 ms) is included, and the wait for the next early rows, on average half of early_interval (500 ms).

The aggregator is on the last core; the servers, the writer and the third process share the first. The first ten seconds do
not count.
"""

import argparse
import array
import bisect
import os
import signal
import subprocess
import sys

import drain_lab

READER = """
listen = {{ port = 0; }};
stores = ({{ component = "redis"; url = "${{REDIS_URL}}"; }});
frontends = ({{ component = "feed_probe"; path = "{path}"; }});
pipeline = {{ name = "telemetra"; }};
"""
WARM_MS = 10_000


def times_of(path, streams):
    """Sorted milliseconds of each stream's chat events, as the writer noted them."""
    data = path.read_bytes()
    times = [array.array("q") for _ in range(streams)]
    for at in range(0, len(data), 12):
        times[int.from_bytes(data[at:at + 4], "little")].append(int.from_bytes(data[at + 4:at + 12], "little"))
    return times


def latencies(arrivals, times, since_ms):
    """Milliseconds of every event that some row included."""
    seen = [0] * len(times)
    result = []
    for line in arrivals.read_text().splitlines():
        arrived_ns, stream, end_ns, count = line.split(" ")
        index = int(stream.rsplit("_", 1)[1])
        known = times[index]
        first = bisect.bisect_left(known, int(end_ns) // 1_000_000 - 60_000)
        end = min(first + int(count), len(known))
        for at in range(seen[index], end):
            if known[at] >= since_ms:
                result.append(int(arrived_ns) / 1e6 - known[at])
        seen[index] = max(seen[index], end)
    missing = sum(len(each) - seen[i] for i, each in enumerate(times))
    return sorted(result), missing


class Trial:
    def __init__(self, lab, options, rate):
        self.lab, self.options, self.rate = lab, options, rate

    def run(self):
        lab, options = self.lab, self.options
        lab.make_topics()
        environment = lab.fresh(f"latency{self.rate}")
        arrivals, sent = lab.folder / "arrivals", lab.folder / "sent"
        config = lab.folder / "reader.cfg"
        config.write_text(READER.format(path=arrivals))
        aggregator = drain_lab.Aggregator(lab, environment, drain_lab.aggregator_text(), lab.folder / "latency.log")
        reader = subprocess.Popen(["taskset", "-c", str(lab.server_core), str(lab.build / "bin/telemetra"), "run",
                                   "--plugin-dir", str(lab.build / "lib/bench"), str(config)],
                                  env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL if not options.verbose else None)
        try:
            aggregator.wait(lambda: aggregator.metric("telemetra_kafka_assigned_lanes") == lab.partitions)
            seconds = options.seconds + WARM_MS // 1000
            done = subprocess.run(["taskset", "-c", str(lab.server_core), *lab.loader(
                chat=self.rate * seconds * 10 // 11, viewer=self.rate * seconds // 11, rate=self.rate * 10 / 11, live=1,
                streams=options.streams, log=sent)], check=True, stdout=subprocess.PIPE, text=True).stdout
            wanted = self.rate * seconds * 10 // 11 + self.rate * seconds // 11
            aggregator.wait(lambda: (lab.kept(environment) or {}).get("consumed", 0) >= wanted, 60)
        finally:
            reader.send_signal(signal.SIGTERM)
            reader.wait()
            cpu, memory = aggregator.stop()
        lab.drop(environment)
        if reader.returncode or aggregator.process.returncode:
            sys.exit(f"the reader ended with {reader.returncode}, the aggregator with {aggregator.process.returncode}")
        times = times_of(sent, options.streams)
        begin_ms = min(each[0] for each in times if each)
        found, missing = latencies(arrivals, times, begin_ms + WARM_MS)
        written_s = float(done.split()[-1])
        at = {part: found[min(int(len(found) * part), len(found) - 1)] for part in (0.5, 0.99, 0.999)}
        print(f"{self.rate:7} events/s (written at {wanted / written_s:.0f}): p50 {at[0.5]:.0f} ms, p99 {at[0.99]:.0f} ms, p99.9 {at[0.999]:.0f} ms, "
              f"most {found[-1]:.0f} ms of {len(found)} events; {missing} in no early row; aggregator {cpu / written_s:.2f} "
              f"cores, {memory:.0f} MiB", flush=True)
        return at


def main():
    parser = argparse.ArgumentParser(prog="infra/bench latency", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rates", default="5000,20000", help="events a second, chat and viewer together")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    rates = [int(each) for each in options.rates.split(",")]
    with drain_lab.Lab(options.build, 8) as lab:
        print(f"servers, writer and reader on core {lab.server_core}, aggregator on core {lab.core}; {drain_lab.versions(lab)}")
        found = {rate: [] for rate in rates}
        for _ in range(options.runs):
            for rate in rates:
                found[rate].append(Trial(lab, options, rate).run())
        for rate, runs in found.items():
            best = min(runs, key=lambda at: at[0.99])
            worst = max(at[0.99] for at in runs)
            print(f"{rate} events/s: p50 {best[0.5]:.0f} ms, p99 {best[0.99]:.0f} ms (worst run {worst:.0f} ms); asked is a p99 "
                  f"of at most 500 + 200 ms")


main()
