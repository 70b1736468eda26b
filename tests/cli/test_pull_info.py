"""`qingmo pull` and `qingmo info`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from driver import qingmo


def test_pull_packs_and_says_where_everything_is(toy_folder: Path, tmp_path: Path) -> None:
    done = qingmo("pull", str(toy_folder), QINGMO_CACHE=str(tmp_path))
    assert done.returncode == 0, done.stderr.decode()
    [packed] = (tmp_path / "packed").glob("*.qingmo")
    assert len([*(tmp_path / "tokenizers").glob("*.table")]) == 1
    out = done.stdout.decode()
    assert str(toy_folder) in out and str(packed) in out
    assert f"qingmo chat --model-name-or-path {toy_folder}" in out
    assert qingmo("pull", str(toy_folder), QINGMO_CACHE=str(tmp_path)).stderr == b"", "the second time there is no work"


def test_pull_of_what_is_nowhere_fails_with_one_message() -> None:
    done = qingmo("pull", "nobody/nothing")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: nobody/nothing")


def test_info_without_a_model_says_how_to_get_it() -> None:
    done = qingmo("info")
    assert done.returncode == 0
    assert "qingmo pull Qwen/Qwen2.5-0.5B-Instruct" in done.stdout.decode()


def test_info_shows_machine_model_memory_and_sampling(toy_folder: Path) -> None:
    out = qingmo("info", "--model-name-or-path", str(toy_folder)).stdout.decode()
    for fact in ("instruction set", "threads", "2 layers", "KV cache", "memory in all", "temperature 0.7", "top_k 20"):
        assert fact in out
    assert "repetition_penalty 1.1" in out, "from the checkpoint's generation_config.json"


def test_info_for_programs_follows_the_flags(toy_folder: Path) -> None:
    flags = ("--model-name-or-path", str(toy_folder), "--threads", "1", "--kv-cache-memory", "4M", "--dtype", "float32")
    facts = json.loads(qingmo("info", "--json", *flags).stdout)
    assert facts["threads"] == 1
    assert facts["quantization"] == "none"
    model = facts["model"]
    assert 3 * 2**20 < model["kv_cache_memory"] <= 4 * 2**20
    assert model["weights_memory"] == pytest.approx(4 * model["parameters"], rel=0.05)
    assert model["total_memory"] > model["weights_memory"] + model["kv_cache_memory"]


def test_info_shows_int4_and_how_much_smaller_it_is(toy_folder: Path) -> None:
    def facts(quantization: str) -> dict:
        flags = ("--model-name-or-path", str(toy_folder), "--quantization", quantization)
        return json.loads(qingmo("info", "--json", *flags).stdout)

    assert facts("int4")["quantization"] == "int4"
    assert facts("int4")["model"]["weights_memory"] < 0.8 * facts("int8")["model"]["weights_memory"]
    assert b"int4" in qingmo("info", "--model-name-or-path", str(toy_folder), "--quantization", "int4").stdout


def test_info_names_what_is_wrong_with_a_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    done = qingmo("info", "--model-name-or-path", str(tmp_path))
    assert done.returncode == 1
    assert b"config.json" in done.stderr and b"Traceback" not in done.stderr
