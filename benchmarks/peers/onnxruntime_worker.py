"""onnxruntime-genai in a process of its own, for report.py to run in turns with Qingmo.

    build/peers/onnxruntime-venv/bin/python benchmarks/peers/onnxruntime_worker.py MODEL_FOLDER THREADS

See measured.py for what it answers. benchmarks/peers/setup.sh makes the folder.
"""

import json
import sys
import time

import numpy as np
import onnxruntime_genai as genai
from measured import answer


def main() -> None:
    folder, threads = sys.argv[1], int(sys.argv[2])
    config = genai.Config(folder)
    options = {"intra_op_num_threads": threads, "inter_op_num_threads": 1}
    config.overlay(json.dumps({"model": {"decoder": {"session_options": options}}}))
    model = genai.Model(config)
    rng = np.random.default_rng(0)

    def seconds(prompt_tokens: int, new_tokens: int) -> float:
        params = genai.GeneratorParams(model)
        params.set_search_options(
            do_sample=False, max_length=prompt_tokens + new_tokens, min_length=prompt_tokens + new_tokens
        )
        generator = genai.Generator(model, params)
        begin = time.perf_counter()
        generator.append_tokens(rng.integers(0, 150_000, prompt_tokens).astype(np.int32))
        for _ in range(new_tokens):
            generator.generate_next_token()
        return time.perf_counter() - begin

    answer(seconds)


main()
