"""Whatever the served schema allows, and much that it does not: the server never fails and always says why not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Running, serve

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "negative_data_rejection,unsupported_method"
)


@pytest.fixture
def brief(toy_folder: Path) -> Iterator[Running]:
    """A server whose answers are short, however many tokens are asked for."""
    with serve(toy_folder, "--max-model-len", "64") as running:
        yield running


def test_schemathesis_finds_nothing_in_any_phase(brief: Running, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", brief.url + "/openapi.json",
        "--phases", "examples,coverage,fuzzing,stateful", "--checks", CHECKS, "--mode", "all",
        "--max-examples", "12", "--generation-deterministic", 
        "--request-timeout", "20", "--workers", "2", "--no-color",
    ]  # fmt: skip
    environment = {**os.environ, "NO_PROXY": "*"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Traceback" not in brief.log
