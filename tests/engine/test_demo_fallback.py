"""Where a model cannot be had the demo model may take its place: said in the log, and known to whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from qingmo import LLM
from qingmo.config import DEFAULT_MODEL, EngineConfig
from qingmo.engine.build import build_engine
from qingmo.errors import HubUnreachableError, ModelNotFoundError


@pytest.fixture(autouse=True)
def toy_as_demo(toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qingmo.model.hub._DEMO_FOLDER", toy_folder)


def test_the_demo_model_takes_the_place_of_one_that_cannot_be_had(caplog: pytest.LogCaptureFixture) -> None:
    loaded = build_engine(EngineConfig(), demo_if_unreachable=True)
    assert loaded.is_demo and loaded.model == "demo"
    why, notice = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    for part in (DEFAULT_MODEL, "cannot be reached", "HF_ENDPOINT", "FOLDER", "qingmo pull"):
        assert part in why
    assert "demo model" in notice


def test_it_does_so_only_where_that_is_allowed() -> None:
    with pytest.raises(HubUnreachableError):
        build_engine(EngineConfig())
    with pytest.raises(HubUnreachableError):
        LLM()


def test_a_wrong_name_is_an_error_all_the_same() -> None:
    with pytest.raises(ModelNotFoundError, match="There is no folder"):
        build_engine(EngineConfig(model="./nowhere"), demo_if_unreachable=True)


def test_a_model_that_is_here_is_taken_without_a_word(toy_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    loaded = build_engine(EngineConfig(model=str(toy_folder)), demo_if_unreachable=True)
    assert not loaded.is_demo and loaded.model == str(toy_folder)
    assert caplog.records == []


def test_it_is_a_model_like_any_other_for_those_who_ask_for_it(caplog: pytest.LogCaptureFixture) -> None:
    with LLM("demo") as llm:
        assert llm.chat([{"role": "user", "content": "hello"}])[0].token_ids
    assert build_engine(EngineConfig(model="demo")).is_demo
    assert caplog.records == []
