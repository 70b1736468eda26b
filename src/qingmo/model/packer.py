"""A checkpoint's weights as the bytes of packed tensors, in chunks of rows, so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from qingmo.errors import CheckpointError, ConfigError
from qingmo.model.channel_factors import MOST, channel_factors
from qingmo.model.checkpoint import Checkpoint
from qingmo.model.packed_file import Progress
from qingmo.model.packed_layout import LANES, QUANTIZED_KINDS, matrix_kind
from qingmo.model.tiles import coarsest_group, float_tiles
from qingmo.model.weights import Part, Weight, model_weights

CHUNK_BYTES = 8 << 20  # of float32 rows at a time: enough to keep threads busy, and a few copies of it stay small
LARGEST = {  # magnitude of a checkpoint's weight
    "int8": 3.4028235e38,
    "int6": 31 * 65504.0 / 2**MOST,  # scales are float16, and channel factors may be 2**MOST
    "int4": 7 * 65504.0 / 2**MOST,
    "float32": 3.4028235e38,
    "float16": 65504.0,
    "bfloat16": 3.3895314e38,
}


@dataclass(frozen=True, slots=True)
class Packer:
    """Reads a checkpoint's weights and lays them out.

    Both methods raise CheckpointError for weights that cannot be read or are not finite, and ConfigError for weights
    out of the kind's range; each names the file and the tensor.
    """

    checkpoint: Checkpoint
    kind: str  # of the matrices
    threads: int
    progress: Progress | None

    def weight_groups(self) -> dict[str, int]:
        """The weight group of each int8 matrix, from a pass over its rows."""
        weights = model_weights(self.checkpoint.config)
        matrices = [weight for weight in weights if weight.is_matrix and matrix_kind(self.kind, weight) == "int8"]
        total = sum(weight.outputs * (weight.inputs or 0) for weight in matrices)
        groups, done = {}, 0
        for weight in matrices:
            groups[weight.name] = self._weight_group(weight)
            done += weight.outputs * (weight.inputs or 0)
            if self.progress is not None:
                self.progress("Measuring weights", done, total)
        return groups

    def contents(self, weight_groups: Mapping[str, int]) -> Iterator[tuple[str, Iterator[np.ndarray]]]:
        """Each packed tensor's name, and the C-contiguous pieces that make its bytes."""
        for weight in model_weights(self.checkpoint.config):
            yield weight.name, self._pieces(weight, weight_groups.get(weight.name, 0))

    def _weight_group(self, weight: Weight) -> int:
        from qingmo import _native

        errors = np.zeros(4)
        for rows in self._chunks(weight):
            errors += _native.int8_errors(rows, self.threads)
        return coarsest_group(errors)

    def _pieces(self, weight: Weight, weight_group: int) -> Iterator[np.ndarray]:
        for rows in self._chunks(weight):
            if not weight.is_matrix:
                yield rows
            else:
                yield self._tiles(rows, matrix_kind(self.kind, weight), weight_group)

    def _tiles(self, rows: np.ndarray, kind: str, weight_group: int) -> np.ndarray:
        from qingmo import _native

        if kind == "int8":
            return _native.quantize_int8(rows, weight_group, self.threads)
        if kind == "int6":
            return _native.quantize_int6(rows, self.threads)
        if kind == "int4":
            return _native.quantize_int4(rows, self.threads)
        return float_tiles(rows, kind)

    def _chunks(self, weight: Weight) -> Iterator[np.ndarray]:
        """The stacked rows of a weight, float32 [rows, inputs] or [rows], whole tiles at a time, C-contiguous."""
        step = max(1, CHUNK_BYTES // (4 * (weight.inputs or 1)) // (2 * LANES)) * 2 * LANES
        factors = self._channel_factors(weight)
        for begin in range(0, weight.outputs, step):
            end = min(begin + step, weight.outputs)
            rows = (
                self._alternating_rows(weight, begin, end)
                if weight.alternating
                else self._stacked_rows(weight, begin, end)
            )
            if factors is not None:
                rows = rows * factors if weight.is_matrix else rows / factors[begin : begin + len(rows)]
            yield rows

    def _channel_factors(self, weight: Weight) -> np.ndarray | None:
        """What moves from a norm into the quantized matrix behind it; None where nothing does."""
        if self.kind not in QUANTIZED_KINDS or weight.norm is None:
            return None
        return channel_factors(self.checkpoint.read_rows(weight.norm.name, 0, weight.norm.rows))

    def _alternating_rows(self, weight: Weight, begin: int, end: int) -> np.ndarray:
        """Rows [begin, end) of two parts that take turns tile by tile; begin and end are multiples of 32."""
        halves = [self._read(weight, part, begin // 2, end // 2) for part in weight.parts]
        return np.stack([half.reshape(-1, LANES, half.shape[1]) for half in halves], axis=1).reshape(end - begin, -1)

    def _stacked_rows(self, weight: Weight, begin: int, end: int) -> np.ndarray:
        pieces = list(self._rows_of_parts(weight, begin, end))
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _rows_of_parts(self, weight: Weight, begin: int, end: int) -> Iterator[np.ndarray]:
        start = 0  # of the part, in rows of the stack
        for part in weight.parts:
            low, high = max(begin - start, 0), min(end - start, part.rows)
            if low < high:
                yield self._read(weight, part, low, high)
            start += part.rows

    def _read(self, weight: Weight, part: Part, begin: int, end: int) -> np.ndarray:
        rows = self.checkpoint.read_rows(part.name, begin, end)
        self._require_range(part.name, rows, matrix_kind(self.kind, weight) if weight.is_matrix else "float32")
        return rows

    def _require_range(self, name: str, rows: np.ndarray, kind: str) -> None:
        largest = float(max(rows.max(), -rows.min()))  # NaN stays NaN, which is not below any limit
        if largest <= LARGEST[kind]:
            return
        path = self.checkpoint.path_of(name)
        if not np.isfinite(largest):
            raise CheckpointError(f"{path}: tensor {name} holds infinite values or NaN. Download the model again.")
        raise ConfigError(
            f"{path}: tensor {name} holds {largest:g}, more than {kind} can ({LARGEST[kind]:g}). "
            f"Use --dtype float32, or --quantization int8."
        )
