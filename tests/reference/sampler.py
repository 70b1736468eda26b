"""What a runner's sampler must do, in numpy and slowly: the oracle for the native one.

Penalties, logit bias and mask work on the logits; then temperature, top_k, top_p over what top_k kept, min_p, and
the inverse of the cumulative distribution at a number that depends on (seed, position, choice) alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from qingmo.engine.runner import SampledToken
from qingmo.sampling_params import SamplingParams

_MASK32 = 0xFFFFFFFF


class ReferenceSampler:
    """The sampling state of one sequence. params are resolved; choice numbers the answers of a request."""

    def __init__(self, params: SamplingParams, seed: int, prompt: Sequence[int], choice: int) -> None:
        self.params = params
        self.seed = seed
        self.choice = choice
        self.counts = Counter(prompt)

    def append(self, token_id: int) -> None:
        self.counts[token_id] += 1

    def sample(self, logits: np.ndarray, position: int, allowed: np.ndarray) -> SampledToken:
        """logits float32 [vocab_size], unmodified; allowed bool [vocab_size]; position counts the output so far."""
        changed = np.where(allowed, self.penalize(logits), np.float32(-np.inf))
        if self.params.temperature == 0:
            token = int(np.argmax(changed))
        else:
            token = self._draw(changed, uniform(self.seed, position, self.choice))
        return report(logits, token, self.params.logprobs)

    def penalize(self, logits: np.ndarray) -> np.ndarray:
        """Repetition, then presence and frequency over prompt and output, then logit bias, all in float32."""
        params, changed = self.params, logits.astype(np.float32).copy()
        for token, count in self.counts.items():
            value = changed[token]
            repetition = np.float32(params.repetition_penalty)
            value = value / repetition if value > 0 else value * repetition
            changed[token] = value - np.float32(params.presence_penalty) - np.float32(params.frequency_penalty) * count
        for token, bias in (params.logit_bias or {}).items():
            changed[token] += np.float32(bias)
        return changed

    def _draw(self, logits: np.ndarray, u: float) -> int:
        order = np.lexsort((np.arange(len(logits)), -logits))
        order = order[np.isfinite(logits[order])]
        if self.params.top_k:
            order = order[: self.params.top_k]
        scaled = (logits[order] / np.float32(self.params.temperature)).astype(np.float64)
        weights = np.exp(scaled - scaled[0])
        kept = top_p_count(weights, self.params.top_p)
        kept = int(np.count_nonzero(weights[:kept] >= self.params.min_p * weights[0]))
        cumulative = np.cumsum(weights[:kept])
        return int(order[min(int(np.searchsorted(cumulative, u * cumulative[-1], side="right")), kept - 1)])


def top_p_count(weights: np.ndarray, top_p: float) -> int:
    """The length of the shortest beginning with at least top_p of the whole; weights in descending order."""
    cumulative = np.cumsum(weights)
    return min(int(np.searchsorted(cumulative, top_p * cumulative[-1], side="left")) + 1, len(weights))


def report(logits: np.ndarray, token: int, logprobs: int | None) -> SampledToken:
    """The token with log probabilities under the unmodified logits, where asked for."""
    if logprobs is None:
        return SampledToken(token)
    wide = logits.astype(np.float64)
    log_softmax = wide - wide.max() - np.log(np.sum(np.exp(wide - wide.max())))
    top = np.lexsort((np.arange(len(wide)), -wide))[:logprobs]
    return SampledToken(token, float(log_softmax[token]), tuple((int(i), float(log_softmax[i])) for i in top))


def uniform(seed: int, position: int, choice: int) -> float:
    """A number in [0, 1) with 53 random bits."""
    x0, x1, _, _ = philox4x32((position, choice, 0, 0), (seed & _MASK32, seed >> 32))
    return ((x0 << 32 | x1) >> 11) * 2.0**-53


def philox4x32(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3; 2011)."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & _MASK32, (p0 >> 32) ^ c3 ^ k1, p0 & _MASK32
        k0, k1 = (k0 + 0x9E3779B9) & _MASK32, (k1 + 0xBB67AE85) & _MASK32
    return c0, c1, c2, c3
