"""Sentences of passages that are put together from freely drawn words, and the questions they answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from demo.text import passage_values as values
from demo.text import words
from demo.text.conversation import Language, Turn
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, say
from demo.text.predicates import Pool
from demo.text.synonyms import how

_PATTERNS = read_patterns("statements")


@dataclass
class Statement:
    """A sentence, or more; what it answers, and questions about it that it does not answer."""

    text: str
    asked: list[Turn]
    untold: list[str] = field(default_factory=list)


def role(pool: Pool) -> Statement:
    slots = {"a": words.person(pool.rng, pool.language), "r": pool.draw("roles"), "g": pool.group()}
    return _stated(pool, "role", slots, {"who": slots["a"], "what": slots["r"], "where": slots["g"]})


def measure(pool: Pool) -> Statement:
    name, value = pool.measure()
    adjective = how(pool, name)
    asked = "how" if adjective and pool.rng.random() < 0.5 else "asked"
    return _stated(pool, "measure", {"e": pool.thing(), "m": name, "v": value, "k": adjective}, {asked: value})


def reading(pool: Pool) -> Statement:
    """What a device shows; several in a row differ by their codes alone."""
    rng, (_, value) = pool.rng, pool.measure()
    kind, named = pool.draw("devices"), rng.choice([words.code(rng), str(rng.randint(1, 40)), words.code(rng)])
    space = " " if pool.language == "en" else ""
    device = rng.choice([f"{kind}{space}{named}", f"{kind}{space}{named}", named if not named.isdigit() else kind])
    slots = {"e": device, "v": value, "t": values.time(rng, pool.language)}
    return _stated(pool, "reading", slots, {"asked": value, "back": device})


def code(pool: Pool) -> Statement:
    slots = {"e": pool.thing(), "c": pool.draw("codes"), "v": words.code(pool.rng)}
    return _stated(pool, "code", slots, {"asked": slots["v"], "back": slots["e"]})


def count(pool: Pool) -> Statement:
    (measure_word, noun), value = pool.crowd(), str(pool.rng.randint(2, 10 ** pool.rng.choice([1, 2, 3])))
    slots = {"x": measure_word + noun, "n": noun, "l": measure_word, "p": place(pool), "v": value}
    return _stated(pool, "count", slots, {"asked": value})


def belonging(pool: Pool) -> Statement:
    owner = words.person(pool.rng, pool.language)
    return _stated(pool, "belonging", {"e": pool.thing(), "a": owner}, {"asked": owner})


def lying(pool: Pool) -> Statement:
    slots = {"e": pool.thing(), "p": place(pool)}
    return _stated(pool, "lying", slots, {"asked": slots["p"], "back": slots["e"]})


def lead(pool: Pool) -> Statement:
    leader = words.person(pool.rng, pool.language)
    return _stated(pool, "lead", {"g": pool.group(), "a": leader}, {"asked": leader})


SORTS: dict[Callable[[Pool], Statement], int] = {
    role: 3,
    measure: 3,
    reading: 2,
    code: 3,
    count: 3,
    belonging: 1,
    lying: 2,
    lead: 1,
}


def place(pool: Pool) -> str:
    """A town, or a hall or the like that is told from others."""
    rng, noun = pool.rng, pool.draw("places")
    if rng.random() < 0.3:
        return words.city(rng, pool.language)
    made = rng.choice([words.city(rng, pool.language), words.code(rng), pool.draw("adjectives")])
    if pool.language == "zh":
        return made + noun
    return f"the {made} {noun}"


def _stated(pool: Pool, sort: str, slots: dict[str, str], answers: dict[str, str]) -> Statement:
    rng, language = pool.rng, pool.language
    text = say(rng, _PATTERNS[sort][f"told {language}"], **slots)
    asked = [
        Turn(ask(rng, _PATTERNS[sort][f"{key} {language}"], language, **slots), answer)
        for key, answer in answers.items()
        if key != "back" or rng.random() < 0.5
    ]
    return Statement(capitalized(text, language), asked)


def capitalized(text: str, language: Language) -> str:
    """As a sentence begins; "a" before a vowel becomes "an"."""
    return re.sub(r"\ba (?=[aeiou])", "an ", text[0].upper() + text[1:]) if language == "en" else text
