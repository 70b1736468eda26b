"""What every test shares: a toy checkpoint, the real vocabulary where it is there, and a machine of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_checkpoint import make_toy_checkpoint

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_SHAPE = REPOSITORY.parent / "shared" / "qwen2.5-0.5b-shape"


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's caches, sees their settings, or reaches a model hub."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("HF_", "HUGGING", "MODELSCOPE_", "QINGMO_", "XDG_")) and name != "QINGMO_TEST_SHAPE":
                patch.delenv(name)
        patch.setenv("QINGMO_CACHE", str(home / "qingmo"))
        patch.setenv("HF_HOME", str(home / "huggingface"))
        patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens on the discard port
        patch.setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")
        patch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
        yield


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy checkpoint shared by all tests: read it, never write to it."""
    return make_toy_checkpoint(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def shape_folder() -> Path:
    """config.json, tokenizer.json and the template of the real model; no weights."""
    folder = Path(os.environ.get("QINGMO_TEST_SHAPE", DEFAULT_SHAPE))
    if not (folder / "tokenizer.json").is_file():
        pytest.skip(f"the real vocabulary is not in {folder}; set QINGMO_TEST_SHAPE to a folder that has it")
    return folder
