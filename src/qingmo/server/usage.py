"""How many tokens an answer took and how fast it came, in the words of OpenAI's API and of llama.cpp's."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Usage:
    """Counts and times of one HTTP request, all its prompts and choices together. Times are on the steady clock."""

    prompt_tokens: int
    arrived: float = field(default_factory=time.monotonic)
    cached_tokens: int = 0
    completion_tokens: int = 0
    first_token: float | None = None
    first_tokens: int = 0  # how many came with the first
    last_token: float | None = None

    def count(self, tokens: int) -> None:
        """This many tokens of the answer came just now."""
        self.last_token = time.monotonic()
        if self.first_token is None:
            self.first_token, self.first_tokens = self.last_token, tokens
        self.completion_tokens += tokens

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds since the request arrived."""
        return None if self.first_token is None else self.first_token - self.arrived

    def tokens(self) -> dict[str, Any]:
        """OpenAI's `usage`."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }

    def timings(self) -> dict[str, float]:
        """Milliseconds to the first token, and how many came each second after it; of these what can be told."""
        if self.first_token is None or self.last_token is None:
            return {}
        known = {"ttft_ms": round(1000 * (self.first_token - self.arrived), 1)}
        seconds = self.last_token - self.first_token
        if seconds > 0:
            known["tokens_per_second"] = round((self.completion_tokens - self.first_tokens) / seconds, 2)
        return known
