"""Runs a made checkpoint through the ordinary engine, on conversations that training did not see, and says how it does.

    python -m demo.measure FOLDER

Every kind: the share of answers that are exactly the generator's. Python functions: run, against their asserts.
Perplexity of the learned tokens: int8 against float32. Needs qingmo and no torch.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from tokenizers import Tokenizer

from demo.render import Renderer
from demo.samples import KINDS, sample
from demo.text.conversation import Conversation
from demo.text.functions import FUNCTIONS
from qingmo import LLM, SamplingParams

SEED = 20_000_000  # far from those of training
LONGEST_ANSWER = 256  # tokens


@dataclass(frozen=True)
class Asked:
    """A prompt as token ids, and the answer that the generator gives to it."""

    kind: str
    prompt: list[int]
    wanted: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", type=int, default=60, help="conversations of each kind")
    parser.add_argument("--show", type=int, default=0, help="wrong answers to print of each kind")
    arguments = parser.parse_args()
    renderer = Renderer(Tokenizer.from_file(str(arguments.folder / "tokenizer.json")))
    with LLM(str(arguments.folder)) as llm:
        report_kinds(llm, renderer, arguments.each, arguments.show)
        report_functions(llm)
    conversations = [sample(kind, Random(f"{SEED} {kind} {i}")) for kind in KINDS for i in range(12)]
    report_perplexity(arguments.folder, renderer, conversations)


def report_kinds(llm: LLM, renderer: Renderer, each: int, show: int) -> None:
    """Print, for every kind, how many answers are exactly right, greedily and with the conversation as it should be."""
    asked = [a for kind in KINDS for i in range(each) for a in _asked(kind, renderer, Random(f"{SEED} {kind} {i}"))]
    right: dict[str, list[bool]] = defaultdict(list)
    for question, answer in zip(asked, greedy(llm, [a.prompt for a in asked]), strict=True):
        right[question.kind].append(answer == question.wanted)
        if answer != question.wanted and right[question.kind].count(False) <= show:
            print(f"{question.kind}: wanted {question.wanted!r}, got {answer!r}")
    for kind, results in right.items():
        print(f"{kind:12} {sum(results):5} of {len(results):5} exact  {sum(results) / len(results):6.1%}")


def _asked(kind: str, renderer: Renderer, rng: Random) -> Iterator[Asked]:
    for prompt, wanted in renderer.questions(sample(kind, rng)):
        yield Asked(kind, prompt, wanted)


def greedy(llm: LLM, prompts: list[list[int]]) -> list[str]:
    params = SamplingParams.greedy(max_tokens=LONGEST_ANSWER)
    return [completion.text for completion in llm.generate(prompts, params)]


_ASSERTS = {
    "sum_even_squares": "assert {f}([1, 2, 3, 4]) == 20 and {f}([]) == 0",
    "factorial": "assert {f}(0) == 1 and {f}(5) == 120",
    "fibonacci": "assert [{f}(n) for n in range(7)] == [0, 1, 1, 2, 3, 5, 8]",
    "is_prime": "assert [n for n in range(30) if {f}(n)] == [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]",
    "gcd": "assert {f}(12, 18) == 6 and {f}(7, 5) == 1",
    "reverse_string": "assert {f}('abc') == 'cba' and {f}('') == ''",
    "is_palindrome": "assert {f}('A man, a plan, a canal: Panama') and not {f}('abc')",
    "count_vowels": "assert {f}('Education') == 5 and {f}('xyz') == 0",
    "find_max": "assert {f}([3, 9, -2]) == 9 and {f}([-5, -7]) == -5",
    "average": "assert {f}([1, 2, 6]) == 3",
    "remove_duplicates": "assert {f}([3, 1, 3, 2, 1]) == [3, 1, 2]",
    "fizzbuzz": "assert {f}(15)[2:5] == ['Fizz', '4', 'Buzz'] and {f}(15)[14] == 'FizzBuzz'",
    "quicksort": "numbers = [3, 1, 2, 3, -1]; {f}(numbers); assert numbers == [-1, 1, 2, 3, 3]",
    "celsius_to_fahrenheit": "assert {f}(100) == 212 and {f}(0) == 32",
    "count_words": "assert {f}('one two  three') == 3",
}


def report_functions(llm: LLM) -> None:
    """Ask for each function, in both languages, and run what comes."""
    prompts = {
        (function.name, language): form.format(function.name)
        for function in FUNCTIONS
        for language, form in (("en", "Write a Python function named {}."), ("zh", "写一个 Python 函数，名字叫 {}。"))
    }
    replies = llm.chat([[{"role": "user", "content": text}] for text in prompts.values()], SamplingParams.greedy())
    failed = [key for key, reply in zip(prompts, replies, strict=True) if not runs(reply.text, key[0], key[0])]
    print(f"functions    {len(prompts) - len(failed)} of {len(prompts)} run and pass their asserts; not: {failed}")


def runs(answer: str, function: str, name: str) -> bool:
    """Whether the answer's Python block defines `name` so that it passes the asserts of `function`."""
    block = re.search(r"```python\n(.*?)```", answer, re.DOTALL)
    if block is None:
        return False
    try:
        exec(block[1] + "\n" + _ASSERTS[function].replace("{f}", name), {})
    except Exception:
        return False
    return True


def report_perplexity(folder: Path, renderer: Renderer, conversations: Iterable[Conversation]) -> None:
    rendered = [renderer.render(conversation) for conversation in conversations]
    perplexities = {}
    for name, quantization, dtype in (("float32", "none", "float32"), ("int8", "int8", "auto")):
        with LLM(str(folder), quantization=quantization, dtype=dtype) as llm:
            perplexities[name] = perplexity(llm, rendered)
    change = perplexities["int8"] / perplexities["float32"] - 1
    print(f"perplexity   float32 {perplexities['float32']:.4f}, int8 {perplexities['int8']:.4f}, {change:+.2%}")


def perplexity(llm: LLM, rendered: list[tuple[list[int], list[bool]]]) -> float:
    """exp of the mean negative logarithm of the learned tokens' probabilities."""
    losses = []
    for ids, learned in rendered:
        logits = llm.logits(ids[:-1]).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        of_next = logits[np.arange(len(ids) - 1), ids[1:]] - np.log(np.exp(logits).sum(axis=1))
        losses.append(-of_next[np.array(learned[1:])])
    return float(np.exp(np.concatenate(losses).mean()))


if __name__ == "__main__":
    main()
