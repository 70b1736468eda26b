"""Tools of a verb, a thing and one to four parameters, all drawn freely; the request gives a value to each."""

from __future__ import annotations

from random import Random
from typing import Any

from demo.text import passage_values as values
from demo.text import words
from demo.text.conversation import Language
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask, say
from demo.text.tool_parts import Use, json_number, schema

_VERBS, _VERBS_ZH, _NOUNS, _PARAMETERS, _CHOICES, _KEYS, _ANSWERS = read_patterns("made_up_tools").values()
_PAIRS = [pair.split("/") for line in _NOUNS["pairs"] for pair in line.split()]


def made_up(rng: Random, language: Language) -> Use:
    verb, (noun, called) = rng.choice(list(_VERBS)), _noun(rng, language)
    rows = _rows(rng)
    given = {name: _value(rng, language, sort) for name, sort, _, _ in rows}
    spoken = dict(rows_said(rng, language, rows, given))
    arguments = {name: given[name] for name in spoken}
    name = _named(rng, verb, noun)
    parameters = {name: _described(rng, name, sort, given[name]) for name, sort, _, _ in rows}
    described = schema(rng, name, _about(rng, verb, noun), parameters, list(arguments))
    question = _request(rng, language, verb, called, "".join(spoken.values()))
    response, shown = _response(rng, language)
    answer = say(rng, _ANSWERS[language], l=shown) if shown else _done(rng, language, called, arguments)
    return Use(described, question, arguments, response, answer)


def rows_said(rng: Random, language: Language, rows: list[list[str]], given: dict[str, Any]) -> list[tuple[str, str]]:
    """What the request says of each parameter, in any order; the last is sometimes left out, as it may be."""
    if len(rows) > 1 and rng.random() < 0.15:
        rows = rows[:-1]
    rows = rng.sample(rows, len(rows)) if rng.random() < 0.4 else rows
    return [(row[0], (row[2] if language == "en" else row[3]).replace("@", str(given[row[0]]))) for row in rows]


def _noun(rng: Random, language: Language) -> tuple[str, str]:
    if rng.random() < 0.2:
        made = words.invented_word(rng)
        return made, made
    spelled, chinese = rng.choice(_PAIRS)
    return spelled, spelled.replace("_", " ") if language == "en" else chinese


def _rows(rng: Random) -> list[list[str]]:
    """One to four parameters, the words for each with spaces."""
    chosen = rng.sample(_PARAMETERS["rows"], rng.choice([1, 1, 1, 2, 2, 2, 3, 3, 4]))
    rows = []
    for name, sort, en, zh in (row.split() for row in chosen):
        made = words.invented_word(rng) if rng.random() < 0.1 else ""
        if made:
            name, en, zh = made, f", {made} @", f"，{made} @"
        rows.append([name, sort, en.replace("_", " "), zh])
    return rows


def _value(rng: Random, language: Language, sort: str) -> Any:
    if sort in _CHOICES:
        return rng.choice(_CHOICES[sort][0].split())
    if sort == "number":
        return rng.randint(1, 10 ** rng.choice([1, 2, 2, 3, 4]))
    if sort == "date":
        return rng.choice(
            [f"{rng.randint(2020, 2035)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}", _day(rng, language)]
        )
    makers = {"city": words.city, "person": words.person, "time": values.time, "code": values.code}
    if sort != "noun":
        return makers[sort](rng, language)
    space = "" if language == "zh" else " "
    return space.join(words.noun(rng, language) for _ in range(rng.choice([1, 1, 2])))


def _day(rng: Random, language: Language) -> str:
    days = (
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday tomorrow today"
        if language == "en"
        else ("周一 周二 周三 周四 周五 周六 周日 明天 今天 后天")
    )
    return rng.choice([rng.choice(days.split()), values.date(rng, language)])


def _named(rng: Random, verb: str, noun: str) -> str:
    """As people name functions: create_invoice, createInvoice, invoice_create."""
    chance = rng.random()
    if chance < 0.75:
        return f"{verb}_{noun}"
    if chance < 0.9:
        return verb + "".join(part.capitalize() for part in noun.split("_"))
    return f"{noun}_{verb}"


def _about(rng: Random, verb: str, noun: str) -> str:
    thing = noun.replace("_", " ")
    return say(rng, f"{verb.capitalize()} [a|the|] {thing}[.|]").replace("  ", " ")


def _described(rng: Random, name: str, sort: str, value: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "string"}
    if isinstance(value, (int, float)):
        made["type"] = "integer" if isinstance(value, int) and rng.random() < 0.7 else "number"
    made["description"] = rng.choice(["The {}", "{}", "{} to use"]).format(name.replace("_", " ")).capitalize()
    if sort in _CHOICES and rng.random() < 0.6:
        others = rng.sample(_CHOICES[sort][0].split(), 3)
        made["enum"] = list(dict.fromkeys([*others, value]))
        rng.shuffle(made["enum"])
    return made


def _request(rng: Random, language: Language, verb: str, called: str, said: str) -> str:
    patterns = (_VERBS if language == "en" else _VERBS_ZH)[verb][0]
    end = rng.choice([".", "", ", please.", "?"] if language == "en" else ["。", "", "？"])
    return ask(rng, [patterns + end], language, t=called, p=said)


def _response(rng: Random, language: Language) -> tuple[Any, str]:
    """What the tool says, and the same for people; empty where it only says that it is done."""
    if rng.random() < 0.3:
        return rng.choice(["ok", "done", {"status": "ok"}, {"success": True}]), ""
    keys = rng.sample(_KEYS["keys"][0].split(), rng.choice([1, 1, 2, 2, 3]))
    made = {key: rng.choice([words.code(rng), words.number(rng), words.noun(rng, language)]) for key in keys}
    comma, colon = ("，", " ") if language == "zh" else (", ", " ")
    shown = comma.join(f"{key}{colon}{value}" for key, value in made.items())
    return {key: json_number(value) for key, value in made.items()}, shown


def _done(rng: Random, language: Language, called: str, arguments: dict[str, Any]) -> str:
    given = ("，" if language == "zh" else ", ").join(str(value) for value in arguments.values())
    return say(rng, _ANSWERS[f"ok {language}"], t=called, n=given)
