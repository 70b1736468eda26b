"""Two hundred prompts that no training text holds, written by hand, each with rules that decide what is right."""

from __future__ import annotations

from held_out.arithmetic import ARITHMETIC
from held_out.case import Kind
from held_out.flags import FLAGS
from held_out.greenhouse import GREENHOUSE
from held_out.greetings import GREETINGS
from held_out.identity import IDENTITY
from held_out.instructions import INSTRUCTIONS
from held_out.memory import MEMORY
from held_out.passages import PASSAGES
from held_out.python_functions import PYTHON
from held_out.tools import TOOLS
from held_out.units import UNITS
from held_out.verse import VERSE

KINDS: tuple[Kind, ...] = (
    IDENTITY,
    GREETINGS,
    FLAGS,
    ARITHMETIC,
    UNITS,
    GREENHOUSE,
    VERSE,
    PYTHON,
    INSTRUCTIONS,
    MEMORY,
    PASSAGES,
    TOOLS,
)
