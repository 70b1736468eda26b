"""The keyboard side of a chat: reading a line, and Ctrl-C that stops an answer and not the program."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click


class Interrupt:
    """Set once Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False


@contextmanager
def ctrl_c_stops_the_answer() -> Iterator[Interrupt]:
    """Within the block the first Ctrl-C only sets the flag, so that no step of the engine is torn in the middle.

    The second raises KeyboardInterrupt, for a machine so slow that a step takes longer than patience.
    """
    interrupt = Interrupt()

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        if interrupt.pressed:
            raise KeyboardInterrupt
        interrupt.pressed = True

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


class LineReader:
    """Reads what a person types, with editing and history where this Python has readline."""

    def __init__(self, prompt: str) -> None:
        self._prompt = _styled_prompt(prompt) if _load_readline() else prompt
        self._hinted = False

    def read(self) -> str | None:
        """A line; None when the person wants to leave: Ctrl-D, or Ctrl-C twice."""
        while True:
            try:
                line = input(self._prompt)
            except EOFError:
                click.echo()
                return None
            except KeyboardInterrupt:
                click.echo()
                if self._hinted:
                    return None
                self._hinted = True
                click.echo("Ctrl-C again, Ctrl-D or /exit leaves.", err=True)
                continue
            self._hinted = False
            return line


def _load_readline() -> bool:
    try:
        import readline  # noqa: F401  (importing it is what gives input() its editing)
    except ImportError:  # some Pythons are built without it; input() then works plainly
        return False
    return True


def _styled_prompt(text: str) -> str:
    """Bold; the \\x01 and \\x02 tell readline which bytes take no room on the line."""
    if not sys.stdout.isatty():
        return text
    return f"\x01\x1b[1m\x02{text}\x01\x1b[0m\x02"
