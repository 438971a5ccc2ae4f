"""Requests per second and 99th percentile of kept bytes, beside nginx serving the same bytes from a file.

Each server runs on one core, the load (wrk) on another; the contestants take turns for several rounds. The figures are
the best round of each and the spread, (best - worst) / best. Where the load and not the server is the bottleneck, or the
machine is shared, the CPU time a request tells more than requests per second; its ratio is nginx's to ours. With --live, Telemetra serves that many WebSocket clients
at one update a second during its rounds (as far as the limit of open files goes), and nginx none.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

TARGET = "/api/v1/streams/{}/metrics?limit=11"
SETTLE_SECONDS = 30

TELEMETRA = """
pipeline = {{ name = "bench"; at_idle = "finish"; }};
listen = {{ address = "127.0.0.1"; port = {port}; }};
log = {{ level = "WARNING"; }};
codec = {{ component = "json"; }};
sources = ({{ {source} }});
processors = ({{ component = "window"; }});
sinks = ({{ component = "sqlite"; path = "{folder}/bench.db"; retention_days = 0; }});
frontends = ({{ component = "rest"; max_connections = 65536; max_connections_per_address = 65536; threads = {threads}; }}{live});
"""

# One worker, no log, files kept open: the fastest way that it has for this.
NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    keepalive_timeout 60s;
    open_file_cache max=16 inactive=60s;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}/www; }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_file_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def wait_for(what, condition):
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if condition():
                return
        time.sleep(0.05)
    sys.exit(f"{what} within {SETTLE_SECONDS} s: it did not happen")


class Server:
    """A process on one core that answers under one URL."""

    def __init__(self, name, command, url, core):
        self.name, self.url = name, url
        self.rates, self.p99 = [], []
        self.process = subprocess.Popen(["taskset", "-c", str(core), *map(str, command)], stdout=subprocess.DEVNULL)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def cpu_seconds(self):
        """Of the process and its children: nginx works in one."""
        total = 0
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                pid, rest = stat.read_text().rsplit(")", 1)
                fields = rest.split()
                if int(pid.split()[0]) == self.process.pid or int(fields[1]) == self.process.pid:
                    total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1e-3, "ms": 1, "s": 1000, "m": 60000}[unit]


def load(server, core, connections, seconds):
    cpu = server.cpu_seconds()
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", server.url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for trouble in re.findall(r"(?:Socket errors|Non-2xx).*", text):
        sys.exit(f"{server.name}: {trouble}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    if rate == 0:
        sys.exit(f"{server.name}: nothing was answered in {seconds} s\n{text}")
    p99 = milliseconds(re.search(r"99%\s+(\S+)", text).group(1))
    return rate, p99, server.cpu_seconds() - cpu


class Watchers:
    """Live clients that read what comes, on a thread of their own; counts the updates."""

    def __init__(self, port, count, streams):
        """Clients of the named streams in turn."""
        self.updates, self.sockets, self.running = 0, [], True
        self.poll = select.epoll()
        for i in range(count):
            self.add(port, streams[i % len(streams)])
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def add(self, port, stream):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(f"GET /ws/live/{stream} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        if b" 101 " not in client.recv(4096):
            sys.exit(f"live client {len(self.sockets)} was refused")
        client.setblocking(False)
        self.sockets.append(client)
        self.poll.register(client.fileno(), select.EPOLLIN)

    def read(self):
        while self.running:
            for fd, _ in self.poll.poll(0.2):
                try:
                    if not os.read(fd, 65536):
                        self.poll.unregister(fd)
                    else:
                        self.updates += 1
                except BlockingIOError:
                    pass
                except OSError:
                    self.poll.unregister(fd)

    def end(self):
        self.running = False
        self.thread.join()
        for client in self.sockets:
            client.close()


def spread(values):
    return (max(values) - min(values)) / max(values)


def report(ours, theirs, connections):
    for server in (theirs, ours):
        print(f"{server.name:28}{connections:6}{max(server.rates):12.0f}{spread(server.rates):8.0%}"
              f"{max(server.rates) / max(theirs.rates):8.2f}{min(server.p99):10.2f}{max(server.p99):10.2f}"
              f"{min(server.cpu):10.1f}{min(theirs.cpu) / min(server.cpu):8.2f}")


def measure(contestants, options, connections, core):
    for server in contestants:
        server.rates, server.p99, server.cpu = [], [], []
    for _ in range(options.runs):
        for server in contestants:
            rate, p99, cpu = load(server, core, connections, options.seconds)
            server.rates.append(rate)
            server.p99.append(p99)
            server.cpu.append(cpu / (rate * options.seconds) * 1e6)
    report(*contestants, connections)


def start_telemetra(folder, options, core):
    port = free_port()
    source = (f'component = "mock"; realtime = false; start_time = "2026-01-01T00:00:00Z"; streams = {options.streams}; '
              f"rate = 10; count = {options.streams * 10 * 300};")
    live = ""
    if options.live:
        live = (', { component = "websocket"; interval = "1s"; max_connections = 16384; '
                'max_connections_per_address = 16384; }')
    path = folder / "bench.cfg"
    path.write_text(TELEMETRA.format(port=port, source=source, folder=folder, live=live, threads=options.threads))
    base = f"http://127.0.0.1:{port}"
    server = Server("telemetra", [options.build / "bin/telemetra", "run", path], "", core)
    wait_for("telemetra answers", lambda: get(f"{base}/api/v1/streams?limit=1") != b"[]")
    server.streams = [each["stream_id"] for each in json.loads(get(f"{base}/api/v1/streams?limit=500"))]
    server.url, server.port = base + TARGET.format(server.streams[0]), port
    seen = [b""]

    def is_settled():
        before, seen[0] = seen[0], get(server.url)
        time.sleep(1)
        return before == seen[0] and b'"final":false' not in before

    wait_for("its rows are final", is_settled)
    return server, seen[0]


def start_nginx(folder, body, core):
    port = free_port()
    (folder / "www").mkdir()
    (folder / "www/body.json").write_bytes(body)
    # Workers of a master that root started are nobody's.
    for each in (folder, folder / "www"):
        each.chmod(0o755)
    path = folder / "nginx.conf"
    path.write_text(NGINX.format(folder=folder, port=port))
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    server = Server("nginx, a file", [binary, "-p", folder, "-c", path], f"http://127.0.0.1:{port}/body.json", core)
    wait_for("nginx answers", lambda: get(server.url) == body)
    return server


def main():
    parser = argparse.ArgumentParser(prog="infra/bench rest")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of one round")
    parser.add_argument("--connections", default="64,512", help="of wrk, one measurement each")
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2, help="of rest")
    parser.add_argument("--live", type=int, default=0, metavar="CLIENTS",
                        help="WebSocket clients meanwhile; their share is in Telemetra's CPU time")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.live and not (options.build / "lib/telemetra/websocket.so").exists():
        sys.exit("--live needs the websocket plugin, which this build does not have")
    if options.live > raise_file_limit() - 1000:
        options.live = raise_file_limit() - 1000
        print(f"the limit of open files allows {options.live} live clients")
    server_core, load_core = max(os.sched_getaffinity(0)), min(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="telemetra-bench-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        ours, body = start_telemetra(folder, options, server_core)
        stack.callback(ours.end)
        theirs = start_nginx(folder, body, server_core)
        stack.callback(theirs.end)
        print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; "
              f"{len(body)} bytes; servers on core {server_core}, wrk on core {load_core}; {options.runs} rounds of "
              f"{options.seconds} s, interleaved")
        if options.live:
            os.sched_setaffinity(0, {load_core})
            watchers = Watchers(ours.port, options.live, ours.streams)
            stack.callback(watchers.end)
            start, began = watchers.updates, time.monotonic()
        print(f"{'':28}{'conns':>6}{'req/s':>12}{'spread':>8}{'ratio':>8}{'p99 best':>10}{'worst ms':>10}{'CPU us':>10}{'ratio':>8}")
        for connections in map(int, options.connections.split(",")):
            measure((ours, theirs), options, connections, load_core)
        if options.live:
            rate = (watchers.updates - start) / (time.monotonic() - began)
            print(f"live meanwhile: {options.live} clients, {rate:.0f} updates/s read")


main()
