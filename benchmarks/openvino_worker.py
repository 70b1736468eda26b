"""OpenVINO GenAI in a process of its own, for speed.py to run in turns with Qingmo.

    PYTHON_WITH_OPENVINO benchmarks/openvino_worker.py MODEL_FOLDER THREADS

Reads lines of "prefill N" or "decode N" and answers each with the seconds it took: N prompt tokens up to the first
token, or N tokens of answer after a prompt of 16. Needs openvino-genai; the folder comes from
`optimum-cli export openvino --model CHECKPOINT --task text-generation-with-past --weight-format int8 MODEL_FOLDER`.
"""

import sys
import time

import numpy as np
import openvino as ov
import openvino_genai as genai


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

    seconds(16, 4)
    print("ready", flush=True)
    for line in sys.stdin:
        what, n = line.split()
        taken = seconds(int(n), 1) if what == "prefill" else seconds(16, int(n) + 1) - seconds(16, 1)
        print(taken, flush=True)


main()
