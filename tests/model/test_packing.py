"""Packing a checkpoint: what the packed file holds, when it is made again, and what never leaves half a file."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reference import packing as reference
from reference.packed_model import stacked, unpacked
from toy_checkpoint import make_toy_checkpoint, read_toy_tensors, write_safetensors

from qingmo.errors import CheckpointError, ConfigError, PackedFileError
from qingmo.model import packed_writer, packer
from qingmo.model.cache import exclusive
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.packed_file import PackedFile, open_packed, verify_checksums
from qingmo.model.packing import packed_checkpoint


def pack(folder: Path, cache: Path, quantization: str = "int8", dtype: str = "auto") -> PackedFile:
    return packed_checkpoint(open_checkpoint(folder), quantization, dtype, cache)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("tie", [True, False])
def test_unquantized_weights_come_back_exactly(tmp_path: Path, dtype: str, tie: bool) -> None:
    folder = make_toy_checkpoint(tmp_path / "toy", dtype=dtype, tie=tie, shards=2)
    packed = pack(folder, tmp_path, "none")
    wanted = stacked(read_toy_tensors(folder), layers=2)
    assert packed.kind == dtype and packed.quantization == "none" and set(packed.tensors) == set(wanted)
    for name, values in unpacked(packed).items():
        np.testing.assert_array_equal(values, wanted[name], err_msg=name)


def test_another_dtype_is_the_checkpoints_weights_rounded(toy_folder: Path, tmp_path: Path) -> None:
    packed = pack(toy_folder, tmp_path, "none", "float16")
    wanted = stacked(read_toy_tensors(toy_folder), layers=2)
    for name, values in unpacked(packed).items():
        rounded = wanted[name].astype(np.float16) if packed.tensors[name].kind == "float16" else wanted[name]
        np.testing.assert_array_equal(values, rounded.astype(np.float32), err_msg=name)


def test_int8_weights_are_quantized_in_the_group_their_error_allows(toy_folder: Path, tmp_path: Path) -> None:
    packed = pack(toy_folder, tmp_path)
    assert packed.kind == packed.quantization == "int8"
    wanted = stacked(read_toy_tensors(toy_folder), layers=2)
    content = packed.path.read_bytes()
    for name, tensor in packed.tensors.items():
        if tensor.kind == "vector":
            expected = wanted[name].view(np.uint8)
        else:
            errors = dict(zip((32, 64, 128, 0), reference.int8_errors(wanted[name]), strict=True))
            assert tensor.weight_group == 64 or errors[tensor.weight_group] <= 1.69 * errors[32]
            coarser = (0, 128, 64)[: (0, 128, 64).index(tensor.weight_group)]
            assert all(errors[group] > 1.69 * errors[32] for group in coarser)
            expected = reference.quantize_int8(wanted[name], tensor.weight_group)
        np.testing.assert_array_equal(np.frombuffer(content, np.uint8, tensor.size, tensor.offset), expected, name)


@pytest.mark.parametrize("quantization", ["int8", "int4", "none"])
def test_the_size_of_chunks_changes_nothing(
    toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantization: str
) -> None:
    whole = pack(toy_folder, tmp_path / "whole", quantization).path.read_bytes()
    monkeypatch.setattr(packer, "CHUNK_BYTES", 48 * 192 * 4)  # chunks that end inside the stacked tensors
    assert pack(toy_folder, tmp_path / "small", quantization).path.read_bytes() == whole


def test_tensors_stand_at_pages_and_cache_lines_within_the_file(toy_folder: Path, tmp_path: Path) -> None:
    packed = pack(toy_folder, tmp_path)
    end = 0
    for tensor in packed.tensors.values():
        assert tensor.offset % (64 if tensor.kind == "vector" else 4096) == 0 and tensor.offset >= end
        end = tensor.offset + tensor.size
    assert end == packed.file_size == packed.path.stat().st_size


def test_a_second_start_opens_what_the_first_packed(toy_folder: Path, tmp_path: Path) -> None:
    first = pack(toy_folder, tmp_path)
    checkpoint = open_checkpoint(toy_folder, rope_theta=10000)
    labels: list[str] = []
    second = packed_checkpoint(checkpoint, "int8", "auto", tmp_path, lambda label, done, total: labels.append(label))
    assert second.path == first.path and not labels
    assert second.config == checkpoint.config and second.config.rope_theta == 10000


def test_each_folder_and_each_kind_has_its_own_file(toy_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_folder, tmp_path / "toy"))
    kinds = (("int8",), ("none",), ("none", "float32"), ("int4",))
    paths = [pack(folder, tmp_path, *kind).path for kind in kinds]
    assert pack(folder, tmp_path, "none", "bfloat16").path == paths[1]  # what auto means here
    paths.append(pack(Path(shutil.copytree(folder, tmp_path / "another" / "toy")), tmp_path).path)
    assert len(set(paths)) == 5 and all(path.exists() for path in paths)


def test_what_was_packed_from_weights_that_changed_is_removed(toy_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_folder, tmp_path / "toy"))
    outdated, other_kind = pack(folder, tmp_path).path, pack(folder, tmp_path, "int4").path
    os.utime(folder / "model.safetensors", ns=(1, 1))
    assert {pack(folder, tmp_path).path, other_kind} == set((tmp_path / "packed").glob("*.qingmo"))
    assert not outdated.exists()


def test_a_packed_file_is_named_after_the_model(toy_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models--Qwen--Qwen2.5-0.5B-Instruct" / "snapshots" / ("a" * 40)
    shutil.copytree(toy_folder, folder)
    assert pack(folder, tmp_path).path.name.startswith("Qwen--Qwen2.5-0.5B-Instruct-int8-")
    long = Path(shutil.copytree(toy_folder, tmp_path / ("轻墨 模型" * 15)))
    assert pack(long, tmp_path).path.name.startswith("轻墨_模型")


def test_progress_counts_up_to_the_whole(toy_folder: Path, tmp_path: Path) -> None:
    seen: dict[str, list[tuple[int, int]]] = {}
    packed_checkpoint(
        open_checkpoint(toy_folder), "int8", "auto", tmp_path,
        lambda label, done, total: seen.setdefault(label, []).append((done, total)),
    )  # fmt: skip
    assert list(seen) == ["Measuring weights", "Packing weights", "Verifying weights"]
    for steps in seen.values():
        assert steps == sorted(steps) and steps[-1][0] == steps[-1][1] and len({total for _, total in steps}) == 1


def flip(path: Path, position: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0x10]))


@pytest.mark.parametrize(
    "damage",
    [lambda path: flip(path, 100), lambda path: os.truncate(path, 5000), lambda path: os.truncate(path, 3)],
    ids=["header", "truncated", "nearly empty"],
)
def test_a_damaged_packed_file_is_packed_again_and_says_so(
    toy_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None]
) -> None:
    path = pack(toy_folder, tmp_path).path
    good = path.read_bytes()
    damage(path)
    assert pack(toy_folder, tmp_path).path.read_bytes() == good
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "Packing the weights again" in caplog.text and str(path) in caplog.text


def test_a_damaged_tensor_is_found_by_its_checksum_and_named(toy_folder: Path, tmp_path: Path) -> None:
    packed = pack(toy_folder, tmp_path)
    verify_checksums(packed)
    flip(packed.path, packed.tensors["layers.1.down"].offset + 7)
    with pytest.raises(PackedFileError, match=r"\.qingmo is damaged: tensor layers\.1\.down"):
        verify_checksums(packed)


def test_bytes_that_change_while_they_are_written_are_noticed(
    toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_sync = os.fsync

    def damaging_sync(descriptor: int) -> None:
        real_sync(descriptor)
        for temporary in (tmp_path / "packed").glob("*.tmp"):
            flip(temporary, temporary.stat().st_size - 1)

    monkeypatch.setattr(packed_writer.os, "fsync", damaging_sync)
    with pytest.raises(PackedFileError, match="does not match its checksum"):
        pack(toy_folder, tmp_path)
    assert names_in(tmp_path / "packed") == []


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_full_disk_is_refused_before_anything_is_written(
    toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(packed_writer.shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 100_000))
    with pytest.raises(PackedFileError, match=r"need 0\.8 MB in .*packed, where 0\.1 MB are free.*QINGMO_CACHE"):
        pack(toy_folder, tmp_path)
    assert names_in(tmp_path / "packed") == []


CHILD = """
import os, resource, signal, sys
from pathlib import Path
from qingmo.errors import PackedFileError
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.packing import packed_checkpoint

def peak():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) * 1024

def pack(progress=None):
    return packed_checkpoint(open_checkpoint(sys.argv[1]), "int8", "auto", Path(sys.argv[2]), progress)
"""


def child(folder: Path, cache: Path, code: str) -> subprocess.Popen[str]:
    source = Path(packer.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    command = [sys.executable, "-c", CHILD + code, str(folder), str(cache)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_a_disk_that_fills_while_writing_leaves_nothing(toy_folder: Path, tmp_path: Path) -> None:
    code = """
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    pack()
except PackedFileError as error:
    print(error)
"""
    output, _ = child(toy_folder, tmp_path, code).communicate(timeout=60)
    assert "The packed weights need 0.8 MB" in output
    assert names_in(tmp_path / "packed") == []


def test_an_interrupt_leaves_nothing(toy_folder: Path, tmp_path: Path) -> None:
    def interrupt(label: str, done: int, total: int) -> None:
        if label == "Packing weights" and done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        packed_checkpoint(open_checkpoint(toy_folder), "int8", "auto", tmp_path, interrupt)
    assert names_in(tmp_path / "packed") == []


def test_what_a_killed_process_left_is_cleared_away(toy_folder: Path, tmp_path: Path) -> None:
    code = 'pack(lambda label, done, total: label.startswith("Packing") and os.kill(os.getpid(), signal.SIGKILL))'
    killed = child(toy_folder, tmp_path, code)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    [left] = names_in(tmp_path / "packed")
    assert left.endswith(".tmp")
    packed = pack(toy_folder, tmp_path)
    verify_checksums(packed)
    assert names_in(tmp_path / "packed") == [packed.path.name]


def test_two_processes_at_once_pack_once(toy_folder: Path, tmp_path: Path) -> None:
    code = """
labels = []
def progress(label, done, total):
    if label not in labels:
        labels.append(label)
        print(label, flush=True)
print(pack(progress).path)
"""
    folder = tmp_path / "packed"
    folder.mkdir()
    with exclusive(folder, lambda: pytest.fail("nobody else holds the lock")):
        children = [child(toy_folder, tmp_path, code) for _ in range(2)]
        for process in children:
            assert process.stdout is not None
            assert "Waiting for another process" in process.stdout.readline()
    outputs = sorted(process.communicate(timeout=60)[0].splitlines() for process in children)
    assert [len(lines) for lines in outputs] == [1, 4] or [len(lines) for lines in outputs] == [4, 1]
    assert outputs[0][-1] == outputs[1][-1]
    assert names_in(folder) == [Path(outputs[0][-1]).name]


def replace_tensor(folder: Path, name: str, value: float) -> None:
    tensors = read_toy_tensors(folder)
    tensors[name][-1, -1] = value
    write_safetensors(folder / "model.safetensors", tensors, "float32")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("quantization", ["int8", "int4", "none"])
def test_weights_that_are_not_finite_name_file_and_tensor(tmp_path: Path, value: float, quantization: str) -> None:
    folder = make_toy_checkpoint(tmp_path / "toy", layers=1, dtype="float32")
    replace_tensor(folder, "model.layers.0.mlp.up_proj.weight", value)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: tensor model\.layers\.0\.mlp\.up_proj\.weight"):
        pack(folder, tmp_path, quantization)
    assert names_in(tmp_path / "packed") == []


@pytest.mark.parametrize(("dtype", "value"), [("float16", 65505.0), ("float16", -1e6), ("bfloat16", 3.4e38)])
def test_weights_beyond_the_dtype_name_the_tensor_and_the_way_out(tmp_path: Path, dtype: str, value: float) -> None:
    folder = make_toy_checkpoint(tmp_path / "toy", layers=1, dtype="float32")
    replace_tensor(folder, "model.layers.0.self_attn.k_proj.weight", value)
    with pytest.raises(ConfigError, match=rf"k_proj\.weight holds .* more than {dtype} can .*--dtype float32"):
        pack(folder, tmp_path, "none", dtype)
    assert pack(folder, tmp_path, "none", "float32").kind == "float32"


def test_packing_needs_little_memory(tmp_path: Path) -> None:
    folder = make_toy_checkpoint(
        tmp_path / "toy", layers=1, hidden=896, heads=14, kv_heads=2, intermediate=4864, vocab_size=16384
    )
    output, _ = child(folder, tmp_path, "before = peak(); packed = pack(); print(packed.file_size, peak() - before)")\
        .communicate(timeout=120)  # fmt: skip
    packed_bytes, needed = map(int, output.split())
    assert packed_bytes > 29_000_000  # 29 M weights, 117 MB in float32
    assert needed < 60_000_000


def test_open_packed_wants_the_right_key(toy_folder: Path, tmp_path: Path) -> None:
    packed = pack(toy_folder, tmp_path)
    assert open_packed(packed.path, packed.key) == packed
    with pytest.raises(PackedFileError, match="holds other weights"):
        open_packed(packed.path, "0" * 32)
    with pytest.raises(FileNotFoundError):
        open_packed(tmp_path / "none", packed.key)
