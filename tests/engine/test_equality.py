"""A request's tokens and logits are the same bits however it is served: equality, not tolerance."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

import pytest
from engine.conftest import MakeRunner

from qingmo.config import EngineConfig
from qingmo.engine.engine import Engine
from qingmo.engine.runner import Runner, Sampler, SampleRow, available_isas
from qingmo.model.tokenizer import Tokenizer
from qingmo.sampling_params import SamplingParams

NUM_REQUESTS = 50
PLENTY = 600  # blocks: more than all requests need together
SCARCE = 12  # blocks: the longest request just fits

WORDS = [
    "hello",
    "world",
    "the",
    "model",
    "is",
    "small",
    "fast",
    "你好",
    "世界",
    "中国",
    "今天",
    "天气",
    "什么",
    "number",
    "one",
    "two",
    "three",
    "def",
    "return",
    "print",
]


@dataclass(frozen=True)
class Served:
    """What one engine made of the requests: everything that must not depend on how."""

    tokens: dict[tuple[int, int], list[int]]  # (request, choice) -> output
    texts: dict[tuple[int, int], str]
    reasons: dict[tuple[int, int], str]
    logits: dict[tuple[int, int, int], bytes]  # (seed, choice, position) -> the bits of a row of logits
    cached: int = 0  # prompt tokens found in the prefix cache, all together
    preemptions: int = 0


class Recording:
    """Passes everything on to a runner and keeps the logits of whatever is sampled."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._samplers: dict[int, tuple[Sampler, int, int]] = {}
        self.logits_of: dict[tuple[int, int, int], bytes] = {}

    def __getattr__(self, name: str) -> object:
        return getattr(self._runner, name)

    def new_sampler(self, params: SamplingParams, seed: int, prompt: list[int], choice: int = 0) -> Sampler:
        sampler = self._runner.new_sampler(params, seed, prompt, choice)
        self._samplers[id(sampler)] = (sampler, seed, choice)
        return sampler

    def sample(self, rows: list[SampleRow]) -> object:
        for row in rows:
            _, seed, choice = self._samplers[id(row.sampler)]
            self.logits_of[seed, choice, row.position] = self._runner.logits(row.output).tobytes()
        return self._runner.sample(rows)


@pytest.fixture(scope="module")
def requests(vocabulary: Tokenizer) -> list[tuple[list[int], SamplingParams]]:
    """Prompts of 1 to 150 tokens, half of them with one of two common beginnings; every kind of sampling."""
    rng = random.Random(7)
    beginnings = [" ".join(rng.choices(WORDS, k=20)) for _ in range(2)]
    kinds = [
        SamplingParams.greedy(),
        SamplingParams.greedy(repetition_penalty=1.3, frequency_penalty=0.2),
        SamplingParams(temperature=1.0, top_p=0.9, top_k=20, repetition_penalty=1.1),
        SamplingParams(temperature=1.5, top_p=1.0, min_p=0.02, presence_penalty=0.5, logit_bias={270: 3.0}),
        SamplingParams(temperature=1.2, top_p=1.0, n=3),
        SamplingParams(temperature=1.2, top_p=1.0, stop=["a", "o", "的"], min_tokens=2),
    ]
    made = []
    for index in range(NUM_REQUESTS):
        text = " ".join(rng.choices(WORDS, k=rng.choice([1, 3, 10, 50])))
        if index % 2:
            text = beginnings[index // 2 % 2] + text
        params = kinds[index % len(kinds)]
        made.append((vocabulary.encode(text)[:150], replace(params, seed=index, max_tokens=rng.choice([2, 12, 40]))))
    return made


@pytest.fixture(scope="module")
def alone(make_runner: MakeRunner, vocabulary: Tokenizer, eos: int, requests: list) -> Served:
    """Every request in an engine of its own."""
    parts = [
        serve(new_engine(make_runner, vocabulary, eos), [request], first=index)
        for index, request in enumerate(requests)
    ]
    return Served(
        {key: value for part in parts for key, value in part.tokens.items()},
        {key: value for part in parts for key, value in part.texts.items()},
        {key: value for part in parts for key, value in part.reasons.items()},
        {key: value for part in parts for key, value in part.logits.items()},
    )


def new_engine(
    make_runner: MakeRunner, vocabulary: Tokenizer, eos: int, num_blocks: int = PLENTY, **config: object
) -> Engine:
    return Engine(Recording(make_runner(num_blocks)), vocabulary, config=EngineConfig(**config), eos_token_ids=[eos])


def serve(engine: Engine, requests: Iterable, first: int = 0, abort: Iterable[int] = (), clients: int = 1) -> Served:
    """Run all requests to the end at once. abort: the indices of those given up after their second token."""
    index_of = {}
    for index, (prompt, params) in enumerate(requests, first):
        index_of[engine.add_request(prompt, params, client=f"client {index % clients}")] = index
    served = Served({}, {}, {}, {})
    cached = 0
    while engine.has_work:
        for output in engine.step():
            key = (index_of[output.request_id], output.choice)
            served.tokens.setdefault(key, []).append(output.token_id)
            served.texts[key] = served.texts.get(key, "") + output.text
            if output.finish_reason:
                served.reasons[key] = output.finish_reason
                cached += output.cached_prompt_tokens
            if key[0] in abort and len(served.tokens[key]) == 2:
                engine.abort(output.request_id)
    recording = engine._runner
    return Served(served.tokens, served.texts, served.reasons, recording.logits_of, cached, engine.preemptions)


def assert_same(served: Served, expected: Served) -> None:
    assert served.tokens == expected.tokens
    assert served.texts == expected.texts
    assert served.reasons == expected.reasons
    assert served.logits.keys() == expected.logits.keys()
    different = [key for key in expected.logits if served.logits[key] != expected.logits[key]]
    assert not different, f"logits differ at (seed, choice, position) {different[:5]}"


def test_requests_exercise_what_they_should(alone: Served, requests: list) -> None:
    assert set(alone.reasons.values()) == {"stop", "length"}
    assert len({tuple(tokens) for tokens in alone.tokens.values()}) > NUM_REQUESTS / 2
    assert max(len(prompt) for prompt, _ in requests) > 100


@pytest.mark.parametrize("rows", [16, 100, 512])
@pytest.mark.parametrize("prefix_caching", [True, False])
def test_a_batch_of_all_gives_what_each_gives_alone(
    make_runner: MakeRunner, vocabulary: Tokenizer, eos: int, requests: list, alone: Served, rows: int,
    prefix_caching: bool,
) -> None:  # fmt: skip
    engine = new_engine(make_runner, vocabulary, eos, max_batched_tokens=rows, enable_prefix_caching=prefix_caching)
    assert_same(serve(engine, requests, clients=3), alone)


def test_a_second_run_from_the_prefix_cache_gives_the_same(
    make_runner: MakeRunner, vocabulary: Tokenizer, eos: int, requests: list, alone: Served
) -> None:
    engine = new_engine(make_runner, vocabulary, eos)
    first = serve(engine, requests)
    engine._runner.logits_of = {}
    second = serve(engine, requests)
    assert second.cached > first.cached > 0
    assert_same(second, alone)


@pytest.mark.parametrize("rows", [16, 100])
@pytest.mark.parametrize("prefix_caching", [True, False])
def test_preempted_requests_give_the_same(
    make_runner: MakeRunner, vocabulary: Tokenizer, eos: int, requests: list, alone: Served, rows: int,
    prefix_caching: bool,
) -> None:  # fmt: skip
    engine = new_engine(
        make_runner,
        vocabulary,
        eos,
        num_blocks=SCARCE,
        max_batched_tokens=rows,
        enable_prefix_caching=prefix_caching,
    )
    served = serve(engine, requests)
    assert served.preemptions > 0
    assert_same(served, alone)


def test_few_at_a_time_in_another_order_give_the_same(
    make_runner: MakeRunner, vocabulary: Tokenizer, eos: int, requests: list, alone: Served
) -> None:
    engine = new_engine(make_runner, vocabulary, eos, max_num_seqs=3)
    turned = serve(engine, requests[::-1], clients=5)
    last = len(requests) - 1
    assert {(last - i, choice): tokens for (i, choice), tokens in turned.tokens.items()} == alone.tokens
    assert turned.logits == alone.logits


def test_aborted_neighbours_change_nothing(
    make_runner: MakeRunner, vocabulary: Tokenizer, eos: int, requests: list, alone: Served
) -> None:
    given_up = set(range(0, len(requests), 3))
    served = serve(new_engine(make_runner, vocabulary, eos, num_blocks=40), requests, abort=given_up)
    for key, tokens in alone.tokens.items():
        if key[0] in given_up:
            assert served.tokens.get(key, []) == tokens[: len(served.tokens.get(key, []))]
        else:
            assert served.tokens[key] == tokens


def test_requests_preempted_all_the_time_give_the_same(
    make_runner: MakeRunner, vocabulary: Tokenizer, eos: int, requests: list, alone: Served
) -> None:
    engine = new_engine(make_runner, vocabulary, eos, num_blocks=80, max_batched_tokens=48)
    step, steps = engine.step, iter(range(10**9))

    def step_and_often_preempt() -> list:
        if next(steps) % 3 == 2:
            engine._scheduler.preempt_newest()
        return step()

    engine.step = step_and_often_preempt
    served = serve(engine, requests, clients=2)
    assert served.preemptions > 20
    assert_same(served, alone)


@pytest.mark.parametrize("isa", available_isas())
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("quantization", ["int8", "int4"])
def test_any_number_of_threads_and_any_instruction_set_give_the_same(
    make_native_runner: MakeRunner, vocabulary: Tokenizer, eos: int, requests: list, quantization: str, threads: int,
    isa: str,
) -> None:  # fmt: skip
    def served(**machine: object) -> Served:
        runner = partial(make_native_runner, quantization=quantization, **machine)
        return serve(new_engine(runner, vocabulary, eos, max_batched_tokens=100), requests)

    assert_same(served(threads=threads, isa=isa), served())
