# SPDX-License-Identifier: Apache-2.0
"""surface.py finds what breaks a plugin that was built before, and nothing else."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include"


@unittest.skipUnless(shutil.which("abidw"), "abidw is not installed (package abigail-tools)")
class Surface(unittest.TestCase):
    def check(self, header, old, new):
        """The headers with `old` replaced in one of them: (exit code, what is told)."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(INCLUDE / "telemetra", pathlib.Path(folder) / "telemetra")
            path = pathlib.Path(folder) / "telemetra" / header
            text = path.read_text()
            self.assertEqual(text.count(old), 1)
            path.write_text(text.replace(old, new))
            done = subprocess.run([sys.executable, str(HERE / "surface.py"), "--include", folder], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_each_kind_of_break_is_found_and_named(self):
        for name, header, old, new, told in (
                ("members change places", "event.h", "uint64_t id_low, id_high;", "uint64_t id_high, id_low;", "id_low"),
                ("a member has another type", "store.h", "    uint32_t descending;", "    uint64_t descending;", "tlm_order"),
                ("a member of the same size has another type", "store.h", "    uint32_t descending;", "    float descending;",
                 "tlm_order"),
                ("a struct grows at its tail", "store.h", "    uint32_t reserved;\n} tlm_order;",
                 "    uint32_t reserved;\n    uint64_t more;\n} tlm_order;", "tlm_order"),
                ("a callback has another argument", "sink.h", "tlm_done done, void *token);\n} tlm_sink;",
                 "tlm_done done, void *token, int more);\n} tlm_sink;", "tlm_sink"),
                ("a callback's callback answers otherwise", "processor.h",
                 "int (*emit)(const struct tlm_lane *lane", "long (*emit)(const struct tlm_lane *lane", "tlm_lane"),
                ("an enumerator has another value", "store.h", "TLM_FILTER_BELOW = 2", "TLM_FILTER_BELOW = 4",
                 "+ TLM_FILTER_BELOW 4"),
                ("an interface has another id", "sink.h", '"telemetra.sink/1"\n', '"telemetra.sink/2"\n',
                 '- TLM_INTERFACE_SINK "telemetra.sink/1"')):
            with self.subTest(name):
                code, text = self.check(header, old, new)
                self.assertEqual(code, 1, text)
                self.assertIn(told, text)

    def test_a_comment_and_the_name_of_an_argument_are_no_break(self):
        code, text = self.check("sink.h", "tlm_done done, void *token);\n} tlm_sink;", "tlm_done answer, void *mark);\n} tlm_sink;")
        self.assertEqual(code, 0, text)


if __name__ == "__main__":
    unittest.main()
