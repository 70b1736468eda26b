"""The packed layout in plain numpy: the oracle of the compiled packing, and the way back to float32."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FLOAT_TYPES = {"float32": "<f4", "float16": "<f2"}


@dataclass(frozen=True)
class HalfScaled:
    """Small integers with a float16 scale for each group."""

    group: int  # inputs
    lowest: int
    highest: int
    ends: tuple[float, ...]  # what the largest weight of a group becomes in its fits


INT6 = HalfScaled(64, -32, 31, tuple(np.arange(-33, -30.5, 0.5)))
INT4 = HalfScaled(32, -8, 7, tuple(np.arange(-9, -5.75, 0.25)))


def quantize_int8(weights: np.ndarray, weight_group: int) -> np.ndarray:
    """[outputs, inputs] float32 -> the bytes of its int8 tiles, uint8 [bytes]. weight_group 0: one scale a row."""
    groups = _grouped(weights, weight_group)
    scales, quantized = _scales_and_values(groups)
    tiles, count, size = len(groups) // 16, groups.shape[1], groups.shape[2]
    heads = np.concatenate([scales[:, -1:], scales[:, :-1] / scales[:, 1:]], axis=1)  # the last scale, then ratios
    tile_heads = heads.reshape(tiles, 16, count).transpose(0, 2, 1)  # [tiles, groups, 16]
    tile_bytes = (quantized + 128).astype(np.uint8).reshape(tiles, 16, count, size // 4, 4).transpose(0, 2, 3, 1, 4)
    head = np.ascontiguousarray(tile_heads).view(np.uint8).reshape(tiles, count, 64)
    return np.concatenate([head, tile_bytes.reshape(tiles, count, size * 16)], axis=2).reshape(-1)


def quantize_int6(weights: np.ndarray) -> np.ndarray:
    """[outputs, inputs] float32 -> the bytes of its int6 tiles, uint8 [bytes]."""
    scales, stored = _half_scaled(weights, INT6)
    lower, upper = stored & 15, stored >> 4  # [tiles, 16, groups, 64]
    halves = lower[..., :32] | lower[..., 32:] << 4
    pairs = upper[..., :16] | upper[..., 16:32] << 2 | upper[..., 32:48] << 4 | upper[..., 48:] << 6
    return _with_scales(scales, np.concatenate([_by_fours(halves), _by_fours(pairs)], axis=2))


def quantize_int4(weights: np.ndarray) -> np.ndarray:
    """[outputs, inputs] float32 -> the bytes of its int4 tiles, uint8 [bytes]."""
    scales, stored = _half_scaled(weights, INT4)
    return _with_scales(scales, _by_fours(stored[..., :16] | stored[..., 16:] << 4))


def int8_errors(weights: np.ndarray) -> np.ndarray:
    """Sums of squared errors with groups of 32, 64, 128 and the whole row, float64 [4]; inf where one cannot be."""
    stored = _stored_inputs(weights.shape[1])
    return np.array([_squared_error(weights, g) if stored % g == 0 else np.inf for g in (32, 64, 128, stored)])


def alternating(gate: np.ndarray, up: np.ndarray) -> np.ndarray:
    """[outputs, inputs] each -> [2 * outputs, inputs]: 16 rows of gate, 16 of up, and so on."""
    tiles = [matrix.reshape(-1, 16, matrix.shape[1]) for matrix in (gate, up)]
    return np.concatenate([tile for pair in zip(*tiles, strict=True) for tile in pair])


def unpack(content: bytes, kind: str, outputs: int, inputs: int, weight_group: int) -> np.ndarray:
    """The bytes of a packed tensor -> float32 [outputs, inputs], or [outputs] for a vector."""
    if kind == "vector":
        return np.frombuffer(content, "<f4")
    if kind == "int8":
        return _unpack_int8(np.frombuffer(content, np.uint8), inputs, weight_group)[:outputs, :inputs]
    if kind in ("int6", "int4"):
        unpack_tiles = _unpack_int6 if kind == "int6" else _unpack_int4
        return unpack_tiles(np.frombuffer(content, np.uint8), inputs)[:outputs, :inputs]
    if kind == "bfloat16":
        values = (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        values = np.frombuffer(content, FLOAT_TYPES[kind]).astype(np.float32)
    return values.reshape(-1, inputs, 16).transpose(0, 2, 1).reshape(-1, inputs)[:outputs]


def _unpack_int8(content: np.ndarray, inputs: int, weight_group: int) -> np.ndarray:
    stored = _stored_inputs(inputs)
    size = weight_group or stored
    tiles = content.reshape(-1, stored // size, 64 + 16 * size)
    heads = np.ascontiguousarray(tiles[:, :, :64]).view("<f4")  # [tiles, groups, 16]
    scales = np.empty_like(heads)
    scales[:, -1] = heads[:, 0]
    for group in range(heads.shape[1] - 1, 0, -1):
        scales[:, group - 1] = scales[:, group] * heads[:, group]
    values = tiles[:, :, 64:].astype(np.float32).reshape(*tiles.shape[:2], size // 4, 16, 4) - 128
    weights = values * scales[:, :, None, :, None]
    return weights.transpose(0, 3, 1, 2, 4).reshape(-1, stored)


def _unpack_int6(content: np.ndarray, inputs: int) -> np.ndarray:
    scales, tiles = _split_scales(content, inputs, INT6.group, INT6.group * 12)
    halves, pairs = np.split(tiles.reshape(*tiles.shape[:2], 12, 16, 4), [8], axis=2)
    lower = np.concatenate([halves & 15, halves >> 4], axis=2)
    upper = np.concatenate([pairs >> 2 * pair & 3 for pair in range(4)], axis=2)
    return _scaled(scales, (lower | upper << 4).astype(np.float32) + INT6.lowest)


def _unpack_int4(content: np.ndarray, inputs: int) -> np.ndarray:
    scales, tiles = _split_scales(content, inputs, INT4.group, INT4.group * 8)
    both = tiles.reshape(*tiles.shape[:2], 4, 16, 4)
    return _scaled(scales, np.concatenate([both & 15, both >> 4], axis=2).astype(np.float32) + INT4.lowest)


def _split_scales(content: np.ndarray, inputs: int, group: int, group_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """float32 [tiles, groups, 16] and uint8 [tiles, groups, group_bytes]."""
    count = _stored_inputs(inputs) // group
    tiles = content.reshape(-1, count * (32 + group_bytes))
    scales = np.ascontiguousarray(tiles[:, : count * 32]).view("<f2").astype(np.float32).reshape(-1, count, 16)
    return scales, tiles[:, count * 32 :].reshape(-1, count, group_bytes)


def _scaled(scales: np.ndarray, values: np.ndarray) -> np.ndarray:
    """[tiles, groups, 16] by [tiles, groups, fours, 16, 4] -> [outputs, inputs]."""
    weights = (values * scales[:, :, None, :, None]).transpose(0, 3, 1, 2, 4)
    return weights.reshape(weights.shape[0] * 16, -1)


def _half_scaled(weights: np.ndarray, form: HalfScaled) -> tuple[np.ndarray, np.ndarray]:
    """float16 scales [tiles, 16, groups] and integers from 0 on, uint8 [tiles, 16, groups, inputs of a group]."""
    groups = _grouped(weights, form.group)
    scales = _best_scales(groups, form)
    wide = scales.astype(np.float32)
    inverse = np.divide(np.float32(1), wide, out=np.zeros_like(wide), where=wide != 0)
    stored = (_integers(groups, inverse, form) - form.lowest).astype(np.uint8)
    return scales.reshape(-1, 16, scales.shape[1]), stored.reshape(-1, 16, *stored.shape[1:])


def _by_fours(values: np.ndarray) -> np.ndarray:
    """[tiles, 16, groups, n] -> [tiles, groups, 16 * n]: four of each output, then the next four."""
    tiles, _, groups, count = values.shape
    return values.reshape(tiles, 16, groups, count // 4, 4).transpose(0, 2, 3, 1, 4).reshape(tiles, groups, -1)


def _with_scales(scales: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Tiles: all scales in front."""
    front = np.ascontiguousarray(scales.transpose(0, 2, 1)).view(np.uint8)
    return np.concatenate([front.reshape(len(front), -1), groups.reshape(len(groups), -1)], axis=1).reshape(-1)


def _best_scales(groups: np.ndarray, form: HalfScaled) -> np.ndarray:
    """[rows, groups, inputs] float32 -> float16 [rows, groups]: of each end's fit the one with the largest gain."""
    at = np.abs(groups).argmax(axis=2)
    largest = np.take_along_axis(groups, at[:, :, None], axis=2)[:, :, 0]
    best, scales = np.zeros_like(largest), np.zeros_like(largest)
    for end in form.ends:
        inverse = np.divide(
            np.float32(end), largest, out=np.zeros_like(largest), where=np.abs(largest) >= np.float32(2**-100)
        )
        integers = _integers(groups, inverse, form)
        product, square = _four_lane_sum(groups * integers), _four_lane_sum(integers * integers)
        divisor = np.where(square > 0, square, np.float32(1))
        gain = product * product / divisor
        scales = np.where(gain > best, product / divisor, scales)
        best = np.maximum(gain, best)
    return np.clip(scales, np.float32(-65504), np.float32(65504)).astype(np.float16)


def _integers(groups: np.ndarray, inverse: np.ndarray, form: HalfScaled) -> np.ndarray:
    return np.clip(np.rint(groups * inverse[:, :, None]), np.float32(form.lowest), np.float32(form.highest))


def _four_lane_sum(values: np.ndarray) -> np.ndarray:
    """Over the last axis as the compiled packing sums, so that bits are the same: every fourth one, then the four."""
    lanes = np.zeros((*values.shape[:-1], 4), np.float32)
    for start in range(0, values.shape[-1], 4):
        lanes = lanes + values[..., start : start + 4]
    return (lanes[..., 0] + lanes[..., 1]) + (lanes[..., 2] + lanes[..., 3])


def _stored_inputs(inputs: int) -> int:
    return -(-inputs // 64) * 64


def _grouped(weights: np.ndarray, weight_group: int) -> np.ndarray:
    """Filled up to whole tiles and groups: [outputs, groups, inputs of a group]."""
    outputs, inputs = weights.shape
    full = np.pad(weights, ((0, -outputs % 16), (0, _stored_inputs(inputs) - inputs)))
    return full.reshape(len(full), -1, weight_group or full.shape[1])


def _scales_and_values(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scales no smaller than 2^-24 of the row's largest and than 2^-100, so that their ratios are finite."""
    scales = np.abs(groups).max(axis=2) / np.float32(127)
    smallest = np.maximum(scales.max(axis=1, keepdims=True) * np.float32(2**-24), np.float32(2**-100))
    scales = np.maximum(scales, smallest)
    return scales, np.clip(np.rint(groups / scales[:, :, None]), -127, 127)


def _squared_error(weights: np.ndarray, weight_group: int) -> float:
    groups = _grouped(weights, weight_group)
    scales, quantized = _scales_and_values(groups)
    return float(np.sum((groups - quantized * scales[:, :, None]).astype(np.float64) ** 2))
