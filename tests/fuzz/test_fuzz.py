"""A short slice of the mutants; scripts and documents say how to run more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", ["safetensors", "packed", "tokenizer", "config"])
def test_damaged_files_are_read_or_refused_in_a_sentence(kind: str) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--mutants", "150", kind]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "150 mutants" in result.stdout
