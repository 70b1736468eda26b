"""Names of files that a file names: only what lies beside it."""

from __future__ import annotations

from pathlib import Path

LONGEST = 255  # bytes; of the file systems people have


def is_file_name(text: str) -> bool:
    """Whether `text` names a file in the same folder, and nothing else."""
    return text.isprintable() and len(text.encode()) <= LONGEST and Path(text).name == text
