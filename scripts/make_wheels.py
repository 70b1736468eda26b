#!/usr/bin/env python3
"""Makes wheels for x86-64 and aarch64 that need no compiler and no Node where they are installed.

    .venv/bin/python scripts/make_wheels.py [FOLDER]    into dist/ where none is given

Each is for this Python's version and glibc 2.28 (Debian 10, Raspberry Pi OS 11, RHEL 8) or newer. Zig compiles for both
machines: it brings their headers, libraries and glibc's symbols as they were in any version. For aarch64 it reads this
machine's Python headers, which on 64-bit Linux are the same ones. Needs what scripts/setup.sh installs, and
requirements/zig.txt.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import build_page
import zig

REPOSITORY = Path(__file__).resolve().parent.parent
MACHINES = ("x86_64", "aarch64")
GLIBC = (2, 28)


def main() -> None:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "dist").resolve()
    target.mkdir(parents=True, exist_ok=True)
    build_page.build()
    for machine in MACHINES:
        with tempfile.TemporaryDirectory() as folder:
            build(machine, Path(folder))
            (built,) = Path(folder).glob("*.whl")
            wheel = retag(built, target, f"manylinux_{GLIBC[0]}_{GLIBC[1]}_{machine}")
        check(wheel)
        print(f"{wheel} ({wheel.stat().st_size / 1e6:.1f} MB)")


def build(machine: str, folder: Path) -> None:
    """A wheel for `machine` in `folder`, tagged for the machine that made it."""
    suffix = f".cpython-{sys.version_info.major}{sys.version_info.minor}-{machine}-linux-gnu.so"
    cmake_arguments = zig.cmake_arguments(
        f"zig-{machine}",
        f"{machine}-linux-gnu.{GLIBC[0]}.{GLIBC[1]}",
        CMAKE_SYSTEM_NAME="Linux",
        CMAKE_SYSTEM_PROCESSOR=machine,
        CMAKE_MODULE_LINKER_FLAGS="-s",
        NB_SUFFIX=suffix,
    )
    subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pip",
                "wheel",
                "--quiet",
                "--no-build-isolation",
                "--no-deps",
                "--wheel-dir",
                folder,
            ),
            *(f"-Cbuild-dir=build/wheel-{machine}", "-Cinstall.strip=false", REPOSITORY),
        ],
        env=os.environ | {"CMAKE_ARGS": cmake_arguments},
        check=True,
    )


def retag(wheel: Path, folder: Path, platform: str) -> Path:
    """A copy of the wheel in `folder` for another platform: in its name, in WHEEL, and in RECORD's hash of that."""
    name, version, python, abi, _ = wheel.stem.split("-")
    copy = folder / f"{name}-{version}-{python}-{abi}-{platform}.whl"
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as target:
        files = {entry: source.read(entry) for entry in source.infolist()}
        (tags,) = (entry for entry in files if entry.filename.endswith(".dist-info/WHEEL"))
        (record,) = (entry for entry in files if entry.filename.endswith(".dist-info/RECORD"))
        files[tags] = re.sub(rb"(?m)^Tag: .*$", f"Tag: {python}-{abi}-{platform}".encode(), files[tags])
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[tags]).digest()).rstrip(b"=").decode()
        line = f"{tags.filename},sha256={digest},{len(files[tags])}"
        files[record] = re.sub(rf"(?m)^{re.escape(tags.filename)},.*$", line, files[record].decode()).encode()
        for entry, content in files.items():
            target.writestr(entry, content)
    return copy


def check(wheel: Path) -> None:
    """Exit unless the wheel is whole: its page, its demo model, and a core that asks for no newer library."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for needed in ("qingmo/server/page/index.html", "qingmo/model/demo/model.safetensors"):
            if needed not in names:
                sys.exit(f"{wheel} lacks {needed}.")
        (core,) = (name for name in names if re.fullmatch(r"qingmo/_native\..*\.so", name))
        content = archive.read(core)
    newest = max((int(a), int(b)) for a, b in re.findall(rb"GLIBC_(\d+)\.(\d+)", content))
    if newest > GLIBC or b"libstdc++.so" in content:
        sys.exit(f"{core} in {wheel} needs glibc {newest} or a library of its compiler, which not every system has.")


if __name__ == "__main__":
    main()
