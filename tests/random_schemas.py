"""Seeded JSON schemas of every kind that programs ask for. All can be satisfied, most of them within 100 tokens."""

from __future__ import annotations

from random import Random
from typing import Any

Schema = dict[str, Any]

NAMES = (
    "name",
    "age",
    "城市",
    "天气",
    "a b",
    'quo"te',
    "back\\slash",
    "é",
    "line\nbreak",
    "id",
    "价格",
    "x",
    "tags",
    "😀",
)
WORDS = ("red", "北京", "上海", "", "a", "yes or no", 'say "hi"', "\t", "中文 and English", "\\d", "null")
PATTERNS = (
    r"^[A-Z][a-z]{1,8}$", r"^\d{3}-\d{4}$", r"^(foo|bar)+$", r"^[一-龥]{2,4}$", r"^#[0-9a-f]{6}$", r"^v\d+\.\d+$",
    r"^.{0,5}$", r"^\w+@\w+\.(com|cn)$",
)  # fmt: skip
FORMATS = ("date", "time", "date-time", "duration", "email", "ipv4", "uuid", "int32", "no such format")


def random_schema(seed: int, depth: int = 3) -> Schema:
    """Equal seeds give equal schemas."""
    rng = Random(seed)
    if rng.random() < 0.1:
        return _recursive(rng)
    root = _any(rng, depth)
    if rng.random() < 0.2:
        return {
            "$defs": {"部分": root},
            "type": "object",
            "properties": {"it": {"$ref": "#/$defs/部分"}},
            "required": ["it"],
        }
    return root


def _any(rng: Random, depth: int) -> Schema:
    simple = [_string, _integer, _number, _enum, _constant, _union]
    return rng.choice(simple if depth == 0 else [*simple, _object, _object, _object, _array, _either])(rng, depth)


def _string(rng: Random, depth: int) -> Schema:
    kind = rng.randrange(3)
    if kind == 0:
        return {"type": "string", "pattern": rng.choice(PATTERNS)}
    if kind == 1:
        return {"type": "string", "format": rng.choice(FORMATS), "maxLength": 40}
    least = rng.randrange(3)
    return {"type": "string", "minLength": least, "maxLength": least + rng.randrange(10)}


def _integer(rng: Random, depth: int) -> Schema:
    low = rng.randrange(-1000, 1000)
    bounds = {"minimum": low, "maximum": low + rng.randrange(5000)}
    if rng.random() < 0.3:
        step = rng.choice((2, 5, 7, 10, 100))
        return {"type": "integer", "multipleOf": step, "minimum": low, "exclusiveMaximum": low + 20 * step}
    return {"type": "integer", **bounds}


def _number(rng: Random, depth: int) -> Schema:
    low = round(rng.uniform(-100, 100), 2)
    if rng.random() < 0.3:
        return {"type": "number", "multipleOf": rng.choice((0.5, 0.01, 0.25)), "minimum": 0, "maximum": 1000}
    return {"type": "number", "exclusiveMinimum": low, "maximum": low + 1 + rng.randrange(100)}


def _enum(rng: Random, depth: int) -> Schema:
    values: list[Any] = [*rng.sample(WORDS, rng.randrange(1, 6)), rng.randrange(100), None, {"k": [1, "二"]}]
    return {"enum": rng.sample(values, rng.randrange(1, len(values)))}


def _constant(rng: Random, depth: int) -> Schema:
    return {"const": rng.choice([True, None, 1.5, -3, "定数", {"a": [], "b": {}}, [1, 2, "三"], 'q"\\'])}


def _union(rng: Random, depth: int) -> Schema:
    return {"type": rng.sample(["null", "boolean", "integer"], 2), "minimum": 0, "maximum": 9}


def _either(rng: Random, depth: int) -> Schema:
    return {"anyOf": [_any(rng, depth - 1) for _ in range(rng.randrange(2, 4))]}


def _array(rng: Random, depth: int) -> Schema:
    least = rng.randrange(3)
    most = least + rng.randrange(3)
    if rng.random() < 0.3:
        return {
            "type": "array", "prefixItems": [_any(rng, depth - 1) for _ in range(2)], "items": False, "minItems": 2
        }  # fmt: skip
    return {"type": "array", "items": _any(rng, depth - 1), "minItems": least, "maxItems": most}


def _object(rng: Random, depth: int) -> Schema:
    names = rng.sample(NAMES, rng.randrange(1, 5))
    required = rng.sample(names, rng.randrange(len(names) + 1))
    made: Schema = {"type": "object", "properties": {n: _any(rng, depth - 1) for n in names}, "required": required}
    kind = rng.randrange(4)
    if kind == 0:
        made["additionalProperties"] = False
    if kind == 1:
        made |= {"additionalProperties": _any(rng, 0), "maxProperties": len(names) + 1, "required": names}
    return made


def _recursive(rng: Random) -> Schema:
    node: Schema = {
        "type": "object",
        "properties": {"值": _any(rng, 0), "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        "required": ["值", "next"],
    }
    return {"$defs": {"node": node}, "$ref": "#/$defs/node"}
