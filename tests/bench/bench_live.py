"""The live socket with many clients, beside node's `ws` doing the same in turn.

Each run starts one server on one core, connects all clients from another, lets them settle and measures for some
seconds: how old updates are when they arrive, the server's CPU time, and its memory. The message is the same for both:
a full envelope of about 600 bytes, once a second to every client of a room, made once a room. Ages are those of the waiting too: on a busy machine run it
as root under `chrt -r 1`, which both servers and the clients inherit.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
MODULES = "/usr/share/nodejs"  # where Debian's node-ws is


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def write_input(path, rooms):
    """A stream a room with one window full of emotes: what an update then shows."""
    emotes = [f"Emote{'x' * (3 + i)}{i}" for i in range(10)]
    with path.open("w") as file:
        for room in range(rooms):
            base = {"stream_id": f"room-{room}", "timestamp": "2024-05-01T12:00:01Z"}
            events = [{"topic": "chat", "event_id": f"c{i}", "user_id": f"u{i}", "message": "hello",
                       "emotes": emotes[:10 - i]} for i in range(10)]
            events.append({"topic": "viewer", "event_id": "v", "viewer_count": 12345})
            for event in events:
                file.write(json.dumps({**event, **base}) + "\n")


CONFIG = """
pipeline = {{ name = "live"; at_idle = "finish"; }};
listen = {{ address = "127.0.0.1"; port = {port}; }};
codec = {{ component = "json"; }};
sources = ({{ component = "replay"; path = "input.ndjson"; }});
processors = ({{ component = "window"; }});
sinks = ({{ component = "sqlite"; path = "live.db"; retention_days = 0; }});
frontends = ({{ component = "rest"; }}, {{ component = "websocket"; interval = "1s"; max_connections = {clients};
    max_connections_per_address = {clients}; }});
"""


def wait_for_port(process, port):
    for _ in range(2000):
        if process.poll() is not None:
            sys.exit(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)
    sys.exit("the server does not listen")


def raise_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def start_telemetra(options, folder, port):
    (folder / "live.cfg").write_text(CONFIG.format(port=port, clients=options.clients + 16))
    for old in folder.glob("live.db*"):
        old.unlink()
    return ["taskset", "-c", "0", str(options.build.resolve() / "bin/telemetra"), "run", "live.cfg"]


def start_node(options, folder, port):
    return ["taskset", "-c", "0", "node", str(HERE / "live_ws.js"), str(port), str(folder / "message.json")]


def read_message(port):
    """One envelope, as the first client of a room gets it: the other server sends the same."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(10)
        connection.sendall(b"GET /live/room-0 HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        got = b""
        while b"}}" not in got:
            got += connection.recv(4096)
    return got[got.index(b'{"type"'):got.index(b"}}") + 2]


def wait_for_values(port):
    for _ in range(200):
        message = read_message(port)
        if b"12345" in message:
            return message
        time.sleep(0.05)
    sys.exit("the input has not come through")


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_kib(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    sys.exit("no VmRSS")


def measure(options, server, port):
    before_kib = rss_kib(server)
    clients = subprocess.Popen(
        ["taskset", "-c", "1", str(options.build.resolve() / "bin/bench_live_clients"), str(port),
         str(options.clients), str(options.rooms), "5",
         "lockstep" if options.lockstep else "spread"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if clients.stdout.readline() != "ready\n":
        sys.exit("the clients did not connect")
    time.sleep(2)
    cpu = cpu_seconds(server)
    begin = time.monotonic()
    clients.stdin.write(f"{options.seconds}\n")
    clients.stdin.flush()
    found = json.loads(clients.stdout.readline())
    seconds = time.monotonic() - begin
    found["cores"] = (cpu_seconds(server) - cpu) / seconds
    found["kib_a_client"] = (rss_kib(server) - before_kib) / options.clients
    found["cpu_us_a_message"] = found["cores"] * seconds / max(found["messages"], 1) * 1e6
    clients.stdin.close()
    clients.wait(timeout=30)
    expected = options.clients * options.seconds
    if found["closed"] or abs(found["messages"] - expected) > expected * 0.02:
        print(f"  note: {found['messages']} messages of {expected}, {found['closed']} connections lost", flush=True)
    return found


def run(options, folder, name, start):
    port = free_port()
    server = subprocess.Popen(start(options, folder, port), cwd=folder, preexec_fn=raise_limit,
                              stderr=subprocess.DEVNULL, env={**os.environ, "NODE_PATH": MODULES})
    try:
        wait_for_port(server, port)
        if name == "telemetra":
            (folder / "message.json").write_bytes(wait_for_values(port))
        found = measure(options, server, port)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    print(f"  {name:10} p50 {found['p50_ms']:6.1f}  p99 {found['p99_ms']:6.1f}  p99.9 {found['p999_ms']:6.1f} ms   "
          f"{found['cores']:.3f} cores  {found['cpu_us_a_message']:5.1f} us a message  "
          f"{found['kib_a_client']:6.2f} KiB a client  ({found['size']:.0f} bytes)", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(prog="infra/bench live")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--clients", type=int, default=10000)
    parser.add_argument("--rooms", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=10, help="of measuring in each run")
    parser.add_argument("--lockstep", action="store_true", help="all rooms send at the same moment")
    options = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < options.clients + 256:
        options.clients = hard - 256
        print(f"the limit of open files allows {options.clients} clients")
    contestants = {"telemetra": start_telemetra}
    if shutil.which("node") and pathlib.Path(MODULES, "ws").is_dir():
        contestants["node ws"] = start_node
    else:
        sys.exit("node-ws is not installed: apt-get install nodejs node-ws")
    results = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory(prefix="telemetra-bench-") as name:
        folder = pathlib.Path(name)
        write_input(folder / "input.ndjson", options.rooms)
        print(f"{options.clients} clients in {options.rooms} rooms, one update a second to each"
              f"{', all at the same moment' if options.lockstep else ''}, server on one core")
        for turn in range(options.runs):
            print(f"run {turn + 1}", flush=True)
            for contestant, start in contestants.items():
                results[contestant].append(run(options, folder, contestant, start))
    print("\nbest (median, worst) of", options.runs)
    best = {}
    for contestant, found in results.items():
        best[contestant] = {key: min(one[key] for one in found) for key in found[0]}
        worst = {key: max(one[key] for one in found) for key in found[0]}
        middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
        print(f"  {contestant:10} " + "  ".join(
            f"{key} {best[contestant][key]:.2f} ({middle[key]:.2f}, {worst[key]:.2f})"
            for key in ("p50_ms", "p99_ms", "cores", "cpu_us_a_message", "kib_a_client")))
    print("ratio, node ws / telemetra, of the best: " + ", ".join(
        f"{key} {best['node ws'][key] / best['telemetra'][key]:.1f}"
        for key in ("p99_ms", "cores", "kib_a_client") if best["telemetra"][key] > 0))


main()
