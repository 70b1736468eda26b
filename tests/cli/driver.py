"""Runs the real command: as a plain process, and on a pseudo-terminal with a keyboard."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMAND = [sys.executable, "-m", "qingmo"]
PATIENCE = 60.0  # s until a test gives up


def qingmo(*arguments: str, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run to the end; both outputs as bytes."""
    environment = {**os.environ, **variables}
    command = [*COMMAND, *arguments]
    return subprocess.run(command, input=stdin, env=environment, capture_output=True, timeout=PATIENCE, check=False)


class Terminal:
    """The other end of the pseudo-terminal."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self._screen = screen
        self._unread = b""

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def press_ctrl(self, letter: str) -> None:
        os.write(self._screen, bytes([ord(letter.upper()) - ord("@")]))

    def wait_for(self, text: str) -> str:
        """What was shown up to and with `text`, which must come."""
        wanted = text.encode()
        deadline = time.monotonic() + PATIENCE
        while wanted not in self._unread:
            assert time.monotonic() < deadline, f"{text!r} did not come; shown: {self._unread.decode(errors='replace')}"
            self._read_some(text)
        shown, _, self._unread = self._unread.partition(wanted)
        return (shown + wanted).decode(errors="replace")

    def wait_until_it_reads(self) -> None:
        """Return when the program sleeps, waiting for a key. A signal just before that is lost to input()."""
        state = Path(f"/proc/{self.process.pid}/stat")
        asleep = 0  # looks in a row: on a busy machine it may sleep for a moment on its way there
        while asleep < 10:
            asleep = asleep + 1 if state.read_text().rpartition(")")[2].split()[0] == "S" else 0
            time.sleep(0.005)

    def wait_for_anything(self) -> None:
        """Return when something is shown that was not there before."""
        before = len(self._unread)
        while len(self._unread) == before:
            self._read_some("anything")

    def exit_status(self) -> int:
        return self.process.wait(PATIENCE)

    def _read_some(self, wanted: str) -> None:
        if select.select([self._screen], [], [], 0.5)[0]:
            self._unread += os.read(self._screen, 65536)
        elif self.process.poll() is not None:
            shown = self._unread.decode(errors="replace")
            raise AssertionError(f"{wanted!r} did not come before the end; shown: {shown}")


def _heed_ctrl_c() -> None:
    """Tests that a shell runs in the background inherit its deafness to Ctrl-C; a person's terminal has none."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def terminal(*arguments: str) -> Iterator[Terminal]:
    """The command with a terminal of its own as keyboard, screen and source of Ctrl-C."""
    screen, keyboard = os.openpty()
    # A session leader without a terminal gets the first one it opens: so Ctrl-C reaches the program.
    shell = ["sh", "-c", 'tty=$1; shift; exec "$@" <"$tty" >"$tty" 2>&1', "sh", os.ttyname(keyboard)]
    environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
    process = subprocess.Popen(
        [*shell, *COMMAND, *arguments], env=environment, start_new_session=True, preexec_fn=_heed_ctrl_c
    )
    try:
        yield Terminal(process, screen)
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)  # not before: reading the screen fails while nobody has the other end open
        os.close(screen)
