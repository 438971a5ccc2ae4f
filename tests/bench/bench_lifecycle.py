"""How long it takes to serve, to stop with everything flushed, and what an idle process costs.

The pipeline is conf/standalone.cfg's: mock, json, window, sqlite, rest.
"""

import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(binary, folder, config, port, **environment):
    """Starts it and waits until /health answers; the process and the seconds that took."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [binary, "run", config], stderr=subprocess.DEVNULL,
        env={**os.environ, "SQLITE_PATH": str(folder / "bench.db"), "API_PORT": str(port), **environment})
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if b" 200 " in connection.recv(4096):
                    return process, time.monotonic() - begin
        except OSError:
            if process.poll() is not None:
                sys.exit(f"it ended with {process.returncode}")
        time.sleep(0.002)


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stop(process):
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    if process.wait(timeout=30):
        sys.exit(f"it ended with {process.returncode}")
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(prog="infra/bench lifecycle")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--idle", type=float, default=10, metavar="SECONDS")
    options = parser.parse_args()
    binary, starts, stops = options.build.resolve() / "bin/telemetra", [], []
    with tempfile.TemporaryDirectory(prefix="telemetra-bench-") as name:
        folder = pathlib.Path(name)
        for _ in range(options.runs):
            process, seconds = start(binary, folder, ROOT / "conf/standalone.cfg", free_port(),
                                     PRODUCER_CHANNELS="demo_stream", PRODUCER_RATE_PER_SEC="1000")
            starts.append(seconds)
            time.sleep(1)  # let it have something to flush
            stops.append(stop(process))
        print(f"start to serving: best {min(starts):.3f} s, worst {max(starts):.3f} s of {options.runs}")
        print(f"SIGTERM to flushed exit: best {min(stops):.3f} s, worst {max(stops):.3f} s")
        empty = folder / "empty.ndjson"
        empty.touch()
        config = folder / "idle.cfg"
        config.write_text((ROOT / "conf/replay.cfg").read_text().replace(
            'component = "replay";', 'component = "replay"; follow = true;'))
        process, _ = start(binary, folder, config, free_port(), TELEMETRA_REPLAY_FILE=str(empty), SQLITE_PATH=str(folder / "idle.db"))
        before = cpu_seconds(process)
        time.sleep(options.idle)
        print(f"idle (following an empty file): {(cpu_seconds(process) - before) / options.idle:.2%} of a core over {options.idle:.0f} s")
        stop(process)


main()
