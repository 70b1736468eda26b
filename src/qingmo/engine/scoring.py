"""Logits of a whole prompt, for those who measure a model rather than talk to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qingmo.config import BLOCK_SIZE
from qingmo.engine.batch import block_tables
from qingmo.engine.kv_cache import KVCache
from qingmo.engine.runner import Batch, Runner
from qingmo.engine.sequence import blocks_for

ROWS_AT_ONCE = BLOCK_SIZE
"""Rows whose logits are in the runner at once: 16 of 152 k float32 are 10 MB, and share one reading of a head."""


def prompt_logits(runner: Runner, cache: KVCache, token_ids: list[int], *, make_room: Callable[[], bool]) -> np.ndarray:
    """The logits after each token, float32 [tokens, vocab_size]; its blocks are given back and not published.

    make_room: frees blocks that others hold, False when there are none left; the prompt must fit in the cache alone.
    """
    blocks = _borrow(cache, blocks_for(len(token_ids)), make_room)
    try:
        result = np.empty((len(token_ids), runner.vocab_size), np.float32)
        for begin in range(0, len(token_ids), ROWS_AT_ONCE):
            end = min(begin + ROWS_AT_ONCE, len(token_ids))
            runner.forward(_all_rows(token_ids, begin, end, blocks))
            for row in range(begin, end):
                result[row] = runner.logits(row - begin)
        return result
    finally:
        cache.release(blocks, keep=False)


def _borrow(cache: KVCache, count: int, make_room: Callable[[], bool]) -> list[int]:
    while cache.available < count:
        if not make_room():
            raise ValueError(f"{count} KV blocks are wanted and the cache has {cache.num_blocks}")
    return [block for block in (cache.allocate() for _ in range(count)) if block is not None]


def _all_rows(token_ids: list[int], begin: int, end: int, blocks: list[int]) -> Batch:
    return Batch(
        token_ids=np.array(token_ids[begin:end], np.int32),
        positions=np.arange(begin, end, dtype=np.int32),
        spans=np.array([0, end - begin], np.int32),
        block_tables=block_tables([blocks]),
        output_rows=np.arange(end - begin, dtype=np.int32),
    )
