"""The facts `qingmo info` shows, gathered without loading a model or touching the network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qingmo.cli.machine import Machine
from qingmo.config import BLOCK_SIZE, EngineConfig
from qingmo.engine.build import instruction_set, kv_cache_blocks
from qingmo.engine.machine import Cores, usable_cores, usable_memory
from qingmo.engine.runner import available_isas, kv_block_bytes, kv_cache_dtype
from qingmo.model.cache import cache_folder
from qingmo.model.checkpoint import Checkpoint, open_checkpoint
from qingmo.model.hub import find_model
from qingmo.model.hub_cache import cache_root
from qingmo.model.packed_header import plan_packed
from qingmo.model.weights import model_weights
from qingmo.sampling_params import SamplingParams, resolve

PROGRAM_MEMORY = 170_000_000
"""Bytes a process holds beside weights and KV cache: Python, numpy, the tokenizer of 152 k tokens, scratch."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model that is on this machine. Sizes in bytes."""

    folder: Path
    layers: int
    hidden_size: int
    vocab_size: int
    parameters: int
    longest_context: int  # tokens it was made for
    weights_memory: int
    kv_cache_memory: int  # at most; it grows as conversations do
    kv_cache_tokens: int
    sampling: SamplingParams  # where a request says nothing

    @property
    def total_memory(self) -> int:
        """An estimate of the most a process takes."""
        return self.weights_memory + self.kv_cache_memory + PROGRAM_MEMORY


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything; `model` is None where the model is not on this machine yet."""

    machine: Machine
    isa: str
    available_isas: list[str]
    cores: Cores
    threads: int
    usable_memory: int  # bytes
    model_name: str
    quantization: str
    dtype: str
    max_model_len: int
    model: ModelFacts | None
    download_cache: Path
    packed_cache: Path

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        facts = asdict(self)
        if self.model is not None:
            facts["model"]["total_memory"] = self.model.total_memory
        facts["cores"]["usable"] = self.cores.usable
        return facts


def gather_facts(config: EngineConfig) -> Facts:
    """Raises ModelNotFoundError for a name of nothing, CheckpointError or UnsupportedError for what cannot be run."""
    cores = usable_cores()
    folder = find_model(config.model)
    return Facts(
        machine=Machine.this(),
        isa=instruction_set(config),
        available_isas=available_isas(),
        cores=cores,
        threads=config.threads or cores.usable,
        usable_memory=usable_memory(),
        model_name=config.model,
        quantization=config.weights,
        dtype=config.dtype,
        max_model_len=config.max_model_len,
        model=_model_facts(open_checkpoint(folder, config.rope_theta), config) if folder else None,
        download_cache=cache_root(),
        packed_cache=cache_folder(),
    )


def _model_facts(checkpoint: Checkpoint, config: EngineConfig) -> ModelFacts:
    model = checkpoint.config
    unquantized = model.checkpoint_dtype if config.dtype == "auto" else config.dtype
    plan = plan_packed(Path(), "", config.weights if config.weights != "none" else unquantized, model)
    blocks = kv_cache_blocks(config, plan)
    return ModelFacts(
        folder=checkpoint.folder,
        layers=model.num_layers,
        hidden_size=model.hidden_size,
        vocab_size=model.vocab_size,
        parameters=sum(weight.outputs * (weight.inputs or 1) for weight in model_weights(model)),
        longest_context=model.max_position_embeddings,
        weights_memory=plan.file_size,
        kv_cache_memory=blocks * kv_block_bytes(model, kv_cache_dtype(plan)),
        kv_cache_tokens=blocks * BLOCK_SIZE,
        sampling=resolve(None, checkpoint.generation_config),
    )
