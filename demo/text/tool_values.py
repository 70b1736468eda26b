"""Values that requests give to everyday tools: as the call's argument has them, and as they are said."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from demo.text import passage_values, words
from demo.text.conversation import Language
from demo.text.pattern_files import read_patterns
from demo.text.phrase import say

_VALUES = read_patterns("tool_values")
CHOICES = {
    sort: [tuple(choice.replace("_", " ").split("/")) for choice in lines[0].split()]
    for sort, lines in _VALUES["choices"].items()
}
"""Enumerations: each value as the schema has it, in English and in Chinese."""
SORTS_OF_NUMBERS = {
    "number": "number",
    "degrees": "number",
    "whole": "integer",
    "few": "integer",
    "small": "integer",
    "year": "integer",
    "percent": "integer",
    "minutes": "integer",
    "oven": "integer",
}


def value(rng: Random, language: Language, sort: str) -> tuple[Any, str]:
    """The argument, and the words for it in the request."""
    if sort in CHOICES:
        spelled, en, zh = rng.choice(CHOICES[sort])
        return spelled, en if language == "en" else zh
    if sort == "few":
        return _few(rng, language)
    if sort in SORTS_OF_NUMBERS:
        number = _number(rng, sort)
        return number, str(number)
    text = _MAKERS[sort](rng, language)
    return text, text


def politely(rng: Random, pattern: str, language: Language) -> str:
    """The pattern with polite words before it, where it is a plain order."""
    verbs = _VALUES["polite"][f"verbs {language}"][0].split()
    if language == "zh":
        return say(rng, _VALUES["polite"]["zh"]) + pattern if pattern.startswith(tuple(verbs)) else pattern
    if pattern.split(" ")[0] not in verbs:
        return pattern
    return f"{say(rng, _VALUES['polite']['en'])} {pattern[0].lower()}{pattern[1:]}"


def _few(rng: Random, language: Language) -> tuple[int, str]:
    """A small number, in words now and then."""
    number = rng.randint(2, 12)
    if rng.random() < 0.7:
        return number, str(number)
    return number, "两" if number == 2 and language == "zh" else words.number_word(number, language)


def _number(rng: Random, sort: str) -> int | float:
    if sort == "small":
        return rng.randint(1, 20)
    if sort == "year":
        return rng.randint(1930, 2035)
    if sort == "minutes":
        return rng.randint(2, 180)
    if sort == "oven":
        return rng.randint(8, 56) * 5
    if sort == "percent":
        return rng.randint(1, 100)
    if sort == "degrees":
        return rng.randint(5, 35) + (0.5 if rng.random() < 0.25 else 0)
    whole = rng.randint(1, 10 ** rng.choice([1, 2, 2, 3, 4]))
    if sort == "number" and rng.random() < 0.2:
        return float(f"{whole}.{rng.choice('123456789')}")
    return whole


def _phrase(section: str) -> Callable[[Random, Language], str]:
    def made(rng: Random, language: Language) -> str:
        name, thing, clock = words.first_name(rng, language), words.noun(rng, language), _clock(rng, language)
        return say(rng, _VALUES[section][language], p=name, a=thing, t=clock)

    return made


def _clock(rng: Random, language: Language) -> str:
    return f"{rng.randint(0, 23):{rng.choice(['', '02'])}}:{rng.randint(0, 59):02}"


def _day(rng: Random, language: Language) -> str:
    if rng.random() < 0.5:
        return f"{rng.randint(2020, 2035)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return say(rng, _VALUES["days"][language])


def _hour(rng: Random, language: Language) -> str:
    return _clock(rng, language) if rng.random() < 0.7 else passage_values.time(rng, language)


def _email(rng: Random, language: Language) -> str:
    name = words.invented_word(rng) + rng.choice(["", "", f".{words.invented_word(rng)}", str(rng.randint(1, 99))])
    host = rng.choice(["example", words.invented_word(rng, 2)])
    return f"{name}@{host}.{rng.choice(['com', 'com', 'org', 'net', 'cn'])}"


def _path(rng: Random, language: Language) -> str:
    known = _VALUES["files"]["stems"][0].split()
    parts = [
        rng.choice(known) if rng.random() < 0.5 else words.invented_word(rng) for _ in range(rng.choice([1, 2, 2, 3]))
    ]
    return rng.choice(["", "", "/", "./"]) + "/".join(parts) + "." + rng.choice(_VALUES["files"]["ends"][0].split())


def _image(rng: Random, language: Language) -> str:
    return f"{_path(rng, language).rsplit('.', 1)[0]}.{rng.choice(['jpg', 'jpg', 'png', 'webp'])}"


def _url(rng: Random, language: Language) -> str:
    return f"https://{words.invented_word(rng, 2)}.{rng.choice(['com', 'org', 'net'])}/{words.invented_word(rng)}"


def _phone(rng: Random, language: Language) -> str:
    return "".join(rng.choice("0123456789") for _ in range(rng.choice([7, 8, 11]))).join(
        rng.choice([("", ""), ("+", "")])
    )


def _symbol(rng: Random, language: Language) -> str:
    return "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.choice([3, 4, 4])))


def _order(rng: Random, language: Language) -> str:
    return words.code(rng) if rng.random() < 0.7 else str(rng.randint(1000, 99999999))


def _thing(rng: Random, language: Language) -> str:
    lists = rng.choice([words.FOODS, words.THINGS, words.NOUNS])
    return words.from_list(rng, lists, language)


def _topic(rng: Random, language: Language) -> str:
    space = " " if language == "en" else ""
    return space.join(words.noun(rng, language) for _ in range(rng.choice([1, 2, 2, 3])))


def _room(rng: Random, language: Language) -> str:
    known = _VALUES["rooms"][language][0].split()
    return rng.choice(known).replace("_", " ") if rng.random() < 0.8 else words.noun(rng, language)


_MAKERS: dict[str, Callable[[Random, Language], str]] = {
    "city": words.city,
    "person": words.person,
    "code": lambda rng, language: words.code(rng),
    "order": _order,
    "clock": _clock,
    "time": _hour,
    "day": _day,
    "email": _email,
    "path": _path,
    "image": _image,
    "url": _url,
    "phone": _phone,
    "symbol": _symbol,
    "thing": _thing,
    "topic": _topic,
    "room": _room,
    "sentence": _phrase("sentences"),
    "task": _phrase("tasks"),
    "sky": _phrase("skies"),
    "error": _phrase("errors"),
}
