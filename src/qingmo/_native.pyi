"""Qingmo's compiled core: kernels, decoder, sampler, packing."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy
from numpy.typing import NDArray


def available_isas() -> list[str]:
    """Instruction sets this CPU has kernels for, best first."""

def fastest_kv_dtype() -> str:
    """What attention goes over fastest on this processor: int16 or float16."""

def quantize_int8(weights: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], weight_group: int, threads: int = 1) -> Annotated[NDArray[numpy.uint8], dict(order='C')]:
    """
    Packed int8 tiles of weights [outputs, inputs] float32; weight_group 0: one scale a row.
    """

def quantize_int6(weights: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], threads: int = 1) -> Annotated[NDArray[numpy.uint8], dict(order='C')]:
    """
    Packed int6 tiles of weights [outputs, inputs] float32, a searched scale for every 64 inputs.
    """

def quantize_int4(weights: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], threads: int = 1) -> Annotated[NDArray[numpy.uint8], dict(order='C')]:
    """
    Packed int4 tiles of weights [outputs, inputs] float32, a searched scale for every 32 inputs.
    """

def int8_errors(weights: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)], threads: int = 1) -> Annotated[NDArray[numpy.float64], dict(order='C')]:
    """
    Sums of squared rounding errors with groups of 32, 64, 128 inputs and one group a row.
    """

def character_class(code_point: int) -> int:
    """
    What the split pattern takes a character for: 0 anything else, 1 a letter, 2 a number, 3 white space.
    """

def build_token_table(*, text: bytes, offsets: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], valid: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], byte_tokens: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)], merges: Annotated[NDArray[numpy.uint32], dict(shape=(None, None), order='C', device='cpu', writable=False)], note: bytes) -> bytes:
    """
    The content of a file for TokenTable; see TokenTableParts in native/token_table.h.
    """

class TokenTable:
    def __init__(self, path: str) -> None: ...

    def encode(self, text: bytes) -> list[int]:
        """The ids of a text: UTF-8 in normal form C."""

    def token_bytes(self, token_id: int) -> bytes | None:
        """None for an id without a token."""

    def valid_ids(self) -> Annotated[NDArray[numpy.uint32], dict(order='C')]:
        """uint32 words; bit i % 32 of word i // 32: id i has a token."""

    @property
    def note(self) -> bytes: ...

class Sampler:
    def __init__(self, *, temperature: float, top_p: float, top_k: int, min_p: float, repetition_penalty: float, presence_penalty: float, frequency_penalty: float, logit_bias: Sequence[tuple[int, float]], logprobs: int, seed: int, choice: int, prompt: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], vocab_size: int) -> None: ...

    def append(self, token_id: int) -> None:
        """Count a token of the output."""

class Decoder:
    def __init__(self, *, path: str, tensors: Mapping[str, tuple[str, int, int, int, int, int]], vocab_size: int, hidden_size: int, intermediate_size: int, num_layers: int, num_heads: int, num_kv_heads: int, head_dim: int, rms_norm_eps: float, rope_theta: float, tied_head: bool, qkv_bias: bool, qk_norm: bool, max_rows: int, max_outputs: int, max_positions: int, num_blocks: int, kv_dtype: str, threads: int, isa: str | None) -> None: ...

    def forward(self, token_ids: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], positions: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], spans: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], block_tables: Annotated[NDArray[numpy.int32], dict(shape=(None, None), order='C', device='cpu', writable=False)], output_rows: Annotated[NDArray[numpy.int32], dict(shape=(None,), order='C', device='cpu', writable=False)], layer_begin: int, layer_end: int, hidden_in: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order='C', device='cpu', writable=False)] | None, want_hidden: bool) -> object: ...

    def logits(self, output: int) -> Annotated[NDArray[numpy.float32], dict(order='C')]: ...

    def sample(self, rows: Sequence[tuple[int, Sampler, int, Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)] | None]], valid: Annotated[NDArray[numpy.uint32], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> list[tuple[int, float | None, list[tuple[int, float]]]]: ...

    def read_block(self, block: int) -> bytes: ...

    def write_block(self, block: int, content: bytes) -> None: ...

    def copy_block(self, source: int, target: int) -> None: ...

    def read_weights(self) -> float:
        """Read the mapped file once with all threads; seconds it took."""

    def multiply_add_rate(self, of: str) -> float:
        """
        Multiply-adds a second that all threads make on registers alone: of int8, int16 or float32.
        """

    @property
    def phase_seconds(self) -> dict[str, float]:
        """Seconds that each phase of all forwards so far has taken."""

    @property
    def block_bytes(self) -> int: ...

    @property
    def num_blocks(self) -> int: ...

    @property
    def threads(self) -> int: ...

    @property
    def times_parked(self) -> int: ...

    @property
    def isa(self) -> str: ...
