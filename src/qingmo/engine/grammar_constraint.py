"""The state of one answer in a grammar, behind the Constraint protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from qingmo.engine.constraint import Constraint

if TYPE_CHECKING:
    from llguidance import LLMatcher


class GrammarConstraint:
    """matcher: at the beginning of an answer, and not used by others. eos_token_ids: what may end a finished one.

    Where following the grammar takes more work than one step may, the constraint gives up: the answer ends there.
    """

    def __init__(self, matcher: LLMatcher, eos_token_ids: Iterable[int]) -> None:
        self._matcher = matcher
        self._eos = tuple(eos_token_ids)

    @property
    def is_complete(self) -> bool:
        return not self._matcher.is_error() and self._matcher.is_accepting()

    def fill_mask(self, mask: np.ndarray) -> bool:
        self._matcher.unsafe_compute_mask_ptr(mask.ctypes.data, mask.nbytes)
        if self._matcher.is_error():
            mask[:] = 0
            for token in self._eos:
                mask[token // 32] |= np.uint32(1 << token % 32)
        return True

    def accept(self, token_id: int) -> None:
        self._matcher.consume_token(token_id)

    def forced(self) -> list[int]:
        return self._matcher.compute_ff_tokens()

    def rollback(self, count: int) -> None:
        self._matcher.rollback(count)


class TriggeredConstraint:
    """Leaves an answer free until its trigger, a token, from which on `begin`'s constraint holds."""

    def __init__(self, trigger: int, begin: Callable[[], Constraint]) -> None:
        self._trigger = trigger
        self._begin = begin
        self._inner: Constraint | None = None
        self._accepted = 0  # by the inner one

    @property
    def is_complete(self) -> bool:
        return self._inner is None or self._inner.is_complete

    def fill_mask(self, mask: np.ndarray) -> bool:
        return self._inner is not None and self._inner.fill_mask(mask)

    def accept(self, token_id: int) -> None:
        if self._inner is None and token_id == self._trigger:
            self._inner = self._begin()
        if self._inner is not None:
            self._inner.accept(token_id)
            self._accepted += 1

    def forced(self) -> list[int]:
        return [] if self._inner is None else self._inner.forced()

    def rollback(self, count: int) -> None:
        if self._inner is not None:
            self._inner.rollback(min(count, self._accepted))
            self._accepted -= min(count, self._accepted)
            if not self._accepted:
                self._inner = None
