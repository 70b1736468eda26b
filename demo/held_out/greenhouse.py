"""Advice for a greenhouse. Above 30 °C it wants air and shade, below 12 °C heat; above 85 % humidity air, below 45 %
water; otherwise nothing is to be done."""

from __future__ import annotations

from demo.held_out.case import Kind, ask
from demo.held_out.rules import Rule
from demo.held_out.rules.text import all_of, claims, in_chinese, in_english, matches, never_claims

_VENTILATE = (
    r"ventilat|\bvents?\b|\bfans?\b|open the (?:windows?|roof|doors?)|air it|fresh air|通风|开天?窗|换气|排风|风扇|风机"
)
_SHADE = r"\bshad(?:e|es|ing)\b|遮阳|遮荫|遮阴|遮光"
_HEAT = r"\bheat|\bwarm|加热|加温|升温|供暖|取暖|增温|暖气|保温|提高温度"
_START_HEATING = r"turn (?:on|up) the heat|\bheat (?:it|the)\b|\bheating\b|\bheater|加热|加温|供暖|取暖|增温|提高温度"
_WATER = r"\bmist|\bwater|(?<!de)humidif|\bspray|喷雾|喷水|浇水|加湿|洒水|增湿|补水|提高湿度"
_NOTHING = (
    r"nothing|no (?:action|need|change|measure)|not need|n't need|fine|all (?:is )?(?:well|good|right)|\bgood\b"
    r"|ideal|comfortable|正常|适宜|合适|良好|很好|不需要|不用|无需|不必|没问题|没有问题|保持"
)
_COOL = rf"{_VENTILATE}|{_SHADE}|\bcool|降温"
_DRY = rf"{_VENTILATE}|dehumidif|\bdry|除湿|降湿|排湿|去湿|降低湿度"

_HOT: Rule = all_of(claims(_COOL), never_claims(_START_HEATING))
_COLD: Rule = all_of(claims(_HEAT), never_claims(_SHADE))
_DAMP: Rule = all_of(claims(_DRY), never_claims(_WATER))
_PARCHED: Rule = all_of(claims(_WATER), never_claims(r"dehumidif|除湿|降湿"))
_WELL: Rule = all_of(matches(_NOTHING), never_claims(rf"{_SHADE}|{_START_HEATING}|{_WATER}|{_VENTILATE}"))

GREENHOUSE = Kind(
    "greenhouse",
    plain=(
        ask("温室温度34度，湿度60%，该怎么办？", "温度太高，请通风并遮阳。", in_chinese, _HOT),
        ask("温室温度8度，湿度70%，该怎么办？", "温度太低，请加温。", in_chinese, _COLD, never_claims(_VENTILATE)),
        ask("温室温度22度，湿度65%，该怎么办？", "一切正常，不需要做什么。", in_chinese, _WELL),
        ask("温室温度25度，湿度92%，该怎么办？", "湿度太高，请通风除湿。", in_chinese, _DAMP),
        ask(
            "The greenhouse is at 36 degrees and 55 % humidity. What should I do?",
            "It is too hot: ventilate and shade the greenhouse.",
            in_english,
            _HOT,
        ),
        ask(
            "The greenhouse is at 24 degrees and 38 % humidity. What should I do?",
            "The air is too dry: mist the plants.",
            in_english,
            _PARCHED,
        ),
        ask(
            "The greenhouse is at 6 degrees and 65 % humidity. What should I do?",
            "It is too cold: heat the greenhouse.",
            in_english,
            _COLD,
        ),
        ask(
            "The greenhouse is at 20 degrees and 60 % humidity. What should I do?",
            "All is well, nothing needs to be done.",
            in_english,
            _WELL,
        ),
    ),
    paraphrased=(
        ask("大棚里现在38℃，湿度才30%，给点建议吧", "又热又干，请通风、遮阳，并喷雾加湿。", in_chinese, _HOT, _PARCHED),
        ask("棚里19度、湿度55%，要不要管它？", "温度和湿度都正常，不用管它。", in_chinese, _WELL),
        ask("早上一看棚内只有5℃，湿度60%，咋整", "太冷了，请加热。", in_chinese, _COLD, never_claims(_VENTILATE)),
        ask("湿度都到95%了，温度23度，有什么办法没有", "湿度太高，请开窗通风，降低湿度。", in_chinese, _DAMP),
        ask(
            "its 33C and 90% humidity in my greenhouse, help",
            "It is hot and damp: open the vents and shade it.",
            in_english,
            _HOT,
            _DAMP,
        ),
        ask(
            "tomato house reads 21°C, 58% RH, do i need to do anything?",
            "No, all is fine. There is no need to heat, ventilate or mist.",
            in_english,
            _WELL,
        ),
        ask(
            "thermometer in the greenhouse says 9 C, humidity 50 percent, any advice",
            "It is too cold, so turn on the heating.",
            in_english,
            _COLD,
        ),
        ask(
            "air in there feels dry: humidity 35 %, temp 26. what now",
            "The air is too dry: spray some water.",
            in_english,
            _PARCHED,
        ),
    ),
)
