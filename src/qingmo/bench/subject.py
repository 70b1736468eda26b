"""What is measured: a model or a server, and the figures it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from qingmo.bench.limits import Probe
from qingmo.bench.plan import Point
from qingmo.bench.workload import Messages


@dataclass(frozen=True, slots=True)
class Answer:
    """How one answer came; seconds from the request."""

    first: float  # to the first token
    whole: float  # to the last
    tokens: int

    @property
    def rate(self) -> float | None:
        """Tokens a second after the first; None where they came all at once."""
        return (self.tokens - 1) / (self.whole - self.first) if self.whole > self.first else None


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second of all sequences together; limits are what the machine could do at most just then."""

    prefill: float
    decode: float | None  # None where the first sequence ended before the last began
    prefill_limit: float | None = None
    decode_limit: float | None = None
    probe: Probe | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a subject before it is measured."""

    name: str
    details: dict[str, str] = field(default_factory=dict)  # what to call it -> what it is


class Subject(Protocol):
    """Anything that answers. One call at a time. Every method raises BenchError where no measurement comes of it."""

    facts: Facts
    process: int | None  # its process on this machine, children included; None: somewhere else, or not to be seen

    def ask(self, messages: Messages, max_tokens: int) -> Answer:
        """Answer greedily, until the answer ends by itself or has max_tokens."""

    def fits(self, point: Point, new_tokens: int) -> bool:
        """Whether that many tokens can be worked on at once; what does not fit is left out of the report."""

    def work(self, point: Point, new_tokens: int, seed: int) -> Speed:
        """Begin point.batch sequences at once, their prompts unknown to every cache, and decode with all of them.

        seed: another one, other prompts.
        """

    def close(self) -> None:
        """Let go of whatever it holds."""
