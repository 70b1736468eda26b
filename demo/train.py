"""Trains the demo model: float32 weights, bfloat16 arithmetic, a few processes of one thread each.

Processes rather than threads: a step is thousands of small operations, and threads would meet after each of them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from demo.batches import NOTHING, TOKENS, Batch, Batches, prefetched
from demo.model import Decoder
from demo.muon import Muon
from demo.render import Renderer
from demo.shape import Shape

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """How long and how fast to learn, in the first stretch. One step sees a batch of each worker."""

    steps: int = 10_000
    workers: int = 2
    seed: int = 1
    muon_lr: float = 0.02
    adam_lr: float = 0.003
    warm_up: int = 100  # steps
    cool_down: float = 0.8  # of the steps at the end, in which the rate falls to 0
    drilled: float = 0.35  # share of copying drills at the start: copying is what emerges last without them
    drilled_until: float = 0.08  # of the steps; later the share is `drilled_later`
    drilled_later: float = 0.05
    save_every: int = 100  # steps

    def continued(self, times: int, length: float, rate: float) -> Recipe:
        """A later stretch, of a model that has learned: other conversations, no drills, rates that undo nothing."""
        return replace(
            self,
            steps=int(self.steps * length),
            seed=self.seed + times,
            drilled_until=0.0,
            cool_down=1.0,
            muon_lr=self.muon_lr * rate,
            adam_lr=self.adam_lr * rate,
        )


def train(tokenizer_file: Path, end: Path, recipe: Recipe, start: Path | None = None) -> None:
    """Run the recipe, from the weights in `start` where it is given, and write the weights it ends with.

    A run that was cut off has left a checkpoint beside `end`. It goes on from there, with the bits it would have had.
    Raises SystemExit where that checkpoint is of another recipe.
    """
    if unfinished(end).exists() and torch.load(unfinished(end))["recipe"] != asdict(recipe):
        sys.exit(f"{unfinished(end)} is of a run with other --steps or another --seed: remove it, or give the same.")
    _meeting(end).unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of Python's exit, which ends the workers
    torch.multiprocessing.spawn(_worker, (tokenizer_file, end, recipe, start), nprocs=recipe.workers, daemon=True)


def unfinished(end: Path) -> Path:
    """The checkpoint of the run that is to end in `end`."""
    return end.with_suffix(".unfinished")


def _meeting(end: Path) -> Path:
    return end.with_suffix(".meeting")


def _worker(rank: int, tokenizer_file: Path, end: Path, recipe: Recipe, start: Path | None) -> None:
    logging.basicConfig(level=logging.INFO if rank == 0 else logging.WARNING, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    meeting = f"file://{_meeting(end).absolute()}"
    dist.init_process_group("gloo", init_method=meeting, rank=rank, world_size=recipe.workers)
    trainer = Trainer(Tokenizer.from_file(str(tokenizer_file)), recipe, rank)
    if unfinished(end).exists():
        trainer.resume(unfinished(end))
    elif start:
        trainer.load(start)
    trainer.run(end)
    dist.destroy_process_group()


class Trainer:
    """One worker. Master weights are float32 and equal in all workers; each step computes with a bfloat16 copy."""

    def __init__(self, tokenizer: Tokenizer, recipe: Recipe, rank: int) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self._rank = rank
        shape = Shape(vocab_size=tokenizer.get_vocab_size())
        self._master = Decoder(shape)
        self._working = Decoder(shape).bfloat16()
        for layer in self._working.layers:
            layer.compile(dynamic=True)  # once for all of them, as they are alike
        self._batches = Batches(Renderer(tokenizer), recipe.seed * 1000 + rank)
        self._optimizers = _optimizers(self._master, recipe)
        self._done = 0  # steps

    def load(self, weights: Path) -> None:
        self._master.load_state_dict(torch.load(weights))

    def resume(self, checkpoint: Path) -> None:
        """Take over what another run had come to."""
        state = torch.load(checkpoint)
        self._master.load_state_dict(state["weights"])
        for optimizer, its_state in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(its_state)
        self._done = state["step"]

    def run(self, end: Path) -> None:
        """All steps that are left, with checkpoints beside `end`."""
        self._compile_in_turn()
        recipe, done, began, losses = self._recipe, self._done, time.monotonic(), []
        for step, batch in enumerate(prefetched(self._batches, self._drill_shares()), 1):
            if step <= done:  # batches follow from the seed, one from the other: those that were learned are made again
                continue
            losses.append(self._step(step, batch))
            if step % 50 == 0:
                speed = (step - done) * recipe.workers * TOKENS / (time.monotonic() - began)
                log.info("step %d loss %.4f tokens/s %.0f", step, sum(losses) / len(losses), speed)
                losses.clear()
            if self._rank == 0 and step % recipe.save_every == 0:
                save(self._state(step), unfinished(end))
        if self._rank == 0:
            save(self._master.state_dict(), end)
            unfinished(end).unlink(missing_ok=True)

    def _state(self, step: int) -> dict[str, object]:
        """What `resume` takes over."""
        return {
            "recipe": asdict(self._recipe),
            "step": step,
            "weights": self._master.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }

    def _compile_in_turn(self) -> None:
        """The first worker fills the compiler's cache, the others take from it."""
        for rank in range(2):
            if min(self._rank, 1) == rank:
                self._summed_loss(Batches(self._batches.renderer, 0).make(0)).backward()
                self._working.zero_grad()
            dist.barrier()

    def _drill_shares(self) -> Iterator[float]:
        recipe = self._recipe
        for step in range(recipe.steps):
            yield recipe.drilled if step < recipe.drilled_until * recipe.steps else recipe.drilled_later

    def _step(self, step: int, batch: Batch) -> float:
        """One step of all workers. Returns the mean loss of a learned token."""
        self._copy_weights()
        loss = self._summed_loss(batch)
        loss.backward()
        mean = self._share_gradients(loss.detach(), batch.learned)
        rate = learning_rate(step, self._recipe)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["base_lr"] * rate
            optimizer.step()
        return mean

    def _summed_loss(self, batch: Batch) -> Tensor:
        """The loss summed over the learned tokens, in units of TOKENS."""
        hidden = self._working(batch.ids).flatten(0, 1)[batch.at]
        logits = F.linear(hidden, self._working.embed_tokens.weight).float()
        return F.cross_entropy(logits, batch.targets, ignore_index=NOTHING, reduction="sum") / TOKENS

    @torch.no_grad()
    def _copy_weights(self) -> None:
        torch._foreach_copy_(list(self._working.parameters()), list(self._master.parameters()))

    @torch.no_grad()
    def _share_gradients(self, loss: Tensor, learned: int) -> float:
        """The gradient of all workers' mean loss, clipped, becomes the master's. Returns that loss."""
        totals = torch.tensor([loss, learned / TOKENS])
        flat = torch.cat([totals, *(p.grad.float().flatten() for p in self._working.parameters())])
        dist.all_reduce(flat)
        (loss, learned), flat = flat[:2], flat[2:]
        flat /= learned
        flat /= max(1.0, float(flat.norm()))
        parameters = list(self._master.parameters())
        for parameter, part in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
            parameter.grad = part.view_as(parameter)
        self._working.zero_grad()
        return float(loss / learned)


def learning_rate(step: int, recipe: Recipe) -> float:
    """The factor of a step, the first being 1: up in a line, level, and down to 0 in a line."""
    down = (recipe.steps - step) / (recipe.cool_down * recipe.steps)
    return min(1.0, step / recipe.warm_up, down)


def save(state: Mapping[str, object], path: Path) -> None:
    """Atomically, so that a run that is cut off leaves a whole file."""
    part = path.with_suffix(path.suffix + ".part")
    torch.save(state, part)
    part.replace(path)


def _optimizers(model: Decoder, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for the embedding, biases and norms."""
    inside = {name: p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name}
    others = [p for name, p in model.named_parameters() if name not in inside]
    muon = Muon(inside.values(), lr=recipe.muon_lr, weight_decay=0.05)
    adam = torch.optim.AdamW(others, lr=recipe.adam_lr, betas=(0.9, 0.98), weight_decay=0.0)
    for group in (*muon.param_groups, *adam.param_groups):
        group["base_lr"] = group["lr"]
    return [muon, adam]
