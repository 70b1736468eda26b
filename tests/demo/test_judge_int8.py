"""The perplexity that int8 weights are judged by."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from demo.judge_int8 import perplexity

REPOSITORY = Path(__file__).parents[2]


def test_perplexity_is_that_of_the_answers_tokens_alone() -> None:
    def logits(tokens: Sequence[int]) -> np.ndarray:
        scores = np.full((len(tokens), 4), 1000.0, np.float32)  # all alike: each token has a probability of 1/4
        scores[1] = [np.log(0.5), -np.inf, np.log(0.25), np.log(0.25)]  # after the prompt's last token
        return scores

    assert perplexity(logits, [([3, 1], [0, 2])]) == pytest.approx((2 * 4) ** 0.5)
    assert perplexity(logits, [([3, 1], [0]), ([3, 1], [2])]) == pytest.approx((2 * 4) ** 0.5)


def test_the_command_compares_int8_with_float32(toy_folder: Path) -> None:
    command = [sys.executable, "-m", "demo.judge_int8", "--model", str(toy_folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "perplexity on held-out answers: float32 " in done.stdout, done.stderr
    cost = float(done.stdout.rpartition("(")[2].split()[0])
    assert done.returncode == (0 if cost <= 1 else 1)
