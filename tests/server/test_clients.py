"""The programs people use: OpenAI's client, LangChain's, and curl."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator

import openai
import pytest
from serving import HELLO, Running

GREEDY = {"model": "any", "temperature": 0, "max_tokens": 16}


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def expected(server: Running) -> str:
    text: str = server.chat(max_tokens=16).json()["choices"][0]["message"]["content"]
    return text


def test_openai_s_client_chats(client: openai.OpenAI, expected: str) -> None:
    answer = client.chat.completions.create(messages=HELLO, **GREEDY)
    assert answer.choices[0].message.content == expected
    assert answer.usage is not None and answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens is not None
    assert answer._request_id == answer.id


def test_openai_s_client_streams(client: openai.OpenAI, expected: str) -> None:
    stream = client.chat.completions.create(
        messages=HELLO, stream=True, stream_options={"include_usage": True}, **GREEDY
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == expected
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 16


def test_openai_s_client_puts_a_stream_together_by_itself(client: openai.OpenAI, expected: str) -> None:
    with client.chat.completions.stream(messages=HELLO, stop=expected[6:9], **GREEDY) as stream:
        for _ in stream:
            pass
        said = stream.get_final_completion().choices[0].message.content
        assert said == expected[: expected.index(expected[6:9])]


def test_openai_s_client_sends_what_it_has_no_name_for(client: openai.OpenAI) -> None:
    extra = {"top_k": 1, "min_p": 0.1, "repetition_penalty": 1.2, "ignore_eos": True, "min_tokens": 2}
    answer = client.chat.completions.create(
        messages=HELLO, model="any", max_completion_tokens=5, n=2, logprobs=True, top_logprobs=2, extra_body=extra
    )
    assert answer.usage is not None and answer.usage.completion_tokens == 10
    logprobs = answer.choices[1].logprobs
    assert logprobs is not None and logprobs.content is not None and len(logprobs.content[0].top_logprobs) == 2


def test_openai_s_client_completes_and_lists(client: openai.OpenAI) -> None:
    answer = client.completions.create(prompt=["hello", "你好"], logprobs=1, **GREEDY)
    assert [choice.index for choice in answer.choices] == [0, 1]
    pieces = client.completions.create(prompt="hello", stream=True, **GREEDY)
    assert "".join(piece.choices[0].text for piece in pieces) == answer.choices[0].text
    (model,) = client.models.list()
    assert client.models.retrieve(model.id).id == model.id


def test_openai_s_client_raises_the_errors_it_has(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(messages=HELLO, model="any", temperature=1000)
    assert refused.value.param == "temperature" and refused.value.code == "invalid_value"
    with pytest.raises(openai.NotFoundError, match="makes no embeddings"):
        client.embeddings.create(model="any", input="x")
    with pytest.raises(openai.NotFoundError, match="There is no model"):
        client.models.retrieve("gpt-4")


def test_openai_s_asynchronous_client_has_many_answers_at_once(server: Running, expected: str) -> None:
    async def ask(client: openai.AsyncOpenAI) -> str:
        stream = await client.chat.completions.create(messages=HELLO, stream=True, **GREEDY)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def ask_many() -> list[str]:
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0) as client:
            return await asyncio.gather(*(ask(client) for _ in range(20)))

    assert asyncio.run(ask_many()) == [expected] * 20


def test_langchain_chats_and_streams(server: Running, expected: str) -> None:
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(base_url=server.url + "/v1", api_key="none", model="any", temperature=0, max_tokens=16)
    answer = model.invoke(HELLO[0]["content"])
    assert answer.content == expected
    assert answer.usage_metadata is not None and answer.usage_metadata["output_tokens"] == 16
    assert "".join(str(piece.content) for piece in model.stream(HELLO[0]["content"])) == expected


def test_curl_needs_no_more_than_the_usual_flags(server: Running) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    body = '{"messages": [{"role": "user", "content": "你好"}], "max_tokens": 3, "stream": true}'
    command = [curl, "-sN", "--noproxy", "*", server.url + "/v1/chat/completions", "-d", body]
    without_type = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "-H 'Content-Type: application/json'" in without_type
    command += ["-H", "Content-Type: application/json"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.endswith("data: [DONE]\n\n")
