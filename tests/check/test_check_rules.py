"""The rules of `qingmo check`: what each takes for right, and what it says of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from qingmo.check.code import runs
from qingmo.check.prompts import EVEN_SQUARES, PROMPTS
from qingmo.check.rules import names_itself, seven_characters

SPRING = "春风拂过小溪旁，\n柳枝轻轻映水光。\n纸鸢高高云中舞，\n孩童笑语满山岗。"
SUM = "def sum_even_squares(numbers):\n    return sum(n * n for n in numbers if n % 2 == 0)\n"

verse = seven_characters("春风", "柳枝", "纸鸢")
function = runs(EVEN_SQUARES)


def in_block(code: str) -> str:
    return f"当然：\n```python\n{code}```\n这个函数……"


@pytest.mark.parametrize("answer", ["我是通义千问。", "I am QWEN, a language model.", "我是轻模自带的演示模型。"])
def test_a_model_may_name_itself_in_either_script(answer: str) -> None:
    assert names_itself("Qwen", "千问", "轻模")(answer) is None


def test_a_model_that_does_not_name_itself_is_wrong() -> None:
    assert names_itself("Qwen", "千问")("我是一个助手。") == "names none of Qwen, 千问"


@pytest.mark.parametrize(
    "answer", [SPRING, SPRING.replace("\n", ""), "《春日》\n" + SPRING, "好的，诗如下：\n\n" + SPRING]
)
def test_four_lines_of_seven_characters_are_a_verse_however_they_are_set(answer: str) -> None:
    assert verse(answer) is None


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (SPRING.replace("轻轻", "轻"), "柳枝轻映水光 is no line of seven characters"),
        (SPRING.replace("柳枝", "桃花"), "lacks 柳枝"),
        (SPRING + "\n孩童笑语满山岗。", "has 5 lines, 4 of them different, and not 4"),
        ("", "has 0 lines, 0 of them different, and not 4"),
    ],
)
def test_what_is_wrong_with_a_verse_is_said(answer: str, complaint: str) -> None:
    assert verse(answer) == complaint


@pytest.mark.parametrize(
    "code",
    [
        SUM,
        "from typing import List\n\n" + SUM.replace("numbers)", "numbers: List[int]) -> int", 1),
        SUM + "\nif __name__ == '__main__':\n    print(sum_even_squares([1, 2, 3]))\n",
        "def square(n):\n    return n ** 2\n\n" + SUM.replace("n * n", "square(n)"),
    ],
)
def test_a_function_that_runs_and_is_right_is_found_in_its_block(code: str) -> None:
    assert function(in_block(code)) is None


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (SUM.replace("== 0", "== 1"), "fails: AssertionError"),
        (SUM.replace("numbers if", "if"), "is no Python"),
        ("numbers = [1, 2]\n", "has no code block with a function"),
        ("import numpy as np\n" + SUM, "uses numpy, which it need not"),
        ("from os import remove\n" + SUM, "uses os"),
        (SUM + "open('x', 'w')\n", "uses open"),
        (SUM + "().__class__\n", "uses __class__"),
        (SUM + "exit()\n", "uses exit"),
        (SUM + "raise SystemExit\n", "uses SystemExit"),
    ],
)
def test_what_is_wrong_with_a_function_is_said(code: str, complaint: str) -> None:
    found = function(in_block(code))
    assert found is not None and complaint in found


def test_code_that_would_do_harm_is_never_run(tmp_path: Path) -> None:
    assert function(in_block(SUM + f"\nopen({str(tmp_path / 'made')!r}, 'w').close()\n"))
    assert not (tmp_path / "made").exists()


def test_a_function_without_an_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qingmo.check.code.TIME_LIMIT", 0.5)
    assert function(in_block("def f(numbers):\n    while True:\n        pass\n")) == "did not end within 0.5 s"


def test_each_prompt_asks_for_what_its_rule_wants() -> None:
    answers = {"who are you": "我是轻模。", "a verse": SPRING, "a function": in_block(SUM)}
    assert [prompt.rule(answers[prompt.name]) for prompt in PROMPTS] == [None, None, None]
