"""Makes the demo model from nothing: text, tokenizer, training, and the checkpoint folder. See make.sh."""

from __future__ import annotations

import argparse
import dataclasses
import shutil
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer

from demo.export import export
from demo.render import pieces
from demo.text.mix import conversation
from demo.text.words import COMMON_CHARACTERS
from demo.tokens import CONTROL, train_tokenizer
from demo.train import Recipe, train

CONVERSATIONS_FOR_TOKENIZER = 20_000


def main() -> None:
    arguments = _arguments()
    work, recipe = arguments.work, dataclasses.replace(Recipe(), seed=arguments.seed, steps=arguments.steps)
    tokenizer_file, newest, start = work / "tokenizer.json", work / "latest.pt", work / "start.pt"
    if not arguments.go_on:
        work.mkdir(parents=True, exist_ok=True)
        make_tokenizer().save(str(tokenizer_file))
        train(tokenizer_file, work, recipe)
    shutil.copy(newest, start)
    train(tokenizer_file, work, recipe.continued(), start)
    export(torch.load(newest), Tokenizer.from_file(str(tokenizer_file)), arguments.out)


def make_tokenizer() -> Tokenizer:
    """Trained on conversations like those of the model's training."""
    rng = Random(0)
    conversations = [conversation(rng, 0.02) for _ in range(CONVERSATIONS_FOR_TOKENIZER)]
    texts = [text for made in conversations for text, _ in pieces(made) if text not in CONTROL]
    return train_tokenizer(texts, COMMON_CHARACTERS)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("build/demo"), help="for checkpoints (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/demo/model"), help="the result (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--go-on", action="store_true", help="only the second stretch, from WORK/latest.pt")
    return parser.parse_args()


if __name__ == "__main__":
    main()
