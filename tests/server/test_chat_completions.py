"""/v1/chat/completions: what comes out for what goes in."""

from __future__ import annotations

from pathlib import Path

import pytest
from serving import HELLO, Running, events

from qingmo import LLM, SamplingParams


@pytest.fixture(scope="module")
def expected(toy_folder: Path) -> str:
    """What the library answers to the same question."""
    with LLM(str(toy_folder)) as llm:
        return llm.chat(HELLO, SamplingParams(temperature=0, max_tokens=40, ignore_eos=True))[0].text


def text_of(chunks: list[dict], index: int = 0) -> str:
    choices = [choice for chunk in chunks for choice in chunk["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get("content", "") for choice in choices)


def test_the_answer_is_the_library_s(server: Running, expected: str) -> None:
    answer = server.chat(max_tokens=40, ignore_eos=True, model="anything").json()
    assert answer["object"] == "chat.completion" and answer["id"].startswith("chatcmpl-")
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": expected, "refusal": None}
    assert (choice["index"], choice["finish_reason"], choice["logprobs"]) == (0, "length", None)
    assert answer["usage"]["completion_tokens"] == 40
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + 40


def test_the_joined_pieces_of_a_stream_equal_the_answer(server: Running, expected: str) -> None:
    chunks = events(server.chat(max_tokens=40, ignore_eos=True, stream=True))
    assert text_of(chunks) == expected
    assert len(chunks) > 10, "piece by piece"
    assert chunks[0]["object"] == "chat.completion.chunk"
    assert [chunk["choices"][0]["delta"].get("role") for chunk in chunks] == ["assistant", *[None] * (len(chunks) - 1)]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [*[None] * (len(chunks) - 1), "length"]
    assert all("usage" not in chunk for chunk in chunks)
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1


def test_usage_comes_last_where_it_is_asked_for(server: Running) -> None:
    fields = {"max_tokens": 600, "ignore_eos": True, "stream": True}
    chunks = events(server.chat(**fields, stream_options={"include_usage": True}))
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    last = chunks[-1]
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == 600
    assert last["timings"]["ttft_ms"] > 0 and last["timings"]["tokens_per_second"] > 0


def test_a_streamed_response_may_not_be_cached_or_held_back(server: Running) -> None:
    headers = server.chat(stream=True).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache" and headers["x-accel-buffering"] == "no"


def test_a_prompt_seen_before_comes_from_the_cache_and_the_second_turn_too(server: Running) -> None:
    question = [{"role": "user", "content": "什么是轻墨？" * 20}]
    first = server.chat(messages=question, max_tokens=30).json()
    assert first["usage"]["prompt_tokens_details"] == {"cached_tokens": 0}
    second = server.chat(messages=question, max_tokens=30).json()
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] >= 64
    said = [*question, {"role": "assistant", "content": first["choices"][0]["message"]["content"]}]
    third = server.chat(messages=[*said, {"role": "user", "content": "你是谁？"}]).json()
    beyond = third["usage"]["prompt_tokens_details"]["cached_tokens"] - first["usage"]["prompt_tokens"]
    assert beyond > 0, "the answer's own tokens are found again"


def test_different_salts_share_no_cache(server: Running) -> None:
    question = [{"role": "user", "content": "天气怎么样？" * 20}]
    server.chat(messages=question, cache_salt="one")
    other = server.chat(messages=question, cache_salt="two").json()
    same = server.chat(messages=question, cache_salt="one").json()
    assert other["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    assert same["usage"]["prompt_tokens_details"]["cached_tokens"] > 0


def test_n_answers_are_told_apart_by_their_index(server: Running) -> None:
    fields = {"n": 3, "seed": 7, "temperature": 1.5, "max_tokens": 12, "ignore_eos": True}
    whole = server.chat(**fields).json()
    texts = [choice["message"]["content"] for choice in whole["choices"]]
    assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2]
    assert len(set(texts)) == 3
    chunks = events(server.chat(**fields, stream=True))
    assert [text_of(chunks, index) for index in range(3)] == texts
    assert whole["usage"]["completion_tokens"] == 36


def test_equal_seeds_give_equal_answers(server: Running) -> None:
    def answer(seed: int) -> str:
        return server.chat(seed=seed, temperature=2, max_tokens=20).json()["choices"][0]["message"]["content"]

    assert answer(1) == answer(1) != answer(2)


def test_a_stop_string_ends_the_answer_and_is_not_part_of_it(server: Running, expected: str) -> None:
    stop = expected[10:14]
    choice = server.chat(max_tokens=40, ignore_eos=True, stop=[stop, "never said"]).json()["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["content"] == expected[: expected.index(stop)]
    chunks = events(server.chat(max_tokens=40, ignore_eos=True, stop=stop, stream=True))
    assert text_of(chunks) == expected[: expected.index(stop)]


def test_logprobs_name_each_token_and_the_likeliest(server: Running) -> None:
    choice = server.chat(logprobs=True, top_logprobs=3, ignore_eos=True, repetition_penalty=1).json()["choices"][0]
    tokens = choice["logprobs"]["content"]
    assert len(tokens) == 8
    assert b"".join(bytes(t["bytes"]) for t in tokens).decode("utf-8", "replace") == choice["message"]["content"]
    for token in tokens:
        assert token["logprob"] <= 0 and len(token["top_logprobs"]) == 3
        assert token["top_logprobs"][0]["token"] == token["token"], "greedy"
    chunks = events(server.chat(logprobs=True, top_logprobs=3, ignore_eos=True, repetition_penalty=1, stream=True))
    streamed = [token for chunk in chunks for token in chunk["choices"][0]["logprobs"]["content"]]
    assert streamed == tokens


def test_logprobs_alone_name_no_others(server: Running) -> None:
    tokens = server.chat(logprobs=True).json()["choices"][0]["logprobs"]["content"]
    assert all(token["top_logprobs"] == [] for token in tokens)


def test_logit_bias_makes_a_token_certain(server: Running) -> None:
    token = server.post("/tokenize", {"prompt": "中国"}).json()["tokens"]
    assert len(token) == 1
    answer = server.chat(logit_bias={str(token[0]): 100}, repetition_penalty=1).json()
    assert answer["choices"][0]["message"]["content"] == "中国" * 8


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_new_tokens"])
def test_every_name_of_the_length_limit_holds(server: Running, name: str) -> None:
    body = {"messages": HELLO, "ignore_eos": True, name: 5}
    assert server.post("/v1/chat/completions", body).json()["usage"]["completion_tokens"] == 5


def test_fields_without_effect_are_accepted_and_listed(server: Running) -> None:
    answer = server.chat(user="me", store=True, metadata={"a": 1}, service_tier="auto", verbosity=None)
    assert answer.status_code == 200
    assert answer.headers["x-qingmo-ignored"] == "metadata, service_tier, store, user"
    assert "x-qingmo-ignored" not in server.chat().headers


def test_fields_that_ask_for_nothing_special_pass(server: Running) -> None:
    assert server.chat(response_format={"type": "text"}, tools=[], tool_choice="none").status_code == 200


def test_a_developer_message_is_a_system_message(server: Running) -> None:
    def tokens(role: str) -> list[int]:
        return server.post("/tokenize", {"messages": [{"role": role, "content": "light"}, *HELLO]}).json()["tokens"]

    assert tokens("developer") == tokens("system")


def test_text_that_spells_a_control_token_stays_text(server: Running) -> None:
    ids = server.post("/tokenize", {"prompt": "<|im_end|>"}).json()["tokens"]
    assert len(ids) > 1
    assert server.post("/detokenize", {"tokens": ids}).json() == {"prompt": "<|im_end|>"}


def test_every_piece_is_whole_characters(server: Running) -> None:
    text = "你好世界今天天气"
    ids = server.post("/tokenize", {"prompt": text}).json()["tokens"]
    bias = {str(token): 100 for token in ids}
    chunks = events(server.chat(logit_bias=bias, temperature=2, seed=3, max_tokens=60, ignore_eos=True, stream=True))
    whole = server.chat(logit_bias=bias, temperature=2, seed=3, max_tokens=60, ignore_eos=True).json()
    assert text_of(chunks) == whole["choices"][0]["message"]["content"]
