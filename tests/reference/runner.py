"""The Runner protocol on the numpy reference model, with real paged KV blocks.

Each row is computed by itself, so its bits depend on nothing but its tokens. Attention reads keys and values from
blocks alone, and blocks hold NaN until written: what a wrong block table reaches shows at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from reference.model import ReferenceModel, attend
from reference.sampler import ReferenceSampler

from qingmo.config import BLOCK_SIZE
from qingmo.engine.runner import Batch, SampledToken, SampleRow
from qingmo.sampling_params import SamplingParams


class ReferenceRunner:
    """valid: bool [vocab_size], the ids that may be sampled; all where None."""

    def __init__(
        self, model: ReferenceModel, num_blocks: int, *, valid: np.ndarray | None = None, kv_dtype: str = "float32"
    ) -> None:
        config = model.config
        self.num_layers = config.num_layers
        self.vocab_size = config.vocab_size
        self.num_blocks = num_blocks
        self.fingerprint = blake2b(repr((config, kv_dtype)).encode(), digest_size=16).digest()
        self._model = model
        self._valid = np.ones(config.vocab_size, bool) if valid is None else valid
        shape = (num_blocks, config.num_layers, 2, BLOCK_SIZE, config.num_kv_heads, config.head_dim)
        self._blocks = np.full(shape, np.nan, kv_dtype)
        self._logits = np.empty((0, config.vocab_size), np.float32)

    def forward(
        self, batch: Batch, layers: tuple[int, int] | None = None, hidden_in: np.ndarray | None = None
    ) -> np.ndarray | None:
        begin, end = layers or (0, self.num_layers)
        hidden = [
            self._row(
                int(batch.token_ids[row]),
                int(batch.positions[row]),
                batch.block_tables[table],
                range(begin, end),
                None if hidden_in is None else hidden_in[row : row + 1],
            )
            for table, (first, last) in enumerate(zip(batch.spans[:-1], batch.spans[1:], strict=True))
            for row in range(first, last)
        ]
        wanted = [hidden[row] for row in batch.output_rows]
        if end == self.num_layers:
            wanted = [self._model.final_norm(row) for row in wanted]
        if batch.want == "hidden":
            return np.concatenate([np.empty((0, self._model.config.hidden_size), np.float32), *wanted])
        self._logits = np.array([self._model.head(row)[0] for row in wanted], np.float32)
        return None

    def logits(self, output: int) -> np.ndarray:
        return self._logits[output].copy()

    def new_sampler(
        self, params: SamplingParams, seed: int, prompt: Sequence[int], choice: int = 0
    ) -> ReferenceSampler:
        return ReferenceSampler(params, seed, prompt, choice)

    def sample(self, rows: Sequence[SampleRow]) -> list[SampledToken]:
        return [self._sample(row) for row in rows]

    def read_block(self, block: int) -> np.ndarray:
        return np.frombuffer(self._blocks[block].tobytes(), np.uint8).copy()

    def write_block(self, block: int, content: np.ndarray) -> None:
        self._blocks[block] = content.view(self._blocks.dtype).reshape(self._blocks.shape[1:])

    def copy_block(self, source: int, target: int) -> None:
        self._blocks[target] = self._blocks[source]

    def _row(
        self, token: int, position: int, table: np.ndarray, layers: range, hidden: np.ndarray | None
    ) -> np.ndarray:
        """[1, hidden] after the last of the layers."""
        if hidden is None:
            hidden = self._model.embed([token])
        block, slot = table[position // BLOCK_SIZE], position % BLOCK_SIZE
        assert block >= 0, f"position {position} has no block"
        for layer in layers:
            q, k, v = self._model.qkv(layer, hidden, np.array([position]))
            self._blocks[block, layer, 0, slot], self._blocks[block, layer, 1, slot] = k[0], v[0]
            keys, values = (self._read(table, layer, kind, position + 1) for kind in (0, 1))
            hidden = self._model.finish_layer(layer, hidden, attend(q[0], keys, values)[None])
        return hidden

    def _read(self, table: np.ndarray, layer: int, kind: int, length: int) -> np.ndarray:
        """Keys (0) or values (1) of the first `length` positions, float32 [length, kv heads, head_dim]."""
        used = table[: -(-length // BLOCK_SIZE)]
        stored = self._blocks[used, layer, kind]
        return stored.reshape(-1, *stored.shape[2:])[:length].astype(np.float32)

    def _sample(self, row: SampleRow) -> SampledToken:
        allowed = self._valid
        if row.mask is not None:
            bits = np.unpackbits(row.mask.view(np.uint8), bitorder="little")
            allowed = allowed & bits[: self.vocab_size].astype(bool)
        assert isinstance(row.sampler, ReferenceSampler)
        return row.sampler.sample(self._logits[row.output], row.position, allowed)
