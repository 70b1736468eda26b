"""Qingmo in a process of its own, for report.py to run in turns with its peers.

    .venv/bin/python benchmarks/peers/qingmo_worker.py CHECKPOINT THREADS QUANTIZATION

See measured.py for what it answers; and "limits" with the bytes a second at which the same threads read the weights,
and the multiply-adds a second that they make on registers alone.
"""

import sys
import time

import numpy as np
from measured import answer

from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine
from qingmo.sampling_params import SamplingParams

LONGEST = 8192  # tokens


def main() -> None:
    checkpoint, threads, quantization = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    config = EngineConfig(
        model=checkpoint,
        threads=threads,
        quantization=quantization,
        enable_prefix_caching=False,
        max_model_len=LONGEST,
    )
    model = build_engine(config)
    rng = np.random.default_rng(0)

    def seconds(prompt_tokens: int, new_tokens: int) -> float:
        prompt = rng.integers(0, 150_000, prompt_tokens).tolist()
        begin = time.perf_counter()
        model.engine.add_request(prompt, SamplingParams.greedy(max_tokens=new_tokens, ignore_eos=True))
        while model.engine.has_work:
            model.engine.step()
        return time.perf_counter() - begin

    def limits() -> str:
        bandwidth = model.packed.file_size / model.runner.read_weights()
        return f"{bandwidth} {model.runner.multiply_add_rate('float32' if quantization == 'none' else 'int8')}"

    answer(seconds, {"limits": limits})


main()
