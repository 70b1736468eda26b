"""What a machine could do at most: the work of a token, over rates probed on the same threads a moment before."""

from __future__ import annotations

from dataclasses import dataclass

from qingmo.config import BLOCK_SIZE, ModelConfig
from qingmo.model.packed_layout import PackedFile
from qingmo.model.weights import model_weights

CACHED_BYTES = 64 << 20
"""Weights smaller than this lie in the caches of some processors, so that reading them says nothing of memory."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Rates of this machine, by all threads that compute."""

    multiply_adds: float  # a second, of the kind that the weights need, on registers alone
    bandwidth: float | None  # bytes a second at which the weights are read; None where they lie in caches


@dataclass(frozen=True, slots=True)
class Work:
    """What a forward pass has to do, whoever writes it: multiply-adds of matrices and attention, bytes of weights."""

    layer_macs: int  # a token, all layers' matrices
    head_macs: int  # a token whose logits are wanted
    attention_macs: int  # a token and a key it attends to, all layers
    weight_bytes: int  # of a step; the embedding is read only where it is the head too
    kv_bytes: int  # a token in the KV cache

    @classmethod
    def of(cls, packed: PackedFile, kv_block_bytes: int) -> Work:
        config = packed.config
        matrices = [weight for weight in model_weights(config) if weight.inputs is not None]
        unread = 0 if config.tie_word_embeddings else packed.tensors["embed"].size
        return cls(
            layer_macs=sum(w.outputs * (w.inputs or 0) for w in matrices if not w.vocabulary),
            head_macs=config.vocab_size * config.hidden_size,
            attention_macs=_attention_macs(config),
            weight_bytes=sum(tensor.size for tensor in packed.tensors.values()) - unread,
            kv_bytes=kv_block_bytes // BLOCK_SIZE,
        )

    def prefill_limit(self, batch: int, prompt_tokens: int, probe: Probe) -> float:
        """Tokens a second of prompts that are worked on together, up to their first tokens of answer."""
        pairs = prompt_tokens * (prompt_tokens + 1) // 2
        macs = prompt_tokens * self.layer_macs + pairs * self.attention_macs + self.head_macs
        return batch * prompt_tokens / _seconds(batch * macs, self.weight_bytes, probe)

    def decode_limit(self, batch: int, context: float, probe: Probe) -> float:
        """Tokens a second of all sequences, each with so many tokens in the KV cache."""
        macs = batch * (self.layer_macs + self.head_macs + context * self.attention_macs)
        return batch / _seconds(macs, self.weight_bytes + batch * context * self.kv_bytes, probe)


def _attention_macs(config: ModelConfig) -> int:
    """Of queries by keys, and of what comes of it by values."""
    return 2 * config.num_layers * config.num_heads * config.head_dim


def _seconds(macs: float, read: float, probe: Probe) -> float:
    arithmetic = macs / probe.multiply_adds
    return max(arithmetic, read / probe.bandwidth) if probe.bandwidth else arithmetic
