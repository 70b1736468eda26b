"""What passages tell: sentences that hold a value, the questions it answers, and what they are about."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from demo.text import passage_values as values
from demo.text import words
from demo.text.conversation import Language
from demo.text.passage_values import Maker, with_unit
from demo.text.pattern_files import Section, read_patterns


@dataclass(frozen=True)
class PassageFact:
    """{e} is what the sentence is about, {v} the value; {n} a noun that stands for the attribute."""

    told: dict[Language, list[str]]
    asked: dict[Language, list[str]]
    make: Maker


def _facts(name: str, makers: dict[str, Maker]) -> tuple[PassageFact, ...]:
    return tuple(_fact(section, makers[title]) for title, section in read_patterns(name).items())


def _fact(section: Section, make: Maker) -> PassageFact:
    return PassageFact(
        {"en": section["told en"], "zh": section["told zh"]},
        {"en": section["asked en"], "zh": section["asked zh"]},
        make,
    )


OF_THINGS = _facts(
    "things",
    {
        "part number": values.code,
        "torque": with_unit("N·m|Nm|newton metres", "牛·米|N·m|牛米|Nm", 2, 400),
        "pressure": with_unit("bar|kPa|MPa|psi", "兆帕|千帕|巴|MPa|kPa|bar", 1, 300, 0.35),
        "weight": with_unit("kg|g|kilograms|tonnes|pounds", "千克|公斤|克|吨|kg", 1, 900),
        "voltage": with_unit("V|volts", "伏|V|伏特", 3, 690, 0.05),
        "power": with_unit("W|kW|watts|kilowatts", "瓦|千瓦|kW|W", 1, 900),
        "service": with_unit("hours|days|weeks|months|kilometres", "小时|天|周|个月|公里", 2, 900, 0),
        "price": with_unit("euros|dollars|pounds|yuan", "元|块|美元|欧元", 1, 9999),
        "maker": values.company,
        "location": values.place,
        "date made": values.date,
        "keeper": words.person,
        "serial number": values.code,
        "colour": values.colour,
        "material": values.material,
        "capacity": with_unit("litres|ml|gallons|cubic metres", "升|毫升|立方米|L", 1, 900),
        "temperature": with_unit("°C|degrees", "度|℃|摄氏度", 1, 400),
        "speed": with_unit("rpm|km/h|m/s|revolutions per minute", "转/分|公里/小时|米/秒|rpm", 5, 9000, 0.05),
        "length": with_unit("m|cm|mm|metres|centimetres", "米|厘米|毫米|cm|mm", 1, 900),
        "warranty": with_unit("months|years", "个月|年", 1, 60, 0),
        "supplies": values.code,
        "anything": values.anything,
    },
)
OF_EVENTS = _facts(
    "events",
    {
        "founder": words.person,
        "date": values.date,
        "place": words.city,
        "count": values.count,
        "time": values.time,
        "author": words.person,
        "telephone": values.phone,
        "price": with_unit("euros|dollars|yuan|pounds", "元|块|美元", 1, 999),
        "duration": with_unit("hours|minutes|days|weeks", "小时|分钟|天|周", 1, 90, 0.05),
        "room": values.code,
        "code": values.code,
        "sponsor": values.company,
    },
)


def thing(rng: Random, language: Language) -> str:
    """Something made: with a name, a type, or neither."""
    return _entity(rng, language, rng.choice(words.THINGS[language]))


def event(rng: Random, language: Language) -> str:
    return _entity(rng, language, rng.choice(words.EVENTS[language]))


def _entity(rng: Random, language: Language, noun: str) -> str:
    if language == "zh":
        made = words.invented_characters(rng, 2)
        return rng.choice(
            [
                noun,
                made + noun,
                words.code(rng) + rng.choice(["", " ", "型"]) + noun,
                words.city(rng, language) + noun,
                f"“{made}”{noun}",
                made,
            ]
        )
    made = words.invented_word(rng).capitalize()
    return rng.choice(
        [
            f"the {noun}",
            f"the {made} {noun}",
            f"the {noun} {words.code(rng)}",
            f"the {noun} {made}",
            f"{made}",
            f"the {words.city(rng, language)} {noun}",
        ]
    )
