"""Grammars of tool calls as Qwen2.5 writes them, see model/tool_calls.py."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from qingmo.engine.grammar import Grammar, JsonPart, json_part, literal, one_of
from qingmo.engine.grammar_limits import refuse
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
    required: bool,
    control_tokens: Mapping[str, int],
    only: str | None = None,
    parallel: bool = True,
    field: str = "tools",
) -> Grammar:
    """Calls of tools with arguments that satisfy their parameters.

    required: the answer is a call, and nothing comes before it; otherwise it is free until it begins one. only: the
    one tool to call, once. parallel: whether several calls may follow one another. control_tokens: the vocabulary's.
    Raises InvalidRequestError naming the tool or the part of its parameters.
    """
    names = tool_names(tools, field)
    allowed = [i for i, name in enumerate(names) if only in (None, name)]
    if CALL_BEGIN not in control_tokens or CALL_END not in control_tokens:
        raise refuse(f"This model has no {CALL_BEGIN} token, so it cannot call tools. Leave them out.", field)
    if not allowed:
        raise refuse(f"There is no tool {only!r} in {field}.", "tool_choice")
    more = ' ("\\n" call)*' if parallel and only is None else ""
    opening, closing = literal('\n{"name": '), literal("}\n")
    rules: list[Any] = [f"start: call{more}\ncall: {CALL_BEGIN} {opening} function {closing} {CALL_END}\n"]
    rules.append(f"function: {one_of(f'function_{i}' for i in allowed)}\n")
    for i in allowed:
        name = literal(f'{json.dumps(names[i], ensure_ascii=False)}, "arguments": ')
        rules += [f"function_{i}: {name} ", _arguments(tools[i], f"{field}[{i}].function.parameters"), "\n"]
    return Grammar(tuple(rules), field, trigger=None if required else control_tokens[CALL_BEGIN])


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
