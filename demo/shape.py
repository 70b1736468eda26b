"""The size of the demo model: with its tokenizer it fills 8 MB in bfloat16, and depth was preferred to width."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """What config.json will say of the model."""

    vocab_size: int
    hidden_size: int = 256
    intermediate_size: int = 480
    num_layers: int = 5
    num_heads: int = 4
    num_kv_heads: int = 2
    head_dim: int = 64
    rope_theta: float = 10_000.0  # contexts are short: slower rotations would hardly turn
    rms_norm_eps: float = 1e-6
