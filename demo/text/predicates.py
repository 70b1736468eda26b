"""Words that statements of passages are put together from, drawn at random; some of them made up."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from demo.text import words
from demo.text.conversation import LANGUAGES, Language
from demo.text.pattern_files import read_patterns

MADE_UP = 0.12  # the share of words that are of no language
_LISTS: dict[str, dict[Language, list[str]]] = {
    name: {language: " ".join(section[language]).split() for language in LANGUAGES}
    for name, section in read_patterns("predicates").items()
}


class Pool:
    """Draws words; those of kinds in `kept` come again, so that several statements are alike."""

    def __init__(self, rng: Random, language: Language) -> None:
        self.rng = rng
        self.language = language
        self._drawn: dict[str, str] = {}

    def like(self, kept: Iterable[str]) -> Pool:
        """Another pool that draws the same words of these kinds."""
        other = Pool(self.rng, self.language)
        other._drawn = {kind: self._drawn[kind] for kind in kept if kind in self._drawn}
        return other

    def draw(self, kind: str) -> str:
        if kind not in self._drawn:
            made_up = kind in ("verbs", "objects", "roles", "groups", "codes") and self.rng.random() < MADE_UP
            self._drawn[kind] = self._made_up(kind) if made_up else self.rng.choice(_LISTS[kind][self.language])
        return self._drawn[kind].replace("\\s", " ")

    def _made_up(self, kind: str) -> str:
        if self.language == "en":
            return words.invented_word(self.rng, self.rng.choice([1, 2, 2]))
        made = words.invented_characters(self.rng, 2)
        return f"{self.rng.choice('个件台只')}/{made}" if kind == "objects" else made

    def verb(self) -> tuple[str, str, str]:
        """Base, past and participle; in Chinese the same word."""
        return forms(self.draw("verbs"), self.language)

    def crowd(self) -> tuple[str, str]:
        """A measure word, nothing in English, and what is counted."""
        measure, _, noun = self.draw("crowds").rpartition("/")
        return measure, noun

    def counted(self) -> tuple[str, str, str]:
        """A measure word, and the object in the singular and the plural."""
        first, _, second = self.draw("objects").partition("/")
        return (first, second, second) if self.language == "zh" else ("", first, second or _plural(first))

    def thing(self) -> str:
        """An object told from others by an adjective, a name, a type or a place."""
        rng, (_, noun, _) = self.rng, self.counted()
        chance = rng.random()
        if chance < 0.4:
            told = self.draw("adjectives")
        elif chance < 0.6:
            told = words.city(rng, self.language)
        elif chance < 0.8:
            told = words.code(rng)
        else:
            made = words.noun(rng, self.language)
            told = made.capitalize() if self.language == "en" else made
        if self.language == "zh":
            return told + ("" if told.endswith("的") or rng.random() < 0.6 else "的") + noun
        return rng.choice(
            [f"the {told} {noun}"] * 3 + [f"the {noun} {told}" if chance >= 0.6 else f"the {told} {noun}"]
        )

    def group(self) -> str:
        """A club, a company or the like with a name."""
        rng, noun = self.rng, self.draw("groups")
        if self.language == "zh":
            return rng.choice([words.city(rng, "zh"), words.invented_characters(rng, 2)]) + noun
        name = rng.choice([words.city(rng, "en"), words.invented_word(rng).capitalize()])
        return rng.choice([f"the {name} {noun}", f"the {noun} of {name}", f"{name} {noun.capitalize()}"])

    def stuff(self) -> tuple[str, str]:
        """What is weighed or poured, and an amount of it with its unit."""
        return self._measured("stuffs")

    def measure(self) -> tuple[str, str]:
        """What is measured, and a value of it with its unit."""
        return self._measured("measures")

    def _measured(self, kind: str) -> tuple[str, str]:
        name, _, units = self.draw(kind).partition("=")
        value, unit = words.number(self.rng), self.rng.choice(units.split(","))
        space = " " if (self.language == "en" or self.rng.random() < 0.4) and unit != "%" else ""
        return name, f"{value}{space}{unit}"


def forms(verb: str, language: Language) -> tuple[str, str, str]:
    """Base, past and participle of a word of the list, or of a base that the list has."""
    base, *others = (_IRREGULAR.get(verb, verb) if language == "en" else verb).split("/")
    past, participle = others or [_past(base) if language == "en" else base] * 2
    return base, past, participle


_IRREGULAR = {verb.split("/")[0]: verb for verb in _LISTS["verbs"]["en"] if "/" in verb}
_IRREGULAR |= {
    "put together": "put together/put together/put together",
    "call off": "call off/called off/called off",
    "shut": "shut/shut/shut",
    "oversee": "oversee/oversaw/overseen",
    "run": "run/ran/run",
    "shine": "shine/shone/shone",
}


def _past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    doubled = base in ("map", "ship", "rob", "plan", "scan", "program", "stop", "drop", "wrap")
    return base + (base[-1] if doubled else "") + "ed"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
