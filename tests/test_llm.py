"""The in-process door, on the toy checkpoint with the native engine."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from reference.model import ReferenceModel, read_model_config
from toy_checkpoint import read_toy_tensors

from qingmo import LLM, QingmoError, SamplingParams
from qingmo.config import EngineConfig
from qingmo.errors import ConfigError, InvalidRequestError, PromptTooLongError

GREEDY = SamplingParams.greedy(max_tokens=12)
SEEDED = SamplingParams(temperature=1.5, seed=3, max_tokens=12)
HELLO = [{"role": "user", "content": "你好"}]


@pytest.fixture(scope="module")
def llm(toy_folder: Path) -> Iterator[LLM]:
    with LLM(str(toy_folder), threads=2, kv_cache_memory=1 << 20) as made:
        yield made


def test_one_prompt_gives_one_completion_with_all_its_parts(llm: LLM) -> None:
    [completion] = llm.generate("hello world", GREEDY)
    assert completion.prompt == "hello world"
    assert completion.text == completion.outputs[0].text != ""
    assert len(completion.token_ids) == 12
    assert completion.finish_reason == "length"
    assert completion.logprobs is None
    [again] = llm.generate(completion.prompt_token_ids, GREEDY)
    assert again.prompt is None
    assert again.token_ids == completion.token_ids


def test_many_prompts_of_both_kinds_come_back_in_order(llm: LLM) -> None:
    prompts = ["hello", [5, 6, 7], "你好，世界"]
    together = llm.generate(prompts, SEEDED)
    alone = [llm.generate(prompt, SEEDED)[0] for prompt in prompts]
    assert [c.token_ids for c in together] == [c.token_ids for c in alone]
    assert [c.prompt for c in together] == ["hello", None, "你好，世界"]


def test_each_prompt_may_have_its_own_parameters(llm: LLM) -> None:
    completions = llm.generate(["hello", "hello"], [GREEDY, SamplingParams.greedy(max_tokens=3, n=2, logprobs=1)])
    assert [len(c.token_ids) for c in completions] == [12, 3]
    assert [len(c.outputs) for c in completions] == [1, 2]
    assert [len(o.logprobs or []) for o in completions[1].outputs] == [3, 3]
    assert completions[1].logprobs[0].top[0][0] == completions[1].token_ids[0]


def test_parameters_for_another_number_of_prompts_are_refused(llm: LLM) -> None:
    with pytest.raises(InvalidRequestError, match="3 prompts and 2 sampling parameters"):
        llm.generate(["a", "b", "c"], [GREEDY, GREEDY])


@pytest.mark.parametrize("prompts", [[], "", [[1], []]])
def test_an_empty_prompt_is_refused_and_nothing_is_left_behind(llm: LLM, prompts: object) -> None:
    with pytest.raises(InvalidRequestError, match="prompt is empty"):
        llm.generate(prompts, GREEDY)
    assert not llm._engine._engine.has_work


def test_one_prompt_too_long_among_many_loses_nothing(llm: LLM) -> None:
    with pytest.raises(PromptTooLongError):
        llm.generate([[1, 2], [1] * 4000], GREEDY)
    assert not llm._engine._engine.has_work


def test_a_stream_joins_to_the_whole_answer(llm: LLM) -> None:
    for prompt, whole in (("hello", llm.generate("hello", SEEDED)), (HELLO, llm.chat(HELLO, SEEDED))):
        pieces = list(llm.stream(prompt, SEEDED))
        assert len(pieces) > 1
        assert "".join(pieces) == whole[0].text


def test_closing_a_stream_stops_its_answer(llm: LLM) -> None:
    stream = llm.stream(HELLO, SamplingParams.greedy(max_tokens=500, ignore_eos=True))
    next(stream)
    assert llm._engine._engine.has_work
    stream.close()
    assert not llm._engine._engine.has_work


def test_a_stream_goes_on_while_other_requests_are_served(llm: LLM) -> None:
    expected = list(llm.stream(HELLO, SEEDED))
    stream = llm.stream(HELLO, SEEDED)
    first = [next(stream)]
    llm.generate("hello", GREEDY)
    assert [*first, *stream] == expected


def test_a_stream_has_one_answer(llm: LLM) -> None:
    with pytest.raises(InvalidRequestError, match="n is 2"):
        llm.stream(HELLO, SamplingParams(n=2))


def test_bad_messages_are_refused_by_field_before_the_first_piece(llm: LLM) -> None:
    with pytest.raises(InvalidRequestError, match="role") as refused:
        llm.stream([{"role": "nobody", "content": "?"}])
    assert refused.value.field == "messages[0].role"


def test_conversations_are_answered_one_or_many(llm: LLM) -> None:
    other = [{"role": "system", "content": "small"}, {"role": "user", "content": "what"}]
    alone = [llm.chat(conversation, SEEDED)[0].token_ids for conversation in (HELLO, other)]
    assert [c.token_ids for c in llm.chat([HELLO, other], SEEDED)] == alone


def next_turn(llm: LLM, text: str) -> list[int]:
    return llm._prompts.encode_chat([*HELLO, {"role": "assistant", "content": text}, *HELLO])


def contains(ids: list[int], part: list[int]) -> bool:
    return any(ids[i : i + len(part)] == part for i in range(len(ids)))


@pytest.mark.parametrize(("how", "length"), [("chat", 8), ("stream", 8), ("stopped stream", 5)])
def test_an_answer_keeps_its_ids_in_later_turns_and_is_found_in_the_cache(llm: LLM, how: str, length: int) -> None:
    [space] = llm._prompts.encode(" ")
    params = SamplingParams.greedy(logit_bias={space: 100.0}, max_tokens=8)
    llm._prompts._answers.clear()
    # Eight spaces written one by one are not the tokens that encoding them together gives.
    assert not contains(next_turn(llm, " " * length), [space] * length)
    if how == "chat":
        llm.chat(HELLO, params)
    else:
        stream = llm.stream(HELLO, params)
        assert list(itertools.islice(stream, length)) == [" "] * length
        stream.close()
    encoded = next_turn(llm, " " * length)
    assert contains(encoded, [space] * length)
    [again] = llm.generate(encoded, GREEDY)
    first_turn = len(llm._prompts.encode_chat(HELLO)) + length - 1  # the last token was never computed
    assert again.num_cached_tokens >= first_turn // 16 * 16


def test_an_answer_cut_at_a_stop_string_is_encoded_anew(llm: LLM) -> None:
    [space] = llm._prompts.encode(" ")
    params = SamplingParams.greedy(logit_bias={space: 100.0}, max_tokens=8, stop=["   "], min_tokens=6)
    llm._prompts._answers.clear()
    [answer] = llm.chat(HELLO, params)
    assert answer.text == " " * 5
    assert not contains(next_turn(llm, answer.text), [space] * 5)


def test_logits_are_the_models(toy_folder: Path) -> None:
    oracle = ReferenceModel(read_model_config(toy_folder), read_toy_tensors(toy_folder))
    token_ids = list(range(3, 60))
    expected = oracle.forward(token_ids)
    with LLM(str(toy_folder), dtype="float32", threads=2) as llm:
        logits = llm.logits(token_ids)
    assert logits.dtype == np.float32
    assert np.abs(logits - expected).max() / np.abs(expected).max() < 2e-5


def test_threads_share_one_model_and_get_what_they_would_alone(llm: LLM) -> None:
    prompts = ["hello", "你好", "one two three", "天气"]
    expected = [llm.generate(prompt, SEEDED)[0].text for prompt in prompts]
    got: dict[int, str] = {}

    def work(index: int) -> None:
        if index % 2:
            got[index] = "".join(llm.stream(prompts[index], SEEDED))
        else:
            got[index] = llm.generate(prompts[index], SEEDED)[0].text

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(prompts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [got[index] for index in range(len(prompts))] == expected


def test_a_closed_model_says_so_and_a_stream_over_it_ends(toy_folder: Path) -> None:
    llm = LLM.from_config(EngineConfig(model=str(toy_folder), threads=1))
    stream = llm.stream(HELLO, GREEDY)
    next(stream)
    llm.close()
    with pytest.raises(QingmoError, match="closed"):
        next(stream)
    with pytest.raises(QingmoError, match="closed"):
        llm.generate("hello")
    llm.close()


def test_unknown_options_are_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(TypeError, match=r"no option max_model_length\. Did you mean max_model_len"):
        LLM("model", max_model_length=5)
    with pytest.raises(TypeError, match=r"no option zzz\. There are source, quantization"):
        LLM("model", zzz=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_model_len": 5000}, "--max-model-len is 5000, but this model was made for 4096 tokens at most"),
        ({"kv_cache_memory": 100}, "--kv-cache-memory is 100 bytes, but one block of 16 tokens takes \\d+"),
        ({"quantization": "int3"}, "--quantization is 'int3'"),
    ],
)
def test_options_that_cannot_work_with_this_model_are_refused(toy_folder: Path, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LLM(str(toy_folder), **options)
