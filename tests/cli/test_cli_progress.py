"""Long steps on standard error: silent until something happens, plain lines where there is no terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qingmo.cli.progress import show_progress, size_text


def test_in_a_log_each_step_ends_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as report:
        for done in range(0, 1001, 10):
            report("model.safetensors", done * 1000, 1_000_000)
        report("Packing weights", 5, 5)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "model.safetensors: 1.0 MB (100 %)\nPacking weights: 5 bytes (100 %)\n"


def test_a_step_of_unknown_length_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as report:
        report("Waiting", 0, 0)
    assert capsys.readouterr().err == "Waiting: 0 bytes\n"


def test_a_start_without_long_steps_does_not_import_rich() -> None:
    code = (
        "import sys; sys.stderr.isatty = lambda: True\n"
        "from qingmo.cli.progress import show_progress\n"
        "with show_progress() as report: pass\n"
        "assert 'rich' not in sys.modules\n"
        "with show_progress() as report: report('step', 1, 2)\n"
        "assert 'rich' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (1500, "1.5 kB"), (988_097_824, "988 MB"), (1_540_000_000, "1.5 GB")]
)
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    assert size_text(size) == text
