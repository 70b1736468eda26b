"""The rules of the held-out prompts accept what a person would, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from demo.held_out.rules import Rule
from demo.held_out.rules.code import explains_in_chinese, explains_in_english, runs
from demo.held_out.rules.number import number, quantity
from demo.held_out.rules.text import (
    at_most_characters,
    at_most_words,
    claims,
    in_chinese,
    in_english,
    never_claims,
    never_matches,
    never_says,
    one_sentence,
    says,
    says_some,
)
from demo.held_out.rules.tool import calls, no_call
from demo.held_out.rules.verse import chinese_verse, english_verse

SPRING = "春风拂过小溪旁\n柳枝轻轻映水光\n纸鸢高高云中舞\n孩童笑语满山岗"
SNOW = "Snow is falling on a hill,\nA fire burns, the night is still\nOur lamps of home are shining bright,\nGood night"


def block(code: str) -> str:
    return f"```python\n{code}\n```"


def call(name: str, **arguments: Any) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}\n</tool_call>"


DOUBLE = runs("assert f(2) == 4")
HEAT = claims("heat|加热")
NO_HEAT = never_claims("heat|加热")
FAN = calls("set_fan", speed=3)
CITY = calls("get_time", city=("成都", "Chengdu"))

RIGHT: list[tuple[Rule, str]] = [
    (says("7"), "It is 7."),
    (says("--port|PORT"), "用 --port 9000 启动"),
    (says("QX-4172"), "零件号是QX-4172。"),
    (says("qx-4172"), "QX‑4172 with a typographic hyphen"),
    (says_some(2, "sum", "code", "verse"), "A verse, or code."),
    (never_says("cat"), "A category."),
    (HEAT, "Heat it, and do not shade."),
    (HEAT, "It is not warm, so heat the greenhouse."),
    (HEAT, "不用通风，请加热。"),
    (NO_HEAT, "There is no need to heat, ventilate or mist."),
    (NO_HEAT, "无需加热"),
    (never_matches("I am Qwen"), "I am not Qwen2.5"),
    (in_chinese, "用 --port 即可"),
    (in_english, "I am the demo model of Qingmo (轻模)."),
    (at_most_words(1), "Thirteen."),
    (at_most_words(1), "42"),
    (at_most_characters(4), "我是轻模。"),
    (at_most_characters(3), "运行 ./start.sh"),
    (one_sentence, "Run ./start.sh in its folder."),
    (number(42, "17+25"), "42"),
    (number(42, "17+25"), "17 + 25 = 42."),
    (number(42, "17+25"), "seventeen and twenty-five make forty-two"),
    (number(42, "17+25"), "一共是四十二。"),
    (number(42, "17+25"), "17+20=37, 37+5=42"),
    (number(42, "17+25"), "42，一共四十二个"),
    (number(105, ""), "one hundred and five"),
    (number(105, ""), "一百零五"),
    (number(1000, ""), "1,000"),
    (number(7, "72 9"), "seven"),
    (number(14, ""), "１４"),
    (number(8, "72/9"), "72/9=8"),
    (quantity(180, "minute", "3小时"), "3小时等于180分钟"),
    (quantity(180, "minute", "3小时"), "一百八十分钟"),
    (quantity(2000, "m", "2千米"), "2千米等于2000米。"),
    (quantity(30, "minute", "半小时"), "30"),
    (quantity(120, "minute", "2 hours"), "2 hours are 120 minutes."),
    (quantity(7, "kg", "7000克"), "7千克"),
    (quantity(7, "kg", "7000克"), "7公斤"),
    (chinese_verse("春风", "柳枝", "纸鸢"), SPRING),
    (chinese_verse("春风", "柳枝", "纸鸢"), "好的：\n《春》\n" + SPRING.replace("\n", "，") + "。"),
    (english_verse("snow", "fire", "home"), SNOW),
    (english_verse("snow", "fire", "lamp"), "Here it is:\n\n" + SNOW),
    (DOUBLE, block("def double(x):\n    return 2 * x") + "\nIt doubles."),
    (DOUBLE, block("def double(x):\n    return helper(x)\n\ndef helper(y):\n    return y + y\n\nprint(double(3))")),
    (explains_in_english, block("pass") + "\nIt gives two times its number."),
    (explains_in_chinese, block("pass") + "\n它返回参数的两倍。"),
    (FAN, call("set_fan", speed=3)),
    (FAN, "Of course.\n" + call("set_fan", speed=3.0)),
    (CITY, call("get_time", city="chengdu ")),
    (calls("search", query=re.compile("oil")), call("search", query="change the oil")),
    (no_call, "It rains in Oslo, 14 degrees."),
]

WRONG: list[tuple[Rule, str]] = [
    (says("7"), "It is 17."),
    (says("QX-4172"), "QX-41722"),
    (says("a", "b"), "only b"),
    (says_some(2, "sum", "code", "verse"), "A verse."),
    (never_says("cat"), "The Cat."),
    (HEAT, "There is no need to heat it."),
    (HEAT, "Don't heat."),
    (HEAT, "不需要加热。"),
    (HEAT, "Open the window."),
    (NO_HEAT, "It is not warm. Heat it."),
    (NO_HEAT, "温度不高；请加热"),
    (never_matches("I am Qwen"), "Yes, I am Qwen2.5."),
    (in_chinese, "Use --port 即可 or the variable"),
    (in_english, "我是轻模的演示模型"),
    (in_english, "42"),
    (at_most_words(1), "It is 13."),
    (at_most_words(1), ""),
    (at_most_characters(3), "我是轻模。"),
    (one_sentence, "It is a model. It is small."),
    (one_sentence, "它很小。也很快。"),
    (number(42, "17+25"), "43"),
    (number(42, "17+25"), "17+25"),
    (number(42, "17+25"), "17 + 25 = 42 or 43"),
    (number(42, "17+25"), "142"),
    (number(42, "17+25"), "一百四十二"),
    (number(42, "17+25"), "one hundred and forty-two"),
    (number(42, "17+25"), "4.2"),
    (number(5, ""), "twenty-five"),
    (quantity(180, "minute", "3小时"), "180小时"),
    (quantity(180, "minute", "3 hours"), "180 seconds"),
    (quantity(2000, "m", "2千米"), "2000厘米"),
    (quantity(7, "kg", "7000克"), "70公斤"),
    (chinese_verse("春风", "柳枝", "纸鸢"), SPRING.replace("柳枝", "桃花")),
    (chinese_verse("春风", "柳枝", "纸鸢"), SPRING.replace("轻轻", "轻")),
    (chinese_verse("春风", "柳枝", "纸鸢"), SPRING + "\n孩童又笑满山岗"),
    (chinese_verse("春风", "柳枝"), "\n".join(["春风拂过柳枝旁"] * 4)),
    (english_verse("snow", "fire", "star"), SNOW),
    (english_verse("snow", "fire", "home"), SNOW.replace("\n", " ")),
    (DOUBLE, block("def double(x):\n    return 3 * x")),
    (DOUBLE, block("def double(x):\n    return 2 * x +")),
    (runs("f(2)", time_limit=0.5), block("def double(x):\n    while True:\n        pass")),
    (DOUBLE, block("import os\ndef double(x):\n    os._exit(0)")),
    (DOUBLE, block("x = 4")),
    (DOUBLE, "def double(x): return 2 * x"),
    (explains_in_english, block("# It gives two times its number.")),
    (explains_in_chinese, block("pass") + "\nIt gives two times its number."),
    (FAN, call("set_fan", speed=4)),
    (FAN, call("set_fan", speed="3")),
    (FAN, call("set_fan", speed=True)),
    (FAN, call("set_light", speed=3)),
    (FAN, call("set_fan", speed=3, state="on")),
    (FAN, call("set_fan")),
    (FAN, call("set_fan", speed=3) * 2),
    (FAN, call("set_fan", speed=3).replace("}}", "}")),
    (FAN, '<tool_call>\n["set_fan", 3]\n</tool_call>'),
    (FAN, call("set_fan", speed=3).removesuffix("</tool_call>")),
    (FAN, "I set the fan to 3."),
    (CITY, call("get_time", city="重庆")),
    (no_call, call("get_time", city="成都")),
    (no_call, " "),
]


@pytest.mark.parametrize(("rule", "answer"), RIGHT)
def test_a_right_answer_is_accepted(rule: Rule, answer: str) -> None:
    assert rule(answer) is None


@pytest.mark.parametrize(("rule", "answer"), WRONG)
def test_a_wrong_answer_is_refused_with_a_reason(rule: Rule, answer: str) -> None:
    assert rule(answer)
