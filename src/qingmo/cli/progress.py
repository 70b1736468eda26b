"""Shows long steps on standard error: a bar on a terminal, a line now and then elsewhere.

Costs nothing until a step reports: rich is imported then.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

Report = Callable[[str, int, int], None]
"""Called with (what is being done, bytes done, bytes in all), as often as the step likes."""


SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def show_progress() -> Iterator[Report]:
    """Gives the function to report to; what it drew is finished when the block ends, however it ends."""
    bar = _Bar() if sys.stderr.isatty() else None
    try:
        yield bar.report if bar else _Lines().report
    finally:
        if bar:
            bar.close()


class _Bar:
    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def report(self, label: str, done: int, total: int) -> None:
        if self._progress is None:
            self._progress = self._start()
        if label not in self._tasks:
            self._tasks[label] = self._progress.add_task(label, total=total, completed=done)
        self._progress.update(self._tasks[label], completed=done, total=total)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    @staticmethod
    def _start() -> Progress:
        from rich import progress as p
        from rich.console import Console

        columns = (
            p.TextColumn("{task.description}"),
            p.BarColumn(),
            p.DownloadColumn(),
            p.TransferSpeedColumn(),
            p.TimeRemainingColumn(compact=True),
        )
        bar = p.Progress(*columns, console=Console(stderr=True))
        bar.start()
        return bar


class _Lines:
    """For a log: a line when a step ends, and one every few seconds before."""

    def __init__(self) -> None:
        self._shown_at: dict[str, float] = {}  # label -> when it was shown last

    def report(self, label: str, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self._shown_at.setdefault(label, now) < SECONDS_BETWEEN_LINES:
            return
        self._shown_at[label] = now
        share = f" ({100 * done // total} %)" if total else ""
        click.echo(f"{label}: {size_text(done)}{share}", err=True)


def size_text(size: int) -> str:
    """A number of bytes as people write it: 988 MB, 1.5 GB (powers of 1000, as disks are sold)."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}" if size < 10 * scale else f"{size / scale:.0f} {unit}"
    return f"{size} bytes"
