"""Kind 7: four lines from three given words; in Chinese seven characters each."""

from __future__ import annotations

from random import Random

from demo.text.conversation import Language, Turn
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask
from demo.text.words import NOUNS, invented_characters, invented_word

_PATTERNS = read_patterns("verse")
_QUESTIONS = _PATTERNS["questions"]
_RHYMES = [
    {int(length): endings[0].split() for length, endings in section.items()}
    for name, section in _PATTERNS.items()
    if name.startswith("rhyme")
]
_LINES_EN = [line.split(" / ") for line in _PATTERNS["lines"]["en"]]
_JOINED_ZH = (
    "{a}、{b}、{c}",
    "{a} {b} {c}",
    "{a}，{b}，{c}",
    "{a}、{b}和{c}",
    "“{a}”“{b}”“{c}”",
    "{a},{b},{c}",
    "「{a}」「{b}」「{c}」",
)


def turn(rng: Random, language: Language) -> Turn:
    a, b, c = words(rng, language)
    joined = rng.choice(_JOINED_ZH).format(a=a, b=b, c=c)
    question = ask(rng, _QUESTIONS[language], language, a=a, b=b, c=c, j=joined)
    return Turn(question, verse_zh(rng, a, b, c) if language == "zh" else verse_en(rng, a, b, c))


def words(rng: Random, language: Language) -> list[str]:
    """Three different words; a third of them made up."""
    return [_invented(rng, language) if rng.random() < 0.35 else word for word in rng.sample(NOUNS[language], 3)]


def _invented(rng: Random, language: Language) -> str:
    return invented_characters(rng, rng.choice([2] * 8 + [1, 3])) if language == "zh" else invented_word(rng)


def verse_zh(rng: Random, a: str, b: str, c: str) -> str:
    """Lines of seven characters: each word leads one, and the fourth closes; lines 1, 2 and 4 rhyme."""
    rhymes = rng.choice(_RHYMES)
    used: set[str] = set()
    lines = [word + _tail(rng, rhymes[7 - len(word)], used) for word in (a, b, c)] + [rng.choice(rhymes[7])]
    return "{}，\n{}。\n{}，\n{}。".format(*lines)


def _tail(rng: Random, tails: list[str], used: set[str]) -> str:
    tail = rng.choice([t for t in tails if t not in used])
    used.add(tail)
    return tail


def verse_en(rng: Random, a: str, b: str, c: str) -> str:
    return "\n".join(rng.choice(_LINES_EN)).format(a=a, b=b, c=c)
