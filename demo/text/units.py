"""Kind 5: times and units in small whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from demo.text.conversation import Language, Turn
from demo.text.pattern_files import read_patterns
from demo.text.phrase import ask
from demo.text.words import number_word


@dataclass(frozen=True)
class Unit:
    """One unit and the smaller one it is counted in; the names' alternatives are patterns, the answer's form first."""

    factor: int
    many: str
    small: str
    zh: str
    small_zh: str
    one: str
    largest: int = 12


_UNITS = (
    Unit(60, "[hours|hrs]", "[minutes|min]", "[小时|个小时|钟头]", "[分钟|分]", "[hour|hr]"),
    Unit(3600, "[hours|hrs]", "[seconds|s]", "[小时|个小时]", "[秒|秒钟]", "[hour|hr]", 5),
    Unit(60, "[minutes|min]", "[seconds|s]", "[分钟|分]", "[秒|秒钟]", "[minute|min]"),
    Unit(24, "days", "hours", "[天|日]", "[小时|个小时|钟头]", "day", 7),
    Unit(7, "weeks", "days", "[周|个星期|星期]", "[天|日]", "week"),
    Unit(12, "years", "months", "年", "个月", "year", 10),
    Unit(
        1000,
        "[kilometres|km|kilometers]",
        "[metres|m|meters]",
        "[公里|千米|km]",
        "[米|m]",
        "[kilometre|km|kilometer]",
        20,
    ),
    Unit(100, "[metres|m|meters]", "[centimetres|cm|centimeters]", "[米|m]", "[厘米|cm|公分]", "[metre|m|meter]", 20),
    Unit(
        10,
        "[centimetres|cm|centimeters]",
        "[millimetres|mm|millimeters]",
        "[厘米|cm]",
        "[毫米|mm]",
        "[centimetre|cm|centimeter]",
        20,
    ),
    Unit(1000, "[metres|m|meters]", "[millimetres|mm|millimeters]", "[米|m]", "[毫米|mm]", "[metre|m|meter]", 10),
    Unit(1000, "[kilograms|kg|kilos]", "[grams|g]", "[千克|公斤|kg]", "[克|g]", "[kilogram|kg|kilo]", 20),
    Unit(1000, "[litres|l|liters]", "[millilitres|ml|milliliters]", "[升|L]", "[毫升|ml]", "[litre|liter]", 20),
    Unit(1000, "[tonnes|t|tons]", "[kilograms|kg]", "[吨|t]", "[千克|公斤|kg]", "[tonne|ton]", 10),
)
_TIMES = _UNITS[:6]
_COMPOUND = [unit for unit in _UNITS if unit.factor in (60, 100, 1000)]
_DOWN, _HALF_QUESTIONS = read_patterns("units").values()
_HALVES = (
    (("half an hour", "半小时", "半个小时"), (30, "minutes", "分钟")),
    (("a quarter of an hour", "一刻钟", "一刻钟"), (15, "minutes", "分钟")),
    (("three quarters of an hour", "三刻钟", "三刻钟"), (45, "minutes", "分钟")),
    (("an hour and a half", "一个半小时", "一个半小时"), (90, "minutes", "分钟")),
    (("one and a half hours", "一小时半", "一个半钟头"), (90, "minutes", "分钟")),
    (("two and a half hours", "两个半小时", "两小时半"), (150, "minutes", "分钟")),
    (("half a minute", "半分钟", "半分钟"), (30, "seconds", "秒")),
    (("a minute and a half", "一分半钟", "一分半"), (90, "seconds", "秒")),
    (("half a day", "半天", "半天"), (12, "hours", "小时")),
    (("a day and a half", "一天半", "一天半"), (36, "hours", "小时")),
    (("half a kilometre", "半公里", "半千米"), (500, "metres", "米")),
    (("a kilometre and a half", "一公里半", "一千米半"), (1500, "metres", "米")),
    (("half a metre", "半米", "半米"), (50, "centimetres", "厘米")),
    (("a metre and a half", "一米半", "一米半"), (150, "centimetres", "厘米")),
    (("half a centimetre", "半厘米", "半厘米"), (5, "millimetres", "毫米")),
    (("half a kilogram", "半公斤", "半千克"), (500, "grams", "克")),
    (("one and a half kilograms", "一公斤半", "一千克半"), (1500, "grams", "克")),
    (("half a litre", "半升", "半升"), (500, "millilitres", "毫升")),
    (("one and a half litres", "一升半", "一升半"), (1500, "millilitres", "毫升")),
    (("half a year", "半年", "半年"), (6, "months", "个月")),
    (("a year and a half", "一年半", "一年半"), (18, "months", "个月")),
    (("half a tonne", "半吨", "半吨"), (500, "kilograms", "千克")),
    (("a day and a night", "一昼夜", "一天一夜"), (24, "hours", "小时")),
    (("two dozen", "两打", "两打"), (24, "pieces", "个")),
    (("a dozen", "一打", "一打"), (12, "pieces", "个")),
)


def turn(rng: Random, language: Language) -> Turn:
    chance = rng.random()
    if chance < 0.15:
        return _half(rng, language)
    if chance < 0.25:
        return _compound(rng, language)
    unit = rng.choice(_TIMES if rng.random() < 0.4 else _UNITS)
    n = 1 if rng.random() < 0.1 else rng.randint(2, unit.largest)
    return _down(rng, language, unit, n) if rng.random() < 0.5 else _up(rng, language, unit, n)


def _down(rng: Random, language: Language, unit: Unit, n: int) -> Turn:
    question = ask(rng, _named(rng.choice(_DOWN[language]), unit, language, n), language, n=_spelled(rng, n, language))
    return Turn(question, _equation(unit, n, language, down=True))


def _up(rng: Random, language: Language, unit: Unit, n: int) -> Turn:
    down = rng.choice(_DOWN[language])
    pattern = down.replace("{many}", "<small>").replace("{small}", "{many}").replace("<small>", "{small}")
    question = ask(rng, _named(pattern, unit, language, 2), language, n=n * unit.factor)
    return Turn(question, _equation(unit, n, language, down=False))


def _half(rng: Random, language: Language) -> Turn:
    (en, *zh), (n, small, small_zh) = rng.choice(_HALVES)
    if language == "en":
        return Turn(
            ask(rng, [p.replace("{small}", small) for p in _HALF_QUESTIONS["en"]], language, n=en),
            f"{en[0].upper()}{en[1:]} is {n} {small}.",
        )
    which = rng.choice(zh)
    return Turn(
        ask(rng, [p.replace("{many}", "").replace("{small}", small_zh) for p in _DOWN["zh"]], language, n=which),
        f"{which}是 {n} {small_zh}。",
    )


def _compound(rng: Random, language: Language) -> Turn:
    """Two units together, such as 2 hours 15 minutes, in the smaller one."""
    unit = rng.choice(_COMPOUND)
    n, step = rng.randint(1, 5), 1 if unit.factor < 100 else unit.factor // 10
    more = rng.randrange(step, unit.factor, step)
    many, small = (unit.zh, unit.small_zh) if language == "zh" else (unit.one if n == 1 else unit.many, unit.small)
    if language == "zh":
        both, patterns = f"{n}{_first(many)}{more}{_first(small)}", [p.replace("{many}", "") for p in _DOWN["zh"]]
    else:
        joint = rng.choice([" ", " and "])
        both, patterns = f"{n} {_first(many)}{joint}{more} {_first(small)}", _HALF_QUESTIONS["en"]
    question = ask(rng, [p.replace("{small}", small) for p in patterns], language, n=both)
    return Turn(question, f"{both} = {n * unit.factor + more} {_first(small)}")


def _named(pattern: str, unit: Unit, language: Language, n: int) -> list[str]:
    many, small = (unit.one if n == 1 else unit.many, unit.small) if language == "en" else (unit.zh, unit.small_zh)
    return [pattern.replace("{many}", many).replace("{small}", small)]


def _spelled(rng: Random, n: int, language: Language) -> str:
    """A number as digits, now and then as a word."""
    if rng.random() < 0.6 or n > 20:
        return str(n)
    return "两" if (n, language) == (2, "zh") else number_word(n, language)


def _equation(unit: Unit, n: int, language: Language, down: bool) -> str:
    if language == "zh":
        big, small = f"{n} {_first(unit.zh)}", f"{n * unit.factor} {_first(unit.small_zh)}"
    else:
        big, small = f"{n} {_first(unit.one if n == 1 else unit.many)}", f"{n * unit.factor} {_first(unit.small)}"
    return f"{big} = {small}" if down else f"{small} = {big}"


def _first(names: str) -> str:
    return names.strip("[]").split("|")[0]
