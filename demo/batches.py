"""An endless, seeded stream of batches: conversations of like length side by side, so that little is filled up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from demo.render import Renderer
from demo.text.mix import conversation

LONGEST = 1024  # tokens; longer conversations are left out
TOKENS = 3072  # of a batch, at most
NOTHING = -100  # a target that cross entropy leaves out
_STEP = 32  # lengths are rounded up to a multiple of it
_TARGET_STEP = 64  # the same for the number of targets: torch keeps a kernel for every shape it has met

Rendered = tuple[list[int], list[bool]]


@dataclass(frozen=True)
class Batch:
    ids: Tensor  # [rows, tokens] int64; each row a conversation, filled up with 0 behind it
    at: Tensor  # [learned] int64: flat positions whose next token is learned, filled up with 0
    targets: Tensor  # [learned] int64: that token, filled up with NOTHING
    learned: int  # tokens


class Batches:
    """The same seed makes the same batches."""

    def __init__(self, renderer: Renderer, seed: int) -> None:
        self.renderer = renderer
        self._rng = Random(seed)
        self._waiting: dict[int, list[Rendered]] = defaultdict(list)  # by rounded length

    def make(self, drilled: float) -> Batch:
        """The next batch; `drilled` is the share of copying drills in what is added to those that wait."""
        while True:
            ids, learned = self.renderer.render(conversation(self._rng, drilled))
            length = -(-len(ids) // _STEP) * _STEP
            if length > LONGEST:
                continue
            self._waiting[length].append((ids, learned))
            if len(self._waiting[length]) == TOKENS // length:
                return _stacked(self._waiting.pop(length), length)


def _stacked(rows: list[Rendered], length: int) -> Batch:
    ids = torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in rows])
    learned = torch.tensor([learned + [False] * (length - len(learned)) for _, learned in rows])
    at = learned.flatten().nonzero().flatten()
    empty = -len(at) % _TARGET_STEP
    targets = F.pad(ids.flatten()[at], (0, empty), value=NOTHING)
    return Batch(ids, F.pad(at - 1, (0, empty)), targets, len(at))


def prefetched(batches: Batches, shares: Iterator[float]) -> Iterator[Batch]:
    """A batch for each of the drill shares, made while the one before is computed with."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = None
        for share in shares:
            following = pool.submit(batches.make, share)
            if ahead is not None:
                yield ahead.result()
            ahead = following
        if ahead is not None:
            yield ahead.result()
