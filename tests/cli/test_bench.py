"""`qingmo bench`: tables on standard output, and the files it was asked for."""

from __future__ import annotations

import json
from pathlib import Path

from driver import qingmo


def test_bench_measures_and_writes_every_form(toy_folder: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / f"report.{name}" for name in ("json", "markdown", "html")}
    flags = [part for name, file in files.items() for part in (f"--{name}", str(file))]
    done = qingmo("bench", "--quick", "--model-name-or-path", str(toy_folder), *flags)
    assert done.returncode == 0, done.stderr.decode()
    out = done.stdout.decode()
    for row in ("time to first token", "P99", "prefill, 512 tokens", "decode, 8 at once", "multiply-adds"):
        assert row in out
    assert b"Traceback" not in done.stderr
    assert len(json.loads(files["json"].read_text())["subjects"][0]["repeats"]) == 20
    assert files["markdown"].read_text().startswith("# ") and files["html"].read_text().startswith("<!doctype html>")


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(toy_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "not there" / "report.html"
    done = qingmo("bench", "--quick", "--model-name-or-path", str(toy_folder), "--html", str(file))
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"no folder {file.parent}".encode() in done.stderr


def test_a_model_to_compare_with_that_is_not_there_is_an_error(toy_folder: Path) -> None:
    done = qingmo("bench", "--model-name-or-path", str(toy_folder), "--compare", "no/such/folder")
    assert done.returncode == 1
    assert b"Error: There is no folder no/such/folder" in done.stderr and done.stdout == b""


def test_a_server_that_is_not_there_is_an_error(toy_folder: Path) -> None:
    done = qingmo("bench", "--model-name-or-path", str(toy_folder), "--against", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert b"Error: http://127.0.0.1:9 does not answer" in done.stderr
