"""What limits the next token beyond sampling parameters: where grammars and schemas plug in."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Constraint(Protocol):
    """The state of one answer. Before each token the engine takes what is `forced`, and otherwise calls `fill_mask` and
    samples; with each token it calls `accept`.

    An end-of-sequence id always ends the answer, and the engine does not `accept` it: not `is_complete`, the answer
    counts as cut off.
    """

    @property
    def is_complete(self) -> bool:
        """Whether the answer so far may end here."""

    def fill_mask(self, mask: np.ndarray) -> bool:
        """Overwrite mask, uint32 [(vocab_size + 31) // 32]: bit i of word i // 32 set where token i may come next.

        At least one token with a text, or an end-of-sequence id, must be allowed. False, with the mask as it was:
        every token may come.
        """

    def forced(self) -> list[int]:
        """The tokens that must come next, as far as there is no choice; they are not accepted yet."""

    def accept(self, token_id: int) -> None:
        """Go on by a token that the last mask allowed, or that is forced."""

    def rollback(self, count: int) -> None:
        """Undo the last `count` calls of `accept`."""
