"""Requests from admission to their last token."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from engine.conftest import MakeEngine

from qingmo.engine.engine import Engine
from qingmo.engine.outputs import TokenOutput
from qingmo.errors import InvalidRequestError, PromptTooLongError
from qingmo.model.tokenizer import Tokenizer
from qingmo.sampling_params import SamplingParams

GREEDY = SamplingParams.greedy(max_tokens=6)


class Spell:
    """A constraint that allows one text, token by token, and then only the end."""

    def __init__(self, token_ids: list[int], end: int) -> None:
        self.left = [*token_ids, end]
        self.done: list[int] = []

    @property
    def is_complete(self) -> bool:
        return len(self.left) == 1

    def fill_mask(self, mask: np.ndarray) -> bool:
        mask[:] = 0
        mask[self.left[0] // 32] = np.uint32(1 << self.left[0] % 32)
        return True

    def forced(self) -> list[int]:
        return []

    def accept(self, token_id: int) -> None:
        assert token_id == self.left[0]
        self.done.append(self.left.pop(0))

    def rollback(self, count: int) -> None:
        self.left = self.done[-count:] + self.left
        del self.done[-count:]


def run(engine: Engine) -> dict[tuple[int, int], list[TokenOutput]]:
    outputs: dict[tuple[int, int], list[TokenOutput]] = {}
    while engine.has_work:
        for output in engine.step():
            outputs.setdefault((output.request_id, output.choice), []).append(output)
    return outputs


def answer(engine: Engine, prompt: list[int], params: SamplingParams, **more: object) -> list[TokenOutput]:
    request = engine.add_request(prompt, params, **more)
    return run(engine)[request, 0]


def spelled(vocabulary: Tokenizer, text: str, eos: int) -> dict[str, object]:
    return {"constraint": lambda: Spell(vocabulary.encode(text), eos)}


def text_of(outputs: list[TokenOutput]) -> str:
    return "".join(output.text for output in outputs)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ([], "prompt is empty"),
        ([1, -2], r"prompt\[1\] has token id -2; this model's ids go from 0 to 511"),
        ([512], r"prompt\[0\] has token id 512"),
        ([511], "token id 511, which has no token"),
        (["a"], "list of token ids"),
        ([1.5], "list of token ids"),
        ("text", "prompt is str"),
    ],
)
def test_impossible_prompts_are_refused_by_position_and_value(
    make_engine: MakeEngine, prompt: object, message: str
) -> None:
    engine = make_engine()
    with pytest.raises(InvalidRequestError, match=message) as refused:
        engine.add_request(prompt)
    assert refused.value.field == "prompt"
    assert not engine.has_work


def test_a_prompt_longer_than_the_model_length_is_refused_with_both_lengths(make_engine: MakeEngine) -> None:
    with pytest.raises(PromptTooLongError, match="40 tokens, but --max-model-len is 40"):
        make_engine(max_model_len=40).add_request([1] * 40)


def test_a_prompt_that_can_never_fit_in_the_kv_cache_is_refused(make_engine: MakeEngine) -> None:
    with pytest.raises(InvalidRequestError, match=r"48 tokens, but the whole KV cache holds 48 .* --kv-cache-memory"):
        make_engine(num_blocks=3).add_request([1] * 48)


def test_logit_bias_for_ids_without_a_token_is_refused(make_engine: MakeEngine) -> None:
    with pytest.raises(InvalidRequestError, match="logit_bias has token id 511") as refused:
        make_engine().add_request([1], SamplingParams(logit_bias={511: 1.0}))
    assert refused.value.field == "logit_bias"


def test_numpy_ids_are_ids(make_engine: MakeEngine) -> None:
    assert answer(make_engine(), np.array([5, 6]), GREEDY) == answer(make_engine(), [5, 6], GREEDY)


def test_an_answer_ends_with_length_at_max_tokens(make_engine: MakeEngine) -> None:
    outputs = answer(make_engine(), [5, 6, 7], GREEDY)
    assert [o.finish_reason for o in outputs] == [None] * 5 + ["length"]


@pytest.mark.parametrize("limits", [{"max_model_len": 10}, {"num_blocks": 1}])
def test_an_answer_ends_with_length_where_there_is_no_more_room(make_engine: MakeEngine, limits: dict) -> None:
    room = limits.get("max_model_len", 16)
    outputs = answer(make_engine(**limits), [5, 6, 7], SamplingParams.greedy(max_tokens=100))
    assert len(outputs) == room - 3
    assert outputs[-1].finish_reason == "length"


def test_the_end_of_sequence_ends_an_answer_and_is_no_text(
    make_engine: MakeEngine, vocabulary: Tokenizer, eos: int
) -> None:
    outputs = answer(make_engine(), [5], SamplingParams.greedy(), **spelled(vocabulary, "你好 world", eos))
    assert text_of(outputs) == "你好 world"
    assert outputs[-1].token_id == eos
    assert [o.finish_reason for o in outputs] == [None] * (len(outputs) - 1) + ["stop"]


def test_ignore_eos_goes_on_past_it(make_engine: MakeEngine, eos: int) -> None:
    params = SamplingParams.greedy(max_tokens=4, ignore_eos=True, logit_bias={eos: 100.0})
    outputs = answer(make_engine(), [5], params)
    assert [o.token_id for o in outputs] == [eos] * 4
    assert outputs[-1].finish_reason == "length"


def test_no_end_of_sequence_before_min_tokens(make_engine: MakeEngine, eos: int) -> None:
    params = SamplingParams.greedy(max_tokens=9, min_tokens=3, logit_bias={eos: 100.0})
    outputs = answer(make_engine(), [5], params)
    assert [o.token_id == eos for o in outputs] == [False] * 3 + [True]


def test_a_finished_grammar_may_end_before_min_tokens(make_engine: MakeEngine, vocabulary: Tokenizer, eos: int) -> None:
    params = SamplingParams.greedy(min_tokens=50)
    outputs = answer(make_engine(), [5], params, **spelled(vocabulary, "one", eos))
    assert text_of(outputs) == "one"


def test_a_stop_string_ends_the_answer_and_is_not_part_of_it(
    make_engine: MakeEngine, vocabulary: Tokenizer, eos: int
) -> None:
    params = SamplingParams.greedy(stop=["o w"])
    outputs = answer(make_engine(), [5], params, **spelled(vocabulary, "hello world", eos))
    assert text_of(outputs) == "hell"
    assert outputs[-1].finish_reason == "stop"
    assert outputs[-1].token_id != eos


def test_stop_strings_count_only_from_min_tokens_on(make_engine: MakeEngine, vocabulary: Tokenizer, eos: int) -> None:
    ids = vocabulary.encode("one two one three")
    params = SamplingParams.greedy(stop=["one"], min_tokens=3)
    outputs = answer(make_engine(), [5], params, constraint=lambda: Spell(ids, eos))
    assert text_of(outputs).startswith("one")
    assert outputs[-1].finish_reason == "stop"
    assert "three" not in text_of(outputs)


def test_text_held_back_comes_with_the_last_token(make_engine: MakeEngine, vocabulary: Tokenizer, eos: int) -> None:
    params = SamplingParams.greedy(stop=["hello world!"])
    outputs = answer(make_engine(), [5], params, **spelled(vocabulary, "hello world", eos))
    assert [o.text for o in outputs[:-1]] == [""] * (len(outputs) - 1)
    assert outputs[-1].text == "hello world"


def test_text_held_back_comes_too_where_the_length_ends_it(
    make_engine: MakeEngine, vocabulary: Tokenizer, eos: int
) -> None:
    ids = vocabulary.encode("hello world")
    params = SamplingParams.greedy(stop=["hello world!"], max_tokens=len(ids))
    outputs = answer(make_engine(), [5], params, constraint=lambda: Spell(ids, eos))
    assert text_of(outputs) == "hello world"
    assert outputs[-1].finish_reason == "length"


def test_penalties_count_the_output_as_it_grows(make_engine: MakeEngine) -> None:
    free, penalized = (
        [o.token_id for o in answer(make_engine(), [5], SamplingParams.greedy(max_tokens=12, repetition_penalty=r))]
        for r in (1.0, 10.0)
    )
    assert len(set(free)) < 12 == len(set(penalized))


def test_each_answer_of_a_request_has_its_own_constraint_and_shares_the_prompt(
    make_engine: MakeEngine, vocabulary: Tokenizer, eos: int
) -> None:
    engine = make_engine()
    prompt = list(range(5, 45))
    engine.add_request(prompt, SamplingParams(n=3), **spelled(vocabulary, "one two", eos))
    outputs = run(engine)
    assert {text_of(o) for o in outputs.values()} == {"one two"}
    assert [outputs[0, choice][0].cached_prompt_tokens for choice in range(3)] == [0, 32, 32]


@pytest.mark.parametrize("caching", [True, False])
def test_answers_of_one_request_share_their_prompts_blocks(make_engine: MakeEngine, caching: bool) -> None:
    engine = make_engine(enable_prefix_caching=caching)
    engine.add_request(list(range(5, 85)), SamplingParams(n=4, max_tokens=8, seed=1))
    while engine._scheduler.num_running < 4:
        engine.step()
    held = [block for answer in engine._answers.values() for block in answer.sequence.blocks]
    assert Counter(Counter(held).values())[4] == 4  # the 80 tokens' full blocks but the last, whose end is computed


def test_answers_of_one_request_differ_and_repeat_with_the_seed(make_engine: MakeEngine) -> None:
    def answers(engine: Engine) -> list[list[int]]:
        request = engine.add_request([5, 6], SamplingParams(temperature=2.0, top_p=1.0, n=3, seed=9, max_tokens=8))
        outputs = run(engine)
        return [[o.token_id for o in outputs[request, choice]] for choice in range(3)]

    first = answers(make_engine())
    assert len({tuple(ids) for ids in first}) == 3
    assert answers(make_engine()) == first


def test_without_a_seed_answers_differ_unless_the_engine_has_one(make_engine: MakeEngine) -> None:
    params = SamplingParams(temperature=2.0, top_p=1.0, max_tokens=12)

    def two(**config: object) -> list[list[int]]:
        return [[o.token_id for o in answer(make_engine(**config), [5, 6], params)] for _ in range(2)]

    first, second = two()
    assert first != second
    first, second = two(seed=4)
    assert first == second


@pytest.mark.parametrize(
    ("config", "salts", "found"),
    [({}, ("", ""), 32), ({}, ("a", "b"), 0), ({"enable_prefix_caching": False}, ("", ""), 0)],
)
def test_a_prompt_seen_before_is_found_under_the_same_salt_only(
    make_engine: MakeEngine, config: dict, salts: tuple[str, str], found: int
) -> None:
    engine = make_engine(**config)
    prompt = list(range(5, 50))
    first, second = (answer(engine, prompt, GREEDY, cache_salt=salt) for salt in salts)
    assert first[0].cached_prompt_tokens == 0
    assert second[0].cached_prompt_tokens == found
    assert [o.token_id for o in first] == [o.token_id for o in second]


def test_without_prefix_caching_requests_at_the_same_time_share_nothing(make_engine: MakeEngine) -> None:
    engine = make_engine(enable_prefix_caching=False)
    first, second = (engine.add_request(list(range(5, 50)), GREEDY) for _ in range(2))
    outputs = run(engine)
    assert outputs[first, 0][0].cached_prompt_tokens == outputs[second, 0][0].cached_prompt_tokens == 0


def test_the_next_turn_of_a_conversation_finds_the_answer_before_it(make_engine: MakeEngine) -> None:
    engine = make_engine()
    prompt = list(range(5, 25))
    output = [o.token_id for o in answer(engine, prompt, SamplingParams.greedy(max_tokens=30))]
    second = answer(engine, [*prompt, *output, 7, 8], GREEDY)
    assert second[0].cached_prompt_tokens == 48


def test_log_probabilities_come_with_each_token(make_engine: MakeEngine) -> None:
    outputs = answer(make_engine(), [5, 6], SamplingParams.greedy(max_tokens=3, logprobs=2))
    for output in outputs:
        assert output.logprob == output.top_logprobs[0][1] < 0
        assert output.top_logprobs[0][0] == output.token_id
        assert len(output.top_logprobs) == 2


def test_an_aborted_request_says_nothing_more_and_frees_its_blocks(make_engine: MakeEngine) -> None:
    engine = make_engine(enable_prefix_caching=False, max_num_seqs=2)
    kept = engine.add_request([5, 6], GREEDY)
    given_up = engine.add_request(list(range(5, 60)), SamplingParams(n=4))
    engine.step()
    engine.abort(given_up)
    engine.abort(given_up)
    engine.abort(12345)
    assert {request for request, _ in run(engine)} == {kept}
    assert engine._cache.available == 64
    assert engine._requests == engine._answers == {}


def test_abort_between_any_two_steps_frees_everything(make_engine: MakeEngine) -> None:
    for steps in range(8):
        engine = make_engine(num_blocks=12, max_batched_tokens=16)
        requests = [
            engine.add_request(list(range(5, 5 + length)), SamplingParams(max_tokens=90)) for length in (60, 30, 90)
        ]
        for _ in range(steps):
            engine.step()
        for request in requests:
            engine.abort(request)
        assert not engine.has_work
        assert engine._cache.available == 12
        assert engine.step() == []


def test_logits_of_a_prompt_are_those_the_model_gives(make_engine: MakeEngine, reference_model: object) -> None:
    prompt = list(range(5, 55))
    assert make_engine().logits(prompt) == pytest.approx(reference_model.forward(prompt), abs=1e-4)


def test_logits_wanted_in_the_middle_of_answers_change_nothing(make_engine: MakeEngine) -> None:
    prompt, params = list(range(5, 60)), SamplingParams.greedy(max_tokens=20)
    alone = [o.token_id for o in answer(make_engine(), prompt, params)]
    engine = make_engine(num_blocks=6)
    request = engine.add_request(prompt, params)
    tokens = [o.token_id for _ in range(5) for o in engine.step()]
    expected = make_engine().logits(list(range(5, 85)))
    assert np.array_equal(engine.logits(list(range(5, 85))), expected)
    assert engine.preemptions == 1
    tokens += [o.token_id for o in run(engine)[request, 0]]
    assert tokens == alone


def test_generation_config_fills_in_what_a_request_leaves_out(make_engine: MakeEngine) -> None:
    engine = make_engine(generation_config={"top_k": 1})
    params = SamplingParams(temperature=5.0, top_p=1.0, max_tokens=6)
    greedy = answer(make_engine(), [5, 6], SamplingParams.greedy(max_tokens=6))
    assert [o.token_id for o in answer(engine, [5, 6], params)] == [o.token_id for o in greedy]
