"""A process that is frozen for longer than its session, and wakes when others have its lanes."""

import signal
import time
import unittest

import lab
from lab import FULL, SESSION_S, say

FROZEN_S = 60 if FULL else SESSION_S + 4
ROUNDS = 3 if FULL else 1


class Freeze(unittest.TestCase):
    def test_wakes_when_its_lanes_were_taken(self):
        for number in range(ROUNDS):
            self.freeze(lambda trial: trial.wait_part(max(0.1 + 0.1 * number, trial.part() + 0.05)))

    def test_wakes_from_a_freeze_while_it_took_its_lanes(self):
        """What it had read of a lane may be half of one owner and half of the next."""
        for number in range(ROUNDS):
            self.freeze(lambda trial: time.sleep(0.05 * number))

    def freeze(self, wait):
        """wait: from the moment when both have their lanes until one is frozen."""
        trial = lab.lab().trial(self)
        with trial.aggregator("a") as first, trial.aggregator("b") as second:
            second.wait_for_log("gives this process 6 of 12 lanes")
            wait(trial)
            first.send(signal.SIGSTOP)
            frozen = time.monotonic()
            before = self.epochs(trial)
            trial.wait(lambda: self.epochs(trial) > before, "the other has taken its lanes", FROZEN_S)
            taken = time.monotonic() - frozen
            time.sleep(max(0, FROZEN_S - taken))
            self.assertTrue(second.is_running(), second.log())
            joined = self.joined(first)
            first.send(signal.SIGCONT)
            # It had work on all its lanes: whatever it went on with has met the fence by then.
            trial.wait(lambda: self.joined(first) > joined, "it has joined again", 60)
            time.sleep(3)
            trial.wait_final()
            say(f"frozen for {FROZEN_S} s, its lanes taken after {taken:.1f} s; "
                f"{self.refusals(first)} refusals told when it woke")
            for each in (first, second):
                self.assertTrue(each.is_running(), each.log())
                self.assertEqual(each.stop(), 0, each.log())
        trial.check()

    def joined(self, aggregator):
        return aggregator.log().count("gives this process")

    def refusals(self, aggregator):
        return aggregator.log().count("another process has taken the lane")

    def epochs(self, trial):
        return int(trial.sql("SELECT coalesce(sum(epoch), 0) FROM telemetra_lanes") or 0)


if __name__ == "__main__":
    unittest.main()
