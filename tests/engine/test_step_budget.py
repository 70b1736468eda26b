"""Steps fit their time while somebody decodes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from engine.conftest import MakeRunner

from qingmo.config import EngineConfig
from qingmo.engine.engine import Engine
from qingmo.engine.outputs import TokenOutput
from qingmo.engine.step_budget import ALONE_SECONDS, STEP_SECONDS, StepBudget
from qingmo.model.tokenizer import Tokenizer
from qingmo.sampling_params import SamplingParams


def learned(seconds_per_row: float) -> StepBudget:
    budget = StepBudget()
    budget.observe(512, 512 * seconds_per_row)
    return budget


def test_without_experience_there_is_no_limit() -> None:
    assert StepBudget().prompt_rows(50, 462) == 462


def test_decoding_and_prompts_together_take_a_steps_time() -> None:
    budget = learned(0.001)
    assert budget.prompt_rows(50, 10_000) + 50 == STEP_SECONDS * 1000


def test_where_nobody_decodes_a_step_may_take_longer() -> None:
    assert learned(0.001).prompt_rows(0, 512) == 512
    assert learned(0.01).prompt_rows(0, 512) == ALONE_SECONDS * 100


def test_the_limit_holds_however_fast_the_machine() -> None:
    assert learned(1e-6).prompt_rows(50, 462) == 462


@pytest.mark.parametrize("decoding", [30, 50, 64])
def test_prompts_get_a_third_where_decoding_takes_more_than_the_time(decoding: int) -> None:
    prompts = learned(0.02).prompt_rows(decoding, 10_000)
    assert prompts == pytest.approx((decoding + prompts) / 3, abs=1)


def test_a_machine_that_slows_down_gets_fewer_rows_within_some_steps() -> None:
    budget = learned(0.0005)
    before = budget.prompt_rows(10, 10_000)
    for _ in range(12):
        rows = 10 + budget.prompt_rows(10, 10_000)
        budget.observe(rows, rows * 0.001)
    assert budget.prompt_rows(10, 10_000) == pytest.approx(before / 2, rel=0.15)


def test_one_interrupted_step_does_not_stop_prompts() -> None:
    budget = learned(0.0005)
    before = budget.prompt_rows(10, 10_000)
    budget.observe(500, 0.5)  # twice its time
    assert budget.prompt_rows(10, 10_000) > before * 0.75


def test_few_rows_say_nothing_about_many() -> None:
    budget = learned(0.0005)
    before = budget.prompt_rows(10, 10_000)
    budget.observe(3, 0.03)
    assert budget.prompt_rows(10, 10_000) == before


class Erratic(StepBudget):
    """Any number of rows, as on a machine whose speed jumps."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)

    def prompt_rows(self, decoding: int, limit: int) -> int:
        return self._random.randint(1, limit)


def test_answers_do_not_depend_on_how_steps_are_filled(make_native_runner: MakeRunner, vocabulary: Tokenizer) -> None:
    def answers(budget: StepBudget) -> dict[int, list[TokenOutput]]:
        engine = Engine(make_native_runner(64), vocabulary, config=EngineConfig())
        engine._scheduler._budget = budget
        params = SamplingParams(max_tokens=6, seed=1, logprobs=5, ignore_eos=True)
        for number in range(6):
            engine.add_request([5 + (number * 7 + i) % 100 for i in range(20 + 13 * number)], params)
        found: dict[int, list[TokenOutput]] = {}
        while engine.has_work:
            for output in engine.step():
                found.setdefault(output.request_id, []).append(replace(output, cached_prompt_tokens=0))
        return found

    expected = answers(StepBudget())
    assert all(answers(Erratic(seed)) == expected for seed in range(4))
