"""A checkpoint on disk as its publisher made it: config, weights in one or more safetensors files, checked up front."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from qingmo.config import ModelConfig
from qingmo.errors import CheckpointError, ModelNotFoundError
from qingmo.model.file_names import is_file_name
from qingmo.model.model_config import read_generation_config, read_json_file, read_model_config
from qingmo.model.safetensors_file import SafetensorsFile, open_safetensors
from qingmo.model.weights import model_weights

SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checked checkpoint: every tensor the config asks for is there with its shape; no weight has been read yet."""

    folder: Path
    config: ModelConfig
    generation_config: Mapping[str, Any]  # {} where there is no such file
    shards: tuple[SafetensorsFile, ...]  # in the order of their names
    shard_of: Mapping[str, int]  # tensor name -> index into shards

    def read_rows(self, name: str, begin: int, end: int) -> np.ndarray:
        """Rows `begin` to `end` of tensor `name`: float32 [rows, columns], or [rows] of a vector.

        Raises CheckpointError naming the file and the tensor.
        """
        return self.shards[self.shard_of[name]].read_rows(name, begin, end)

    def path_of(self, name: str) -> Path:
        """The file that tensor `name` is in."""
        return self.shards[self.shard_of[name]].path

    def identity(self) -> bytes:
        """What changes whenever the weights may have changed: each file's length, time and header. 64 bytes."""
        digest = blake2b()
        for shard in self.shards:
            digest.update(f"{shard.size} {shard.mtime_ns} ".encode() + shard.header_digest)
        return digest.digest()


def open_checkpoint(folder: Path | str, rope_theta: float | None = None) -> Checkpoint:
    """Open the checkpoint in `folder` and check all of it but the weights' values.

    rope_theta replaces the checkpoint's own, with a logged warning where it differs.
    Raises ModelNotFoundError, CheckpointError naming the file and the field or tensor, UnsupportedError, ConfigError.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelNotFoundError(f"There is no folder {folder}. Give the folder of a model, or its name on the hub.")
    generation_config = read_generation_config(folder)
    config = read_model_config(folder, generation_config, rope_theta)
    file_of = _file_of_each_tensor(folder, [part.name for weight in model_weights(config) for part in weight.parts])
    names = sorted(set(file_of.values()))
    shards = tuple(open_safetensors(folder / name) for name in names)
    checkpoint = Checkpoint(
        folder, config, generation_config, shards, {tensor: names.index(name) for tensor, name in file_of.items()}
    )
    _require_tensors(checkpoint)
    return checkpoint


def _file_of_each_tensor(folder: Path, wanted: Sequence[str]) -> dict[str, str]:
    """Each wanted tensor's file name: the single file, or what the index of a sharded checkpoint says."""
    if (folder / SINGLE_FILE).exists():
        return dict.fromkeys(wanted, SINGLE_FILE)
    index = folder / INDEX_FILE
    if not index.exists():
        raise CheckpointError(
            f"{folder} has neither {SINGLE_FILE} nor {INDEX_FILE}. Weights are read as safetensors; give a folder that "
            f"has them, or download the model again."
        )
    weight_map = read_json_file(index).get("weight_map")
    if not isinstance(weight_map, dict):
        raise CheckpointError(f"{index}: weight_map is not an object of tensor names and files. Download it again.")
    return {tensor: _file_in_index(index, tensor, weight_map.get(tensor)) for tensor in wanted}


def _file_in_index(index: Path, tensor: str, file: object) -> str:
    if file is None:
        raise CheckpointError(f"{index}: tensor {tensor} is missing from weight_map. Download the model again.")
    if not isinstance(file, str) or not file.endswith(".safetensors") or not is_file_name(file):
        raise CheckpointError(
            f"{index}: tensor {tensor} is said to be in {file!r:.100}, which is not the name of a safetensors file "
            f"beside it."
        )
    return file


def _require_tensors(checkpoint: Checkpoint) -> None:
    for weight in model_weights(checkpoint.config):
        for part in weight.parts:
            checkpoint.shards[checkpoint.shard_of[part.name]].require(part.name, weight.shape(part))
