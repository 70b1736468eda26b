"""The seam between an engine and arithmetic.

An engine needs a Runner: forward over a batch, tokens sampled from the logits that leaves behind, KV blocks moved.
NativeRunner is the one that does it on the CPU. Nothing outside this file names it but build.py; GPU layers, ONNX,
embeddings and adapters come in here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

import numpy as np

from qingmo import _native
from qingmo.config import BLOCK_SIZE
from qingmo.sampling_params import SamplingParams

if TYPE_CHECKING:
    from qingmo.config import ModelConfig
    from qingmo.model.packed_file import PackedFile


_Number = TypeVar("_Number", int, float)


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


class NativeRunner:
    """Runner on the compiled core: every layer on the CPU, weights mapped from the packed file.

    `valid_tokens` is the mask of ids that have a token, uint32 [(vocab_size + 31) // 32]: the others are never sampled.
    """

    def __init__(
        self,
        packed: PackedFile,
        *,
        rope_theta: float,
        valid_tokens: np.ndarray,
        num_blocks: int,
        max_rows: int,
        max_outputs: int,
        max_positions: int,
        threads: int,
        isa: str | None = None,
    ) -> None:
        config = packed.config
        self.num_layers = config.num_layers
        self.vocab_size = config.vocab_size
        self.num_blocks = num_blocks
        self.kv_dtype = kv_cache_dtype(packed)
        self.fingerprint = _fingerprint(packed.key, self.kv_dtype, rope_theta)
        self._valid_tokens = np.ascontiguousarray(valid_tokens, dtype=np.uint32)
        self._decoder = _native.Decoder(
            path=str(packed.path),
            tensors={
                name: (t.kind, t.outputs, t.inputs, t.weight_group, t.offset, t.size)
                for name, t in packed.tensors.items()
            },
            vocab_size=config.vocab_size,
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_layers=config.num_layers,
            num_heads=config.num_heads,
            num_kv_heads=config.num_kv_heads,
            head_dim=config.head_dim,
            rms_norm_eps=config.rms_norm_eps,
            rope_theta=rope_theta,
            tied_head=config.tie_word_embeddings,
            qkv_bias=config.qkv_bias,
            qk_norm=config.qk_norm,
            max_rows=max_rows,
            max_outputs=max_outputs,
            max_positions=max_positions,
            num_blocks=num_blocks,
            kv_dtype=self.kv_dtype,
            threads=threads,
            isa=isa,
        )

    @property
    def isa(self) -> str:
        """The instruction set whose kernels run."""
        return self._decoder.isa

    @property
    def threads(self) -> int:
        """Threads that share the work, the calling one among them."""
        return self._decoder.threads

    def forward(
        self, batch: Batch, layers: tuple[int, int] | None = None, hidden_in: np.ndarray | None = None
    ) -> np.ndarray | None:
        """See Runner."""
        begin, end = layers or (0, self.num_layers)
        hidden = self._decoder.forward(
            batch.token_ids,
            batch.positions,
            batch.spans,
            batch.block_tables,
            batch.output_rows,
            begin,
            end,
            hidden_in,
            batch.want == "hidden",
        )
        return cast("np.ndarray | None", hidden)

    def logits(self, output: int) -> np.ndarray:
        """See Runner."""
        return self._decoder.logits(output)

    def new_sampler(self, params: SamplingParams, seed: int, prompt: Sequence[int], choice: int = 0) -> Sampler:
        """See Runner."""
        return _native.Sampler(
            temperature=_resolved(params.temperature),
            top_p=_resolved(params.top_p),
            top_k=_resolved(params.top_k),
            min_p=_resolved(params.min_p),
            repetition_penalty=_resolved(params.repetition_penalty),
            presence_penalty=_resolved(params.presence_penalty),
            frequency_penalty=_resolved(params.frequency_penalty),
            logit_bias=list((params.logit_bias or {}).items()),
            logprobs=-1 if params.logprobs is None else params.logprobs,
            seed=seed,
            choice=choice,
            prompt=np.asarray(prompt, dtype=np.int32),
            vocab_size=self.vocab_size,
        )

    def sample(self, rows: Sequence[SampleRow]) -> list[SampledToken]:
        """See Runner."""
        native = [(row.output, cast(_native.Sampler, row.sampler), row.position, row.mask) for row in rows]
        sampled = self._decoder.sample(native, self._valid_tokens)
        return [SampledToken(token, logprob, tuple(top)) for token, logprob, top in sampled]

    def read_block(self, block: int) -> bytes:
        """See Runner."""
        return self._decoder.read_block(block)

    def write_block(self, block: int, content: bytes) -> None:
        """See Runner."""
        self._decoder.write_block(block, content)

    def copy_block(self, source: int, target: int) -> None:
        """See Runner."""
        self._decoder.copy_block(source, target)

    def read_weights(self) -> float:
        """Read the mapped weights once with all threads, for probing the machine's bandwidth; seconds it took."""
        return self._decoder.read_weights()

    def multiply_add_rate(self, of: Literal["int8", "int16", "float32"]) -> float:
        """Multiply-adds a second that all threads make on registers alone, for probing the processor's limit.

        Quantized weights need those of int8, an int16 KV cache those of int16, all else those of floats.
        """
        return self._decoder.multiply_add_rate(of)

    @property
    def phase_seconds(self) -> dict[str, float]:
        """Seconds that each phase of all forwards so far has taken, by name; one more forward adds to them."""
        return self._decoder.phase_seconds


def available_isas() -> list[str]:
    """Instruction sets this CPU has kernels for, best first."""
    return _native.available_isas()


def kv_cache_dtype(packed: PackedFile) -> str:
    """float32 for a float32 model, so that the exact path stays exact; otherwise what this processor is fastest with.

    int16 are whole numbers with one scale for a token's key or value in one head: as exact as float16.
    """
    return "float32" if packed.tensors["embed"].kind == "float32" else _native.fastest_kv_dtype()


def kv_block_bytes(config: ModelConfig, dtype: str) -> int:
    """Bytes of one KV block: keys and values of 16 tokens in every layer."""
    vector = config.head_dim * (4 if dtype == "float32" else 2) + (4 if dtype == "int16" else 0)  # a key or a value
    return config.num_layers * config.num_kv_heads * 2 * BLOCK_SIZE * vector


def _resolved(value: _Number | None) -> _Number:
    """A field of sampling parameters that went through sampling_params.resolve, where none is left out."""
    if value is None:
        raise ValueError("sampling parameters must be resolved before they reach a runner")
    return value


def _fingerprint(key: str, kv_dtype: str, rope_theta: float) -> bytes:
    return hashlib.blake2b(f"{key} {kv_dtype} {rope_theta!r}".encode(), digest_size=16).digest()
