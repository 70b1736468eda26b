"""What an engine tells about itself: plain, frozen data, for people and for a metrics page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RequestState = Literal["waiting", "prefill", "decode"]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Observed seconds. counts[i] of them were at most bounds[i] and above the bound before; the last, above all."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]  # one more than bounds
    sum: float


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the start. Prompt tokens are counted when a request's first token comes."""

    requests: int = 0  # accepted
    aborted: int = 0  # of them, those whose end nobody waited for
    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0  # of prompt_tokens, those found in the prefix cache
    generated_tokens: int = 0
    preemptions: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """One unfinished request."""

    id: int
    client: str
    state: RequestState
    prompt_tokens: int
    computed: int  # of the prompt's tokens
    output_tokens: int  # of all its choices
    seconds: float  # since it was submitted


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """A snapshot. KV blocks are of 16 tokens."""

    running: int  # requests
    waiting: int  # requests
    kv_blocks_used: int  # held by requests
    kv_blocks_cached: int  # held by none, kept because their content may be asked for again
    kv_blocks_total: int
    counters: Counters
    time_to_first_token: Histogram  # from submission
    inter_token_latency: Histogram  # between two hand-overs to the same stream
    queue_time: Histogram  # from submission to the beginning of the first step that worked on the prompt
    requests: tuple[RequestStatus, ...]  # oldest first
