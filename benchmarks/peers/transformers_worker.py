"""transformers in bfloat16 in a process of its own, for report.py to run in turns with Qingmo.

    build/peers/transformers-venv/bin/python benchmarks/peers/transformers_worker.py CHECKPOINT THREADS

See measured.py for what it answers.
"""

import sys
import time

import torch
from measured import answer
from transformers import AutoModelForCausalLM


@torch.inference_mode()
def main() -> None:
    checkpoint, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.bfloat16).eval()

    def step(ids: torch.Tensor, cache: object) -> tuple[torch.Tensor, object]:
        out = model(ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return out.logits[:, -1].argmax(dim=-1, keepdim=True), out.past_key_values

    def seconds(prompt_tokens: int, new_tokens: int) -> float:
        ids, cache = torch.randint(0, 150_000, (1, prompt_tokens)), None
        begin = time.perf_counter()
        for _ in range(new_tokens):
            ids, cache = step(ids, cache)
        return time.perf_counter() - begin

    answer(seconds)


main()
