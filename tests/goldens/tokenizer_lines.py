"""The lines and conversations that tokenizer goldens are made of: equal for every Python, since random() alone is used.

Shared by scripts/make_tokenizer_goldens.py, which asks transformers, and by the tests, which ask Qingmo.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

BLOCK = 250  # lines under one hash
BLOCKS = 24

CHINESE = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分"
    "对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
)
RARE = "龘靐齉爨𠮷𪚥㐀鿕々〇〆ヶｶﾞ한국어คำไทยहिन्दीΩмир"
PUNCTUATION = "，。？！：；、“”‘’（）《》—…·,.?!:;'\"()[]{}<>|/\\@#$%^&*-_=+`~"
WORDS = [
    *("the", "of", "and", "to", "in", "hello", "World", "HTTP", "snake_case", "camelCase", "don't", "I'm", "we'll"),
    *("THEY'RE", "it's", "naïve", "café", "Straße", "import", "return", "def", "self.x", "+=", "lambda", "x:"),
    *("<div>", "</div>", "#include", "std::vector<int>", "!=", "===", "->", "::", "//", "/*", "*/", "0x1F"),
]
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇨🇳", "❤️", "🏳️‍🌈", "1️⃣", "🧑🏿‍💻", "©", "™"]
SPACES = [" ", "  ", "   ", "    ", "\t", "\t\t", "\n", "\n\n", "\r\n", "\r", " \n ", "\u00a0", "\u3000", "\u2003",
          "\u200b", "\u200d", "\ufeff", "\u2028", "\x0b", "\x0c", "\x85"]  # fmt: skip
COMPOSED = ["é", "e\u0301", "Å", "A\u030a", "\u212b", "ﬁ", "각", "\u1100\u1161\u11a8", "ệ", "e\u0323\u0302",
            "e\u0302\u0323", "\u0344", "\u2126", "豈", "か\u3099"]  # fmt: skip
RIGHT_TO_LEFT = ["שלום", "עולם", "مرحبا", "بالعالم", "\u202eabc\u202c", "סֵפֶר", "كِتَاب"]
CONTROL_CHARACTERS = ["\x00", "\x01", "\x07", "\x08", "\x1b[31m", "\x7f", "\ufffd", "\ufffe", "\U0010ffff", "\ue000"]
NEAR_CONTROL = ["<|im_", "im_end|>", "<|", "|>", "<tool_call", "< |im_end|>", "<|im_end|", "<|IM_END|>", "|endoftext|"]
CONTROL = re.compile(r"<\|\w+\|>|</?tool_call>")
SNIPPETS = [
    "def f(x):\n    return x ** 2  # 平方\n",
    "for (int i = 0; i < n; ++i) {\n\tsum += a[i];\n}",
    'SELECT * FROM "表" WHERE id = 12345;',
    '{"名字": "轻墨", "n": [1, 2.50, -3e-7], "ok": true}',
    "https://example.com/a?b=c&d=%E4%BD%A0#片段",
    "| a | b |\n|---|:-:|\n",
]


class Source:
    """Seeded choices built on random(), whose sequence Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def below(self, n: int) -> int:
        return int(self._random() * n)

    def pick(self, options: Sequence[str]) -> str:
        return options[self.below(len(options))]

    def many(self, options: Sequence[str], most: int, joint: str = "") -> str:
        return joint.join(self.pick(options) for _ in range(1 + self.below(most)))


def _piece(source: Source) -> str:
    kinds = [
        lambda: source.many(CHINESE, 12),
        lambda: source.many(CHINESE + PUNCTUATION, 12),
        lambda: source.many(RARE, 4),
        lambda: source.many(WORDS, 5, " "),
        lambda: source.many(PUNCTUATION, 5),
        lambda: source.many("0123456789", 9),
        lambda: source.many("0123456789.,:-/", 8),
        lambda: source.many(EMOJI, 3),
        lambda: source.many(SPACES, 3),
        lambda: source.many(COMPOSED, 3),
        lambda: source.many(RIGHT_TO_LEFT, 2, " "),
        lambda: source.pick(CONTROL_CHARACTERS),
        lambda: source.pick(NEAR_CONTROL),
        lambda: source.pick(SNIPPETS),
        lambda: source.many("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", 14),
        lambda: chr(0x20 + source.below(0xD7E0)),
    ]
    return kinds[source.below(len(kinds))]()


def line(source: Source) -> str:
    """One to ten pieces, with or without a space between two, that spell no control token."""
    pieces = [_piece(source) for _ in range(1 + source.below(10))]
    text = "".join(piece + source.pick(["", " "]) for piece in pieces[:-1]) + pieces[-1]
    return line(source) if CONTROL.search(text) else text


def blocks() -> Iterator[list[str]]:
    """BLOCKS blocks of BLOCK lines, the same each time."""
    for seed in range(BLOCKS):
        source = Source(seed)
        yield [line(source) for _ in range(BLOCK)]


def fingerprint(ids: Sequence[Sequence[int]]) -> str:
    """A short hash of many lists of ids."""
    return hashlib.sha256(";".join(",".join(map(str, row)) for row in ids).encode()).hexdigest()[:24]


EXAMPLES = [
    "",
    "你好，世界！今天天气怎么样？",
    "Hello, world! It's 2026.",
    "  indented\n\n\tdef f(x):\r\n        return x\n",
    "e\u0301 = é; 👨‍👩‍👧‍👦 👍🏽",
    "שלום مرحبا",
    "\x00\x07\u200b\ufeff",
]

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": 'The weather <now> in a "city" & its 温度\nper day',
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "enum": ["北京", "Zürich"]},
                    "days": {"type": "integer", "minimum": 1, "default": 1.0},
                    "units": {"type": ["string", "null"], "default": None},
                },
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    },
    {"name": "flat", "parameters": {}},
]


def _messages(source: Source) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if source.below(2):
        messages.append({"role": "system", "content": line(source)})
    for _ in range(1 + source.below(3)):
        messages.append({"role": "user", "content": line(source)})
        kind = source.below(4)
        if kind == 0:
            arguments = {"city": line(source), "days": source.below(9), "深": [True, None, 0.5]}
            call = {"name": "get_weather", "arguments": arguments}
            calls = [{"type": "function", "id": "c1", "function": call}, call][: 1 + source.below(2)]
            content = source.pick(["", line(source)])
            messages.append({"role": "assistant", "content": content, "tool_calls": calls})
            messages += [{"role": "tool", "tool_call_id": "c1", "content": line(source)} for _ in calls]
        if kind < 3:
            messages.append({"role": "assistant", "content": line(source)})
    return messages


def conversations() -> Iterator[dict[str, Any]]:
    """Arguments of apply_chat_template: with and without a system message, tools, tool calls, a generation prompt."""
    for seed in range(200):
        source = Source(10_000 + seed)
        yield {
            "messages": _messages(source),
            "tools": TOOLS if source.below(3) == 0 else None,
            "add_generation_prompt": source.below(4) > 0,
        }
