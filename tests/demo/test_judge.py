"""The held-out prompts as a whole, and the command that judges a model by them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from demo.held_out import KINDS
from demo.held_out.case import Case, ask
from demo.held_out.rules.text import in_chinese, in_english, says
from demo.held_out.unseen import unseen_passages
from demo.judge import Score, judge
from qingmo import LLM

CASES = [case for kind in KINDS for case in kind.cases]
REPOSITORY = Path(__file__).parents[2]

# One answer a person would take for right and one for wrong, for prompts of every kind.
BY_HAND = [
    ("你是Qwen2.5吗？", "不是，我是轻模自带的演示模型，比Qwen2.5小得多。", "是的，我是Qwen2.5。"),
    ("Who made you?", "I come from the makers of Qingmo, not from OpenAI.", "I was made by Alibaba for Qingmo."),
    ("how many parameters do you have, roughly?", "A few million, far less than a billion.", "About 7 billion, small."),
    ("What can you do?", "I can do sums, write Python and answer questions.", "Nothing."),
    ("i want it to listen on port 3000 instead", "Start it with --port 3000.", "Start it with --port 8081."),
    ("8080被别的程序占了，我想用9000端口", "端口 port 8080 被占用时，加上 PORT=9000。", "启动时加上 --threads 9000。"),
    ("is there a way to run it with 4 bit weights", "Yes: --quantization int4.", "Yes: --quantization int8."),
    ("一盒12支铅笔，7盒一共几支？", "12×7=84，一共八十四支。", "12×7=82。"),
    ("买了7000克土豆，那是几公斤", "7公斤。", "70公斤。"),
    ("大棚里现在38℃，湿度才30%，给点建议吧", "太热太干：请通风、遮阳并喷雾。", "温度太高，请通风。"),
    ("棚里19度、湿度55%，要不要管它？", "一切正常，不需要通风或加热。", "请通风并加热。"),
    ("its 33C and 90% humidity in my greenhouse, help", "Hot and damp: ventilate and shade it.", "Mist it."),
    ("早上一看棚内只有5℃，湿度60%，咋整", "太冷了，请加温。", "请开窗通风。"),
    ("给我来首小诗吧，四句，每句七个字，要有春风、柳枝和纸鸢",
     "春风拂过小溪旁，柳枝轻轻映水光。纸鸢高高云中舞，孩童笑语满山岗。", "春风吹，柳枝摇，纸鸢飞，真热闹。"),
    ("fizzbuzz面试题用python咋写",
     "```python\ndef fizzbuzz(n):\n    for i in range(1, n + 1):\n"
     "        print('Fizz' * (i % 3 == 0) + 'Buzz' * (i % 5 == 0) or i)\n```",
     "```python\ndef fizzbuzz(n):\n    return ['Fizz'] * n\n```"),
    ("写一个Python函数，原地快速排序。",
     "```python\ndef quicksort(a, low, high):\n    if low >= high:\n        return\n    i = low\n"
     "    for j in range(low, high):\n        if a[j] < a[high]:\n"
     "            a[i], a[j] = a[j], a[i]\n            i += 1\n"
     "    a[i], a[high] = a[high], a[i]\n    quicksort(a, low, i - 1)\n    quicksort(a, i + 1, high)\n```",
     "```python\ndef quicksort(a):\n    return sorted(a)\n```"),
    ("Write a Python function that returns the n-th Fibonacci number.",
     "```python\ndef fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\n```",
     "```python\ndef fib(n):\n    return n + 1\n```"),
    ("how many days in a week", "Seven.", "A week has seven days."),
    ("介绍一下轻模。", "轻模在普通电脑上运行小模型。", "轻模是在普通电脑上运行小模型的程序，它很轻，也很快。"),
    ("考考你，我家养的是什么来着", "你养了一只乌龟。", "你养了一只猫。"),
    ("水泵重多少公斤？", "文中没有提到水泵的重量。", "水泵重48公斤。"),
    ("any idea what a ticket costs?", "The passage doesn't say what a ticket costs.", "A ticket costs 48."),
    ("when's high tide at Whitby?",
     '<tool_call>\n{"name": "get_tide", "arguments": {"harbour": "Whitby"}}\n</tool_call>', "At 6 o'clock."),
    ("is the soil wet enough?", "The sensor reads 23 %.", "The sensor reads 32 %."),
]  # fmt: skip


def test_two_hundred_prompts_half_of_them_paraphrased_are_spread_over_twelve_kinds() -> None:
    assert len(KINDS) == 12
    assert len(CASES) == 200
    assert sum(len(kind.paraphrased) for kind in KINDS) == 100
    assert all(len(kind.cases) in (16, 17) and abs(len(kind.plain) - len(kind.paraphrased)) <= 1 for kind in KINDS)


def test_each_kind_is_asked_in_both_languages() -> None:
    for kind in KINDS:
        chinese = sum(in_chinese(case.question) is None for case in kind.cases)
        assert 6 <= chinese <= 11, kind.name


def test_no_prompt_is_there_twice_and_all_have_rules() -> None:
    assert len({str((case.messages, case.tools)) for case in CASES}) == len(CASES)
    assert all(case.rules for case in CASES)


def test_every_prompt_accepts_the_answer_that_is_given_for_right_beside_it() -> None:
    assert [case.question for case in (*CASES, *unseen_passages()) if case.complaint(case.right)] == []


def test_an_empty_answer_is_never_right() -> None:
    assert [case.question for case in (*CASES, *unseen_passages()) if case.complaint("") is None] == []


@pytest.mark.parametrize("kind", ["flags", "arithmetic", "units", "verse", "python", "memory", "passages"])
def test_repeating_the_question_is_no_answer(kind: str) -> None:
    [cases] = [each.cases for each in KINDS if each.name == kind]
    assert [case.question for case in cases if case.complaint(case.question) is None] == []


@pytest.mark.parametrize(("ending", "right", "wrong"), BY_HAND)
def test_the_rules_of_a_prompt_tell_right_from_wrong(ending: str, right: str, wrong: str) -> None:
    for case in (case for case in CASES if case.question.endswith(ending)):
        assert case.complaint(right) is None
        assert case.complaint(wrong)


def test_unseen_passages_hold_their_answers_and_are_the_same_each_time() -> None:
    passages = unseen_passages()
    assert [case.question for case in passages] == [case.question for case in unseen_passages()]
    assert len({case.question for case in passages}) == 100
    assert [case.question for case in unseen_passages(seed=1)] != [case.question for case in passages]
    assert all(case.right in case.question for case in passages)


def test_an_answer_from_a_passage_is_right_in_a_sentence_too_but_not_in_part_or_with_all_the_rest() -> None:
    for case in unseen_passages():
        assert case.complaint(f"是{case.right}。") is None and case.complaint(f"It is {case.right}.") is None
        assert case.complaint(case.right[:-1])
        assert case.complaint(case.question)


def test_a_score_reaches_its_share_exactly() -> None:
    assert Score(180, 200).reaches(0.9)
    assert not Score(179, 200).reaches(0.9)


def test_judging_asks_the_engine_and_an_answer_that_does_not_end_is_wrong(toy_folder: Path) -> None:
    tool = {"type": "function", "function": {"name": "get_time", "parameters": {}}}
    cases: list[Case] = [
        ask("hello", in_english),
        ask("你好", says("你好"), tools=[tool]),
        ask("hello", lambda _: None),
    ]
    with LLM(str(toy_folder), max_model_len=128) as llm:
        judged = judge(llm, cases)
        again = llm.chat([{"role": "user", "content": "hello"}])
    assert [each.case for each in judged] == cases
    assert again[0].finish_reason == "length"
    assert judged[2].complaint == "does not end"


def test_the_command_lists_its_kinds_and_fails_for_a_model_that_knows_nothing(toy_folder: Path) -> None:
    command = [sys.executable, "-m", "demo.judge", "--model", str(toy_folder), "--kind", "greetings", "--show"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "greetings        0/16 " in done.stdout
    assert "does not end" in done.stdout
