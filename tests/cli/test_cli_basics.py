"""Help, mistakes and exit statuses: what a person meets before any model is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest
from driver import qingmo

HEAVY = (
    "fastapi",
    "numpy",
    "pydantic",
    "uvicorn",
    "rich",
    "tokenizers",
    "minijinja",
    "huggingface_hub",
    "qingmo._native",
)


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from qingmo.cli import main; sys.argv = ['qingmo', '--help']\n"
        "try: main()\n"
        f"except SystemExit: print('heavy:', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for command in ("serve", "chat", "pull", "bench", "check", "info"):
        assert f"\n  {command} " in shown
    assert "heavy: []" in shown


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["chta"], "Did you mean 'chat'?"),
        (["chat", "--quantisation", "int8"], "Did you mean '--quantization'?"),
        (["chat", "--temprature", "1"], "Did you mean '--temperature'?"),
    ],
)
def test_a_misspelled_word_gets_the_nearest_one(arguments: list[str], nearest: str) -> None:
    done = qingmo(*arguments)
    assert done.returncode == 2
    assert nearest in done.stderr.decode()


def test_a_question_in_place_of_a_command_is_shown_how_to_ask_it() -> None:
    done = qingmo("What is Qingmo?")
    assert done.returncode == 2
    assert "qingmo chat --prompt" in done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--device", "cuda"], 1, "--device cuda: this version runs on the CPU only"),
        (["--num-gpu-layers", "4"], 1, "--num-gpu-layers 4"),
        (["--model-name-or-path", "a/model.gguf"], 1, "GGUF files are not read"),
        (["--quantization", "int3"], 2, "--quantization is 'int3'"),
        (["--dtype", "float32", "--quantization", "int8"], 2, "--dtype float32"),
        (["--threads", "0"], 2, "--threads is 0"),
        (["--temperature", "500"], 2, "temperature is 500.0; it must be a number from 0 to 100"),
        (["--top-p", "0"], 2, "top_p is 0.0"),
        (["--kv-cache-memory", "3X"], 2, "'3X' is not a size. Write for example 256M or 1G."),
        (["--max-new-tokens", "many"], 2, "'many' is not a valid integer"),
        (["--model-name-or-path", "/no/such/folder"], 1, "There is no folder /no/such/folder"),
        (["--prompt", "  "], 2, "There is no question in --prompt"),
    ],
)
def test_a_wrong_flag_is_refused_in_one_message(arguments: list[str], status: int, message: str) -> None:
    done = qingmo("chat", "--prompt", "hello", *arguments)
    assert (done.returncode, done.stdout) == (status, b"")
    text = done.stderr.decode()
    assert message in text and "Error: " in text
    assert "Traceback" not in text


def test_no_network_and_a_model_asked_for_by_name_says_how_to_get_it() -> None:
    done = qingmo("chat", "--prompt", "hello", "--model-name-or-path", "Qwen/Qwen2.5-0.5B-Instruct")
    assert done.returncode == 1
    assert "HF_ENDPOINT" in done.stderr.decode() and "qingmo pull" in done.stderr.decode()


def test_version() -> None:
    assert qingmo("--version").stdout.startswith(b"qingmo 0.")
