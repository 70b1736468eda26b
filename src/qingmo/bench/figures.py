"""Figures that sum many measurements up."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence


def median(values: Iterable[float | None]) -> float | None:
    """Of those that are there; None where none is."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def at_percent(values: Sequence[float], percent: int) -> float:
    """The value that this percentage of them does not exceed, interpolated; percent from 1 to 99."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def drift(values: Sequence[float]) -> float:
    """How much greater the last fifth of them is than the first, as a share: 0.05 is 5 % more."""
    fifth = max(1, len(values) // 5)
    return statistics.median(values[-fifth:]) / statistics.median(values[:fifth]) - 1
