"""A held-out prompt and what a right answer to it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.held_out.rules import Rule
from demo.held_out.rules.text import first_complaint

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation that ends with a question, an answer a person would give, and the rules every right one keeps."""

    messages: tuple[Message, ...]
    right: str
    rules: tuple[Rule, ...]
    tools: tuple[Mapping[str, Any], ...] = ()

    def complaint(self, answer: str) -> str | None:
        """What is wrong with an answer; None where it is right."""
        return first_complaint(answer, self.rules)

    @property
    def question(self) -> str:
        return str(self.messages[-1]["content"])


@dataclass(frozen=True, slots=True)
class Kind:
    """What the model must be able to do. `paraphrased` asks the same things as people do who do not know the docs."""

    name: str
    plain: tuple[Case, ...]
    paraphrased: tuple[Case, ...]

    @property
    def cases(self) -> tuple[Case, ...]:
        return (*self.plain, *self.paraphrased)


def ask(
    question: str,
    right: str,
    *rules: Rule,
    system: str | None = None,
    before: Sequence[str] = (),
    tools: Sequence[Mapping[str, Any]] = (),
) -> Case:
    """A case in one line. before: the turns so far, the user's and the assistant's by turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate((*before, question))]
    instructions = [{"role": "system", "content": system}] if system is not None else []
    return Case((*instructions, *messages), right, rules, tuple(tools))
