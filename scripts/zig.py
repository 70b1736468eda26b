"""PyPI's Zig as the C++ compiler: of machines that have none, and for wheels of other machines."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
REQUIREMENT = "ziglang>=0.17"
COMPILERS = ("c++", "g++", "clang++")


def is_needed() -> bool:
    """Whether this machine has no C++ compiler of its own. scripts/setup.sh looks in the same places."""
    named = os.environ.get("CXX", "").split()[:1]
    return not any(shutil.which(compiler) for compiler in (*named, *COMPILERS))


def cmake_arguments(folder: str = "zig", target: str = "", **others: str) -> str:
    """A value of CMAKE_ARGS that has CMake use Zig, and set `others`, for one of Zig's targets or this machine.

    CMake takes programs alone, no commands: Zig's become programs in build/`folder`.
    """
    for_target = f"-target {target} " if target else ""
    options = {
        "CMAKE_CXX_COMPILER": _program(folder, "c++", f"{for_target}-mcpu=baseline"),  # or for this very CPU alone
        "CMAKE_AR": _program(folder, "ar"),
        "CMAKE_RANLIB": _program(folder, "ranlib"),
        **others,
    }
    return " ".join(f"'-D{name}={value}'" for name, value in options.items())


def _program(folder: str, command: str, options: str = "") -> str:
    found = importlib.util.find_spec("ziglang")
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"Zig is missing. Install it with: python -m pip install '{REQUIREMENT}'")
    zig = Path(found.submodule_search_locations[0]) / "zig"
    program = REPOSITORY / "build" / folder / command
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{zig}" {command} {options} "$@"\n')
    program.chmod(0o755)
    return str(program)
