"""Aggregates of windows that slide in event time (contract, section 2).

Every event is added to each of its open windows by itself: the definition,
taken literally. There are no panes and no sketches here.
"""

import heapq

from decimals import render_decimal, render_ratio
from timestamps import render

TOP_EMOTES = 10


class Viewers:
    """Count, sum, extremes and the last (by timestamp, then event_id) of viewer counts."""

    __slots__ = ("count", "total", "least", "most", "last_order", "last")

    def __init__(self):
        self.count = self.total = 0
        self.least = self.most = self.last_order = self.last = None

    def add(self, event):
        """Adds a viewer event."""
        value, order = event.fields["viewer_count"], (event.instant, event.event_id)
        self.least = value if self.count == 0 else min(self.least, value)
        self.most = value if self.count == 0 else max(self.most, value)
        self.count += 1
        self.total += value
        if self.last_order is None or order > self.last_order:
            self.last_order, self.last = order, value


class Slide:
    """What is kept of a window's last slide."""

    __slots__ = ("messages", "chatters", "viewers", "scores")

    def __init__(self):
        self.messages = 0
        self.scores = []
        self.chatters = set()
        self.viewers = Viewers()


class Window:
    """One stream's open window."""

    __slots__ = (
        "messages", "chatters", "emotes", "viewers", "transactions", "amounts", "bits", "payments",
        "slide", "scores",
    )

    def __init__(self):
        self.messages = self.transactions = self.bits = self.payments = 0
        self.chatters = set()
        self.emotes = {}
        self.viewers = Viewers()
        self.amounts = {}
        self.scores = []
        self.slide = Slide()

    def add(self, event, in_last_slide, score=None):
        """Adds a chat, viewer or transaction event; score: that of a message, in 0.0001, or None."""
        if event.kind == "chat":
            self.add_chat(event.fields, in_last_slide, score)
        elif event.kind == "viewer":
            self.viewers.add(event)
            if in_last_slide:
                self.slide.viewers.add(event)
        else:
            self.add_transaction(event)

    def add_chat(self, fields, in_last_slide, score):
        """A message, its chatter (user_id, else username; "" is absent), its emotes."""
        chatter = fields.get("user_id") or fields.get("username")
        self.messages += 1
        if chatter:
            self.chatters.add(chatter)
        for emote in fields.get("emotes") or ():
            self.emotes[emote] = self.emotes.get(emote, 0) + 1
        if score is not None:
            self.scores.append(score)
        if in_last_slide:
            self.slide.messages += 1
            if score is not None:
                self.slide.scores.append(score)
            if chatter:
                self.slide.chatters.add(chatter)

    def add_transaction(self, event):
        """A transaction: bits by themselves, money by its currency; a gift_sub is as many payments as it gives."""
        self.transactions += 1
        is_gift = event.fields.get("transaction_type") == "gift_sub"
        self.payments += max(event.fields.get("gift_count") or 1, 1) if is_gift else 1
        if event.currency is None:
            self.bits += event.units
        else:
            self.amounts[event.currency] = self.amounts.get(event.currency, 0) + event.units

    def top_emotes(self):
        """The ten highest, ties by name: code points order as UTF-8's bytes do."""
        ranked = sorted(self.emotes.items(), key=lambda item: (-item[1], item[0]))
        return [{"name": name, "count": count} for name, count in ranked[:TOP_EMOTES]]

    def row(self, stream_id, start, duration, slide_length):
        """The row, as it is written; instants in ns."""
        viewers, slide = self.viewers, self.slide
        return {
            "stream_id": stream_id,
            "window_start": render(start),
            "window_end": render(start + duration),
            "message_count": self.messages,
            "chat_rate": render_ratio(self.messages * 60 * 10**9, duration),
            "unique_chatters": len(self.chatters),
            "sentiment": render_ratio(sum(self.scores), len(self.scores) * 10_000, 4) if self.scores else None,
            "positive_count": sum(score >= 500 for score in self.scores),
            "negative_count": sum(score <= -500 for score in self.scores),
            "top_emotes": self.top_emotes(),
            "viewer_avg": render_ratio(viewers.total, viewers.count) if viewers.count else None,
            "viewer_min": viewers.least,
            "viewer_max": viewers.most,
            "viewer_last": viewers.last,
            "transaction_count": self.transactions,
            "amounts": {key: render_decimal(self.amounts[key]) for key in sorted(self.amounts)},
            "bits": self.bits,
            "payment_count": self.payments,
            "slide_start": render(start + duration - slide_length),
            "slide_message_count": slide.messages,
            "slide_viewer_count": slide.viewers.count,
            "slide_viewer_sum": slide.viewers.total if slide.viewers.count else None,
            "slide_viewer_min": slide.viewers.least,
            "slide_viewer_max": slide.viewers.most,
            "slide_viewer_last": slide.viewers.last,
            "slide_scored_count": len(slide.scores),
            "slide_sentiment_sum": sum(slide.scores),
            "slide_unique_chatters": len(slide.chatters),
        }


class Windows:
    """All open windows, and the rows of those that are final."""

    def __init__(self, duration, slide, score=None):
        """duration and slide in ns; the duration is a multiple of the slide. score: gives a message its score."""
        if slide <= 0 or duration <= 0 or duration % slide:
            raise ValueError("the duration must be a multiple of the slide")
        self.duration, self.slide, self.score = duration, slide, score
        self.open = {}
        self.starts = []
        self.final = []

    def newest_end(self, instant):
        """The end of the last window that an instant falls in."""
        return instant - instant % self.slide + self.duration

    def add(self, event, watermark):
        """Adds an event to those of its windows whose end the watermark has not reached."""
        score = self.score(event.fields) if self.score and event.kind == "chat" else None
        newest = event.instant - event.instant % self.slide
        oldest = newest - self.duration + self.slide
        for start in range(oldest, newest + 1, self.slide):
            if watermark is None or start + self.duration > watermark:
                self.window(start, event.stream_id).add(event, start == oldest, score)

    def window(self, start, stream_id):
        """The open window of a stream, made when it is not there yet."""
        by_stream = self.open.get(start)
        if by_stream is None:
            by_stream = self.open[start] = {}
            heapq.heappush(self.starts, start)
        window = by_stream.get(stream_id)
        if window is None:
            window = by_stream[stream_id] = Window()
        return window

    def finish(self, watermark):
        """Makes windows final that end at the watermark or before; None: all of them."""
        while self.starts:
            if watermark is not None and self.starts[0] + self.duration > watermark:
                break
            start = heapq.heappop(self.starts)
            for stream_id, window in self.open.pop(start).items():
                self.final.append((stream_id, start, window.row(stream_id, start, self.duration, self.slide)))

    def rows(self):
        """Final rows by (stream_id bytes, window_start)."""
        self.final.sort(key=lambda item: (item[0].encode("utf-8"), item[1]))
        return [row for _, _, row in self.final]
