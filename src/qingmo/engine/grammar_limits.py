"""Bounds on schemas and patterns, so that none takes long to compile or to follow. Each refusal names the part."""

from __future__ import annotations

import json
import re
import reprlib
from math import lcm
from typing import Any

from qingmo.errors import InvalidRequestError

MAX_BYTES = 64 << 10
"""Of a schema without titles and descriptions. Compiling takes up to 1 ms a KiB, following forced text 6 us a byte."""
MAX_DEPTH = 32
"""Of schemas inside schemas. Those of real tools stay below 10."""
MAX_SCHEMAS = 1000
"""Inside one schema."""
MAX_PROPERTIES = 500
"""Of one object; compiling grows with the square: 500 optional ones take 60 ms."""
MAX_PATTERN_PROPERTIES = 32
"""Of one object; each pair of their patterns is intersected."""
MAX_ENUM = 2000
"""Values in all enums together."""
MAX_ALL_OF = 8
"""Members of one allOf: each pair of patterns is intersected."""
MAX_LITERAL = 4096
"""Characters of a name or a constant."""
MAX_PATTERN = 1024
"""Characters of a regular expression as written."""
MAX_EXPANDED_PATTERN = 10_000
"""The same with counted repetitions written out. Following a forced text of a{100}{100} takes 25 ms at once."""
MAX_MULTIPLE = 10_000
"""Least common multiple of what multipleOf asks for, without its zeros: the automaton has as many states. 20 ms."""
LONGEST = 32_768
"""What minLength and its like may ask for; no answer is longer."""

_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<least>\d+)(?:,(?P<most>\d*))?\}|.", re.DOTALL)


def refuse(message: str, field: str) -> InvalidRequestError:
    """The error for a part of a schema; `field` names it and begins the message."""
    return InvalidRequestError(f"{field} {message}", field=field)


def check_pattern(pattern: object, field: str) -> str:
    """The pattern, where it is short enough. Whether it is well formed is seen when it is compiled."""
    if not isinstance(pattern, str):
        raise refuse(f"is {reprlib.repr(pattern)}; it must be a regular expression as a string.", field)
    if len(pattern) > MAX_PATTERN:
        raise refuse(f"has {len(pattern)} characters; a pattern may have {MAX_PATTERN} at most.", field)
    if _expanded_length(pattern) > MAX_EXPANDED_PATTERN:
        raise refuse(
            f"stands for more than {MAX_EXPANDED_PATTERN} characters when its repetitions, such as {{2,5}}, are "
            "written out. Lower the counts, or repeat without bound (*).",
            field,
        )
    return pattern


def check_size(schema: dict[str, Any] | bool, field: str) -> None:
    """Bounds on a schema as a whole."""
    size = len(json.dumps(schema, ensure_ascii=False).encode())
    if size > MAX_BYTES:
        raise refuse(f"has {size} bytes without its descriptions; {MAX_BYTES} is the most.", field)


def check_counts(schema: dict[str, Any], field: str) -> None:
    """Bounds on what a schema says itself, without the schemas inside it."""
    most = {"properties": MAX_PROPERTIES, "patternProperties": MAX_PATTERN_PROPERTIES, "allOf": MAX_ALL_OF}
    for keyword, count in most.items():
        inside = schema.get(keyword)
        if isinstance(inside, list | dict) and len(inside) > count:
            raise refuse(f"has {len(inside)} entries; {count} is the most.", f"{field}.{keyword}")
    for keyword in ("minLength", "minItems", "minProperties"):
        least = schema.get(keyword)
        if isinstance(least, int | float) and least > LONGEST:
            raise refuse(f"is {least}, more than an answer can hold; {LONGEST} is the most.", f"{field}.{keyword}")


def check_literals(schema: dict[str, Any], field: str) -> None:
    """Bounds on the names and constants of a schema."""
    texts = [*_strings(schema.get("const")), *_strings(schema.get("enum")), *_strings(schema.get("required"))]
    texts += [key for keyword in ("properties", "patternProperties") for key in _keys(schema.get(keyword))]
    longest = max(map(len, texts), default=0)
    if longest > MAX_LITERAL:
        raise refuse(f"has a name or constant of {longest} characters; {MAX_LITERAL} is the most.", field)


def significand(value: object) -> int:
    """What is left of a multipleOf without its decimal point and zeros: 0.25 -> 25, 300 -> 3; 1 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return 1
    digits = f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return int(digits.replace(".", "").strip("0") or 1)


def check_multiples(significands: list[int], field: str) -> None:
    """Bounds on all multipleOf of a schema together: each may meet the others in one number."""
    if lcm(*significands) > MAX_MULTIPLE:
        raise refuse(
            f"has multipleOf with a least common multiple above {MAX_MULTIPLE}, not counting zeros. Use rounder ones.",
            field,
        )


def _expanded_length(pattern: str) -> int:
    sums = [0]  # of the group at hand and those around it
    atom = 0  # the latest one
    for piece in _PIECE.finditer(pattern):
        if piece["least"] is not None:
            count = max(int(piece["least"]), int(piece["most"] or 1), 1)
            sums[-1] += atom * (count - 1)
            atom *= count
        elif piece[0] == "(":
            sums.append(0)
        elif piece[0] == ")" and len(sums) > 1:
            atom = sums.pop()
            sums[-1] += atom
        else:
            atom = 1
            sums[-1] += 1
    return sum(sums)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [*value, *(text for item in value.values() for text in _strings(item))]
    return [text for item in value for text in _strings(item)] if isinstance(value, list) else []


def _keys(value: object) -> list[str]:
    return list(value) if isinstance(value, dict) else []
