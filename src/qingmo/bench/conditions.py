"""What disturbed a run: time the hypervisor or other programs took, throttling, a clock that changed."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil  # type: ignore[import-untyped]

Number = TypeVar("Number", int, float)

BUSY = ("user", "nice", "system", "irq", "softirq")  # on Linux no other kind holds the time of nice programs
CPUS = Path("/sys/devices/system/cpu")
CGROUP_CPU = Path("/sys/fs/cgroup/cpu.stat")  # of the container; version 2


@dataclass(frozen=True, slots=True)
class Counters:
    """Everything counts up, in seconds where it is a time. None: this system does not say."""

    at: float
    busy: float  # processor time of all programs
    stolen: float | None  # processor time the hypervisor gave to somebody else
    own: float  # processor time of the subjects' processes and this one
    throttled: int | None  # how often a core slowed down because of heat or power
    held_back: float | None  # time a container had used its share of the processors up

    @classmethod
    def now(cls, processes: Iterable[int]) -> Counters:
        """processes: the subjects', beside this one."""
        times = psutil.cpu_times()
        return cls(
            at=time.monotonic(),
            busy=sum(getattr(times, kind, 0.0) for kind in BUSY),
            stolen=getattr(times, "steal", None),
            own=sum(_processor_time(pid) for pid in {psutil.Process().pid, *processes}),
            throttled=_throttled(),
            held_back=_held_back(),
        )


@dataclass(frozen=True, slots=True)
class Conditions:
    """Between two Counters. Shares are of the time of all processors."""

    seconds: float
    processors: int
    stolen: float | None  # share
    others: float  # processors that other programs kept busy, in the mean
    throttled: int | None
    held_back: float | None  # seconds
    clock: tuple[float, float] | None = None  # MHz, the lowest and the highest seen

    @classmethod
    def between(cls, before: Counters, after: Counters, clock: tuple[float, float] | None = None) -> Conditions:
        seconds = max(after.at - before.at, 1e-9)
        processors = psutil.cpu_count() or 1
        others = (after.busy - before.busy - (after.own - before.own)) / seconds
        stolen = _difference(before.stolen, after.stolen)
        return cls(
            seconds=seconds,
            processors=processors,
            stolen=stolen / (seconds * processors) if stolen is not None else None,
            others=min(max(others, 0.0), processors),
            throttled=_difference(before.throttled, after.throttled),
            held_back=_difference(before.held_back, after.held_back),
            clock=clock,
        )

    def complaints(self) -> list[str]:
        """Whatever makes figures worse than this machine can do, in words; empty where nothing was found."""
        found = []
        if self.others > 0.1:
            found.append(f"Other programs kept {self.others:.2f} of {self.processors} processors busy.")
        if self.stolen is not None and self.stolen > 0.01:
            found.append(f"The hypervisor gave {self.stolen:.1%} of the processors' time to others (steal time).")
        if self.held_back:
            found.append(f"The container's share of the processors was used up for {self.held_back:.1f} s in all.")
        if self.throttled:
            found.append(f"The processor slowed down {self.throttled} times because of heat or power.")
        if self.clock and self.clock[0] < 0.9 * self.clock[1]:
            found.append(f"The processor's clock went between {self.clock[0]:.0f} and {self.clock[1]:.0f} MHz.")
        return found


def _processor_time(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _throttled() -> int | None:
    counts = [_number(file) for file in CPUS.glob("cpu[0-9]*/thermal_throttle/core_throttle_count")]
    return sum(count or 0 for count in counts) if counts else None


def _held_back() -> float | None:
    try:
        lines = dict(line.split() for line in CGROUP_CPU.read_text().splitlines())
    except (OSError, ValueError):
        return None
    return int(lines["throttled_usec"]) / 1e6 if "throttled_usec" in lines else None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _difference(before: Number | None, after: Number | None) -> Number | None:
    return after - before if before is not None and after is not None else None
