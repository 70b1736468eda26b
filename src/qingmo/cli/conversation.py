"""What has been said so far in a chat, and what of it is forgotten when it grows too long."""

from __future__ import annotations

from dataclasses import dataclass, field

Message = dict[str, str]


@dataclass(slots=True)
class Conversation:
    """Questions and answers in turn. The system message, if any, stays in front of them for good."""

    system: str | None = None
    turns: list[Message] = field(default_factory=list)  # user, assistant, user, ...

    @property
    def messages(self) -> list[Message]:
        """All of it, as a chat template wants it."""
        system = [{"role": "system", "content": self.system}] if self.system is not None else []
        return system + self.turns

    def ask(self, text: str) -> None:
        self.turns.append({"role": "user", "content": text})

    def answer(self, text: str) -> None:
        self.turns.append({"role": "assistant", "content": text})

    def take_back(self) -> None:
        """Remove a question that got no answer."""
        self.turns.pop()

    def forget_oldest(self) -> bool:
        """Drop the first question and its answer. False, and nothing dropped, where only the last question is left."""
        if len(self.turns) < 3:
            return False
        del self.turns[:2]
        return True

    def reset(self) -> None:
        self.turns.clear()
