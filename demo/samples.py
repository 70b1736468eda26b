"""Conversations of one kind at a time, for measuring."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from demo.text import arithmetic, code, greenhouse, mix, passage, style, tools, units, verse
from demo.text.conversation import LANGUAGES, Conversation, Language, Turn
from demo.text.facts import GREETINGS, IDENTITY, USAGE, Fact

Sampler = Callable[[Random], Conversation]


def _of_turn(make: Callable[[Random, Language], Turn]) -> Sampler:
    def sampler(rng: Random) -> Conversation:
        return Conversation(make(rng, rng.choice(LANGUAGES)).messages())

    return sampler


def _of_facts(facts: tuple[Fact, ...]) -> Sampler:
    return _of_turn(lambda rng, language: rng.choice(facts).turn(rng, language))


KINDS: dict[str, Sampler] = {
    "identity": _of_facts(IDENTITY),
    "greetings": _of_facts(GREETINGS),
    "usage": _of_facts(USAGE),
    "arithmetic": _of_turn(arithmetic.turn),
    "units": _of_turn(units.turn),
    "greenhouse": _of_turn(greenhouse.turn),
    "verse": _of_turn(verse.turn),
    "code": _of_turn(code.turn),
    "style": style.conversation,
    "memory": mix.remembering,
    "passage": passage.conversation,
    "tools": tools.conversation,
}


def sample(kind: str, rng: Random) -> Conversation:
    return KINDS[kind](rng)
