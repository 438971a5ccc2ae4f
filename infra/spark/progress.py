# SPDX-License-Identifier: Apache-2.0
"""Watermarks of lanes (contract, section 2, "Watermark", "Idle"): what the driver knows between two micro-batches.

A lane is one partition number of all topics; its inputs are that partition of each topic. A micro-batch is judged by the
watermark before it, as Spark's own watermarks are; but each lane has its own, so that one which lags loses nothing.
"""

import json
import time

from events import KINDS, NS_PER_S

NONE = -(1 << 63)  # no watermark yet
#: Highest bound that a column may be compared with: in ns, past 2261.
FAR = (1 << 63) - 1


class Lane:
    """One lane: highest timestamp by kind, the watermark, and how far silence is judged (all ns; NONE where unknown)."""

    def __init__(self, kept=None):
        kept = kept or {}
        self.highest = {int(kind): value for kind, value in kept.get("highest", {}).items()}
        self.watermark = kept.get("watermark", NONE)
        self.quiet = kept.get("quiet", NONE)

    def kept(self):
        return {"highest": self.highest, "watermark": self.watermark, "quiet": self.quiet}

    def move(self, watermark, quiet):
        """Never back; whether it went on."""
        before = (self.watermark, self.quiet)
        self.watermark, self.quiet = max(self.watermark, watermark), max(self.quiet, quiet)
        return before != (self.watermark, self.quiet)


class Progress:
    """All lanes. Clocks (monotonic seconds) are of this process only: nothing of them is kept."""

    def __init__(self, settings, kept=None):
        self.settings = settings
        self.lanes = [Lane(lane) for lane in json.loads(kept)] if kept else []
        self.touched = {}     # (lane, kind): when its last record of this run was read
        self.idle_since = {}  # lane: (when all its inputs became idle, watermark then)

    def kept(self):
        return json.dumps([lane.kept() for lane in self.lanes])

    def watermarks(self):
        return [lane.watermark for lane in self.lanes]

    def grow(self, count):
        self.lanes += [Lane() for _ in range(count - len(self.lanes))]

    def see(self, highest, moved):
        """What a micro-batch brought: {(lane, kind): highest timestamp}, and which inputs had records, valid or not."""
        for (lane, kind), value in highest.items():
            known = self.lanes[lane].highest
            known[kind] = max(known.get(kind, NONE), value)
        now = time.monotonic()
        for key in moved:
            self.touched[key] = now

    def active(self, lane, moved):
        """Kinds whose input is not idle: it had records in this micro-batch, or had some less than idle_timeout ago. One
        without records was read to its end: with a limit, Spark gives every input that has some its share."""
        now = time.monotonic()
        return [kind for kind in range(len(KINDS)) if (lane, kind) in moved or (
            (lane, kind) in self.touched and now - self.touched[lane, kind] < self.settings.idle_timeout)]

    def advance(self, moved):
        """Moves the watermarks; whether any went on."""
        return any([self.advance_lane(number, lane, moved) for number, lane in enumerate(self.lanes)])

    def advance_lane(self, number, lane, moved):
        active = self.active(number, moved)
        if active:
            self.idle_since.pop(number, None)
            least = min(lane.highest.get(kind, NONE) for kind in active)
            return least != NONE and lane.move(least - self.settings.lateness_ns, least - self.settings.lateness_ns)
        if not lane.highest:
            return False
        return self.finish_lane(lane) if self.settings.at_idle == "finish" else self.follow_clock(number, lane)

    def finish_lane(self, lane):
        """Everything becomes final: up to the end of the newest window of the highest timestamp."""
        highest = max(lane.highest.values(), default=NONE)
        if highest == NONE:
            return False
        newest = highest - highest % self.settings.slide_ns + self.settings.duration_ns
        return lane.move(newest, highest)

    def follow_clock(self, number, lane):
        now = time.monotonic()
        start = max(max(lane.highest.values()) - self.settings.lateness_ns, lane.watermark)
        since, start = self.idle_since.setdefault(number, (now, start))
        watermark = start + int((now - since) * NS_PER_S)
        return lane.move(watermark, watermark)

    def finish(self):
        """The end of the input; whether anything became final by it."""
        return any([self.finish_lane(lane) for lane in self.lanes])
