"""Tools that do something: set, switch, send, and <verb>_<anything>; the response only says that it is done."""

from __future__ import annotations

from random import Random
from typing import Any

from demo.text import words
from demo.text.conversation import Language
from demo.text.tool_parts import PATTERNS, Thing, Tool, Use, integer, room, schema, string, thing

_COMMON = (
    Thing("light", {"en": "light", "zh": "灯"}),
    Thing("light", {"en": "light", "zh": "灯"}),
    Thing("heater", {"en": "heater", "zh": "加热器"}),
    Thing("fan", {"en": "fan", "zh": "风扇"}),
)
_PARTS = {"half": 50, "full": 100, "none": 0, "quarter": 25, "most": 75}
"""Shares that are told in words, as percent."""
_IN_PERCENT = ("percent", "brightness", "volume", "position", "power", "level")
_VERBS = [pair.split("/") for pair in PATTERNS["act"]["verbs"]]
_MESSAGES = [row.split() for row in PATTERNS["message"]["tools"]]


def set_level(rng: Random, language: Language) -> Use:
    """set_<thing>(<level>), now and then of a room."""
    tool, about = Tool(rng, language, "set"), thing(rng)
    parameter, value, called = (
        tool.one_of("parameters"),
        rng.randint(0, 10 ** rng.choice([1, 2, 2, 3])),
        about.called[language],
    )
    parameters = {parameter: integer(rng, f"The {parameter}")}
    arguments: dict[str, Any] = {parameter: value}
    where = ""
    if rng.random() < 0.2:
        place = room(rng, language)
        where = f" in the {place}" if language == "en" else f"{place}的"
        parameters, arguments = {**parameters, "room": string("The room")}, {**arguments, "room": place}
    return Use(
        schema(rng, f"{tool.one_of('names')}_{about.spelled}", tool.about(about.called, p=parameter), parameters),
        tool.asked(v=value, t=called, w=where) if where else tool.asked_of(about, v=value, w=where),
        arguments,
        _done(rng, arguments),
        tool.answer(v=value, t=called, w=where),
    )


def set_part(rng: Random, language: Language) -> Use:
    """set_<thing>(<percent>), where the request says how much in words: half, all, none."""
    tool, about = Tool(rng, language, "set"), thing(rng)
    parameter, part, called = rng.choice(_IN_PERCENT), rng.choice(list(_PARTS)), about.called[language]
    described = rng.choice(["0 to 100", "Percent", "0 is off, 100 is all", "From 0 to 100", "百分比"])
    made = {"type": rng.choice(["integer", "integer", "number"]), "description": described}
    arguments = {parameter: _PARTS[part]}
    return Use(
        {
            "name": f"{tool.one_of('names')}_{about.spelled}",
            "description": tool.about(about.called, p=parameter),
            "parameters": {"type": "object", "properties": {parameter: made}, "required": [parameter]},
        },
        tool.asked(part, t=called),
        arguments,
        _done(rng, arguments),
        tool.answer(v=_PARTS[part], t=called, w=""),
    )


def switch(rng: Random, language: Language) -> Use:
    """set_<thing>(on or off), as a word or as true and false."""
    tool, about = Tool(rng, language, "switch"), rng.choice(_COMMON) if rng.random() < 0.35 else thing(rng)
    parameter, state = tool.one_of("parameters"), rng.choice(["on", "off"])
    called, value = about.called[language], _on_or_off(parameter, state)
    if isinstance(value, bool):
        kind = {"type": "boolean", "description": "On or off"}
    else:
        kind = string("on or off", **({"enum": ["on", "off"]} if rng.random() < 0.7 else {}))
    return Use(
        schema(rng, f"{tool.one_of('names')}_{about.spelled}", tool.about(about.called), {parameter: kind}),
        tool.asked(_hint(rng, about.spelled, state), t=called),
        {parameter: value},
        _done(rng, {parameter: value}),
        tool.answer(f"{state} answer", t=called),
    )


def _hint(rng: Random, spelled: str, state: str) -> str:
    """The patterns to ask with: for a few things also those that only say what is lacking."""
    hinted = f"{spelled} {state}"
    return hinted if f"{hinted} en" in PATTERNS["switch"] and rng.random() < 0.35 else state


def _on_or_off(parameter: str, state: str) -> bool | str:
    return state == "on" if parameter in ("on", "enabled") else state


def act(rng: Random, language: Language) -> Use:
    """<verb>_<thing>(<which>)."""
    tool, about, (verb, chinese) = Tool(rng, language, "act"), thing(rng), rng.choice(_VERBS)
    parameter, called, said = tool.one_of("parameters"), about.called[language], verb if language == "en" else chinese
    value: Any = rng.choice(
        [words.code(rng), words.number(rng), words.noun(rng, language), words.person(rng, language)]
    )
    kind = string(f"The {parameter}")
    if parameter in ("number", "minutes"):
        kind, value = integer(rng, f"The {parameter}"), rng.randint(1, 999)
    return Use(
        schema(rng, f"{verb}_{about.spelled}", f"{verb.capitalize()} the {about.called['en']}.", {parameter: kind}),
        tool.asked(V=said, t=called, v=value),
        {parameter: value},
        _done(rng, {parameter: value}),
        tool.answer(V=said, t=called, v=value),
    )


def message(rng: Random, language: Language) -> Use:
    """Tools of two strings, given one after the other."""
    tool, (name, first, second, chinese) = Tool(rng, language, "message"), rng.choice(_MESSAGES)
    a, b = _said(rng, language, first), _said(rng, language, second)
    spoken = name.replace("_", " ") if language == "en" else chinese
    return Use(
        schema(rng, name, f"{name.replace('_', ' ').capitalize()}.", {p: string(f"The {p}") for p in (first, second)}),
        tool.asked("ask" if rng.random() < 0.4 else name, t=spoken, T=spoken.capitalize(), x=first, y=second, a=a, b=b),
        {first: a, second: b},
        _done(rng, {}),
        tool.answer(a=a, b=b),
    )


def _said(rng: Random, language: Language, parameter: str) -> str:
    if parameter in ("time", "date"):
        return f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}"
    if parameter == "phone":
        return "".join(rng.choice("0123456789") for _ in range(rng.choice([5, 7, 11])))
    if parameter in ("to", "recipient", "name"):
        return words.person(rng, language)
    space = " " if language == "en" else ""
    return space.join(words.noun(rng, language) for _ in range(rng.randint(1, 3)))


def _done(rng: Random, arguments: dict[str, Any]) -> Any:
    return rng.choice(
        ["ok", "OK", "done", {"status": "ok"}, {"ok": True}, {"success": True}, {"status": "ok", **arguments}]
    )
