"""Chat messages and tools as a request brings them, checked, and put in the one form templates are written for."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from typing import Any

from qingmo.errors import InvalidRequestError
from qingmo.model.tokenizer import require_text

ROLES = ("system", "user", "assistant", "tool")
_MAX_DEPTH = 64  # of nested lists and objects; JSON schemas of real tools stay below 20


def check_messages(messages: object) -> list[dict[str, Any]]:
    """A deep copy of `messages` in plain dicts and lists: text parts joined, tool arguments as objects.

    Raises InvalidRequestError naming the field, such as messages[2].role.
    """
    if not isinstance(messages, list | tuple) or not messages:
        raise _bad("messages", messages, "a list of at least one message")
    return [_check_message(message, f"messages[{i}]") for i, message in enumerate(messages)]


def check_tools(tools: object) -> list[dict[str, Any]] | None:
    """A deep copy of `tools`; None where there are none. Raises InvalidRequestError naming the field."""
    if tools is None:
        return None
    if not isinstance(tools, list | tuple):
        raise _bad("tools", tools, "a list of objects")
    for i, tool in enumerate(tools):
        if not isinstance(tool, Mapping):
            raise _bad(f"tools[{i}]", tool, "an object that describes a function")
    return [_copy(tool, f"tools[{i}]") for i, tool in enumerate(tools)] or None


def _check_message(message: object, field: str) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        raise _bad(field, message, "an object with a role and a content")
    role = message.get("role")
    if role not in ROLES:
        raise _bad(f"{field}.role", role, f"one of {', '.join(ROLES)}")
    calls = _check_tool_calls(message.get("tool_calls"), role, f"{field}.tool_calls")
    content = _content(message.get("content"), f"{field}.content", optional=bool(calls))
    known = {"role": role, "content": content, "tool_calls": calls}
    others = _copy({k: v for k, v in message.items() if k not in known}, field)
    return {key: known[key] if key in known else others[key] for key in message}


def _content(content: object, field: str, *, optional: bool) -> str | None:
    if content is None and optional:
        return None
    if isinstance(content, str):
        require_text(content, field)
        return content
    if isinstance(content, list | tuple):
        return "".join(_text_part(part, f"{field}[{i}]") for i, part in enumerate(content))
    raise _bad(field, content, "a string or a list of text parts")


def _text_part(part: object, field: str) -> str:
    if not isinstance(part, Mapping) or not isinstance(part.get("type"), str):
        raise _bad(field, part, 'an object like {"type": "text", "text": "..."}')
    if part["type"] != "text":
        raise InvalidRequestError(
            f"{field} is of type {part['type']!r}; this model reads text only, so send text parts.", field=field
        )
    require_text(part.get("text"), f"{field}.text")
    return str(part["text"])


def _check_tool_calls(calls: object, role: str, field: str) -> list[Any] | None:
    """A copy of a message's calls. OpenAI's clients send arguments as JSON text; templates, and the data models were
    trained on, have the object, so text that is one becomes one."""
    if calls is None:
        return None
    if role != "assistant":
        raise InvalidRequestError(f"{field} is in a message of the {role}; only an assistant calls tools.", field=field)
    if not isinstance(calls, list | tuple):
        raise _bad(field, calls, "a list of calls")
    return [_check_tool_call(_copy(call, f"{field}[{i}]"), f"{field}[{i}]") for i, call in enumerate(calls)]


def _check_tool_call(call: Any, field: str) -> dict[str, Any]:
    function = call.get("function", call) if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise _bad(field, call, 'an object like {"function": {"name": "...", "arguments": {}}}')
    if isinstance(function.get("arguments"), str):
        function["arguments"] = _parsed(function["arguments"], f"{field}.function.arguments")
    return dict(call)


def _parsed(arguments: str, field: str) -> Any:
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return _copy(value, field) if isinstance(value, dict) else arguments


def _copy(value: object, field: str, depth: int = 0) -> Any:
    if depth > _MAX_DEPTH:
        raise InvalidRequestError(f"{field} is nested more than {_MAX_DEPTH} deep; flatten it.", field=field)
    if isinstance(value, str):
        require_text(value, field)
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_copy(item, f"{field}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            require_text(key, f"{field}: the key {reprlib.repr(key)}")
        return {key: _copy(item, f"{field}.{key}", depth + 1) for key, item in value.items()}
    raise _bad(field, value, "what JSON can hold")


def _bad(field: str, value: object, wanted: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field} is {reprlib.repr(value)}; it must be {wanted}.", field=field)
