"""A checkpoint's rows as tiles of the packed layout."""

from __future__ import annotations

import numpy as np

from qingmo.model.packed_layout import LANES

WORST_ERROR = 1.3**2
"""How much larger than with groups of 32 the squared weight error may be: 1.3 times, as a root mean square. Gaussian
weights take groups of 128 then, heavy-tailed ones (Student's t, 4 degrees) of 64, and one scale a channel, which costs
those five times the KL, is left to rows whose largest weights are alike."""


def coarsest_group(errors: np.ndarray) -> int:
    """The weight group to use, 0 for one scale a channel.

    errors: [4] sums of squared errors with groups of 32, 64 and 128 and with one a channel, infinite where impossible.
    """
    allowed = errors[0] * WORST_ERROR
    candidates = zip((0, 128), errors[[3, 2]], strict=True)
    return next((group for group, error in candidates if error <= allowed), 64)


def float_tiles(rows: np.ndarray, kind: str) -> np.ndarray:
    """[outputs, inputs] float32 -> [tiles, inputs, 16] of `kind` (bfloat16 as uint16), outputs filled up with 0."""
    outputs, inputs = rows.shape
    full = np.pad(rows, ((0, -outputs % LANES), (0, 0)))
    tiles = full.reshape(-1, LANES, inputs).transpose(0, 2, 1)
    return _bfloat16_bits(tiles) if kind == "bfloat16" else tiles.astype(kind, order="C")


def _bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """The upper halves of float32 values, rounded to nearest, ties to even. Values are finite and in range."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    bits += 0x7FFF + ((bits >> 16) & 1)
    return (bits >> 16).astype(np.uint16)
