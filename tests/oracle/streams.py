"""What is slow about a stream: names, life, viewers (contract, section 2, "A stream")."""

from timestamps import NS_PER_S, parse, render

SILENCE_NS = 15 * 60 * NS_PER_S


class Stream:
    """One stream, of which at least one event was applied."""

    __slots__ = ("first", "last", "viewers", "ended", "revived", "started", "values")

    def __init__(self):
        self.first = self.last = None
        self.viewers = self.ended = self.revived = self.started = None
        self.values = {}

    def see(self, event):
        """Takes an applied event, whatever the order in which they come."""
        instant = event.instant
        self.first = instant if self.first is None else min(self.first, instant)
        self.last = instant if self.last is None else max(self.last, instant)
        if event.kind == "viewer":
            self.see_viewers((instant, event.event_id), event.fields["viewer_count"])
        elif event.kind == "stream_meta":
            self.see_meta((instant, event.event_id), event.fields)

    def see_viewers(self, order, count):
        """The last viewer event counts; one above 0 brings an ended stream back."""
        self.viewers = newer(self.viewers, order, count)
        if count > 0:
            self.revived = newer(self.revived, order, True)

    def see_meta(self, order, fields):
        """Metadata in order of (timestamp, event_id); absent fields change nothing."""
        for name, value in named_values(fields):
            if value is not None:
                self.values[name] = newer(self.values.get(name), order, value)
        if fields.get("event_type") == "stream_end":
            self.ended = newer(self.ended, order, True)
        if fields.get("event_type") == "stream_start":
            started_at = fields.get("started_at")
            instant = order[0] if started_at is None else parse(started_at)
            self.revived = newer(self.revived, order, True)
            self.started = newer(self.started, order, instant)

    def is_live(self, highest):
        """Live at the end of the replay, whose highest timestamp is given."""
        ended = self.ended is not None and (
            self.revived is None or self.revived[0] < self.ended[0]
        )
        return not ended and highest - self.last < SILENCE_NS

    def row(self, stream_id, highest):
        """The stream as it is written."""
        value = {name: kept[1] for name, kept in self.values.items()}
        return {
            "stream_id": stream_id,
            "streamer_name": value.get("streamer_name"),
            "title": value.get("title"),
            "game_category": value.get("category"),
            "started_at": render(self.started[1] if self.started else self.first),
            "is_live": self.is_live(highest),
            "viewer_count": self.viewers[1] if self.viewers else None,
        }


def newer(kept, order, value):
    """The later of two (order, value) pairs; of equal orders the one read last."""
    if kept is None or order >= kept[0]:
        return (order, value)
    return kept


def named_values(fields):
    """Title, category and name that an event of stream_meta gives, None where absent."""
    new_title, new_category = fields.get("new_title"), fields.get("new_category")
    return (
        ("title", fields.get("title") if new_title is None else new_title),
        ("category", fields.get("category") if new_category is None else new_category),
        ("streamer_name", fields.get("streamer_name") or None),
    )
