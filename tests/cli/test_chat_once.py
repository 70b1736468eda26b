"""`qingmo chat --prompt`: the answer alone on standard output, everything else on standard error."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from driver import COMMAND, qingmo

from qingmo import LLM, SamplingParams


@pytest.fixture(scope="module")
def expected(toy_folder: Path) -> bytes:
    """The answer the library gives to the same question."""
    with LLM(str(toy_folder)) as llm:
        messages = [{"role": "user", "content": "你好，你是谁？"}]
        return (llm.chat(messages, SamplingParams(temperature=0, max_tokens=12))[0].text + "\n").encode()


@pytest.fixture(scope="module")
def flags(toy_folder: Path) -> list[str]:
    return ["--model-name-or-path", str(toy_folder), "--temperature", "0", "--max-new-tokens", "12"]


def test_only_the_answer_is_on_standard_output(flags: list[str], expected: bytes, tmp_path: Path) -> None:
    first = qingmo("chat", *flags, "--prompt", "你好，你是谁？", QINGMO_CACHE=str(tmp_path))
    assert (first.returncode, first.stdout) == (0, expected)
    assert b"Packing weights" in first.stderr
    second = qingmo("chat", *flags, "--prompt", "你好，你是谁？", QINGMO_CACHE=str(tmp_path))
    assert (second.returncode, second.stdout, second.stderr) == (0, expected, b"")


@pytest.mark.parametrize("arguments", [["--prompt", "-"], []])
def test_the_question_may_come_from_standard_input(flags: list[str], expected: bytes, arguments: list[str]) -> None:
    done = qingmo("chat", *flags, *arguments, stdin="你好，你是谁？".encode())
    assert (done.returncode, done.stdout) == (0, expected)


def test_empty_and_foreign_standard_input_is_refused(flags: list[str]) -> None:
    assert b"no question in standard input" in qingmo("chat", *flags, stdin=b"\n").stderr
    assert b"not UTF-8 text" in qingmo("chat", *flags, stdin="你好".encode("gb18030")).stderr


def test_a_system_message_changes_the_answer(flags: list[str], expected: bytes) -> None:
    done = qingmo("chat", *flags, "--system", "Return number one.", "--prompt", "你好，你是谁？")
    assert done.returncode == 0 and done.stdout != expected


def test_a_warning_goes_to_standard_error(flags: list[str]) -> None:
    done = qingmo("chat", *flags, "--rope-theta", "10000", "--prompt", "hello")
    assert done.returncode == 0
    assert done.stderr.startswith(b"Warning: --rope-theta 10000")


def test_a_prompt_that_is_too_long_names_both_lengths(flags: list[str]) -> None:
    done = qingmo("chat", *flags, "--max-model-len", "30", "--prompt", "hello " * 40)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--max-model-len is 30" in done.stderr


def test_a_terminal_that_cannot_show_a_character_gets_a_question_mark(flags: list[str], expected: bytes) -> None:
    done = qingmo("chat", *flags, "--prompt", "你好，你是谁？", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert done.stdout == expected.decode().encode("latin-1", errors="replace") != expected


def test_a_reader_that_goes_away_causes_no_traceback(flags: list[str]) -> None:
    pipe = subprocess.PIPE
    command = [*COMMAND, "chat", *flags, "--max-new-tokens", "1000", "--prompt", "hello"]
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe)
    assert process.stdout and process.stderr
    process.stdout.read(1)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert b"Traceback" not in errors and b"BrokenPipe" not in errors
