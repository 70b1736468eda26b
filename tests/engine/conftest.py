"""The arithmetic that engine tests run on: every test of `make_runner` says the same of every Runner."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from reference.model import ReferenceModel, read_model_config
from reference.runner import ReferenceRunner
from toy_checkpoint import read_toy_tensors

from qingmo.config import EngineConfig
from qingmo.engine.admission import has_token
from qingmo.engine.engine import Engine
from qingmo.engine.runner import NativeRunner, Runner
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.packing import packed_checkpoint
from qingmo.model.tokenizer import Tokenizer

MakeRunner = Callable[..., Runner]
MakeEngine = Callable[..., Engine]


@pytest.fixture(scope="session")
def vocabulary(toy_folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(toy_folder)


@pytest.fixture(scope="session")
def reference_model(toy_folder: Path) -> ReferenceModel:
    return ReferenceModel(read_model_config(toy_folder), read_toy_tensors(toy_folder))


@pytest.fixture(scope="session")
def make_reference_runner(reference_model: ReferenceModel, vocabulary: Tokenizer) -> MakeRunner:
    size = reference_model.config.vocab_size
    valid = has_token(vocabulary.valid_token_mask(size), size)
    return lambda num_blocks: ReferenceRunner(reference_model, num_blocks, valid=valid)


@pytest.fixture(scope="session")
def make_native_runner(toy_folder: Path, vocabulary: Tokenizer) -> MakeRunner:
    """num_blocks, and quantization, threads and isa where they matter -> the native runner."""
    checkpoint = open_checkpoint(toy_folder)
    packed_as = {kind: packed_checkpoint(checkpoint, kind) for kind in ("int8", "int4")}

    def make(num_blocks: int, quantization: str = "int8", threads: int = 2, isa: str | None = None) -> Runner:
        packed = packed_as[quantization]
        return NativeRunner(
            packed,
            rope_theta=packed.config.rope_theta,
            valid_tokens=vocabulary.valid_token_mask(packed.config.vocab_size),
            num_blocks=num_blocks,
            max_rows=512,
            max_outputs=64,
            max_positions=2048,
            threads=threads,
            isa=isa,
        )

    return make


@pytest.fixture(scope="session", params=["reference", "int8", "int4"])
def make_runner(request: pytest.FixtureRequest) -> MakeRunner:
    """num_blocks -> a Runner of the toy checkpoint: the reference, or the native one with weights so quantized."""
    if request.param == "reference":
        return request.getfixturevalue("make_reference_runner")
    return partial(request.getfixturevalue("make_native_runner"), quantization=request.param)


@pytest.fixture(scope="session")
def eos(vocabulary: Tokenizer) -> int:
    return vocabulary.control_tokens["<|im_end|>"]


@pytest.fixture(scope="session")
def make_engine(make_reference_runner: MakeRunner, vocabulary: Tokenizer, eos: int) -> MakeEngine:
    """An engine on the reference runner; keywords are fields of EngineConfig, num_blocks and generation_config."""

    def make(*, num_blocks: int = 64, generation_config: dict[str, object] | None = None, **config: object) -> Engine:
        runner, config = make_reference_runner(num_blocks), EngineConfig(**config)
        return Engine(runner, vocabulary, config=config, eos_token_ids=[eos], generation_config=generation_config)

    return make
