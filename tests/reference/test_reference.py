"""The oracle itself, against what can be known without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reference.model import ReferenceModel, attend, read_model_config, rope_tables, rotate
from reference.runner import ReferenceRunner
from reference.sampler import ReferenceSampler, philox4x32, top_p_count, uniform
from toy_checkpoint import make_toy_checkpoint, read_toy_tensors

from qingmo.engine.batch import block_tables
from qingmo.engine.runner import Batch
from qingmo.sampling_params import SamplingParams, resolve

EVERYTHING = np.ones(5, bool)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_numbers(counter: tuple, key: tuple, expected: tuple) -> None:
    assert philox4x32(counter, key) == expected


def test_uniform_numbers_differ_by_seed_position_and_choice() -> None:
    numbers = {uniform(seed, position, choice) for seed in (0, 1, 2**40) for position in (0, 1) for choice in (0, 1)}
    assert len(numbers) == 12
    assert all(0 <= number < 1 for number in numbers)


def test_rope_turns_by_position_and_leaves_position_zero() -> None:
    x = np.array([[[1.0, 2.0, 3.0, 4.0]]], np.float32)
    assert np.array_equal(rotate(x, *rope_tables(np.array([0]), 4, 10000.0)), x)
    turned = rotate(x, *rope_tables(np.array([1]), 4, 10000.0))[0, 0]
    c, s = np.cos(1.0), np.sin(1.0)
    assert turned[[0, 2]] == pytest.approx([c - 3 * s, 3 * c + s], rel=1e-6)


def test_attention_over_equal_keys_is_the_mean_and_heads_share_their_group() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    output = attend(np.ones((4, 2), np.float32), np.ones((3, 2, 2), np.float32), values)
    assert output == pytest.approx(values.mean(axis=0)[[0, 0, 1, 1]])


@pytest.mark.parametrize("tie", [True, False])
def test_runner_in_chunks_agrees_with_the_whole_model(tmp_path: Path, tie: bool) -> None:
    folder = make_toy_checkpoint(tmp_path, tie=tie)
    model = ReferenceModel(read_model_config(folder), read_toy_tensors(folder))
    runner = ReferenceRunner(model, num_blocks=4)
    tokens = np.arange(3, 40)
    expected = model.forward(tokens.tolist())
    for begin, end in ((0, 5), (5, 32), (32, 37)):
        runner.forward(batch_of(tokens, begin, end, [2, 0, 3]))
        for row in range(begin, end):
            assert runner.logits(row - begin) == pytest.approx(expected[row], abs=1e-4)


def test_layers_run_one_after_the_other_give_the_bits_of_a_single_pass(toy_folder: Path) -> None:
    model = ReferenceModel(read_model_config(toy_folder), read_toy_tensors(toy_folder))
    tokens = np.arange(3, 23)
    whole, split = ReferenceRunner(model, 2), ReferenceRunner(model, 2)
    whole.forward(batch_of(tokens, 0, 20, [0, 1]))
    hidden = split.forward(batch_of(tokens, 0, 20, [0, 1], want="hidden"), layers=(0, 1))
    split.forward(batch_of(tokens, 0, 20, [0, 1]), layers=(1, 2), hidden_in=hidden)
    assert all(np.array_equal(whole.logits(row), split.logits(row)) for row in range(20))


def test_blocks_move_whole(toy_folder: Path) -> None:
    model = ReferenceModel(read_model_config(toy_folder), read_toy_tensors(toy_folder))
    runner = ReferenceRunner(model, 3)
    tokens = np.arange(3, 20)
    runner.forward(batch_of(tokens, 0, 17, [0, 1]))
    expected = runner.logits(16)
    runner.write_block(2, runner.read_block(0))
    runner.copy_block(1, 0)
    runner.forward(batch_of(tokens, 16, 17, [2, 0]))
    assert np.array_equal(runner.logits(0), expected)


def test_top_p_keeps_the_fewest_that_reach_it_and_at_least_one() -> None:
    weights = np.array([0.5, 0.25, 0.125, 0.125])
    assert [top_p_count(weights, p) for p in (0.01, 0.5, 0.51, 0.75, 1.0)] == [1, 1, 2, 2, 4]


def test_top_p_counts_over_what_top_k_kept() -> None:
    logits = np.log(np.array([0.4, 0.3, 0.1, 0.1, 0.1], np.float32))
    drawn = {draw(logits, position, temperature=1.0, top_k=2, top_p=0.57) for position in range(200)}
    assert drawn == {0}  # 0.4 of all, but 0.571 of the two


def test_temperature_zero_takes_the_lowest_of_equals_after_penalties_and_bias() -> None:
    logits = np.array([2, 5, 3, 3, 1], np.float32)
    assert draw(logits, 0, temperature=0.0) == 1
    assert draw(logits, 0, temperature=0.0, repetition_penalty=2.0, prompt=[1]) == 2
    assert draw(logits, 0, temperature=0.0, logit_bias={4: 10.0}) == 4


def test_draws_follow_the_distribution() -> None:
    logits = np.log(np.array([0.1, 0.2, 0.3, 0.4, 1e-9], np.float32))
    draws = [draw(logits, position, temperature=1.0) for position in range(4000)]
    assert np.bincount(draws, minlength=5) / 4000 == pytest.approx([0.1, 0.2, 0.3, 0.4, 0], abs=0.03)


def test_logprobs_are_of_the_unmodified_logits_with_ties_by_id() -> None:
    logits = np.log(np.array([0.25, 0.5, 0.125, 0.125, 1e-9], np.float32))
    params = SamplingParams.greedy(logit_bias={3: 50.0}, logprobs=3)
    token = ReferenceSampler(resolve(params, {}), 0, [], 0).sample(logits, 0, EVERYTHING)
    assert token.token_id == 3
    assert token.logprob == pytest.approx(np.log(0.125), abs=1e-5)
    assert [i for i, _ in token.top_logprobs] == [1, 0, 2]


def draw(logits: np.ndarray, position: int, prompt: tuple | list = (), **params: object) -> int:
    resolved = resolve(SamplingParams.greedy(**params), {})
    return ReferenceSampler(resolved, 1, prompt, 0).sample(logits, position, EVERYTHING).token_id


def batch_of(tokens: np.ndarray, begin: int, end: int, blocks: list[int], want: str = "logits") -> Batch:
    rows = np.arange(end - begin, dtype=np.int32)
    return Batch(
        tokens[begin:end].astype(np.int32),
        np.arange(begin, end, dtype=np.int32),
        np.array([0, end - begin], np.int32),
        block_tables([blocks]),
        rows,
        want,
    )
