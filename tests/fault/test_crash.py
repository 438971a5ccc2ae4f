"""kill -9 of the aggregator: at random moments, and at every named point of a flush."""

import random
import re
import signal
import time
import unittest

import lab
from lab import FULL, say

KILLS = 50 if FULL else 5
#: A round is over when the input is; the share of it that a process may decide before it is killed, at most.
STEP = 0.12 if FULL else 0.25


def fault_points():
    """All names in the sources that an aggregator passes at a flush."""
    root = lab.HERE.parents[1]
    names = set()
    for folder in ("core", "plugins/postgres"):
        for path in (root / folder).glob("*.c"):
            names.update(re.findall(r'TLM_FAULT_POINT\("([a-z_.]+)"\)', path.read_text()))
    return sorted(names)


class Kill(unittest.TestCase):
    def test_at_random_moments(self):
        chance = random.Random(1)
        killed = rounds = 0
        while killed < KILLS:
            trial = lab.lab().trial(self)
            rounds += 1
            while killed < KILLS and trial.part() < 0.9:
                with trial.aggregator("a") as aggregator:
                    self.let_run(trial, aggregator, chance)
                    self.assertTrue(aggregator.kill(), aggregator.log())
                    killed += 1
            self.finish(trial)
        say(f"{killed} kills in {rounds} rounds of {lab.EVENTS} events")

    def let_run(self, trial, aggregator, chance):
        """Until some more is decided and a random moment has passed, or all is."""
        goal = min(trial.part() + chance.uniform(0, STEP), 0.999)
        pause = chance.uniform(0, 0.3)
        if chance.random() < 0.2:
            time.sleep(pause * 5)  # as early as while it starts
            return
        trial.wait(lambda: trial.part() >= goal or not aggregator.is_running(), f"{goal:.0%} decided")
        time.sleep(pause)

    def finish(self, trial):
        with trial.aggregator("a") as aggregator:
            trial.wait_final()
            self.assertEqual(aggregator.stop(), 0, aggregator.log())
        trial.check()

    def test_at_every_named_point_of_a_flush(self):
        points = fault_points()
        self.assertGreaterEqual(len(points), 11)
        trial = lab.lab().trial(self)
        for number, point in enumerate(points * (3 if FULL else 1)):
            if trial.part() > 0.7:
                self.finish(trial)
                trial = lab.lab().trial(self)
            with trial.aggregator("a", TELEMETRA_DIE_AT=f"{point}:{1 + number * 5 % 9}") as aggregator:
                self.assertEqual(aggregator.wait(), -signal.SIGKILL, (point, aggregator.log()))
        self.finish(trial)
        say(f"died at {len(points)} points: {' '.join(points)}")


if __name__ == "__main__":
    unittest.main()
