"""The aggregator against servers it cannot use: a sentence that says what to do, and where waiting can help, it goes on by itself."""

import pathlib
import tempfile
import unittest

import harness
import roles
import servers

TOPICS = [f"KAFKA_TOPIC_{topic.upper()}" for topic in servers.TOPICS]
CONFIG_OR_START_FAILED = 1


class Mistakes(unittest.TestCase):
    def setUp(self):
        self.servers = servers.shared()
        self.environment = self.servers.fresh(self) | {"AGGREGATOR_PORT": "0"}
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def aggregator(self, **wrong):
        return harness.Telemetra(self.folder, roles.text_of("aggregator"), environment=self.environment | wrong)

    def make_topics(self, *partitions):
        for name, count in zip(TOPICS, partitions, strict=True):
            self.servers.create_topic(self.environment[name], count)

    def assert_ends_with(self, sentence, **wrong):
        with self.aggregator(**wrong) as running:
            self.assertEqual(running.finish(), CONFIG_OR_START_FAILED, running.log)
            self.assertIn(sentence, running.log)

    def assert_waits_with(self, sentence, mend=None, **wrong):
        """It tells the sentence, lives on, and health is well once it is mended."""
        with self.aggregator(**wrong) as running:
            health = running.address() + "/api/v1/health"
            running.wait_for_log(sentence)
            harness.wait_until(lambda: harness.get(health)[1]["status"] != "ok", "health tells it")
            if mend:
                mend()
                harness.wait_until(lambda: harness.get(health)[1]["status"] == "ok", "it goes on by itself")
            self.assertEqual(running.stop(), 0, running.log)

    def test_a_wrong_password_ends_it_and_names_the_option(self):
        self.assert_ends_with("the option password (POSTGRES_PASSWORD) or user is wrong", POSTGRES_PASSWORD="wrong")

    def test_a_missing_database_ends_it_and_says_how_to_make_one(self):
        self.assert_ends_with("make it with createdb, or set the option database (POSTGRES_DB)", POSTGRES_DB="none_such")

    def test_a_host_that_has_no_address_is_told_and_tried_again(self):
        self.make_topics(1, 1, 1, 1)
        self.assert_waits_with(r"database\.invalid.*look at the options host and port \(POSTGRES_HOST, POSTGRES_PORT\)",
                               POSTGRES_HOST="database.invalid")

    def test_a_read_only_database_is_told_and_written_once_it_is_not(self):
        self.make_topics(1, 1, 1, 1)
        database = self.environment["POSTGRES_DB"]
        self.servers.psql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        self.assert_waits_with(
            "the database is read-only .*: name the primary server",
            lambda: self.servers.psql(f"ALTER DATABASE {database} SET default_transaction_read_only = off"))

    def test_a_broker_that_does_not_answer_is_told_and_tried_again(self):
        self.assert_waits_with(r"no broker of 127\.0\.0\.1:1 answers.*it is tried again",
                               KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")

    def test_absent_topics_are_told_and_read_once_they_are_there(self):
        self.assert_waits_with("which the brokers do not have; start the producer, which creates it",
                               lambda: self.make_topics(1, 1, 1, 1))

    def test_topics_of_unequal_partitions_stop_it_and_say_what_to_do(self):
        self.make_topics(4, 4, 4, 3)
        with self.aggregator() as running:
            running.wait_for_log("has 4 partitions, .* has 3: .*create the topics anew with equal numbers")
            health = harness.get(running.address() + "/api/v1/health")[1]
            self.assertEqual(health["status"], "degraded")
            self.assertIn("create the topics anew", str(health))
            self.assertEqual(running.stop(), CONFIG_OR_START_FAILED, running.log)


if __name__ == "__main__":
    unittest.main()
