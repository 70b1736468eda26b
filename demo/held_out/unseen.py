"""Passages with names, numbers and part numbers drawn by chance, so that no training text can hold the answers."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from demo.held_out.case import Case, ask
from demo.held_out.rules import Rule
from demo.held_out.rules.text import contains

Maker = Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Template:
    """A passage with {slots}. questions: slot -> what asks for it. A slot's kind is its name without digits."""

    text: str
    questions: Mapping[str, tuple[str, ...]]
    chinese: bool


def unseen_passages(count: int = 100, seed: int = 20261123) -> tuple[Case, ...]:
    """The same for the same seed; the templates and their questions by turns, Chinese and English."""
    rng = random.Random(seed)
    asked = [(template, slot, question) for template in TEMPLATES for slot, each in template.questions.items()
             for question in each]  # fmt: skip
    rng.shuffle(asked)
    return tuple(_case(*asked[i % len(asked)], rng) for i in range(count))


def gives_exactly(value: str, same_kind: frozenset[str], others: frozenset[str]) -> Rule:
    """It gives the value as it stands in the passage, alone or in a sentence, and no other value of its kind.

    Nor does it give all the others: that would be the passage over again.
    """

    def rule(answer: str) -> str | None:
        if not contains(answer, value):
            return f"does not say {value}"
        wrong = [other for other in sorted(same_kind) if contains(answer, other)]
        if wrong:
            return f"says {wrong[0]} too"
        return "repeats the passage" if all(contains(answer, other) for other in others) else None

    return rule


def _case(template: Template, slot: str, question: str, rng: random.Random) -> Case:
    values = _draw(template, rng)
    passage, question = template.text.format(**values), question.format(**values)
    others = {name: value for name, value in values.items() if name != slot and value not in question}
    same_kind = frozenset(value for name, value in others.items() if _kind(name) == _kind(slot))
    between = "\n\n问题：" if template.chinese else "\n\nQuestion: "
    return ask(
        f"{passage}{between}{question}",
        values[slot],
        gives_exactly(values[slot], same_kind, frozenset(others.values())),
    )


def _draw(template: Template, rng: random.Random) -> dict[str, str]:
    """A value for each slot; no value stands inside another."""
    makers = _CHINESE if template.chinese else _ENGLISH
    slots = [name for _, name, _, _ in string.Formatter().parse(template.text) if name]
    values: dict[str, str] = {}
    for slot in dict.fromkeys(slots):
        value = makers[_kind(slot)](rng)
        while any(value in known or known in value for known in values.values()):
            value = makers[_kind(slot)](rng)
        values[slot] = value
    return values


def _kind(slot: str) -> str:
    return slot.rstrip(string.digits)


def _part(rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_uppercase, k=2)) + f"-{rng.randrange(1000, 10000)}"


def _number(rng: random.Random) -> str:
    return str(rng.randrange(13, 1000))


def _chinese_person(rng: random.Random) -> str:
    surname = rng.choice("赵钱孙李周吴郑冯陈褚卫蒋沈韩杨朱秦许吕施张孔曹严华金魏陶姜谢邹苏潘葛范彭")
    return surname + "".join(rng.sample("安邦晨岱恩帆航静凯岚敏宁鹏琪荣思婷薇欣毅哲芝嘉楠媛涛", rng.choice((1, 2, 2))))


def _english_person(rng: random.Random) -> str:
    return f"{_english_name(rng)} {_english_name(rng)}"


def _english_name(rng: random.Random) -> str:
    starts, middles, ends = (
        "Al Be Dor Fen Gar Hal Jo Ka Lin Mar Nor Ros Sel Tam Ver Wil",
        "a e i o u",
        "by dan la len mond na nick ra sen ton vik wen",
    )
    return rng.choice(starts.split()) + rng.choice(middles.split()) + rng.choice(ends.split())


def _chinese_place(rng: random.Random) -> str:
    return "".join(rng.sample("青云龙凤石柳白沙桥溪河松梅湖星", 2)) + rng.choice("镇县村港")


_CHINESE: dict[str, Maker] = {
    "person": _chinese_person,
    "part": _part,
    "number": _number,
    "place": _chinese_place,
    "date": lambda rng: f"{rng.randrange(1, 13)}月{rng.randrange(1, 29)}日",
}
_MONTHS = ("February", "March", "April", "June", "July", "August", "October", "November")
_ENGLISH: dict[str, Maker] = {
    "person": _english_person,
    "part": _part,
    "number": _number,
    "place": lambda rng: _english_name(rng) + rng.choice(("ford", "ham", "port", "stead")),
    "date": lambda rng: f"{rng.randrange(1, 29)} {rng.choice(_MONTHS)}",
}

TEMPLATES = (
    Template(
        "检修记录：{date}，{person}更换了二号压缩机的滤芯，零件号{part}，排气压力调到{number}千帕。",
        {
            "person": ("谁更换了滤芯？", "滤芯是谁换的？"),
            "part": ("滤芯的零件号是什么？", "换上的滤芯是哪个零件号？"),
            "number": ("排气压力是多少千帕？", "排气压力调到了多少？"),
        },
        True,
    ),
    Template(
        "{person}在{place}开了一家面包店，每天做{number}个面包。隔壁的书店属于{person2}，有{number2}种杂志。",
        {
            "person": ("面包店是谁开的？",),
            "place": ("面包店在哪里？", "面包店开在什么地方？"),
            "number": ("面包店每天做多少个面包？",),
            "person2": ("书店属于谁？", "书店的主人叫什么？"),
            "number2": ("书店有多少种杂志？",),
        },
        True,
    ),
    Template(
        "阀门{part}的拧紧力矩是{number}牛·米，阀门{part2}的拧紧力矩是{number2}牛·米，由{person}检查。",
        {
            "number": ("阀门{part}的拧紧力矩是多少？",),
            "number2": ("阀门{part2}的拧紧力矩是多少？", "{part2}要拧到多少牛·米？"),
            "person": ("阀门由谁检查？",),
        },
        True,
    ),
    Template(
        "比赛将于{date}在{place}举行，一共{number}人报名，裁判长是{person}。",
        {
            "date": ("比赛哪一天举行？", "比赛是什么日期？"),
            "place": ("比赛在哪里举行？",),
            "number": ("有多少人报名？", "报名的一共几个人？"),
            "person": ("裁判长是谁？",),
        },
        True,
    ),
    Template(
        "On {date}, {person} replaced the belt of conveyor two. The new belt has the part number {part} "
        "and is tensioned to {number} newtons.",
        {
            "person": ("Who replaced the belt?", "Which person replaced the belt?"),
            "part": ("What is the part number of the new belt?", "Which part number has the belt?"),
            "number": ("To how many newtons is the belt tensioned?",),
            "date": ("When was the belt replaced?",),
        },
        False,
    ),
    Template(
        "The museum in {place} was founded by {person}. It shows {number} clocks, and its library holds "
        "{number2} maps. The guide is {person2}.",
        {
            "place": ("Where is the museum?",),
            "person": ("Who founded the museum?",),
            "number": ("How many clocks does the museum show?", "How many clocks are there?"),
            "number2": ("How many maps does the library hold?",),
            "person2": ("Who is the guide?", "What is the name of the guide?"),
        },
        False,
    ),
    Template(
        "Sensor {part} reads {number} kPa and sensor {part2} reads {number2} kPa. Both were checked by {person}.",
        {
            "number": ("What does sensor {part} read?",),
            "number2": ("What does sensor {part2} read?", "How many kPa does {part2} show?"),
            "person": ("Who checked the sensors?",),
        },
        False,
    ),
    Template(
        "{person} ordered {number} bolts from {place} on {date}. The order has the number {part}.",
        {
            "person": ("Who ordered the bolts?",),
            "number": ("How many bolts were ordered?",),
            "place": ("Where do the bolts come from?", "From which place were the bolts ordered?"),
            "part": ("What is the number of the order?",),
        },
        False,
    ),
)
