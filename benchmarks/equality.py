"""50 different requests on a full-size checkpoint: equal tokens and equal bits of log probabilities however served.

    python benchmarks/equality.py CHECKPOINT [--isas avx512 scalar]

Each answer is greedy or seeded, with penalties or without; with every token go the log probabilities of the 20
likeliest, which depend on each bit of the logits. The tests do the same, with the logits themselves, on a small model.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable

from qingmo import LLM, SamplingParams

REQUESTS = 50
ANSWER_TOKENS = 8
Served = list[tuple[list[int], object]]


def requests() -> list[tuple[list[int], SamplingParams]]:
    """Prompts of 3 to 120 tokens, half of them with a beginning in common."""
    chooser = random.Random(0)
    common = [chooser.randrange(150_000) for _ in range(40)]
    made = []
    for i in range(REQUESTS):
        prompt = (common if i % 2 else []) + [chooser.randrange(150_000) for _ in range(chooser.randrange(3, 80))]
        penalties = dict(repetition_penalty=1.3, presence_penalty=0.5, frequency_penalty=0.2) if i % 3 else {}
        random_choice = dict(temperature=0.9, top_p=0.95, top_k=50 if i % 4 else 0, seed=i) if i % 5 else {}
        changes = {**penalties, **random_choice, "max_tokens": ANSWER_TOKENS, "ignore_eos": True, "logprobs": 20}
        made.append((prompt, SamplingParams.greedy(**changes)))
    return made


def served(completions: Iterable) -> Served:
    return [(c.token_ids, c.logprobs) for c in completions]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--isas", nargs="+", default=["avx512", "scalar"])
    a = parser.parse_args()
    prompts, params = (list(column) for column in zip(*requests(), strict=True))

    def together(**options: object) -> Served:
        with LLM(a.checkpoint, **options) as llm:
            return served(llm.generate(prompts, params))

    def alone() -> Served:
        with LLM(a.checkpoint, enable_prefix_caching=False) as llm:
            return [served(llm.generate([p], [s]))[0] for p, s in zip(prompts, params, strict=True)]

    expected = alone()
    ways = {"in a batch of 50": {}, "without prefix cache": {"enable_prefix_caching": False}}
    ways |= {f"chunks of {n}": {"max_batched_tokens": n} for n in (16, 100, 512)}
    ways |= {"preempted (KV cache of 8 MiB)": {"kv_cache_memory": 8 << 20}}
    ways |= {f"{n} threads": {"threads": n} for n in (1, 2)}
    ways |= {f"instruction set {isa}": {"isa": isa} for isa in a.isas}
    different = [way for way, options in ways.items() if together(**options) != expected]
    for way in ways:
        print(f"{way:32} {'DIFFERENT' if way in different else 'equal'}")
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
