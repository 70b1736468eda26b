"""The rule about a Python function: it is run with asserts, in a process of its own that can do no harm."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

TIME_LIMIT = 5.0  # s; the function takes milliseconds
MODULES = frozenset(["__future__", "collections", "functools", "itertools", "math", "operator", "typing"])
HARMLESS = frozenset(
    re.findall(
        r"\w+",
        "print sum range len list filter map int float isinstance abs all any bool dict divmod enumerate max min pow "
        "reversed round set sorted str tuple type zip Exception TypeError ValueError",
    )
)
DUNDERS = frozenset({"__name__"})

_BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_MEMORY_LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
_LAST_LINE = "every assert held"


def runs(asserts: str) -> Callable[[str], str | None]:
    """The answer's code runs, and the asserts hold for one of its functions, which they call `f`.

    Code that imports more than a few modules of arithmetic (numpy, os), calls other built-in functions than harmless
    ones, or reaches for names with two underscores is not run, and is wrong.
    """

    def rule(answer: str) -> str | None:
        code = "\n".join(_BLOCK.findall(answer))
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError) as error:
            return f"is no Python: {error}"
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        if not functions:
            return "has no code block with a function in it"
        if stranger := next(_strangers(tree), None):
            return f"uses {stranger}, which it need not"
        complaints = [_run(f"{code}\nf = {name}\n{asserts}") for name in reversed(functions)]
        return None if None in complaints else complaints[0]

    return rule


def _strangers(tree: ast.Module) -> Iterator[str]:
    """What the code uses that could do more than arithmetic."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name not in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module not in MODULES:
            yield node.module or "."
        elif isinstance(node, ast.Name) and hasattr(builtins, node.id) and node.id not in HARMLESS | DUNDERS:
            yield node.id
        elif isinstance(node, ast.Attribute) and node.attr.startswith("__"):
            yield node.attr


def _run(program: str) -> str | None:
    """What went wrong in a process that reads nothing and sees neither the environment nor installed packages.

    The last line is looked for, because a program that ends early would end well without its asserts.
    """
    command = [sys.executable, "-I", "-S", "-c", f"{_MEMORY_LIMIT}{program}\nprint({_LAST_LINE!r})\n"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        return f"did not end within {TIME_LIMIT:g} s"
    if done.returncode == 0 and done.stdout.decode(errors="replace").rstrip().endswith(_LAST_LINE):
        return None
    complaints = done.stderr.decode(errors="replace").strip().splitlines()
    return f"fails: {complaints[-1] if complaints else 'it ended before its asserts'}"
