"""The weights of a model: which tensors of the checkpoint, stacked by rows, make each tensor of the packed file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qingmo.config import ModelConfig


@dataclass(frozen=True, slots=True)
class Part:
    """One tensor of the checkpoint: [rows, inputs of its Weight], or [rows] for a vector."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Weight:
    """One tensor of the packed file."""

    name: str
    parts: tuple[Part, ...]
    inputs: int | None  # columns of the checkpoint's [out, in] matrix; None: a vector
    norm: Part | None = None  # what the inputs went through last; of a norm of that kind, the norm itself
    vocabulary: bool = False  # a row a token: the embedding or the head
    alternating: bool = False  # its two parts take turns, 16 rows each: a tile of gate, a tile of up

    @property
    def outputs(self) -> int:
        """Rows of all parts together."""
        return sum(part.rows for part in self.parts)

    @property
    def is_matrix(self) -> bool:
        return self.inputs is not None

    def shape(self, part: Part) -> tuple[int, ...]:
        """The shape `part` has in the checkpoint."""
        return (part.rows,) if self.inputs is None else (part.rows, self.inputs)


def model_weights(config: ModelConfig) -> Iterator[Weight]:
    """Every weight of the model, in the order in which a forward pass meets them; the head only where it is untied."""
    yield Weight("embed", (Part("model.embed_tokens.weight", config.vocab_size),), config.hidden_size, vocabulary=True)
    for layer in range(config.num_layers):
        yield from _layer_weights(config, layer)
    yield Weight("norm", (Part("model.norm.weight", config.hidden_size),), None)
    if not config.tie_word_embeddings:
        yield Weight("head", (Part("lm_head.weight", config.vocab_size),), config.hidden_size, vocabulary=True)


def _layer_weights(config: ModelConfig, layer: int) -> Iterator[Weight]:
    q, kv = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
    hidden, intermediate = config.hidden_size, config.intermediate_size
    qkv_rows = {"self_attn.q_proj": q, "self_attn.k_proj": kv, "self_attn.v_proj": kv}
    gate_up_rows = {"mlp.gate_proj": intermediate, "mlp.up_proj": intermediate}

    def part(module: str, rows: int, suffix: str = "weight") -> Part:
        return Part(f"model.layers.{layer}.{module}.{suffix}", rows)

    def weight(
        name: str, rows: dict[str, int], inputs: int | None, suffix: str = "weight", **properties: Any
    ) -> Weight:
        parts = tuple(part(module, n, suffix) for module, n in rows.items())
        return Weight(f"layers.{layer}.{name}", parts, inputs, **properties)

    attn_norm, mlp_norm = part("input_layernorm", hidden), part("post_attention_layernorm", hidden)
    yield Weight(f"layers.{layer}.attn_norm", (attn_norm,), None, attn_norm)
    yield weight("qkv", qkv_rows, hidden, norm=attn_norm)
    if config.qkv_bias:
        yield weight("qkv_bias", qkv_rows, None, "bias")
    if config.qk_norm:
        yield weight("q_norm", {"self_attn.q_norm": config.head_dim}, None)
        yield weight("k_norm", {"self_attn.k_norm": config.head_dim}, None)
    yield weight("o", {"self_attn.o_proj": hidden}, q)
    yield Weight(f"layers.{layer}.mlp_norm", (mlp_norm,), None, mlp_norm)
    yield weight("gate_up", gate_up_rows, hidden, norm=mlp_norm, alternating=True)
    yield weight("down", {"mlp.down_proj": hidden}, intermediate)
