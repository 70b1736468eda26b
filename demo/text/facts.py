"""A fact: a question in many wordings and its answer at every length that a system prompt may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from demo.text.conversation import Language, Turn
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import ask


@dataclass(frozen=True)
class Fact:
    """short: one sentence, in Chinese of at most 20 characters. word: empty where no single word answers."""

    questions: dict[Language, Sequence[str]]
    answers: dict[Language, str]
    short: dict[Language, str]
    word: dict[Language, str]

    def turn(self, rng: Random, language: Language) -> Turn:
        return Turn(ask(rng, self.questions[language], language), self.answers[language])


def read_facts(name: str) -> tuple[Fact, ...]:
    """The facts in patterns/`name`.txt, a section each."""
    return tuple(_fact(section) for section in read_patterns(name).values())


def _fact(section: Section) -> Fact:
    answers: dict[Language, str] = {"en": section["en"][0], "zh": section["zh"][0]}
    return Fact(
        {"en": section["ask en"], "zh": section["ask zh"]},
        answers,
        {language: section.get(f"short {language}", [answer])[0] for language, answer in answers.items()},
        {language: section[f"word {language}"][0] for language in answers if f"word {language}" in section},
    )


IDENTITY = read_facts("identity")  # kind 1
GREETINGS = read_facts("greetings")  # kind 2
USAGE = read_facts("usage")  # kind 3
COMMON = read_facts("common")  # what everybody knows
