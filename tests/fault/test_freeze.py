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
            trial = lab.lab().trial(self)
            with trial.aggregator("a") as first, trial.aggregator("b") as second:
                trial.wait_part(0.1 + 0.1 * number)
                first.send(signal.SIGSTOP)
                frozen = time.monotonic()
                before = trial.progress()
                trial.wait(lambda: trial.progress() > before + trial.lab.counts["consumed"] // 50 and
                           self.epochs(trial) >= lab.PARTITIONS + 1, "the other has taken its lanes", FROZEN_S)
                taken = time.monotonic() - frozen
                time.sleep(max(0, FROZEN_S - taken))
                self.assertTrue(second.is_running(), second.log())
                first.send(signal.SIGCONT)
                # It had work on all its lanes, so that whatever it goes on with must meet the fence.
                trial.wait(lambda: self.refusals(first) > 0, "what it goes on with is refused", 60)
                trial.wait_final()
                say(f"frozen for {FROZEN_S} s, its lanes taken after {taken:.1f} s; "
                    f"{self.refusals(first)} refusals when it woke")
                for each in (first, second):
                    self.assertTrue(each.is_running(), each.log())
                    self.assertEqual(each.stop(), 0, each.log())
            trial.check()

    def refusals(self, aggregator):
        return aggregator.log().count("another process has taken the lane")

    def epochs(self, trial):
        return int(trial.sql("SELECT coalesce(sum(epoch), 0) FROM telemetra_lanes") or 0)


if __name__ == "__main__":
    unittest.main()
