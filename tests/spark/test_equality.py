"""The Spark job's rows are the aggregator's: for the recorded chat, and for mock streams with viewers, transactions and all."""

import unittest


import lab
from lab import harness


class Recorded(lab.Both):
    """The recorded chat: nothing of it is late."""

    @classmethod
    def produce(cls):
        cls.play(harness.recorded_file())

    def test_every_value_is_the_aggregators(self):
        print(self.check_parity())


if __name__ == "__main__":
    unittest.main()
