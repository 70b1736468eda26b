"""Rules about tool calls in Qwen2.5's format: <tool_call>, a line of JSON with name and arguments, </tool_call>."""

from __future__ import annotations

import json
import re
from typing import Any

from demo.held_out.rules import Rule

_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)


def calls(name: str, /, **arguments: Any) -> Rule:
    """One call of this tool with these arguments and no others.

    An argument is a value, a tuple of values that are all right, or a pattern that is found in what was given.
    Letter case and outer spaces of text do not count.
    """

    def rule(answer: str) -> str | None:
        found = _CALL.findall(answer)
        if len(found) != 1 or answer.count("<tool_call>") != 1:
            return f"has {len(found)} whole tool calls; 1 is wanted"
        try:
            call = json.loads(found[0])
            given_name, given = call["name"], dict(call["arguments"])
        except (ValueError, KeyError, TypeError) as error:
            return f"{found[0]!r} is no object with name and arguments ({error!r})"
        if given_name != name:
            return f"calls {given_name}, not {name}"
        if given.keys() != arguments.keys():
            return f"gives {', '.join(given) or 'no argument'}; {', '.join(arguments) or 'none'} is wanted"
        wrong = [key for key, wanted in arguments.items() if not _is_right(given[key], wanted)]
        return f"gives {wrong[0]} as {given[wrong[0]]!r}" if wrong else None

    return rule


def no_call(answer: str) -> str | None:
    """It answers in words."""
    if "tool_call>" in answer:
        return "calls a tool"
    return None if answer.strip() else "says nothing"


def _is_right(given: Any, wanted: Any) -> bool:
    if isinstance(wanted, tuple):
        return any(_is_right(given, each) for each in wanted)
    if isinstance(wanted, re.Pattern):
        return isinstance(given, str) and wanted.search(given) is not None
    if isinstance(wanted, str):
        return isinstance(given, str) and given.strip().casefold() == wanted.casefold()
    if isinstance(wanted, bool) or isinstance(given, bool):
        return given is wanted
    return bool(given == wanted)
