"""scripts/zig.py and the build that uses it: a machine without a C++ compiler gets PyPI's."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


@pytest.fixture(autouse=True)
def scripts_can_be_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import zig

    monkeypatch.setattr(zig, "REPOSITORY", tmp_path)


def add_program(folder: Path, name: str) -> None:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize("compiler", ["c++", "g++", "clang++"])
def test_a_compiler_in_the_path_is_enough(compiler: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import zig

    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert zig.is_needed()
    add_program(tmp_path, compiler)
    assert not zig.is_needed()


def test_one_that_is_named_is_enough_where_it_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import zig

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "my-compiler --flag")
    assert zig.is_needed()
    add_program(tmp_path, "my-compiler")
    assert not zig.is_needed()


def test_a_build_without_a_compiler_asks_for_zig_and_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import build_backend
    import zig

    monkeypatch.setenv("CMAKE_ARGS", "-DA=1")
    before = build_backend.get_requires_for_build_wheel()
    build_backend.choose_compiler()
    assert build_backend.os.environ["CMAKE_ARGS"] == "-DA=1" and zig.REQUIREMENT not in before

    monkeypatch.setattr(zig, "is_needed", lambda: True)
    assert zig.REQUIREMENT in build_backend.get_requires_for_build_wheel()
    build_backend.choose_compiler()
    first, compiler, *_ = shlex.split(build_backend.os.environ["CMAKE_ARGS"])
    assert first == "-DA=1" and compiler.startswith("-DCMAKE_CXX_COMPILER=")


def test_what_cmake_is_given_compiles_for_another_machine(tmp_path: Path) -> None:
    import zig

    arguments = shlex.split(zig.cmake_arguments("of-arm", "aarch64-linux-gnu.2.28", CMAKE_SYSTEM_NAME="Linux"))
    options = dict(argument.removeprefix("-D").split("=", 1) for argument in arguments)
    assert options["CMAKE_SYSTEM_NAME"] == "Linux"
    (tmp_path / "a.c").write_text("int a;")
    compiler = options["CMAKE_CXX_COMPILER"].replace("c++", "c++")
    subprocess.run([compiler, "-x", "c", "-c", "a.c", "-o", "a.o"], cwd=tmp_path, check=True)
    machine = (tmp_path / "a.o").read_bytes()[18:20]
    assert int.from_bytes(machine, "little") == 183, "EM_AARCH64 of the ELF header"
