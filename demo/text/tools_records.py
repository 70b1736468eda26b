"""Tools that answer with several values, of which a question wants one or two: the answer has these and no others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.text import words
from demo.text.conversation import Language
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import ask, expand, say
from demo.text.tool_parts import Use, json_number
from demo.text.tool_values import value

_CLOSED = {"en": "?", "zh": "？"}
_BETWEEN = {"en": "[ and| and also|, and] ", "zh": "[，|，还有]"}
_SENTENCES = {"en": " ", "zh": ""}
_TEXTS = ("code", "phone", "date")  # sorts that stay text where they look like numbers
_OTHER_LANGUAGE: dict[Language, float] = {"en": 0.12, "zh": 0.6}  # schemas that are not in the user's language


@dataclass(frozen=True)
class _Field:
    """A value of the response: its keys, what sort it is, and how each language asks for it and tells it."""

    keys: list[str]
    sort: str
    asked: dict[Language, str]
    told: dict[Language, str]


@dataclass(frozen=True)
class _Record:
    """A section of patterns/record_tools.txt."""

    groups: tuple[str, ...]
    names: list[str]
    parameter_names: list[str]
    sort: str
    fields: list[_Field]
    patterns: Section


def _field(line: str) -> _Field:
    keys, sort, ask_en, tell_en, ask_zh, tell_zh = line.split(" ; ")
    return _Field(keys.split("/"), sort, {"en": ask_en, "zh": ask_zh}, {"en": tell_en, "zh": tell_zh})


def _record(section: Section) -> _Record:
    names, sort = section["of"][0].split(" ; ")
    return _Record(
        tuple(section["groups"][0].split()),
        section["names"][0].split(),
        names.split("/"),
        sort,
        [_field(line) for line in section["field"]],
        section,
    )


_RECORDS = [_record(section) for section in read_patterns("record_tools").values()]


def record(rng: Random, language: Language) -> Use:
    kind = rng.choice(_RECORDS)
    which = value(rng, language, kind.sort)[1]
    fields = rng.sample(kind.fields, rng.randint(min(3, len(kind.fields)), len(kind.fields)))
    response, shown = _response(rng, language, fields)
    wanted = rng.sample(range(len(fields)), 1 if kind.sort == "person" else rng.choice([1, 1, 1, 2]))
    parameter = rng.choice(kind.parameter_names)
    if rng.random() < 0.25:
        response = {parameter: which, **response}
    return Use(
        _schema(rng, language, kind, parameter),
        _question(rng, language, [fields[i].asked[language] for i in wanted], which),
        {parameter: which},
        response,
        _SENTENCES[language].join(say(rng, fields[i].told[language], e=which, v=shown[i]) for i in wanted),
        kind.groups,
    )


def _response(rng: Random, language: Language, fields: list[_Field]) -> tuple[dict[str, Any], list[str]]:
    """The tool's object, and each field's value as the answer shows it."""
    response, shown = {}, []
    for field in fields:
        made = _made(rng, language, field.sort)
        response[rng.choice(field.keys)] = made if field.sort in _TEXTS else json_number(made)
        shown.append(made)
    return response, shown


def _made(rng: Random, language: Language, sort: str) -> str:
    bounds = re.fullmatch(r"(\d+)-(\d+)", sort)
    if bounds:
        return str(rng.randint(int(bounds[1]), int(bounds[2])))
    if sort == "price":
        return str(round(rng.uniform(1, 10 ** rng.choice([1, 2, 3])), 2))
    if sort == "number":
        return words.number(rng)
    if sort == "date":
        return f"{rng.randint(2015, 2035)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if ", " in sort:
        english, chinese = rng.choice(sort.split(", ")).split("/")
        return english if language == "en" else chinese
    return value(rng, language, sort)[1]


def _question(rng: Random, language: Language, asked: list[str], which: str) -> str:
    """The first names what it is about, the second says "it"."""
    of_it = {"en": "it", "zh": "它"}[language]
    first = expand(rng, asked[0])
    others = [_lowered(expand(rng, pattern.replace("the {e}", "{e}"), e=of_it), language) for pattern in asked[1:]]
    end = rng.choice([_CLOSED[language], _CLOSED[language], ""])
    text = expand(rng, _BETWEEN[language]).join([first, *others]) + end
    return ask(rng, [text], language, e=which)


def _lowered(text: str, language: Language) -> str:
    return text[0].lower() + text[1:] if language == "en" else text


def _schema(rng: Random, language: Language, kind: _Record, parameter: str) -> dict[str, Any]:
    other: Language = "zh" if language == "en" else "en"
    written = other if rng.random() < _OTHER_LANGUAGE[language] else language
    described: dict[str, Any] = {"type": "string"}
    if rng.random() < 0.7:
        described["description"] = expand(rng, kind.patterns[f"which {written}"][0])
    return {
        "name": rng.choice(kind.names) if rng.random() < 0.85 else words.invented_word(rng, 2),
        "description": expand(rng, rng.choice(kind.patterns[f"about {written}"])),
        "parameters": {"type": "object", "properties": {parameter: described}, "required": [parameter]},
    }
