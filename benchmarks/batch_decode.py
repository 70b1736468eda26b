"""Decoding of many answers at once at context 360, beside OpenVINO GenAI's continuous batching, in turns in one run.

    python benchmarks/batch_decode.py CHECKPOINT [--openvino PYTHON MODEL_FOLDER] [--sequences 50] [--turns 9]
        [--threads 2] [--profile]

Both do whole steps: choose, compute, sample greedily, note the tokens. --profile says instead what a step of ours
is made of, with penalties or top_k on and off.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from speed import OpenVINO, report

from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine
from qingmo.sampling_params import SamplingParams

PROMPT_TOKENS = 344
STEPS = 32  # contexts 345 to 376, 360 in the middle
MAX_TOKENS = 4 * STEPS  # so that none ends while others begin
GREEDY = SamplingParams.greedy()


class Qingmo:
    def __init__(self, checkpoint: str, sequences: int, threads: int) -> None:
        self.sequences = sequences
        loaded = build_engine(EngineConfig(model=checkpoint, threads=threads, kv_cache_memory=512 << 20))
        self.engine, self.runner = loaded.engine, loaded.runner
        rng = np.random.default_rng(0)
        self.prompts = [rng.integers(0, 150_000, PROMPT_TOKENS).tolist() for _ in range(sequences)]
        for prompt in self.prompts:
            self.engine.add_request(prompt, SamplingParams.greedy(max_tokens=1))
        while self.engine.has_work:
            self.engine.step()

    def steps(self, params: SamplingParams = GREEDY) -> list[float]:
        """Seconds of each of STEPS steps in which all decode; the prompts come from the prefix cache."""
        params = replace(params, max_tokens=MAX_TOKENS, ignore_eos=True)
        requests = [self.engine.add_request(prompt, params) for prompt in self.prompts]
        while len(self.engine.step()) < self.sequences:
            assert self.engine.has_work, "the first answers were whole before the last began"
        taken = []
        for _ in range(STEPS):
            begin = time.perf_counter()
            self.engine.step()
            taken.append(time.perf_counter() - begin)
        for request in requests:
            self.engine.abort(request)
        return taken

    def profile(self, name: str, params: SamplingParams) -> None:
        """Where a step's time goes: the runner's two calls, and everything else."""
        parts: dict[str, list[float]] = {"forward": [], "sample": []}
        with timed(self.runner, parts):
            total = statistics.median(self.steps(params)) * 1000
        forward, sample = (statistics.median(parts[part][-STEPS:]) * 1000 for part in ("forward", "sample"))
        rest = total - forward - sample
        share = (sample + rest) / total
        print(f"{name:28} step {total:7.1f} ms: forward {forward:7.1f}, sampling {sample:5.2f}, Python {rest:5.2f}"
              f"; all but forward {share:.1%}")  # fmt: skip


@contextmanager
def timed(runner: Any, parts: dict[str, list[float]]) -> Iterator[None]:
    """Note the seconds of each call of the runner's methods named by `parts`."""

    def wrap(call: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
        def timing(*arguments: Any) -> Any:
            begin = time.perf_counter()
            result = call(*arguments)
            taken.append(time.perf_counter() - begin)
            return result

        return timing

    for part, taken in parts.items():
        setattr(runner, part, wrap(getattr(runner, part), taken))
    try:
        yield
    finally:
        for part in parts:
            delattr(runner, part)


def compare(qingmo: Qingmo, peer: OpenVINO | None, turns: int) -> None:
    ours, theirs = [], []
    for _ in range(turns):
        ours.append(sum(qingmo.steps()) / STEPS)
        if peer:
            theirs.append(peer.seconds(f"{qingmo.sequences} {PROMPT_TOKENS} {STEPS}") / STEPS)
    what = f"decode of {qingmo.sequences} at context 360"
    report(what, [qingmo.sequences / s for s in ours], "tokens/s")
    if peer:
        report("OpenVINO GenAI's", [qingmo.sequences / s for s in theirs], "tokens/s")
        report("decode / OpenVINO GenAI's", [t / s for s, t in zip(ours, theirs, strict=True)], "times")
        peer.process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--openvino", nargs=2, metavar=("PYTHON", "MODEL_FOLDER"))
    parser.add_argument("--sequences", type=int, default=50)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--profile", action="store_true")
    a = parser.parse_args()
    qingmo = Qingmo(a.checkpoint, a.sequences, a.threads)
    if not a.profile:
        compare(qingmo, OpenVINO(*a.openvino, a.threads, "openvino_batch.py") if a.openvino else None, a.turns)
        return
    qingmo.profile("greedy", GREEDY)
    qingmo.profile("greedy, penalties", SamplingParams.greedy(repetition_penalty=1.1, frequency_penalty=0.1))
    qingmo.profile("the checkpoint's defaults", SamplingParams(temperature=0.7, top_p=0.8, top_k=20, seed=1))
    qingmo.profile("top_p over all tokens", SamplingParams(temperature=0.7, top_p=0.8, top_k=0, seed=1))


if __name__ == "__main__":
    main()
