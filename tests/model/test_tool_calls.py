"""Tool calls found in an answer's text, however it comes in pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qingmo.model.tool_calls import CallArguments, CallBegin, Content, ToolCallParser

NAMES = ("get_weather", "天气", 'quo"te')
CITY = '{"city": "北京 } \\" {", "days": [1, {"a": 2}]}'
Read = tuple[str, list[tuple[str, str]]]


def read(pieces: list[str]) -> Read:
    """The content and the calls of an answer that comes in pieces."""
    parser = ToolCallParser(NAMES)
    found = [found for piece in pieces for found in parser.push(piece)] + parser.finish()
    content, calls = "", []
    for piece in found:
        if isinstance(piece, Content):
            content += piece.text
        elif isinstance(piece, CallBegin):
            assert piece.index == len(calls)
            calls.append((piece.name, ""))
        else:
            assert piece.index == len(calls) - 1
            calls[-1] = (calls[-1][0], calls[-1][1] + piece.text)
    assert parser.calls == len(calls)
    return content, calls


def marked(name: str = "get_weather", arguments: str = CITY) -> str:
    return f'<tool_call>\n{{"name": {json.dumps(name, ensure_ascii=False)}, "arguments": {arguments}}}\n</tool_call>'


def bare(name: str = "get_weather", arguments: str = CITY, key: str = "arguments") -> str:
    return f'{{"name": "{name}", "{key}": {arguments}}}'


CALL = ("get_weather", CITY)
ANSWERS: dict[str, Read] = {
    "Hello.\n": ("Hello.\n", []),
    "  a <b> {c} ``` d\n{ \n": ("  a <b> {c} ``` d\n{ \n", []),
    marked(): ("", [CALL]),
    "Let me look.\n\n" + marked(): ("Let me look.", [CALL]),
    marked() + "\n" + marked("天气", "{}") + "\n": ("", [CALL, ("天气", "{}")]),
    marked('quo"te', "{}"): ("", [('quo"te', "{}")]),
    marked() + "\nDone.": ("\nDone.", [CALL]),
    bare(): ("", [CALL]),
    bare(key="parameters"): ("", [CALL]),
    bare() + "\n" + bare("天气", "{}"): ("", [CALL, ("天气", "{}")]),
    f"```json\n{bare()}\n```": ("", [CALL]),
    f"```\n{bare()}\n```\n": ("", [CALL]),
    f"I call:\n```json\n{bare()}\n```": ("I call:", [CALL]),
    f"```json\n{bare()}": ("", [CALL]),
    "```json\n" + json.dumps(json.loads(bare()), indent=4, ensure_ascii=False) + "\n```": ("", [CALL]),
    # No calls, though they look like one
    bare("other"): (bare("other"), []),
    marked("other"): (marked("other"), []),
    "Example: " + bare(): ("Example: " + bare(), []),
    bare(arguments='"x"'): (bare(arguments='"x"'), []),
    f"```python\n{bare()[:-1]}": (f"```python\n{bare()[:-1]}", []),
    '{"name": "get_weather"}': ('{"name": "get_weather"}', []),
    '{"name": "Anna", "age": 3}': ('{"name": "Anna", "age": 3}', []),
    "<tool_call> is a mark": ("<tool_call> is a mark", []),
    "<tool_call>\nnot JSON</tool_call>": ("<tool_call>\nnot JSON</tool_call>", []),
    # Cut off
    bare()[:-3]: (bare()[:-3], []),
    marked()[: marked().index("days")]: ("", [("get_weather", CITY[: CITY.index("days")])]),
    "x <tool_c": ("x <tool_c", []),
    "<tool_call>\n": ("<tool_call>\n", []),
    marked()[:-4]: ("", [CALL]),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_taken_apart_into_content_and_calls(answer: str) -> None:
    assert read([answer]) == ANSWERS[answer]
    assert read(list(answer)) == ANSWERS[answer]


@given(st.lists(st.sampled_from([*ANSWERS, "\n", " ", "```", "{", '"', "<tool_call>", "文"]), max_size=5), st.data())
def test_it_does_not_matter_how_an_answer_comes_in_pieces(parts: list[str], data: st.DataObject) -> None:
    answer = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(answer)), max_size=8)))
    pieces = [answer[a:b] for a, b in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    assert read(pieces) == read([answer])


@given(st.text(alphabet='ab{}<>`"\n tool_call:/json', max_size=60))
def test_an_answer_without_calls_comes_out_as_it_went_in(answer: str) -> None:
    assert read(list(answer)) == (answer, [])


def test_content_comes_at_once() -> None:
    parser = ToolCallParser(NAMES)
    assert parser.push("Hello") == [Content("Hello")]
    assert parser.push(" ") == []
    assert parser.push("there") == [Content(" there")]


def test_arguments_come_as_they_are_written() -> None:
    parser = ToolCallParser(NAMES)
    assert parser.push('<tool_call>\n{"name": "get_weather", "argu') == []
    assert parser.push('ments": {"ci') == [CallBegin(0, "get_weather"), CallArguments(0, '{"ci')]
    assert parser.push('ty": "}') == [CallArguments(0, 'ty": "}')]
    assert parser.push('"}') == [CallArguments(0, '"}')]
    assert parser.push("}\n</tool_call>") == [] == parser.finish()


def test_what_cannot_be_a_call_any_more_is_not_held_back() -> None:
    parser = ToolCallParser(NAMES)
    assert parser.push('{"name": "ge') == []
    assert parser.push("t it") == [Content('{"name": "get it')]
