"""What the benchmarks of the three roles share: servers on one core, events in Kafka, an aggregator on the other."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SERVERS = ROOT / "infra/servers"
sys.path.insert(0, str(ROOT / "tests/e2e"))
import harness  # noqa: E402
import roles  # noqa: E402

TOPICS = ("chat", "viewer", "transactions", "stream_meta")


def cores():
    """(of the servers, of what is measured)."""
    here = sorted(os.sched_getaffinity(0))
    return here[0], here[-1]


class Lab:
    """Servers in build/, on the first core, removed at the end whatever happens. Use it as a context manager."""

    def __init__(self, build, partitions):
        self.build, self.partitions = pathlib.Path(build).resolve(), partitions
        self.server_core, self.core = cores()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=self.build))
        self.names = {}

    def __enter__(self):
        # PostgreSQL's folder must be open to its user.
        self.folder.chmod(0o755)
        try:
            self.servers("start")
        except BaseException:
            self.__exit__()
            raise
        lines = self.servers("env").splitlines()
        self.environment = dict(line.split("=", 1) for line in lines)
        return self

    def __exit__(self, *_):
        self.servers("remove", check=False)
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)

    def servers(self, command, *arguments, check=True, stdin=None):
        done = subprocess.run(["taskset", "-c", str(self.server_core), str(SERVERS), command, str(self.folder / "servers"),
                               *map(str, arguments)], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL)
        if check and done.returncode:
            sys.exit(f"infra/servers {command} {arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def make_topics(self):
        """Four topics as the producer role makes them, under names of their own."""
        mark = uuid.uuid4().hex[:8]
        self.names = {kind: f"bench.{mark}.{kind}" for kind in TOPICS}
        for name in self.names.values():
            self.servers("kafka", "topics", "--create", "--topic", name, "--partitions", self.partitions, "--config",
                         "message.timestamp.type=LogAppendTime")
        self.environment |= {f"KAFKA_TOPIC_{kind.upper()}": name for kind, name in self.names.items()}

    def loader(self, **settings):
        """The command that writes events."""
        return [str(self.build / "bin/bench_kafka_load"), self.environment["KAFKA_BOOTSTRAP_SERVERS"], self.names["chat"],
                self.names["viewer"], str(self.partitions), *(f"{name}={value}" for name, value in settings.items())]

    # --- databases ---

    def psql(self, sql, database=None):
        return self.servers("psql", *(["-d", database] if database else []), "-v", "ON_ERROR_STOP=1", "-Atq", "-f", "-",
                            stdin=sql).strip()

    def fresh(self, name):
        """An environment for an aggregator that has nothing yet: another database, group and Redis."""
        database = f"bench_{uuid.uuid4().hex[:8]}"
        self.psql(f"CREATE DATABASE {database}")
        self.servers("redis-cli", "FLUSHALL")
        return self.environment | {"POSTGRES_DB": database, "KAFKA_GROUP_ID": f"{name}-{database}", "AGGREGATOR_PORT": "0",
                                   "CHAT_RETENTION_DAYS": "0"}

    def drop(self, environment):
        self.psql(f"DROP DATABASE {environment['POSTGRES_DB']} WITH (FORCE)")

    def kept(self, environment):
        """The accounting that is in the checkpoint: {count: sum}."""
        database = environment["POSTGRES_DB"]
        text = psql_quick(environment, "SELECT record FROM telemetra_lanes WHERE record <> ''", database)
        text = "\n".join(line for line in text.splitlines() if line.strip())
        return harness.accounting_of([text])[0] if text else None


def psql_quick(environment, sql, database):
    """Without the script around it, as it is asked often; "" when it cannot be answered."""
    return subprocess.run(["psql", "-XAtq", "-h", environment["POSTGRES_HOST"], "-p", environment["POSTGRES_PORT"], "-U",
                           environment["POSTGRES_USER"], "-d", database, "-c", sql], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=dict(os.environ, PGPASSWORD=environment["POSTGRES_PASSWORD"])).stdout.strip()


class Aggregator:
    """`telemetra run` of conf/aggregator.cfg with edits, on the measured core."""

    def __init__(self, lab, environment, text, log, pinned=True):
        self.lab, self.environment = lab, environment
        path = lab.folder / f"{environment['POSTGRES_DB']}.cfg"
        path.write_text(text)
        self.log = log
        self.begin = time.monotonic()
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [*(["taskset", "-c", str(lab.core)] if pinned else []), str(lab.build / "bin/telemetra"), "run", str(path)],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL, env={**os.environ, **environment})

    def cpu(self):
        """CPU seconds so far, all threads."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """MiB, the most so far."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) / 1024

    def metric(self, name):
        """The sum of a metric's series; None while there are none."""
        found = re.search(r"listening on (http://\S+)", pathlib.Path(self.log).read_text())
        if not found:
            return None
        with urllib.request.urlopen(found.group(1) + "/metrics", timeout=5) as answer:
            values = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", answer.read().decode(), re.M)
        return sum(map(float, values)) if values else None

    def wait(self, done, patience=600, pause=0.1):
        """Seconds since the start when `done` became true."""
        deadline = time.monotonic() + patience
        while not done():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the aggregator {'ended' if self.process.poll() is not None else 'did not get there'}: "
                         f"{pathlib.Path(self.log).read_text()[-3000:]}")
            time.sleep(pause)
        return time.monotonic() - self.begin

    def stop(self, with_signal=signal.SIGTERM):
        """(user and system seconds of all of it, MiB at most)"""
        self.process.send_signal(with_signal)
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def aggregator_text(processors=("sentiment", "window", "moments"), pipeline=""):
    """conf/aggregator.cfg with only these processors."""
    text = roles.text_of("aggregator", roles.pipeline("telemetra", pipeline))
    for component in ("sentiment", "moments"):
        if component not in processors:
            text = roles.without(text, component)
    return text


def versions(lab):
    """One line for every report."""
    first = subprocess.run([str(lab.build / "bin/telemetra"), "version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    kafka = re.search(r'^KAFKA_VERSION=(\S+)', SERVERS.read_text(), re.M).group(1)
    packages = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", "librdkafka1", "libsimdjson14", "libpq5"],
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text()).group(1)
    postgres = lab.psql("SHOW server_version").split()[0]
    redis = re.search(r"redis_version:(\S+)", lab.servers("redis-cli", "INFO", "server")).group(1)
    return (f"{first.split(chr(10))[0]}; {packages}Kafka {kafka}, PostgreSQL {postgres}, Redis {redis}; Linux "
            f"{os.uname().release}, {os.cpu_count()} cores {cpu}; load {os.getloadavg()[0]:.1f} at the start")
