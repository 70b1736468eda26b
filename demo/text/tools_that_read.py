"""Tools that tell something: weather, time, sensors, searches, sums, and get_<anything>."""

from __future__ import annotations

from random import Random
from typing import Any

from demo.text import words
from demo.text.conversation import Language
from demo.text.tool_parts import PATTERNS, Tool, Use, json_number, room, schema, string, thing

_SIGNS = (("+", "plus", "加"), ("-", "minus", "减"), ("*", "times", "乘以"), ("/", "divided by", "除以"))
_SUBJECTS = {"en": ["", "torque", "oil change", "filter"], "zh": ["", "扭矩", "换油", "滤芯"]}
_UNITS_ZH = {"celsius": "用摄氏度。", "fahrenheit": "用华氏度。"}
_PLACES = [pair.split("/") for pair in PATTERNS["search"]["places"]]


def weather(rng: Random, language: Language) -> Use:
    tool, city = Tool(rng, language, "weather"), words.city(rng, language)
    parameter, degrees, sky = tool.one_of("parameters"), rng.randint(-15, 40), tool.pattern("skies")
    key, sky_key = (
        rng.choice(["temperature", "temp", "temperature_c", "degrees"]),
        rng.choice(["condition", "weather", "sky"]),
    )
    response = rng.choice(
        [
            {key: degrees, sky_key: sky},
            {parameter: city, key: degrees, sky_key: sky},
            {sky_key: sky, key: degrees},
            f"{degrees} °C, {sky}",
            f"{sky}, {degrees} °C",
        ]
    )
    question, arguments, parameters = tool.asked(v=city), {parameter: city}, {parameter: string("The city")}
    if rng.random() < 0.2:
        parameters["unit"] = string("Unit of temperature", enum=["celsius", "fahrenheit"])
        if rng.random() < 0.5:
            arguments["unit"] = rng.choice(["celsius", "fahrenheit"])
            question += f" In {arguments['unit']}." if language == "en" else _UNITS_ZH[arguments["unit"]]
    return Use(
        schema(rng, tool.one_of("names"), tool.about(), parameters, [parameter]),
        question,
        arguments,
        response,
        tool.answer(v=city, d=degrees, s=sky),
    )


def time(rng: Random, language: Language) -> Use:
    tool, city = Tool(rng, language, "time"), words.city(rng, language)
    parameter, clock = tool.one_of("parameters"), f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    return Use(
        schema(rng, tool.one_of("names"), tool.about(), {parameter: string("City")}),
        tool.asked(v=city),
        {parameter: city},
        rng.choice([{"time": clock}, {parameter: city, "time": clock}, clock]),
        tool.answer(v=city, r=clock),
    )


def sensor(rng: Random, language: Language) -> Use:
    tool, name = Tool(rng, language, "sensor"), _sensor_name(rng, language)
    parameter, value, unit = (
        tool.one_of("parameters"),
        words.number(rng),
        rng.choice(["°C", "%", "bar", "V", "ppm", ""]),
    )
    reading = {"value": json_number(value), **({"unit": unit} if unit else {})}
    shown = f"{value} {unit}".strip()
    return Use(
        schema(rng, tool.one_of("names"), tool.about(), {parameter: string("Name of the sensor")}),
        tool.asked(v=name),
        {parameter: name},
        rng.choice([shown, reading, {parameter: name, **reading}]),
        tool.answer(v=name, r=shown),
    )


def _sensor_name(rng: Random, language: Language) -> str:
    named = thing(rng)
    numbered = f"{named.spelled}_{rng.randint(1, 12)}"
    return rng.choice([words.code(rng), words.code(rng).lower(), named.spelled, named.called[language], numbered])


def search(rng: Random, language: Language) -> Use:
    """Of the manual, or of something else that the tool's name tells."""
    tool, query = Tool(rng, language, "search"), _query(rng, language)
    parameter = tool.one_of("parameters")
    if rng.random() < 0.5:
        name, en, zh = tool.one_of("names"), "manual", "手册"
    else:
        en, zh = rng.choice(_PLACES)
        name = f"{rng.choice(['search', 'search', 'find_in', 'query', 'lookup'])}_{en}"
    called: dict[Language, str] = {"en": en, "zh": zh}
    found = tool.answer(
        "found", a=words.noun(rng, language), n=words.number(rng), c=words.code(rng), p=words.person(rng, language)
    )
    return Use(
        schema(rng, name, tool.about(called), {parameter: string("What to look for")}),
        tool.asked(v=query, t=called[language]),
        {parameter: query},
        rng.choice([found, {"result": found}, {"text": found}]),
        tool.answer(t=called[language], r=found),
    )


def _query(rng: Random, language: Language) -> str:
    """A word or two, or a part number, with what is to be known of it."""
    subject = rng.choice([*_SUBJECTS[language], words.noun(rng, language)])
    space = " " if language == "en" else ""
    about = words.code(rng) if rng.random() < 0.35 else words.noun(rng, language)
    return f"{about}{space}{subject}".strip()


def calculate(rng: Random, language: Language) -> Use:
    """The expression is the user's own, or spelled out of words with no spaces."""
    tool = Tool(rng, language, "calculate")
    a, b, c = (rng.randint(1, 10 ** rng.choice([1, 2, 3, 4])) for _ in range(3))
    sign, en, zh = rng.choice(_SIGNS)
    space = " " if rng.random() < 0.35 else ""
    shown = expression = space.join([str(a), sign, str(b)])
    if rng.random() < 0.25:
        shown = expression = space.join([expression, rng.choice("+-*/"), str(c)])
    elif rng.random() < 0.5:
        shown, expression = f"{a} {en} {b}" if language == "en" else f"{a}{zh}{b}", f"{a}{sign}{b}"
    parameter, result = tool.one_of("parameters"), words.number(rng)
    return Use(
        schema(rng, tool.one_of("names"), tool.about(), {parameter: string("The expression")}),
        tool.asked(v=shown),
        {parameter: expression},
        rng.choice([result, {"result": json_number(result)}]),
        tool.answer(r=result),
    )


def read(rng: Random, language: Language) -> Use:
    """get_<thing>(<where>): both are read from the schema and the question, not known."""
    tool, about = Tool(rng, language, "read"), thing(rng)
    parameter, called = tool.one_of("parameters"), about.called[language]
    value, result = (
        _argument(rng, language, parameter),
        rng.choice([words.number(rng), words.code(rng), words.noun(rng, language)]),
    )
    key = rng.choice([about.spelled, "value", "result"])
    described = tool.about(about.called, p=parameter)
    response: list[Any] = [result, {key: json_number(result)}, {parameter: value, key: json_number(result)}]
    return Use(
        schema(rng, f"{tool.one_of('names')}_{about.spelled}", described, {parameter: string(f"The {parameter}")}),
        tool.asked_of(about, v=value),
        {parameter: value},
        rng.choice(response),
        tool.answer(v=value, t=called, r=result),
    )


def _argument(rng: Random, language: Language, parameter: str) -> str:
    """A value of the sort that the parameter's name lets one expect."""
    if parameter in ("room", "zone", "place", "location", "device"):
        return rng.choice([room(rng, language), words.code(rng), words.noun(rng, language)])
    if parameter == "city":
        return words.city(rng, language)
    if parameter in ("name", "user"):
        return words.person(rng, language)
    return rng.choice([words.code(rng), words.noun(rng, language), words.invented_word(rng)])
