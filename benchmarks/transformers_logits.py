"""Logits of a checkpoint by transformers, for accuracy.py: the figures everything is compared with.

    PYTHON_WITH_TORCH benchmarks/transformers_logits.py CHECKPOINT DTYPE TOKENS.npy OUT.npy

TOKENS.npy: int64 [tokens]. Writes float32 [tokens, vocabulary]. Needs torch and transformers.
"""

import sys

import numpy as np
import torch
from transformers import AutoModelForCausalLM


def main() -> None:
    checkpoint, dtype, tokens, out = sys.argv[1:]
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=getattr(torch, dtype)).eval()
    with torch.no_grad():
        logits = model(torch.from_numpy(np.load(tokens))[None]).logits[0]
    np.save(out, logits.float().numpy())


main()
