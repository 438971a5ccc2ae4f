"""An adversarial input of which the outcome is known by construction.

    adversarial.py --out FILE --known FILE [--small] [--seed N]

Equal arguments give equal bytes. See README.md for what the known file holds.
"""

import argparse
import json
import random
import sys

import cases_fields
import cases_text
import cases_time
import cases_values
from craft import Tape

SEED = 20260101


def generate(out, small=False, seed=SEED):
    """Writes all chapters to a binary file; the known outcome."""
    tape = Tape(out, random.Random(seed), small)
    cases_text.first_lines(tape)
    cases_time.first_events(tape)
    for chapter in (cases_text, cases_fields, cases_time, cases_values):
        chapter.all_cases(tape)
    return tape.known()


def main(arguments=None):
    """The command."""
    parser = argparse.ArgumentParser(description="events with a known outcome")
    parser.add_argument("--out", required=True, help="NDJSON to write")
    parser.add_argument("--known", required=True, help="the known outcome, as JSON")
    parser.add_argument("--small", action="store_true", help="a few thousand lines")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    with open(options.out, "wb") as out:
        known = generate(out, options.small, options.seed)
    with open(options.known, "w", encoding="ascii") as file:
        json.dump(known, file)
        file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
