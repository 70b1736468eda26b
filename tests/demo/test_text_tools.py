"""The text that teaches tool calls: what a request means, two calls at once, and one value out of many."""

from __future__ import annotations

from random import Random

from demo.text import tools, tools_everyday, tools_meant, tools_records
from demo.text.conversation import LANGUAGES
from demo.text.tool_parts import Use

SEEDS = range(400)


def allowed(used: Use, name: str) -> bool:
    about = used.schema["parameters"]["properties"][name]
    given = used.arguments[name]
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
    return isinstance(given, kinds[about["type"]]) and given in about.get("enum", [given])


def test_what_a_request_means_is_an_argument_that_the_schema_allows() -> None:
    for seed in SEEDS:
        used = tools_meant.meant(Random(seed), LANGUAGES[seed % 2])
        assert set(used.schema["parameters"]["required"]) <= set(used.arguments)
        assert all(allowed(used, name) for name in used.arguments), used


def test_what_a_request_spells_out_is_copied() -> None:
    for seed in SEEDS:
        used = tools_meant.meant(Random(seed), LANGUAGES[seed % 2])
        for name, given in used.arguments.items():
            if isinstance(given, str) and "enum" not in used.schema["parameters"]["properties"][name]:
                assert given in used.question


def test_an_answer_tells_a_value_of_the_response_and_not_all_of_them() -> None:
    for seed in SEEDS:
        used = tools_records.record(Random(seed), LANGUAGES[seed % 2])
        told = [str(found) in used.answer for key, found in used.response.items() if key not in used.arguments]
        assert any(told)
        assert len(told) > 2


def test_one_request_for_two_things_names_both() -> None:
    for seed in SEEDS:
        first, second = tools_everyday.twice(Random(seed), LANGUAGES[seed % 2])
        assert first.schema == second.schema
        assert first.arguments != second.arguments
        assert first.question == second.question


def test_some_answers_call_twice_and_hear_both_responses() -> None:
    made = [tools.conversation(Random(seed)).messages for seed in SEEDS]
    doubles = 0
    for messages in made:
        for at, message in enumerate(messages):
            if len(message.calls) == 2:
                doubles += 1
                following = [later.role for later in messages[at + 1 : at + 4]]
                assert following[:1] in ([], ["user"]) or following == ["tool", "tool", "assistant"]
    assert doubles > len(made) * 0.1
