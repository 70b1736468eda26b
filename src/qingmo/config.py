"""Plain data that describes an engine and a model. Validated where it is made; nothing here touches a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from qingmo.errors import ConfigError, UnsupportedError

DEFAULT_MODEL = "Qwen/Qwen2.5-0.5B-Instruct"
DEMO_MODEL = "demo"
"""The name of the small model in the package, which is there without a download."""

QUANTIZATIONS: tuple[str, ...] = ("none", "int8", "int4")
SOURCES: tuple[str, ...] = ("auto", "huggingface", "modelscope")
DTYPES: tuple[str, ...] = ("auto", "float32", "float16", "bfloat16")
BLOCK_SIZE = 16
"""Tokens in a block of the KV cache; also the lanes of the kernels' vectors, so a block is one tile of keys."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The shape of a dense decoder-only transformer, as config.json gives it."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    rms_norm_eps: float
    rope_theta: float
    max_position_embeddings: int
    tie_word_embeddings: bool
    qkv_bias: bool
    qk_norm: bool
    checkpoint_dtype: Literal["float32", "float16", "bfloat16"]
    eos_token_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What to run and with how much of the machine. Field names are the command line's flags.

    Raises ConfigError or UnsupportedError, naming the field, its value and what is possible.
    """

    model: str = DEFAULT_MODEL
    source: str | None = None  # of a model that is not here; None: $QINGMO_SOURCE, otherwise "auto"
    quantization: str | None = None
    dtype: str = "auto"
    max_model_len: int = 2048
    max_num_seqs: int = 64
    max_batched_tokens: int = 512
    kv_cache_memory: int | None = None  # bytes; None: 256 MiB or 1/8 of usable memory, whichever is less
    enable_prefix_caching: bool = True
    rope_theta: float | None = None  # None: the checkpoint's own
    threads: int | None = None  # None: the cores this process may really use
    device: str = "cpu"
    num_gpu_layers: int = 0
    seed: int | None = None  # of requests that bring none; None: a new one each time
    isa: str | None = field(default=None, repr=False)  # for tests; None: the best this CPU has

    def __post_init__(self) -> None:
        self._refuse_what_is_not_here()
        _require_one_of("quantization", self.quantization, (None, *QUANTIZATIONS))
        _require_one_of("source", self.source, (None, *SOURCES))
        _require_one_of("dtype", self.dtype, DTYPES)
        for name in ("max_model_len", "max_num_seqs", "max_batched_tokens"):
            _require_positive(name, getattr(self, name))
        for name in ("threads", "kv_cache_memory"):
            if getattr(self, name) is not None:
                _require_positive(name, getattr(self, name))
        if self.rope_theta is not None and not self.rope_theta > 0:
            raise ConfigError(f"{_flag('rope_theta')} is {self.rope_theta}; it must be above 0.")
        if self.quantization in ("int8", "int4") and self.dtype != "auto":
            raise ConfigError(
                f"{_flag('dtype')} {self.dtype} is the type of unquantized weights and has no effect on others. "
                f"Leave it out, or add {_flag('quantization')} none."
            )

    @property
    def weights(self) -> str:
        """The quantization in force: --dtype given alone implies none, otherwise int8."""
        if self.quantization is not None:
            return self.quantization
        return "int8" if self.dtype == "auto" else "none"

    def _refuse_what_is_not_here(self) -> None:
        if self.device != "cpu":
            raise UnsupportedError(
                f"{_flag('device')} {self.device}: this version runs on the CPU only. Leave the flag out."
            )
        if self.num_gpu_layers != 0:
            raise UnsupportedError(
                f"{_flag('num_gpu_layers')} {self.num_gpu_layers}: this version runs every layer on the CPU. Use 0."
            )
        if self.model.lower().endswith(".gguf"):
            raise UnsupportedError(
                f"{self.model}: GGUF files are not read by this version. "
                f"Give a hub name such as {DEFAULT_MODEL}, or a folder with config.json and safetensors."
            )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _require_one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        names = ", ".join(str(a) for a in allowed if a is not None)
        raise ConfigError(f"{_flag(name)} is {value!r}; it must be one of {names}.")


def _require_positive(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{_flag(name)} is {value!r}; it must be a whole number of at least 1.")
