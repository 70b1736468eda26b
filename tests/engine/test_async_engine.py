"""Many event-loop tasks share one engine on a thread of its own."""

from __future__ import annotations

import asyncio
import pickle
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from engine.conftest import MakeEngine, MakeRunner

from qingmo.config import EngineConfig
from qingmo.engine.answer_stream import AnswerStream
from qingmo.engine.async_engine import AsyncEngine, Submission
from qingmo.engine.engine import Engine
from qingmo.engine.outputs import NO_TOKEN, TokenOutput
from qingmo.errors import EngineError, InvalidRequestError, PromptTooLongError, QueueFullError, StoppingError
from qingmo.model.tokenizer import Tokenizer
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


def test_a_stream_gives_its_tokens_before_the_answer_is_whole(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine()) as engine:
            stream = await engine.submit(Submission(prompt(1), LONG))
            first = await stream.next()
            assert first and first[0].finish_reason is None
            stream.abort()

    in_loop(main)


def test_waiting_with_a_timeout_says_when_nothing_came(make_engine: MakeEngine) -> None:
    async def main() -> None:
        engine = AsyncEngine(make_engine())
        engine._loop = asyncio.get_running_loop()  # nobody steps it yet
        stream = await engine.submit(Submission(prompt(1), greedy(2)))
        assert await stream.next(timeout=0.001) is None
        engine.start()
        assert len(await collect(stream)) == 2
        await engine.stop(0)

    in_loop(main)


@pytest.mark.parametrize("when", ["queue", "prefill", "decode"])
def test_abort_gives_all_blocks_back_and_ends_the_stream(make_engine: MakeEngine, when: str) -> None:
    async def main() -> None:
        config = dict(enable_prefix_caching=False, max_batched_tokens=16, max_num_seqs=1)
        async with serving(make_engine(**config)) as engine:
            ahead = await engine.submit(Submission(prompt(0, 16), LONG))
            stream = ahead if when == "decode" else await engine.submit(Submission(prompt(1, 400), LONG))
            if when == "prefill":
                ahead.abort()
                await until(lambda: [r.state for r in engine.status().requests] == ["prefill"])
            elif when == "decode":
                await stream.next()
            else:
                await until(lambda: stream.queue_position == 0 and ahead.queue_position is None)
            assert engine.status().kv_blocks_used
            stream.abort()
            stream.abort()
            ahead.abort()
            assert await collect(stream) == []
            await until(lambda: not engine.status().kv_blocks_used)
            status = engine.status()
            assert (status.running, status.waiting, status.requests) == (0, 0, ())

    in_loop(main)


def test_a_dropped_request_leaves_the_others_answers_as_they_are(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine(num_blocks=256)) as engine:
            kept = [await engine.submit(Submission(prompt(n), greedy(20))) for n in range(5)]
            for number in range(20):
                dropped = await engine.submit(Submission(prompt(50 + number), LONG))
                await asyncio.sleep(0.002 * (number % 4))
                dropped.abort()
            answers = [[o.token_id for o in outputs] for outputs in await asyncio.gather(*map(collect, kept))]
            assert engine.status().counters.aborted == 20
        assert answers == [tokens_alone(make_engine(), prompt(n), greedy(20)) for n in range(5)]

    in_loop(main)


def test_requests_that_cannot_be_served_are_refused_at_once(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine(max_model_len=64)) as engine:
            with pytest.raises(PromptTooLongError):
                await engine.submit(Submission(prompt(1, 64), LONG))
            with pytest.raises(InvalidRequestError, match="token id 512"):
                await engine.submit(Submission([512], LONG))
            status = engine.status()
            assert (status.counters.requests, status.requests) == (0, ())

    in_loop(main)


def test_a_full_queue_refuses_and_an_abort_in_it_makes_room(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine(max_num_seqs=1), max_queue=2) as engine:
            running = await engine.submit(Submission(prompt(0), LONG))
            await running.next()
            first, second = [await engine.submit(Submission(prompt(n), greedy(3))) for n in (1, 2)]
            with pytest.raises(QueueFullError, match="2 requests are waiting") as refused:
                await engine.submit(Submission(prompt(3), greedy(3)))
            assert 1 <= refused.value.retry_after <= 60
            first.abort()
            third = await engine.submit(Submission(prompt(3), greedy(3)))
            running.abort()
            assert [len(await collect(stream)) for stream in (second, third)] == [3, 3]

    in_loop(main)


def test_a_stream_knows_how_many_stand_before_it(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine(max_num_seqs=1)) as engine:
            running = await engine.submit(Submission(prompt(0), LONG))
            await running.next()
            streams = [await engine.submit(Submission(prompt(n), LONG, client="a")) for n in (1, 2, 3)]
            assert [stream.queue_position for stream in (running, *streams)] == [None, 0, 1, 2]
            other = await engine.submit(Submission(prompt(4), LONG, client="b"))
            assert other.queue_position == 3
            await until(lambda: other.queue_position == 1)  # clients take turns
            assert [stream.queue_position for stream in streams] == [0, 2, 3]
            running.abort()
            await until(lambda: streams[0].queue_position is None)
            assert [stream.queue_position for stream in (other, *streams[1:])] == [0, 1, 2]
            for stream in (other, *streams):
                stream.abort()

    in_loop(main)


def test_stop_lets_streams_finish_and_takes_no_more(make_engine: MakeEngine) -> None:
    async def main() -> None:
        engine = AsyncEngine(make_engine())
        engine.start()
        stream = await engine.submit(Submission(prompt(1), greedy(20)))
        stopping = asyncio.create_task(engine.stop(60))
        await asyncio.sleep(0)
        with pytest.raises(StoppingError):
            await engine.submit(Submission(prompt(2), greedy(1)))
        outputs = await collect(stream)
        assert (len(outputs), outputs[-1].finish_reason) == (20, "length")
        await stopping

    in_loop(main)


def test_stop_without_grace_ends_every_stream_and_says_so(make_engine: MakeEngine) -> None:
    async def main() -> None:
        engine = AsyncEngine(make_engine(max_num_seqs=2))
        engine.start()
        streams = [
            await engine.submit(Submission(prompt(n), SamplingParams(n=2, max_tokens=900, ignore_eos=True)))
            for n in range(3)
        ]
        await streams[0].next()
        await engine.stop(0)
        for stream in streams:
            outputs = await collect(stream)
            ends = [(o.choice, o.token_id) for o in outputs if o.finish_reason == "abort"]
            assert sorted(ends) == [(0, NO_TOKEN), (1, NO_TOKEN)]
            assert all(output.finish_reason == "abort" for output in outputs[-2:])
        status = engine.status()
        assert (status.kv_blocks_used, status.requests, status.counters.aborted) == (0, (), 3)

    in_loop(main)


def test_an_answer_cut_off_gives_out_the_text_held_back(make_engine: MakeEngine) -> None:
    engine = make_engine()
    whole = SamplingParams.greedy(max_tokens=12, ignore_eos=True)
    engine.add_request(prompt(1), whole)
    pieces = [output.text for _ in range(12) for output in engine.step()]
    text = "".join(pieces[:6])
    assert text
    engine.add_request(prompt(1), SamplingParams.greedy(max_tokens=12, ignore_eos=True, stop=text + "never"))
    given = [output.text for _ in range(6) for output in engine.step()]
    assert "".join(given) != text
    whole_text = "".join(given) + engine.abort_all()[0].text
    assert whole_text.rstrip("\ufffd") == text.rstrip("\ufffd")  # the last character may be incomplete
    assert not engine.has_work


def test_where_the_engine_fails_every_stream_and_every_new_request_is_told(make_engine: MakeEngine) -> None:
    async def main() -> None:
        broken = make_engine(max_num_seqs=1)
        engine = AsyncEngine(broken)
        engine.start()
        streams = [await engine.submit(Submission(prompt(n), LONG)) for n in range(3)]
        await streams[0].next()

        def fail(*_: object) -> None:
            raise RuntimeError("out of luck")

        broken._runner.forward = fail  # type: ignore[method-assign]
        for stream in streams:
            with pytest.raises(EngineError, match="RuntimeError: out of luck"):
                await collect(stream)
        with pytest.raises(EngineError, match="out of luck"):
            await engine.submit(Submission(prompt(1), LONG))
        await engine.stop(60)

    in_loop(main)


def test_status_tells_where_each_request_stands(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine(max_num_seqs=1)) as engine:
            running = await engine.submit(Submission(prompt(0, 20), LONG, client="a"))
            waiting = await engine.submit(Submission(prompt(1, 9), LONG, client="b"))
            await until(lambda: len(engine.status().requests) == 2 and engine.status().requests[0].output_tokens > 1)
            status = engine.status()
            first, second = status.requests
            assert (first.client, first.state, first.prompt_tokens, first.computed) == ("a", "decode", 20, 20)
            assert (second.client, second.state, second.computed, second.output_tokens) == ("b", "waiting", 0, 0)
            assert (status.running, status.waiting) == (1, 1)
            assert 0 < status.kv_blocks_used < status.kv_blocks_total == 64
            running.abort()
            waiting.abort()

    in_loop(main)


def test_counters_and_histograms_count_each_request_once(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine()) as engine:
            for _ in range(2):
                stream = await engine.submit(Submission(prompt(0, 40), greedy(5, n=2)))
                await collect(stream)
            status = engine.status()
            assert (status.counters.requests, status.counters.prompt_tokens) == (2, 80)
            assert (status.counters.cached_prompt_tokens, status.counters.generated_tokens) == (32, 20)
            assert sum(status.time_to_first_token.counts) == sum(status.queue_time.counts) == 2
            assert sum(status.inter_token_latency.counts) >= 8
            assert status.time_to_first_token.sum >= status.queue_time.sum > 0

    in_loop(main)


def test_what_crosses_to_the_engine_and_back_can_be_pickled(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine()) as engine:
            submission = Submission(prompt(0), greedy(3, logit_bias={7: 1.0}, stop="x", logprobs=2), "client", "salt")
            assert pickle.loads(pickle.dumps(submission)) == submission
            outputs = await collect(await engine.submit(submission))
            assert pickle.loads(pickle.dumps(outputs)) == outputs
            status = engine.status()
            assert pickle.loads(pickle.dumps(status)) == status

    in_loop(main)


def test_other_tasks_run_while_a_step_is_computed(make_engine: MakeEngine) -> None:
    async def main() -> None:
        async with serving(make_engine()) as engine:
            turns = 0
            answer = asyncio.create_task(collect(await engine.submit(Submission(prompt(0, 200), greedy(5)))))
            while not answer.done():
                await asyncio.sleep(0)
                turns += 1
            assert turns > len(answer.result())

    in_loop(main)


def test_streams_dropped_at_any_moment_give_every_block_back(
    make_native_runner: MakeRunner, vocabulary: Tokenizer
) -> None:
    chooser = random.Random(0)

    async def main() -> None:
        config = EngineConfig(max_batched_tokens=32, max_num_seqs=8, enable_prefix_caching=False)
        async with serving(Engine(make_native_runner(24), vocabulary, config=config)) as engine:

            async def ask_and_drop(number: int) -> None:
                params = SamplingParams(max_tokens=60, n=1 + number % 2, seed=1, ignore_eos=True)
                client = str(number % 7)
                stream = await engine.submit(Submission(prompt(number, chooser.randint(1, 150)), params, client))
                await asyncio.sleep(chooser.random() * 0.2)
                stream.abort()

            await asyncio.gather(*map(ask_and_drop, range(100)))
            answer = await collect(await engine.submit(Submission(prompt(0), greedy(3))))
            assert len(answer) == 3
            await until(lambda: not engine.status().kv_blocks_used)
            assert engine.status().requests == ()

    in_loop(main)
