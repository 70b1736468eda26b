"""What has been said so far in a chat, and what of it is forgotten when it grows too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Questions and answers in turn. The system message, if any, stays in front of them for good."""

    system: str | None = None
    turns: tuple[Message, ...] = ()  # user, assistant, user, ...
    encode: Callable[[list[Message]], list[int]] = field(kw_only=True)  # to the ids of a prompt

    @property
    def messages(self) -> list[Message]:
        """All of it, as a chat template wants it."""
        system = [{"role": "system", "content": self.system}] if self.system is not None else []
        return [*system, *self.turns]

    def asked(self, text: str) -> Conversation:
        return replace(self, turns=(*self.turns, {"role": "user", "content": text}))

    def answered(self, text: str) -> Conversation:
        return replace(self, turns=(*self.turns, {"role": "assistant", "content": text}))

    def prompt(self) -> list[int]:
        """The ids up to where the assistant speaks next."""
        return self.encode(self.messages)

    def fitted(self, limit: int) -> Conversation:
        """Itself where its prompt leaves a quarter of `limit` tokens to the answer, else without its oldest turns.

        Forgetting goes on until half of `limit` is free: what is kept must be computed anew, so it should happen
        seldom. The last question is always kept.
        """
        if len(self.prompt()) <= limit * 3 // 4:
            return self
        kept = self
        while len(kept.turns) > 2 and len(kept.prompt()) > limit // 2:
            kept = replace(kept, turns=kept.turns[2:])
        return kept
