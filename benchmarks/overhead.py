"""The engine's Python a step at batch 50, in CPU time and with arithmetic left out: true on a busy machine too.

    python benchmarks/overhead.py

Two threads share it: the engine's, which waits for it, and the event loop's, which works while a step is computed.
batch_decode.py --profile measures the share of sampling; the rest of a server's own cost is HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from qingmo.config import EngineConfig
from qingmo.engine.async_engine import AsyncEngine, Submission
from qingmo.engine.engine import Engine
from qingmo.engine.runner import Batch, SampledToken, SampleRow
from qingmo.sampling_params import SamplingParams

SEQUENCES, PROMPT_TOKENS, STEPS = 50, 344, 300
STEP_SECONDS = 0.01  # long enough for the loop to be done before the next step is
PARAMS = SamplingParams(max_tokens=STEPS, ignore_eos=True)


class NoArithmetic:
    """A Runner whose every answer is the same."""

    num_layers, vocab_size, num_blocks, fingerprint = 24, 151_936, 4096, b""

    def forward(self, batch: Batch, *_: Any) -> None:
        time.sleep(STEP_SECONDS)

    def sample(self, rows: Sequence[SampleRow]) -> list[SampledToken]:
        return [SampledToken(row.position) for row in rows]

    def new_sampler(self, *_: Any) -> NoArithmetic:
        return self

    def append(self, token_id: int) -> None:
        """Of a sampler: nothing to count."""


class OneCharacter:
    """A Vocabulary of one character."""

    control_tokens: Mapping[str, int] = MappingProxyType({})

    def token_bytes(self, token_id: int) -> bytes:
        return "你".encode()

    def valid_token_mask(self, vocab_size: int) -> np.ndarray:
        return np.full((vocab_size + 31) // 32, 0xFFFFFFFF, np.uint32)


def make_engine() -> Engine:
    return Engine(NoArithmetic(), OneCharacter(), config=EngineConfig())  # type: ignore[arg-type]


def prompt(number: int) -> list[int]:
    return [number * PROMPT_TOKENS + i for i in range(PROMPT_TOKENS)]


def engine_side() -> float:
    """Seconds a step on the engine's thread."""
    engine = make_engine()
    for number in range(SEQUENCES):
        engine.add_request(prompt(number), PARAMS)
    while len(engine.step()) < SEQUENCES:
        pass
    steps = STEPS // 2
    begin = time.thread_time()
    for _ in range(steps):
        engine.step()
        engine.load()
    return (time.thread_time() - begin) / steps


async def loop_side() -> float:
    """Seconds a step on the event loop's thread, submitting and reading included."""
    engine = AsyncEngine(make_engine())
    engine.start()

    async def read(number: int) -> None:
        async for _ in await engine.submit(Submission(prompt(number), PARAMS)):
            pass

    begin = time.thread_time()
    await asyncio.gather(*map(read, range(SEQUENCES)))
    taken = time.thread_time() - begin
    await engine.stop(0)
    return taken / engine.status().counters.steps


def main() -> None:
    print(f"a step of {SEQUENCES} on the engine's thread  {engine_side() * 1000:5.2f} ms of CPU")
    print(f"             on the event loop        {asyncio.run(loop_side()) * 1000:5.2f} ms of CPU")


if __name__ == "__main__":
    main()
