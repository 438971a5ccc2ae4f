"""A server that is gone for a while: what the aggregator must be like meanwhile, and how soon it must be well again."""

import time

from lab import FULL, say

#: Seconds that a server is gone.
GONE_S = 60 if FULL else 8
#: Seconds in which queues fill and connections are given up, before the quiet begins.
SETTLING_S = 10 if FULL else 4
#: Cores that waiting may use.
CORES_MAX = 0.1
#: MiB by which memory may grow while a server is gone: the queues, all bounded, with what they hold.
GROWTH_MIB = 200
#: Seconds from the server's answer to the next commit, and to good health.
RECOVERY_S = 15
#: Seconds in which health must tell of it.
NOTICE_S = 15 if FULL else 7


class Outage:
    """Mixed into a test case."""

    def be_gone(self, trial, aggregator, name, words, stop, seconds=GONE_S):
        """
        Takes a server away by `stop`, looks at the aggregator meanwhile, starts it again. `words`: what some message of
        health must hold, one of them. Returns the seconds to the next commit.
        """
        memory = aggregator.memory_mib()
        began = time.monotonic()
        stop()
        noticed = []

        def is_noticed():
            noticed[:] = [text for text in aggregator.troubles().values() if any(word in text for word in words)]
            return bool(noticed)

        trial.wait(is_noticed, f"health tells of {name}: {words}", NOTICE_S)
        after = time.monotonic() - began
        aggregator.watch(max(0, SETTLING_S - after))
        cores, highest, wrong = aggregator.watch(max(3, seconds - (time.monotonic() - began)))
        self.assertTrue(aggregator.is_running(), aggregator.log())
        self.assertTrue(any(word in text for text in wrong.values() for word in words), wrong)
        trial.servers.start(name)
        recovery = self.recover(trial, aggregator)
        say(f"{name} gone for {time.monotonic() - began - recovery:.0f} s: told after {after:.1f} s, {cores:.3f} cores, "
            f"{highest:.0f} MiB (before: {memory:.0f}), next commit {recovery:.1f} s after its return: {noticed[0][:150]}")
        self.assertLess(cores, CORES_MAX)
        self.assertLess(highest - memory, GROWTH_MIB)
        return recovery

    def recover(self, trial, aggregator):
        """The server answers: seconds to the next commit."""
        returned = time.monotonic()
        before = trial.progress()
        self.assertLess(before, trial.lab.counts["consumed"], "nothing was left to be done: the fault came too late")
        trial.wait(lambda: trial.progress() > before, "a commit after the server's return", RECOVERY_S)
        recovery = time.monotonic() - returned
        trial.wait(lambda: not aggregator.troubles(), f"good health ({aggregator.troubles()})", RECOVERY_S)
        return recovery
