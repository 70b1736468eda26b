"""Schemas, patterns and tools in the in-process door."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from qingmo import LLM, SamplingParams
from qingmo.errors import InvalidRequestError

HELLO = [{"role": "user", "content": "你好"}]
SEEDED = SamplingParams(temperature=1.0, seed=3, max_tokens=120)


class 颜色(str, Enum):
    red = "red"
    blue = "blue and nothing else"


class Thing(BaseModel):
    名字: str = Field(max_length=5)
    colour: 颜色
    parts: list[Thing] = Field(max_length=1)
    price: float | None = Field(ge=0, le=10)


class Pick(BaseModel):
    colour: 颜色


TOOLS = [{"type": "function", "function": {"name": "pick", "parameters": Pick.model_json_schema()}}]


@pytest.fixture(scope="module")
def llm(toy_folder: Path) -> Iterator[LLM]:
    with LLM(str(toy_folder), threads=2, kv_cache_memory=1 << 20) as made:
        yield made


def test_answers_satisfy_a_pydantic_model(llm: LLM) -> None:
    [completion] = llm.chat(HELLO, SamplingParams(temperature=1.0, seed=4, max_tokens=200, n=12), schema=Thing)
    ended = [output for output in completion.outputs if output.finish_reason == "stop"]
    assert ended
    for output in ended:
        Thing.model_validate_json(output.text)


def test_answers_satisfy_a_schema_written_out(llm: LLM) -> None:
    schema = {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3}
    for completion in llm.generate(["hello", "world"], SEEDED, schema=schema):
        assert len(json.loads(completion.text)) in (2, 3)


def test_answers_match_a_pattern(llm: LLM) -> None:
    pieces = list(llm.stream(HELLO, SEEDED, pattern="[0-9]{3}-(是|不是)"))
    assert re.fullmatch("[0-9]{3}-(是|不是)", "".join(pieces))
    assert llm.chat(HELLO, SEEDED, pattern="[0-9]{3}-(是|不是)")[0].text == "".join(pieces)


def test_a_schema_and_a_pattern_are_too_much(llm: LLM) -> None:
    with pytest.raises(InvalidRequestError, match="give one"):
        llm.chat(HELLO, schema=Thing, pattern="x")


def test_a_schema_that_cannot_be_promised_is_refused(llm: LLM) -> None:
    with pytest.raises(InvalidRequestError, match=r"schema\.items cannot be promised: nothing here enforces not"):
        llm.chat(HELLO, schema={"type": "array", "items": {"not": {}}})


def test_tools_are_called_where_they_must_be(llm: LLM) -> None:
    named = {"type": "function", "function": {"name": "pick"}}
    [completion] = llm.chat(HELLO, SEEDED, tools=TOOLS, tool_choice=named)
    assert (completion.text, completion.finish_reason) == ("", "tool_calls")
    [call] = completion.tool_calls
    assert call.name == "pick"
    Pick.model_validate_json(call.arguments)

    [completion] = llm.chat(HELLO, SEEDED, tools=TOOLS, tool_choice="required")
    assert completion.text == "" and completion.tool_calls[0].name == "pick"


def test_tools_may_be_left_alone(llm: LLM) -> None:
    for choice in ("auto", "none"):
        [completion] = llm.chat(HELLO, SamplingParams.greedy(max_tokens=5), tools=TOOLS, tool_choice=choice)
        assert completion.tool_calls == [] and completion.text and completion.finish_reason == "length"
