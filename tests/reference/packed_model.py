"""A packed file's tensors and a checkpoint's: the names and the stacking of one from the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from reference import packing

from qingmo.config import ModelConfig
from qingmo.model.packed_file import PackedFile

Tensors = Mapping[str, np.ndarray]


def unpacked(packed: PackedFile) -> dict[str, np.ndarray]:
    """Every tensor of the file as float32, under its name there."""
    content = packed.path.read_bytes()
    return {
        name: packing.unpack(content[t.offset : t.offset + t.size], t.kind, t.outputs, t.inputs, t.weight_group)
        for name, t in packed.tensors.items()
    }


def stacked(tensors: Tensors, layers: int) -> dict[str, np.ndarray]:
    """The checkpoint's tensors under the packed file's names."""
    wanted = {"embed": tensors["model.embed_tokens.weight"], "norm": tensors["model.norm.weight"]}
    if "lm_head.weight" in tensors:
        wanted["head"] = tensors["lm_head.weight"]
    for n in range(layers):

        def rows(*names: str, prefix: str = f"model.layers.{n}.") -> np.ndarray:
            return np.concatenate([tensors[prefix + name] for name in names])

        qkv = [f"self_attn.{x}_proj" for x in "qkv"]
        wanted |= {
            f"layers.{n}.attn_norm": rows("input_layernorm.weight"),
            f"layers.{n}.qkv": rows(*(f"{x}.weight" for x in qkv)),
            f"layers.{n}.qkv_bias": rows(*(f"{x}.bias" for x in qkv)),
            f"layers.{n}.o": rows("self_attn.o_proj.weight"),
            f"layers.{n}.mlp_norm": rows("post_attention_layernorm.weight"),
            f"layers.{n}.gate_up": packing.alternating(rows("mlp.gate_proj.weight"), rows("mlp.up_proj.weight")),
            f"layers.{n}.down": rows("mlp.down_proj.weight"),
        }
    return wanted


def unstacked(tensors: Tensors, config: ModelConfig) -> dict[str, np.ndarray]:
    """The packed file's tensors under the checkpoint's names: what the reference model computes with."""
    found = {"model.embed_tokens.weight": tensors["embed"], "model.norm.weight": tensors["norm"]}
    if "head" in tensors:
        found["lm_head.weight"] = tensors["head"]
    queries, keys = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    for n in range(config.num_layers):
        of, to = f"layers.{n}.", f"model.layers.{n}."
        for kind, name in (("weight", "qkv"), ("bias", "qkv_bias")):
            parts = np.split(tensors[of + name], [queries, queries + keys])
            found |= {f"{to}self_attn.{x}_proj.{kind}": part for x, part in zip("qkv", parts, strict=True)}
        gate_up = tensors[of + "gate_up"].reshape(-1, 2, 16, config.hidden_size)
        found |= {
            to + "input_layernorm.weight": tensors[of + "attn_norm"],
            to + "self_attn.o_proj.weight": tensors[of + "o"],
            to + "post_attention_layernorm.weight": tensors[of + "mlp_norm"],
            to + "mlp.gate_proj.weight": gate_up[:, 0].reshape(-1, config.hidden_size),
            to + "mlp.up_proj.weight": gate_up[:, 1].reshape(-1, config.hidden_size),
            to + "mlp.down_proj.weight": tensors[of + "down"],
        }
    return found
