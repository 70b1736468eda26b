"""What the tools are made of: schemas, their wordings from patterns/tools.txt, and the things they are about."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from demo.text import words
from demo.text.conversation import Language
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import ask, say

PATTERNS = read_patterns("tools")
_OWN_WORDS = read_patterns("tools_own_words")
_THINGS = [tuple(pair.split("/")) for pair in PATTERNS["things"]["pairs"]]
_OWN_THINGS = [pair for pair in _THINGS if any(f"{pair[0]} en" in section for section in _OWN_WORDS.values())]
_ROOMS = [tuple(pair.split("/")) for pair in PATTERNS["rooms"]["pairs"]]


@dataclass(frozen=True)
class Use:
    """A tool and one occasion to call it; the response is an object or text, and the answer uses it."""

    schema: dict[str, Any]
    question: str
    arguments: dict[str, Any]
    response: Any
    answer: str
    groups: tuple[str, ...] = ()  # of tools that could be taken for each other


@dataclass(frozen=True)
class Thing:
    """Something that a tool reads or sets: as its name spells it, and as people call it."""

    spelled: str
    called: dict[Language, str]


class Tool:
    """The wordings of one sort of tool: a section of patterns/tools.txt."""

    def __init__(self, rng: Random, language: Language, kind: str) -> None:
        self._rng = rng
        self._language = language
        self._kind = kind
        self._section: Section = PATTERNS[kind]

    def one_of(self, key: str) -> str:
        """A word of a line of words: repeated ones come more often."""
        return self._rng.choice(self._section[key][0].split())

    def pattern(self, key: str) -> str:
        return self._rng.choice(self._section[f"{key} {self._language}"])

    def asked(self, key: str = "ask", **slots: object) -> str:
        return ask(self._rng, self._section[f"{key} {self._language}"], self._language, **slots)

    def asked_of(self, about: Thing, **slots: Any) -> str:
        """In the patterns of any thing, now and then in those of this one, which may not name it."""
        own = _OWN_WORDS.get(self._kind, {}).get(f"{about.spelled} {self._language}")
        if own and self._rng.random() < 0.45:
            return ask(self._rng, own, self._language, **slots)
        return self.asked(t=about.called[self._language], **slots)

    def answer(self, key: str = "answer", **slots: object) -> str:
        return say(self._rng, self._section[f"{key} {self._language}"], **slots)

    def about(self, called: dict[Language, str] | None = None, **slots: object) -> str:
        """What its schema says of it; in English more often than not, whatever the user speaks."""
        chinese = self._rng.random() < (0.7 if self._language == "zh" else 0.05)
        language: Language = "zh" if chinese else "en"
        return say(self._rng, self._section[f"about {language}"], **slots, t=called[language] if called else "")


def schema(
    rng: Random, name: str, about: str, parameters: dict[str, dict[str, Any]], required: list[str] | None = None
) -> dict[str, Any]:
    """A function's schema; descriptions and "required" are sometimes left out, as people do."""
    if rng.random() < 0.5:
        parameters = {key: _without_description(value) for key, value in parameters.items()}
    shown: dict[str, Any] = {"type": "object", "properties": parameters}
    if rng.random() < 0.85:
        shown["required"] = required or list(parameters)
    described = {"description": about} if rng.random() < 0.92 else {}
    return {"name": name, **described, "parameters": shown}


def _without_description(parameter: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameter.items() if key != "description"}


def string(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def integer(rng: Random, description: str) -> dict[str, Any]:
    return {"type": rng.choice(["integer", "integer", "number"]), "description": description}


def thing(rng: Random) -> Thing:
    """One of the list; a fourth of them made up, and then called the same in every language."""
    if rng.random() < 0.25:
        made = words.invented_word(rng)
        return Thing(made, {"en": made, "zh": made})
    spelled, chinese = rng.choice(_OWN_THINGS if rng.random() < 0.3 else _THINGS)
    return Thing(spelled, {"en": spelled.replace("_", " "), "zh": chinese})


def room(rng: Random, language: Language) -> str:
    return rng.choice(_ROOMS)[language == "zh"]


def json_number(value: str) -> Any:
    """A number as JSON has it; what would be written otherwise, such as 007, stays text."""
    try:
        number = float(value) if "." in value else int(value)
    except ValueError:
        return value
    return number if str(number) == value else value
