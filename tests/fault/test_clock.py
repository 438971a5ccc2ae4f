"""The clock of the aggregator's machine jumps by an hour, to and fro."""

import mmap
import os
import struct
import time
import unittest

import lab
from lab import say

SHIFT = os.environ.get("TELEMETRA_CLOCK_SHIFT", str(lab.HERE.parents[1] / "build/dev/lib/libclock_shift.so"))
JUMPS_S = (3600, 0, -3600, 0, 3600)
#: Seconds that a stop may take.
STOP_S = 20
#: In a build with the address sanitizer the shift comes before the sanitizer's own library, which is good and has to be allowed.
ALLOWED = {"ASAN_OPTIONS": "verify_asan_link_order=0"}


class Clock(unittest.TestCase):
    def test_jumps_by_an_hour(self):
        trial = lab.lab().trial(self)
        path = trial.folder / "shift"
        path.write_bytes(bytes(8))
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shift, \
                trial.aggregator("a", LD_PRELOAD=SHIFT, TELEMETRA_CLOCK_SHIFT_FILE=str(path), **ALLOWED) as aggregator:
            for number, seconds in enumerate(JUMPS_S):
                trial.wait_part(0.1 + 0.12 * number)
                shift[:] = struct.pack("=q", seconds)
                now = time.time()
                trial.wait(lambda: abs(self.told(aggregator) - now - seconds) < 60, "its clock has jumped", 10)
            trial.wait_final()
            trial.wait(lambda: not aggregator.troubles(), "good health", 15)
            shift[:] = struct.pack("=q", -3600)
            self.assertEqual(aggregator.stop(STOP_S), 0, aggregator.log())
        trial.check()
        say(f"jumped by {JUMPS_S} s")

    def told(self, aggregator):
        """The time that its health says it is, as seconds since 1970."""
        text = aggregator.health()[1]["timestamp"]
        return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone


if __name__ == "__main__":
    unittest.main()
