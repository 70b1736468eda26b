"""The only assembler: from an EngineConfig to an engine that runs, file by file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from qingmo.config import BLOCK_SIZE, EngineConfig
from qingmo.engine.engine import Engine
from qingmo.engine.machine import usable_cores, usable_memory
from qingmo.engine.prompts import Prompts
from qingmo.engine.runner import NativeRunner, available_isas, kv_block_bytes, kv_cache_dtype
from qingmo.errors import ConfigError
from qingmo.model.chat_template import ChatTemplate
from qingmo.model.checkpoint import Checkpoint, open_checkpoint
from qingmo.model.hub import resolve_model
from qingmo.model.packed_layout import PackedFile
from qingmo.model.packing import packed_checkpoint
from qingmo.model.tokenizer import Tokenizer

KV_CACHE_MEMORY = 256 << 20
"""Bytes: 21,800 tokens of Qwen2.5-0.5B at 16 bits, ten conversations of the default length."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """An engine and what its users need beside it."""

    engine: Engine
    runner: NativeRunner
    prompts: Prompts
    tokenizer: Tokenizer
    checkpoint: Checkpoint
    packed: PackedFile
    num_blocks: int
    threads: int


def build_engine(config: EngineConfig, progress: Progress | None = None) -> LoadedModel:
    """Find the model, pack it where it is not packed yet, and put an engine together.

    progress: called with (what is being done, done, total) on long steps.
    Raises ModelError, ConfigError or UnsupportedError.
    """
    folder = resolve_model(config.model, progress=progress or _silent)
    checkpoint = open_checkpoint(folder, config.rope_theta)
    _check_model_len(config, checkpoint)
    tokenizer = Tokenizer.from_folder(folder)
    prompts = Prompts(tokenizer, ChatTemplate.from_folder(folder, tokenizer))
    threads, isa = config.threads or usable_cores().usable, instruction_set(config)
    packed = packed_checkpoint(checkpoint, config.weights, config.dtype, progress=progress, threads=threads)
    num_blocks = kv_cache_blocks(config, packed)
    runner = NativeRunner(
        packed,
        rope_theta=checkpoint.config.rope_theta,
        valid_tokens=tokenizer.valid_token_mask(checkpoint.config.vocab_size),
        num_blocks=num_blocks,
        # What a step may hold: every sequence's token and still a block of a prompt, see Scheduler.
        max_rows=max(config.max_batched_tokens, config.max_num_seqs + BLOCK_SIZE),
        max_outputs=max(config.max_num_seqs, BLOCK_SIZE),
        max_positions=config.max_model_len,
        threads=threads,
        isa=isa,
    )
    engine = Engine(
        runner,
        tokenizer,
        config=config,
        eos_token_ids=checkpoint.config.eos_token_ids,
        generation_config=checkpoint.generation_config,
    )
    return LoadedModel(engine, runner, prompts, tokenizer, checkpoint, packed, num_blocks, threads)


def instruction_set(config: EngineConfig) -> str:
    """The one asked for by the configuration or by $QINGMO_ISA, otherwise the best this CPU has kernels for."""
    available = available_isas()
    wanted = config.isa or os.environ.get("QINGMO_ISA") or available[0]
    if wanted not in available:
        raise ConfigError(f"The instruction set {wanted} was asked for, but this CPU has {', '.join(available)}.")
    return wanted


def kv_cache_blocks(config: EngineConfig, packed: PackedFile) -> int:
    """Blocks of the KV cache. Raises ConfigError where --kv-cache-memory holds none."""
    memory = config.kv_cache_memory or min(KV_CACHE_MEMORY, usable_memory() // 8)
    each = kv_block_bytes(packed.config, kv_cache_dtype(packed))
    if memory < each:
        raise ConfigError(
            f"--kv-cache-memory is {memory} bytes, but one block of {BLOCK_SIZE} tokens takes {each} with this model. "
            f"Give at least {each}."
        )
    return memory // each


def _check_model_len(config: EngineConfig, checkpoint: Checkpoint) -> None:
    longest = checkpoint.config.max_position_embeddings
    if config.max_model_len > longest:
        raise ConfigError(
            f"--max-model-len is {config.max_model_len}, but this model was made for {longest} tokens at most. "
            f"Use {longest} or less."
        )


def _silent(_label: str, _done: int, _total: int) -> None:
    pass
