"""/v1/completions, /tokenize and /detokenize: texts and token ids, one or several."""

from __future__ import annotations

from pathlib import Path

import pytest
from serving import Running, events

from qingmo import LLM, SamplingParams

PROMPTS = ["hello world", "你好，世界", "def print"]


@pytest.fixture(scope="module")
def expected(toy_folder: Path) -> list[str]:
    """What the library makes of the same prompts."""
    with LLM(str(toy_folder)) as llm:
        return [c.text for c in llm.generate(PROMPTS, SamplingParams(temperature=0, max_tokens=12, ignore_eos=True))]


def tokenize(server: Running, text: str) -> list[int]:
    return server.post("/tokenize", {"prompt": text}).json()["tokens"]


def test_a_text_is_continued(server: Running, expected: list[str]) -> None:
    answer = server.complete(PROMPTS[0], max_tokens=12, ignore_eos=True).json()
    assert answer["object"] == "text_completion" and answer["id"].startswith("cmpl-")
    assert answer["choices"] == [{"index": 0, "text": expected[0], "logprobs": None, "finish_reason": "length"}]


def test_token_ids_give_what_their_text_gives(server: Running, expected: list[str]) -> None:
    ids = [tokenize(server, prompt) for prompt in PROMPTS]
    one = server.complete(ids[1], max_tokens=12, ignore_eos=True).json()
    assert one["choices"][0]["text"] == expected[1]
    many = server.complete(ids, max_tokens=12, ignore_eos=True).json()
    assert [choice["text"] for choice in many["choices"]] == expected


@pytest.mark.parametrize("stream", [False, True])
def test_several_prompts_come_back_in_their_order(server: Running, expected: list[str], stream: bool) -> None:
    answer = server.complete(PROMPTS, max_tokens=12, ignore_eos=True, n=2, stream=stream)
    choices = [c for chunk in events(answer) for c in chunk["choices"]] if stream else answer.json()["choices"]
    texts = ["".join(c["text"] for c in choices if c["index"] == index) for index in range(6)]
    assert texts == [text for text in expected for _ in range(2)]
    if not stream:
        assert answer.json()["usage"]["completion_tokens"] == 72


@pytest.mark.parametrize("stream", [False, True])
def test_echo_puts_the_prompt_before_the_answer(server: Running, expected: list[str], stream: bool) -> None:
    prompt = tokenize(server, PROMPTS[1])
    answer = server.complete(prompt, max_tokens=12, ignore_eos=True, echo=True, stream=stream)
    choices = [chunk["choices"][0] for chunk in events(answer)] if stream else answer.json()["choices"]
    assert "".join(choice["text"] for choice in choices) == PROMPTS[1] + expected[1]


def test_logprobs_say_where_in_the_answer_each_token_begins(server: Running) -> None:
    choice = server.complete("hello", logprobs=2, repetition_penalty=1, ignore_eos=True).json()["choices"][0]
    logprobs = choice["logprobs"]
    assert [len(logprobs[name]) for name in ("tokens", "token_logprobs", "top_logprobs", "text_offset")] == [8] * 4
    assert logprobs["text_offset"][0] == 0
    for token, top, logprob in zip(
        logprobs["tokens"], logprobs["top_logprobs"], logprobs["token_logprobs"], strict=True
    ):
        assert top[token] == logprob == max(top.values())


def test_text_becomes_ids_and_ids_become_text(server: Running) -> None:
    text = "你好, world! 🎉\n"
    answer = server.post("/tokenize", {"prompt": text}).json()
    assert answer["count"] == len(answer["tokens"]) and answer["max_model_len"] == 4096
    assert server.post("/detokenize", {"tokens": answer["tokens"]}).json() == {"prompt": text}


def test_a_conversation_is_tokenized_as_the_model_gets_it(server: Running) -> None:
    messages = [{"role": "user", "content": "hello"}]
    ids = server.post("/tokenize", {"messages": messages}).json()["tokens"]
    text = server.post("/detokenize", {"tokens": ids}).json()["prompt"]
    assert "<|im_start|>user\nhello<|im_end|>\n" in text and text.endswith("<|im_start|>assistant\n")
    used = server.chat(messages=messages).json()["usage"]["prompt_tokens"]
    assert used == len(ids)


def test_the_model_is_listed_with_what_the_page_wants_to_know(server: Running) -> None:
    (model,) = server.client.get("/v1/models").json()["data"]
    assert model["id"] == server.chat().json()["model"]
    assert model["qingmo"]["demo"] is False and model["qingmo"]["max_model_len"] == 4096
    assert model["qingmo"]["defaults"]["max_tokens"] == 512
    assert server.client.get(f"/v1/models/{model['id']}").json() == model
    missing = server.client.get("/v1/models/gpt-4")
    assert missing.status_code == 404 and "'gpt-4'" in missing.json()["error"]["message"]
