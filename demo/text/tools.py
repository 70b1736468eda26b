"""Kind 12: tool calls in Qwen2.5's format, and what follows a tool's response."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from demo.text import (
    arithmetic,
    code,
    greenhouse,
    tools_everyday,
    tools_made_up,
    tools_meant,
    tools_records,
    tools_that_act,
    tools_that_read,
    tools_two_calls,
    units,
    unknown,
    verse,
)
from demo.text.conversation import LANGUAGES, Call, Conversation, Language, Message, Turn
from demo.text.facts import COMMON, GREETINGS, IDENTITY, USAGE
from demo.text.phrase import expand, say
from demo.text.tool_parts import Use

_SORTS = {
    tools_that_read.weather: 3,
    tools_that_read.time: 2,
    tools_that_read.sensor: 1,
    tools_that_read.search: 2,
    tools_that_read.calculate: 1,
    tools_that_read.read: 3,
    tools_that_act.set_level: 4,
    tools_that_act.set_part: 2,
    tools_that_act.switch: 3,
    tools_that_act.act: 2,
    tools_that_act.message: 1,
    tools_made_up.made_up: 9,
    tools_everyday.everyday: 9,
    tools_meant.meant: 6,
    tools_records.record: 6,
}
_ALIKE = 0.4  # the share of conversations whose tools have to be told apart by their descriptions
_SET = 0.12  # and of those whose tools set different things, so that their names tell them apart
_SETTERS = (tools_that_act.set_level, tools_that_act.set_level, tools_that_act.switch, tools_that_act.set_part)
_TWICE = 0.05  # of those with one tool called for two things, and of the requests for two tools at once
_BOTH = 0.13
_MEANT = 0.2  # and of those where requests mean what they do not spell
_NO_TOOL = {
    "en": "[None of my tools can do that.|I have no tool for that.|Sorry, I have no tool for that.]",
    "zh": "[我没有能做这件事的工具。|抱歉，我没有这样的工具。|我的工具做不了这件事。]",
}
_OTHERS = {  # and the groups of tools that could be called for such a question
    greenhouse.turn: {"farm", "home"},
    verse.turn: set[str](),
    code.turn: {"files"},
    unknown.turn: {"world", "day", "money", "food", "web", "media", "shop", "language", "numbers", "city"},
}
_NO_CALL = (*IDENTITY, *GREETINGS, *USAGE, *COMMON)


def conversation(rng: Random) -> Conversation:
    """Some tools; a question that needs one of them, or none; sometimes the response and what follows from it."""
    language: Language = rng.choice(LANGUAGES)
    if rng.random() < _TWICE:
        return _twice(rng, language)
    chance = rng.random()
    if chance < _ALIKE:
        uses = tools_everyday.alike(rng, language, rng.choice([2, 2, 3, 3, 4]))
    elif chance < _ALIKE + _MEANT:
        uses = _of_different_names(tools_meant.several(rng, language, rng.choice([1, 2, 2, 3, 4])))
    elif chance < _ALIKE + _MEANT + _SET:
        uses = _of_different_names([rng.choice(_SETTERS)(rng, language) for _ in range(rng.choice([2, 3, 3, 4, 5]))])
    else:
        uses = _different(rng, language, rng.choice([1, 1, 2, 2, 2, 3, 3, 4, 6]))
    messages: list[Message] = []
    if rng.random() < 0.3:
        messages.append(Message("system", expand(rng, rng.choice(_SYSTEMS[language]))))
    for used in rng.sample(uses, min(len(uses), rng.choice([1, 2, 3, 4]))):
        if rng.random() < 0.2:
            messages += _without_call(rng, language, uses)
        messages += _with_calls(rng, language, used, uses)
    if rng.random() < 0.15:
        messages = [m for m in messages if m.role == "system"] + _without_call(rng, language, uses)
    return Conversation(messages, [_wrapped(rng, used.schema) for used in uses])


_SYSTEMS = {
    "en": [
        "You are a helpful assistant[.|. Use the tools where they help.]",
        "You [control|look after|manage] [a greenhouse|a house|an office|a farm].",
        "Use tools when needed[.|; otherwise answer directly.]",
    ],
    "zh": [
        "你是[一个|][有用的|]助手[。|，可以使用工具。]",
        "你[负责|管理|控制][温室|大棚|房子|办公室]。",
        "需要时使用工具[。|，否则直接回答。]",
    ],
}


def _different(rng: Random, language: Language, count: int) -> list[Use]:
    """Uses of `count` tools of different names."""
    by_name: dict[str, Use] = {}
    while len(by_name) < count:
        made = rng.choices(list(_SORTS), list(_SORTS.values()))[0](rng, language)
        by_name.setdefault(made.schema["name"], made)
    return list(by_name.values())


def _of_different_names(uses: list[Use]) -> list[Use]:
    return list({used.schema["name"]: used for used in uses}.values())


def _wrapped(rng: Random, schema: dict[str, Any]) -> dict[str, Any]:
    return schema if rng.random() < 0.05 else {"type": "function", "function": schema}


def _twice(rng: Random, language: Language) -> Conversation:
    """Two calls of one tool, among others."""
    first, second = tools_everyday.twice(rng, language)
    others = tools_meant.several(rng, language, rng.choice([0, 0, 1, 2]))
    uses = _of_different_names([first, *others])
    rng.shuffle(uses)
    messages = _called(rng, language, first.question, [first, second])
    return Conversation(messages, [_wrapped(rng, used.schema) for used in uses])


def _with_calls(rng: Random, language: Language, used: Use, uses: list[Use]) -> list[Message]:
    """A request for one thing, now and then for one of another tool as well."""
    other = rng.choice(uses)
    if other is not used and rng.random() < _BOTH:
        both = tools_two_calls.request(rng, language, used, other)
        if both:
            return _called(rng, language, both, [used, other])
    return _called(rng, language, used.question, [used])


def _called(rng: Random, language: Language, question: str, uses: list[Use]) -> list[Message]:
    """The question, the calls that answer it, and mostly what came of them."""
    calls = [Call(used.schema["name"], used.arguments) for used in uses]
    called = [Message("user", question), Message("assistant", "", calls)]
    if rng.random() < 0.22:
        return called
    answer = uses[0].answer if len(uses) == 1 else tools_two_calls.answers(language, *uses)
    responses = [Message("tool", _written(rng, used.response)) for used in uses]
    return [*called, *responses, Message("assistant", answer)]


def _written(rng: Random, response: Any) -> str:
    if isinstance(response, str):
        return response
    return json.dumps(response, ensure_ascii=False, separators=(", ", ": ") if rng.random() < 0.8 else (",", ":"))


def _without_call(rng: Random, language: Language, uses: list[Use]) -> list[Message]:
    """A question that none of the tools is for, answered in words."""
    groups = {group for used in uses for group in used.groups}
    if rng.random() < 0.35 and all(used.groups for used in uses) and "web" not in groups:
        if rng.random() < 0.6:
            request = tools_everyday.elsewhere(rng, language, uses)
        else:
            request = tools_meant.elsewhere(rng, language, groups)
        return Turn(request, say(rng, _NO_TOOL[language])).messages()
    calculates = "numbers" in groups or any("calc" in used.schema["name"] for used in uses)
    if rng.random() < 0.3 and not calculates:
        return rng.choice([arithmetic.turn, units.turn])(rng, language).messages()
    if rng.random() < 0.25:
        fitting = [turn for turn, unfit in _OTHERS.items() if all(used.groups for used in uses) and not groups & unfit]
        return rng.choice(fitting or [verse.turn, code.turn])(rng, language).messages()
    return rng.choice(_NO_CALL).turn(rng, language).messages()
