"""Answers by JSON schema and tools, through HTTP and through OpenAI's client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import openai
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from serving import HELLO, Running, events

from qingmo.model.tokenizer import Tokenizer

CITY = {"type": "string", "enum": ["北京", "Paris", "New York"]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": CITY, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
            "required": ["city", "days"],
        },
    },
}
TIME = {"type": "function", "function": {"name": "get_time"}}
SCHEMA = {"type": "object", "properties": {"答案": CITY}, "required": ["答案"]}
SAMPLED: dict[str, Any] = {"temperature": 1, "seed": 5, "max_tokens": 120}


class Step(BaseModel):
    thought: str = Field(max_length=8)
    kind: Literal["先想", "then write"]


class Plan(BaseModel):
    steps: list[Step] = Field(min_length=1, max_length=2)
    done: bool


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0) as client:
        yield client


def choices(server: Running, **fields: Any) -> list[dict[str, Any]]:
    response = server.chat(**{**SAMPLED, **fields})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["choices"]
    return found


def streamed(server: Running, **fields: Any) -> list[dict[str, Any]]:
    return events(server.chat(**{**SAMPLED, **fields}, stream=True))


def schema_format(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


def test_a_schema_holds_for_every_choice(server: Running) -> None:
    for choice in choices(server, response_format=schema_format(SCHEMA), n=3, logprobs=True):
        assert choice["finish_reason"] == "stop"
        Draft202012Validator(SCHEMA).validate(json.loads(choice["message"]["content"]))
        assert len(choice["logprobs"]["content"]) > 3


def test_a_pattern_holds(server: Running) -> None:
    (choice,) = choices(server, response_format={"type": "regex", "pattern": "(yes|no)[.!]"})
    assert choice["message"]["content"] in ("yes.", "yes!", "no.", "no!")


def test_json_object_gives_an_object_or_says_that_it_was_cut_off(server: Running) -> None:
    for choice in choices(server, response_format={"type": "json_object"}, n=8, max_tokens=60):
        content = choice["message"]["content"]
        assert content.startswith("{")
        if choice["finish_reason"] == "stop":
            assert isinstance(json.loads(content), dict)
        else:
            assert choice["finish_reason"] == "length"


def test_a_stream_has_the_same_bytes(server: Running) -> None:
    (choice,) = choices(server, response_format=schema_format(SCHEMA))
    chunks = streamed(server, response_format=schema_format(SCHEMA))
    joined = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert joined == choice["message"]["content"]


def test_a_refused_schema_is_named_before_anything_is_computed(server: Running) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}
    error = server.chat(response_format=schema_format(schema), stream=True).json()["error"]
    assert error["param"] == "response_format.json_schema.schema.properties.a"
    assert "uniqueItems" in error["message"]
    tool = {
        "type": "function",
        "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": schema}}},
    }
    error = server.chat(tools=[tool]).json()["error"]
    assert error["param"] == "tools[0].function.parameters.properties.a.properties.a"


def test_required_calls_name_tools_and_satisfy_their_parameters(server: Running) -> None:
    for choice in choices(server, tools=[WEATHER, TIME], tool_choice="required", n=6):
        message = choice["message"]
        assert message["content"] is None
        for call in message["tool_calls"]:
            assert call["type"] == "function" and call["id"].startswith("call_")
            check_call(call["function"])
        assert choice["finish_reason"] in ("tool_calls", "length")
    assert len({call["id"] for call in message["tool_calls"]}) == len(message["tool_calls"])


def check_call(function: dict[str, str]) -> None:
    arguments = json.loads(function["arguments"])
    if function["name"] == "get_time":
        assert arguments == {}
    else:
        assert function["name"] == "get_weather"
        Draft202012Validator(WEATHER["function"]["parameters"]).validate(arguments)  # type: ignore[index]


def test_a_named_tool_is_called_once(server: Running) -> None:
    named = {"type": "function", "function": {"name": "get_weather"}}
    for choice in choices(server, tools=[TIME, WEATHER], tool_choice=named, n=4):
        (call,) = choice["message"]["tool_calls"]
        check_call(call["function"])
        assert (call["function"]["name"], choice["finish_reason"]) == ("get_weather", "tool_calls")


def test_calls_that_are_not_parallel_are_one(server: Running) -> None:
    fields = {"tools": [WEATHER, TIME], "tool_choice": "required", "parallel_tool_calls": False}
    for choice in choices(server, n=8, **fields):
        assert len(choice["message"]["tool_calls"]) == 1


def test_a_tool_that_is_not_there_cannot_be_chosen(server: Running) -> None:
    named = {"type": "function", "function": {"name": "get_news"}}
    error = server.chat(tools=[TIME], tool_choice=named).json()["error"]
    assert error["param"] == "tool_choice" and "get_news" in error["message"]
    error = server.chat(tools=[TIME], tool_choice="some").json()["error"]
    assert error["param"] == "tool_choice"


@pytest.fixture(scope="module")
def tempting(toy_folder: Path) -> dict[str, float]:
    """A bias so strong that an answer begins with a call wherever it may."""
    return {str(Tokenizer.from_folder(toy_folder).control_tokens["<tool_call>"]): 100.0}


def test_auto_calls_where_the_model_begins_to(server: Running, tempting: dict[str, float]) -> None:
    (plain,) = choices(server, tools=[TIME, WEATHER], logit_bias=dict.fromkeys(tempting, -100))
    assert plain["message"].get("tool_calls") is None and plain["message"]["content"]
    (choice,) = choices(server, tools=[TIME, WEATHER], logit_bias=tempting, parallel_tool_calls=False)
    (call,) = choice["message"]["tool_calls"]
    check_call(call["function"])
    assert choice["finish_reason"] == "tool_calls"


def test_none_calls_nothing(server: Running, tempting: dict[str, float]) -> None:
    told = server.chat(tools=[TIME], **SAMPLED).json()["usage"]["prompt_tokens"]
    answer = server.chat(tools=[TIME], tool_choice="none", **SAMPLED).json()
    assert "tool_calls" not in answer["choices"][0]["message"]
    assert answer["usage"]["prompt_tokens"] == server.chat(**SAMPLED).json()["usage"]["prompt_tokens"] < told
    (choice,) = choices(server, tools=[TIME], tool_choice="none", logit_bias=tempting)
    assert "<tool_call>" not in choice["message"]["content"]


def test_a_schema_and_tools_give_the_one_or_the_other(server: Running, tempting: dict[str, float]) -> None:
    both = {"tools": [WEATHER], "response_format": schema_format(SCHEMA), "parallel_tool_calls": False}
    for choice in choices(server, n=2, logit_bias=tempting, **both):
        check_call(choice["message"]["tool_calls"][0]["function"])
    for choice in choices(server, n=2, logit_bias=dict.fromkeys(tempting, -100), **both):
        Draft202012Validator(SCHEMA).validate(json.loads(choice["message"]["content"]))
        assert choice["finish_reason"] == "stop"


def test_an_answer_cut_off_inside_a_call_says_so(server: Running) -> None:
    (choice,) = choices(server, tools=[WEATHER], tool_choice="required", max_tokens=25)
    assert choice["finish_reason"] == "length"


def test_openai_s_client_parses_what_pydantic_describes(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(messages=HELLO, model="any", response_format=Plan, **SAMPLED)  # type: ignore[arg-type]
    plan = answer.choices[0].message.parsed
    assert isinstance(plan, Plan) and 1 <= len(plan.steps) <= 2


def test_openai_s_client_streams_what_pydantic_describes(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(messages=HELLO, model="any", response_format=Plan, **SAMPLED) as stream:  # type: ignore[arg-type]
        for _ in stream:
            pass
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Plan)


class GetWeather(BaseModel):
    """The weather of a city."""

    city: Literal["北京", "Paris"]
    days: int = Field(ge=1, le=9)


def test_openai_s_client_streams_calls_and_feeds_results_back(client: openai.OpenAI) -> None:
    tools = [openai.pydantic_function_tool(GetWeather)]
    asked: dict[str, Any] = {"model": "any", "tools": tools, **SAMPLED}
    with client.chat.completions.stream(messages=HELLO, tool_choice="required", **asked) as stream:  # type: ignore[arg-type]
        parts = [part for part in stream if part.type == "tool_calls.function.arguments.delta"]
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls
    for call in message.tool_calls:
        assert isinstance(call.function.parsed_arguments, GetWeather)
    deltas = [part.arguments_delta for part in parts]
    assert "".join(deltas) == "".join(call.function.arguments for call in message.tool_calls)
    assert len(deltas) > 3

    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in message.tool_calls]
    history = [*HELLO, message.model_dump(exclude_none=True, exclude={"parsed"}), *results]
    second = client.chat.completions.create(messages=history, tool_choice="auto", **asked)
    assert second.choices[0].finish_reason in ("stop", "length", "tool_calls")
    assert second.usage is not None and second.usage.prompt_tokens_details is not None
    assert second.usage.prompt_tokens_details.cached_tokens


def test_every_piece_of_a_call_comes_as_openai_sends_it(server: Running) -> None:
    chunks = streamed(server, tools=[TIME, WEATHER], tool_choice="required", parallel_tool_calls=False)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    (begin, *pieces) = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert begin["index"] == 0 and begin["type"] == "function" and begin["id"]
    assert all(set(piece) == {"index", "function"} and set(piece["function"]) == {"arguments"} for piece in pieces)
    assert deltas[0]["role"] == "assistant"
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
