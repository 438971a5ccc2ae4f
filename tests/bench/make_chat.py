"""Writes a plain NDJSON file of chat, viewer and transaction events for benchmarks.

    make_chat.py OUT EVENTS [--streams N] [--rate EVENTS_PER_SECOND]

Deterministic. About 300 bytes an event, in time order, 96 % chat; the rate is that of all streams together.
"""

import argparse
import json
import random

WORDS = "gg wp lol the that was a nice play never seen this before can we get one more please no way chat he did it".split()
EMOTES = ["Kappa", "PogChamp", "LUL", "BibleThump", "Kreygasm", "ResidentSleeper", "HeyGuys", "4Head", "NotLikeThis", "monkaS"]
START_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def timestamp(ms):
    seconds, ms = divmod(ms - START_MS, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"2026-01-{day + 1:02d}T{hour:02d}:{minute:02d}:{second:02d}.{ms:03d}Z"


def chat(chance, number, stream, when):
    user = f"{chance.randrange(20_000) * 2654435761 % 2**48:012x}"
    emotes = chance.choices(EMOTES, k=chance.choice((0, 0, 0, 1, 2)))
    return {"topic": "telemetra.events.chat", "timestamp": when, "stream_id": stream, "event_id": f"{stream}-{number}",
            "user_id": user, "username": "u" + user, "message": " ".join(chance.choices(WORDS, k=chance.randrange(1, 12))),
            "emotes": emotes, "badges": chance.choice(([], [], ["premium"], ["subscriber", "premium"])), "is_action": False,
            "bits": 0}


def viewer(chance, number, stream, when):
    return {"topic": "telemetra.events.viewer", "timestamp": when, "stream_id": stream, "event_id": f"{stream}-{number}",
            "viewer_count": chance.randrange(500, 5000), "chatter_count": chance.randrange(100)}


def transaction(chance, number, stream, when):
    return {"topic": "telemetra.events.transactions", "timestamp": when, "stream_id": stream,
            "transaction_id": f"{stream}-{number}", "user_id": "tipper", "username": "tipper", "transaction_type": "tip",
            "amount": f"{chance.randrange(1, 10000) / 100:.2f}", "currency": chance.choice(("USD", "EUR"))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("events", type=int)
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--rate", type=float, default=1000)
    options = parser.parse_args()
    chance = random.Random(1)
    makers = [chat] * 96 + [viewer] * 3 + [transaction]
    with open(options.out, "w", encoding="utf-8") as out:
        for number in range(options.events):
            when = timestamp(START_MS + int(number * 1000 / options.rate))
            event = chance.choice(makers)(chance, number, f"stream_{chance.randrange(options.streams):02d}", when)
            out.write(json.dumps(event) + "\n")


main()
