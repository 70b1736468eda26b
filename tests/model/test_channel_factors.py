"""Hot channels move into the weights exactly, and only where there are any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from reference import packing
from toy_checkpoint import make_toy_checkpoint, read_toy_tensors, write_safetensors

from qingmo.model.channel_factors import channel_factors
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.packing import packed_checkpoint


def hot_checkpoint(folder: Path) -> Path:
    make_toy_checkpoint(folder)
    tensors = read_toy_tensors(folder)
    for name, values in tensors.items():
        if name.endswith("layernorm.weight"):
            values[[5, 77]] *= 30
    write_safetensors(folder / "model.safetensors", tensors, "bfloat16")
    return folder


def test_like_channels_are_left_alone() -> None:
    assert (channel_factors(np.linspace(0.6, 1.8, 64, dtype=np.float32)) == 1).all()


def test_a_hot_channel_gets_the_power_of_two_nearest_to_its_root() -> None:
    norm = np.ones(64, np.float32)
    norm[3], norm[9], norm[11] = 30, -16, 1 / 64
    factors = channel_factors(norm)
    assert (factors[3], factors[9], factors[11]) == (4, 4, 1 / 8)


def test_zero_and_huge_norms_give_finite_factors() -> None:
    norm = np.array([0, 1, 1, 1, 3e38], np.float32)
    assert np.isfinite(channel_factors(norm)).all() and (channel_factors(norm) > 0).all()
    assert (channel_factors(np.zeros(8, np.float32)) == 1).all()


def test_what_leaves_the_norm_is_in_the_columns_of_its_matrix(tmp_path: Path) -> None:
    folder = hot_checkpoint(tmp_path / "hot")
    packed = packed_checkpoint(open_checkpoint(folder), "int8", cache_dir=tmp_path / "cache")
    tensors = read_toy_tensors(folder)
    content = packed.path.read_bytes()
    for layer, norm, matrix, parts in (
        (0, "attn_norm", "qkv", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
        (1, "mlp_norm", "gate_up", ("mlp.gate_proj", "mlp.up_proj")),
    ):
        checkpoint_norm = {"attn_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm"}[norm]
        whole = tensors[f"model.layers.{layer}.{checkpoint_norm}.weight"]
        at = packed.tensors[f"layers.{layer}.{norm}"]
        divided = np.frombuffer(content[at.offset : at.offset + at.size], np.float32)
        factors = whole / divided
        assert factors[5] == 4 and factors[77] == 4 and (np.delete(factors, [5, 77]) == 1).all()
        matrices = [tensors[f"model.layers.{layer}.{part}.weight"] for part in parts]
        weights = packing.alternating(*matrices) if matrix == "gate_up" else np.concatenate(matrices)
        at = packed.tensors[f"layers.{layer}.{matrix}"]
        expected = packing.quantize_int8(weights * factors, at.weight_group)
        assert content[at.offset : at.offset + at.size] == expected.tobytes()


def test_unquantized_weights_stay_as_they_are(tmp_path: Path) -> None:
    folder = hot_checkpoint(tmp_path / "hot")
    packed = packed_checkpoint(open_checkpoint(folder), "none", cache_dir=tmp_path / "cache")
    at = packed.tensors["layers.0.attn_norm"]
    content = packed.path.read_bytes()[at.offset : at.offset + at.size]
    assert content == read_toy_tensors(folder)["model.layers.0.input_layernorm.weight"].astype(np.float32).tobytes()
