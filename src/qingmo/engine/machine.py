"""How much of this machine the process may really use: cores and memory, with the limits containers set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
CPUS = Path("/sys/devices/system/cpu")
SLOW = 0.6
"""A core below this share of the fastest one's speed is left out: a step ends when its last piece does, and phones' and
single-board computers' small cores (a Cortex-A55 beside an A76) take twice as long or more for one."""


@dataclass(frozen=True, slots=True)
class Cores:
    """What each limit leaves; the least of them is what can be used."""

    allowed: int  # logical processors the process may run on
    physical: int  # cores those belong to: two threads of one core share its arithmetic
    quota: float | None  # processors' worth of time the container gets; None: no limit
    slow: int = 0  # of the physical ones, those much slower than the fastest

    @property
    def usable(self) -> int:
        fast = self.physical - self.slow
        return max(1, min(self.allowed, fast, int(self.quota) if self.quota is not None else fast))


def usable_cores() -> Cores:
    """Read the limits as they are now."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    quotas = [quota for folder in _own_cgroups("cpu") if (quota := _cpu_quota(folder)) is not None]
    cores = _physical_cores(allowed)
    return Cores(len(allowed), len(cores), min(quotas, default=None), _slow_cores(cores))


def usable_memory() -> int:
    """Bytes: the machine's memory, or the container's limit where that is less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (_number(f / name) for f in _own_cgroups("memory") for name in ("memory.max", "memory.limit_in_bytes"))
    return min([machine, *(limit for limit in limits if limit is not None)])


def _physical_cores(processors: set[int]) -> list[int]:
    """One processor of each core among these; where the system does not say, each is taken for a core."""
    return list({_read(CPUS / f"cpu{p}" / "topology" / "thread_siblings_list") or p: p for p in processors}.values())


def _slow_cores(processors: list[int]) -> int:
    """How many are much slower than the fastest; 0 where the system does not say."""
    for file in ("cpu_capacity", "cpufreq/cpuinfo_max_freq"):  # the first also counts work done in a cycle
        speeds = [_number(CPUS / f"cpu{p}" / file) for p in processors]
        known = [speed for speed in speeds if speed is not None]
        if len(known) == len(speeds):
            return sum(speed < SLOW * max(known) for speed in known)
    return 0


def _own_cgroups(controller: str) -> Iterator[Path]:
    """The folders of this process's control group and its parents: each may set a limit. Version 2, then version 1."""
    for line in (_read(Path("/proc/self/cgroup")) or "").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" or controller in controllers.split(","):
            root = CGROUPS if number == "0" else CGROUPS / controller
            own = root / path.strip("/")
            yield from (folder for folder in (own, *own.parents) if folder == root or root in folder.parents)


def _cpu_quota(folder: Path) -> float | None:
    """Processors' worth of time: version 2 writes "quota period" or "max period" in microseconds."""
    quota, _, period = (_read(folder / "cpu.max") or "").partition(" ")
    if quota.isdecimal() and period.isdecimal():
        return int(quota) / int(period)
    micros, each = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
    return micros / each if micros is not None and each else None


def _number(path: Path) -> int | None:
    """A whole number in a file; None for "max", -1 and no such file."""
    text = _read(path) or ""
    return int(text) if text.isdecimal() else None


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
