"""Grammars of tool calls as Qwen2.5 writes them, see model/tool_calls.py."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from qingmo.engine.grammar import Grammar, JsonPart, json_part, literal
from qingmo.engine.grammar_limits import MAX_BYTES, refuse
from qingmo.errors import InvalidRequestError
from qingmo.model.tool_calls import CALL_BEGIN, CALL_END

MAX_TOOLS = 128
MAX_NAME = 128  # characters


def tool_name(tool: Any, field: str) -> str:
    """The name of a tool, {"type": "function", "function": {"name": ...}}. Raises InvalidRequestError."""
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping):
        raise refuse('must be an object like {"type": "function", "function": {"name": "...", ...}}.', field)
    name = function.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
        raise refuse(f"must be a string of 1 to {MAX_NAME} characters.", f"{field}.function.name")
    return name


def tool_names(tools: Sequence[Any], field: str = "tools") -> list[str]:
    """The names of tools, each once. Raises InvalidRequestError naming the tool."""
    if len(tools) > MAX_TOOLS:
        raise refuse(f"has {len(tools)} tools; {MAX_TOOLS} is the most.", field)
    names: list[str] = []
    for index, tool in enumerate(tools):
        name = tool_name(tool, f"{field}[{index}]")
        if name in names:
            raise refuse(f"is {name!r}, which another tool has too.", f"{field}[{index}].function.name")
        names.append(name)
    return names


def tool_grammar(
    tools: Sequence[Any],
    *,
    control_tokens: Mapping[str, int],
    required: bool = False,
    only: str | None = None,
    parallel: bool = True,
    answer: Grammar | None = None,
    field: str = "tools",
) -> Grammar:
    """Calls of tools with arguments that satisfy their parameters.

    control_tokens: the vocabulary's. required: the answer is a call, and nothing comes before it; otherwise it is free
    until it begins one, or, where `answer` is given, either a call or like that. only: the one tool to call, once.
    parallel: whether several calls may follow one another.
    Raises InvalidRequestError naming the tool or the part of its parameters.
    """
    names = tool_names(tools, field)
    if CALL_BEGIN not in control_tokens or CALL_END not in control_tokens:
        raise InvalidRequestError(f"This model has no {CALL_BEGIN} token, so it cannot call tools.", field=field)
    if only is not None and only not in names:
        raise InvalidRequestError(f"tool_choice names {only!r}, which is none of the tools.", field="tool_choice")
    allowed = [i for i, name in enumerate(names) if only in (None, name)]
    free = not required and answer is None
    rules: list[str | JsonPart] = [f"start: calls{' | answer' if answer and not required else ''}\n"]
    rules += [_calls(allowed, several=parallel and only is None)]
    for i in allowed:
        name = literal(f'{json.dumps(names[i], ensure_ascii=False)}, "arguments": ')
        rules += [f"function_{i}: {name} ", _arguments(tools[i], f"{field}[{i}].function.parameters"), "\n"]
    size = sum(len(rule.schema.encode()) for rule in rules if isinstance(rule, JsonPart))
    if size > MAX_BYTES:
        raise refuse(f"has parameters of {size} bytes without their descriptions; {MAX_BYTES} is the most.", field)
    if answer is not None and not required:
        rules += [f"answer{str(answer.rules[0]).removeprefix('start')}", *answer.rules[1:], "\n"]
    return Grammar(tuple(rules), field, trigger=control_tokens[CALL_BEGIN] if free else None)


def _calls(allowed: Sequence[int], *, several: bool) -> str:
    more = ' ("\\n" call)*' if several else ""
    opening, closing = literal('\n{"name": '), literal("}\n")
    functions = " | ".join(f"function_{i}" for i in allowed)
    return f"calls: call{more}\ncall: {CALL_BEGIN} {opening} function {closing} {CALL_END}\nfunction: {functions}\n"


def _arguments(tool: Any, field: str) -> JsonPart:
    """The schema of a tool's arguments, an object; a tool that says nothing of them takes none."""
    parameters = tool["function"].get("parameters")
    schema = {} if parameters is None else parameters
    if isinstance(schema, Mapping):
        nothing: dict[str, Any] = {} if schema.keys() & {"$ref", "allOf", "anyOf", "oneOf"} else {"properties": {}}
        schema = {"type": "object", **nothing, **schema}
        if schema["type"] != "object":
            raise refuse(f'is {reprlib.repr(schema["type"])}; arguments are an "object".', f"{field}.type")
    return json_part(schema, field)
