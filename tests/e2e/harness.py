"""What the end-to-end tests share: running the real binary, and reading what it stored.

The binary is named by TELEMETRA_BINARY, the recorded chat by TELEMETRA_RECORDED.
"""

import decimal
import json
import os
import pathlib
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("TELEMETRA_BINARY", str(ROOT / "build/dev/bin/telemetra"))
ORACLE = ROOT / "tests/oracle"
NS = 1_000_000_000
#: Sanitizer builds are several times slower; what waits for a condition waits this many seconds at most.
PATIENCE = float(os.environ.get("TELEMETRA_TEST_PATIENCE", "120"))


def recorded_file():
    """The recorded chat, or a skip that says why."""
    path = pathlib.Path(os.environ.get("TELEMETRA_RECORDED", ROOT.parent / "shared/data/recorded-chat.ndjson.gz"))
    if not path.exists():
        raise unittest.SkipTest(f"no recorded chat: {path} is absent (name one with TELEMETRA_RECORDED)")
    return path


def build_example(name, folder):
    """Builds an example plugin of tests/abi/example into a folder, as its author would; the folder."""
    folder.mkdir(exist_ok=True)
    flags = os.environ.get("TELEMETRA_SANITIZE_FLAGS", "").split()
    subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *flags, "-shared", "-fPIC", "-I", str(ROOT / "include"),
         str(ROOT / f"tests/abi/example/{name}.c"), "-o", str(folder / f"{name}.so")], check=True)
    return folder


def config(database, inputs, *, lanes=1, batch=1024, frontend=False, pipeline="", source="", sink="", window="",
           before=""):
    """The text of a replay pipeline into SQLite; before: a processor in front of the window's."""
    paths = ", ".join(f'"{path}"' for path in inputs)
    rest = 'frontends = ({ component = "rest"; });' if frontend else ""
    return f"""
        pipeline = {{ name = "test"; lanes = {lanes}; batch_records = {batch}; at_idle = "finish"; {pipeline} }};
        listen = {{ port = 0; }};
        codec = {{ component = "json"; }};
        sources = ({{ component = "replay"; path = ({paths}); {source} }});
        processors = ({before} {{ component = "window"; {window} }});
        sinks = ({{ component = "sqlite"; path = "{database}"; {sink} }});
        {rest}
    """


class Telemetra:
    """One running `telemetra run`, its log collected. Use it as a context manager."""

    def __init__(self, folder, text, environment=None, preexec=None, stdin=subprocess.DEVNULL, plugins=None):
        self.path = pathlib.Path(folder) / "pipeline.cfg"
        self.path.write_text(text)
        self.log = ""
        self.process = subprocess.Popen(
            [BINARY, "run", *(["--plugin-dir", str(plugins)] if plugins else []), str(self.path)], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})}, preexec_fn=preexec)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for_log(self, pattern):
        """Waits until the log has a match of `pattern`; the match."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.log)
            if found:
                return found
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stderr], [], [], max(left, 0))
            piece = os.read(self.process.stderr.fileno(), 65536) if ready else b""
            if not piece:
                raise AssertionError(f"no {pattern!r} in the log:\n{self.log}")
            self.log += piece.decode(errors="replace")

    def address(self):
        """Where it listens: "http://127.0.0.1:PORT"."""
        return self.wait_for_log(r"listening on (http://\S+)").group(1)

    def finish(self):
        """Waits for its end; the exit code."""
        _, rest = self.process.communicate(timeout=PATIENCE)
        self.log += rest.decode(errors="replace")
        return self.process.returncode

    def stop(self, with_signal=signal.SIGTERM):
        """Asks it to stop and waits; the exit code."""
        self.process.send_signal(with_signal)
        return self.finish()


def run_to_end(test, folder, text, **options):
    """Runs a pipeline to its end, which must be a good one."""
    with Telemetra(folder, text, **options) as telemetra:
        code = telemetra.finish()
        test.assertEqual(code, 0, telemetra.log)
        return telemetra.log


def quote(text):
    """A text as a part of a path."""
    return urllib.parse.quote(text, safe="")


def get(url, accept=None):
    """GET: (status, decoded JSON)."""
    request = urllib.request.Request(url, headers={"Accept": accept or "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def wait_until(condition, what):
    """Calls `condition` until it is true; its value."""
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)


# --- the oracle -------------------------------------------------------------------------------------------------


def oracle(folder, inputs, *options):
    """Runs the oracle over files; the folder with out.json, rows.ndjson and streams.ndjson."""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    subprocess.run(
        [sys.executable, str(ORACLE / "oracle.py"), *options, "--out", str(folder / "out.json"), "--rows",
         str(folder / "rows.ndjson"), "--streams", str(folder / "streams.ndjson"), *map(str, inputs)],
        check=True, stdout=subprocess.DEVNULL)
    return folder


def compare(test, expected, database, folder):
    """Fails unless every value of every row and stream in the SQLite database is the oracle's."""
    compare_rows(test, expected, *rows_of(database), folder)


def compare_rows(test, expected, windows, streams, folder, ignore=()):
    """Fails unless every value of these rows, but those of the columns `ignore`, is the oracle's."""
    folder = pathlib.Path(folder)
    write_lines(folder / "actual.ndjson", windows)
    write_lines(folder / "actual-streams.ndjson", streams)
    ignored = [part for name in ignore for part in ("--ignore", name)]
    done = subprocess.run(
        [sys.executable, str(ORACLE / "compare.py"), str(expected / "rows.ndjson"), str(folder / "actual.ndjson"),
         "--streams", str(expected / "streams.ndjson"), str(folder / "actual-streams.ndjson"), *ignored],
        capture_output=True, text=True)
    test.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


# --- the database -----------------------------------------------------------------------------------------------


def query(database, sql, *parameters):
    """All rows of a query, as dicts."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, parameters)]
    finally:
        connection.close()


def time_text(ns):
    """RFC 3339 of a whole second, or with the fraction it has."""
    if ns is None:
        return None
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // NS))
    fraction = f"{ns % NS:09d}".rstrip("0")
    return text + (f".{fraction}Z" if fraction else "Z")


def decimal_text(value, scale):
    """The exact decimal that a DECIMAL column holds, as text."""
    if value is None:
        return None
    exact = decimal.Decimal(repr(value) if isinstance(value, float) else str(value))
    with decimal.localcontext() as context:
        context.prec = 60
        return str(exact.quantize(decimal.Decimal(1).scaleb(-scale)))


def wide(value):
    """An integer of any size from a DECIMAL column of scale 0."""
    return None if value is None else int(value)


def decoded(value):
    """The value of a JSON column: SQLite gives its text."""
    return json.loads(value, parse_float=decimal.Decimal) if isinstance(value, str) else value


def window_row(row):
    """A row of the table `windows`, of whichever database, in the oracle's shape."""
    return {
        **{name: row[name] for name in (
            "stream_id", "message_count", "unique_chatters", "positive_count", "negative_count", "viewer_min",
            "viewer_max", "viewer_last", "transaction_count", "slide_message_count", "slide_viewer_count",
            "slide_viewer_min", "slide_viewer_max", "slide_viewer_last", "slide_scored_count", "slide_sentiment_sum")},
        "window_start": time_text(row["window_start"]),
        "window_end": time_text(row["window_end"]),
        "slide_start": time_text(row["slide_start"]),
        "chat_rate": decimal_text(row["chat_rate"], 2),
        "sentiment": decimal_text(row["sentiment"], 4),
        "viewer_avg": decimal_text(row["viewer_avg"], 2),
        "slide_viewer_sum": wide(row["slide_viewer_sum"]),
        "bits": wide(row["bits"]),
        "payment_count": wide(row["payment_count"]),
        "top_emotes": decoded(row["top_emotes"]),
        "amounts": decoded(row["amounts"]),
    }


def stream_row(row):
    """A row of the table `streams` in the oracle's shape."""
    return {
        **{name: row[name] for name in ("stream_id", "streamer_name", "title", "game_category", "viewer_count")},
        "started_at": time_text(row["started_at"]),
        "is_live": bool(row["is_live"]),
    }


def rows_of(database):
    """Windows and streams of an SQLite database in the oracle's shape."""
    return ([window_row(row) for row in query(database, "SELECT * FROM windows")],
            [stream_row(row) for row in query(database, "SELECT * FROM streams")])


COUNTS = ("consumed", "applied", "duplicate", "late", "dead_lettered")


def accounting(database):
    """The accounting of all lanes in an SQLite database: {count: sum}, and the same by topic."""
    return accounting_of(lane["record"] for lane in query(database, "SELECT record FROM telemetra_lanes"))


def accounting_of(records):
    """The same of lane records."""
    sums = dict.fromkeys(COUNTS, 0)
    topics = {}
    for record in records:
        for line in record.splitlines():
            words = line.split()
            if words[0] != "count":
                continue
            for name, value in zip(words[2::2], words[3::2]):
                sums[name] += int(value)
                topic = topics.setdefault(words[1], dict.fromkeys(COUNTS, 0))
                topic[name] += int(value)
    return sums, topics


def digest(database):
    """All stored results as comparable text: rows, streams, dead letters (without the time they were noted)."""
    parts = []
    for table, columns, order in (
            ("windows", "*", "stream_id, window_start"), ("streams", "*", "stream_id"),
            ("dead_letters", "input, ordinal, topic, line, byte_offset, reason, size, raw", "input, ordinal")):
        parts.append([tuple(row.values()) for row in query(database, f"SELECT {columns} FROM {table} ORDER BY {order}")])
    return parts
