"""How good `moments` is: precision and recall beside two simple detectors, false alarms of quiet streams, cost of a row.

First the plugin alone on the streams of tests/plugin/moments_model.h, then the whole pipeline on the lifelike mock and
the file of what it planted. What a raid does to viewers belongs to the raid: the mock lists only the large lifts, so
alarms about viewers in the ten minutes after a raid are counted neither way. With --file instead: which raids and large
gifts of a recording are found, and the strongest moments in it.
"""

import argparse
import collections
import datetime
import gzip
import json
import math
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import tempfile

KINDS = ("chat_spike", "viewer_surge", "viewer_drop", "donation_burst", "raid", "sentiment_shift")
THRESHOLD = 3.0
HISTORY = 10  # windows that the simple detectors look back
TOLERANCE_BEFORE, TOLERANCE_AFTER = 15, 90  # seconds around what was planted
#: Column of `windows`, kind above, kind below, least divisor.
METRICS = (("message_count", "chat_spike", None, 1), ("viewer_last", "viewer_surge", "viewer_drop", 1),
           ("transaction_count", "donation_burst", None, 1), ("sentiment", "sentiment_shift", "sentiment_shift", 0.01))

Alarm = collections.namedtuple("Alarm", "kind stream second")
Planted = collections.namedtuple("Planted", "kind stream start end")


def run_file(telemetra, folder, path):
    """Rows of moments."""
    database = folder / "file.db"
    (folder / "file.cfg").write_text(f"""
        pipeline = {{ name = "bench"; at_idle = "finish"; max_future = "365d"; }};
        codec = {{ component = "json"; }};
        sources = ({{ component = "replay"; path = {json.dumps(str(path))}; }});
        processors = ({{ component = "sentiment"; }}, {{ component = "window"; }},
                      {{ component = "moments"; threshold = {THRESHOLD}; }});
        sinks = ({{ component = "sqlite"; path = "{database}"; retention_days = 0; }});
    """)
    done = subprocess.run([telemetra, "run", str(folder / "file.cfg")], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    moments = connection.execute("SELECT * FROM moments ORDER BY stream_id, peak_at").fetchall()
    connection.close()
    return moments


def told_by_file(path):
    """(kind, stream, second, size) of each raid and each gift of five and more."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as lines:
        for line in lines:
            if '"gift_sub"' not in line and '"raid_incoming"' not in line:
                continue
            event = json.loads(line)
            second = datetime.datetime.fromisoformat(event["timestamp"]).timestamp()
            if event.get("event_type") == "raid_incoming":
                yield "raid", event["stream_id"], second, (event.get("raid_data") or {}).get("viewer_count")
            elif event.get("transaction_type") == "gift_sub" and (event.get("gift_count") or 1) >= 5:
                yield "donation_burst", event["stream_id"], second, event["gift_count"]


def bench_file(telemetra, path):
    with tempfile.TemporaryDirectory() as name:
        moments = run_file(telemetra, pathlib.Path(name), path.resolve())
    print("raids, and gifts of five and more, with the moment that holds them")
    found = collections.Counter()
    for kind, stream, second, size in sorted(told_by_file(path), key=lambda each: each[:3]):
        # A moment goes on until a window's length after its last peak.
        holds = [row for row in moments if row["moment_type"] == kind and row["stream_id"] == stream
                 and row["started_at"] / 1e9 - 10 <= second <= row["peak_at"] / 1e9 + 60]
        found[kind, size, bool(holds)] += 1
        print(f"  {stream} {datetime.datetime.fromtimestamp(second, datetime.timezone.utc):%H:%M:%S} {kind} of {size}:",
              f"z {holds[0]['z_score']}: {holds[0]['description']}" if holds else "NOT FOUND")
    for kind, size, _ in sorted(found, key=lambda key: (key[0], key[1] or 0)):
        if found[kind, size, True] or found[kind, size, False]:
            print(f"  {kind} of {size}: {found[kind, size, True]} of {found[kind, size, True] + found[kind, size, False]}")
            found[kind, size, True] = found[kind, size, False] = 0
    print(f"{len(moments)} moments; the strongest:")
    for row in sorted(moments, key=lambda row: -abs(row["z_score"] or 0))[:20]:
        print(f"  {row['z_score']:6} {row['stream_id']} "
              f"{datetime.datetime.fromtimestamp(row['peak_at'] / 1e9, datetime.timezone.utc):%H:%M:%S} "
              f"{row['moment_type']}: {row['description']}")


def run_mock(telemetra, folder, streams, rate, episodes, hours, seed):
    """Rows of moments and windows, and what was planted."""
    database, truth = folder / "mock.db", folder / "planted.ndjson"
    for path in folder.iterdir():
        path.unlink()
    count = int(streams * rate * 3600 * hours)
    start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - datetime.timedelta(days=30)
    (folder / "mock.cfg").write_text(f"""
        pipeline = {{ name = "bench"; at_idle = "finish"; max_future = "365d"; }};
        codec = {{ component = "json"; }};
        sources = ({{ component = "mock"; streams = {streams}; rate = {rate}; episodes = {episodes}; seed = {seed};
                      start_time = "{start:%Y-%m-%dT12:00:00Z}"; realtime = false; count = {count};
                      planted_file = "{truth}"; }});
        processors = ({{ component = "sentiment"; }}, {{ component = "window"; }},
                      {{ component = "moments"; threshold = {THRESHOLD}; }});
        sinks = ({{ component = "sqlite"; path = "{database}"; retention_days = 0; }});
    """)
    done = subprocess.run([telemetra, "run", str(folder / "mock.cfg")], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    connection = sqlite3.connect(database)
    moments = [Alarm(*row) for row in connection.execute("SELECT moment_type, stream_id, peak_at / 1e9 FROM moments")]
    columns = ", ".join(metric[0] for metric in METRICS)
    windows = collections.defaultdict(list)
    for stream, *row in connection.execute(
            f"SELECT stream_id, window_end / 1000000000, {columns} FROM windows ORDER BY stream_id, window_end"):
        windows[stream].append(row)
    connection.close()
    planted = []
    for line in truth.read_text().splitlines():
        event = json.loads(line)
        second = {key: datetime.datetime.fromisoformat(event[key]).timestamp() for key in ("start", "peak", "end")}
        planted.append(Planted(event["moment_type"], event["stream_id"], second["start"],
                               max(second["peak"], second["end"])))
    return moments, windows, planted


def z_by_mean(history, value, least):
    mean = statistics.fmean(history)
    return (value - mean) / max(math.sqrt(statistics.fmean((x - mean) ** 2 for x in history)), least)


def z_by_median(history, value, least):
    median = statistics.median(history)
    return (value - median) / max(1.4826 * statistics.median(abs(x - median) for x in history), least)


def alarms_of(windows, z_of):
    """What a simple detector says; alarms of a kind within a minute are one."""
    found = []
    for stream, rows in windows.items():
        for column, (_, above, below, least) in enumerate(METRICS, 1):
            history, last = collections.deque(maxlen=HISTORY), {}
            for row in rows:
                value = row[column]
                if value is None:
                    continue
                z = z_of(history, value, least) if len(history) == HISTORY else 0
                kind = above if z >= THRESHOLD else below if z <= -THRESHOLD else None
                if kind:
                    if row[0] - last.get(kind, -1e9) > 60:
                        found.append(Alarm(kind, stream, row[0]))
                    last[kind] = row[0]
                history.append(value)
    return found


def mark(alarms, planted):
    """(hits, misses, wrong), each a count by kind."""
    places = collections.defaultdict(list)
    for each in planted:
        places[each.stream, each.kind].append(each)
    hit, wrong = set(), collections.Counter()
    for alarm in alarms:
        found = [each for each in places[alarm.stream, alarm.kind]
                 if each.start - TOLERANCE_BEFORE <= alarm.second <= each.end + TOLERANCE_AFTER]
        of_raid = alarm.kind.startswith("viewer") and any(
            each.start - TOLERANCE_BEFORE <= alarm.second <= each.end + 600 for each in places[alarm.stream, "raid"])
        if found:
            hit.add(found[0])
        elif not of_raid:
            wrong[alarm.kind] += 1
    hits = collections.Counter(each.kind for each in hit)
    misses = collections.Counter(each.kind for each in planted if each not in hit)
    return hits, misses, wrong


def share(part, rest):
    return part / (part + rest) if part + rest else 1.0


def print_marks(name, alarms, planted):
    hits, misses, wrong = mark(alarms, planted)
    words = [f"{share(hits[kind], wrong[kind]):.2f} {share(hits[kind], misses[kind]):.2f}" for kind in KINDS]
    for counts in (hits, misses, wrong):
        del counts["raid"]  # told by an event that the simple detectors do not look at
    total = [share(hits.total(), wrong.total()), share(hits.total(), misses.total())]
    print(f"  {name:20}", *(f"{word:16}" for word in words), f"| {total[0]:.3f} {total[1]:.3f}")


def upper_bound(count):
    """Of a Poisson mean, at 95 %, when `count` were seen."""
    low, high = count, 2 * count + 10
    for _ in range(60):
        mean = (low + high) / 2
        chance = sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))
        low, high = (mean, high) if chance > 0.05 else (low, mean)
    return high


def bench_mock(telemetra, hours, seed):
    if "planted_file" not in subprocess.run([telemetra, "describe", "mock"], capture_output=True, text=True).stdout:
        print("this build's mock plants nothing: no figures for it")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        print("\nmock: precision and recall by kind, then of all but raids\n  " + " " * 20, *(f"{kind:16}" for kind in KINDS), "| all")
        for rate in (10, 3, 1):
            moments, windows, planted = run_mock(telemetra, folder, 12, rate, 6, hours, seed)
            print(f" {rate} messages/s, {sum(map(len, windows.values())) / 360:.0f} stream-hours, {len(planted)} planted")
            print_marks("ours", moments, planted)
            print_marks("mean and deviation", alarms_of(windows, z_by_mean), planted)
            print_marks("median and MAD", alarms_of(windows, z_by_median), planted)
        print("\nmock, quiet streams")
        for rate in (10, 3, 1):
            moments, windows, _ = run_mock(telemetra, folder, 40, rate, 0, hours, seed)
            span = sum(map(len, windows.values())) / 360
            print(f"  {rate:2} messages/s: {len(moments)} false alarms in {span:.0f} stream-hours, {len(moments) / span:.3f} an "
                  f"hour, below {upper_bound(len(moments)) / span:.3f} at 95 %")


def main():
    parser = argparse.ArgumentParser(prog="infra/bench moments")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--hours", type=float, default=3, help="of the mock, a stream")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", type=pathlib.Path, help="a recording (.ndjson or .ndjson.gz) to look at instead")
    options = parser.parse_args()
    if options.file:
        bench_file(options.build / "bin/telemetra", options.file)
        return
    program = options.build / "bin/bench_moments"
    for what in ("truth", "quiet", "cost"):
        print(f"\n{what}", flush=True)
        subprocess.run([program, what], check=True)
    bench_mock(options.build / "bin/telemetra", options.hours, options.seed)


if __name__ == "__main__":
    main()
