"""The seam between an engine and arithmetic.

An engine needs a Runner: forward over a batch, tokens sampled from the logits that leaves behind, KV blocks moved.
NativeRunner is the one that does it on the CPU. Nothing outside this file names it but build.py; GPU layers, ONNX,
embeddings and adapters come in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from qingmo.sampling_params import SamplingParams


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one or more sequences, prefill and decode mixed. A sequence's rows stand together, in order.

    Every position before a sequence's first row must already be in its KV blocks.
    """

    token_ids: np.ndarray  # [rows] int32
    positions: np.ndarray  # [rows] int32, consecutive within a sequence
    spans: np.ndarray  # [sequences + 1] int32; sequence i owns rows spans[i] to spans[i + 1]
    block_tables: np.ndarray  # [sequences, most blocks] int32, padded with -1; entry j holds positions 16j to 16j + 15
    output_rows: np.ndarray  # [outputs] int32, ascending; the rows whose logits or hidden state is wanted
    want: Literal["logits", "hidden"] = "logits"
    adapter: int = 0  # no adapters yet: 0


@dataclass(frozen=True, slots=True)
class SampledToken:
    """One token and, where the request asked, log probabilities under the unmodified logits."""

    token_id: int
    logprob: float | None = None
    top_logprobs: tuple[tuple[int, float], ...] = ()  # (token id, logprob), likeliest first


class Sampler(Protocol):
    """The state of one sequence's sampling: its parameters, and how often each token occurred so far."""

    def append(self, token_id: int) -> None:
        """Count a token of the output (those of the prompt were counted at the start)."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """Sample output `output` of the last forward with `sampler`, as the sequence's output token `position`."""

    output: int
    sampler: Sampler
    position: int  # tokens of output so far; with the seed it fixes the random number
    mask: np.ndarray | None = None  # uint32 [(vocab_size + 31) // 32], bit i of word i // 32: token i is allowed


class Runner(Protocol):
    """What an engine needs from arithmetic. One step at a time: not for use from two threads at once."""

    num_layers: int
    vocab_size: int  # width of the logits
    num_blocks: int  # KV blocks of 16 tokens there are; the runner owns their memory
    fingerprint: bytes  # changes with anything that changes what a KV block holds for the same tokens

    def forward(
        self, batch: Batch, layers: tuple[int, int] | None = None, hidden_in: np.ndarray | None = None
    ) -> np.ndarray | None:
        """Run `layers` (all by default) over the batch, writing its keys and values to their blocks.

        hidden_in: [rows, hidden] float32, needed where layers do not begin at 0.
        Returns None with want="logits" (they stay inside, see `logits` and `sample`); with want="hidden" the rows
        of output_rows, [outputs, hidden] float32: after the final norm if layers end at the last, else before it.
        """

    def logits(self, output: int) -> np.ndarray:
        """A copy of the logits of output row `output` of the last forward, [vocab_size] float32."""

    def new_sampler(self, params: SamplingParams, seed: int, prompt: Sequence[int], choice: int = 0) -> Sampler:
        """The sampling state of a new sequence; params are resolved; choice numbers the n answers of a request."""

    def sample(self, rows: Sequence[SampleRow]) -> list[SampledToken]:
        """One token a row. Ids with no token are never sampled. Does not call `Sampler.append`."""

    def read_block(self, block: int) -> Any:
        """The bytes of one KV block, all layers: [block_bytes] uint8."""

    def write_block(self, block: int, content: Any) -> None:
        """Overwrite one KV block with what `read_block` gave."""

    def copy_block(self, source: int, target: int) -> None:
        """Copy one KV block over another."""
