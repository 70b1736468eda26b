"""The values that passages tell: measures, dates, places, companies; invented, and written in a language's ways."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from demo.text import words
from demo.text.conversation import Language

Maker = Callable[[Random, Language], str]


def with_unit(units_en: str, units_zh: str, low: int, high: int, decimals: float = 0.2) -> Maker:
    """A number and a unit, written in the language's way, with or without a space."""

    def make(rng: Random, language: Language) -> str:
        value = str(rng.randint(low, high))
        if rng.random() < decimals:
            value += "." + str(rng.randint(1, 99))
        unit = rng.choice((units_en if language == "en" else units_zh).split("|"))
        return value + ("" if language == "zh" and rng.random() < 0.5 else " ") + unit

    return make


def date(rng: Random, language: Language) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1850, 2049)
    if language == "zh":
        return rng.choice([f"{year}年{month}月{day}日", f"{month}月{day}日", f"{year}年{month}月", f"{year}年"])
    name = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ][month - 1]
    return rng.choice(
        [
            f"{day} {name} {year}",
            f"{name} {day}, {year}",
            f"{day} {name}",
            f"{name} {year}",
            f"{year}",
            f"{year}-{month:02}-{day:02}",
        ]
    )


def time(rng: Random, language: Language) -> str:
    hour, minute = rng.randint(0, 23), rng.randint(0, 59)
    if language == "zh":
        return rng.choice(
            [
                f"{hour}:{minute:02}",
                f"{hour}点{minute}分",
                f"上午{hour % 12 or 12}点",
                f"下午{hour % 12 or 12}点",
                f"{hour}时",
            ]
        )
    return rng.choice(
        [f"{hour}:{minute:02}", f"{hour:02}:{minute:02}", f"{hour % 12 or 12} am", f"{hour % 12 or 12}:{minute:02} pm"]
    )


def code(rng: Random, language: Language) -> str:
    return words.code(rng)


def phone(rng: Random, language: Language) -> str:
    return "".join(rng.choice("0123456789") for _ in range(rng.choice([4, 5, 6, 7, 8, 11])))


def company(rng: Random, language: Language) -> str:
    if language == "zh":
        return words.invented_characters(rng, 2) + rng.choice(["公司", "集团", "厂", "机械厂", "科技", "电器", ""])
    return words.invented_word(rng).capitalize() + rng.choice(
        ["", "", " Works", " Ltd", " Systems", " & Sons", " Tools", " Motors"]
    )


def colour(rng: Random, language: Language) -> str:
    return words.from_list(rng, words.COLOURS, language)


def place(rng: Random, language: Language) -> str:
    if rng.random() < 0.5:
        return words.city(rng, language)
    if language == "zh":
        return rng.choice(["{}号仓库", "{}楼", "{}号房", "{}室", "{}号车间", "{}区"]).format(
            rng.choice([str(rng.randint(1, 999)), words.code(rng)])
        )
    return rng.choice(
        ["hall {}", "room {}", "warehouse {}", "building {}", "workshop {}", "shelf {}", "cabinet {}"]
    ).format(rng.choice([str(rng.randint(1, 999)), words.code(rng)]))


def count(rng: Random, language: Language) -> str:
    return str(rng.randint(2, 10 ** rng.choice([1, 2, 3, 4])))


def material(rng: Random, language: Language) -> str:
    materials: dict[Language, list[str]] = {
        "en": [
            "steel",
            "oak",
            "brass",
            "rubber",
            "glass",
            "copper",
            "bronze",
            "marble",
            "cotton",
            "leather",
            "aluminium",
            "plastic",
            "ceramic",
            "titanium",
            "bamboo",
            "granite",
        ],
        "zh": [
            "钢",
            "橡木",
            "黄铜",
            "橡胶",
            "玻璃",
            "铜",
            "青铜",
            "大理石",
            "棉布",
            "皮革",
            "铝",
            "塑料",
            "陶瓷",
            "钛合金",
            "竹子",
            "花岗岩",
        ],
    }
    return words.from_list(rng, materials, language)


def anything(rng: Random, language: Language) -> str:
    return rng.choice([words.person, words.city, code, count, words.noun, date, colour])(rng, language)


def label(rng: Random, language: Language) -> str:
    """A number or a code."""
    return rng.choice([words.code(rng), str(rng.randint(1, 99)), phone(rng, language)])


def possession(rng: Random, language: Language) -> str:
    noun = words.noun(rng, language)
    count = rng.randint(2, 60)
    if language == "zh":
        return rng.choice([noun, f"一个{noun}", f"{count}个{noun}"])
    return rng.choice([f"a {noun}", f"the {noun}", f"{count} {noun}s"])
