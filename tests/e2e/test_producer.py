"""conf/producer.cfg against a real broker: what lies in the topics is what came in."""

import collections
import json
import pathlib
import tempfile
import time
import unittest

import harness
import servers

KINDS = ("chat", "viewer", "transactions", "stream_meta")
PARTITIONS = 12


def murmur2(key):
    """org.apache.kafka.common.utils.Utils.murmur2, as an unsigned number."""
    word, mask = 0x5bd1e995, 0xffffffff
    value = (0x9747b28c ^ len(key)) & mask
    for at in range(0, len(key) & ~3, 4):
        part = int.from_bytes(key[at:at + 4], "little") * word & mask
        part = (part ^ part >> 24) * word & mask
        value = (value * word & mask) ^ part
    rest = key[len(key) & ~3:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * word & mask
    value = (value ^ value >> 13) * word & mask
    return value ^ value >> 15


def event(number, stream):
    """An event of any kind as a line of a recording."""
    kind = KINDS[number % 4] if number % 8 < 4 else "chat"
    made = {"topic": kind, "event_id": f"e{number}", "stream_id": stream, "timestamp": 1767225600000 + number}
    made |= {"chat": {"message": f"h\u00e9llo \u2603 {number}"}, "viewer": {"viewer_count": number},
             "transactions": {"amount": "1.50", "transaction_type": "tip"},
             "stream_meta": {"event_type": "title_change", "new_title": "t"}}[kind]
    return kind, json.dumps(made, ensure_ascii=number % 3 == 0)


class Producer(unittest.TestCase):
    def setUp(self):
        self.servers = servers.shared()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = self.servers.fresh(self) | {
            "PRODUCER_CHECKPOINT_PATH": str(self.folder / "checkpoint"),
            "PRODUCER_REFUSED_PATH": str(self.folder / "refused.ndjson"),
            "TELEMETRA_REPLAY_FILE": str(self.folder / "events.ndjson")}
        self.dead_letters = self.environment["KAFKA_TOPIC_CHAT"] + ".dead"

    def config(self):
        """conf/producer.cfg with the recording that its comment shows in the place of the generated streams."""
        text = (harness.ROOT / "conf/producer.cfg").read_text()
        before, rest = text.split("sources = ({", 1)
        _, after = rest.split("});", 1)
        commented = next(line for line in after.splitlines() if line.startswith("# sources = "))
        return before + commented[2:] + after.replace(
            'delivery = "required";', f'delivery = "required"; dead_letter_topic = "{self.dead_letters}";')

    def read(self, topic, count):
        """The messages of a topic as (partition, timestamp type, headers, key, value), in order for each partition."""
        text = self.servers.kafka(
            "console-consumer", "--topic", topic, "--from-beginning", "--max-messages", count, "--timeout-ms", 60000,
            *[part for name in ("timestamp", "partition", "headers", "key") for part in ("--property", f"print.{name}=true")])
        messages = []
        for line in text.splitlines():
            stamp, partition, headers, key, value = line.split("\t", 4)
            messages.append((int(partition.removeprefix("Partition:")), stamp.split(":")[0], headers, key, value))
        return messages

    def ends(self, topic):
        """Messages that a topic has."""
        lines = self.servers.kafka("get-offsets", "--topic", topic).split()
        return sum(int(line.rsplit(":", 1)[1]) for line in lines)

    def test_a_recording_lies_in_four_topics_as_it_came(self):
        expected = {kind: collections.defaultdict(list) for kind in KINDS}
        lines = []
        for number in range(4000):
            stream = f"stream_{number % 37}"
            kind, line = event(number, stream)
            expected[kind][stream].append(line)
            lines.append(line)
        lines[1000:1000] = ["no JSON", '{"topic":"chat","event_id":"x","timestamp":0}']
        (self.folder / "events.ndjson").write_text("\n".join(lines) + "\n")
        log = harness.run_to_end(self, self.folder, self.config(), environment=self.environment)
        self.assertIn("consumed 4002 = applied 4000 + duplicate 0 + late 0 + dead-lettered 2", log)
        for kind in KINDS:
            found = collections.defaultdict(list)
            topic = self.environment[f"KAFKA_TOPIC_{kind.upper()}"]
            count = sum(map(len, expected[kind].values()))
            self.assertEqual(self.ends(topic), count)
            for partition, stamp, _, key, value in self.read(topic, count):
                self.assertEqual(stamp, "LogAppendTime")
                self.assertEqual(partition, (murmur2(key.encode()) & 0x7fffffff) % PARTITIONS)
                found[key].append(value)
            self.assertEqual(found, expected[kind])
        dead = self.read(self.dead_letters, 2)
        self.assertEqual([letter[4] for letter in dead], lines[1000:1002])
        for line, (_, _, headers, _, _) in zip((1001, 1002), dead):
            self.assertIn("reason:", headers)
            self.assertIn("input:replay,", headers)
            self.assertIn(f"line:{line},", headers)
            self.assertIn(f"origin:{self.folder}/events.ndjson,", headers)

    def test_killed_and_started_again_it_loses_nothing_and_keeps_the_order(self):
        count, kills = 300_000, 5
        checkpoint = self.folder / "checkpoint"
        with open(self.folder / "events.ndjson", "w") as file:
            for number in range(count):
                file.write(json.dumps({"topic": "chat", "event_id": str(number), "timestamp": 1767225600000 + number,
                                       "stream_id": f"s{number % 50}"}) + "\n")
        text = self.config().replace("flush_rows = 100000", "flush_rows = 2000")
        topic = self.environment["KAFKA_TOPIC_CHAT"]
        for kill in range(kills):
            with harness.Telemetra(self.folder, text, environment=self.environment) as running:
                before = checkpoint.read_bytes() if checkpoint.exists() else b""
                harness.wait_until(lambda: checkpoint.exists() and checkpoint.read_bytes() != before, "a flush")
                time.sleep(0.02 * kill)  # another place each time
                running.process.kill()
                self.assertEqual(running.process.wait(), -9, "it came to its end before it was killed")
        harness.run_to_end(self, self.folder, text, environment=self.environment)
        following, seen = collections.defaultdict(int), 0
        for _, _, _, key, value in self.read(topic, self.ends(topic)):
            place = int(json.loads(value)["event_id"]) // 50
            self.assertLessEqual(place, following[key], "an event was left out, or came before its turn")
            if place == following[key]:
                following[key] += 1
                seen += 1
        self.assertEqual(seen, count)

    def test_topics_of_other_numbers_of_partitions_are_a_sentence(self):
        topic = self.environment["KAFKA_TOPIC_VIEWER"]
        self.servers.create_topic(topic, partitions=3)
        (self.folder / "events.ndjson").write_text("")
        with harness.Telemetra(self.folder, self.config(), environment=self.environment) as running:
            self.assertNotEqual(running.finish(), 0)
            self.assertIn(f"topic {topic} has 3 partitions, but partitions asks for 12", running.log)


if __name__ == "__main__":
    unittest.main()
