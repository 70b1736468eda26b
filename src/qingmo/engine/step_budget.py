"""How much of the prompts a step computes, so that those who decode get their next token in time.

Rows that are many cost about the same each, whether they decode or belong to a prompt: the step is bound by arithmetic.
So a running mean of seconds a row, over steps with many rows, says how many rows a step of a given time has.
"""

from __future__ import annotations

STEP_SECONDS = 0.25
"""What a token may take while prompts come in: four a second, as fast as one reads.

At most it stretches the time to the first token of the last of 50 people who ask at once. On two cores, decoding 50
takes 0.1 s of these 0.25 at the end and nothing at the beginning, so prompts get 0.8 of the time on average: 3,900
tokens, which alone take 3 s, take less than 4. A longer step gains little (0.5 s would give them 0.9), a shorter one
costs much (0.15 s: 0.67, and rows that are fewer are dearer)."""
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

    def __init__(self) -> None:
        self._seconds_per_row: float | None = None

    def prompt_rows(self, decoding: int, limit: int) -> int:
        """Rows of prompts for a step that decodes `decoding` sequences; at most `limit`."""
        if self._seconds_per_row is None:
            return limit
        seconds = STEP_SECONDS if decoding else ALONE_SECONDS
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
