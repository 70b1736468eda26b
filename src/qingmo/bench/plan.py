"""What is measured, and how often."""

from __future__ import annotations

from dataclasses import dataclass

BATCH_PROMPT = 128  # prompt tokens of each sequence where many are worked on at once


@dataclass(frozen=True, slots=True)
class Point:
    """Some sequences worked on at once, with prompts of so many tokens each."""

    batch: int
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The defaults are the whole report; `quick` is its shape in under a minute."""

    questions: int = 5  # the fixed question, unknown to every cache, its answer to the end
    answer_tokens: int = 512
    repeats: int = 100  # the fixed question again, word for word
    repeat_tokens: int = 64
    lengths: tuple[int, ...] = (64, 256, 512, 1024)  # prompt tokens of one sequence
    batches: tuple[int, ...] = (1, 2, 4, 8, 16, 32)  # sequences at once, BATCH_PROMPT tokens each
    decode_tokens: int = 32  # of each sequence, once all have begun
    rounds: int = 3

    @classmethod
    def quick(cls) -> Plan:
        return cls(
            questions=1,
            answer_tokens=128,
            repeats=20,
            repeat_tokens=24,
            lengths=(64, 512),
            batches=(1, 8),
            decode_tokens=16,
            rounds=1,
        )

    @property
    def points(self) -> tuple[Point, ...]:
        """First by length, then by batch size."""
        return (
            *(Point(1, length) for length in self.lengths),
            *(Point(batch, BATCH_PROMPT) for batch in self.batches),
        )
