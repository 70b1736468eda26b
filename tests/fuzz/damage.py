"""Damage to files, drawn from a seeded generator: as bytes, as text, and as JSON that is still JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

Node = Any
"""Parsed JSON: a list, a scalar, Raw, or Pairs."""

DEPTHS = (2, 50, 1_000, 100_000)  # of brackets; Python's own limit lies between the last two
STOP = 0.25  # the chance that damage is done to a container's own entries rather than deeper inside


class Pairs(list[tuple[str, Node]]):
    """An object: (key, value) in order, so that a key may come twice."""


class Raw(str):
    """JSON text as it is, for what json.dumps would not write."""


def damaged_bytes(random: Random, content: bytes, focus: int = 0) -> bytes:
    """One to eight places changed, most of them among the first `focus` bytes where that is given."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4, 8))):
        end = focus if focus and random.random() < 0.8 else len(changed)
        random.choice(BYTE_DAMAGE)(random, changed, random.randrange(max(1, min(end, len(changed)))))
    return bytes(changed)


def damaged_json(random: Random, tree: Node) -> str:
    """The tree with one to four of its values, keys or entries changed, as JSON text."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        tree = _damaged_tree(random, tree)
    return to_text(tree)


def parse(text: str) -> Node:
    """JSON with its objects as Pairs."""
    return json.loads(text, object_pairs_hook=Pairs)


def to_text(tree: Node) -> str:
    if isinstance(tree, Raw):
        return str(tree)
    if isinstance(tree, Pairs):
        return "{" + ", ".join(f"{to_text(key)}: {to_text(value)}" for key, value in tree) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(to_text, tree)) + "]"
    return json.dumps(tree)


# --- Bytes --------------------------------------------------------------------------------------------------------


def _flip(random: Random, content: bytearray, at: int) -> None:
    if content:
        content[at] ^= 1 << random.randrange(8)


def _overwrite(random: Random, content: bytearray, at: int) -> None:
    piece = random.choice((b"\xff" * 8, b"\0" * 8, b"\x80", b"\xed\xa0\x80", b'"', b"\\", b"[{", b"}]", b"9" * 30))
    content[at : at + len(piece)] = piece


def _insert(random: Random, content: bytearray, at: int) -> None:
    content[at:at] = random.randbytes(random.choice((1, 2, 7, 64)))


def _remove(random: Random, content: bytearray, at: int) -> None:
    del content[at : at + random.choice((1, 2, 8, 64, 4096))]


def _repeat(random: Random, content: bytearray, at: int) -> None:
    piece = content[at : at + random.choice((1, 8, 64))]
    content[at:at] = piece * random.choice((1, 3, 100))


def _cut_off(random: Random, content: bytearray, at: int) -> None:
    del content[at:]


def _append(random: Random, content: bytearray, at: int) -> None:
    content += random.randbytes(random.choice((1, 8, 5000)))


BYTE_DAMAGE: tuple[Callable[[Random, bytearray, int], None], ...] = (
    _flip, _flip, _flip, _overwrite, _overwrite, _insert, _remove, _repeat, _cut_off, _append,
)  # fmt: skip


# --- JSON ---------------------------------------------------------------------------------------------------------


def _damaged_tree(random: Random, tree: Node) -> Node:
    """A copy with one change. Only what leads to the change is copied."""
    if not isinstance(tree, list) or not tree:
        return _other_value(random, tree)
    index = random.randrange(len(tree))
    if random.random() < STOP:
        return random.choice(ENTRY_DAMAGE)(random, tree, index)
    return _with_value(tree, index, _damaged_tree(random, _value(tree, index)))


def _value(tree: Node, index: int) -> Node:
    return tree[index][1] if isinstance(tree, Pairs) else tree[index]


def _with_value(tree: Node, index: int, value: Node) -> Node:
    copy = type(tree)(tree)
    copy[index] = (tree[index][0], value) if isinstance(tree, Pairs) else value
    return copy


def _delete_entry(random: Random, tree: Node, index: int) -> Node:
    return type(tree)(tree[:index] + tree[index + 1 :])


def _double_entry(random: Random, tree: Node, index: int) -> Node:
    return type(tree)([*tree, tree[index]])


def _move_value(random: Random, tree: Node, index: int) -> Node:
    return _with_value(tree, random.randrange(len(tree)), _value(tree, index))


def _rename_key(random: Random, tree: Node, index: int) -> Node:
    if not isinstance(tree, Pairs):
        return _delete_entry(random, tree, index)
    copy = Pairs(tree)
    copy[index] = (random.choice(_strings(random, tree[index][0])), tree[index][1])
    return copy


def _replace_value(random: Random, tree: Node, index: int) -> Node:
    return _with_value(tree, index, _other_value(random, _value(tree, index)))


ENTRY_DAMAGE: tuple[Callable[[Random, Node, int], Node], ...] = (
    _delete_entry, _double_entry, _move_value, _rename_key, _replace_value, _replace_value,
)  # fmt: skip


def _other_value(random: Random, value: Node) -> Node:
    """A value like this one but off by something, or of quite another kind."""
    alike = random.random() < 0.5
    if alike and isinstance(value, str):
        return random.choice(_strings(random, value))
    if alike and isinstance(value, int | float):
        return random.choice(_numbers(value))
    return random.choice((
        None, True, False, "", [], Pairs(), [value], Pairs([("a", value)]), str(value)[:1000],
        random.choice(_numbers(random.randrange(1000))), random.choice(_strings(random, "x")), _deep(random, value),
    ))  # fmt: skip


def _numbers(value: float) -> list[Node]:
    off = [value + 1, value - 1, -value, value * 2, value * 16, value + 0.5, float(value)]
    bounds = [0, -1, 2**24, 2**24 + 1, 2**31 - 1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 2**64]
    odd = ["1e308", "1e400", "-0.0", "1e-400", "NaN", "Infinity", "-Infinity", "9" * 400, "9" * 5000, "0x10", "01"]
    return [*off, *bounds, *map(Raw, odd)]


def _strings(random: Random, text: str) -> list[Node]:
    at = random.randrange(len(text) + 1)
    return [
        text[:at], text[at:], text + text, text.upper(),
        text[:at] + "\0" + text[at:], text[:at] + "\x1b[31m" + text[at:],
        text[:at] + "\ud800" + text[at:], text[:at] + "é" + text[at:], "../" * 5 + text, "/dev/zero", "\n" * 3, " ",
        "\u202e" + text, text * 1000 if len(text) < 100 else text[at:], "\U0001f600",
    ]  # fmt: skip


def _deep(random: Random, value: Node) -> Node:
    depth, text = random.choice(DEPTHS), to_text(value)[:1000]
    opening, closing = random.choice((("[", "]"), ('{"a": ', "}")))
    return Raw(opening * depth + text + closing * depth)
