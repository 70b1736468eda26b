"""The right tool with the right arguments; none where none is needed; and an answer in words from what a tool gave."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from demo.held_out.case import Case, Kind, ask
from demo.held_out.rules import Rule
from demo.held_out.rules.number import number
from demo.held_out.rules.text import never_says, says
from demo.held_out.rules.tool import calls, no_call


def _tool(name: str, description: str, /, **parameters: str) -> dict[str, Any]:
    """A tool in OpenAI's form; parameters: name -> JSON type, all of them required."""
    properties = {key: {"type": kind} for key, kind in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


def _call(question: str, tools: Sequence[Mapping[str, Any]], name: str, /, **arguments: Any) -> Case:
    """The question wants this call. arguments: as in `calls`, and the first of several right ones is the answer's."""
    given = {key: value[0] if isinstance(value, tuple) else value for key, value in arguments.items()}
    text = json.dumps({"name": name, "arguments": given}, ensure_ascii=False)
    return ask(question, f"<tool_call>\n{text}\n</tool_call>", calls(name, **arguments), tools=tools)


def _after(
    question: str, right: str, name: str, arguments: dict[str, Any], given: str, tools: Any, *rules: Rule
) -> Case:
    """The tool has been called for the question and has given its answer."""
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    messages = (
        {"role": "user", "content": question},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": given},
    )
    return Case(messages, right, (no_call, never_says("{"), *rules), tuple(tools))


_WEATHER = _tool("get_weather", "Get the current weather of a city", city="string")
_TIME = _tool("get_time", "Get the current time in a city", city="string")
_SENSOR = _tool("read_sensor", "Read the value of a sensor", name="string")
_FAN = _tool("set_fan", "Set the speed of the fan", speed="integer")
_LIGHT = _tool("set_light", "Switch the light on or off", state="string")
_MANUAL = _tool("search_manual", "Search the manual", query="string")
_CALCULATE = _tool("calculate", "Calculate an expression", expression="string")
_PUMP = _tool("set_pump", "Set the rate of the pump", rate="integer")  # names that no training text has
_TIDE = _tool("get_tide", "Get the next high tide of a harbour", harbour="string")
_CITY = (_WEATHER, _TIME)
_HOUSE = (_SENSOR, _FAN, _LIGHT)

TOOLS = Kind(
    "tools",
    plain=(
        _call("北京今天天气怎么样？", _CITY, "get_weather", city=("北京", "Beijing", "北京市")),
        _call("把风扇调到3档。", _HOUSE, "set_fan", speed=3),
        ask("你好", "你好！有什么可以帮你的？", no_call, tools=_CITY),
        _call("What time is it in Tokyo?", _CITY, "get_time", city="Tokyo"),
        _call("Turn the light off.", _HOUSE, "set_light", state="off"),
        _call(
            "Search the manual for oil change.",
            (_MANUAL, _CALCULATE),
            "search_manual",
            query=("oil change", re.compile(r"(?i)\boil\b")),
        ),
        _after(
            "What is the weather in Oslo?",
            "In Oslo it is 14 degrees, with rain.",
            "get_weather",
            {"city": "Oslo"},
            '{"temperature": 14, "sky": "rain"}',
            _CITY,
            number(14, ""),
            says("rain|rainy|raining"),
        ),
        _after(
            "深圳天气怎么样？",
            "深圳现在29度，晴。",
            "get_weather",
            {"city": "深圳"},
            '{"temperature": 29, "sky": "晴"}',
            _CITY,
            number(29, ""),
            says("晴"),
        ),
    ),
    paraphrased=(
        _call("要去成都出差，那边现在几点啊", _CITY, "get_time", city=("成都", "Chengdu", "成都市")),
        _call("太暗了，帮我把灯打开", _HOUSE, "set_light", state=("on", "开", "打开")),
        _call("帮我看看3号温度传感器读数", _HOUSE, "read_sensor", name=("3号温度传感器", re.compile("3|三"))),
        ask("谢谢，今天就到这吧", "不客气，再见！", no_call, tools=_HOUSE),
        _call("do i need an umbrella in Dublin today?", _CITY, "get_weather", city="Dublin"),
        _call("bit stuffy in here, put the fan on 5 will you", _HOUSE, "set_fan", speed=5),
        _call("run the pump at 40 please", (_PUMP, _LIGHT), "set_pump", rate=40),
        _call("when's high tide at Whitby?", (_TIDE, _WEATHER), "get_tide", harbour="Whitby"),
        _after(
            "is the soil wet enough?",
            "The soil sensor reads 23 %.",
            "read_sensor",
            {"name": "soil"},
            '{"value": 23, "unit": "%"}',
            _HOUSE,
            number(23, ""),
        ),
    ),
)
