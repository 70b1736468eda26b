"""Rules say what is wrong with an answer. Each takes the answer and returns a complaint, None where it is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Rule: TypeAlias = Callable[[str], "str | None"]
