"""Looks at the machine while something is measured: how much memory each subject takes, and what the clock does."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType

import psutil  # type: ignore[import-untyped]

from qingmo.bench.conditions import Conditions, Counters

INTERVAL = 0.1  # seconds; a look takes well under a millisecond


class Watch:
    """Used in a with statement; `conditions` and `peak_memory` are there afterwards."""

    conditions: Conditions

    def __init__(self, processes: Mapping[str, int | None]) -> None:
        """processes: by what name they are asked for; None: not on this machine."""
        self._processes = {name: pid for name, pid in processes.items() if pid is not None}
        self._peaks = dict.fromkeys(self._processes, 0)
        self._clocks: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._before = Counters.now(self._processes.values())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        clock = (min(self._clocks), max(self._clocks)) if self._clocks else None
        self.conditions = Conditions.between(self._before, Counters.now(self._processes.values()), clock)

    def peak_memory(self, name: str) -> int | None:
        """Bytes that its process and that one's children held at most: resident, mapped weights included."""
        return self._peaks.get(name) or None

    def _look(self) -> None:
        while not self._over.wait(INTERVAL):
            for name, pid in self._processes.items():
                self._peaks[name] = max(self._peaks[name], memory(pid))
            if frequency := psutil.cpu_freq():
                self._clocks.append(frequency.current)


def memory(pid: int) -> int:
    """Bytes that a process and its children hold; 0 where it is gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(_resident(member) for member in family)


def listener(port: int) -> int | None:
    """The process that listens on a port of this machine; None where there is none, or it is another user's."""
    for process in psutil.process_iter():
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            return int(process.pid)
    return None


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
