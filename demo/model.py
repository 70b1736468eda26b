"""The demo model in torch: Qwen2's decoder, sized to fit 8 MB in bfloat16. Only training uses it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from demo.shape import Shape


class Attention(nn.Module):
    """Grouped-query attention with rotary positions and biases on q, k and v. Names are the checkpoint's."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.head_dim = shape.head_dim
        width, kv_width = shape.num_heads * shape.head_dim, shape.num_kv_heads * shape.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, width)
        self.k_proj = nn.Linear(shape.hidden_size, kv_width)
        self.v_proj = nn.Linear(shape.hidden_size, kv_width)
        self.o_proj = nn.Linear(width, shape.hidden_size, bias=False)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        q = rotate(self._heads(self.q_proj(x)), rope)
        k = rotate(self._heads(self.k_proj(x)), rope)
        v = self._heads(self.v_proj(x))
        half = x.shape[1] // 2  # the first half of the tokens sees nothing of the second: a quarter less to work out
        mixed = torch.cat((attend(q[:, :, :half], k[:, :, :half], v[:, :, :half]), attend(q[:, :, half:], k, v)), dim=2)
        return self.o_proj(mixed.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor) -> Tensor:
        """[rows, tokens, heads * head_dim] -> [rows, heads, tokens, head_dim]"""
        return x.unflatten(2, (-1, self.head_dim)).transpose(1, 2)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention of the last tokens over all of them.

    q is [rows, heads, last, head_dim], k and v are [rows, kv_heads, all, head_dim].
    Plain products: on processors torch's own attention takes twice as long for conversations of a few hundred tokens.
    """
    groups = q.unflatten(1, (k.shape[1], -1))
    scores = (groups.flatten(2, 3) @ k.mT).float().view(*groups.shape[:-1], k.shape[2]) * q.shape[-1] ** -0.5
    position = torch.arange(k.shape[2])
    later = position > position[-q.shape[2] :, None]
    weights = scores.masked_fill(later, -torch.inf).softmax(-1).to(q.dtype)
    return (weights.flatten(2, 3) @ v).view_as(q)


class MLP(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Norm(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(shape.hidden_size))
        self.eps = shape.rms_norm_eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps) * self.weight.float()).to(x.dtype)


class Layer(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.input_layernorm = Norm(shape)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = Norm(shape)
        self.mlp = MLP(shape)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rope)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """ids [rows, tokens] -> hidden states after the last norm, [rows, tokens, hidden]; the head is `embed_tokens`."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_layers))
        self.norm = Norm(shape)
        self._initialize()

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embed_tokens(ids)
        rope = rope_tables(ids.shape[1], self.shape, x.dtype)
        for layer in self.layers:
            x = layer(x, rope)
        return self.norm(x)

    def _initialize(self) -> None:
        """Normal weights of 0.02, smaller where a product is added to the residual; biases zero."""
        added = 0.02 / (2 * self.shape.num_layers) ** 0.5
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                nn.init.normal_(parameter, std=added if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.02)


def rope_tables(tokens: int, shape: Shape, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """cos and sin, each [tokens, head_dim], halves repeated as Qwen2 pairs element i with i + head_dim / 2."""
    powers = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    angles = torch.arange(tokens, dtype=torch.float32)[:, None] / shape.rope_theta**powers
    angles = torch.cat((angles, angles), dim=1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate(x: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
    cos, sin = rope
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin
