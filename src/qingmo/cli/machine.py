"""What this computer is, as far as `qingmo info` shows it. Nothing here decides anything."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Machine:
    """Sizes in bytes; None where the system does not say."""

    cpu: str
    system: str
    python: str
    logical_cores: int
    memory: int | None
    available_memory: int | None

    @classmethod
    def this(cls) -> Machine:
        memory = dict(re.findall(r"^(\w+):\s+(\d+) kB", _read(MEMINFO), re.MULTILINE))
        total, available = memory.get("MemTotal"), memory.get("MemAvailable")
        return cls(
            cpu=_cpu_name(),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            python=platform.python_version(),
            logical_cores=os.cpu_count() or 1,
            memory=int(total) * 1024 if total else None,
            available_memory=int(available) * 1024 if available else None,
        )


def _cpu_name() -> str:
    """x86 says "model name"; a Raspberry Pi says "Model", which names the board."""
    found = re.search(r"^(?:model name|Model|Hardware)\s*:\s*(.+)$", _read(CPUINFO), re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return ""
