"""The roles of conf/ as the end-to-end tests run them: the real files, with what a test needs otherwise put in."""

import re

import harness

def text_of(name, *edits):
    """The text of conf/NAME.cfg after edits (old, new), each of which must hit exactly once."""
    text = (harness.ROOT / f"conf/{name}.cfg").read_text()
    for old, new in edits:
        assert text.count(old) == 1, (name, old, text.count(old))
        text = text.replace(old, new)
    return text


def without(text, component):
    """The text without the group of a component in one of its lists."""
    at = text.index(f'component = "{component}"')
    start, end = text.rindex("{", 0, at), at
    depth = 1
    while depth:
        end += 1
        depth += {"{": 1, "}": -1}.get(text[end], 0) if not in_text(text, end) else 0
    before, after = text[:start].rstrip(), text[end + 1:]
    if before.endswith(","):
        before = before[:-1]
    else:
        after = after.lstrip().removeprefix(",")
    return before + after


def in_text(text, index):
    """Whether a character stands between quotes."""
    return text.count('"', text.rindex("\n", 0, index), index) % 2 == 1


def producer(recording, *edits):
    """conf/producer.cfg, playing a recording."""
    text = with_usual_topics(text_of("producer", *edits))
    start, end = text.index('sources = ({\n    component = "mock"'), text.index("# A recording instead")
    return text[:start] + f'sources = ({{ component = "replay"; path = "{recording}"; }});\n' + text[end:]


def with_usual_topics(text):
    """The text with a codec that knows the topics which the lines of recordings name, whatever a test calls its own."""
    return re.sub(r"codec = \{.*?\};", 'codec = { component = "json"; };', text, flags=re.DOTALL)


def pipeline(name, more):
    """An edit: further settings of the pipeline's group."""
    return (f'pipeline = {{ name = "{name}"; }};', f'pipeline = {{ name = "{name}"; {more} }};')
