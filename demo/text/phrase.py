"""Many wordings from one pattern: `[what is|what's] your name` has two, and noise makes more of them.

Values that an answer must copy stand in {slots}, which are filled in last: noise never touches them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from demo.text.conversation import Language

_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")  # without a bar it is text, such as [1]
_SLOT = re.compile(r"(\{\w+\})")
_BEFORE = {
    "en": "Hi, |Hello, |Hi! |Hey, |Please tell me, |Quick question: |Excuse me, |So, |Can you tell me: |Sorry, |OK, |"
    "Well, ",
    "zh": "你好，|请问，|请问|请告诉我，|想问一下，|麻烦问一下，|那么，|对了，|问一下：|您好，|我想知道，|好的，",
}
_AFTER = {"en": " Thanks.| Thank you!|, please| please", "zh": "谢谢。|谢谢！|，谢谢"}


def expand(rng: Random, pattern: str, **slots: object) -> str:
    """One wording of `pattern`, slots filled."""
    while True:
        pattern, count = _CHOICE.subn(lambda found: rng.choice(found[1].split("|")), pattern)
        if not count:
            return _fill(pattern, slots)


def ask(rng: Random, patterns: Sequence[str], language: Language, **slots: object) -> str:
    """A question as somebody might type it: a wording of one pattern, sometimes careless, sometimes polite."""
    text = expand(rng, rng.choice(patterns))
    for chance, change in _CHANGES:
        if rng.random() < chance:
            text = change(rng, text, language)
    return _fill(text, slots)


def tell(rng: Random, patterns: Sequence[str], language: Language, **slots: object) -> str:
    """A statement as somebody might type it: with none of the words that only lead up to a question."""
    text = expand(rng, rng.choice(patterns))
    for chance, change in _CHANGES_OF_STATEMENTS:
        if rng.random() < chance:
            text = change(rng, text, language)
    return _fill(text, slots)


def say(rng: Random, patterns: str | Sequence[str], **slots: object) -> str:
    """A wording of one of the patterns, without noise: what the model answers."""
    return expand(rng, patterns if isinstance(patterns, str) else rng.choice(patterns), **slots)


def with_articles(text: str) -> str:
    """An instead of a before a vowel; words in u are left alone, since many sound like you."""
    return re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text)


def _fill(text: str, slots: dict[str, object]) -> str:
    for name, value in slots.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def _outside_slots(text: str, change: Callable[[str], str]) -> str:
    return "".join(part if _SLOT.fullmatch(part) else change(part) for part in _SLOT.split(text))


def _lower(rng: Random, text: str, language: Language) -> str:
    return _outside_slots(text, str.lower)


def _upper(rng: Random, text: str, language: Language) -> str:
    return _outside_slots(text, str.upper)


def _no_mark(rng: Random, text: str, language: Language) -> str:
    return text.rstrip("?？。.!！")


def _other_mark(rng: Random, text: str, language: Language) -> str:
    return text.rstrip("?？。.!！") + rng.choice(
        ["?", "？", "??", "。", "!", "!?", " ?"] if language == "zh" else ["?", "??", ".", "!", " ?"]
    )


def _before(rng: Random, text: str, language: Language) -> str:
    if language == "en" and not text.startswith(("I ", "I'", "Qingmo", "{")):
        text = text[:1].lower() + text[1:]
    return rng.choice(_BEFORE[language].split("|")) + text


def _after(rng: Random, text: str, language: Language) -> str:
    return text + rng.choice(_AFTER[language].split("|"))


def _typo(rng: Random, text: str, language: Language) -> str:
    """Two neighbours change places, or one is left out, inside one long part of the text."""
    parts = _SLOT.split(text)
    longest = max(range(0, len(parts), 2), key=lambda i: len(parts[i]))
    part = parts[longest]
    if len(part) < 8 or language == "zh":
        return text
    at = rng.randrange(1, len(part) - 2)
    swapped = part[at + 1] + part[at] if rng.random() < 0.5 else part[at]
    parts[longest] = part[:at] + swapped + part[at + 2 :]
    return "".join(parts)


_CHANGES = (
    (0.15, _lower),
    (0.01, _upper),
    (0.15, _no_mark),
    (0.08, _other_mark),
    (0.12, _before),
    (0.05, _after),
    (0.05, _typo),
)
_CHANGES_OF_STATEMENTS = ((0.12, _lower), (0.12, _no_mark), (0.04, _typo))
