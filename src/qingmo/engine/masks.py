"""Which tokens an answer may take next, as the bits a runner's sampler reads."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from qingmo.engine.sequence import Answer


class TokenMasks:
    """Makes the masks of one vocabulary: a constraint's, and no end of sequence before min_tokens."""

    def __init__(self, vocab_size: int, eos_token_ids: Iterable[int]) -> None:
        self._words = (vocab_size + 31) // 32
        self._not_eos = np.full(self._words, 0xFFFFFFFF, np.uint32)
        for token in eos_token_ids:
            if token < vocab_size:
                self._not_eos[token // 32] &= np.uint32(0xFFFFFFFF ^ (1 << token % 32))

    def of(self, answer: Answer) -> np.ndarray | None:
        """uint32 [(vocab_size + 31) // 32] with the bits of allowed tokens set; None: all are."""
        too_short = answer.sequence.output_length < (answer.request.params.min_tokens or 0)
        if answer.constraint is None:
            return self._not_eos if too_short else None
        mask = np.zeros(self._words, np.uint32)
        if answer.forced:
            token = answer.forced[0]
            mask[token // 32] = np.uint32(1 << token % 32)
            return mask
        if not answer.constraint.fill_mask(mask):
            return self._not_eos if too_short else None
        longer = mask & self._not_eos
        # A finished grammar allows nothing but the end of sequence; min_tokens cannot ask for more.
        return longer if too_short and longer.any() else mask
