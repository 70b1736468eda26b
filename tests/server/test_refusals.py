"""Requests that cannot be served: each gets a 4xx in OpenAI's shape that names the field, the value and the remedy."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from serving import HELLO, Running

CHAT = "/v1/chat/completions"
JSON = {"Content-Type": "application/json"}


def error_of(response: httpx.Response, status: int = 400) -> dict[str, Any]:
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return error


@pytest.mark.parametrize(
    ("fields", "param", "told"),
    [
        ({"temprature": 1}, "temprature", "Did you mean temperature?"),
        ({"repeat_penalty": 1.1}, "repeat_penalty", "Did you mean repetition_penalty?"),
        ({"n_predict": 1}, "n_predict", "Did you mean max_tokens?"),
        ({"xyzzy": 1}, "xyzzy", "There is no field 'xyzzy'"),
        ({"stream": True, "stream_options": {"include_usag": True}}, "include_usag", "Did you mean include_usage?"),
        ({"temperature": 101}, "temperature", "temperature is 101; it must be less than or equal to 100"),
        ({"temperature": "hot"}, "temperature", "temperature is 'hot'; it must be a valid number"),
        ({"top_p": 0}, "top_p", "top_p is 0; it must be greater than 0"),
        ({"max_tokens": 0}, "max_tokens", "max_tokens is 0; it must be greater than or equal to 1"),
        ({"max_tokens": 1.5}, "max_tokens", "max_tokens is 1.5; it must be a valid integer"),
        ({"max_tokens": 10**30}, "max_tokens", "it must be less than or equal to 2147483647"),
        ({"n": 65}, "n", "n is 65; it must be less than or equal to 64"),
        ({"seed": -1}, "seed", "seed is -1"),
        ({"stop": [""]}, "stop[0]", "stop[0] is ''; it must have at least 1 character"),
        ({"stop": ["x"] * 17}, "stop", "at most 16 items"),
        ({"stop": [3]}, "stop[0]", "stop[0] is 3; it must be a valid string"),
        ({"stream": "yes"}, "stream", "stream is 'yes'; it must be a valid boolean"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs", "less than or equal to 20"),
        ({"top_logprobs": 2}, "top_logprobs", "top_logprobs needs logprobs"),
        ({"logit_bias": {"a": 1}}, "logit_bias.a", "logit_bias.a"),
        ({"logit_bias": {"1": 101}}, "logit_bias", "less than or equal to 100"),
        ({"logit_bias": {"99999999": 1}}, "logit_bias", "token id 99999999"),
        ({"logit_bias": {str(i): 1 for i in range(1025)}}, "logit_bias", "at most 1024 items"),
        ({"max_tokens": 3, "max_completion_tokens": 4}, "max_completion_tokens", "give one"),
        ({"max_tokens": 3, "min_tokens": 4}, "min_tokens", "lower min_tokens"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "needs stream"),
        ({"messages": []}, "messages", "at least 1 item"),
        ({"messages": "hello"}, "messages", "messages is 'hello'; it must be a valid list"),
        ({"messages": ["hello"]}, "messages[0]", "messages[0] is 'hello'"),
        ({"messages": [{"role": "boss", "content": "x"}]}, "messages[0].role", "one of system, user"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "messages[0].content is None"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0]", "text only"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "messages[0].content", "half a surrogate pair"),
        ({"messages": HELLO * 2049}, "messages", "at most 2048 items"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "'json_object'"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "missing"),
        ({"response_format": {"type": "regex", "pattern": "("}}, "response_format.pattern", "unclosed group"),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "missing"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name", "at least 1"),
        ({"tool_choice": "required"}, "tool_choice", "there are no tools"),
        ({"functions": [{}]}, "functions", "Use tools instead"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value)[:30],
)
def test_a_field_that_is_wrong_is_named_with_the_remedy(
    server: Running, fields: dict[str, Any], param: str, told: str
) -> None:
    body = json.dumps({"messages": HELLO, "max_tokens": 4, **fields})
    error = error_of(server.client.post(CHAT, content=body, headers=JSON))
    assert told in error["message"] and error["param"].startswith(param.partition(".")[0])
    assert error["type"] == "invalid_request_error" and len(error["message"]) < 400


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": []}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": [[]]}, "prompt"),
        ({"prompt": [1, "a"]}, "prompt"),
        ({"prompt": [-1]}, "prompt"),
        ({"prompt": [10**9]}, "prompt"),
        ({"prompt": {"a": 1}}, "prompt"),
        ({"prompt": ["hello"] * 65}, "prompt"),
        ({"prompt": ["hello"] * 64, "n": 64}, "n"),
        ({"prompt": "hello", "suffix": "x"}, "suffix"),
        ({"prompt": "hello", "best_of": 3}, "best_of"),
        ({"prompt": "hello", "echo": True, "logprobs": 1}, "echo"),
        ({"prompt": "hello", "logprobs": 21}, "logprobs"),
        ({}, "prompt"),
    ],
    ids=str,
)
def test_a_completion_that_cannot_be_made_names_its_field(server: Running, fields: dict[str, Any], param: str) -> None:
    error = error_of(server.post("/v1/completions", fields))
    assert error["param"].startswith(param) and param in error["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_too_long_is_refused_with_both_lengths_before_anything_streams(server: Running, stream: bool) -> None:
    long = [{"role": "user", "content": "hello " * 5000}]
    error = error_of(server.chat(messages=long, stream=stream))
    assert error["code"] == "context_length_exceeded" and error["param"] == "messages"
    assert "--max-model-len is 4096" in error["message"] and "prompt has " in error["message"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no body"),
        (b"{", "line 1, column"),
        (b"[1, 2]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"null", ""),
        (b'{"messages": NaN}', "NaN is no JSON number"),
        (b'{"temperature": 1e999}', ""),
        (b'{"max_tokens": ' + b"9" * 5000 + b"}", "number that is too long"),
        (b"[" * 100_000, "more than 64 deep"),
        (b'{"metadata": ' + b"[" * 70 + b"]" * 70 + b"}", "more than 64 deep"),
        (b'{"messages": "\xff\xfe"}', "not UTF-8"),
        (b'{"messages": [{"role": "user", "content": "\\ud800"}]}', "half a surrogate pair"),
        (b'{"\\ud800": 1}', "unicode"),
        (b'{"messages": ' + b"[{}," * 3000, "JSON"),
    ],
    ids=lambda value: str(value[:24]) if isinstance(value, bytes) else None,
)
def test_a_body_that_is_no_good_json_is_refused(server: Running, body: bytes, told: str) -> None:
    error = error_of(server.client.post(CHAT, content=body, headers=JSON))
    assert told in error["message"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_only_json_is_read(server: Running, content_type: str) -> None:
    body = json.dumps({"messages": HELLO})
    error = error_of(server.client.post(CHAT, content=body, headers={"Content-Type": content_type}), 415)
    assert "must be application/json" in error["message"]


def test_a_body_that_is_too_large_is_refused_unread(server: Running) -> None:
    def pieces() -> Any:
        for _ in range(64):
            yield b"x" * 65536

    sized = server.client.post(CHAT, content=b"x" * (3 << 20), headers=JSON)
    assert "larger than 1048576 bytes" in error_of(sized, 413)["message"]
    assert error_of(server.client.post(CHAT, content=pieces(), headers=JSON), 413)["code"] == "body_too_large"


def test_what_is_not_there_is_said_in_the_same_shape(server: Running) -> None:
    assert "no GET /v1/nothing" in error_of(server.client.get("/v1/nothing"), 404)["message"]
    wrong_method = server.client.get(CHAT)
    assert error_of(wrong_method, 405) and wrong_method.headers["allow"] == "POST"
    embeddings = error_of(server.post("/v1/embeddings", {"input": "x"}), 404)
    assert "makes no embeddings" in embeddings["message"]


def test_pages_that_load_scripts_from_elsewhere_are_off(server: Running) -> None:
    assert server.client.get("/docs").status_code == 404
    assert server.client.get("/redoc").status_code == 404


def test_the_log_has_no_word_of_a_request(server: Running) -> None:
    secret = "xylophone"
    server.chat(messages=[{"role": "user", "content": secret}])
    server.chat(messages=[{"role": secret, "content": secret}])
    server.client.post(CHAT, content=json.dumps({secret: 1})[:-1], headers=JSON)
    log = server.log
    assert secret not in log
    assert "refused, 400 invalid_value messages[0].role" in log
    assert "first after" in log
