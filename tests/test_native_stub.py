"""The committed types of the compiled core are those of the core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qingmo import _native

STUB = Path(__file__).parent.parent / "src" / "qingmo" / "_native.pyi"


def test_the_stub_is_what_nanobind_makes_of_the_core(tmp_path: Path) -> None:
    made = tmp_path / "_native.pyi"
    subprocess.run([sys.executable, "-m", "nanobind.stubgen", "-q", "-m", _native.__name__, "-o", made], check=True)
    assert STUB.read_text() == made.read_text(), "native/bindings.cpp has changed: run scripts/make_stub.sh"
