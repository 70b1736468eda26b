"""OpenVINO GenAI's continuous batching in a process of its own, for batch_decode.py to run in turns with Qingmo.

    PYTHON_WITH_OPENVINO benchmarks/peers/openvino_batch.py MODEL_FOLDER THREADS

Reads lines of "SEQUENCES PROMPT_TOKENS STEPS" and answers each with the seconds that so many steps took, in which that
many sequences decode; prompts come from its prefix cache after the first time. For the model folder see
openvino_worker.py.
"""

import sys
import time

import numpy as np
import openvino as ov
import openvino_genai as genai


def main() -> None:
    folder, threads = sys.argv[1], int(sys.argv[2])
    scheduler = genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = 1  # GB
    scheduler.max_num_seqs = 64
    scheduler.max_num_batched_tokens = 512
    pipeline = genai.ContinuousBatchingPipeline(
        folder, scheduler, "CPU", {"INFERENCE_NUM_THREADS": threads, "SCHEDULING_CORE_TYPE": "ANY_CORE"}
    )

    def seconds(sequences: int, prompt_tokens: int, steps: int) -> float:
        rng = np.random.default_rng(0)
        config = genai.GenerationConfig(max_new_tokens=4 * steps, ignore_eos=True, do_sample=False)
        prompts = [ov.Tensor(rng.integers(0, 150_000, (1, prompt_tokens))) for _ in range(sequences)]
        handles = [pipeline.add_request(i, prompt, config) for i, prompt in enumerate(prompts)]
        while not all(handle.can_read() for handle in handles):
            pipeline.step()
        begin = time.perf_counter()
        for _ in range(steps):
            pipeline.step()
        taken = time.perf_counter() - begin
        while pipeline.has_non_finished_requests():
            pipeline.step()
        return taken

    print("ready", flush=True)
    for line in sys.stdin:
        print(seconds(*map(int, line.split())), flush=True)


main()
