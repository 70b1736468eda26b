"""What int8 weights cost the demo model: its perplexity on the held-out answers, with float32 weights and with int8.

python -m demo.judge_int8                exit status 1 where int8 is worse by more than it may be
python -m demo.judge_int8 --model FOLDER
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

import numpy as np

from demo.held_out import KINDS
from demo.held_out.case import Case
from demo.held_out.unseen import unseen_passages
from qingmo import LLM
from qingmo.config import EngineConfig
from qingmo.engine.build import LoadedModel, build_engine

MAY_COST = 0.01  # of the perplexity

Text = tuple[list[int], list[int]]  # the tokens of a prompt, and of the right answer with the token that ends it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo", help='a folder, or "demo" for the built-in one (default)')
    model = parser.parse_args().model
    exact = measure(EngineConfig(model, dtype="float32"))
    int8 = measure(EngineConfig(model, quantization="int8"))
    print(f"perplexity on held-out answers: float32 {exact:.4f}, int8 {int8:.4f} ({100 * (int8 / exact - 1):+.2f} %)")
    sys.exit(0 if int8 <= (1 + MAY_COST) * exact else 1)


def measure(config: EngineConfig) -> float:
    """The perplexity of the model on every right answer that stands beside a held-out prompt."""
    loaded = build_engine(config)
    cases = [case for kind in KINDS for case in kind.cases] + list(unseen_passages())
    # Text never becomes the control tokens that mark a call, so calls cannot be scored as text.
    texts = [_encode(loaded, case) for case in cases if "<tool_call>" not in case.right]
    with closing(LLM.from_engine(loaded.engine, loaded.prompts)) as llm:
        return perplexity(llm.logits, texts)


def perplexity(logits: Callable[[Sequence[int]], np.ndarray], texts: Iterable[Text]) -> float:
    """exp of the mean negative log probability of the answers' tokens. logits: tokens -> [tokens, vocabulary]."""
    losses = [_losses(logits([*prompt, *answer])[len(prompt) - 1 : -1], answer) for prompt, answer in texts]
    return float(np.exp(np.concatenate(losses).mean()))


def _losses(scores: np.ndarray, tokens: list[int]) -> np.ndarray:
    """The negative log probability of each token, float64 [tokens], by the scores of the position before it."""
    scores = scores.astype(np.float64)
    highest = scores.max(axis=1, keepdims=True)
    total = np.log(np.exp(scores - highest).sum(axis=1)) + highest[:, 0]
    losses: np.ndarray = total - scores[np.arange(len(tokens)), tokens]
    return losses


def _encode(loaded: LoadedModel, case: Case) -> Text:
    prompt = loaded.prompts.encode_chat(case.messages, case.tools or None)
    return prompt, [*loaded.prompts.encode(case.right), loaded.checkpoint.config.eos_token_ids[0]]


if __name__ == "__main__":
    main()
