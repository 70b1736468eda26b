"""The commands go on with the demo model only where no model was asked for by name, and say so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qingmo.cli.serve import _served
from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine
from qingmo.server.config import ServerConfig

SHORT = ("--max-new-tokens", "4", "--temperature", "0")


def qingmo(toy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, with a toy in the demo model's place."""
    code = (
        f"from qingmo.cli import main; from qingmo.model import hub; hub._DEMO_FOLDER = hub.Path({str(toy)!r}); main()"
    )
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def test_without_a_network_chat_says_so_and_goes_on_with_the_demo_model(toy_folder: Path) -> None:
    done = qingmo(toy_folder, "chat", "--prompt", "hello", *SHORT)
    assert done.returncode == 0 and done.stdout.strip()
    for part in (
        "Warning: Qwen/Qwen2.5-0.5B-Instruct is not on this machine",
        "cannot be reached",
        "HF_ENDPOINT=",
        "FOLDER",
        "qingmo pull",
        "Warning: Until then the small demo model",
    ):
        assert part in done.stderr
    assert "Traceback" not in done.stderr and "demo" not in done.stdout


def test_a_model_that_was_asked_for_is_not_replaced(toy_folder: Path) -> None:
    asked = ("--model-name-or-path", "Qwen/Qwen2.5-0.5B-Instruct")
    done = qingmo(toy_folder, "chat", *asked, "--prompt", "hello", *SHORT)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Qwen/Qwen2.5-0.5B-Instruct is not on this machine")
    assert "demo" not in done.stderr


def test_the_demo_model_that_was_asked_for_answers_without_a_warning(toy_folder: Path) -> None:
    done = qingmo(toy_folder, "chat", "--model-name-or-path", "demo", "--prompt", "hello", *SHORT)
    assert done.returncode == 0
    assert "Warning" not in done.stderr


def test_info_knows_the_demo_model(toy_folder: Path) -> None:
    facts = json.loads(qingmo(toy_folder, "info", "--json", "--model-name-or-path", "demo").stdout)
    assert facts["model"]["folder"] == str(toy_folder)


def test_info_refuses_what_names_no_model(toy_folder: Path) -> None:
    done = qingmo(toy_folder, "info", "--model-name-or-path", "nonsense")
    assert done.returncode == 1 and "'nonsense' is neither a folder here nor a hub name" in done.stderr


def test_the_server_shows_that_the_demo_model_answers(toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qingmo.model.hub._DEMO_FOLDER", toy_folder)
    config = EngineConfig()
    served = _served(build_engine(config, demo_if_unreachable=True), config, ServerConfig())
    assert (served.name, served.is_demo) == ("demo", True)
    named = EngineConfig(model=str(toy_folder))
    assert not _served(build_engine(named, demo_if_unreachable=True), named, ServerConfig()).is_demo
