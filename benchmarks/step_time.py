"""What the time of a step does to the trace of 50 people: the real scheduler over a simple cost of a step, no model.

    python benchmarks/step_time.py [--prompt-row 0.85] [--decode-row 1.1] [--seconds 0.1 0.25 ...]

Milliseconds a row as a machine has them (batch_decode.py and speed.py measure them); a step takes at least as long as
the weights take to be read. Says where engine/step_budget.py's STEP_SECONDS comes from.
"""

from __future__ import annotations

import argparse
import math
import random
from dataclasses import dataclass, field
from trace import ANSWER_TOKENS, OWN_TOKENS, SYSTEM_TOKENS, at_share

from qingmo.engine.kv_cache import KVCache
from qingmo.engine.scheduler import Chunk, Scheduler
from qingmo.engine.sequence import Sequence
from qingmo.engine.step_budget import StepBudget

USERS, ROUNDS = 50, 2
TEMPLATE_TOKENS = 13
READ_WEIGHTS, STEP_OVERHEAD = 0.015, 0.004  # seconds
KV_BLOCKS = 1365  # of 256 MiB


@dataclass
class Machine:
    """Seconds a row."""

    prompt_row: float
    decode_row: float

    def seconds(self, chunks: list[Chunk]) -> float:
        decoding = sum(chunk.sequence.output_length > 0 for chunk in chunks)
        rows = sum(chunk.end - chunk.begin for chunk in chunks)
        work = (rows - decoding) * self.prompt_row + decoding * self.decode_row
        return STEP_OVERHEAD + max(READ_WEIGHTS, work)


@dataclass
class Trace:
    """Plays every user against a scheduler on a clock that moves by what steps cost."""

    machine: Machine
    step_seconds: float
    now: float = 0.0
    first: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(0)
        self.system = self.draw(SYSTEM_TOKENS + TEMPLATE_TOKENS)
        self.scheduler = Scheduler(KVCache(KV_BLOCKS), budget=StepBudget(self.step_seconds))
        self.last: dict[Sequence, float] = {}  # when it was submitted, or got its last token
        self.rounds_left: dict[Sequence, int] = {}

    def draw(self, tokens: int) -> list[int]:
        return [self.random.randrange(1 << 30) for _ in range(tokens)]

    def submit(self, rounds_left: int) -> None:
        tokens = self.system + self.draw(OWN_TOKENS)
        sequence = Sequence(len(self.rounds_left), "", b"", tokens, len(tokens))
        self.last[sequence], self.rounds_left[sequence] = self.now, rounds_left
        self.scheduler.add(sequence)

    def step(self) -> None:
        chunks = self.scheduler.schedule()
        seconds = self.machine.seconds(chunks)
        self.now += seconds
        self.scheduler.complete(chunks, seconds)
        for sequence in [chunk.sequence for chunk in chunks if chunk.is_last]:
            self.answer(sequence)

    def answer(self, sequence: Sequence) -> None:
        (self.gaps if sequence.output_length else self.first).append(self.now - self.last[sequence])
        self.last[sequence] = self.now
        sequence.tokens += self.draw(1)
        if sequence.output_length == ANSWER_TOKENS:
            self.scheduler.finish(sequence)
            if self.rounds_left[sequence]:
                self.submit(self.rounds_left[sequence] - 1)

    def run(self) -> None:
        for _ in range(USERS):
            self.submit(ROUNDS - 1)
        while self.scheduler.has_work:
            self.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompt-row", type=float, default=0.85, help="milliseconds")
    parser.add_argument("--decode-row", type=float, default=1.1, help="milliseconds")
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.1, 0.15, 0.2, 0.25, 0.35, 0.5, math.inf])
    a = parser.parse_args()
    print("step       tokens/s   first token: median, P95    between two: median, P95, longest")
    for seconds in a.seconds:
        trace = Trace(Machine(a.prompt_row / 1000, a.decode_row / 1000), min(seconds, 1e6))
        trace.run()
        first = f"{at_share(trace.first, 0.5):13.2f} s, {at_share(trace.first, 0.95):.2f} s"
        gaps = f"{at_share(trace.gaps, 0.5):16.3f} s, {at_share(trace.gaps, 0.95):.3f} s, {max(trace.gaps):.3f} s"
        print(f"{seconds:5.2f} s   {USERS * ROUNDS * ANSWER_TOKENS / trace.now:8.0f}   {first}{gaps}")


if __name__ == "__main__":
    main()
