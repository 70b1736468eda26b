"""The right tool with the right arguments; none where none is needed; and an answer in words from what a tool gave."""

from __future__ import annotations

import re
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


def _after(question: str, name: str, arguments: dict[str, Any], given: str, tools: Any, *rules: Rule) -> Case:
    """The tool has been called for the question and has given its answer."""
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    messages = (
        {"role": "user", "content": question},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": given},
    )
    return Case(messages, (no_call, never_says("{"), *rules), tuple(tools))


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
        ask("北京今天天气怎么样？", calls("get_weather", city=("北京", "Beijing", "北京市")), tools=_CITY),
        ask("把风扇调到3档。", calls("set_fan", speed=3), tools=_HOUSE),
        ask("你好", no_call, tools=_CITY),
        ask("What time is it in Tokyo?", calls("get_time", city="Tokyo"), tools=_CITY),
        ask("Turn the light off.", calls("set_light", state="off"), tools=_HOUSE),
        ask(
            "Search the manual for oil change.",
            calls("search_manual", query=re.compile(r"(?i)oil")),
            tools=(_MANUAL, _CALCULATE),
        ),
        _after(
            "What is the weather in Oslo?",
            "get_weather",
            {"city": "Oslo"},
            '{"temperature": 14, "sky": "rain"}',
            _CITY,
            number(14, ""),
            says("rain|rainy|raining"),
        ),
        _after(
            "深圳天气怎么样？",
            "get_weather",
            {"city": "深圳"},
            '{"temperature": 29, "sky": "晴"}',
            _CITY,
            number(29, ""),
            says("晴"),
        ),
    ),
    paraphrased=(
        ask("要去成都出差，那边现在几点啊", calls("get_time", city=("成都", "Chengdu", "成都市")), tools=_CITY),
        ask("太暗了，帮我把灯打开", calls("set_light", state=("on", "开", "打开")), tools=_HOUSE),
        ask("帮我看看3号温度传感器读数", calls("read_sensor", name=re.compile("3|三")), tools=_HOUSE),
        ask("谢谢，今天就到这吧", no_call, tools=_HOUSE),
        ask("do i need an umbrella in Dublin today?", calls("get_weather", city="Dublin"), tools=_CITY),
        ask("bit stuffy in here, put the fan on 5 will you", calls("set_fan", speed=5), tools=_HOUSE),
        ask("run the pump at 40 please", calls("set_pump", rate=40), tools=(_PUMP, _LIGHT)),
        ask("when's high tide at Whitby?", calls("get_tide", harbour="Whitby"), tools=(_TIDE, _WEATHER)),
        _after(
            "is the soil wet enough?",
            "read_sensor",
            {"name": "soil"},
            '{"value": 23, "unit": "%"}',
            _HOUSE,
            number(23, ""),
        ),
    ),
)
