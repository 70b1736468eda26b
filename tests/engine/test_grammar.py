"""Any way through a schema's masks gives JSON that satisfies it, and what cannot be promised is refused by name."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from random_schemas import random_schema

from qingmo.engine import grammar_compiler
from qingmo.engine.constraint import Constraint
from qingmo.engine.grammar import json_object_grammar, json_schema_grammar, regex_grammar
from qingmo.engine.grammar_compiler import GrammarCompiler
from qingmo.engine.grammar_tools import tool_grammar
from qingmo.errors import InvalidRequestError, UnsupportedError
from qingmo.model.tokenizer import Tokenizer

Accepts = Callable[[dict[str, Any], str], bool]
SCHEMA = {
    "type": "object",
    "properties": {"城市": {"enum": ["北京", "Paris"]}, "degrees": {"type": "integer", "minimum": -9, "maximum": 99}},
    "required": ["城市", "degrees"],
}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "天气"}},
]


@pytest.fixture(scope="session")
def vocab_size(vocabulary: Tokenizer) -> int:
    return -(-(max(vocabulary.control_tokens.values()) + 1) // 128) * 128


@pytest.fixture(scope="session")
def compiler(vocabulary: Tokenizer, eos: int, vocab_size: int) -> GrammarCompiler:
    return GrammarCompiler(vocabulary, vocab_size, [eos])


class Walk:
    """An answer of random tokens among those that a constraint allows."""

    def __init__(self, constraint: Constraint, vocab_size: int, eos: int, seed: int) -> None:
        self.constraint, self.vocab_size, self.eos = constraint, vocab_size, eos
        self.rng = Random(seed)
        self.tokens: list[int] = []
        self.sampled = 0

    def allowed(self) -> list[int]:
        mask = np.zeros((self.vocab_size + 31) // 32, np.uint32)
        if not self.constraint.fill_mask(mask):
            return list(range(self.vocab_size))
        return np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little")).tolist()

    def take(self, token: int) -> None:
        self.constraint.accept(token)
        self.tokens.append(token)

    def finish(self, most: int = 400) -> bool:
        """Whether it came to its end."""
        while len(self.tokens) < most:
            for token in self.constraint.forced():
                self.take(token)
            token = self.rng.choice(self.allowed())
            if token == self.eos:
                return True
            self.take(token)
            self.sampled += 1
        return False


def text_of(walk: Walk, vocabulary: Tokenizer) -> str:
    return b"".join(map(vocabulary.token_bytes, walk.tokens)).decode()


@pytest.mark.parametrize("seeds", [range(n, n + 25) for n in range(0, 150, 25)])
def test_whatever_the_masks_allow_satisfies_the_schema(
    seeds: range, compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int
) -> None:
    finished = 0
    for seed in seeds:
        schema = random_schema(seed)
        walk = Walk(compiler.compile(json_schema_grammar(schema))(), vocab_size, eos, seed)
        if walk.finish():
            finished += 1
            value = json.loads(text_of(walk, vocabulary))
            Draft202012Validator(schema).validate(value)
        assert walk.constraint.is_complete or len(walk.tokens) >= 400
    assert finished > 0.8 * len(seeds)


def test_an_answer_is_written_like_json_dumps(
    compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int
) -> None:
    walk = Walk(compiler.compile(json_schema_grammar(SCHEMA))(), vocab_size, eos, 1)
    assert walk.finish()
    text = text_of(walk, vocabulary)
    assert text == json.dumps(json.loads(text), ensure_ascii=False)


def test_tokens_without_a_choice_are_forced(compiler: GrammarCompiler, vocabulary: Tokenizer) -> None:
    constraint = compiler.compile(json_schema_grammar(SCHEMA))()
    forced = constraint.forced()
    assert vocabulary.decode(forced).startswith('{"城市": "'[: len(vocabulary.decode(forced))])
    assert len(vocabulary.decode(forced)) >= len('{"城市":')
    for token in forced:
        constraint.accept(token)
    assert constraint.forced() == []
    assert not constraint.is_complete


def test_rollback_undoes_tokens(compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int) -> None:
    walk = Walk(compiler.compile(json_schema_grammar(SCHEMA))(), vocab_size, eos, 5)
    states = []
    for _ in range(8):
        allowed = walk.allowed()
        states.append(allowed)
        walk.take(walk.rng.choice([token for token in allowed if token != eos]))
    for back in (1, 3, 4):
        walk.constraint.rollback(back)
        del walk.tokens[-back:]
        assert walk.allowed() == states[len(walk.tokens)]


def test_each_answer_has_a_state_of_its_own(compiler: GrammarCompiler, vocabulary: Tokenizer) -> None:
    begin = compiler.compile(regex_grammar("(好|a)b"))
    first, second = begin(), begin()
    first.accept(vocabulary.encode("a")[0])
    assert first.forced() and not second.forced()


def test_a_grammar_is_plain_data() -> None:
    grammar = json_schema_grammar(SCHEMA)
    assert pickle.loads(pickle.dumps(grammar)) == grammar == json_schema_grammar(SCHEMA)
    assert hash(grammar) == hash(json_schema_grammar(SCHEMA))


@pytest.mark.parametrize("pattern", ["[0-9]{4}-[0-9]{2}", "是|不是", "a/b\n", r"\/[ab]{2,3}"])
def test_a_pattern_holds_from_beginning_to_end(
    pattern: str, compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int
) -> None:
    walk = Walk(compiler.compile(regex_grammar(pattern))(), vocab_size, eos, 3)
    assert walk.finish()
    assert re.fullmatch(pattern, text_of(walk, vocabulary))


def test_json_object_gives_any_object(
    compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int
) -> None:
    ended = 0
    for seed in range(30):
        walk = Walk(compiler.compile(json_object_grammar())(), vocab_size, eos, seed)
        if walk.finish(most=200):
            ended += 1
            assert isinstance(json.loads(text_of(walk, vocabulary)), dict)
    assert ended


# Names of properties


@pytest.fixture
def accepts(compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int) -> Accepts:
    """Whether a schema allows a text, byte by byte."""

    def check(schema: dict[str, Any], text: str) -> bool:
        walk = Walk(compiler.compile(json_schema_grammar(schema))(), vocab_size, eos, 0)
        of_byte = {vocabulary.token_bytes(token): token for token in range(256)}
        for byte in text.encode():
            token = of_byte[bytes([byte])]
            if token not in walk.allowed():
                return False
            walk.take(token)
        return walk.constraint.is_complete

    return check


@pytest.mark.parametrize(
    ("name", "spelled"), [("a", "\\u0061"), ("é", "\\u00e9"), ("\n", "\\u000a"), ("a", "a"), ("\b", "\\b")]
)
def test_no_spelling_of_a_listed_name_passes_for_another_property(name: str, spelled: str, accepts: Accepts) -> None:
    schema = {"type": "object", "properties": {name: {"type": "integer"}}, "additionalProperties": {"type": "string"}}
    assert not accepts(schema, f'{{"{spelled}": "x"}}')
    assert accepts(schema, '{"b": "x"}')


def test_objects_that_list_their_properties_get_no_others(accepts: Accepts) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert accepts(schema, '{"a": 1}')
    assert not accepts(schema, '{"b": 1}')
    assert accepts({**schema, "additionalProperties": True}, '{"b": 1}')
    joined = {"allOf": [schema, {"type": "object", "properties": {"b": {"type": "integer"}}}]}
    assert accepts(joined, '{"a": 1, "b": 2}')


def test_unknown_formats_are_annotations_and_known_ones_hold(accepts: Accepts) -> None:
    assert accepts({"type": "string", "format": "password"}, '"x"')
    assert not accepts({"type": "string", "format": "date"}, '"x"')
    assert accepts({"type": "string", "format": "date"}, '"2024-02-29"')


# Tools


def test_calls_name_a_tool_and_satisfy_its_parameters(
    compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int
) -> None:
    grammar = tool_grammar(TOOLS, required=True, control_tokens=vocabulary.control_tokens)
    seen = set()
    for seed in range(40):
        walk = Walk(compiler.compile(grammar)(), vocab_size, eos, seed)
        assert walk.finish()
        calls = text_of(walk, vocabulary).split("</tool_call>")
        assert calls.pop() == ""
        for call in calls:
            body = json.loads(call.removeprefix("\n").removeprefix("<tool_call>\n"))
            seen.add(body["name"])
            schema = SCHEMA if body["name"] == "get_weather" else {"maxProperties": 0}
            Draft202012Validator(schema).validate(body["arguments"])
    assert seen == {"get_weather", "天气"}


def test_one_call_where_calls_are_not_parallel_or_a_tool_is_named(
    compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int
) -> None:
    tokens = vocabulary.control_tokens
    alone = tool_grammar(TOOLS, required=True, control_tokens=tokens, parallel=False)
    named = tool_grammar(TOOLS, required=True, control_tokens=tokens, only="天气")
    for seed in range(20):
        for grammar in (alone, named):
            walk = Walk(compiler.compile(grammar)(), vocab_size, eos, seed)
            assert walk.finish()
            assert walk.tokens.count(tokens["<tool_call>"]) == 1
            if grammar is named:
                assert text_of(walk, vocabulary) == '<tool_call>\n{"name": "天气", "arguments": {}}\n</tool_call>'


def test_an_answer_is_free_until_it_begins_a_call(
    compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int
) -> None:
    tokens = vocabulary.control_tokens
    constraint = compiler.compile(tool_grammar(TOOLS, required=False, control_tokens=tokens))()
    mask = np.full((vocab_size + 31) // 32, 7, np.uint32)
    for token in vocabulary.encode("hello {"):
        assert not constraint.fill_mask(mask)
        constraint.accept(token)
    assert (mask == 7).all() and constraint.is_complete and constraint.forced() == []

    constraint.accept(tokens["<tool_call>"])
    assert constraint.fill_mask(mask) and not constraint.is_complete
    assert vocabulary.decode(constraint.forced()).startswith('\n{"name":')

    constraint.rollback(2)
    assert not constraint.fill_mask(mask)


# Refusals


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def inside(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "array", "items": schema}}}


@pytest.mark.parametrize(
    ("schema", "place", "says"),
    [
        (inside({"type": "array", "uniqueItems": True}), "s.properties.a.items", "uniqueItems"),
        (inside({"not": {"type": "string"}}), "s.properties.a.items", "enforces not"),
        (inside({"type": "strin"}), "s.properties.a.items", "strin"),
        (inside({"$ref": "https://example.com/schema"}), "s.properties.a.items.$ref", "Nothing is fetched"),
        (inside({"$ref": "#/$defs/none"}), "s.properties.a.items", "does not exist"),
        (inside({"type": "string", "pattern": "("}), "s.properties.a.items", "unclosed group"),
        (inside({"type": "string", "pattern": "a(?=b)"}), "s.properties.a.items", "look-ahead"),
        (inside({"oneOf": [{"type": "integer"}, {"type": "number"}]}), "s.properties.a.items", "anyOf"),
        (inside({"type": "integer", "minimum": 3, "maximum": 1}), None, ""),  # an empty list satisfies it
        ({"type": "object", "minProperties": 3}, "s.minProperties", "3"),
        ({"$schema": "https://example.com/draft"}, "s", "retriev"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "s", "nothing satisfies"),
        ({"const": {1, 2}}, "s", "not JSON"),
        ({"const": float("nan")}, "s", "not JSON"),
        ([], "s", "must be a JSON schema"),
        (False, "s", "must be a JSON schema"),
    ],
)
def test_what_cannot_be_promised_is_refused_by_the_name_of_the_part(
    schema: Any, place: str | None, says: str, compiler: GrammarCompiler
) -> None:
    if place is None:
        compiler.compile(json_schema_grammar(schema, "s"))
        return
    with pytest.raises(InvalidRequestError, match=re.escape(says)) as refused:
        compiler.compile(json_schema_grammar(schema, "s"))
    assert refused.value.field == place
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (nested(33), "s"),
        (nested(100_000), "s"),
        ({"anyOf": [{"type": "string", "title": "x"}] * 2000}, "s"),
        ({"type": "object", "properties": {f"p{i}": {} for i in range(501)}}, "s.properties"),
        ({"patternProperties": {f"^{i}[a-z]*$": {} for i in range(40)}}, "s.patternProperties"),
        ({"enum": [f"value {i}" for i in range(2001)]}, "s"),
        ({"const": "x" * 5000}, "s"),
        ({"required": ["y" * 70_000]}, "s"),
        ({"enum": ["z" * 4000 + str(i) for i in range(20)]}, "s"),
        ({"pattern": "((a{1,100}b?){1,100}c?){1,100}"}, "s.pattern"),
        ({"pattern": "a{5000}" * 3}, "s.pattern"),
        ({"pattern": "[(]" * 400}, "s.pattern"),
        ({"patternProperties": {"(a{500}){500}": {}}}, "s.patternProperties"),
        ({"allOf": [{"pattern": f".*a.{{{i}}}b.*"} for i in range(9)]}, "s.allOf"),
        ({"type": "integer", "multipleOf": 1_299_709}, "s"),
        ({"anyOf": [{"multipleOf": 997}, {"multipleOf": 99.1}]}, "s"),
        ({"type": "array", "minItems": 10**9}, "s.minItems"),
        ({"type": "string", "minLength": 10**6}, "s.minLength"),
    ],
)
def test_hostile_schemas_are_refused_before_anything_is_compiled(schema: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        json_schema_grammar(schema, "s")
    assert refused.value.field == place
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "multipleOf": 0.01},
        {"type": "integer", "multipleOf": 1_000_000},
        {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
        {"type": "string", "pattern": r"^[({\[{9999}]\{2,99999\}$"},
        {"description": "x" * 100_000},
        nested(20),
    ],
)
def test_ordinary_schemas_are_not_refused(schema: dict[str, Any], compiler: GrammarCompiler) -> None:
    compiler.compile(json_schema_grammar(schema))


@pytest.mark.parametrize(
    ("tools", "place"),
    [
        ([{}], "tools[0]"),
        ([{"type": "function", "function": {}}], "tools[0].function.name"),
        ([{"function": {"name": "n" * 200}}], "tools[0].function.name"),
        ([*TOOLS, TOOLS[0]], "tools[2].function.name"),
        ([{"function": {"name": "f", "parameters": {"if": {}}}}], "tools[0].function.parameters"),
        ([{"function": {"name": "f", "parameters": {"type": "string"}}}], "tools[0].function.parameters.type"),
        ([{"function": {"name": "f", "parameters": []}}], "tools[0].function.parameters"),
        ([{"function": {"name": f"f{i}"}} for i in range(129)], "tools"),
        ([{"function": {"name": f"f{i}", "parameters": {"enum": ["x" * 4000] * 9}}} for i in range(3)], "tools"),
    ],
)  # fmt: skip
def test_a_wrong_tool_is_named(tools: list[Any], place: str, compiler: GrammarCompiler, vocabulary: Tokenizer) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        compiler.compile(tool_grammar(tools, required=False, control_tokens=vocabulary.control_tokens))
    assert refused.value.field == place


def test_a_model_without_the_marks_calls_no_tools() -> None:
    with pytest.raises(InvalidRequestError, match="no <tool_call> token"):
        tool_grammar(TOOLS, required=False, control_tokens={})


def test_without_llguidance_the_error_names_it(
    vocabulary: Tokenizer, vocab_size: int, eos: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(UnsupportedError, match="llguidance"):
        GrammarCompiler(vocabulary, vocab_size, [eos]).compile(json_object_grammar())


def test_llguidance_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, qingmo.engine.grammar_compiler, qingmo.engine.grammar_tools; print('llguidance' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_a_grammar_that_takes_too_much_work_ends_the_answer_unfinished(
    compiler: GrammarCompiler, vocabulary: Tokenizer, vocab_size: int, eos: int
) -> None:
    pair = {"type": "array", "items": False, "minItems": 2}
    pairs = {f"d{i}": {**pair, "prefixItems": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(30)}
    schema = {"$defs": {**pairs, "d30": {"const": 1}}, "$ref": "#/$defs/d0"}
    walk = Walk(compiler.compile(json_schema_grammar(schema))(), vocab_size, eos, 0)
    assert walk.finish(most=100_000)
    assert not walk.constraint.is_complete


def test_a_grammar_that_was_followed_often_goes_on_as_at_first(
    compiler: GrammarCompiler, vocab_size: int, eos: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar_compiler, "MAX_STATES", 2000)  # what a few answers need
    begin = compiler.compile(json_schema_grammar({"type": "string", "pattern": "^(.{1,50},){3,50}$"}))
    for seed in range(100):
        walk = Walk(begin(), vocab_size, eos, seed)
        assert not walk.finish(most=60) or walk.constraint.is_complete
