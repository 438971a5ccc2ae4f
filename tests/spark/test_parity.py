"""infra/parity tells equal schemas from those where anything differs: a value, a row, a column, a table."""

import os
import re
import subprocess
import unittest

import lab
from lab import servers

TABLES = """
CREATE TABLE telemetra_datasets (id text PRIMARY KEY, mode integer NOT NULL, doc text NOT NULL);
CREATE TABLE windows (stream_id text NOT NULL, window_end bigint NOT NULL, message_count bigint NOT NULL,
    chat_rate numeric(39, 2) NOT NULL, viewer_avg numeric(39, 2), top_emotes json NOT NULL, sketch bytea NOT NULL,
    PRIMARY KEY (stream_id, window_end));
CREATE TABLE dead_letters (input text NOT NULL, generation text NOT NULL, ordinal bigint NOT NULL, topic text NOT NULL,
    origin text NOT NULL, line bigint, byte_offset bigint NOT NULL, log_partition bigint, reason text NOT NULL,
    raw bytea NOT NULL, noted_at bigint NOT NULL, PRIMARY KEY (input, generation, ordinal));
CREATE TABLE bookkeeping (id integer PRIMARY KEY);
INSERT INTO telemetra_datasets VALUES ('windows', 1, ''), ('dead_letters', 1, ''), ('never_made', 1, '');
INSERT INTO windows VALUES ('a', 60, 3, 3.00, NULL, '[]', '\\x11'), ('a', 70, 4, 4.00, 2.50, '[]', '\\x11'),
    (E'quo"te\\n', 60, 1, 1.00, 0.00, '[{"name":"Kappa","count":2}]', '\\x1101');
INSERT INTO dead_letters VALUES ('kafka.chat', '7', 12, 'chat', 'events.chat', NULL, 12, 3, 'syntax', '{', 1);
"""


class Parity(unittest.TestCase):
    def setUp(self):
        self.servers = servers.shared()
        self.environment = self.servers.fresh(self)
        for schema in ("one", "other"):
            self.sql(f"CREATE SCHEMA {schema}; SET search_path = {schema}; {TABLES}")

    def sql(self, statements):
        return self.servers.psql(statements, self.environment["POSTGRES_DB"])

    def run_parity(self, *arguments, **environment):
        done = subprocess.run([str(lab.PARITY), *arguments], env={**os.environ, **self.environment, **environment},
                              capture_output=True, text=True)
        self.output = done.stdout + done.stderr
        return done.returncode

    def check_different(self, *lines):
        self.assertEqual(self.run_parity("one", "other"), 1, self.output)
        for line in lines:
            self.assertRegex(self.output, line)
        # Which of the two is which must not matter.
        self.assertEqual(self.run_parity("other", "one"), 1, self.output)

    def test_equal_schemas_are_equal_and_their_rows_are_counted(self):
        self.assertEqual(self.run_parity("one", "other"), 0, self.output)
        self.assertRegex(self.output, r"windows: 3 rows are equal, 0 differ, 0 are only in one, 0 only in other")
        self.assertRegex(self.output, r"dead_letters: 1 rows are equal \(input, .*noted_at apart\)")
        self.assertNotIn("bookkeeping", self.output)

    def test_each_kind_of_value_is_compared(self):
        for change, shown in (("message_count = 5", "message_count is 4 in one, 5 in other"),
                              ("chat_rate = 4.01", r"chat_rate is 4\.00 in one, 4\.01 in other"),
                              ("viewer_avg = NULL", r"viewer_avg is 2\.50 in one, null in other"),
                              ("""top_emotes = '[{"name":"x"}]'""", r"top_emotes is \[\] in one"),
                              ("sketch = '\\x12'", r"sketch is \\x11 in one, \\x12 in other")):
            with self.subTest(change):
                self.sql(f"CREATE TABLE keep AS SELECT * FROM other.windows; UPDATE other.windows SET {change}"
                         " WHERE window_end = 70")
                self.check_different("windows: 2 rows are equal, 1 differ", f"stream_id=a, window_end=70: {shown}")
                self.sql("DELETE FROM other.windows; INSERT INTO other.windows SELECT * FROM keep; DROP TABLE keep")

    def test_json_that_is_written_otherwise_differs(self):
        self.sql("""UPDATE other.windows SET top_emotes = '[ ]' WHERE window_end = 70""")
        self.check_different(r"top_emotes is \[\] in one, \[ \] in other")

    def test_a_missing_and_an_additional_row_are_told(self):
        self.sql("""DELETE FROM other.windows WHERE stream_id = 'a' AND window_end = 60;
                    INSERT INTO other.windows VALUES ('b', 60, 3, 3, NULL, '[]', '')""")
        self.check_different("2 rows are equal, 0 differ, 1 are only in one, 1 only in other",
                             "stream_id=a, window_end=60: only in one", "stream_id=b, window_end=60: only in other")

    def test_a_dead_letter_is_the_same_whoever_found_it(self):
        self.sql("UPDATE other.dead_letters SET input = 'spark', ordinal = 0, reason = 'no JSON', noted_at = 2")
        self.assertEqual(self.run_parity("one", "other"), 0, self.output)
        self.sql("UPDATE other.dead_letters SET raw = '['")
        self.check_different("raw is")
        self.sql("UPDATE other.dead_letters SET raw = '{', log_partition = 4")
        self.check_different("1 are only in one, 1 only in other")

    def test_a_column_of_another_type_differs(self):
        self.sql("ALTER TABLE other.windows ALTER message_count TYPE integer")
        self.check_different("message_count is bigint not null in one, integer not null in other")

    def test_a_missing_column_differs(self):
        self.sql("ALTER TABLE other.windows DROP message_count")
        self.check_different("message_count: only in one")

    def test_a_table_that_one_lacks_differs(self):
        self.sql("DROP TABLE other.dead_letters")
        self.check_different("dead_letters: schema other does not have it")

    def test_only_the_first_differences_are_shown_and_all_are_counted(self):
        self.sql("INSERT INTO one.windows SELECT 'many', n, 1, 1, NULL, '[]', '' FROM generate_series(1, 500) AS n")
        self.assertEqual(self.run_parity("--limit", "3", "one", "other"), 1, self.output)
        self.assertIn("500 are only in one", self.output)
        self.assertEqual(len(re.findall("only in one$", self.output, re.M)), 3, self.output)

    def test_chosen_tables_and_left_out_columns(self):
        self.sql("UPDATE other.windows SET message_count = 9; DELETE FROM other.dead_letters")
        self.assertEqual(self.run_parity("one", "other", "--tables", "windows", "--ignore", "windows.message_count"), 0,
                         self.output)
        self.assertIn("3 rows are equal (message_count apart)", self.output)
        self.assertEqual(self.run_parity("one", "other", "--tables", "windows"), 1, self.output)
        self.assertEqual(self.run_parity("one", "other", "--ignore", "windows.message_count"), 1, self.output)

    def test_what_is_not_there_is_wrong_usage_and_not_equality(self):
        for arguments, sentence in ((("one", "nobody"), "schema nobody holds no datasets"),
                                    (("one", "other", "--tables", "window"), "has no dataset window; it has"),
                                    (("one", "other", "--ignore", "windows.typo"), "has no column typo"),
                                    (("one", "other", "--tables", "windows", "--ignore", "dead_letters.raw"), "not compared"),
                                    (("one",), "required"), (("one", "other", "--limit", "0"), "at least 1")):
            with self.subTest(arguments):
                self.assertEqual(self.run_parity(*arguments), 2, self.output)
                self.assertIn(sentence, self.output)

    def test_a_server_that_is_not_there_is_told(self):
        self.assertEqual(self.run_parity("one", "other", POSTGRES_PORT="1"), 2, self.output)
        self.assertIn("infra/parity: ", self.output)

    def test_usage_is_told_by_help(self):
        self.assertEqual(self.run_parity("--help"), 0, self.output)
        self.assertIn("Exit status", self.output)


if __name__ == "__main__":
    unittest.main()
