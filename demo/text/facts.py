"""A fact: a question in many wordings and its answer at every length that a system prompt may ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from demo.text.conversation import Language, Turn
from demo.text.flag_values import flag_value
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import ask, say

Length = Literal["full", "short", "word"]


@dataclass(frozen=True)
class Fact:
    """short: one sentence, in Chinese of at most 20 characters. word: empty where no single word answers.

    given: questions that name a value {v}, of the kind `value`, for the answer to repeat; where a question names none,
    the answer has `usual` in its place.
    """

    questions: Mapping[Language, Sequence[str]]
    answers: Mapping[Language, str]
    short: Mapping[Language, str]
    word: Mapping[Language, str]
    given: Mapping[Language, Sequence[str]]
    value: str
    usual: str

    def turn(self, rng: Random, language: Language, answer_in: Language | None = None, length: Length = "full") -> Turn:
        """Asked in `language` and answered in `answer_in`, else in the same."""
        forms = {"full": self.answers, "short": self.short, "word": self.word}[length]
        patterns, asked, answered = self.questions[language], self.usual, self.usual
        if self.value and rng.random() < 0.5:
            patterns = self.given[language]
            asked, answered = flag_value(rng, self.value, language)
        return Turn(ask(rng, patterns, language, v=asked), say(rng, forms[answer_in or language], v=answered))


def read_facts(name: str) -> tuple[Fact, ...]:
    """The facts in patterns/`name`.txt, a section each."""
    return tuple(_fact(section) for section in read_patterns(name).values())


def _fact(section: Section) -> Fact:
    answers: dict[Language, str] = {"en": section["en"][0], "zh": section["zh"][0]}
    value, _, usual = section.get("value", [""])[0].partition(" ")
    return Fact(
        {"en": section["ask en"], "zh": section["ask zh"]},
        answers,
        {language: section.get(f"short {language}", [answer])[0] for language, answer in answers.items()},
        {language: section[f"word {language}"][0] for language in answers if f"word {language}" in section},
        {language: section.get(f"given {language}", []) for language in answers},
        value,
        usual,
    )


IDENTITY = read_facts("identity")  # kind 1
_PLAIN, _SMALL_TALK = read_facts("greetings"), read_facts("small_talk")
GREETINGS = (_PLAIN[0], *_PLAIN, *_PLAIN, *_SMALL_TALK)  # kind 2; the bare greeting comes first in life
_CORE, _RARER, _TROUBLE = read_facts("usage"), read_facts("usage_more"), read_facts("usage_trouble")
USAGE = (*_CORE, *_CORE, *_RARER, *_TROUBLE)  # kind 3
COMMON = read_facts("common")  # what everybody knows
_GROUPS = (IDENTITY, GREETINGS, USAGE, COMMON)


def any_fact(rng: Random, with_word: bool = False) -> Fact:
    """A fact of any group; `with_word`: one that a single word answers."""
    while True:
        fact = rng.choice(rng.choices(_GROUPS, (3, 2, 4, 3))[0])
        if fact.word or not with_word:
            return fact
