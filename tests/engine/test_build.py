"""What the assembler decides before anything is loaded."""

from __future__ import annotations

import pytest

from qingmo.config import EngineConfig
from qingmo.engine.build import instruction_set
from qingmo.engine.runner import available_isas
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
