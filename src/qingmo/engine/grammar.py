"""What an answer must look like, as plain data. Made here from schemas and patterns, see grammar_tools.py for tools;
what becomes of it is in grammar_compiler.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from qingmo.engine.grammar_limits import check_pattern
from qingmo.engine.grammar_schema import prepare_schema


@dataclass(frozen=True, slots=True)
class JsonPart:
    """A schema inside a grammar, checked and prepared, and the field of the request that it came from."""

    schema: str
    field: str


@dataclass(frozen=True, slots=True)
class Grammar:
    """Rules for an answer. Plain data: it can be compared, hashed and pickled.

    trigger: the control token at which the rules begin to hold; everything before it is free, and an answer may end
    without it. None: they hold from the beginning.
    """

    rules: tuple[str | JsonPart, ...]  # joined, llguidance's dialect of Lark; a schema stands where its value does
    field: str  # of the request, for errors
    trigger: int | None = None

    @property
    def schemas(self) -> Iterator[JsonPart]:
        return (rule for rule in self.rules if isinstance(rule, JsonPart))

    @property
    def source(self) -> str:
        return "".join(rule if isinstance(rule, str) else f"%json {rule.schema}" for rule in self.rules)


def json_schema_grammar(schema: object, field: str = "schema") -> Grammar:
    """A JSON value that satisfies a schema, written as Python's json.dumps writes it: one line, ", " and ": ".

    Raises InvalidRequestError naming the part that is wrong, too large, or cannot be promised.
    """
    return Grammar(("start: ", json_part(schema, field)), field)


def json_object_grammar(field: str = "response_format") -> Grammar:
    """Any JSON object."""
    return json_schema_grammar({"type": "object"}, field)


def regex_grammar(pattern: object, field: str = "regex") -> Grammar:
    """A text that matches a regular expression from beginning to end, in the syntax of Rust's regex crate without
    look-around. Raises InvalidRequestError."""
    return Grammar(("start: /", _in_slashes(check_pattern(pattern, field)), "/"), field)


def json_part(schema: object, field: str) -> JsonPart:
    """The schema of a value inside larger rules. Raises InvalidRequestError."""
    return JsonPart(json.dumps(prepare_schema(schema, field), ensure_ascii=False), field)


def literal(text: str) -> str:
    """A text as the rules of a grammar quote it."""
    return json.dumps(text, ensure_ascii=False)


def _in_slashes(pattern: str) -> str:
    """A pattern as Lark writes it between slashes; what is escaped stays as it is."""
    pieces = []
    escaped = False
    for character in pattern:
        pieces.append("\\/" if character == "/" and not escaped else "\\n" if character == "\n" else character)
        escaped = character == "\\" and not escaped
    return "".join(pieces)
