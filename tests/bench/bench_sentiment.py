"""Cost of the sentiment processor beside that of the codec, over made chat or a file.

    infra/bench sentiment [--runs N] [--events N] [--file NDJSON]

Both are timed in turn, batch by batch, in one program; CPU time, best and spread of the runs, and their ratio.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def figures(build, path):
    lines = subprocess.run([os.path.join(build, "bin/bench_sentiment"), "time", path], check=True, stdout=subprocess.PIPE,
                           text=True).stdout.splitlines()
    return [re.search(r"messages (\d+) scored (\S+) .* ns_a_message (\S+) codec_ns (\S+)", line).groups() for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--runs", type=int, default=3, help="of seven passes each")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--file", help="plain NDJSON instead of made chat")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or os.path.join(folder, "chat.ndjson")
        if not arguments.file:
            subprocess.run([sys.executable, os.path.join(HERE, "make_chat.py"), path, str(arguments.events)], check=True)
        passes = [each for _ in range(arguments.runs) for each in figures(arguments.build, path)]
    own = sorted(float(each[2]) for each in passes)
    codec = sorted(float(each[3]) for each in passes)
    print(f"{passes[0][0]} messages, {float(passes[0][1]):.1%} scored, {len(passes)} passes")
    print(f"sentiment  best {own[0]:.0f} ns a message, median {own[len(own) // 2]:.0f}, worst {own[-1]:.0f}")
    print(f"codec      best {codec[0]:.0f} ns an event, median {codec[len(codec) // 2]:.0f}, worst {codec[-1]:.0f}")
    print(f"sentiment / codec {own[0] / codec[0]:.2f} (medians {own[len(own) // 2] / codec[len(codec) // 2]:.2f})")


if __name__ == "__main__":
    main()
