# SPDX-License-Identifier: Apache-2.0
"""GitHub's expressions, as far as a workflow here needs them, and a refusal of everything else.

Grammar, operators, comparison rules and functions:
https://docs.github.com/en/actions/reference/workflows-and-actions/expressions

A name that GitHub would turn into an empty string is an error here: what is run locally is then known to mean the same.
"""

import re

STATUS_FUNCTIONS = ("always", "success", "failure", "cancelled")

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))
    | (?P<string>'(?:[^']|'')*')
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*)
    | (?P<sign>==|!=|<=|>=|&&|\|\||[!<>().,\[\]])
    )""",
    re.VERBOSE,
)
_HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_FUNCTIONS = {"contains": (2, 2), "startswith": (2, 2), "endswith": (2, 2), "format": (1, 100)}


class Refused(Exception):
    """What this program does not know, in a sentence."""


def _tokens(text):
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if not match:
            raise Refused(f"expression '{text.strip()}': not understood from '{text[place:].strip()}' on")
        place = match.end()
        yield match.lastgroup, match.group(match.lastgroup)
    yield "end", ""


class _Parser:
    """A tree of tuples: (kind, ...)."""

    def __init__(self, text):
        self.text = text.strip()
        self.tokens = list(_tokens(text))
        self.place = 0

    def refuse(self, why):
        raise Refused(f"expression '{self.text}': {why}")

    def peek(self, *signs):
        kind, value = self.tokens[self.place]
        return kind == "sign" and value in signs

    def take(self):
        token = self.tokens[self.place]
        self.place += 1
        return token

    def expect(self, sign):
        kind, value = self.take()
        if kind != "sign" or value != sign:
            self.refuse(f"expected '{sign}', found '{value or 'the end'}'")

    def parse(self):
        tree = self.either()
        if self.tokens[self.place][0] != "end":
            self.refuse(f"not understood from '{self.tokens[self.place][1]}' on")
        return tree

    def chain(self, signs, operand):
        tree = operand()
        while self.peek(*signs):
            sign = self.take()[1]
            tree = (sign, tree, operand())
        return tree

    def either(self):
        return self.chain(("||",), self.both)

    def both(self):
        return self.chain(("&&",), self.comparison)

    def comparison(self):
        return self.chain(_COMPARISONS, self.negation)

    def negation(self):
        if self.peek("!"):
            self.take()
            return ("!", self.negation())
        return self.value()

    def value(self):
        kind, text = self.take()
        if kind == "number":
            return ("literal", float(int(text, 0)) if "0x" in text else float(text))
        if kind == "string":
            return ("literal", text[1:-1].replace("''", "'"))
        if kind == "sign" and text == "(":
            tree = self.either()
            self.expect(")")
            return tree
        if kind != "name":
            self.refuse(f"expected a value, found '{text or 'the end'}'")
        if self.peek("("):
            return self.call(text)
        if text in ("true", "false", "null"):
            return ("literal", {"true": True, "false": False, "null": None}[text])
        return self.reference(text)

    def call(self, name):
        self.expect("(")
        arguments = []
        while not self.peek(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.either())
        self.expect(")")
        lowered = name.lower()
        if lowered in STATUS_FUNCTIONS:
            least = most = 0
        elif lowered in _FUNCTIONS:
            least, most = _FUNCTIONS[lowered]
        else:
            self.refuse(f"the function {name}() is not known here")
        if not least <= len(arguments) <= most:
            self.refuse(f"{name}() with {len(arguments)} arguments")
        return ("call", lowered, arguments)

    def reference(self, name):
        path = [name]
        while self.peek(".", "["):
            if self.take()[1] == ".":
                kind, part = self.take()
                if kind != "name":
                    self.refuse(f"expected a name after '.', found '{part or 'the end'}'")
            else:
                kind, part = self.take()
                if kind != "string":
                    self.refuse("an index is a string here")
                part = part[1:-1].replace("''", "'")
                self.expect("]")
            path.append(part)
        return ("reference", path)


def parse(text):
    return _Parser(text).parse()


def references(tree):
    """Every dotted name in the tree, as a list of its parts."""
    if tree[0] == "reference":
        yield tree[1]
    for part in tree[1:]:
        if isinstance(part, tuple):
            yield from references(part)
        elif isinstance(part, list) and tree[0] == "call":
            for argument in part:
                yield from references(argument)


def asks_status(tree):
    """Whether a status function is called anywhere: without one, GitHub puts `success() &&` in front."""
    if tree[0] == "call" and tree[1] in STATUS_FUNCTIONS:
        return True
    parts = [part for part in tree[1:] if isinstance(part, tuple)]
    if tree[0] == "call":
        parts += tree[2]
    return any(asks_status(part) for part in parts)


def truth(value):
    return not (value is None or value is False or value == "" or value == 0 or value != value)


def to_text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, str):
        return value
    raise Refused("an object where a text is needed")


def _to_number(value):
    if value is None or value == "":
        return 0.0
    if isinstance(value, (bool, float)):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _compare(sign, left, right):
    if isinstance(left, str) and isinstance(right, str):
        left, right = left.lower(), right.lower()
    elif type(left) is not type(right) or isinstance(left, bool):
        left, right = _to_number(left), _to_number(right)
    if sign == "==":
        return left == right
    if sign == "!=":
        return left != right
    if left is None or right is None:
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]


def _call(name, values):
    if name == "format":
        return re.sub(
            r"\{\{|\}\}|\{(\d+)\}",
            lambda m: to_text(values[1 + int(m.group(1))]) if m.group(1) else m.group()[0],
            to_text(values[0]),
        )
    whole, part = to_text(values[0]).lower(), to_text(values[1]).lower()
    return {"contains": part in whole, "startswith": whole.startswith(part), "endswith": whole.endswith(part)}[name]


def evaluate(tree, look_up, status):
    """look_up(path) gives a reference's value, status(name) what a status function answers."""
    kind = tree[0]
    if kind == "literal":
        return tree[1]
    if kind == "reference":
        return look_up(tree[1])
    if kind == "call":
        if tree[1] in STATUS_FUNCTIONS:
            return status(tree[1])
        return _call(tree[1], [evaluate(argument, look_up, status) for argument in tree[2]])
    left = evaluate(tree[1], look_up, status)
    if kind == "!":
        return not truth(left)
    if kind == "&&":
        return evaluate(tree[2], look_up, status) if truth(left) else left
    if kind == "||":
        return left if truth(left) else evaluate(tree[2], look_up, status)
    return _compare(kind, left, evaluate(tree[2], look_up, status))


def condition(text):
    """The tree of an `if:`, whose ${{ }} may be left out, with the success() that GitHub puts in front."""
    text = str(text).strip()
    whole = _HOLE.fullmatch(text)
    if not whole and _HOLE.search(text):
        raise Refused(f"if: '{text}': an expression only in part")
    tree = parse(whole.group(1) if whole else text)
    return tree if asks_status(tree) else ("&&", ("call", "success", []), tree)


def holes(text):
    """The trees of every ${{ }} in a text."""
    text = str(text)
    if text.count("${{") != len(_HOLE.findall(text)):
        raise Refused(f"'${{{{' that is not closed in: {text.strip()}")
    return [parse(hole) for hole in _HOLE.findall(text)]


def fill(text, look_up, status):
    """The text with every ${{ }} replaced."""
    return _HOLE.sub(lambda m: to_text(evaluate(parse(m.group(1)), look_up, status)), str(text))
