"""What a request says about the form of its answer: a schema, a pattern, tools and which of them to call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from qingmo.engine.grammar import Grammar
from qingmo.engine.grammar_limits import refuse
from qingmo.engine.grammar_tools import tool_grammar, tool_name, tool_names
from qingmo.errors import InvalidRequestError
from qingmo.model.tool_calls import CALL_BEGIN
from qingmo.sampling_params import SamplingParams

CHOICES = ("none", "auto", "required")
_NO_CALL = -100.0


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """grammar: what holds of the answer, if anything. tools: those the model is told of. names: of the tools that the
    answer may call; where there are any, it is read by a ToolCallParser. banned: tokens that do not come."""

    grammar: Grammar | None = None
    tools: Sequence[Any] | None = None
    names: tuple[str, ...] = ()
    banned: tuple[int, ...] = ()

    def applied(self, params: SamplingParams) -> SamplingParams:
        """Sampling parameters that heed the bans."""
        if not self.banned:
            return params
        return replace(params, logit_bias={**(params.logit_bias or {}), **dict.fromkeys(self.banned, _NO_CALL)})


def answer_rules(
    form: Grammar | None,
    tools: Sequence[Any] | None,
    tool_choice: object,
    control_tokens: Mapping[str, int],
    *,
    parallel: bool = True,
) -> AnswerRules:
    """form: what an answer looks like that calls no tool; None: as it likes.

    tool_choice: "none", "auto" (also None), "required", or {"type": "function", "function": {"name": ...}}.
    Raises InvalidRequestError naming the field.
    """
    if not tools:
        if tool_choice not in (None, "none", "auto"):
            raise InvalidRequestError("tool_choice asks for a call, but there are no tools.", field="tool_choice")
        return AnswerRules(form)
    if tool_choice == "none":
        tool_names(tools)
        return AnswerRules(form, banned=tuple(control_tokens[name] for name in [CALL_BEGIN] if name in control_tokens))
    only = _named(tool_choice)
    grammar = tool_grammar(
        tools,
        control_tokens=control_tokens,
        required=only is not None or tool_choice == "required",
        only=only,
        parallel=parallel,
        answer=form,
    )
    return AnswerRules(grammar, tools, tuple(tool_names(tools)))


def _named(tool_choice: object) -> str | None:
    if tool_choice is None or tool_choice in CHOICES:
        return None
    if isinstance(tool_choice, Mapping):
        return tool_name(tool_choice, "tool_choice")
    raise refuse(
        'must be "none", "auto", "required" or {"type": "function", "function": {"name": "..."}}.', "tool_choice"
    )
