"""Times, lengths, weights and volumes from one unit to another."""

from __future__ import annotations

from demo.held_out.case import Case, Kind, ask
from demo.held_out.rules.number import quantity


def _convert(question: str, result: int, unit: str) -> Case:
    return ask(question, str(result), quantity(result, unit, question))


UNITS = Kind(
    "units",
    plain=(
        _convert("3小时等于多少分钟？", 180, "minute"),
        _convert("2千米等于多少米？", 2000, "m"),
        _convert("5公斤等于多少克？", 5000, "g"),
        _convert("两个星期有多少天？", 14, "day"),
        _convert("How many seconds are there in 4 minutes?", 240, "second"),
        _convert("How many hours are there in 2 days?", 48, "hour"),
        _convert("How many centimetres are 6 metres?", 600, "cm"),
        _convert("How many millilitres are 3 litres?", 3000, "ml"),
    ),
    paraphrased=(
        _convert("半个钟头是几分钟呀", 30, "minute"),
        _convert("这根管子长4米，换成厘米是多少", 400, "cm"),
        _convert("一天一共有几个小时来着", 24, "hour"),
        _convert("买了7000克土豆，那是几公斤", 7, "kg"),
        _convert("the film lasts 2 hours, whats that in minutes", 120, "minute"),
        _convert("my plank is 9 cm wide - in mm please", 90, "mm"),
        _convert("i'm away for 21 days, how many weeks is that?", 3, "week"),
        _convert("ran 8 km today, how many meters did i do", 8000, "m"),
    ),
)
