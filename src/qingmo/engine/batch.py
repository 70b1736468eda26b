"""A step's chunks as the arrays a runner takes."""

from __future__ import annotations

from collections.abc import Sequence as List

import numpy as np

from qingmo.engine.runner import Batch
from qingmo.engine.scheduler import Chunk


def make_batch(chunks: List[Chunk]) -> Batch:
    """Rows of all chunks in order; logits are wanted of the last row of each chunk that ends its sequence's tokens."""
    lengths = [chunk.end - chunk.begin for chunk in chunks]
    spans = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    token_ids = [token for chunk in chunks for token in chunk.sequence.tokens[chunk.begin : chunk.end]]
    positions = [np.arange(chunk.begin, chunk.end) for chunk in chunks]
    last_rows = [end - 1 for chunk, end in zip(chunks, spans[1:], strict=True) if chunk.is_last]
    return Batch(
        token_ids=np.array(token_ids, np.int32),
        positions=np.concatenate(positions).astype(np.int32),
        spans=spans,
        block_tables=block_tables([chunk.sequence.blocks for chunk in chunks]),
        output_rows=np.array(last_rows, np.int32),
    )


def block_tables(blocks: List[List[int]]) -> np.ndarray:
    """Lists of block ids -> int32 [sequences, longest], padded with -1."""
    tables = np.full((len(blocks), max(map(len, blocks))), -1, np.int32)
    for row, table in zip(tables, blocks, strict=True):
        row[: len(table)] = table
    return tables
