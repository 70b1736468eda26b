"""The only assembler: from an EngineConfig to an engine that runs, file by file."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from qingmo.config import BLOCK_SIZE, DEMO_MODEL, EngineConfig
from qingmo.engine.engine import Engine
from qingmo.engine.machine import usable_cores, usable_memory
from qingmo.engine.prompts import Prompts
from qingmo.engine.runner import NativeRunner, available_isas, kv_block_bytes, kv_cache_dtype
from qingmo.errors import ConfigError, HubUnreachableError
from qingmo.model.chat_template import ChatTemplate
from qingmo.model.checkpoint import Checkpoint, open_checkpoint
from qingmo.model.hub import resolve_model
from qingmo.model.packed_layout import PackedFile
from qingmo.model.packing import packed_checkpoint
from qingmo.model.tokenizer import Tokenizer

logger = logging.getLogger(__name__)

KV_CACHE_MEMORY = 256 << 20
"""Bytes: 21,800 tokens of Qwen2.5-0.5B at 16 bits, ten conversations of the default length."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """An engine and what its users need beside it."""

    model: str  # the name or path it was loaded by: the configuration's, or the demo model's in its place
    engine: Engine
    runner: NativeRunner
    prompts: Prompts
    tokenizer: Tokenizer
    checkpoint: Checkpoint
    packed: PackedFile
    num_blocks: int
    threads: int

    @property
    def is_demo(self) -> bool:
        """Whether the small model in the package answers."""
        return self.model == DEMO_MODEL


def build_engine(
    config: EngineConfig, progress: Progress | None = None, *, demo_if_unreachable: bool = False
) -> LoadedModel:
    """Find the model, pack it where it is not packed yet, and put an engine together.

    progress: called with (what is being done, done, total) on long steps. demo_if_unreachable: where the model is not
    here and its hub cannot be reached, say so in the log and take the demo model instead of raising.
    Raises ModelError, ConfigError or UnsupportedError.
    """
    config, folder = _resolve(config, progress or _silent, demo_if_unreachable)
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
    return LoadedModel(config.model, engine, runner, prompts, tokenizer, checkpoint, packed, num_blocks, threads)


def _resolve(config: EngineConfig, progress: Progress, demo_if_unreachable: bool) -> tuple[EngineConfig, Path]:
    """The folder of the model, and the configuration it is the model of."""
    try:
        return config, resolve_model(config.model, source=config.source, progress=progress)
    except HubUnreachableError as error:
        if not demo_if_unreachable:
            raise
        logger.warning("%s", error)
        logger.warning(
            "Until then the small demo model in this package answers. It shows how Qingmo works; its answers are no "
            "measure of %s.",
            config.model,
        )
        return replace(config, model=DEMO_MODEL), resolve_model(DEMO_MODEL)


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
