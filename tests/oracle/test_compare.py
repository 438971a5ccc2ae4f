"""compare.py: what is a difference and what is not."""

import contextlib
import io
import json
import os
import tempfile
import unittest

import compare

ROW = {
    "stream_id": "s", "window_start": "2026-01-01T00:00:00Z", "chat_rate": "1.00",
    "message_count": 1, "unique_chatters": 5000, "slide_unique_chatters": 4096, "sentiment": None,
    "amounts": {"USD": "1.5"}, "bits": 1 << 70, "top_emotes": [{"name": "a", "count": 1}],
}
STREAM = {"stream_id": "s", "started_at": "2026-01-01T00:00:00Z", "is_live": True}


class Compare(unittest.TestCase):
    """Each test writes files and runs the command."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, lines):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.writelines((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        return path

    def run_on(self, expected, actual, *options):
        arguments = [self.file("expected", expected), self.file("actual", actual), *options]
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = compare.main(arguments)
        return code, output.getvalue()

    def changed(self, **fields):
        return self.run_on([ROW], [{**ROW, **fields}])

    def test_equal_rows_in_another_order_with_more_fields_are_equal(self):
        other = {**ROW, "stream_id": "t"}
        self.assertEqual(self.run_on([ROW, other], [{**other, "extra": 1}, ROW])[0], 0)

    def test_each_changed_field_is_named(self):
        for field, value in (("chat_rate", "1.0"), ("message_count", 2), ("message_count", True),
                             ("message_count", "1"), ("sentiment", 0), ("bits", (1 << 70) + 1),
                             ("amounts", {"USD": "1.50"}), ("amounts", {}), ("top_emotes", []),
                             ("amounts", {"USD": "1.5", "EUR": "0"}), ("unique_chatters", None)):
            code, output = self.changed(**{field: value})
            self.assertEqual(code, 1)
            self.assertIn(field + ":", output)

    def test_chatters_above_4096_may_be_4_percent_off(self):
        for value, code in ((5200, 0), (4800, 0), (5201, 1), (4799, 1), (True, 1), ("5000", 1)):
            self.assertEqual(self.changed(unique_chatters=value)[0], code, value)

    def test_chatters_up_to_4096_are_exact(self):
        self.assertEqual(self.changed(slide_unique_chatters=4095)[0], 1)
        self.assertEqual(self.changed(slide_unique_chatters=4097)[0], 1)

    def test_only_the_chatters_of_the_slide_may_be_absent(self):
        for field, code in (("slide_unique_chatters", 0), ("unique_chatters", 1), ("sentiment", 1)):
            actual = {name: value for name, value in ROW.items() if name != field}
            self.assertEqual(self.run_on([ROW], [actual])[0], code, field)

    def test_missing_extra_and_repeated_rows_are_differences(self):
        self.assertEqual(self.run_on([ROW], [])[0], 1)
        self.assertEqual(self.run_on([], [ROW])[0], 1)
        self.assertEqual(self.run_on([ROW], [ROW, ROW])[0], 1)

    def test_ten_differences_are_shown_and_all_are_counted(self):
        rows = [{**ROW, "stream_id": str(number)} for number in range(30)]
        output = self.run_on(rows, [])[1]
        self.assertEqual(output.count("row is missing"), 10)
        self.assertIn("differences: 30", output)

    def test_ignored_fields_are_no_differences(self):
        self.assertEqual(self.run_on([ROW], [{**ROW, "bits": 0}], "--ignore", "bits")[0], 0)

    def test_unusable_input_is_told_apart(self):
        self.assertEqual(self.run_on([ROW], ["{"])[0], 2)
        self.assertEqual(self.run_on([ROW], ["5"])[0], 2)
        self.assertEqual(self.run_on([ROW], [{"stream_id": "s"}])[0], 2)
        self.assertEqual(self.run_on([ROW, ROW], [ROW])[0], 2)

    def test_streams_compare_started_at_as_a_time(self):
        def run(**fields):
            first = self.file("a", [STREAM])
            return self.run_on([ROW], [ROW], "--streams", first, self.file("b", [{**STREAM, **fields}]))
        self.assertEqual(run(started_at="2026-01-01T00:00:00.000Z")[0], 0)
        self.assertEqual(run(started_at="2026-01-01T00:00:00.001Z")[0], 1)
        self.assertEqual(run(started_at=None)[0], 1)
        self.assertEqual(run(is_live=1)[0], 1)


if __name__ == "__main__":
    unittest.main()
