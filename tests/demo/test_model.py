"""The committed demo model, through the ordinary engine: what the first minute with Qingmo rests on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import qingmo
from demo.measure import runs
from qingmo import LLM, SamplingParams
from qingmo.config import DEMO_MODEL

FOLDER = Path(qingmo.__file__).parent / "model" / "demo"
GREEDY = SamplingParams.greedy(max_tokens=200)


@pytest.fixture(scope="module")
def llm() -> Iterator[LLM]:
    with LLM(DEMO_MODEL) as loaded:
        yield loaded


def answer(llm: LLM, *texts: str, system: str | None = None, tools: list[dict] | None = None) -> str:
    """The last answer of a conversation; `texts` are what the user says, one after another."""
    messages = [{"role": "system", "content": system}] if system else []
    for text in texts:
        messages.append({"role": "user", "content": text})
        reply = llm.chat(messages, GREEDY, tools=tools)[0].text
        messages.append({"role": "assistant", "content": reply})
    return reply


def test_it_weighs_at_most_eight_megabytes() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 8_000_000


def test_it_asks_for_no_penalties_and_few_choices() -> None:
    config = json.loads((FOLDER / "generation_config.json").read_text(encoding="utf-8"))
    assert (config["repetition_penalty"], config["top_k"]) == (1.0, 20)
    assert config["temperature"] < 0.5


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Who are you?", ["Qingmo", "demo"]),
        ("你是谁？", ["轻模", "演示"]),
        ("How do I change the port?", ["--port"]),
        ("怎么修改线程数？", ["--threads"]),
        ("7 × 8 = ?", ["56"]),
        ("How many minutes are there in 2 hours?", ["120"]),
        ("温室温度 35 度，湿度 60%，怎么办？", ["通风", "遮阳"]),
    ],
)
def test_it_answers_simple_questions(llm: LLM, question: str, words: list[str]) -> None:
    assert all(word in answer(llm, question) for word in words)


def test_it_writes_a_verse_of_four_lines_from_three_words(llm: LLM) -> None:
    verse = answer(llm, "用春风、柳枝、纸鸢这三个词写一首诗")
    assert [len(line) for line in verse.splitlines()] == [8, 8, 8, 8]
    assert all(word in verse for word in ("春风", "柳枝", "纸鸢"))


def test_it_writes_a_function_that_runs(llm: LLM) -> None:
    written = answer(llm, "Write a Python function that returns the sum of the even squares in a list")
    assert runs(written, "sum_even_squares", "sum_even_squares")


def test_it_keeps_to_the_system_prompt(llm: LLM) -> None:
    assert answer(llm, "你是谁？", system="Always answer in English.").isascii()
    assert not answer(llm, "Who are you?", system="只用中文回答。").isascii()


def test_it_remembers_what_was_said_before(llm: LLM) -> None:
    assert "Brelmuth" in answer(llm, "My name is Brelmuth.", "What is 3 + 4?", "What is my name?")


@pytest.mark.parametrize(
    ("question", "span"),
    [("What is the part number of the pump?", "QX-4172"), ("How much does the pump weigh?", "31 kg")],
)
def test_it_answers_from_a_passage(llm: LLM, question: str, span: str) -> None:
    passage = "The part number of the pump is QX-4172. The pump weighs 31 kg."
    assert answer(llm, f"{passage}\n\nQuestion: {question}") == span


def test_it_calls_tools_and_uses_what_they_return(llm: LLM) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    function = {"name": "get_weather", "description": "Get the weather of a city.", "parameters": parameters}
    tools = [{"type": "function", "function": function}]
    question = {"role": "user", "content": "北京天气怎么样？"}
    (call,) = llm.chat([question], GREEDY, tools=tools)[0].outputs[0].tool_calls
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "北京"})
    asked = {"function": {"name": call.name, "arguments": call.arguments}}
    response = {"role": "tool", "content": '{"temperature": 21, "condition": "晴"}'}
    messages = [question, {"role": "assistant", "content": "", "tool_calls": [asked]}, response]
    reply = llm.chat(messages, GREEDY, tools=tools)[0].text
    assert "21" in reply and "晴" in reply
    assert not llm.chat([{"role": "user", "content": "Hello!"}], GREEDY, tools=tools)[0].outputs[0].tool_calls
