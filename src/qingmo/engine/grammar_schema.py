"""JSON schemas as requests bring them, checked and put in the form in which llguidance keeps its promise.

Three things change, none of which lets an answer pass that the schema refuses: formats nobody knows are annotations,
as JSON Schema says; objects that list their properties get no others unless the schema speaks of them, as small models
would write on and on; and white space is that of Python's json.dumps, so that much of an answer is known beforehand.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from qingmo.engine.grammar_limits import (
    MAX_DEPTH,
    MAX_ENUM,
    MAX_SCHEMAS,
    check_counts,
    check_literals,
    check_multiples,
    check_pattern,
    check_size,
    refuse,
    significand,
)

Schema = dict[str, Any]
Parts = list[tuple[str, Schema]]
"""Every schema that is an object, and where it stands; what encloses comes before what it encloses."""

_ONE = (
    "additionalItems", "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
_LISTS = ("allOf", "anyOf", "items", "oneOf", "prefixItems")
_MAPS = ("$defs", "definitions", "dependentSchemas", "patternProperties", "properties")
_ANNOTATIONS = (
    "$comment", "default", "deprecated", "description", "example", "examples", "readOnly", "title", "writeOnly",
    "x-guidance",
)  # fmt: skip
_FORMATS = ("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid")
_COMBINERS = ("allOf", "dependentSchemas", "if", "not", "oneOf", "unevaluatedProperties")
_OF_OBJECTS = (
    "additionalProperties", "maxProperties", "minProperties", "patternProperties", "properties", "required",
)  # fmt: skip
_FORM = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    # Without \u: a name could be spelled in two ways, and pass for another property.
    "json_allowed_escapes": 'nrbtf\\"',
}


def prepare_schema(schema: object, field: str) -> Schema:
    """A copy for the grammar. Raises InvalidRequestError naming the part that is wrong or too large."""
    root = _copy(schema, field)
    parts = _collect(root, field)
    for place, part in parts:
        _tidy(part)
        _check(place, part)
        _check_reference(place, part)
        _check_min_properties(place, part)
    check_multiples([significand(part.get("multipleOf")) for _, part in parts], field)
    if sum(len(part["enum"]) for _, part in parts if isinstance(part.get("enum"), list)) > MAX_ENUM:
        raise refuse(f"has more than {MAX_ENUM} values in its enums.", field)
    if not any(_combines(part) for _, part in parts):
        for _, part in parts:
            _close(part)
    check_size(root, field)
    return {**root, "x-guidance": _FORM}


def parts_of(schema: Schema, field: str) -> Iterator[tuple[str, Schema | bool]]:
    """The schemas directly inside one, and where they stand."""
    for keyword in _ONE:
        if isinstance(schema.get(keyword), dict):
            yield f"{field}.{keyword}", schema[keyword]
    for keyword in _LISTS:
        if isinstance(schema.get(keyword), list):
            for index, member in enumerate(schema[keyword]):
                yield f"{field}.{keyword}[{index}]", member
    for keyword in _MAPS:
        if isinstance(schema.get(keyword), dict):
            for name, member in schema[keyword].items():
                yield f"{field}.{keyword}.{_short(name)}", member


def _copy(schema: object, field: str) -> Schema:
    if schema is True:
        return {}
    if not isinstance(schema, Mapping):
        raise refuse(f"is {reprlib.repr(schema)}; it must be a JSON schema, an object.", field)
    try:
        copy: Schema = json.loads(json.dumps(dict(schema), allow_nan=False))
    except RecursionError:
        raise _too_deep(field) from None
    except (TypeError, ValueError) as error:
        raise refuse(f"is not JSON: {error}.", field) from None
    return copy


def _collect(root: Schema, field: str) -> Parts:
    found: Parts = []
    level: Parts = [(field, root)]
    for _ in range(MAX_DEPTH):
        found += level
        level = [(at, part) for place, outer in level for at, part in parts_of(outer, place) if isinstance(part, dict)]
        if len(found) + len(level) > MAX_SCHEMAS:
            raise refuse(f"has more than {MAX_SCHEMAS} schemas inside it.", field)
        if not level:
            return found
    raise _too_deep(field)


def _tidy(part: Schema) -> None:
    for name in _ANNOTATIONS:
        part.pop(name, None)
    if part.get("format") not in _FORMATS:
        part.pop("format", None)
    if part.get("uniqueItems") is False:
        del part["uniqueItems"]


def _check(place: str, part: Schema) -> None:
    check_counts(part, place)
    check_literals(part, place)
    if "pattern" in part:
        check_pattern(part["pattern"], f"{place}.pattern")
    for pattern in _names(part.get("patternProperties")):
        check_pattern(pattern, f"{place}.patternProperties")


def _check_reference(place: str, part: Schema) -> None:
    reference = part.get("$ref", "#")
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise refuse(
            f"is {reprlib.repr(reference)}; it must begin with # and point into this schema. Nothing is fetched.",
            f"{place}.$ref",
        )
    if "$ref" in part:
        part["$ref"] = quote(reference, safe="#/%$&'()*+,;=:@!?~")  # pydantic writes names as they are


def _check_min_properties(place: str, part: Schema) -> None:
    """A name that the schema does not list may be written twice, and then counts once."""
    least = part.get("minProperties", 0)
    if isinstance(least, int) and least > len(_names(part.get("required"))) + 1 and _is_open(part):
        raise refuse(
            f"is {least}, but of properties whose names are open no more than one can be promised. List them as "
            "required, or use an array.",
            f"{place}.minProperties",
        )


def _is_open(part: Schema) -> bool:
    return part.get("additionalProperties", True) is not False or bool(part.get("patternProperties"))


def _combines(part: Schema) -> bool:
    """Whether a schema joins others, so that what one does not list another may."""
    joins = "$ref" in part or "anyOf" in part
    return any(name in part for name in _COMBINERS) or (joins and any(name in part for name in _OF_OBJECTS))


def _close(part: Schema) -> None:
    says_more = any(name in part for name in ("additionalProperties", "minProperties", "patternProperties"))
    if "properties" in part and not says_more and _names(part.get("required")) <= _names(part["properties"]):
        part["additionalProperties"] = False


def _names(value: object) -> set[str]:
    """The strings of a list, or of the keys of an object."""
    return {item for item in value if isinstance(item, str)} if isinstance(value, list | dict) else set()


def _too_deep(field: str) -> Exception:
    return refuse(f"is nested more than {MAX_DEPTH} schemas deep; flatten it.", field)


def _short(name: str) -> str:
    return name if len(name) <= 64 else f"{name[:61]}..."
