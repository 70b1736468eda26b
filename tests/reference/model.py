"""A plain numpy float32 transformer of the Qwen2 family: the oracle for everything faster.

It says what each step computes and nothing about how to do it quickly. RoPE follows transformers' float32 arithmetic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from qingmo.config import ModelConfig


class ReferenceModel:
    """tensors: checkpoint names -> float32 arrays, matrices as [outputs, inputs]."""

    def __init__(self, config: ModelConfig, tensors: Mapping[str, np.ndarray]) -> None:
        self.config = config
        self._tensors = {name: np.ascontiguousarray(values, np.float32) for name, values in tensors.items()}
        self._head = self["model.embed_tokens.weight" if config.tie_word_embeddings else "lm_head.weight"]

    def __getitem__(self, name: str) -> np.ndarray:
        return self._tensors[name]

    def forward(self, token_ids: Sequence[int]) -> np.ndarray:
        """The logits after each token, float32 [tokens, vocab_size]."""
        positions = np.arange(len(token_ids))
        hidden = self.embed(token_ids)
        for layer in range(self.config.num_layers):
            q, k, v = self.qkv(layer, hidden, positions)
            attended = np.stack([attend(q[p], k[: p + 1], v[: p + 1]) for p in positions])
            hidden = self.finish_layer(layer, hidden, attended)
        return self.head(self.final_norm(hidden))

    def embed(self, token_ids: Sequence[int]) -> np.ndarray:
        """[rows, hidden]"""
        return self["model.embed_tokens.weight"][np.asarray(token_ids)]

    def qkv(self, layer: int, hidden: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Queries [rows, heads, head_dim], keys and values [rows, kv heads, head_dim]; the first two rotated."""
        prefix = f"model.layers.{layer}."
        normed = rms_norm(hidden, self[prefix + "input_layernorm.weight"], self.config.rms_norm_eps)
        q, k, v = (self._project(prefix + f"self_attn.{name}_proj", normed) for name in "qkv")
        q, k, v = (x.reshape(len(hidden), -1, self.config.head_dim) for x in (q, k, v))
        if self.config.qk_norm:
            q = rms_norm(q, self[prefix + "self_attn.q_norm.weight"], self.config.rms_norm_eps)
            k = rms_norm(k, self[prefix + "self_attn.k_norm.weight"], self.config.rms_norm_eps)
        cos, sin = rope_tables(positions, self.config.head_dim, self.config.rope_theta)
        return rotate(q, cos, sin), rotate(k, cos, sin), v

    def finish_layer(self, layer: int, hidden: np.ndarray, attended: np.ndarray) -> np.ndarray:
        """From attention's output [rows, heads, head_dim] to the layer's, [rows, hidden]."""
        prefix = f"model.layers.{layer}."
        hidden = hidden + attended.reshape(len(hidden), -1) @ self[prefix + "self_attn.o_proj.weight"].T
        normed = rms_norm(hidden, self[prefix + "post_attention_layernorm.weight"], self.config.rms_norm_eps)
        gate = normed @ self[prefix + "mlp.gate_proj.weight"].T
        up = normed @ self[prefix + "mlp.up_proj.weight"].T
        return hidden + (gate / (1 + np.exp(-gate)) * up) @ self[prefix + "mlp.down_proj.weight"].T

    def final_norm(self, hidden: np.ndarray) -> np.ndarray:
        return rms_norm(hidden, self["model.norm.weight"], self.config.rms_norm_eps)

    def head(self, normed: np.ndarray) -> np.ndarray:
        """[rows, hidden] -> logits [rows, vocab_size]"""
        return normed @ self._head.T

    def _project(self, name: str, normed: np.ndarray) -> np.ndarray:
        product = normed @ self[name + ".weight"].T
        return product + self[name + ".bias"] if self.config.qkv_bias else product


def rms_norm(x: np.ndarray, weight: np.ndarray, eps: float) -> np.ndarray:
    """Over the last axis."""
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(eps)) * weight


def rope_tables(positions: np.ndarray, head_dim: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines, float32 [rows, head_dim / 2] each."""
    exponents = np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)
    inverse_frequencies = np.float32(1) / np.float32(theta) ** exponents
    angles = np.asarray(positions, np.float32)[:, None] * inverse_frequencies
    return np.cos(angles), np.sin(angles)


def rotate(x: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    """RoPE on [rows, heads, head_dim]: dimension i pairs with i + head_dim / 2."""
    first, second = np.split(x, 2, axis=-1)
    cos, sin = cos[:, None], sin[:, None]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def attend(q: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """One query [heads, head_dim] over keys and values [n, kv heads, head_dim], which it sees all of."""
    group = len(q) // keys.shape[1]
    output = []
    for head, query in enumerate(q):
        scores = keys[:, head // group] @ query / np.sqrt(np.float32(len(query)))
        weights = np.exp(scores - scores.max())
        output.append(weights / weights.sum() @ values[:, head // group])
    return np.stack(output)


def read_model_config(folder: Path) -> ModelConfig:
    """config.json of a Qwen2 checkpoint known to be good, read without the package's own reader."""
    raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    eos = raw["eos_token_id"]
    return ModelConfig(
        vocab_size=raw["vocab_size"],
        hidden_size=raw["hidden_size"],
        intermediate_size=raw["intermediate_size"],
        num_layers=raw["num_hidden_layers"],
        num_heads=raw["num_attention_heads"],
        num_kv_heads=raw["num_key_value_heads"],
        head_dim=raw.get("head_dim", raw["hidden_size"] // raw["num_attention_heads"]),
        rms_norm_eps=raw["rms_norm_eps"],
        rope_theta=raw["rope_theta"],
        max_position_embeddings=raw["max_position_embeddings"],
        tie_word_embeddings=raw["tie_word_embeddings"],
        qkv_bias=True,
        qk_norm=False,
        checkpoint_dtype=raw["torch_dtype"],
        eos_token_ids=(eos,) if isinstance(eos, int) else tuple(eos),
    )
