"""The broker restarted, gone for a minute, and without the records that come next."""

import itertools
import random
import time
import unittest

import lab
from lab import FULL, say
from outage import GONE_S, Outage

RESTARTS = 5 if FULL else 1
#: Little is fetched ahead, so that a broker that is gone is missed.
SOURCE = 'queue_bytes = "8MiB";'
#: Events whose successors are deleted.
EVENTS = 10_000


class Kafka(Outage, unittest.TestCase):
    def test_restarted(self):
        chance = random.Random(3)
        restarts = rounds = 0
        slowest = 0
        while restarts < RESTARTS:
            trial = lab.lab().trial(self, source=SOURCE)
            rounds += 1
            with trial.aggregator("a") as aggregator:
                while restarts < RESTARTS and trial.part() < 0.6:
                    trial.wait_part(trial.part() + chance.uniform(0.01, 0.1))
                    trial.servers.restart("kafka") if restarts % 2 == 0 else trial.servers.kill("kafka")
                    trial.servers.start("kafka")
                    restarts += 1
                    slowest = max(slowest, self.recover(trial, aggregator))
                trial.wait_final()
                self.assertEqual(aggregator.stop(), 0, aggregator.log())
            trial.check()
        say(f"{restarts} restarts in {rounds} rounds of {lab.EVENTS} events; next commit at most {slowest:.1f} s after the return")

    def test_gone_for_a_while(self):
        trial = lab.lab().trial(self, source=SOURCE)
        with trial.aggregator("a") as aggregator:
            trial.wait_part(0.05)
            self.be_gone(trial, aggregator, "kafka", ("broker", "kafka", "Kafka"), lambda: trial.servers.kill("kafka"),
                         max(GONE_S, 12))
            trial.wait_final()
            self.assertEqual(aggregator.stop(), 0, aggregator.log())
        trial.check()


class Gone(unittest.TestCase):
    """An offset that the broker no longer has: topics of its own, of which records are deleted."""

    def setUp(self):
        self.lab = lab.lab()
        self.topics = {name: topic + f".{self.id().rsplit('_', 1)[-1]}" for name, topic in self.lab.topics.items()}
        self.trial = self.lab.trial(self)
        self.trial.environment |= self.topics
        with self.lab.inputs[0].open() as lines:
            self.produce("first", lines)
            self.lines = list(itertools.islice(lines, EVENTS))

    def produce(self, name, lines):
        path = self.trial.folder / name
        path.write_text("".join(itertools.islice(lines, EVENTS)))
        self.lab.produce(path, self.topics)

    def delete_records(self):
        """All that the chat topic has."""
        chat = self.topics["KAFKA_TOPIC_CHAT"]
        path = self.lab.folder / "delete.json"
        path.write_text('{"version":1,"partitions":[%s]}' % ",".join(
            f'{{"topic":"{chat}","partition":{number},"offset":-1}}' for number in range(lab.PARTITIONS)))
        self.trial.servers.kafka("delete-records", "--offset-json-file", path)

    def stops_loudly(self, aggregator, before):
        """All lanes stop, in log and health with a sentence of topic, partition and offset, and nothing more is written."""
        self.trial.wait(lambda: len(self.sentences(aggregator)) == lab.PARTITIONS, "all lanes have stopped", 30)
        self.assertIn(aggregator.health()[1]["status"], ("degraded", "error"))
        for sentence in self.sentences(aggregator):
            self.assertIn(sentence, aggregator.log())
            self.assertRegex(sentence, r"topic faults\.chat\.\S+, partition \d+: offset \d+ is wanted, but the broker has deleted")
        time.sleep(2)
        self.assertNotEqual(aggregator.stop(), 0)
        for table in ("windows", "moments", "streams", "dead_letters"):
            self.assertEqual(before[table], self.trial.table(table))
        self.assertEqual(before["counts"], self.trial.accounting())
        say(f"stopped with: {self.told}")

    def sentences(self, aggregator):
        told = [text for name, text in aggregator.troubles().items() if name.startswith("lane ")]
        self.told = told[:1]
        return told

    def test_at_the_start(self):
        with self.trial.aggregator("a") as aggregator:
            self.trial.wait(lambda: self.trial.progress() == EVENTS, "the first events are decided")
            self.assertEqual(aggregator.stop(), 0, aggregator.log())
        before = self.trial.snapshot() | {"counts": self.trial.accounting()}
        self.produce("second", self.lines)
        self.delete_records()
        with self.trial.aggregator("a") as aggregator:
            self.stops_loudly(aggregator, before)


if __name__ == "__main__":
    unittest.main()
