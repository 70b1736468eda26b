"""Rows as tiles: the compiled packing against numpy, unquantized tiles there and back, the choice of a weight group."""

from __future__ import annotations

import numpy as np
import pytest
from reference import packing as reference

from qingmo import _native
from qingmo.model.tiles import coarsest_group, float_tiles

SHAPES = [(16, 32), (1, 64), (17, 128), (40, 96), (48, 352), (33, 208), (16, 16)]


def weights_of(outputs: int, inputs: int) -> np.ndarray:
    """Heavy-tailed, with an all-zero group, halves that tie, and magnitudes from tiny to huge."""
    rng = np.random.default_rng(outputs * 1000 + inputs)
    rows = rng.standard_t(3, (outputs, inputs)).astype(np.float32)
    rows *= np.float32(10.0) ** rng.integers(-6, 6, (outputs, 1)).astype(np.float32)
    rows[0, :32] = 0
    rows[-1] = np.resize(np.float32([127, 0.5, 1.5, -2.5, 3.5, -127]), inputs)
    return rows


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weight_group", [0, 64, 128])
@pytest.mark.parametrize("threads", [1, 2])
def test_compiled_quantization_is_bit_equal_to_numpys(shape: tuple[int, int], weight_group: int, threads: int) -> None:
    weights = weights_of(*shape)
    stored = -(-shape[1] // 64) * 64
    if weight_group and stored % weight_group:
        with pytest.raises(ValueError, match="does not divide"):
            _native.quantize_int8(weights, weight_group, threads)
        return
    packed = _native.quantize_int8(weights, weight_group, threads)
    np.testing.assert_array_equal(packed, reference.quantize_int8(weights, weight_group))
    back = reference.unpack(packed.tobytes(), "int8", *shape, weight_group)
    groups = np.pad(np.abs(weights), ((0, 0), (0, stored - shape[1]))).reshape(shape[0], -1, weight_group or stored)
    half_step = np.repeat(groups.max(axis=2) / 127 / 2, groups.shape[2], axis=1)[:, : shape[1]]
    assert np.all(np.abs(back - weights) <= half_step * 1.001)


@pytest.mark.parametrize("shape", SHAPES)
def test_compiled_errors_are_numpys(shape: tuple[int, int]) -> None:
    weights = weights_of(*shape)
    np.testing.assert_allclose(_native.int8_errors(weights, 2), reference.int8_errors(weights), rtol=1e-4)


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(16, 1), (17, 48), (64, 176)])
def test_unquantized_tiles_hold_the_rounded_weights(kind: str, shape: tuple[int, int]) -> None:
    weights = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    tiles = float_tiles(weights, kind)
    assert tiles.shape == (-(-shape[0] // 16), shape[1], 16) and tiles.flags.c_contiguous
    back = reference.unpack(tiles.tobytes(), kind, *shape, 0)
    step = {"float32": 0, "float16": 2.0**-11, "bfloat16": 2.0**-8}[kind]
    np.testing.assert_allclose(back, weights, rtol=step, atol=0 if kind != "float16" else 2.0**-24)


def test_bfloat16_rounds_ties_to_even() -> None:
    bits = np.uint32([0x3F808000, 0x3F818000, 0x3F808001, 0x3F807FFF, 0xBF818000, 0x00008000])
    tiles = float_tiles(bits.view(np.float32)[None, :], "bfloat16")
    np.testing.assert_array_equal(tiles[0, :, 0], np.uint16([0x3F80, 0x3F82, 0x3F81, 0x3F80, 0xBF82, 0x0000]))


def test_heavier_tails_take_finer_groups() -> None:
    rng = np.random.default_rng(1)
    shape = (64, 896)
    alike = rng.choice(np.float32([-1, 1]), shape) * rng.uniform(0.9, 1, shape).astype(np.float32)
    gaussian = rng.standard_normal(shape).astype(np.float32)
    student_t4 = rng.standard_t(4, shape).astype(np.float32)
    spiked = gaussian.copy()
    spiked[:, 5::64] *= 40
    chosen = [coarsest_group(_native.int8_errors(w, 1)) for w in (alike, gaussian, student_t4, spiked)]
    assert chosen == [0, 128, 64, 64]


@pytest.mark.parametrize(
    ("errors", "group"),
    [
        ([1.0, 1.2, 1.4, 1.69], 0),
        ([1.0, 1.2, 1.4, 1.70], 128),
        ([1.0, 1.2, 1.8, 2.0], 64),
        ([1.0, 1.8, 1.9, 2.0], 64),
        ([1.0, 1.2, np.inf, 1.5], 0),
        ([1.0, 1.2, np.inf, 2.0], 64),
        ([0.0, 0.0, 0.0, 0.0], 0),
    ],
)
def test_the_coarsest_group_within_the_error_is_taken(errors: list[float], group: int) -> None:
    assert coarsest_group(np.array(errors)) == group
