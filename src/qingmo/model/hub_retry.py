"""Failures that may pass: how many to bear, and how long to wait after each."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from qingmo.errors import DownloadError

logger = logging.getLogger(__name__)

_GAIN = 2**20  # bytes; a connection that brought this much was a good one, so the count of failures starts anew


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to bear with a bad connection. Times in seconds."""

    tries: int = 6  # in a row, each with less than a MiB gained
    first_delay: float = 1.0  # doubled after each failure
    longest_delay: float = 30.0
    longest_asked_wait: float = 120.0  # of a server's Retry-After; beyond it a person should decide
    timeout: float = 30.0  # without a byte
    connect_timeout: float = 10.0  # for an answer at all: networks that let nothing out often drop what they forbid


class TransientError(Exception):
    """A failure that may pass. `advice` is for the person who meets it when it does not."""

    def __init__(
        self, reason: str, advice: str = "Check the network and try again.", *, asked_wait: float | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.asked_wait = asked_wait  # s, as the server asked


class UnreachableError(TransientError):
    """Nobody answered at all."""


class Patience:
    """How many more failures of one thing to bear, and how long to wait after each."""

    def __init__(self, policy: RetryPolicy, what: str) -> None:
        self._policy = policy
        self._what = what
        self._failures = 0

    def after(self, problem: TransientError, gained: int = 0) -> None:
        """Wait before the next try; `gained` bytes came in the last one. Raises DownloadError when enough is enough."""
        self._failures = 1 if gained >= _GAIN else self._failures + 1
        asked = problem.asked_wait or 0.0
        if self._failures >= self._policy.tries:
            times = f" ({self._failures} times in a row)" if self._failures > 1 else ""
            raise DownloadError(f"{self._what}: {problem.reason}{times}. {problem.advice}") from problem
        if asked > self._policy.longest_asked_wait:
            raise DownloadError(
                f"{self._what}: {problem.reason}, and asks for a wait of {asked:.0f} s. {problem.advice}"
            ) from problem
        delay = min(self._policy.first_delay * 2 ** (self._failures - 1), self._policy.longest_delay)
        delay = max(delay, asked)
        logger.warning("%s: %s. Trying again in %.0f s.", self._what, problem.reason, delay)
        time.sleep(delay)
