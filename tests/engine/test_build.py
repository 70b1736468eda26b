"""What the assembler decides before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from qingmo._native import fastest_kv_dtype
from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine, instruction_set
from qingmo.engine.runner import NativeRunner, available_isas, kv_block_bytes
from qingmo.errors import ConfigError


def test_the_best_instruction_set_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QINGMO_ISA", raising=False)
    assert instruction_set(EngineConfig()) == available_isas()[0]


def test_the_environment_forces_one_and_the_configuration_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QINGMO_ISA", "scalar")
    assert instruction_set(EngineConfig()) == "scalar"
    assert instruction_set(EngineConfig(isa=available_isas()[0])) == available_isas()[0]


def test_one_that_is_not_here_is_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QINGMO_ISA", "mmx")
    with pytest.raises(ConfigError, match=r"mmx .*scalar"):
        instruction_set(EngineConfig())


@pytest.mark.parametrize(("quantization", "dtype", "kept_in"), [("int8", "auto", None), ("none", "float32", "float32")])
def test_the_memory_planned_for_a_kv_block_is_what_it_takes(
    toy_folder: Path, quantization: str, dtype: str, kept_in: str | None
) -> None:
    built = build_engine(EngineConfig(model=str(toy_folder), quantization=quantization, dtype=dtype))
    runner = built.runner
    assert isinstance(runner, NativeRunner)
    assert runner.kv_dtype == (kept_in or fastest_kv_dtype())
    assert len(runner.read_block(0)) == kv_block_bytes(built.packed.config, runner.kv_dtype)
