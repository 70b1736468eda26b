"""int4, and int6 for the vocabulary: the bytes of the packed file, and a model that computes with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference import packing as reference
from reference.model import ReferenceModel, read_model_config
from reference.packed_model import stacked, unpacked, unstacked
from toy_checkpoint import make_toy_checkpoint, read_toy_tensors, write_safetensors

from qingmo import LLM, _native
from qingmo.errors import ConfigError
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.packed_file import PackedFile, open_packed
from qingmo.model.packing import packed_checkpoint

LARGEST = 7 * 65504 / 64  # of a weight whose column a channel factor of 64 may multiply


def pack(folder: Path, cache: Path) -> PackedFile:
    return packed_checkpoint(open_checkpoint(folder), "int4", "auto", cache)


@pytest.mark.parametrize("shape", [(16, 32), (17, 96), (40, 300), (64, 896)])
@pytest.mark.parametrize("spread", ["trained", "heavy tails", "tiny", "giant", "sparse"])
@pytest.mark.parametrize("kind", ["int6", "int4"])
def test_every_byte_is_the_oracles(kind: str, shape: tuple[int, int], spread: str) -> None:
    rng = np.random.default_rng(3)
    weights = {
        "trained": lambda: 0.02 * rng.standard_normal(shape),
        "heavy tails": lambda: 0.02 * rng.standard_t(3, shape),
        "tiny": lambda: 1e-7 * rng.standard_normal(shape),  # scales are subnormal or nothing
        "giant": lambda: np.clip(1e6 * rng.standard_normal(shape), -64 * LARGEST, 64 * LARGEST),
        "sparse": lambda: rng.standard_normal(shape) * (rng.random(shape) < 0.03),
    }[spread]()
    rows = np.ascontiguousarray(weights, np.float32)
    made = getattr(_native, f"quantize_{kind}")(rows, 2).reshape(-1)
    np.testing.assert_array_equal(made, getattr(reference, f"quantize_{kind}")(rows))
    unpacked_rows = reference.unpack(made.tobytes(), kind, *shape, 0)
    if spread == "trained":  # of a normal group the largest is some 2.3 times as large as most
        assert relative_error(unpacked_rows, rows) < {"int6": 0.03, "int4": 0.12}[kind]


@pytest.mark.parametrize("tie", [True, False])
def test_layers_are_int4_and_the_embedding_and_the_head_int6(tmp_path: Path, tie: bool) -> None:
    folder = make_toy_checkpoint(tmp_path / "toy", tie=tie)
    packed = pack(folder, tmp_path)
    wanted = stacked(read_toy_tensors(folder), layers=2)
    content = packed.path.read_bytes()
    for name, tensor in packed.tensors.items():
        if tensor.kind == "vector":
            expected = wanted[name].view(np.uint8)
        elif name in ("embed", "head"):
            assert (tensor.kind, tensor.weight_group) == ("int6", 0)
            expected = reference.quantize_int6(wanted[name])
        else:
            assert (tensor.kind, tensor.weight_group) == ("int4", 0)
            expected = reference.quantize_int4(wanted[name])
        np.testing.assert_array_equal(np.frombuffer(content, np.uint8, tensor.size, tensor.offset), expected, name)


def test_a_second_start_opens_what_the_first_packed(toy_folder: Path, tmp_path: Path) -> None:
    first = pack(toy_folder, tmp_path)
    labels: list[str] = []
    second = packed_checkpoint(
        open_checkpoint(toy_folder), "int4", "auto", tmp_path, lambda label, done, total: labels.append(label)
    )
    assert second == first == open_packed(first.path, first.key)
    assert second.kind == second.quantization == "int4" and not labels


@pytest.mark.parametrize("value", [1.01 * LARGEST, -1e30])
def test_weights_beyond_int4_name_the_tensor_and_the_way_out(tmp_path: Path, value: float) -> None:
    folder = with_value(tmp_path, value)
    with pytest.raises(ConfigError, match=r"k_proj\.weight holds .* more than int4 can .*--quantization int8"):
        pack(folder, tmp_path)


@pytest.mark.parametrize("value", [LARGEST, -LARGEST])
def test_weights_at_the_limit_are_packed_although_their_channel_is_hot(tmp_path: Path, value: float) -> None:
    packed = pack(with_value(tmp_path, value, norm=1e9), tmp_path)
    qkv = unpacked(packed)["layers.0.qkv"]
    assert np.isfinite(qkv).all()
    assert np.abs(qkv).max() == pytest.approx(64 * LARGEST, rel=1e-3)


def with_value(tmp_path: Path, value: float, norm: float = 1) -> Path:
    """A checkpoint with this value as the last key weight, and its channel's norm weight."""
    folder = make_toy_checkpoint(tmp_path / "toy", layers=1, dtype="float32")
    tensors = read_toy_tensors(folder)
    tensors["model.layers.0.self_attn.k_proj.weight"][-1, -1] = value
    tensors["model.layers.0.input_layernorm.weight"][-1] = norm
    write_safetensors(folder / "model.safetensors", tensors, "float32")
    return folder


def test_a_model_computes_what_the_reference_does_with_the_unpacked_weights(toy_folder: Path, tmp_path: Path) -> None:
    config = read_model_config(toy_folder)
    oracle = ReferenceModel(config, unstacked(unpacked(pack(toy_folder, tmp_path)), config))
    unrounded = ReferenceModel(config, read_toy_tensors(toy_folder))
    token_ids = list(range(3, 60))
    with LLM(str(toy_folder), quantization="int4", threads=2) as llm:
        logits = llm.logits(token_ids)
    # Activations are int8 here and float32 there; what int4 itself costs is several times that.
    assert relative_error(logits, oracle.forward(token_ids)) < 0.02
    assert relative_error(logits, unrounded.forward(token_ids)) > 0.05


def relative_error(values: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(values - expected) / np.linalg.norm(expected))
