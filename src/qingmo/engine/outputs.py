"""What an engine reports after each step: plain data."""

from __future__ import annotations

from dataclasses import dataclass

from qingmo.engine.sequence import FinishReason

NO_TOKEN = -1


@dataclass(frozen=True, slots=True)
class TokenOutput:
    """One new token of one answer. The last of an answer carries its finish reason."""

    request_id: int
    choice: int
    token_id: int  # NO_TOKEN where the answer was cut off ("abort")
    text: str  # new text, safe to show; may be "" while a character or a stop string is incomplete
    finish_reason: FinishReason | None
    cached_prompt_tokens: int  # of the prompt, how many were found in the prefix cache
    logprob: float | None = None
    top_logprobs: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """How things stand after a step."""

    queue: tuple[int, ...]  # requests not begun, in the order in which they would begin if none joined them
    prompt_progress: tuple[tuple[int, int], ...]  # (request, its tokens computed) of prompts the last step worked on
    preemptions: int  # since the start
    kv_blocks_used: int  # held by sequences
    kv_blocks_cached: int  # held by none, but findable by content
    kv_blocks_total: int
