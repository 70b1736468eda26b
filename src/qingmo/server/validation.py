"""Says what is wrong with a request's fields: which one, which value, what is allowed, and the nearest known name."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from qingmo.server.errors import ApiError

_OTHER_NAMES = {
    "max_length": "max_tokens",
    "n_predict": "max_tokens",
    "num_predict": "max_tokens",
    "repeat_penalty": "repetition_penalty",
    "stop_sequences": "stop",
}
"""What some other engines call it, where spelling alone would not tell."""


def field_error(errors: Sequence[Mapping[str, Any]], body: type[BaseModel] | None) -> ApiError:
    """A 400 about the first of pydantic's errors. body: the model that was to be read, where that is known."""
    error = _most_telling(errors)
    path = error["loc"][1:]  # the first says that it is the body
    if error["type"] == "extra_forbidden":
        return _unknown_field(str(path[-1]), _model_at(body, path[:-1]))
    field = _spell(path)
    if error["type"] == "missing":
        return ApiError(400, _missing(field), param=field or None, code="missing_field")
    what = f"{field} is" if field else "The body is"
    message = f"{what} {reprlib.repr(error['input'])}; {_wanted(error)}."
    return ApiError(400, message, param=field or None, code="invalid_value")


def _most_telling(errors: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Each of several types that a field may have complains; the one that was meant got deepest, or past its type."""
    first = errors[0]
    field = first["loc"][:2]
    rivals = [error for error in errors if error["loc"][:2] == field]
    return max(rivals, key=lambda e: (len(_spell(e["loc"])), not e["type"].endswith("_type")))


def _unknown_field(name: str, body: type[BaseModel] | None) -> ApiError:
    known = list(body.model_fields) if body is not None else []
    near = [_OTHER_NAMES[name]] if name in _OTHER_NAMES else get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else "Leave it out."
    return ApiError(400, f"There is no field {reprlib.repr(name)}. {hint}", param=name[:64], code="unknown_field")


def _model_at(body: type[BaseModel] | None, path: Sequence[Any]) -> type[BaseModel] | None:
    """The model that stands at a path of field names; None where there is none."""
    for name in path:
        annotation = body.model_fields[name].annotation if body and name in body.model_fields else None
        options = getattr(annotation, "__args__", (annotation,))
        body = next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)
    return body


def _missing(field: str) -> str:
    return f"The field {field} is missing." if field else "The request has no body; send a JSON object."


def _spell(path: Sequence[Any]) -> str:
    """["messages", 0, "role"] -> messages[0].role. Names that pydantic gives to the members of a union are left out."""
    spelled = ""
    for part in path:
        if isinstance(part, int):
            spelled += f"[{part}]"
        elif part.isidentifier() and part not in ("str", "int", "float", "bool"):
            spelled += f".{part}" if spelled else part
    return spelled


def _wanted(error: Mapping[str, Any]) -> str:
    """Pydantic's "Input should ..." as the second half of a sentence."""
    if error["type"] in ("model_attributes_type", "model_type", "dict_type"):
        return "it must be a JSON object"
    message = str(error["msg"])
    return re.sub(r"^(Input|String|List|Dictionary) should ", "it must ", message)
