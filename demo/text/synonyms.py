"""What makes passages less even: other words in the question, and clauses that answer none."""

from __future__ import annotations

from collections import defaultdict

from demo.text.conversation import LANGUAGES, Language
from demo.text.pattern_files import read_patterns
from demo.text.phrase import say
from demo.text.predicates import Pool, forms

_PATTERNS = read_patterns("synonyms")


def _pairs(section: str) -> dict[Language, dict[str, list[str]]]:
    pairs: dict[Language, dict[str, list[str]]] = {}
    for language in LANGUAGES:
        pairs[language] = defaultdict(list)
        for pair in " ".join(_PATTERNS[section][language]).split():
            word, other = pair.replace("\\s", " ").split("/")
            pairs[language][word].append(other)
    return pairs


_VERBS, _MEASURES = _pairs("verbs"), _pairs("measures")


def verb_asked(pool: Pool, verb: tuple[str, str, str]) -> tuple[str, str, str]:
    """The verb's base, past and participle as a question has them: sometimes those of another."""
    others = _VERBS[pool.language].get(verb[0])
    if not others or pool.rng.random() < 0.5:
        return verb
    return forms(pool.rng.choice(others), pool.language)


def how(pool: Pool, measure: str) -> str:
    """How long, how heavy: the word to ask for a measure with, empty where there is none."""
    adjectives = _MEASURES[pool.language].get(measure)
    return adjectives[0] if adjectives else ""


def clause(pool: Pool) -> str:
    return _of_no_use(pool, "clauses")


def filler(pool: Pool) -> str:
    text = _of_no_use(pool, "fillers")
    return text[0].upper() + text[1:]


def _of_no_use(pool: Pool, section: str) -> str:
    fresh = pool.like(())
    _, past, participle = fresh.verb()
    words = {"V": past, "P": participle, "o": fresh.counted()[1], "g": fresh.group(), "r": fresh.draw("roles")}
    return say(pool.rng, _PATTERNS[section][pool.language], **words)
