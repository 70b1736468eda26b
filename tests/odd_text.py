"""Lines of text, as odd as text gets, for comparing one tokenizer with another: seeded, without end."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from goldens.tokenizer_lines import CHINESE, COMPOSED, EMOJI, SNIPPETS, SPACES, WORDS, Source

CONTRACTIONS = ["'s", "'S", "'\u017f", "'t", "'RE", "'vE", "'m", "'Ll", "'d", "'l", "'r", "''", "\u2019s", "'"]
CONTROL_STRINGS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<tool_call>", "</tool_call>", "<|im_start|>system"]
WHITE_SPACE = [*SPACES, " ", " ", "\n", "\r\n", "\x1c", "\x1f", "\u1680", "\u2029", "\u202f", "\u205f"]
STARTERS = ["a", "E", "\u05d0", "\u0915", "\u1100", "\u1161", "\uac00", "\u3042", "\u0041", "\U00011935", "\U00016d67"]
MARKS = [chr(c) for c in range(0x300, 0x1E900) if unicodedata.category(chr(c)) in ("Mn", "Mc")]
NEWER_MARKS = ["\u0898", "\u0897", "\u1ac1", "\u1715", "\U00011930", "\U00016d67", "\U0001e08f", "\U00010eab"]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def odd_lines(seed: int) -> Iterator[str]:
    """Lines of one to twelve pieces of every kind."""
    source = Source(seed)
    while True:
        yield "".join(_piece(source) for _ in range(1 + source.below(12)))


def _piece(source: Source) -> str:
    kinds = [
        lambda: source.many(WORDS, 4, " "),
        lambda: source.many(LETTERS, 12),
        lambda: source.many(CHINESE, 10),
        lambda: source.pick(SNIPPETS),
        lambda: source.many(EMOJI, 3),
        lambda: source.many(WHITE_SPACE, 5),
        lambda: source.many(WORDS, 1) + source.many(CONTRACTIONS, 2),
        lambda: source.pick(CONTROL_STRINGS),
        lambda: source.many(COMPOSED, 3),
        lambda: source.pick(STARTERS) + source.many(MARKS, 4),
        lambda: source.pick(STARTERS) + source.many([*MARKS, *NEWER_MARKS * 40], 5),
        lambda: source.many("0123456789.,:-/", 6),
        lambda: _any_character(source) * (1 + source.below(3)),
        lambda: "".join(_any_character(source) for _ in range(4)),
        lambda: chr(0xA0 + source.below(0x3000)),
    ]
    return kinds[source.below(len(kinds))]()


def _any_character(source: Source) -> str:
    """Of the first three planes; half a surrogate pair is no text."""
    code_point = source.below(0x30000)
    return chr(code_point) if not 0xD800 <= code_point < 0xE000 else " "
