"""From a chat request's response_format and tools to the rules of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from qingmo.engine.answer_rules import AnswerRules, answer_rules
from qingmo.engine.grammar import Grammar, json_object_grammar, json_schema_grammar, regex_grammar
from qingmo.errors import InvalidRequestError
from qingmo.server.protocol import ChatRequest, ResponseFormat


async def chat_rules(body: ChatRequest, control_tokens: Mapping[str, int]) -> AnswerRules:
    """control_tokens: the vocabulary's. Raises InvalidRequestError naming the field."""
    if body.response_format is None and body.tools is None and body.tool_choice is None:
        return AnswerRules()
    return await asyncio.to_thread(_rules, body, control_tokens)  # schemas may be long


def _rules(body: ChatRequest, control_tokens: Mapping[str, int]) -> AnswerRules:
    # The model was taught descriptions of tools without `strict`.
    tools = [tool.model_dump(exclude_none=True, exclude={"function": {"strict"}}) for tool in body.tools or ()]
    form = None if body.response_format is None else _grammar(body.response_format)
    return answer_rules(form, tools, body.tool_choice, control_tokens, parallel=body.parallel_tool_calls is not False)


def _grammar(form: ResponseFormat) -> Grammar | None:
    if form.type == "json_schema":
        if form.json_schema is None:
            raise _missing("json_schema", form.type)
        return json_schema_grammar(form.json_schema.schema_, "response_format.json_schema.schema")
    if form.type == "regex":
        if form.pattern is None:
            raise _missing("pattern", form.type)
        return regex_grammar(form.pattern, "response_format.pattern")
    return json_object_grammar() if form.type == "json_object" else None


def _missing(name: str, kind: str) -> InvalidRequestError:
    field = f"response_format.{name}"
    return InvalidRequestError(f"The field {field} is missing; the type {kind} needs it.", field=field)
