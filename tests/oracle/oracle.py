"""The oracle: rows, streams and accounting of recorded events, from the contract alone.

    oracle.py [options] --out FILE --rows FILE --streams FILE INPUT...

See README.md in this folder for the shape of what it writes.
"""

import argparse
import json
import os
import sys
import time

import timestamps
from judge import DEAD, Judge
from reading import records
from refusal import Refused

# Scores by the length of a message, so that every bound is met; tests/abi/example/length_score.c gives the same.
LENGTH_SCORES = (None, 500, 499, -500, -499, 10000, -10000)


def length_score(fields):
    """A stand-in for a sentiment: of a message's bytes, in 0.0001."""
    size = len((fields.get("message") or "").encode("utf-8"))
    return LENGTH_SCORES[size % 8] if size % 8 < 7 else size * 37 % 20001 - 10000


TOPIC_OPTIONS = ("chat", "viewer", "transactions", "stream_meta")


def parse_clock(text):
    """An instant in ns from RFC 3339 or milliseconds, for --now."""
    try:
        return timestamps.parse(int(text) if text.isdigit() else text)
    except Refused as refused:
        raise argparse.ArgumentTypeError(refused.reason) from None


def parse_arguments(arguments):
    """The command line; defaults are those of the contract."""
    parser = argparse.ArgumentParser(description="expected rows of recorded events")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help='NDJSON, .gz, or "-"')
    parser.add_argument("--out", help="accounting and dead letters; a folder takes all files")
    parser.add_argument("--rows", help="rows as NDJSON")
    parser.add_argument("--streams", help="streams as NDJSON")
    parser.add_argument("--verdicts", help="file, line, outcome of every record as NDJSON")
    parser.add_argument("--duration", type=int, default=60, metavar="SECONDS")
    parser.add_argument("--slide", type=int, default=10, metavar="SECONDS")
    parser.add_argument("--lateness", type=int, default=10, metavar="SECONDS")
    parser.add_argument("--max-future", type=int, default=300, metavar="SECONDS")
    parser.add_argument("--length-scores", action="store_true", help="messages have scores by their length")
    parser.add_argument("--now", type=parse_clock, help="clock of max_future (RFC 3339 or ms)")
    for kind in TOPIC_OPTIONS:
        option = "--topic-" + kind.replace("_", "-")
        parser.add_argument(option, dest=kind, default="telemetra.events." + kind)
    options = parser.parse_args(arguments)
    if options.slide < 1 or options.duration < 1 or options.duration % options.slide:
        parser.error("--duration must be a multiple of --slide")
    return options


def make_judge(options):
    """A judge with the options of the command line."""
    topics = {kind: kind for kind in TOPIC_OPTIONS}
    topics.update((getattr(options, kind), kind) for kind in TOPIC_OPTIONS)
    second = timestamps.NS_PER_S
    return Judge(
        duration=options.duration * second,
        slide=options.slide * second,
        lateness=options.lateness * second,
        max_future=options.max_future * second,
        clock=time.time_ns if options.now is None else lambda: options.now,
        topics=topics,
        score=length_score if options.length_scores else None,
    )


def run(judge, inputs, verdicts=None):
    """Judges all records; the list of dead letters. verdicts: a list to fill, or None."""
    dead_letters = []
    for file, line, raw in records(inputs):
        outcome, reason = judge.take(raw)
        if outcome is DEAD:
            dead_letters.append({"line": line, "file": file, "reason": reason})
        if verdicts is not None:
            verdicts.append({"file": file, "line": line, "outcome": outcome})
    judge.finish()
    return dead_letters


def write_lines(path, values):
    """NDJSON in ASCII, one value a line."""
    with open(path, "w", encoding="ascii") as file:
        for value in values:
            file.write(json.dumps(value) + "\n")


def output_paths(options):
    """The paths of accounting, rows and streams; --out may name a folder for them."""
    out, rows, streams = options.out, options.rows, options.streams
    if out is not None and (os.path.isdir(out) or out.endswith("/")):
        os.makedirs(out, exist_ok=True)
        rows = rows or os.path.join(out, "rows.ndjson")
        streams = streams or os.path.join(out, "streams.ndjson")
        out = os.path.join(out, "accounting.json")
    return out, rows, streams


def main(arguments=None):
    """The command; 0, or 2 for wrong usage."""
    options = parse_arguments(arguments)
    judge, verdicts = make_judge(options), [] if options.verdicts else None
    dead_letters = run(judge, options.inputs, verdicts)
    out, rows, streams = output_paths(options)
    result = {"accounting": judge.accounting(), "dead_letters": dead_letters}
    if out:
        with open(out, "w", encoding="ascii") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
    else:
        print(json.dumps(result["accounting"]))
    if rows:
        write_lines(rows, judge.windows.rows())
    if streams:
        write_lines(streams, judge.stream_rows())
    if verdicts is not None:
        write_lines(options.verdicts, verdicts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
