"""The oracle against an input of known outcome, and against cases counted by hand."""

import gzip
import io
import json
import os
import tempfile
import unittest

import adversarial
import decimals
import oracle
import strict_json
import timestamps
from judge import APPLIED, DEAD, DUPLICATE, LATE
from refusal import Refused

BASE = 1767225600
S = timestamps.NS_PER_S


def stamp(seconds):
    """RFC 3339 of seconds after 2026-01-01T00:00:00Z."""
    return timestamps.render(BASE * S + round(seconds * 1000) * timestamps.NS_PER_MS)


class Case(unittest.TestCase):
    """A judge with the contract's defaults, fed event by event."""

    def setUp(self):
        options = oracle.parse_arguments(["-", "--now", "2026-01-02T00:00:00Z"])
        self.judge = oracle.make_judge(options)
        self.serial = 0

    def take(self, topic, seconds, **fields):
        """The outcome of one event of stream "s"; times in seconds after the base."""
        self.serial += 1
        event = {"topic": topic, "event_id": f"e{self.serial}", "stream_id": "s",
                 "timestamp": stamp(seconds), **fields}
        return self.judge.take(json.dumps(event).encode())[0]

    def chat(self, seconds, **fields):
        return self.take("chat", seconds, **fields)

    def viewer(self, seconds, count, **fields):
        return self.take("viewer", seconds, viewer_count=count, **fields)

    def pay(self, seconds, amount, **fields):
        return self.take("transactions", seconds, amount=amount, **fields)

    def meta(self, seconds, kind=None, **fields):
        return self.take("stream_meta", seconds, event_type=kind, **fields)

    def reason(self, **fields):
        """The category of a dead letter, None when it is none."""
        self.serial += 1
        event = {"topic": "chat", "event_id": f"e{self.serial}", "stream_id": "s",
                 "timestamp": stamp(0), **fields}
        reason = self.judge.take(json.dumps(event).encode())[1]
        return reason and reason.split(":")[0]

    def rows(self, stream="s"):
        """Final rows by the seconds of their start."""
        self.judge.finish()
        return {timestamps.parse(row["window_start"]) // S - BASE: row
                for row in self.judge.windows.rows() if row["stream_id"] == stream}

    def stream(self):
        """The one stream's row."""
        return self.judge.stream_rows()[0]


class Windows(Case):
    """Contract, section 2: windows, values, the last slide."""

    def test_an_event_has_a_row_in_each_of_its_six_windows(self):
        self.chat(0)
        self.assertEqual(list(self.rows()), [-50, -40, -30, -20, -10, 0])

    def test_a_window_includes_its_start_and_not_its_end(self):
        self.chat(0)
        self.chat(60)
        rows = self.rows()
        self.assertEqual([rows[start]["message_count"] for start in (-50, 0, 10, 60)], [1, 1, 1, 1])

    def test_metadata_alone_makes_no_row(self):
        self.meta(0, "stream_start")
        self.assertEqual(self.rows(), {})

    def test_the_last_slide_counts_by_itself(self):
        self.chat(0, user_id="a")
        self.chat(55, user_id="b")
        self.viewer(55, 4)
        row = self.rows()[0]
        self.assertEqual((row["message_count"], row["unique_chatters"]), (2, 2))
        self.assertEqual((row["slide_message_count"], row["slide_unique_chatters"]), (1, 1))
        self.assertEqual((row["slide_viewer_count"], row["slide_viewer_sum"]), (1, 4))
        self.assertIsNone(self.rows()[10]["slide_viewer_sum"])

    def test_chatters_are_user_ids_else_names_in_one_name_space(self):
        for fields in ({"user_id": "a"}, {"username": "a"}, {"user_id": "", "username": "b"}, {},
                       {"user_id": "", "username": ""}, {"user_id": None, "username": "b"}):
            self.chat(0, **fields)
        self.pay(0, 1, user_id="payer")
        row = self.rows()[0]
        self.assertEqual((row["message_count"], row["unique_chatters"]), (6, 2))
        self.assertEqual(row["chat_rate"], "6.00")

    def test_top_emotes_are_ten_with_ties_by_bytes(self):
        self.chat(0, emotes=["\U00010000", "\uffff", "b", "a", "b", "B"] + list("0123456"))
        names = [emote["name"] for emote in self.rows()[0]["top_emotes"]]
        self.assertEqual(names, ["b", "0", "1", "2", "3", "4", "5", "6", "B", "a"])

    def test_emotes_beyond_the_basic_plane_come_last(self):
        self.chat(0, emotes=["\U00010000", "\uffff"])
        names = [emote["name"] for emote in self.rows()[0]["top_emotes"]]
        self.assertEqual(names, ["\uffff", "\U00010000"])

    def test_the_last_viewers_are_by_timestamp_then_event_id(self):
        self.viewer(1, 10, event_id="9")
        self.viewer(1, 20, event_id="10")
        self.viewer(0, 30, event_id="z")
        row = self.rows()[0]
        self.assertEqual(row["viewer_last"], 10)
        self.assertEqual((row["viewer_min"], row["viewer_max"], row["viewer_avg"]), (10, 30, "20.00"))
        self.assertEqual(self.stream()["viewer_count"], 10)

    def test_averages_are_rounded_half_to_even(self):
        for total, count, text in ((1, 8, "0.12"), (3, 8, "0.38"), (1, 200, "0.00"),
                                   (3, 200, "0.02"), (2, 3, "0.67"), (0, 4, "0.00")):
            self.assertEqual(decimals.render_ratio(total, count), text)

    def test_a_rate_is_a_minute_of_any_window(self):
        options = oracle.parse_arguments(["-", "--duration", "90", "--slide", "30"])
        self.judge = oracle.make_judge(options)
        self.chat(0)
        self.assertEqual(self.rows()[0]["chat_rate"], "0.67")

    def test_viewers_beyond_64_bits_sum_exactly(self):
        for second in (0, 1):
            self.viewer(second, (1 << 63) - 1)
        self.assertEqual(self.rows()[0]["viewer_avg"], "9223372036854775807.00")


class Money(Case):
    """Contract, sections 1 and 2: amount, currency, bits."""

    def test_sums_are_exact_by_currency(self):
        for amount in (0.1, "0.2", "-0.000000001", None):
            self.pay(0, amount)
        self.pay(0, "1e3", currency="EUR")
        row = self.rows()[0]
        self.assertEqual(row["amounts"], {"EUR": "1000", "USD": "0.299999999"})
        self.assertEqual(row["transaction_count"], 5)

    def test_a_sum_of_zero_is_shown(self):
        self.pay(0, "5")
        self.pay(0, -5)
        self.assertEqual(self.rows()[0]["amounts"], {"USD": "0"})

    def test_bits_count_as_transactions_and_add_to_bits_only(self):
        for _ in range(20):
            self.pay(0, 999999999999999999, transaction_type="bits", currency="no")
        self.chat(0, bits=5)
        row = self.rows()[0]
        self.assertEqual(row["bits"], 20 * 999999999999999999)
        self.assertEqual((row["transaction_count"], row["amounts"]), (20, {}))

    def test_a_gift_is_as_many_payments_as_it_gives(self):
        for count in (None, -3, 0, 1, 20, (1 << 63) - 1):
            self.pay(0, 5, transaction_type="gift_sub", gift_count=count)
        self.pay(0, 5, gift_count=7)
        row = self.rows()[0]
        self.assertEqual((row["transaction_count"], row["payment_count"]), (7, 4 + 20 + (1 << 63) - 1 + 1))

    def test_bits_are_integers_from_0(self):
        for amount in (-1, 1.0, "1.5", "1.0", "1e2", "-1"):
            self.assertEqual(self.pay(0, amount, transaction_type="bits"), DEAD, amount)

    def test_decimals_are_read_from_their_text(self):
        for text, units in (("1e3", 10**12), ("1.5E-3", 1500000), ("-0.0", 0), ("0e999", 0),
                            ("1e-9", 1), ("1.0000000000000", 10**9), ("1e17", 10**26),
                            ("999999999999999999.999999999", 10**27 - 1)):
            self.assertEqual(decimals.parse_decimal(text), units)
        for text in ("1e18", "1e-10", "", "01", "+1", ".5", "1.", "1e", "NaN", " 1", "1e-99999999999"):
            self.assertRaises(Refused, decimals.parse_decimal, text)

    def test_a_currency_is_three_capital_letters(self):
        for currency in ("usd", "US", "USDT", "", "ÀÉÎ", "US1"):
            self.assertEqual(self.pay(0, 1, currency=currency), DEAD, currency)


class Watermark(Case):
    """Contract, section 2: late, duplicate, dead letters, the watermark."""

    def test_an_event_is_judged_by_the_watermark_before_it(self):
        self.assertEqual(self.chat(1000), APPLIED)
        self.assertEqual(self.chat(0), LATE)

    def test_a_window_is_final_when_the_watermark_reaches_its_end(self):
        self.viewer(69.999, 1)
        self.assertEqual(self.chat(9), APPLIED)
        self.viewer(70, 1)
        self.assertEqual(self.chat(9), LATE)
        self.assertEqual(self.chat(10), APPLIED)

    def test_a_partly_late_event_counts_where_windows_are_open(self):
        self.viewer(50, 1)
        self.assertEqual(self.chat(5), APPLIED)
        rows = self.rows()
        self.assertNotIn(-20, rows)
        self.assertEqual([rows[start]["message_count"] for start in (-10, 0)], [1, 1])
        self.assertNotIn(-50, rows)

    def test_a_partly_late_event_leaves_the_final_last_slide_alone(self):
        self.chat(5)
        self.viewer(50, 1)
        self.chat(6)
        rows = self.rows()
        self.assertEqual(rows[-50]["slide_message_count"], 1)
        self.assertEqual((rows[-50]["message_count"], rows[0]["message_count"]), (1, 2))

    def test_a_late_event_is_seen_by_nothing(self):
        self.chat(1000)
        self.viewer(0, 7)
        self.assertIsNone(self.stream()["viewer_count"])
        self.assertEqual(self.stream()["started_at"], stamp(1000))

    def test_duplicates_near_are_duplicates_and_far_ones_late(self):
        self.assertEqual(self.chat(0, event_id="x"), APPLIED)
        self.assertEqual(self.chat(0, event_id="x", message="other"), DUPLICATE)
        self.viewer(69.999, 1)
        self.assertEqual(self.chat(0, event_id="x"), DUPLICATE)
        self.viewer(70, 1)
        self.assertEqual(self.chat(0, event_id="x"), LATE)

    def test_another_topic_stream_or_time_is_no_duplicate(self):
        self.chat(0, event_id="x")
        self.assertEqual(self.chat(0.001, event_id="x"), APPLIED)
        self.assertEqual(self.chat(0, event_id="x", stream_id="t"), APPLIED)
        self.assertEqual(self.pay(0, 1, event_id="x"), APPLIED)
        self.assertEqual(self.chat(0, event_id="x", timestamp=BASE * 1000), DUPLICATE)

    def test_metadata_is_never_late_and_far_duplicates_of_it_are_applied(self):
        self.meta(0, event_id="m")
        self.assertEqual(self.meta(0, event_id="m"), DUPLICATE)
        self.meta(70)
        self.assertEqual(self.meta(0, event_id="m"), APPLIED)

    def test_metadata_raises_the_watermark(self):
        self.meta(1000)
        self.assertEqual(self.chat(0), LATE)

    def test_a_dead_letter_raises_no_watermark_and_leaves_no_id(self):
        self.assertEqual(self.chat(86400 + 301, event_id="x"), DEAD)
        self.assertEqual(self.chat(1000, event_id="x", bits="5"), DEAD)
        self.assertEqual(self.chat(0), APPLIED)
        self.assertEqual(self.chat(86400 + 300, event_id="x"), APPLIED)

    def test_accounting_adds_up_by_topic(self):
        self.chat(1000)
        self.chat(0)
        self.viewer(0, -1)
        self.judge.take(b"{")
        accounting = self.judge.accounting()
        self.assertEqual(accounting["consumed"], 4)
        self.assertEqual(accounting["chat"]["late"], 1)
        self.assertEqual(accounting["viewer"]["dead_lettered"], 1)
        self.assertEqual(accounting["unknown"]["dead_lettered"], 1)


class Streams(Case):
    """Contract, section 2: a stream's life and metadata."""

    def test_only_a_start_or_viewers_revive_an_ended_stream(self):
        for name, live in (("none", False), ("chat", False), ("zero", False), ("viewers", True),
                           ("start", True)):
            self.setUp()
            self.meta(0, "stream_end")
            if name == "chat":
                self.chat(1)
            elif name == "start":
                self.meta(1, "stream_start")
            elif name != "none":
                self.viewer(1, 5 if name == "viewers" else 0)
            self.assertEqual(self.stream()["is_live"], live, name)

    def test_life_does_not_depend_on_the_order_of_reading(self):
        self.viewer(5, 1)
        self.meta(3, "stream_end")
        self.assertTrue(self.stream()["is_live"])

    def test_fifteen_minutes_of_silence_end_a_stream(self):
        self.chat(0)
        self.chat(899.999, stream_id="t")
        self.assertTrue(self.stream()["is_live"])
        self.chat(900, stream_id="t")
        self.assertFalse(self.stream()["is_live"])

    def test_metadata_goes_by_timestamp_then_event_id(self):
        self.meta(2, "title_change", new_title="new", title="old", event_id="10")
        self.meta(2, "title_change", new_title="newest", event_id="9")
        self.meta(1, "stream_start", title="first", category="c", streamer_name="n")
        row = self.stream()
        self.assertEqual((row["title"], row["game_category"], row["streamer_name"]),
                         ("newest", "c", "n"))

    def test_started_at_is_the_field_then_the_start_then_the_first_event(self):
        self.chat(5)
        self.chat(3)
        self.assertEqual(self.stream()["started_at"], stamp(3))
        self.meta(4, "stream_start")
        self.assertEqual(self.stream()["started_at"], stamp(4))
        self.meta(6, "stream_start", started_at=BASE * 1000 - 5)
        self.assertEqual(self.stream()["started_at"], "2025-12-31T23:59:59.995Z")


class Bounds(Case):
    """Contract, section 1: JSON, times, and fields that the adversarial input does not judge."""

    def test_a_category_is_given_for_each_refusal(self):
        for category, fields in (("missing", {"event_id": None}), ("type", {"bits": 1.0}),
                                 ("length", {"event_id": "x" * 129}), ("nul", {"username": "\0"}),
                                 ("timestamp", {"timestamp": "x"}), ("topic", {"topic": "x"}),
                                 ("future", {"timestamp": "2100-01-01T00:00:00Z"}),
                                 ("type", {"emotes": [None]}), (None, {"metadata": {"x": "\0"}})):
            self.assertEqual(self.reason(**fields), category, fields)

    def test_python_constants_and_escapes_are_refused(self):
        for raw in (b"NaN", b"Infinity", b'"\\ud800"', b'"\\udc00\\ud800"', b"\xef\xbb\xbf1", b"01",
                    b'"\xed\xa0\x80"', b"18446744073709551616", b"1e999", b'"\t"', b"\x0c1"):
            self.assertRaises(Refused, strict_json.parse, raw)

    def test_depth_and_size_end_where_the_contract_says(self):
        strict_json.parse(b"[" * 1024 + b"]" * 1024)
        strict_json.parse(b'"' + b"x" * ((1 << 20) - 2) + b'"')
        for raw in (b"[" * 1025 + b"]" * 1025, b'"' + b"x" * ((1 << 20) - 1) + b'"'):
            self.assertRaises(Refused, strict_json.parse, raw)

    def test_times_are_nanoseconds_of_1970_to_2261(self):
        for text, instant in (("1970-01-01T00:00:00Z", 0), ("1970-01-01t05:30:00.5+05:30", S // 2),
                              ("2261-12-31T23:59:59.999999999Z", timestamps.END_NS - 1),
                              ("1990-12-31T15:59:60-08:00", 662688000 * S),
                              ("2024-02-29T00:00:00-00:00", 1709164800 * S), (1, 10**6)):
            self.assertEqual(timestamps.parse(text), instant)
        for value in ("1969-12-31T23:59:59Z", "2261-12-31T23:59:60Z", "1970-01-01T00:00:00+00:01",
                      "2023-02-29T00:00:00Z", "1990-12-31T15:59:60Z", -1):
            self.assertRaises(Refused, timestamps.parse, value)


class Command(unittest.TestCase):
    """The command line: several inputs are one, plain or gzip."""

    LINES = [b'{"topic":"chat","event_id":"%d","stream_id":"s","timestamp":%d}' % (n, BASE * 1000 + n)
             for n in range(3)]

    def test_several_files_are_one_input_and_lines_count_by_file(self):
        with tempfile.TemporaryDirectory() as folder:
            first, second = os.path.join(folder, "a.ndjson"), os.path.join(folder, "b.gz")
            with open(first, "wb") as out:
                out.write(self.LINES[0] + b"\r\n \n" + self.LINES[1] + b"\n{\n")
            with gzip.open(second, "wb") as out:
                out.write(b"\n" + self.LINES[0] + b"\n" + self.LINES[2] + b"\nx")
            self.assertEqual(oracle.main([first, second, "--out", folder]), 0)
            with open(os.path.join(folder, "accounting.json"), encoding="ascii") as file:
                result = json.load(file)
            with open(os.path.join(folder, "rows.ndjson"), encoding="ascii") as file:
                rows = [json.loads(line) for line in file]
        total = {name: result["accounting"][name] for name in ("consumed", APPLIED, DUPLICATE, DEAD)}
        self.assertEqual(total, {"consumed": 6, APPLIED: 3, DUPLICATE: 1, DEAD: 2})
        places = [(letter["file"], letter["line"]) for letter in result["dead_letters"]]
        self.assertEqual(places, [(first, 4), (second, 4)])
        self.assertEqual([row["message_count"] for row in rows], [3] * 6)

    def test_topics_have_the_names_that_are_given(self):
        judge = oracle.make_judge(oracle.parse_arguments(["-", "--topic-chat", "other"]))
        for topic, outcome in ((b"other", APPLIED), (b"chat", DUPLICATE), (b"telemetra.events.chat", DEAD)):
            self.assertEqual(judge.take(self.LINES[0].replace(b"chat", topic))[0], outcome)


class Adversarial(unittest.TestCase):
    """The oracle agrees with what was built, line by line."""

    maxDiff = 2000

    def judge(self, small):
        """Known outcome, and the oracle's in the same shape."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "events")
            with open(path, "wb") as out:
                known = adversarial.generate(out, small)
            verdicts = []
            judge = oracle.make_judge(oracle.parse_arguments([path]))
            dead = oracle.run(judge, [path], verdicts)
        accounting = judge.accounting()
        found = {name: accounting[name] for name in ("consumed", APPLIED, DUPLICATE, LATE, DEAD)}
        found["dead_letter_lines"] = [letter["line"] for letter in dead]
        found["dead_letter_categories"] = [letter["reason"].split(":")[0] for letter in dead]
        for outcome in (DUPLICATE, LATE):
            found[outcome + "_lines"] = [v["line"] for v in verdicts if v["outcome"] == outcome]
        return known, found

    def test_the_small_input_comes_out_as_built(self):
        known, found = self.judge(small=True)
        self.assertEqual(found, {name: known[name] for name in found})

    def test_the_full_input_comes_out_as_built(self):
        known, found = self.judge(small=False)
        self.assertEqual(found, {name: known[name] for name in found})

    def test_equal_seeds_give_equal_bytes(self):
        first, second = io.BytesIO(), io.BytesIO()
        adversarial.generate(first, small=True)
        adversarial.generate(second, small=True)
        self.assertEqual(first.getvalue(), second.getvalue())


if __name__ == "__main__":
    unittest.main()
