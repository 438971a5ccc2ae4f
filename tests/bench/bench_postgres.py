"""Rows of `windows` into PostgreSQL: the plugin's commits beside psql's \\copy of the same rows.

    infra/bench postgres [--runs N] [--rows N] [--flush N] [--servers DIR]

Contestants in turn, each into a fresh schema with the same table and indexes: the plugin with one lane, with four, and
psql with the rows in text and in binary form, one transaction over one connection (fewer promises: no lane row, no
flush by flush commits). Rows a second, best and spread of the runs, and the ratios. --servers: a folder of infra/servers
where PostgreSQL runs already, else one is started for the time of the run.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SERVERS = os.path.join(HERE, "../../infra/servers")


class Bench:
    def __init__(self, arguments, folder, work):
        self.arguments, self.folder, self.work = arguments, folder, work
        env = subprocess.run([SERVERS, "env", folder], check=True, stdout=subprocess.PIPE, text=True).stdout
        self.env = dict(os.environ, **dict(line.split("=", 1) for line in env.splitlines() if "=" in line))

    def psql(self, schema, *commands):
        arguments = [part for command in commands for part in ("-c", command)]
        environment = dict(self.env, PGPASSWORD=self.env["POSTGRES_PASSWORD"],
                           PGOPTIONS=f"-csearch_path={schema} -cclient_min_messages=error")
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.env["POSTGRES_HOST"], "-p",
                               self.env["POSTGRES_PORT"], "-U", self.env["POSTGRES_USER"], "-d", self.env["POSTGRES_DB"],
                               *arguments], check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout.strip()

    def plugin(self, schema, lanes):
        out = subprocess.run([os.path.join(self.arguments.build, "bin/bench_postgres"), schema, str(self.arguments.rows),
                              str(lanes), str(self.arguments.flush)], check=True, env=self.env, stdout=subprocess.PIPE,
                             text=True).stdout
        rows, seconds, cpu = re.search(r"rows (\d+) seconds (\S+) cpu_seconds (\S+)", out).groups()
        return int(rows) / float(seconds), float(cpu) / int(rows) * 1e6

    def copy(self, schema, form):
        before, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        self.psql(schema, f"\\copy windows from '{self.work}/rows.{form}' (format {form})")
        seconds, after = time.monotonic() - before, resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
        return self.arguments.rows / seconds, spent / self.arguments.rows * 1e6

    def fresh(self, schema):
        self.psql("public", f"DROP SCHEMA IF EXISTS {schema} CASCADE", "CHECKPOINT")

    def round(self):
        results = {}
        for name, lanes in (("plugin, 1 lane", 1), ("plugin, 4 lanes", 4)):
            self.fresh("bench")
            results[name] = self.plugin("bench", lanes)
            count = self.psql("bench", "SELECT count(*) FROM windows")
            assert int(count) == self.arguments.rows // lanes * lanes, count
        for form in ("text", "binary"):
            path = f"{self.work}/rows.{form}"
            if not os.path.exists(path):
                self.fresh("bench")
                self.plugin("bench", 1)
                self.psql("bench", f"\\copy windows to '{path}' (format {form})")
            self.fresh("bench")
            subprocess.run([os.path.join(self.arguments.build, "bin/bench_postgres"), "bench", "0", "1", "1"], check=True,
                           env=self.env, stdout=subprocess.DEVNULL)
            self.psql("bench", "CHECKPOINT")
            results[f"psql \\copy {form}"] = self.copy("bench", form)
        return results


def report(rounds):
    bests = {}
    for name in rounds[0]:
        rates = sorted(each[name][0] for each in rounds)
        bests[name] = rates[-1]
        cpu = min(each[name][1] for each in rounds)
        print(f"{name:20} best {rates[-1]:9,.0f} rows/s, median {rates[len(rates) // 2]:9,.0f}, worst {rates[0]:9,.0f}; "
              f"client CPU {cpu:.2f} us a row")
    floor = max(bests["psql \\copy text"], bests["psql \\copy binary"])
    for name in ("plugin, 1 lane", "plugin, 4 lanes"):
        print(f"{name} / best psql \\copy: {bests[name] / floor:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=os.path.join(HERE, "../../build/release"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--flush", type=int, default=5000, help="rows of a flush")
    parser.add_argument("--servers", help="folder of infra/servers with a running PostgreSQL")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = arguments.servers or os.path.join(work, "servers")
        if not arguments.servers:
            subprocess.run([SERVERS, "start", folder, "postgres"], check=True, stdout=sys.stderr)
        try:
            bench = Bench(arguments, folder, work)
            report([bench.round() for _ in range(arguments.runs)])
        finally:
            if not arguments.servers:
                subprocess.run([SERVERS, "remove", folder], check=False, stdout=sys.stderr)


if __name__ == "__main__":
    main()
