"""Compares the sentiment plugin with the reference program of VADER, by hand: needs `pip install vaderSentiment`.

    sentiment_agreement.py BUILD [NDJSON] [--count N] [--show N]

Sentences are made of words of the lexicon and of every rule; NDJSON (plain) adds real chat messages. Each set is scored
with VADER's lexicon alone, where the rules are meant to be the same (against the reference as it is, and with its two
faults mended), and with the built-in lexicon. Printed: how many
signs agree (positive from 0.05, negative from -0.05), mean and largest difference, and the messages furthest apart.
"""

import argparse
import json
import os
import random
import subprocess
import tempfile

from vaderSentiment.vaderSentiment import N_SCALAR, NEGATE, SentimentIntensityAnalyzer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VADER = os.path.join(ROOT, "plugins/sentiment/data/vader.tsv")

PRAISE = "good great amazing love nice happy fun best awesome perfect beautiful excellent thanks win".split()
BLAME = "bad awful terrible hate sad boring worst annoying ugly horrible disappointing stupid fail".split()
PLAIN = "the game stream song chat map level this that music run he they we playing today here was is".split()
DEGREES = "very really extremely so totally absolutely slightly somewhat barely almost kinda".split()
NEGATIONS = "not never isn't don't without wasn't no cannot hardly".split()
ENDS = ["", "", "", "!", "!!", "!!!", "?", "??", "???", "????", ".", "...", " :)", " :(", " <3", " :D"]


class Mended(SentimentIntensityAnalyzer):
    """The reference with its two faults mended: what is left over is ours."""

    @staticmethod
    def _negation_check(valence, words, start_i, i):
        words = [word.lower() for word in words]
        if start_i == 2 and words[i - 1] in ("so", "this") and words[i - 3] != "never":
            # There this alone multiplies by 1.25, whatever stands three words before.
            negates = words[i - 3] in NEGATE or "n't" in words[i - 3]
            return valence * N_SCALAR if negates else valence
        return SentimentIntensityAnalyzer._negation_check(valence, words, start_i, i)

    @staticmethod
    def _but_check(words, sentiments):
        # There the place of a value is that of the first equal one.
        words = [word.lower() for word in words]
        if "but" not in words:
            return sentiments
        but = words.index("but")
        return [value * (0.5 if i < but else 1.5 if i > but else 1) for i, value in enumerate(sentiments)]


def clause(chance):
    words = chance.sample(PLAIN, chance.randrange(1, 4))
    if chance.random() < 0.3:
        words.append(chance.choice(NEGATIONS))
    if chance.random() < 0.3:
        words.append(chance.choice(PLAIN))
    if chance.random() < 0.4:
        words.append(chance.choice(DEGREES))
    word = chance.choice(PRAISE + BLAME)
    words.append(word.upper() if chance.random() < 0.15 else word)
    if chance.random() < 0.3:
        words.append(chance.choice(PLAIN))
    return " ".join(words)


def sentence(chance):
    text = clause(chance)
    if chance.random() < 0.25:
        text += chance.choice([" but ", ", but ", " and ", ", "]) + clause(chance)
    return text + chance.choice(ENDS)


def score(build, messages, *lexicon):
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        for number, message in enumerate(messages):
            json.dump({"topic": "chat", "event_id": str(number), "stream_id": "s", "timestamp": 1767225600000 + number,
                       "message": message}, file)
            file.write("\n")
        file.flush()
        lines = subprocess.run([os.path.join(build, "bin/bench_sentiment"), "scores", file.name, *lexicon], check=True,
                               stdout=subprocess.PIPE, text=True).stdout.split()
    assert len(lines) == len(messages)
    return [None if line == "none" else int(line) / 10000 for line in lines]


def sign(value):
    return (value >= 0.05) - (value <= -0.05)


def report(name, messages, ours, theirs, show):
    differences = [abs((a or 0.0) - b) for a, b in zip(ours, theirs)]
    agree = sum(sign(a or 0.0) == sign(b) for a, b in zip(ours, theirs))
    opposite = sum(sign(a or 0.0) * sign(b) < 0 for a, b in zip(ours, theirs))
    equal = sum(d < 0.00015 for d in differences)
    count = len(messages)
    print(f"{name}: {count} messages, same sign {agree / count:.2%}, opposite {opposite / count:.2%}, equal {equal / count:.2%}, "
          f"mean difference {sum(differences) / count:.4f}, largest {max(differences):.4f}")
    for difference, message, a, b in sorted(zip(differences, messages, [a or 0.0 for a in ours], theirs), reverse=True)[:show]:
        print(f"    {a:+.4f} reference {b:+.4f}  {message!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    parser.add_argument("ndjson", nargs="?")
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--show", type=int, default=10)
    arguments = parser.parse_args()
    chance = random.Random(4)
    sets = {"made sentences": [sentence(chance) for _ in range(arguments.count)]}
    if arguments.ndjson:
        with open(arguments.ndjson) as file:
            events = [json.loads(line) for line in file]
        chat = [event["message"] for event in events if event["topic"].endswith("chat") and event.get("message")]
        sets["recorded chat"] = chance.sample(chat, min(4 * arguments.count, len(chat)))
    reference, mended = SentimentIntensityAnalyzer(), Mended()
    for name, messages in sets.items():
        theirs = [mended.polarity_scores(message)["compound"] for message in messages]
        report(name + ", VADER's lexicon, faults mended", messages, score(arguments.build, messages, VADER), theirs, arguments.show)
        theirs = [reference.polarity_scores(message)["compound"] for message in messages]
        report(name + ", VADER's lexicon", messages, score(arguments.build, messages, VADER), theirs, arguments.show)
        report(name + ", built-in lexicon", messages, score(arguments.build, messages), theirs, arguments.show)


if __name__ == "__main__":
    main()
