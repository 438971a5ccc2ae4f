"""The API over a database of many windows: how long its answers take, and the plans of its very queries.

    infra/bench store [--rows N] [--streams N] [--runs N] [--plans]

Rows are those of generated streams with a message every five seconds that an aggregator wrote, repeated inside PostgreSQL under
other names and times until there are --rows windows of --streams streams, with a thousandth as many moments. The table is filled
without its indexes and without WAL, then indexed as the plugin does; that does not change a plan. Each request is asked --runs times for streams by
chance: median and worst of the milliseconds at the client, everything between included. With --plans, what auto_explain
(https://www.postgresql.org/docs/15/auto-explain.html) tells of the queries behind them is printed, once each.

100 million windows need some 40 GB of disk and a quarter of an hour.
"""

import argparse
import datetime
import pathlib
import random
import re
import shutil
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

import harness  # noqa: E402
import roles  # noqa: E402
import servers  # noqa: E402

SLIDE_NS = 10_000_000_000
TEMPLATES = 40  # generated streams
BYTES_A_ROW = 400  # with its indexes, and some
MOMENTS_SHARE = 1000
SETTINGS = ("shared_buffers = '2GB'", "maintenance_work_mem = '2GB'", "max_wal_size = '16GB'", "max_parallel_maintenance_workers = 2",
            "checkpoint_timeout = '30min'")


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", flush=True)


class Store:
    def __init__(self, options, folder, mine):
        self.options, self.folder, self.mine = options, folder, mine
        self.environment = mine.environment | {"API_PORT": "0", "AGGREGATOR_PORT": "0", "CHAT_RETENTION_DAYS": "0"}
        self.database = self.environment["POSTGRES_DB"]

    def sql(self, statement):
        return self.mine.psql(statement, self.database).strip()

    def tune(self):
        for setting in SETTINGS:
            self.mine.psql(f"ALTER SYSTEM SET {setting}")
        self.mine.restart("postgres")

    # --- rows ---

    def seed(self):
        """Real rows: an aggregator over streams of the mock, as fast as it goes."""
        text = roles.text_of("aggregator", roles.pipeline("telemetra", 'at_idle = "finish";'))
        for component in ("kafka", "redis"):
            text = roles.without(text, component)
        source = f'{{ component = "mock"; streams = {TEMPLATES}; rate = 0.2; count = 20000; realtime = false; seed = 3; }}'
        text = text.replace("sources = ()", f"sources = ({source})")
        text = text[:text.index("frontends = (")]
        with harness.Telemetra(self.folder, text, environment=self.environment) as aggregator:
            if aggregator.finish() != 0:
                sys.exit(aggregator.log)

    def columns(self, table):
        return self.sql(f"SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
                        f" WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped").split(", ")

    def repeat(self, table, rows, replaced):
        """Fills a table with `rows` copies of the rows of its seed; `replaced` are SQL expressions over number n and seed s."""
        seeds = int(self.sql(f"SELECT count(*) FROM {table}"))
        names = self.columns(table)
        values = ", ".join(replaced.get(name, f"s.{name}") for name in names)
        indexes = [line.split("\t") for line in self.sql(
            f"SELECT indexname || E'\\t' || coalesce((SELECT conname FROM pg_constraint WHERE contype = 'p' AND"
            f" conindid = format('%I', indexname)::regclass), '') || E'\\t' || indexdef FROM pg_indexes"
            f" WHERE tablename = '{table}' AND schemaname = 'public'").splitlines()]
        say(f"{table}: {rows} rows of {seeds} seeds")
        self.sql(f"CREATE TABLE seed_{table} AS SELECT row_number() OVER () - 1 AS seed, * FROM {table}; TRUNCATE {table};"
                 f"CREATE INDEX ON seed_{table} (seed); ANALYZE seed_{table}; ALTER TABLE {table} SET UNLOGGED")
        for name, primary, _ in indexes:
            self.sql(f"ALTER TABLE {table} DROP CONSTRAINT {primary}" if primary else f"DROP INDEX {name}")
        step = 5_000_000
        for first in range(0, rows, step):
            self.sql(f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM generate_series({first}::bigint,"
                     f" {min(first + step, rows) - 1}) AS n JOIN seed_{table} AS s ON s.seed = n % {seeds}")
        say(f"{table}: {self.sql(f'''SELECT pg_size_pretty(pg_table_size('{table}'))''')}, indexes")
        for name, primary, definition in indexes:
            self.sql(definition)
            if primary:
                self.sql(f"ALTER TABLE {table} ADD CONSTRAINT {primary} PRIMARY KEY USING INDEX {name}")
        self.sql(f"VACUUM ANALYZE {table}")
        say(f"{table}: {self.sql(f'''SELECT pg_size_pretty(pg_total_relation_size('{table}'))''')} with indexes")

    def fill(self):
        streams, rows = self.options.streams, self.options.rows
        stream = f"'stream ' || n % {streams}"
        end = f"1767225600000000000 + (n / {streams} + 1) * {SLIDE_NS}"
        self.repeat("windows", rows, {"stream_id": stream, "window_start": f"{end} - (s.window_end - s.window_start)",
                                      "window_end": end})
        self.repeat("streams", streams, {"stream_id": stream})
        moments = max(rows // MOMENTS_SHARE, 1)
        at = f"1767225600000000000 + (n / {streams} + 1) * {SLIDE_NS * MOMENTS_SHARE}"
        self.repeat("moments", moments, {"stream_id": stream, "moment_id": "'m' || n", "peak_at": at})

    # --- requests ---

    def requests(self, chance):
        """{what: the path of one request of it}."""
        def stream():
            return harness.quote(f"stream {chance.randrange(self.options.streams)}")
        steps = self.options.rows // self.options.streams
        def moment():
            at = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=10 * chance.randrange(steps // 2, steps + 1))
            return at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "streams": "/api/v1/streams?limit=100",
            "streams, far into the list": f"/api/v1/streams?limit=100&offset={self.options.streams // 2}",
            "newest window of a stream": f"/api/v1/streams/{stream()}/metrics?limit=1",
            "newest 100 windows": f"/api/v1/streams/{stream()}/metrics?limit=100",
            "100 windows before a time": f"/api/v1/streams/{stream()}/metrics?limit=100&before={moment()}",
            "1000 windows before a time": f"/api/v1/streams/{stream()}/metrics?limit=1000&before={moment()}",
            "moments": f"/api/v1/streams/{stream()}/moments?limit=50",
        }

    def ask(self):
        chance = random.Random(1)
        text = roles.without(roles.text_of("api"), "redis")
        if self.options.plans:
            self.mine.psql(f"ALTER DATABASE {self.database} SET session_preload_libraries = 'auto_explain';"
                           f"ALTER DATABASE {self.database} SET auto_explain.log_min_duration = 0;"
                           f"ALTER DATABASE {self.database} SET auto_explain.log_analyze = on;"
                           f"ALTER DATABASE {self.database} SET auto_explain.log_buffers = on")
        with harness.Telemetra(self.folder, text, environment=self.environment) as api:
            base = api.address()
            times = {}
            for _ in range(self.options.runs):
                for what, path in self.requests(chance).items():
                    mark = len(self.mine.log("postgres")) if self.options.plans and what not in times else None
                    begin = time.perf_counter()
                    status, rows = harness.get(base + path)
                    times.setdefault(what, []).append((time.perf_counter() - begin) * 1000)
                    if status != 200 or (not rows and "moments" not in path):
                        sys.exit(f"{path}: {status} {rows}")
                    if mark is not None:
                        self.show_plan(what, path, mark)
            api.stop()
        print(f"{'':30}{'median ms':>10}{'worst ms':>10}   of {self.options.runs}")
        for what, each in times.items():
            print(f"{what:30}{statistics.median(each):10.1f}{max(each):10.1f}")

    def show_plan(self, what, path, mark):
        found = self.mine.log("postgres")[mark:]
        plans = re.findall(r"duration: \S+ ms  plan:\n((?:\t.*\n)+)", found)
        print(f"--- {what}: {path}")
        for plan in plans:
            if "FROM telemetra_" not in plan:
                print("\n".join(line[:200] for line in plan.splitlines()))


def main():
    parser = argparse.ArgumentParser(prog="infra/bench store", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--plans", action="store_true")
    options = parser.parse_args()
    build = pathlib.Path(options.build).resolve()
    harness.BINARY = str(build / "bin/telemetra")
    free = shutil.disk_usage(build).free
    if free < options.rows * BYTES_A_ROW:
        sys.exit(f"infra/bench store: {options.rows} rows may need {options.rows * BYTES_A_ROW >> 30} GiB of disk, "
                 f"{free >> 30} are free")
    with tempfile.TemporaryDirectory() as folder, servers.own("postgres") as mine:
        store = Store(options, pathlib.Path(folder), mine)
        store.tune()
        store.seed()
        store.fill()
        store.ask()


main()
