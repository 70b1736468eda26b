"""The packed layout in plain numpy: the oracle of the compiled packing, and the way back to float32."""

from __future__ import annotations

import numpy as np

FLOAT_TYPES = {"float32": "<f4", "float16": "<f2"}


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


def int8_errors(weights: np.ndarray) -> np.ndarray:
    """Sums of squared errors with groups of 32, 64, 128 and the whole row, float64 [4]; inf where one cannot be."""
    stored = -(-weights.shape[1] // 32) * 32
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
    if kind == "bfloat16":
        values = (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        values = np.frombuffer(content, FLOAT_TYPES[kind]).astype(np.float32)
    return values.reshape(-1, inputs, 16).transpose(0, 2, 1).reshape(-1, inputs)[:outputs]


def _unpack_int8(content: np.ndarray, inputs: int, weight_group: int) -> np.ndarray:
    stored = -(-inputs // 32) * 32
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


def _grouped(weights: np.ndarray, weight_group: int) -> np.ndarray:
    """Filled up to whole tiles and groups: [outputs, groups, inputs of a group]."""
    outputs, inputs = weights.shape
    full = np.pad(weights, ((0, -outputs % 16), (0, -inputs % 32)))
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
