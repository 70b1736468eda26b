"""Qingmo in a process of its own, for report.py to run in turns with its peers.

    .venv/bin/python benchmarks/peers/qingmo_worker.py CHECKPOINT THREADS QUANTIZATION

Reads lines of "prefill N" or "decode N" and answers each with the seconds it took: N prompt tokens up to the first
token, or N tokens of answer after a prompt of 16. "limits" is answered with the bytes a second at which the same
threads read the weights, and the multiply-adds a second that they make on registers alone.
"""

import sys
import time

import numpy as np

from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine
from qingmo.sampling_params import SamplingParams


def main() -> None:
    checkpoint, threads, quantization = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    config = EngineConfig(model=checkpoint, threads=threads, quantization=quantization, enable_prefix_caching=False)
    model = build_engine(config)
    rng = np.random.default_rng(0)

    def seconds(prompt_tokens: int, new_tokens: int) -> float:
        prompt = rng.integers(0, 150_000, prompt_tokens).tolist()
        begin = time.perf_counter()
        model.engine.add_request(prompt, SamplingParams.greedy(max_tokens=new_tokens, ignore_eos=True))
        while model.engine.has_work:
            model.engine.step()
        return time.perf_counter() - begin

    seconds(16, 4)
    print("ready", flush=True)
    for line in sys.stdin:
        what, _, n = line.strip().partition(" ")
        if what == "limits":
            bandwidth = model.packed.file_size / model.runner.read_weights()
            print(bandwidth, model.runner.multiply_add_rate(quantized=quantization != "none"), flush=True)
        elif what == "prefill":
            print(seconds(int(n), 1), flush=True)
        else:
            print(seconds(16, int(n) + 1) - seconds(16, 1), flush=True)


main()
