"""200 prompts that no training text holds, written by hand, each with a right answer and rules for every other."""

from __future__ import annotations

from demo.held_out.arithmetic import ARITHMETIC
from demo.held_out.case import Kind
from demo.held_out.flags import FLAGS
from demo.held_out.greenhouse import GREENHOUSE
from demo.held_out.greetings import GREETINGS
from demo.held_out.identity import IDENTITY
from demo.held_out.instructions import INSTRUCTIONS
from demo.held_out.memory import MEMORY
from demo.held_out.passages import PASSAGES
from demo.held_out.python_functions import PYTHON
from demo.held_out.tools import TOOLS
from demo.held_out.units import UNITS
from demo.held_out.verse import VERSE

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
