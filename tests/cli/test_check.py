"""`qingmo check`: verdicts on standard output, and an exit status."""

from __future__ import annotations

from pathlib import Path

from driver import qingmo


def test_a_model_that_knows_nothing_is_wrong_and_the_exit_status_says_so(toy_folder: Path) -> None:
    done = qingmo("check", "--model-name-or-path", str(toy_folder), "--max-model-len", "256")
    out = done.stdout.decode()
    assert done.returncode == 1, done.stderr.decode()
    assert "the weights    right" in out, "random weights are whole all the same"
    for name in ("who are you", "a verse", "a function"):
        assert f"{name:<14} WRONG" in out
    assert out.endswith("3 of 4 wrong.\n")
