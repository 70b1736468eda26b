"""The values that everyday passages tell, by the names of their slots."""

from __future__ import annotations

import re
from random import Random

from demo.text import passage_values as values
from demo.text import words
from demo.text.conversation import Language
from demo.text.passage_values import Maker, with_unit

_LONG_CODES = [
    "AA-99-9999-AAA-99",
    "AAA-9999-A-99",
    "A99/9999-A",
    "AAAA-9999-9999",
    "AA-9999-A",
    "99-9999-AA-9",
    "AA999-99A-999",
    "A9-AA-99999",
    "9999-A",
    "AAA.9999.99",
]
_DAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "zh": ["星期一", "周二", "星期三", "周四", "周五", "星期六", "星期天"],
}
_STREETS = {
    "en": ["{} Street", "{} Road", "{} Lane", "{} Square", "{} Avenue", "{} Alley"],
    "zh": ["{}路", "{}街", "{}大道", "{}巷", "{}胡同"],
}

_STREET_NAMES = ["Mill", "Station", "Church", "Garden", "King", "Rose", "Harbour", "Bridge", "Oak", "Market", "Castle"]


def like(rng: Random, value: str) -> str:
    """The same but for one or two of its characters, or with two of them exchanged."""
    at = [i for i, character in enumerate(value) if character.isalnum()]
    made = list(value)
    first, second = rng.sample(at, 2) if len(at) > 1 else (0, 0)
    if rng.random() < 0.5:
        made[first], made[second] = made[second], made[first]
        return "".join(made)
    for i in (first, second)[: rng.randint(1, 2)]:
        made[i] = rng.choice("0123456789" if made[i].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return "".join(made)


def _code(rng: Random, language: Language) -> str:
    if rng.random() < 0.55:
        return words.code(rng)
    letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
    shape = rng.choice(_LONG_CODES)
    return "".join(rng.choice(letters) if c == "A" else rng.choice(digits) if c == "9" else c for c in shape)


def price_like(rng: Random, price: str) -> str:
    """Another amount in the same currency."""
    return re.sub(r"\d+(\.\d+)?", _amount(rng), price, count=1)


def _amount(rng: Random) -> str:
    amount = str(rng.randint(1, 10 ** rng.choice([1, 2, 2, 3, 4])))
    return amount + (rng.choice([".50", ".20", ".95", f".{rng.randint(10, 99)}"]) if rng.random() < 0.35 else "")


def _price(rng: Random, language: Language) -> str:
    amount = _amount(rng)
    if language == "zh":
        return amount + rng.choice(["元", "元", "元", "块", "美元", "欧元"])
    return rng.choice(
        ["{} euros", "{} dollars", "{} pounds", "{} yuan", "€{}", "${}", "£{}", "{} euros", "{} dollars"]
    ).format(amount)


def _number(rng: Random, language: Language) -> str:
    value = rng.randint(2, 10 ** rng.choice([2, 3, 4, 5]))
    if language == "zh" and rng.random() < 0.1:
        return f"{rng.randint(2, 900)}万"
    return f"{value:,}" if rng.random() < 0.4 else str(value)


def _few(rng: Random, language: Language) -> str:
    value = rng.randint(3, 20)
    return (
        words.number_word(value, language) if rng.random() < 0.35 else str(value if rng.random() < 0.5 else value * 3)
    )


def _year(rng: Random, language: Language) -> str:
    return str(rng.randint(1750, 2039)) + ("年" if language == "zh" else "")


def _day(rng: Random, language: Language) -> str:
    return rng.choice(_DAYS[language])


def _date(rng: Random, language: Language) -> str:
    """A day of a month, without a year."""
    while True:
        made = values.date(rng, language)
        if (language == "zh" and made[-1] == "日") or (language == "en" and not made[-1].isdigit()):
            return made.split("年")[-1]


def _street(rng: Random, language: Language) -> str:
    name = words.invented_characters(rng, 2) if language == "zh" else words.invented_word(rng).capitalize()
    if language == "en" and rng.random() < 0.5:
        name = rng.choice(
            [
                "Mill",
                "Station",
                "Church",
                "Garden",
                "King",
                "Rose",
                "Harbour",
                "Bridge",
                "Oak",
                "North",
                "Market",
                "Castle",
            ]
        )
    return rng.choice(_STREETS[language]).format(name)


def _name(rng: Random, language: Language) -> str:
    """The name of a house, a ship, a brand."""
    return words.invented_characters(rng, 2) if language == "zh" else words.invented_word(rng, 2).capitalize()


def _clock(hours: range) -> Maker:
    """A time of day within the hours, so that a morning is told before its evening."""

    def make(rng: Random, language: Language) -> str:
        hour, minute = rng.choice(hours), rng.choice([0, 0, 15, 30, 45, rng.randint(0, 59)])
        if language == "zh":
            part = "上午" if hour < 12 else "下午" if hour < 18 else "晚上"
            spoken = f"{part}{hour % 12 or 12}点" + (f"{minute}分" if minute else "")
            return rng.choice([spoken, f"{hour}:{minute:02}"])
        spoken = f"{hour % 12 or 12}" + (f":{minute:02}" if minute else "") + (" am" if hour < 12 else " pm")
        return rng.choice([spoken, f"{hour:02}:{minute:02}"])

    return make


def _percent(rng: Random, language: Language) -> str:
    value = str(rng.randint(1, 99)) + (f".{rng.randint(1, 9)}" if rng.random() < 0.3 else "")
    return value + (rng.choice(["%", " percent", " per cent"]) if language == "en" else "%")


def _version(rng: Random, language: Language) -> str:
    return ".".join(str(rng.randint(0, 20)) for _ in range(rng.choice([2, 3, 3])))


def _digits(rng: Random, language: Language) -> str:
    return str(rng.randint(1, 10 ** rng.choice([1, 1, 2, 2, 3])))


SORTS: dict[str, Maker] = {
    "person": words.person,
    "first": words.first_name,
    "city": words.city,
    "code": _code,
    "time": values.time,
    "date": _date,
    "morning": _clock(range(5, 12)),
    "evening": _clock(range(13, 23)),
    "hour": _clock(range(8, 21)),
    "least": lambda rng, language: str(rng.randint(2, 40)),
    "most": lambda rng, language: str(rng.randint(41, 99)),
    "year": _year,
    "day": _day,
    "few": _few,
    "number": _number,
    "digits": _digits,
    "price": _price,
    "phone": values.phone,
    "company": values.company,
    "street": _street,
    "name": _name,
    "percent": _percent,
    "version": _version,
    "noun": words.noun,
    "colour": lambda rng, language: rng.choice(words.COLOURS[language]),
    "food": lambda rng, language: rng.choice(words.FOODS[language]),
    "job": lambda rng, language: rng.choice(words.JOBS[language]),
    "small": lambda rng, language: str(rng.randint(2, 12)),
    "age": lambda rng, language: str(rng.randint(21, 99)),
    "port": lambda rng, language: str(rng.randint(80, 65535)),
    "seconds": with_unit("seconds|minutes", "秒|秒钟|分钟", 2, 90, 0),
    "minutes": with_unit("minutes", "分钟", 2, 90, 0),
    "hours": with_unit("hours|days|weeks", "小时|天|周", 2, 48, 0),
    "months": with_unit("months|years|weeks", "个月|年|周", 2, 36, 0),
    "weight": with_unit("kg|g|grams|tonnes|kilograms", "公斤|克|千克|吨", 2, 900, 0.2),
    "volume": with_unit("litres|ml|l|cups", "升|毫升|杯", 2, 900, 0.2),
    "length": with_unit("m|cm|mm|metres|km", "米|厘米|毫米|公里", 2, 900, 0.2),
    "heat": with_unit("°C|degrees|°C", "度|℃|摄氏度", 2, 400, 0.2),
    "force": with_unit("bar|kPa|psi|MPa", "巴|兆帕|千帕|MPa", 2, 300, 0.3),
    "warmth": with_unit("°C|degrees", "度|℃|摄氏度", 1, 39, 0.2),
    "dose": with_unit("g|grams|kg|ml|cups|spoons", "克|毫升|勺|杯|斤", 2, 700, 0.1),
    "torque": with_unit("N·m|Nm|newton metres", "牛·米|N·m", 2, 300, 0.2),
    "cm": with_unit("cm|mm|centimetres", "厘米|毫米", 2, 300, 0.2),
    "metres": with_unit("m|metres", "米", 2, 300, 0.2),
    "km": with_unit("km|miles|kilometres", "公里|千米", 2, 900, 0.2),
    "voltage": with_unit("V|volts", "伏|V", 3, 400, 0.2),
}
