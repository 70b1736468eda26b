"""JSON from a file that may be damaged: an object, or ValueError in words."""

from __future__ import annotations

import json
from typing import Any

LONGEST_NUMBER = 100  # digits; Python refuses thousands, in words of its own


def json_object(text: bytes) -> dict[str, Any]:
    """The JSON object that `text` spells. Raises ValueError, whose message goes after the file's name."""
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_int=_integer)
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON ({error.msg} at line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise ValueError("is nested too deeply to be read") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) == len(pairs):
        return values
    names = [name for name, _ in pairs]
    twice = next(name for name in names if names.count(name) > 1)
    raise ValueError(f"has {twice!r:.100} twice")


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"has a number of {len(digits)} digits")
    return int(digits)
