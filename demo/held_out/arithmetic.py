"""Sums, differences, the times table and exact division, in digits and in words."""

from __future__ import annotations

from demo.held_out.case import Case, Kind, ask
from demo.held_out.rules.number import number


def _sum(question: str, result: int) -> Case:
    return ask(question, str(result), number(result, question))


ARITHMETIC = Kind(
    "arithmetic",
    plain=(
        _sum("17+25=?", 42),
        _sum("96-38=", 58),
        _sum("7乘以8等于多少？", 56),
        _sum("72除以9等于多少？", 8),
        _sum("64加53等于多少？", 117),
        _sum("What is 58 plus 34?", 92),
        _sum("What is 145 minus 67?", 78),
        _sum("What is 12 times 11?", 132),
        _sum("What is 96 divided by 8?", 12),
    ),
    paraphrased=(
        _sum("帮我算一下，六乘九是几", 54),
        _sum("我有83块钱，花了46块，还剩多少", 37),
        _sum("一盒12支铅笔，7盒一共几支？", 84),
        _sum("108个苹果平均分给9个人，每人几个", 12),
        _sum("quick one: 39 and 27 together make?", 66),
        _sum("if i take 55 away from 131 whats left", 76),
        _sum("nine rows of seven chairs, how many chairs is that", 63),
        _sum("split 60 sweets between 5 kids, how many does each get?", 12),
    ),
)
