"""Reads patterns/*.txt: the wordings of questions and answers, kept apart from the code that puts values into them.

    # a comment
    $greet = [Hello|Hi]
    == a section
    en: $greet, [what is|what's] your name?

A section is a table of keys, each with one pattern or more. `$name` stands for what was defined at the top, \\n for a
new line, and `[|]` for nothing.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("patterns")

Section = dict[str, list[str]]


@cache
def read_patterns(name: str) -> dict[str, Section]:
    """The sections of patterns/`name`.txt in their order. Raises ValueError, naming the line, where it has no key."""
    definitions: dict[str, str] = {}
    sections: dict[str, Section] = {}
    for number, line in enumerate((FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("$"):
            key, _, text = line[1:].partition(" = ")
            definitions[key] = text
        elif line.startswith("== "):
            section = sections.setdefault(line[3:], {})
        elif line and not line.startswith("#"):
            key, colon, text = line.partition(": ")
            if not colon:
                raise ValueError(f"{name}.txt, line {number}: {line!r} has no key.")
            section.setdefault(key, []).append(_defined(text, definitions).replace("\\n", "\n"))
    return sections


def _defined(text: str, definitions: dict[str, str]) -> str:
    return re.sub(r"\$([a-z_]+)", lambda found: definitions[found[1]], text)
