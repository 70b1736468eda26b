"""Which process listens on a port, as far as Linux lets this one know: its own user's, or all for root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"  # the state's number in /proc/net/tcp


def port_owner(port: int) -> str | None:
    """Such as "python3 (process 1234)"; None where it cannot be known."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in PROC.glob("[0-9]*"):
        if sockets & set(_open_files(process)):
            return f"{_name(process)} (process {process.name})"
    return None


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        for line in _read(PROC / "net" / table).splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == LISTENING:
                yield fields[9]


def _open_files(process: Path) -> Iterator[str]:
    try:
        for entry in (process / "fd").iterdir():
            yield str(entry.readlink())
    except OSError:
        return  # it ended, or belongs to somebody else


def _name(process: Path) -> str:
    return _read(process / "comm").strip() or "a process"


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
