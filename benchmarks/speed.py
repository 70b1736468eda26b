"""Decode beside the machine's bandwidth, prefill by its parts and beside OpenVINO: every pair measured in turns.

    python benchmarks/speed.py CHECKPOINT [--openvino PYTHON MODEL_FOLDER] [--turns 9] [--threads 2] [--isa NAME]

Seconds on a shared machine mean little; the ratio of two things done one after the other, many times, does. The median
over turns is printed with the spread.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np

from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine
from qingmo.engine.runner import Batch

PREFILL_TOKENS = 512
DECODE_TOKENS = 24
DECODE_CONTEXT = 64  # where decoding begins; it stays below 128
MATRICES = ("qkv", "o", "gate_up", "down", "head")


class Qingmo:
    def __init__(self, checkpoint: str, threads: int, isa: str | None) -> None:
        model = build_engine(
            EngineConfig(model=checkpoint, threads=threads, isa=isa, max_batched_tokens=PREFILL_TOKENS)
        )
        self.runner, self.packed = model.runner, model.packed
        self.packed_bytes = model.packed.file_size
        self.rng = np.random.default_rng(0)
        self.table = np.arange(PREFILL_TOKENS // 16 + 1, dtype=np.int32)[None]

    def forward(self, tokens: int, position: int) -> None:
        self.runner.forward(
            Batch(
                token_ids=self.rng.integers(0, 150_000, tokens).astype(np.int32),
                positions=np.arange(position, position + tokens, dtype=np.int32),
                spans=np.array([0, tokens], np.int32),
                block_tables=self.table,
                output_rows=np.array([tokens - 1], np.int32),
            )
        )

    def prefill(self) -> float:
        begin = time.perf_counter()
        self.forward(PREFILL_TOKENS, 0)
        return time.perf_counter() - begin

    def prefill_parts(self) -> dict[str, float]:
        """Milliseconds of one prefill in matrices, attention and the rest.

        The first two also as shares of what the same threads' multiply-adds on registers alone would take.
        """
        attended = "int16" if self.runner.kv_dtype == "int16" else "float32"
        limits = [self.runner.multiply_add_rate(of) for of in ("int8", attended)]
        before = self.runner.phase_seconds
        self.prefill()
        taken = {name: seconds - before[name] for name, seconds in self.runner.phase_seconds.items()}
        matrices, attention = sum(taken[name] for name in MATRICES), taken["attention"]
        rest = sum(taken.values()) - matrices - attention
        needed = [adds / limit for adds, limit in zip(self.multiply_adds(), limits, strict=True)]
        return {
            "matrices, ms": matrices * 1000,
            "attention, ms": attention * 1000,
            "the rest, ms": rest * 1000,
            "matrices, of their limit": needed[0] / matrices,
            "attention, of its limit": needed[1] / attention,
        }

    def multiply_adds(self) -> tuple[float, float]:
        """Of one prefill: of matrices, with one row's logits, and of attention.

        Behind the last layer's keys and values only the last token is worked out.
        """
        config = self.packed.config
        matrices = config.vocab_size * config.hidden_size
        for name, tensor in self.packed.tensors.items():
            if name.startswith("layers.") and name.endswith(MATRICES):
                of_last = name.startswith(f"layers.{config.num_layers - 1}.") and not name.endswith("qkv")
                matrices += (1 if of_last else PREFILL_TOKENS) * tensor.outputs * tensor.inputs
        keys = PREFILL_TOKENS * (PREFILL_TOKENS + 1) // 2  # seen by all tokens together
        seen = keys * (config.num_layers - 1) + PREFILL_TOKENS
        return matrices, seen * 2 * config.num_heads * config.head_dim

    def decode(self) -> float:
        """Seconds a token."""
        begin = time.perf_counter()
        for i in range(DECODE_TOKENS):
            self.forward(1, DECODE_CONTEXT + i)
        return (time.perf_counter() - begin) / DECODE_TOKENS

    def bandwidth(self) -> float:
        """Bytes a second at which the same threads read the mapped weights."""
        return self.packed_bytes / self.runner.read_weights()


class OpenVINO:
    def __init__(self, python: str, folder: str, threads: int, worker: str = "openvino_worker.py") -> None:
        command = [python, str(Path(__file__).parent / "peers" / worker), folder, str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        while self.process.stdout.readline().strip() != "ready":
            pass

    def seconds(self, what: str) -> float:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def report(name: str, values: list[float], unit: str) -> None:
    middle = statistics.median(values)
    print(f"{name:48} {middle:9.3f} {unit:12} ({min(values):.3f} to {max(values):.3f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--openvino", nargs=2, metavar=("PYTHON", "MODEL_FOLDER"))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--isa")
    a = parser.parse_args()
    qingmo = Qingmo(a.checkpoint, a.threads, a.isa)
    peer = OpenVINO(*a.openvino, a.threads) if a.openvino else None
    qingmo.prefill()

    ours, theirs, decode, share, peer_decode, parts = [], [], [], [], [], []
    for _ in range(a.turns):
        ours.append(qingmo.prefill())
        if peer:
            theirs.append(peer.seconds(f"prefill {PREFILL_TOKENS}"))
        parts.append(qingmo.prefill_parts())
        before = qingmo.bandwidth()
        decode.append(qingmo.decode())
        share.append(qingmo.packed_bytes / decode[-1] / ((before + qingmo.bandwidth()) / 2))
        if peer:
            peer_decode.append(peer.seconds(f"decode {DECODE_TOKENS}") / DECODE_TOKENS)

    report(f"prefill of {PREFILL_TOKENS}", [PREFILL_TOKENS / s for s in ours], "tokens/s")
    for name in parts[0]:
        report(f"  {name}", [turn[name] for turn in parts], "")
    report("decode", [1 / s for s in decode], "tokens/s")
    report("decode / (read bandwidth / packed bytes)", share, "times")
    if peer:
        report(f"OpenVINO prefill of {PREFILL_TOKENS}", [PREFILL_TOKENS / s for s in theirs], "tokens/s")
        report("prefill / OpenVINO's", [t / s for s, t in zip(ours, theirs, strict=True)], "times")
        report("OpenVINO decode", [1 / s for s in peer_decode], "tokens/s")
        report("decode / OpenVINO's", [t / s for s, t in zip(decode, peer_decode, strict=True)], "times")
        peer.process.kill()


if __name__ == "__main__":
    main()
