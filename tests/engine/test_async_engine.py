"""Many event-loop tasks share one engine on a thread of its own."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from engine.conftest import MakeEngine

from qingmo.engine.answer_stream import AnswerStream
from qingmo.engine.async_engine import AsyncEngine, Submission
from qingmo.engine.engine import NO_TOKEN, Engine, TokenOutput
from qingmo.errors import EngineError, InvalidRequestError, PromptTooLongError, QueueFullError, StoppingError
from qingmo.sampling_params import SamplingParams

LONG = SamplingParams.greedy(max_tokens=1000, ignore_eos=True)


def greedy(tokens: int, **changes: Any) -> SamplingParams:
    return SamplingParams.greedy(max_tokens=tokens, ignore_eos=True, **changes)


def prompt(number: int, tokens: int = 8) -> list[int]:
    return [5 + (number * 7 + i) % 100 for i in range(tokens)]


def in_loop(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(main(), 60)

    asyncio.run(limited())


@asynccontextmanager
async def serving(engine: Engine, **options: int) -> AsyncIterator[AsyncEngine]:
    served = AsyncEngine(engine, **options)
    served.start()
    try:
        yield served
    finally:
        await served.stop(0)


async def collect(stream: AnswerStream) -> list[TokenOutput]:
    return [output async for outputs in stream for output in outputs]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def tokens_alone(engine: Engine, token_ids: list[int], params: SamplingParams) -> list[int]:
    engine.add_request(token_ids, params)
    return [output.token_id for _ in range(1000) if engine.has_work for output in engine.step()]


def test_fifty_tasks_at_once_each_get_the_answer_they_get_alone(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine(num_blocks=256)) as engine:

            async def ask(number: int) -> list[int]:
                stream = await engine.submit(Submission(prompt(number), greedy(4), client=str(number % 5)))
                return [output.token_id for output in await collect(stream)]

            answers = await asyncio.gather(*map(ask, range(50)))
            assert engine.status().counters.generated_tokens == 200
        alone = make_engine()
        assert answers == [tokens_alone(alone, prompt(number), greedy(4)) for number in range(50)]

    in_loop(main)


def test_one_stream_carries_all_choices_and_ends_after_the_last(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine()) as engine:
            stream = await engine.submit(Submission(prompt(1), SamplingParams(max_tokens=5, n=3, ignore_eos=True)))
            outputs = await collect(stream)
            assert sorted(output.choice for output in outputs) == [0] * 5 + [1] * 5 + [2] * 5
            assert [output.finish_reason for output in outputs if output.finish_reason] == ["length"] * 3

    in_loop(main)
