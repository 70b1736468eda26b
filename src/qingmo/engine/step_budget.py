"""How much of the prompts a step computes, so that those who decode get their next token in time.

Rows that are many cost about the same each, whether they decode or belong to a prompt: the step is bound by arithmetic.
So a running mean of seconds a row, over steps with many rows, says how many rows a step of a given time has.
"""

from __future__ import annotations

STEP_SECONDS = 0.25
"""What a token may take while prompts come in: four a second, as fast as one reads.

From benchmarks/step_time.py, the trace of 50 people on two cores with AVX-512 VNNI (0.85 ms a row of a prompt, 1.1 of
decoding): generated tokens/s, 95th percentiles of time to first token and of the gap between two tokens:

    0.1 s    460    4.1 s    0.10 s        on half as fast a machine    234    10.6 s    0.12 s
    0.25     469    3.4      0.25                                       239     7.5      0.25
    none     470    3.4      0.45                                       240     6.8      0.89

A longer time gains nothing more, a shorter one has people wait for their first word."""
ALONE_SECONDS = 1.0
"""The same where nobody decodes: then only who comes new or gives up waits for the end of a step."""
LEAST_SHARE = 1 / 3
"""Of a step's rows, for prompts, where decoding takes more than its time: waiting people wait at most three times as
long as if nobody decoded, and those who decode 1.5 times as long as if nobody waited."""
MANY_ROWS = 64
"""From about here arithmetic takes longer than reading the weights, and a row's cost no longer falls: 0.5 GB at
20 GB/s and core are 13 ms on two cores, 64 rows of 0.4 to 0.5 G multiply-adds at 0.3 T/s and core are 45."""
WEIGHT = 0.2
"""Of the newest step in the running mean: a change of the machine's speed is known after five steps, about a second."""


class StepBudget:
    """Learns from the seconds that steps took. Without any, it sets no limit."""

    def __init__(self, step_seconds: float = STEP_SECONDS) -> None:
        self._step_seconds = step_seconds
        self._seconds_per_row: float | None = None

    def prompt_rows(self, decoding: int, limit: int) -> int:
        """Rows of prompts for a step that decodes `decoding` sequences; at most `limit`."""
        if self._seconds_per_row is None:
            return limit
        seconds = self._step_seconds if decoding else ALONE_SECONDS
        in_time = int(seconds / self._seconds_per_row) - decoding
        least = round(decoding * LEAST_SHARE / (1 - LEAST_SHARE))
        return min(limit, max(in_time, least))

    def observe(self, rows: int, seconds: float) -> None:
        """A step of so many rows took so long."""
        if rows < MANY_ROWS:
            return
        newest = seconds / rows
        mean = newest if self._seconds_per_row is None else self._seconds_per_row
        self._seconds_per_row = mean + WEIGHT * (newest - mean)
