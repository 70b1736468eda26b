"""What limits the next token beyond sampling parameters: where grammars and schemas plug in."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Constraint(Protocol):
    """The state of one answer. The engine calls `fill_mask`, samples, then calls `accept` with the token chosen.

    A finished grammar allows an end-of-sequence id; the engine ends the answer with it and does not `accept` it.
    """

    def fill_mask(self, mask: np.ndarray) -> None:
        """Overwrite mask, uint32 [(vocab_size + 31) // 32]: bit i of word i // 32 set where token i may come next.

        At least one token with a text, or an end-of-sequence id, must be allowed.
        """

    def accept(self, token_id: int) -> None:
        """Go on by a token that the last mask allowed."""

    def rollback(self, count: int) -> None:
        """Undo the last `count` calls of `accept`."""
