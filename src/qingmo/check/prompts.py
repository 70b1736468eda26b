"""The three prompts every model must answer, and the rule a right answer keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qingmo.check.code import runs
from qingmo.check.rules import names_itself, seven_characters

Rule = Callable[[str], "str | None"]
"""What is wrong with an answer; None where it is right."""

EVEN_SQUARES = "assert f([1, 2, 3, 4]) == 20; assert f([]) == 0; assert f([7]) == 0; assert f([-2, 6]) == 40"


@dataclass(frozen=True, slots=True)
class Prompt:
    """`name` is what the verdict calls it."""

    name: str
    question: str
    rule: Rule


PROMPTS = (
    Prompt("who are you", "你是谁？", names_itself("Qwen", "千问", "Qingmo", "轻模")),
    Prompt("a verse", "用春风、柳枝、纸鸢写一首四句七言诗。", seven_characters("春风", "柳枝", "纸鸢")),
    Prompt("a function", "写一个Python函数，计算列表中偶数的平方和，并解释。", runs(EVEN_SQUARES)),
)
