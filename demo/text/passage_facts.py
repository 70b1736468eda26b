"""What passages tell: sentences that hold a value, the questions it answers, and the subjects they are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from demo.text import passage_values as values
from demo.text import words
from demo.text.conversation import LANGUAGES, Language
from demo.text.passage_values import Maker, with_unit
from demo.text.pattern_files import Section, read_patterns
from demo.text.phrase import say


@dataclass(frozen=True)
class PassageFact:
    """{e} is what the sentence is about, {v} the value; {n} a noun that stands for the attribute.

    Of a pair the first is {k} in the sentence (or {K}, in capitals) and the second {q} in the question: a sentence
    about the oil answers no question about the fuse.
    """

    told: dict[Language, list[str]]
    asked: dict[Language, list[str]]
    pairs: dict[Language, list[str]]
    make: Maker

    def pair(self, rng: Random, language: Language) -> tuple[str, str]:
        told, _, asked = say(rng, self.pairs[language]).partition("/")
        return told, asked or told


@dataclass(frozen=True)
class Subject:
    """By its whole name, by a shorter one that is clear where there is no other subject, and by a pronoun."""

    name: str
    short: str
    pronoun: str


@dataclass(frozen=True)
class Family:
    """Facts of one sort of subject."""

    facts: Sequence[PassageFact]
    subject: Callable[[Random, Language], Subject]


def _facts(name: str, makers: dict[str, Maker]) -> list[PassageFact]:
    return [_fact(section, makers[title]) for title, section in read_patterns(name).items()]


def _fact(section: Section, make: Maker) -> PassageFact:
    told, asked = ({language: section[f"{key} {language}"] for language in LANGUAGES} for key in ("told", "asked"))
    pairs = {language: section.get(f"pairs {language}", [""]) for language in LANGUAGES}
    return PassageFact(told, asked, pairs, make)


def _thing(rng: Random, language: Language) -> Subject:
    return _named(rng, language, rng.choice(words.THINGS[language]))


def _event(rng: Random, language: Language) -> Subject:
    return _named(rng, language, rng.choice(words.EVENTS[language]))


def _person(rng: Random, language: Language) -> Subject:
    name = words.person(rng, language)
    if language == "zh":
        return Subject(name, name, rng.choice("他她"))
    return Subject(name, name.split(" ")[0], rng.choice(["he", "she"]))


def _nothing(rng: Random, language: Language) -> Subject:
    return Subject("", "", "")


def _named(rng: Random, language: Language, noun: str) -> Subject:
    """A noun alone, or told from others by a name, a type or a place; sometimes the name alone."""
    if language == "zh":
        made = words.invented_characters(rng, 2)
        name = rng.choice(
            [
                noun,
                made + noun,
                words.code(rng) + rng.choice(["", " ", "型"]) + noun,
                words.city(rng, language) + noun,
                f"“{made}”{noun}",
                made,
            ]
        )
        return Subject(name, noun if noun in name else name, "它")
    made = words.invented_word(rng).capitalize()
    name = rng.choice(
        [
            f"the {noun}",
            f"the {made} {noun}",
            f"the {noun} {words.code(rng)}",
            f"the {words.code(rng)} {noun}",
            f"the {noun} {made}",
            made,
            f"the {words.city(rng, language)} {noun}",
        ]
    )
    return Subject(name, f"the {noun}" if noun in name else name, "it")


_MONEY = with_unit("euros|dollars|pounds|yuan", "元|块|美元|欧元", 1, 9999)
ANY_ATTRIBUTE = "anything"
THINGS = Family(
    _facts(
        "things",
        {
            "part number": values.code,
            "torque": with_unit("N·m|Nm|newton metres", "牛·米|N·m|牛米|Nm", 2, 400),
            "pressure": with_unit("bar|kPa|MPa|psi", "兆帕|千帕|巴|MPa|kPa|bar", 1, 300, 0.35),
            "weight": with_unit("kg|g|kilograms|tonnes|pounds", "千克|公斤|克|吨|kg", 1, 900),
            "voltage": with_unit("V|volts", "伏|V|伏特", 3, 690, 0.05),
            "power": with_unit("W|kW|watts|kilowatts", "瓦|千瓦|kW|W", 1, 900),
            "service": with_unit("hours|days|weeks|months|kilometres", "小时|天|周|个月|公里", 2, 900, 0),
            "price": _MONEY,
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
            ANY_ATTRIBUTE: values.anything,
        },
    ),
    _thing,
)
EVENTS = Family(
    _facts(
        "events",
        {
            "founder": words.person,
            "date": values.date,
            "place": words.city,
            "count": values.count,
            "time": values.time,
            "author": words.person,
            "telephone": values.phone,
            "price": _MONEY,
            "duration": with_unit("hours|minutes|days|weeks", "小时|分钟|天|周", 1, 90, 0.05),
            "room": values.code,
            "code": values.code,
            "sponsor": values.company,
            "maker": words.person,
        },
    ),
    _event,
)
PEOPLE = Family(
    _facts(
        "people",
        {
            "birthplace": words.city,
            "birthday": values.date,
            "home": words.city,
            "job": lambda rng, language: words.from_list(rng, words.JOBS, language),
            "employer": values.company,
            "age": lambda rng, language: str(rng.randint(2, 99)),
            "pet": words.first_name,
            "friend": words.person,
            "hobby": lambda rng, language: words.from_list(rng, words.HOBBIES, language),
            "purchase": values.possession,
            "telephone": values.phone,
            "office": values.place,
        },
    ),
    _person,
)
NOTICES = Family(
    _facts(
        "notices",
        {
            "deadline": values.date,
            "contact": words.person,
            "network password": values.code,
            "opening": values.time,
            "closing": values.time,
            "platform": values.label,
            "meeting room": values.place,
            "total": _MONEY,
            "arrival": values.date,
            "thing put away": values.place,
            "amount": with_unit("g|grams|ml|litres|kg|spoons", "克|毫升|升|千克|勺", 1, 900),
        },
    ),
    _nothing,
)
FAMILIES = {"things": THINGS, "events": EVENTS, "people": PEOPLE, "notices": NOTICES}
