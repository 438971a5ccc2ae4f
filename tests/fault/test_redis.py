"""Redis emptied and killed: PostgreSQL knows nothing of it, and Redis has all rows again soon."""

import time
import unittest

import lab
from lab import FULL, say

#: Seconds in which an emptied server must have everything again.
EQUAL_S = 30


class Redis(unittest.TestCase):
    def test_emptied_and_killed(self):
        trial = lab.lab().trial(self)
        expected = lab.lab().redis_rows
        self.assertTrue(expected, "the undisturbed run has left nothing in Redis")
        with trial.aggregator("a") as aggregator:
            for share in (0.2, 0.4):
                trial.wait_part(share)
                trial.servers.redis("FLUSHALL")
            trial.wait_part(0.6)
            trial.servers.kill("redis")
            time.sleep(60 if FULL else 3)
            trial.servers.start("redis")
            trial.wait_final()
            took = [self.seconds_to_equal(trial, expected)]
            trial.servers.redis("FLUSHALL")
            took.append(self.seconds_to_equal(trial, expected))
            trial.servers.kill("redis")
            trial.wait(aggregator.troubles, "health tells of Redis", 15)
            trial.servers.start("redis")
            took.append(self.seconds_to_equal(trial, expected))
            trial.wait(lambda: not aggregator.troubles(), f"good health: {aggregator.troubles()}", EQUAL_S)
            self.assertEqual(aggregator.stop(), 0, aggregator.log())
        trial.check()
        say("Redis equal again " + ", ".join(f"{seconds:.1f} s" for seconds in took) +
            " after the end, an emptying and a kill")

    def seconds_to_equal(self, trial, expected):
        began = time.monotonic()
        while (found := trial.redis_rows()) != expected:
            if time.monotonic() - began > EQUAL_S:
                self.fail(lab.first_differences("Redis", expected.splitlines(), (found or "").splitlines()))
            time.sleep(0.05)
        return time.monotonic() - began


if __name__ == "__main__":
    unittest.main()
