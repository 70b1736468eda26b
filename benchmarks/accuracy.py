"""How far Qingmo's logits are from transformers' float32 ones, on 6-layer checkpoints and 96 random tokens.

    python benchmarks/accuracy.py --shape FOLDER --peer PYTHON_WITH_TORCH

Three checkpoints: plain, with planted outlier channels, and with heavy-tailed weights (see make_checkpoint.py).
KL is the mean over tokens of sum p log(p / q), p from transformers in float32, in nats.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from make_checkpoint import make_checkpoint

from qingmo import LLM

TOKENS = 96
LAYERS = 6
FINEST = 8.9e-5  # mean KL of the heavy-tailed checkpoint with groups of 32 for weights and activations, measured once


class Peer:
    def __init__(self, python: str, folder: Path, tokens: np.ndarray) -> None:
        self.python, self.folder = python, folder
        np.save(folder / "tokens.npy", tokens)

    def logits(self, checkpoint: Path, dtype: str) -> np.ndarray:
        out = self.folder / "logits.npy"
        script = Path(__file__).with_name("transformers_logits.py")
        command = [self.python, script, checkpoint, dtype, self.folder / "tokens.npy", out]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return np.load(out)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def mean_kl(reference: np.ndarray, logits: np.ndarray) -> float:
    p, q = log_softmax(reference), log_softmax(logits)
    return float((np.exp(p) * (p - q)).sum(axis=1).mean())


def relative_error(reference: np.ndarray, logits: np.ndarray) -> float:
    return float(np.linalg.norm(logits.astype(np.float64) - reference) / np.linalg.norm(reference))


def ours(checkpoint: Path, tokens: np.ndarray, **options: str) -> np.ndarray:
    with LLM(str(checkpoint), **options) as llm:
        return llm.logits(tokens.tolist())


def compare_int4(
    name: str, checkpoint: Path, reference: np.ndarray, tokens: np.ndarray, shape: Path, **made: Any
) -> None:
    """int4 beside the same weights rounded to nearest and nothing else rounded; `made`: how the checkpoint was made."""
    int4 = mean_kl(reference, ours(checkpoint, tokens, quantization="int4"))
    nearest = make_checkpoint(checkpoint.with_name("nearest"), shape, layers=LAYERS, four_bits=True, **made)
    plainly = mean_kl(reference, ours(nearest, tokens, quantization="none", dtype="float32"))
    print(f"int4, {name}: mean KL {int4:.2e} = {int4 / plainly:.2f} times that of rounding to nearest (goal <= 0.8)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", type=Path, required=True, help="folder with Qwen2.5's config and tokenizer files")
    parser.add_argument("--peer", required=True, help="a Python that has torch and transformers")
    a = parser.parse_args()
    tokens = np.random.default_rng(5).integers(0, 151_000, TOKENS)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        peer = Peer(a.peer, folder, tokens)

        plain = make_checkpoint(folder / "plain", a.shape, layers=LAYERS)
        reference = peer.logits(plain, "float32")
        exact = ours(plain, tokens, quantization="none", dtype="float32")
        print(f"float32: relative error {relative_error(reference, exact):.2e} (goal < 2e-5)")
        print(f"int8: mean KL {mean_kl(reference, ours(plain, tokens)):.2e} (goal < 1.5e-4)")
        compare_int4("plain", plain, reference, tokens, a.shape)

        for seed in range(3):
            planted = make_checkpoint(folder / f"planted-{seed}", a.shape, layers=LAYERS, seed=seed, planted=True)
            reference = peer.logits(planted, "float32")
            bfloat16 = mean_kl(reference, peer.logits(planted, "bfloat16"))
            int8 = mean_kl(reference, ours(planted, tokens))
            print(
                f"int8, planted (seed {seed}): mean KL {int8:.2e} = {int8 / bfloat16:.2f} times bfloat16's (goal <= 3)"
            )
            compare_int4(f"planted, seed {seed}", planted, reference, tokens, a.shape, seed=seed, planted=True)

        heavy = make_checkpoint(folder / "heavy", a.shape, layers=LAYERS, student_t=True)
        reference = peer.logits(heavy, "float32")
        int8 = mean_kl(reference, ours(heavy, tokens))
        print(f"int8, Student's t: mean KL {int8:.2e} = {int8 / FINEST:.2f} times that of groups of 32 (goal <= 1.5)")


if __name__ == "__main__":
    main()
