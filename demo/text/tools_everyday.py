"""Everyday tools as an OpenAI client gives them: described as a whole and by parameter, among others of their kind."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from demo.text import words
from demo.text.conversation import Language
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import ask, expand, say, tell
from demo.text.tool_parts import Use
from demo.text.tool_values import CHOICES, SORTS_OF_NUMBERS, politely, value

_ENDS = {
    "ask": {"en": ["?", "?", "?", ""], "zh": ["？", "？", "？", ""]},
    "do": {"en": [".", ".", "", ", please."], "zh": ["。", "。", ""]},
}
_WORDS = ("sentence", "task", "topic")  # sorts of free words
_FAILED: dict[Language, str] = {"en": "That did not work: {}.", "zh": "没有成功：{}。"}
_OTHER_LANGUAGE: dict[Language, float] = {"en": 0.1, "zh": 0.5}  # schemas that are not in the user's language


@dataclass(frozen=True)
class Parameter:
    """`slot` stands for it in the patterns; the schema may give it any of `names`."""

    slot: str
    names: list[str]
    sort: str
    about: dict[Language, str]


@dataclass(frozen=True)
class Everyday:
    """A section of patterns/everyday_tools.txt."""

    groups: list[str]
    names: list[str]
    needed: list[Parameter]
    optional: list[Parameter]
    patterns: Section


def _parameters(lines: list[str]) -> list[Parameter]:
    rows = [line.split(" ; ") for line in lines]
    return [Parameter(slot, names.split("/"), sort, {"en": en, "zh": zh}) for slot, names, sort, en, zh in rows]


_TOOLS = [
    Everyday(
        section["groups"][0].split(),
        section["names"][0].split(),
        _parameters(section.get("needs", [])),
        _parameters(section.get("may", [])),
        section,
    )
    for section in read_patterns("everyday_tools").values()
]
_SEVERAL = ("city", "room", "code", "symbol", "order")  # sorts of what one request may name two of
_AND: dict[Language, str] = {"en": "{a} [and|and|and also] {b}", "zh": "{a}[和|和|跟|还有]{b}"}
_SHARED = (*CHOICES, *SORTS_OF_NUMBERS, "person")  # and of what then holds for both
_FOR_MORE_THAN_ONE = [
    tool
    for tool in _TOOLS
    if [p.sort in _SEVERAL for p in tool.needed].count(True) == 1
    and all(p.sort in _SEVERAL or p.sort in _SHARED for p in tool.needed)
]
_GROUPS = sorted({group for tool in _TOOLS for group in tool.groups})


def everyday(rng: Random, language: Language) -> Use:
    return _use(rng, language, rng.choice(_TOOLS))


def alike(rng: Random, language: Language, count: int) -> list[Use]:
    """Uses of up to `count` tools of one group, so that names and descriptions have to be told apart."""
    group = rng.choice(_GROUPS)
    members = [tool for tool in _TOOLS if group in tool.groups]
    return [_use(rng, language, tool) for tool in rng.sample(members, min(count, len(members)))]


def twice(rng: Random, language: Language) -> tuple[Use, Use]:
    """Two uses of one tool that one request asks for: the weather in one city and in another."""
    tool = rng.choice(_FOR_MORE_THAN_ONE)
    names = {parameter.slot: rng.choice(parameter.names) for parameter in tool.needed + tool.optional}
    given = {parameter.slot: value(rng, language, parameter.sort) for parameter in tool.needed}
    (several,) = (parameter for parameter in tool.needed if parameter.sort in _SEVERAL)
    other = given
    while other == given:
        other = {**given, several.slot: value(rng, language, several.sort)}
    said, said_of_other = ({slot: spoken for slot, (_, spoken) in each.items()} for each in (given, other))
    both = say(rng, _AND[language], a=said[several.slot], b=said_of_other[several.slot])
    question = _question(rng, language, tool, [], {**said, several.slot: both})
    schema = _schema(rng, language, tool, names)
    first, second = (
        Use(
            schema,
            question,
            {names[slot]: argument for slot, (argument, _) in each.items()},
            *_reply(rng, language, tool, spoken),
            tuple(tool.groups),
        )
        for each, spoken in ((given, said), (other, said_of_other))
    )
    return first, second


def elsewhere(rng: Random, language: Language, uses: list[Use]) -> str:
    """A request that only a tool of quite another kind than all of `uses` could fulfil."""
    offered = {name for used in uses for name in used.groups}
    tool = rng.choice([tool for tool in _TOOLS if not offered & set(tool.groups)])
    return _use(rng, language, tool).question


def _use(rng: Random, language: Language, tool: Everyday) -> Use:
    optional = [parameter for parameter in tool.optional if rng.random() < 0.4]
    given = {parameter.slot: value(rng, language, parameter.sort) for parameter in tool.needed + optional}
    said = {slot: spoken for slot, (_, spoken) in given.items()}
    names = {parameter.slot: rng.choice(parameter.names) for parameter in tool.needed + tool.optional}
    response, answer = _reply(rng, language, tool, said)
    return Use(
        _schema(rng, language, tool, names),
        _question(rng, language, tool, optional, said),
        {names[slot]: argument for slot, (argument, _) in given.items()},
        response,
        answer,
        tuple(tool.groups),
    )


def _question(rng: Random, language: Language, tool: Everyday, optional: list[Parameter], said: dict[str, str]) -> str:
    kind = rng.choice([kind for kind in _ENDS if f"{kind} {language}" in tool.patterns])
    pattern = rng.choice(tool.patterns[f"{kind} {language}"])
    more = "".join(rng.choice(tool.patterns[f"with {parameter.slot} {language}"]) for parameter in optional)
    text = expand(rng, pattern + more)
    if kind == "do" and rng.random() < 0.25:
        text = politely(rng, text, language)
    last = next((p.sort for p in tool.needed + optional if text.endswith("{" + p.slot + "}")), "")
    if last in _WORDS:  # a polite word after it could be its own
        return tell(rng, [text + rng.choice(["", "." if language == "en" else "。"])], language, **said)
    return ask(rng, [text + rng.choice(_ENDS[kind][language])], language, **said)


def _reply(rng: Random, language: Language, tool: Everyday, said: dict[str, str]) -> tuple[str, str]:
    """The response, and the answer in words: both have the same values."""
    if rng.random() < 0.06:
        failed = value(rng, language, "error")[1]
        return f'{{"error": "{failed}"}}', _FAILED[language].format(failed)
    found = {
        "n": words.number(rng),
        "c": words.code(rng),
        "a": words.noun(rng, language),
        "p": words.person(rng, language),
        "t": value(rng, language, "clock")[1],
        "d": value(rng, language, "day")[1],
        "g": str(rng.randint(-15, 40)),
        "s": value(rng, language, "sky")[1],
    }
    response, answer = rng.choice(tool.patterns[f"reply {language}"]).split(" => ")
    return expand(rng, response, **found, **said), say(rng, answer, **found, **said)


def _schema(rng: Random, language: Language, tool: Everyday, names: dict[str, str]) -> dict[str, Any]:
    other: Language = "zh" if language == "en" else "en"
    written = other if rng.random() < _OTHER_LANGUAGE[language] else language
    parameters = tool.needed + tool.optional
    bare = rng.random() < 0.2
    shown: dict[str, Any] = {
        "type": "object",
        "properties": {names[p.slot]: _described(rng, p, written, bare) for p in parameters},
    }
    if rng.random() < 0.9:
        shown["required"] = [names[p.slot] for p in tool.needed]
    if rng.random() < 0.1:
        shown["additionalProperties"] = False
    name, about = _named(rng, rng.choice(tool.names)), expand(rng, rng.choice(tool.patterns[f"about {written}"]))
    if rng.random() < 0.08:
        return {"name": name, "parameters": shown}
    if rng.random() < 0.2:  # only the description tells
        name = rng.choice(["{}", "{}", "tool_{}", "do_{}", "run_{}"]).format(words.invented_word(rng, 2))
    return {
        "name": name,
        "description": about + rng.choice(["", "." if written == "en" else "。"]),
        "parameters": shown,
    }


def _named(rng: Random, name: str) -> str:
    if rng.random() < 0.88:
        return name
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def _described(rng: Random, parameter: Parameter, written: Language, bare: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"type": SORTS_OF_NUMBERS.get(parameter.sort, "string")}
    if not bare:
        made["description"] = expand(rng, parameter.about[written])
    if parameter.sort in CHOICES:
        made["enum"] = [choice[0] for choice in CHOICES[parameter.sort]]
    return made
