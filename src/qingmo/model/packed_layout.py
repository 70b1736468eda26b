"""Where each tensor of a packed file stands, how it is laid out, and how many bytes it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from qingmo.config import ModelConfig
from qingmo.model.weights import Weight, model_weights

LANES = 16  # outputs of a tile
QUANTIZED_INPUTS = 64  # inputs of a quantized matrix are filled up to a multiple of this, an activation's group
WEIGHT_GROUPS = (0, 128, 64)  # coarsest first
HALF_SCALED = {"int6": (6, 64), "int4": (4, 32)}  # bits of a weight, inputs that share a float16 scale
ITEM_SIZES = {"float32": 4, "float16": 2, "bfloat16": 2}
MATRIX_KINDS = ("int8", "int4", *ITEM_SIZES)
QUANTIZED_KINDS = ("int8", "int4")
MATRIX_ALIGNMENT = 4096  # bytes: a page
VECTOR_ALIGNMENT = 64  # bytes: a cache line
NO_DIGEST = "0" * 32


@dataclass(frozen=True, slots=True)
class PackedTensor:
    """One tensor. Outputs are filled up to a multiple of 16; tile t of a matrix holds outputs 16t to 16t + 15.

    int8      a tile is, for each weight group: 16 float32 scales, then for each 4 inputs [16 outputs][4 inputs] uint8,
              w + 128. Inputs are filled up to a multiple of 64. What fills up has scale 0 or byte 128.
    int4      a tile is [inputs / 32][16 outputs] float16 scales, then for each 32
              inputs [4][16 outputs][4 inputs] uint8: the low half of a byte is w + 8 of inputs 0 to 15, the high half
              of inputs 16 to 31. Inputs are filled up to a multiple of 64 with weights of 0.
    int6      a tile is [inputs / 64][16 outputs] float16 scales, then for each 64 inputs two parts of uint8. In
              [8][16 outputs][4 inputs] the lower four bits of w + 32: of inputs 0 to 31 in the low halves, of the
              others in the high ones. In [4][16 outputs][4 inputs] the upper two bits: of inputs 0 to 15 in the lowest
              pairs, and so on. Inputs are filled up to a multiple of 64 with weights of 0.
    float32, float16, bfloat16
              a tile is [inputs][16 outputs].
    vector    float32.
    """

    kind: str
    outputs: int  # rows of the checkpoint's matrix, or length of the vector; not filled up
    inputs: int  # columns, not filled up; 1 for a vector
    weight_group: int  # int8: inputs that share a scale, 0 for all of them; otherwise 0
    offset: int  # bytes from the start of the file
    size: int  # bytes
    digest: str  # BLAKE2b-128 of those bytes in hexadecimal


@dataclass(frozen=True, slots=True)
class PackedFile:
    """The layout of a packed file."""

    path: Path
    key: str  # names the weights and their layout: equal keys, equal tensors
    kind: str  # of the matrices; with "int4" the embedding and the head are int6
    config: ModelConfig
    file_size: int  # bytes
    tensors: Mapping[str, PackedTensor]  # in the order of model_weights, which is their order in the file

    @property
    def quantization(self) -> str:
        """As --quantization spells it."""
        return self.kind if self.kind in QUANTIZED_KINDS else "none"


def plan_layout(
    path: Path,
    key: str,
    kind: str,
    config: ModelConfig,
    header_size: int,
    weight_groups: Mapping[str, int] | None = None,
) -> PackedFile:
    """Lay out the model's tensors behind a header of at most header_size bytes; digests are still NO_DIGEST.

    weight_groups: by tensor, 0 for those not named. Raises ValueError for a group that does not divide its matrix.
    """
    groups = weight_groups or {}
    tensors: dict[str, PackedTensor] = {}
    end = _round_up(header_size, MATRIX_ALIGNMENT)
    for weight in model_weights(config):
        tensor = _plan_tensor(weight, kind, groups.get(weight.name, 0), end)
        tensors[weight.name] = tensor
        end = tensor.offset + tensor.size
    return PackedFile(path, key, kind, config, end, tensors)


def with_digests(layout: PackedFile, digests: Mapping[str, str]) -> PackedFile:
    """The same layout with each tensor's checksum."""
    tensors = {name: replace(tensor, digest=digests[name]) for name, tensor in layout.tensors.items()}
    return replace(layout, tensors=tensors)


def matrix_kind(kind: str, weight: Weight) -> str:
    """What a matrix of a file of this kind is made of. Four bits are too few for the embedding and the head."""
    return "int6" if kind == "int4" and weight.vocabulary else kind


def padded_inputs(inputs: int) -> int:
    """Inputs of a quantized matrix as they are stored."""
    return _round_up(inputs, QUANTIZED_INPUTS)


def _plan_tensor(weight: Weight, kind: str, weight_group: int, end: int) -> PackedTensor:
    if weight.inputs is None:
        offset = _round_up(end, VECTOR_ALIGNMENT)
        return PackedTensor("vector", weight.outputs, 1, 0, offset, weight.outputs * 4, NO_DIGEST)
    kind = matrix_kind(kind, weight)
    tiles = _round_up(weight.outputs, LANES) // LANES
    group = weight_group if kind == "int8" else 0
    tile_bytes = _tile_bytes(kind, weight.inputs, group)
    offset = _round_up(end, MATRIX_ALIGNMENT)
    return PackedTensor(kind, weight.outputs, weight.inputs, group, offset, tiles * tile_bytes, NO_DIGEST)


def _tile_bytes(kind: str, inputs: int, weight_group: int) -> int:
    if kind == "int8":
        return _int8_tile_bytes(inputs, weight_group)
    if kind in HALF_SCALED:
        bits, group = HALF_SCALED[kind]
        stored = padded_inputs(inputs)
        return stored // group * LANES * 2 + stored * LANES * bits // 8
    return inputs * LANES * ITEM_SIZES[kind]


def _int8_tile_bytes(inputs: int, weight_group: int) -> int:
    stored = padded_inputs(inputs)
    group = weight_group or stored
    if stored % group:
        raise ValueError(f"weight_group {weight_group} does not divide {stored} inputs")
    return stored // group * (LANES * 4 + LANES * group)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
