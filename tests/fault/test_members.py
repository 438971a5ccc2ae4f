"""Two and three aggregators that join and leave, in good order and killed."""

import contextlib
import random
import time
import unittest

import lab
from lab import FULL, say

MINUTES = 4 if FULL else 0.3


class Members(unittest.TestCase):
    def come_and_go(self, count, is_static, seed):
        chance = random.Random(seed)
        until = time.monotonic() + MINUTES * 60 / 2
        rounds, told = 0, {"starts": 0, "kills": 0, "stops": 0}
        while time.monotonic() < until or rounds == 0:
            trial = lab.lab().trial(self)
            rounds += 1
            with contextlib.ExitStack() as stack:
                running = {}
                while not trial.is_final():
                    self.change(trial, stack, running, count, is_static, chance, told)
                    time.sleep(chance.uniform(0.3, 2.5))
                for each in running.values():
                    self.assertEqual(each.stop(), 0, each.log())
            trial.check()
        say(f"{count} {'static' if is_static else 'dynamic'} members, {rounds} rounds of {lab.EVENTS} events: {told}")
        self.assertGreater(told["kills"] + told["stops"], 0)

    def change(self, trial, stack, running, count, is_static, chance, told):
        """One member comes, or goes."""
        for name, each in list(running.items()):
            if not each.is_running():
                self.fail(f"{name} ended by itself:\n{each.log()}")
        name = "abc"[chance.randrange(count)]
        if name not in running:
            running[name] = stack.enter_context(trial.aggregator(name, is_static=is_static))
            told["starts"] += 1
        elif len(running) == count or chance.random() < 0.3:
            if chance.random() < 0.5:
                running[name].kill()
                told["kills"] += 1
            else:
                self.assertEqual(running[name].stop(), 0, running[name].log())
                told["stops"] += 1
            del running[name]

    def test_two_with_names(self):
        self.come_and_go(2, True, 5)

    def test_three_without_names(self):
        self.come_and_go(3, False, 6)


if __name__ == "__main__":
    unittest.main()
