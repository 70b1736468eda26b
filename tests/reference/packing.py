"""The packed layout in plain numpy: the oracle of the compiled packing, and the way back to float32."""

from __future__ import annotations

import numpy as np

FLOAT_TYPES = {"float32": "<f4", "float16": "<f2"}
INT4_ENDS = np.arange(-9, -5.75, 0.25, dtype=np.float32)  # what the largest weight of a group becomes in its fits


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


def quantize_int4(weights: np.ndarray) -> np.ndarray:
    """[outputs, inputs] float32 -> the bytes of its int4 tiles, uint8 [bytes]."""
    groups = _grouped(weights, 32)
    tiles, count = len(groups) // 16, groups.shape[1]
    scales = _int4_scales(groups)
    wide = scales.astype(np.float32)
    inverse = np.divide(np.float32(1), wide, out=np.zeros_like(wide), where=wide != 0)
    stored = (_int4_integers(groups, inverse) + 8).astype(np.uint8)
    low, high = (half.reshape(tiles, 16, count, 4, 4) for half in (stored[:, :, :16], stored[:, :, 16:]))
    tile_bytes = (low | high << 4).transpose(0, 2, 3, 1, 4).reshape(tiles, count * 256)
    tile_scales = np.ascontiguousarray(scales.reshape(tiles, 16, count).transpose(0, 2, 1)).view(np.uint8)
    return np.concatenate([tile_scales.reshape(tiles, count * 32), tile_bytes], axis=1).reshape(-1)


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
    if kind == "int4":
        return _unpack_int4(np.frombuffer(content, np.uint8), inputs)[:outputs, :inputs]
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


def _unpack_int4(content: np.ndarray, inputs: int) -> np.ndarray:
    count = _stored_inputs(inputs) // 32
    scales_size = count * 32
    tiles = content.reshape(-1, scales_size + count * 256)
    scales = np.ascontiguousarray(tiles[:, :scales_size]).view("<f2").astype(np.float32).reshape(-1, count, 16)
    both = tiles[:, scales_size:].reshape(-1, count, 4, 16, 4)
    values = np.concatenate([both & 15, both >> 4], axis=2).astype(np.float32) - 8  # [tiles, groups, 8, 16, 4]
    weights = values * scales[:, :, None, :, None]
    return weights.transpose(0, 3, 1, 2, 4).reshape(-1, count * 32)


def _int4_scales(groups: np.ndarray) -> np.ndarray:
    """[rows, groups, 32] float32 -> float16 [rows, groups]: of each end's fit the one with the largest gain."""
    at = np.abs(groups).argmax(axis=2)
    largest = np.take_along_axis(groups, at[:, :, None], axis=2)[:, :, 0]
    best, scales = np.zeros_like(largest), np.zeros_like(largest)
    for end in INT4_ENDS:
        inverse = np.divide(end, largest, out=np.zeros_like(largest), where=np.abs(largest) >= np.float32(2**-100))
        integers = _int4_integers(groups, inverse)
        product, square = _four_lane_sum(groups * integers), _four_lane_sum(integers * integers)
        divisor = np.where(square > 0, square, np.float32(1))
        gain = product * product / divisor
        scales = np.where(gain > best, product / divisor, scales)
        best = np.maximum(gain, best)
    return np.clip(scales, np.float32(-65504), np.float32(65504)).astype(np.float16)


def _int4_integers(groups: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """From -8 to 7, float32."""
    return np.clip(np.rint(groups * inverse[:, :, None]), np.float32(-8), np.float32(7))


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
