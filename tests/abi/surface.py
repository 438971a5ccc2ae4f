#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The binary interface of the SDK against the one that is committed: every struct by libabigail, every constant by value.

    surface.py                   0: the same, 1: it differs (what, is printed), 77: abidw is not installed
    surface.py --include DIR     the same of other headers than include/
    surface.py --update          writes surface.abi and surface.constants, for a commit that changes the interface on purpose

A program that includes all headers has a variable that points to each struct. abidw (package abigail-tools) writes down what
those are made of, abidiff compares it with surface.abi: names of members, types, sizes, offsets, signatures. It writes the same
for every compiler; $CC is the one that is asked. Enumerators and macros have no place there and are in surface.constants.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CC = os.environ.get("CC", "cc")
CFLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
#: Nothing of this machine in it: no lines, no paths, and ids that come from the types' names.
ABIDW = ["abidw", "--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--type-id-style", "hash", "--no-elf-needed",
         "--no-architecture"]
#: Fewer mean that the headers are written in a way which is not understood here.
STRUCTS_MIN, CONSTANTS_MIN = 50, 80


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--include", metavar="DIR", type=pathlib.Path, default=HERE.parents[1] / "include")
    parser.add_argument("--update", action="store_true")
    return parser.parse_args()


def structs(text):
    """Names of the complete ones."""
    return sorted(set(re.findall(r"^(?:typedef )?(?:struct|union) (tlm_\w+) \{", text, re.M)))


def constants(text, macros):
    enumerators = [name for body in re.findall(r"\benum(?: \w+)? \{(.*?)\}", text, re.S)
                   for name in re.findall(r"\b(TLM_\w+) *(?:=|,|$)", re.sub(r"\s+", " ", body).strip())]
    values = [name for name, value in re.findall(r"^#define (TLM_\w+) (.+)$", macros, re.M)
              if not value.startswith(("__attribute__", "extern"))]
    return sorted({*enumerators, *values})


def dump(folder, compiler, includes, names):
    source, library, out = folder / "surface.c", folder / "surface.so", folder / "surface.abi"
    source.write_text(includes + "".join(f"extern const {name} *surface_{name};\nconst {name} *surface_{name};\n"
                                           for name in names))
    run(*compiler, "-g", "-shared", "-fPIC", source, "-o", library, cwd=folder)
    run(*ABIDW, "--out-file", out, library)
    return out


def values(folder, compiler, includes, names):
    source, program = folder / "constants.c", folder / "constants"
    source.write_text(
        includes + "#include <inttypes.h>\n#include <stdio.h>\n"
        "static void show_text(const char *name, const char *value) { printf(\"%s \\\"%s\\\"\\n\", name, value); }\n"
        "static void show_integer(const char *name, int64_t value) { printf(\"%s %\" PRId64 \"\\n\", name, value); }\n"
        "#define SHOW(name) _Generic((name), char *: show_text, default: show_integer)(#name, name)\n"
        "int main(void)\n{\n" + "".join(f"    SHOW({name});\n" for name in names) + "    return 0;\n}\n")
    run(*compiler, source, "-o", program)
    return run(program)


def compare(reference, made):
    """What abidiff tells, "" for nothing."""
    done = subprocess.run(["abidiff", "--no-show-locs", reference, made], capture_output=True, text=True)
    # https://sourceware.org/libabigail/manual/abidiff.html#return-values
    if done.returncode & 3:
        sys.exit(f"abidiff: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout if done.returncode else ""


def main():
    given = arguments()
    if not shutil.which("abidw"):
        print("skipped: abidw is not installed (package abigail-tools)")
        return 77
    compiler = (CC, *CFLAGS, "-I", given.include.resolve())
    includes = "".join(f"#include <telemetra/{path.name}>\n" for path in sorted(given.include.glob("telemetra/*.h")))
    text = run(*compiler, "-E", "-P", "-x", "c", "-", input=includes)
    macros = run(*compiler, "-E", "-dM", "-x", "c", "-", input=includes)
    names, words = structs(text), constants(text, macros)
    if len(names) < STRUCTS_MIN or len(words) < CONSTANTS_MIN:
        sys.exit(f"only {len(names)} structs and {len(words)} constants were found in the headers")
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        made, shown = dump(folder, compiler, includes, names), values(folder, compiler, includes, words)
        if given.update:
            shutil.copy(made, HERE / "surface.abi")
            (HERE / "surface.constants").write_text(shown)
            return 0
        told = compare(HERE / "surface.abi", made)
    known = (HERE / "surface.constants").read_text().splitlines()
    told += "".join(f"{sign} {line}\n" for sign, lines in (
        ("-", [line for line in known if line not in shown.splitlines()]),
        ("+", [line for line in shown.splitlines() if line not in known])) for line in lines)
    if told:
        print(told + "The SDK's binary interface is not the committed one. On purpose? tests/abi/surface.py --update, and say so in "
              "CHANGELOG.md.")
        return 1
    print(f"{len(names)} structs and {len(words)} constants are as committed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
