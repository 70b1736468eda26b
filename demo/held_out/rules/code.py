"""Rules about Python functions: the code block is run with asserts, in a process of its own, for a limited time."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from textwrap import dedent

from demo.held_out.rules import Rule
from demo.held_out.rules.text import first_complaint, in_chinese, in_english

TIME_LIMIT = 5.0  # s; the functions asked for take milliseconds

_BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_IMPORT_RESOURCE = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
_LAST_LINE = "every assert held"


def runs(asserts: str, time_limit: float = TIME_LIMIT) -> Rule:
    """The answer's code block runs, and the asserts hold for one of its functions, which they call `f`."""

    def rule(answer: str) -> str | None:
        code = "\n".join(_BLOCK.findall(answer))
        try:
            names = [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
        except SyntaxError as error:
            return f"is no Python: {error}"
        if not names:
            return "has no code block with a function in it"
        complaints = [_run(f"{code}\nf = {name}\n{dedent(asserts)}", time_limit) for name in reversed(names)]
        return None if None in complaints else complaints[0]

    return rule


def explains_in_chinese(answer: str) -> str | None:
    """Beside the code stands a sentence."""
    return first_complaint(_beside_code(answer), [in_chinese, _is_a_sentence])


def explains_in_english(answer: str) -> str | None:
    """Beside the code stands a sentence."""
    return first_complaint(_beside_code(answer), [in_english, _is_a_sentence])


def _is_a_sentence(text: str) -> str | None:
    return None if len(re.findall(r"[A-Za-z]+|[\u3400-\u9fff]", text)) >= 5 else "does not explain the code"


def _beside_code(answer: str) -> str:
    return re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", answer))


def _run(program: str, time_limit: float) -> str | None:
    """What went wrong in a Python process that reads nothing and sees neither the environment nor installed packages.

    The last line is looked for, because a program that calls exit() would end well without its asserts.
    """
    program = f"{_IMPORT_RESOURCE}{program}\nprint({_LAST_LINE!r})\n"
    command = [sys.executable, "-I", "-S", "-c", program]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=time_limit, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {time_limit:g} s"
    if done.returncode == 0 and done.stdout.rstrip().endswith(_LAST_LINE):
        return None
    return "fails: " + (done.stderr.strip().splitlines() or ["it ended before its asserts"])[-1]
