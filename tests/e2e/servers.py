"""Real Kafka, PostgreSQL and Redis for tests, by infra/servers: one set for a run of ctest, or one of a test's own.

    shared = servers.shared()                           # nobody may stop these
    with servers.own("postgres", "redis") as mine: ...  # may be killed, frozen, started again
    settings = mine.fresh(test)                         # environment with a database, topics and Redis keys of its own
"""

import atexit
import decimal
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import uuid

import harness

SCRIPT = harness.ROOT / "infra/servers"
NAMES = ("kafka", "postgres", "redis")
TOPICS = ("chat", "viewer", "transactions", "stream_meta")
#: Removes servers once its standard input ends, which it does with the process that holds the other end, however that ends.
GUARD = 'cat; "$1" remove "$2" && rm -rf "$2"'
_shared = []


def shared():
    """The servers that the tests of one run share: those of ctest, else (a test run by hand) of this process."""
    if not _shared:
        told = os.environ.get("TELEMETRA_SERVERS_ENV")
        _shared.append(Servers(pathlib.Path(told).parent) if told else own().__enter__())
        if not told:
            atexit.register(_shared[0].remove)
    return _shared[0]


def own(*names):
    """Servers of a test's own, all or those named. Use it as a context manager: started, and removed at the end."""
    return Servers(pathlib.Path(tempfile.mkdtemp(prefix="telemetra-servers-")), names or NAMES)


class ClassCleanups:
    """What tests give to `fresh`, for a class."""

    def __init__(self, of):
        self.addCleanup = of.addClassCleanup


class Servers:
    """Servers in one folder of infra/servers. Commands without names are for all of them."""

    def __init__(self, folder, names=NAMES):
        self.folder = folder
        self.names = names
        self.guard = None

    def __enter__(self):
        try:
            self._guard()
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def _guard(self):
        """A test that is killed leaves nothing running either. No child of the test: who kills one may kill its children."""
        reader, self.guard = os.pipe()
        with open(reader, "rb") as end:
            subprocess.run(["setsid", "--fork", "sh", "-c", GUARD, "guard", str(SCRIPT), str(self.folder)], stdin=end,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    def remove(self):
        self._run("remove")
        shutil.rmtree(self.folder)
        os.close(self.guard)

    def _run(self, command, *arguments, stdin=None):
        done = subprocess.run([str(SCRIPT), command, str(self.folder), *map(str, arguments)], input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"infra/servers {command} {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
        return done.stdout

    # --- what happens to servers ---

    def start(self, *names):
        """Starts what does not run, on its old data and port; back when all of them answer."""
        self._run("start", *(names or self.names))

    def stop(self, *names):
        self._run("stop", *(names or self.names))

    def kill(self, *names):
        """As in a crash: SIGKILL to all processes."""
        self._run("kill", *(names or self.names))

    def restart(self, *names):
        self._run("restart", *(names or self.names))

    def freeze(self, *names):
        """SIGSTOP: connections stay, nothing answers."""
        self._run("freeze", *(names or self.names))

    def thaw(self, *names):
        """SIGCONT; back when all of them answer."""
        self._run("thaw", *(names or self.names))
        self.start(*names)

    def log(self, name):
        return (self.folder / name / "log").read_text(errors="replace")

    # --- where they are ---

    @property
    def environment(self):
        """Their addresses, as in .env.example."""
        lines = (self.folder / "env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def fresh(self, test):
        """The environment for a test of its own: an empty database (dropped after it), names of topics and an empty Redis
        database that no other test has."""
        mark = uuid.uuid4().hex[:12]
        settings = self.environment
        if "KAFKA_BOOTSTRAP_SERVERS" in settings:
            settings |= {f"KAFKA_TOPIC_{topic.upper()}": f"test.{mark}.{topic}" for topic in TOPICS}
        if "POSTGRES_DB" in settings:
            settings["POSTGRES_DB"] = self.database(test, f"test_{mark}")
        if "REDIS_URL" in settings:
            settings["REDIS_URL"] += f"/{self.redis_database()}"
        return settings

    # --- PostgreSQL ---

    def database(self, test, name):
        """A new empty database, dropped after the test; its name."""
        self.psql(f"CREATE DATABASE {name}")
        test.addCleanup(lambda: self.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        return name

    def psql(self, statements, database=None):
        """Runs SQL as the superuser, fails on its first error; what psql prints, unaligned."""
        return self._run("psql", "-v", "ON_ERROR_STOP=1", "-Atq", *(["-d", database] if database else []), "-f", "-",
                         stdin=statements)

    def query(self, sql, database=None):
        """All rows of one query, as dicts; numerics are Decimal or int."""
        text = self.psql(f"SELECT coalesce(json_agg(row_to_json(row)), '[]') FROM ({sql}) AS row", database)
        return json.loads(text, parse_float=decimal.Decimal)

    # --- Redis ---

    def redis_database(self):
        """The number of an empty database that no other test has, unless there are few and all had their turn."""
        count = int(self.redis("CONFIG", "GET", "databases").split()[1])
        number = 1 + (int(self.redis("INCR", "telemetra:test:databases")) - 1) % (count - 1)
        self.redis("FLUSHDB", database=number)
        return number

    def redis(self, *command, database=0):
        """One command by redis-cli; its answer, raw."""
        return self._run("redis-cli", "-e", "-n", database, "--raw", *command).rstrip("\n")

    # --- Kafka ---

    def kafka(self, tool, *arguments, stdin=None):
        """One of Kafka's tools (see infra/servers); what it prints. About a second each: a Java program."""
        return self._run("kafka", tool, *arguments, stdin=stdin)

    def create_topic(self, name, partitions=1, **settings):
        """settings: of the topic, `_` for `.`."""
        configs = [part for key, value in settings.items() for part in ("--config", f"{key.replace('_', '.')}={value}")]
        self.kafka("topics", "--create", "--topic", name, "--partitions", partitions, *configs)
