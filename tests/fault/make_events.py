"""Writes made events of all four kinds for the fault suite: an input whose outcome no read order changes.

    make_events.py OUT EVENTS [--streams N] [--rate EVENTS_PER_SECOND]

Deterministic, in time order but for what is said next. Beside fresh events there are some that come twice, and some
chat an hour late, which is later than any order of reading or cut into partitions could make up for. About 300 bytes an
event, 85 % chat. Ten megabytes a second: fields are put together as text.
"""

import argparse
import random
import time

WORDS = ("gg wp lol the that was a nice play never seen this before can we get one more please no way great awful love "
         "hate amazing terrible boring chat he did it").split()
EMOTES = ["Kappa", "PogChamp", "LUL", "BibleThump", "Kreygasm", "ResidentSleeper", "HeyGuys", "4Head", "NotLikeThis",
          "monkaS", "caf\\u00e9Wave", "\\ud83c\\udf89"]
BADGES = ('[]', '[]', '["premium"]', '["subscriber","premium"]')
META = ('"event_type":"stream_start","title":"title {n}","category":"category {k}","streamer_name":"name {k}"',
        '"event_type":"title_change","new_title":"title {n}"',
        '"event_type":"category_change","new_category":"category {k}"',
        '"event_type":"raid_incoming","raid_data":{{"from_channel":"raider {k}","viewer_count":{n}}}',
        '"event_type":"stream_end"')
START_S = 1_767_225_600  # 2026-01-01T00:00:00Z
LATE_S = 3600
#: Before, an aggregator may not have read of all topics yet, and so has no watermark: nothing is late there.
LATE_FROM_S = 100
TWICE, LATE = 0.004, 0.002  # of all events


def prepared_messages(chance):
    """Message and emotes of chat events, of which each event takes one."""
    return ['"message":"%s","emotes":[%s],"badges":%s' % (
        " ".join(chance.choices(WORDS, k=chance.randrange(1, 14))),
        ",".join(f'"{emote}"' for emote in chance.choices(EMOTES, k=chance.choice((0, 0, 0, 1, 2, 5)))),
        chance.choice(BADGES)) for _ in range(4096)]


def timestamp(ms):
    second, ms = divmod(ms, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(START_S + second))}.{ms:03d}Z"


class Maker:
    """Makes one event after the other."""

    def __init__(self, streams, rate):
        self.chance = random.Random(20260101)
        self.messages = prepared_messages(self.chance)
        self.streams = [f"stream_{number:03d}" for number in range(streams)]
        self.rate = rate

    def event(self, number):
        """A line; events of one stream and kind are in time order unless late."""
        draw = self.chance.random
        ms = int(number * 1000 / self.rate)
        kind = draw()
        if kind < LATE and ms > LATE_FROM_S * 1000:
            ms -= LATE_S * 1000
        # Some streams are busier: the square of a uniform number.
        stream = self.streams[int(draw() ** 2 * len(self.streams))]
        head = f'"timestamp":"{timestamp(ms)}","stream_id":"{stream}",'
        if kind < 0.85:
            user = f"{int(draw() * 30_000) * 2654435761 % 2 ** 48:012x}"
            return (f'{{"topic":"chat","event_id":"c-{number}",{head}"user_id":"{user}","username":"u{user}",'
                    f'{self.messages[int(draw() * 4096)]},"is_action":false,"bits":0}}\n')
        if kind < 0.95:
            return (f'{{"topic":"viewer","event_id":"v-{number}",{head}"viewer_count":{int(draw() * 5000)},'
                    f'"chatter_count":{int(draw() * 100)}}}\n')
        if kind < 0.99:
            return self.transaction(number, head)
        text = META[int(draw() ** 0.5 * len(META)) - 1].format(n=number, k=number % 7)
        return f'{{"topic":"stream_meta","event_id":"m-{number}",{head}{text}}}\n'

    def transaction(self, number, head):
        draw = self.chance.random
        if draw() < 0.2:
            what = f'"transaction_type":"bits","amount":{int(draw() * 1000)}'
        else:
            what = (f'"transaction_type":"tip","amount":"{int(draw() * 10000) / 100:.2f}",'
                    f'"currency":"{("USD", "EUR", "JPY")[int(draw() * 3)]}"')
        return f'{{"topic":"transactions","transaction_id":"t-{number}",{head}"user_id":"tipper","username":"tipper",{what}}}\n'

    def lines(self, count):
        """So many lines; those that come twice do so at once."""
        number = 0
        while number < count:
            line = self.event(number)
            yield line
            number += 1
            if number < count and self.chance.random() < TWICE:
                yield line
                number += 1


def write(path, count, streams=60, rate=500.0):
    """Writes the events to a file."""
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(Maker(streams, rate).lines(count))


def main():
    parser = argparse.ArgumentParser(description="made events for the fault suite")
    parser.add_argument("out")
    parser.add_argument("events", type=int)
    parser.add_argument("--streams", type=int, default=60)
    parser.add_argument("--rate", type=float, default=500)
    options = parser.parse_args()
    write(options.out, options.events, options.streams, options.rate)


if __name__ == "__main__":
    main()
