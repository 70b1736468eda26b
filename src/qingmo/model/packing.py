"""A checkpoint as a packed file: opened where there is one, packed where there is none or it is damaged."""

from __future__ import annotations

import json
import logging
import os
import re
from dataclasses import asdict, replace
from hashlib import blake2b
from pathlib import Path

from qingmo.errors import PackedFileError
from qingmo.model.cache import cache_folder, exclusive, make_folder
from qingmo.model.checkpoint import Checkpoint
from qingmo.model.packed_file import Progress, open_packed
from qingmo.model.packed_header import FORMAT_VERSION, plan_packed
from qingmo.model.packed_layout import QUANTIZED_KINDS, PackedFile
from qingmo.model.packed_writer import remove_leftovers, require_space, write_packed
from qingmo.model.packer import Packer

NOT_OF_THE_WEIGHTS = ("rope_theta", "eos_token_ids")  # fields of ModelConfig that may change without packing again

log = logging.getLogger(__name__)


def packed_checkpoint(
    checkpoint: Checkpoint,
    quantization: str,
    dtype: str = "auto",
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> PackedFile:
    """The packed file of this checkpoint; its config is the checkpoint's as opened.

    quantization: "int8", "int4" or "none"; dtype: of unquantized weights, "auto" for the checkpoint's own.
    cache_dir: None for cache_folder(). threads: None for one on each core the process may run on.
    Two processes at once pack once: the second waits, says so, and uses the result.
    Raises PackedFileError (no space, folder not writable), CheckpointError (weights that cannot be read or are not
    finite), ConfigError (weights out of the dtype's range).
    """
    kind = _kind(checkpoint, quantization, dtype)
    key = _key(checkpoint, kind)
    folder = make_folder((cache_dir or cache_folder()) / "packed")
    path = folder / f"{_name(checkpoint.folder, kind)}-{key[:16]}.qingmo"
    try:
        packed = open_packed(path, key)
    except (FileNotFoundError, PackedFileError):
        packer = Packer(checkpoint, kind, threads or len(os.sched_getaffinity(0)), progress)
        with exclusive(folder, lambda: _say_waiting(progress)):
            packed = _open_or_pack(packer, path, key)
    return replace(packed, config=checkpoint.config)


def _open_or_pack(packer: Packer, path: Path, key: str) -> PackedFile:
    """With the folder's lock held: another process may have packed in the meantime."""
    try:
        return open_packed(path, key)
    except FileNotFoundError:
        pass
    except PackedFileError as error:
        log.warning("Packing the weights again, because the packed file cannot be used: %s", error)
        path.unlink()
    remove_leftovers(path.parent)
    _remove_outdated(path.parent, _name(packer.checkpoint.folder, packer.kind))
    return _pack(packer, path, key)


def _remove_outdated(folder: Path, name: str) -> None:
    """Remove what was packed from the same folder, as the same kind, when its weights or our format were others."""
    for path in folder.glob(f"{name}-*.qingmo"):
        path.unlink(missing_ok=True)
        log.info("Removed %s, packed from weights that have changed or by another version.", path)


def _pack(packer: Packer, path: Path, key: str) -> PackedFile:
    config = packer.checkpoint.config
    require_space(path.parent, plan_packed(path, key, packer.kind, config).file_size)
    weight_groups = packer.weight_groups()
    layout = plan_packed(path, key, packer.kind, config, weight_groups)
    require_space(path.parent, layout.file_size)
    return write_packed(layout, packer.contents(weight_groups), packer.progress)


def _kind(checkpoint: Checkpoint, quantization: str, dtype: str) -> str:
    if quantization in QUANTIZED_KINDS:
        return quantization
    return checkpoint.config.checkpoint_dtype if dtype == "auto" else dtype


def _key(checkpoint: Checkpoint, kind: str) -> str:
    config = {name: value for name, value in asdict(checkpoint.config).items() if name not in NOT_OF_THE_WEIGHTS}
    described = json.dumps([FORMAT_VERSION, kind, config], sort_keys=True).encode()
    return blake2b(described + checkpoint.identity(), digest_size=16).hexdigest()


def _name(folder: Path, kind: str) -> str:
    """Of all files packed from this folder as this kind, whatever the state of its weights."""
    place = blake2b(os.fsencode(folder.resolve()), digest_size=4).hexdigest()
    return f"{_readable_name(folder)}-{kind}-{place}"


def _readable_name(folder: Path) -> str:
    """The model's name for a person who looks into the cache; a hub snapshot's folder is named after a commit."""
    folder = folder.resolve()
    if folder.parent.name == "snapshots":
        folder = folder.parent.parent
    return re.sub(r"[^\w.-]+", "_", folder.name.removeprefix("models--"))[:40] or "model"


def _say_waiting(progress: Progress | None) -> None:
    log.info("Another process is packing weights; waiting for it.")
    if progress is not None:
        progress("Waiting for another process that is packing weights", 0, 0)
