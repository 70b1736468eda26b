"""What the generator makes: conversations in the shape of the chat template's input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
Role = Literal["system", "user", "assistant", "tool"]

QWEN_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
"""What the template puts first where the conversation brings no system message: most requests the model will see."""


@dataclass(frozen=True)
class Call:
    """A tool call of the assistant."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    role: Role
    content: str
    calls: Sequence[Call] = ()


@dataclass(frozen=True)
class Turn:
    """A question and the answer the model is to learn."""

    question: str
    answer: str

    def messages(self) -> list[Message]:
        return [Message("user", self.question), Message("assistant", self.answer)]


@dataclass(frozen=True)
class Conversation:
    """Messages, the system message first where there is one, and the tools as OpenAI-style JSON objects."""

    messages: Sequence[Message]
    tools: Sequence[Mapping[str, Any]] = ()
