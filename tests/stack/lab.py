"""The Compose stack as the tests run it: a project of its own with free ports on the host, and its images at hand."""

import atexit
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import harness  # noqa: E402

# A run that is told to stop leaves no containers either; unittest goes on after every other exception.
signal.signal(signal.SIGTERM, signal.default_int_handler)

FILE = ROOT / "infra/docker-compose.yml"
PROJECT = f"telemetra-stack-{os.getpid()}"
PATIENCE = 600  # seconds: a loaded machine with two cores, on which every service of the stack starts
PORTS = ("API_PORT", "FRONTEND_PORT", "POSTGRES_PORT", "REDIS_PORT", "KAFKA_PORT", "SPARK_UI_PORT", "PROMETHEUS_PORT",
         "GRAFANA_PORT")
#: TELEMETRA_STACK_SPARK=0 leaves these out: they take most of the time on a slow machine.
SPARK = () if os.environ.get("TELEMETRA_STACK_SPARK") == "0" else ("spark-master", "spark-worker", "spark-streaming-job")
DEV = ("postgres", "redis", "zookeeper", "kafka", "mock-producer", "aggregator", "backend", "frontend", *SPARK)
OBSERVABILITY = ("prometheus",)  # Grafana's image has no stand-in
TOPICS = ("chat", "viewer", "transactions", "stream_meta")


def free_ports(count):
    """Ports that were free a moment ago, each another."""
    ends = [socket.socket() for _ in range(count)]
    try:
        for end in ends:
            end.bind(("127.0.0.1", 0))
        return [end.getsockname()[1] for end in ends]
    finally:
        for end in ends:
            end.close()


def run(*command, environment=None, stdin=None):
    """Runs it, and fails with what it said; its standard output."""
    done = subprocess.run(command, capture_output=True, text=True, input=stdin, env={**os.environ, **(environment or {})})
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def wait_until(condition, what, patience=PATIENCE):
    """Calls `condition` until it is true; its value and the seconds that it took."""
    begin = time.monotonic()
    while True:
        value = condition()
        if value:
            return value, time.monotonic() - begin
        if time.monotonic() - begin > patience:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.1)


class Stack:
    """Containers, networks and volumes of one project. Use it as a context manager: nothing of it is left."""

    def __init__(self):
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS)))))
        self.environment = {**ports, "API_HOST": "127.0.0.1", "PRODUCER_CHANNELS": "one,two,three"}
        self.api = f"http://127.0.0.1:{ports['API_PORT']}"
        self.prometheus = f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}"

    def __enter__(self):
        atexit.register(self.remove)  # unittest leaves contexts open when it is interrupted
        return self

    def __exit__(self, *_):
        atexit.unregister(self.remove)
        self.remove()

    def remove(self):
        self.down("--volumes")

    def compose(self, *arguments, stdin=None):
        return run("docker", "compose", "-f", str(FILE), "-p", PROJECT, "--profile", "dev", "--profile", "observability",
                   *arguments, environment=self.environment, stdin=stdin)

    def up(self, *services):
        self.compose("up", "-d", "--no-build", "--pull", "never", *services)

    def down(self, *options):
        self.compose("down", "--timeout", "60", *options)

    # --- containers ---

    def inspect(self):
        """{service: what `docker inspect` tells of its container}."""
        ids = self.compose("ps", "-aq").split()
        found = json.loads(run("docker", "inspect", *ids)) if ids else []
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def states(self):
        """{service: healthy, starting, unhealthy or what else its container is}."""
        return {service: each["State"].get("Health", {}).get("Status") if each["State"]["Running"] else each["State"]["Status"]
                for service, each in self.inspect().items()}

    def wait_healthy(self, services=DEV):
        """Until all of these are healthy; the seconds that it took."""
        def healthy():
            states = self.states()
            return all(states.get(service) == "healthy" for service in services)
        try:
            return wait_until(healthy, f"all of {', '.join(services)} are healthy")[1]
        except AssertionError as error:
            states = self.states()
            raise AssertionError(f"{error}: {states}\n" + "".join(
                self.compose("logs", "--tail", "20", service) for service, state in states.items() if state != "healthy")) from None

    def crash(self, service):
        """
        SIGKILL to its first process, as in a crash: `docker kill` would be an order, after which nothing is restarted. From
        a container that sees the host's processes, as the host's root need not be who runs this.
        """
        before = self.inspect()[service]["State"]
        run("docker", "run", "--rm", "--pid", "host", "--user", "0", "--entrypoint", "bash", "telemetra:runtime", "-c",
            f"kill -KILL {before['Pid']}")

        def restarted():
            state = self.inspect()[service]["State"]
            return state["Running"] and state["StartedAt"] != before["StartedAt"]
        wait_until(restarted, f"{service} is started again")

    # --- what is in it ---

    def get(self, path, base=None):
        """(status, JSON) of a GET, or None while nothing answers."""
        try:
            return harness.get((base or self.api) + path)
        except (urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
            return None

    def streams(self):
        """The streams that the API lists, or nothing while it does not answer."""
        answer = self.get("/api/v1/streams")
        return answer[1] if answer and answer[0] == 200 else []

    def sql(self, statement):
        """What psql in the database's container prints, unaligned."""
        return self.compose("exec", "-T", "postgres", "psql", "-X", "-Atq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U",
                            "telemetra", "-d", "telemetra", "-f", "-", stdin=statement).strip()

    def number(self, sql):
        return int(self.sql(f"SELECT {sql}"))

    def accounting(self):
        """The aggregator's sums, of all lanes, and the same of each topic."""
        records = json.loads(self.sql("SELECT coalesce(json_agg(record), '[]') FROM telemetra_lanes"))
        return harness.accounting_of(records)

    def counted(self):
        """What the rows of `windows` count: {column: sum}, and `twice`, rows beyond one for a stream and an end."""
        return json.loads(self.sql("""
            SELECT json_build_object('chat', coalesce(sum(slide_message_count), 0), 'viewer', coalesce(sum(slide_viewer_count), 0),
                'chat_in_windows', coalesce(sum(message_count), 0), 'transactions_in_windows', coalesce(sum(transaction_count), 0),
                'twice', count(*) - count(DISTINCT (stream_id, window_end))) FROM windows"""))

    def logged(self):
        """Events in Kafka: the ends of all partitions of the four topics, whose beginnings are 0."""
        lines = self.compose("exec", "-T", "kafka", "kafka-get-offsets", "--bootstrap-server", "kafka:29092", "--topic",
                             rf"telemetra\.events\.({'|'.join(TOPICS)})").split()
        assert {line.split(":")[0].rsplit(".", 1)[1] for line in lines} == set(TOPICS), lines
        return sum(int(line.rsplit(":", 1)[1]) for line in lines)

    def spark_batch(self):
        """The last micro-batch that Spark's job committed; -1 before the first."""
        if self.sql("SELECT to_regclass('spark.spark_progress') IS NULL") == "t":
            return -1
        return self.number("coalesce((SELECT max(batch) FROM spark.spark_progress), -1)")
