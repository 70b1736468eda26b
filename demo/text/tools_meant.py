"""Tools whose arguments a request means and does not spell: "make it cooler" is mode "cool", "halfway" is 50."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Any

from demo.text import words
from demo.text.conversation import LANGUAGES, Language
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import expand, tell
from demo.text.tool_parts import Use
from demo.text.tool_values import SORTS_OF_NUMBERS, value

_SLOT = re.compile(r"\{(\w+)\}")
_OTHER_LANGUAGE: dict[Language, float] = {"en": 0.12, "zh": 0.6}  # schemas that are not in the user's language
DONE: dict[Language, tuple[str, ...]] = {
    "en": ("Done.", "Done.", "That is done.", "OK, done."),
    "zh": ("好了。", "好了。", "已完成。", "好的，已经办好了。"),
}
"""What there is to say after a tool that only does something."""


@dataclass(frozen=True)
class _Parameter:
    """`choices` holds an enumeration: each value in its possible spellings, by the first of which cases name it."""

    slot: str
    names: list[str]
    sort: str
    choices: list[list[str]]
    about: dict[Language, str]
    needed: bool


@dataclass(frozen=True)
class _Tool:
    """A section of patterns/meant_tools.txt."""

    groups: tuple[str, ...]
    names: list[str]
    parameters: list[_Parameter]
    cases: dict[Language, list[tuple[dict[str, str], str]]]
    patterns: Section


def _parameter(line: str, needed: bool) -> _Parameter:
    slot, names, sort, en, zh = line.split(" ; ")
    choices = [choice.split("/") for choice in sort.split(", ")] if ", " in sort else []
    return _Parameter(slot, names.split("/"), sort, choices, {"en": en, "zh": zh}, needed)


def _case(line: str) -> tuple[dict[str, str], str]:
    """`mode=cool => [make it cooler|...]`: the values that the patterns mean, and the patterns."""
    meant, _, pattern = line.partition("=> ")
    return dict(part.split("=", 1) for part in meant.split()), pattern


def _tool(section: Section) -> _Tool:
    return _Tool(
        tuple(section["groups"][0].split()),
        section["names"][0].split(),
        [_parameter(line, key == "needs") for key in ("needs", "may") for line in section.get(key, [])],
        {language: [_case(line) for line in section[language]] for language in LANGUAGES},
        section,
    )


_TOOLS = [_tool(section) for section in read_patterns("meant_tools").values()]


def meant(rng: Random, language: Language) -> Use:
    return _use(rng, language, rng.choice(_TOOLS))


def several(rng: Random, language: Language, count: int) -> list[Use]:
    """Uses of `count` different tools."""
    return [_use(rng, language, tool) for tool in rng.sample(_TOOLS, count)]


def elsewhere(rng: Random, language: Language, offered: set[str]) -> str:
    """A request that no tool of the groups `offered` could fulfil."""
    return _use(rng, language, rng.choice([tool for tool in _TOOLS if not offered & set(tool.groups)])).question


def _use(rng: Random, language: Language, tool: _Tool) -> Use:
    spelled = {p.slot: _spelled(rng, p) for p in tool.parameters}
    names = {p.slot: rng.choice(p.names) for p in tool.parameters}
    fixed, pattern = rng.choice(tool.cases[language])
    text = expand(rng, pattern)
    given = {slot: _read(spelled[slot], word) for slot, word in fixed.items()}
    said: dict[str, str] = {}
    for p in tool.parameters:
        if p.slot in _SLOT.findall(text):
            given[p.slot], said[p.slot] = value(rng, language, p.sort)
    arguments = {names[p.slot]: given[p.slot] for p in tool.parameters if p.slot in given}
    return Use(
        _schema(rng, language, tool, names, spelled),
        tell(rng, [text + _end(rng, text, language)], language, **said),
        arguments,
        rng.choice(["ok", "done", {"status": "ok"}, {"success": True}, {"ok": True}, {"result": "done"}]),
        rng.choice(DONE[language]),
        tool.groups,
    )


def _spelled(rng: Random, parameter: _Parameter) -> dict[str, str]:
    """The enumeration of this schema: all values in spellings that go together."""
    at = rng.randrange(3)
    return {choice[0]: choice[min(at, len(choice) - 1)] for choice in parameter.choices}


def _read(spelled: dict[str, str], word: str) -> Any:
    if spelled:
        return spelled[word]
    return word == "true" if word in ("true", "false") else int(word)


def _end(rng: Random, text: str, language: Language) -> str:
    if text.endswith(("?", "？", "!", "！")):
        return ""
    return rng.choice(["", ".", "."] if language == "en" else ["", "。", "。"])


def _schema(
    rng: Random, language: Language, tool: _Tool, names: dict[str, str], spelled: dict[str, dict[str, str]]
) -> dict[str, Any]:
    other: Language = "zh" if language == "en" else "en"
    written = other if rng.random() < _OTHER_LANGUAGE[language] else language
    parameters = tool.parameters if rng.random() < 0.7 else rng.sample(tool.parameters, len(tool.parameters))
    name = rng.choice(tool.names) if rng.random() < 0.85 else words.invented_word(rng, 2)
    return {
        "name": name,
        "description": expand(rng, rng.choice(tool.patterns[f"about {written}"])),
        "parameters": {
            "type": "object",
            "properties": {
                names[p.slot]: _described(rng, p, written, list(spelled[p.slot].values())) for p in parameters
            },
            "required": [names[p.slot] for p in parameters if p.needed],
        },
    }


def _described(rng: Random, parameter: _Parameter, written: Language, choices: list[str]) -> dict[str, Any]:
    kind = "boolean" if parameter.sort == "bool" else SORTS_OF_NUMBERS.get(parameter.sort, "string")
    made: dict[str, Any] = {"type": kind}
    if choices:
        made["enum"] = rng.sample(choices, len(choices))
    if parameter.sort == "bool" or kind != "string" or rng.random() < 0.75:
        made["description"] = expand(rng, parameter.about[written])
    return made
