"""OpenVINO GenAI in a process of its own, for speed.py to run in turns with Qingmo.

    PYTHON_WITH_OPENVINO benchmarks/peers/openvino_worker.py MODEL_FOLDER THREADS

See measured.py for what it answers. Needs openvino-genai; the folder comes from
`optimum-cli export openvino --model CHECKPOINT --task text-generation-with-past --weight-format int8 MODEL_FOLDER`.
"""

import sys
import time

import numpy as np
import openvino as ov
import openvino_genai as genai
from measured import answer


def main() -> None:
    folder, threads = sys.argv[1], int(sys.argv[2])
    pipeline = genai.LLMPipeline(folder, "CPU", INFERENCE_NUM_THREADS=threads, SCHEDULING_CORE_TYPE="ANY_CORE")
    rng = np.random.default_rng(0)

    def seconds(prompt_tokens: int, new_tokens: int) -> float:
        prompt = ov.Tensor(rng.integers(0, 150_000, (1, prompt_tokens)))
        config = genai.GenerationConfig(max_new_tokens=new_tokens, ignore_eos=True, do_sample=False)
        begin = time.perf_counter()
        pipeline.generate(prompt, config)
        return time.perf_counter() - begin

    answer(seconds)


main()
