"""Records of files and pipes, one JSON text a line (contract, section 1)."""

import gzip
import sys

GZIP_MAGIC = b"\x1f\x8b"
BLANK = b" \t\r\n"


def open_input(path):
    """A binary file: plain, gzip by its first two bytes, or standard input for "-"."""
    if path == "-":
        return sys.stdin.buffer
    with open(path, "rb") as probe:
        zipped = probe.read(2) == GZIP_MAGIC
    return gzip.open(path, "rb") if zipped else open(path, "rb")


def records(paths):
    """(file, line from 1, bytes without the line feed) of all lines that are not blank."""
    for path in paths:
        with open_input(path) as file:
            for number, line in enumerate(file, 1):
                if line.strip(BLANK):
                    yield path, number, line[:-1] if line.endswith(b"\n") else line
