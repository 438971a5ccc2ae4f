"""Applied, duplicate, late or dead letter (contract, section 2).

One input: its watermark is its highest timestamp less the lateness, and an
event is judged by the watermark before it.
"""

from events import KINDS, read
from refusal import Refused
from streams import Stream
from windows import Windows

APPLIED, DUPLICATE, LATE, DEAD = "applied", "duplicate", "late", "dead_lettered"
OUTCOMES = (APPLIED, DUPLICATE, LATE, DEAD)


class Judge:
    """Takes records in the order of the input and keeps all results.

    Times in ns. clock: a function that gives the time for max_future.
    topics: names of topics to kinds. score: gives a message's fields a score in
    0.0001 or None, for the input of the contract that is not its subject.
    """

    def __init__(self, duration, slide, lateness, max_future, clock, topics, score=None):
        self.windows = Windows(duration, slide, score)
        self.lateness, self.max_future = lateness, max_future
        self.clock, self.topics = clock, topics
        self.highest = None
        self.watermark = None
        self.seen = {}
        self.streams = {}
        self.counts = {kind: dict.fromkeys(OUTCOMES, 0) for kind in KINDS + ("unknown",)}

    def take(self, raw):
        """Judges one record and applies it; the outcome, and the reason of a dead letter."""
        try:
            event = read(raw, self.topics)
            self.refuse_future(event)
        except Refused as refused:
            self.counts[refused.topic or "unknown"][DEAD] += 1
            return DEAD, refused.reason
        outcome = self.judge(event)
        if outcome is APPLIED:
            self.apply(event)
        self.counts[event.kind][outcome] += 1
        return outcome, None

    def refuse_future(self, event):
        """More than max_future past the clock is a dead letter."""
        if event.instant > self.clock() + self.max_future:
            raise Refused("future", "the timestamp lies in the future", event.kind)

    def judge(self, event):
        """applied, duplicate or late; keeps the ids of what will be applied."""
        end = self.windows.newest_end(event.instant)
        if self.watermark is not None and end <= self.watermark:
            return APPLIED if event.kind == "stream_meta" else LATE
        identity = (event.kind, event.stream_id, event.event_id, event.instant)
        seen = self.seen.setdefault(end, set())
        if identity in seen:
            return DUPLICATE
        seen.add(identity)
        return APPLIED

    def apply(self, event):
        """Adds an event to its stream and its open windows, then raises the watermark."""
        stream = self.streams.get(event.stream_id)
        if stream is None:
            stream = self.streams[event.stream_id] = Stream()
        stream.see(event)
        if event.kind != "stream_meta":
            self.windows.add(event, self.watermark)
        if self.highest is None or event.instant > self.highest:
            self.raise_watermark(event.instant)

    def raise_watermark(self, highest):
        """A new highest timestamp: what has no window open any more is forgotten."""
        self.highest, self.watermark = highest, highest - self.lateness
        self.windows.finish(self.watermark)
        for end in [end for end in self.seen if end <= self.watermark]:
            del self.seen[end]

    def finish(self):
        """The end of the input with at_idle = "finish": all windows become final."""
        self.windows.finish(None)

    def accounting(self):
        """consumed = applied + duplicate + late + dead_lettered, in all and by topic."""
        total = {name: sum(c[name] for c in self.counts.values()) for name in OUTCOMES}
        parts = {kind: with_consumed(counts) for kind, counts in self.counts.items()}
        return {**with_consumed(total), **parts}

    def stream_rows(self):
        """All streams of which an event was applied, by id."""
        order = sorted(self.streams, key=lambda name: name.encode("utf-8"))
        return [self.streams[name].row(name, self.highest) for name in order]


def with_consumed(counts):
    """Counts by outcome with their sum in front."""
    return {"consumed": sum(counts.values()), **counts}
