"""A hub on this machine, for every test that asks one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_case import NAME, model_files
from hub_server import Hub


@pytest.fixture(scope="session")
def closed_session() -> Iterator[None]:
    """One client for all tests, since making one takes longer than most of them."""
    from huggingface_hub import close_session

    yield
    close_session()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in force; and no proxy between here and the hub."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    return tmp_path / "huggingface" / "hub"


@pytest.fixture
def hub(cache: Path, closed_session: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub(NAME, model_files()).running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub
