"""What LLM.generate and LLM.chat give back: plain data."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The log probability of a token under the unmodified logits, and of the likeliest ones at its place."""

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...]  # (token id, logprob), likeliest first


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants to be called."""

    name: str
    arguments: str  # JSON; cut off where the answer was


@dataclass(slots=True)
class CompletionOutput:
    """One answer."""

    index: int
    text: str = ""  # without its calls of tools
    token_ids: list[int] = field(default_factory=list)  # the end-of-sequence token included
    finish_reason: str | None = None
    """"stop": it ended by itself or at a stop string; "length": a limit was reached; "tool_calls": it calls tools."""
    logprobs: list[TokenLogprob] | None = None  # one a token, where asked for
    tool_calls: list[ToolCall] = field(default_factory=list)


@dataclass(slots=True)
class Completion:
    """The answers to one prompt. `text` and the like are those of the first."""

    prompt: str | None  # None where the prompt was given as ids or as a conversation
    prompt_token_ids: list[int]
    outputs: list[CompletionOutput]
    num_cached_tokens: int = 0  # of the prompt, how many were found in the prefix cache

    @property
    def text(self) -> str:
        return self.outputs[0].text

    @property
    def token_ids(self) -> list[int]:
        return self.outputs[0].token_ids

    @property
    def finish_reason(self) -> str | None:
        return self.outputs[0].finish_reason

    @property
    def logprobs(self) -> list[TokenLogprob] | None:
        return self.outputs[0].logprobs

    @property
    def tool_calls(self) -> list[ToolCall]:
        return self.outputs[0].tool_calls
