"""Headers of packed files: whatever stands there, opening gives what was written or refuses in a sentence."""

from __future__ import annotations

import json
import struct
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qingmo.errors import PackedFileError
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.packed_file import PackedFile, open_packed
from qingmo.model.packed_header import FORMAT_VERSION
from qingmo.model.packing import packed_checkpoint


@pytest.fixture(scope="module")
def packed(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> PackedFile:
    return packed_checkpoint(open_checkpoint(toy_folder), "int8", "auto", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def content(packed: PackedFile) -> bytes:
    return packed.path.read_bytes()


def header_of(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[12:16], "little")
    header: dict[str, Any] = json.loads(content[16 : 16 + length])
    return header


def sealed(header: object, content: bytes) -> bytes:
    """The file with another header under a right checksum: what damage cannot make, and a bug could."""
    text = json.dumps(header).encode()
    start = struct.pack("<8sII", b"QINGMOPK", FORMAT_VERSION, len(text)) + text
    start += blake2b(start, digest_size=16).digest()
    return start + content[len(start) :]


def refusal(path: Path, content: bytes, packed: PackedFile) -> str:
    """Why the file is refused; empty where it opens as what it was."""
    path.write_bytes(content)
    try:
        opened = open_packed(path, packed.key)
    except PackedFileError as error:
        message = str(error)
        assert str(path) in message and message.endswith("Delete the file; the next start packs the weights again.")
        return message
    assert opened.kind == packed.kind
    assert [(t.offset, t.size) for t in opened.tensors.values()] == [
        (t.offset, t.size) for t in packed.tensors.values()
    ]
    return ""


def test_the_fields_of_the_header_are_as_documented(packed: PackedFile, content: bytes) -> None:
    header = header_of(content)
    assert list(header) == ["key", "kind", "file_size", "config", "tensors"]
    assert header["config"]["hidden_size"] == 192
    assert header["tensors"]["embed"]["outputs"] == 512 and header["tensors"]["embed"]["inputs"] == 192
    assert header["file_size"] == len(content)


@pytest.mark.parametrize(
    ("position", "replacement", "problem"),
    [
        (0, b"GGUF", "is not a packed file"),
        (8, b"\x01", f"has format version 1; this version of Qingmo reads {FORMAT_VERSION}"),
        (12, b"\xff\xff\xff\xff", "is cut short: its header has 4294967295 bytes"),
        (20, b"?", "its header does not match its checksum"),
    ],
)
def test_damage_at_the_start_is_named(
    packed: PackedFile, content: bytes, tmp_path: Path, position: int, replacement: bytes, problem: str
) -> None:
    damaged = content[:position] + replacement + content[position + len(replacement) :]
    assert problem in refusal(tmp_path / "p", damaged, packed)


@pytest.mark.parametrize("size", [0, 15, 16, 1000, 5000, -1])
def test_a_file_cut_short_says_so(packed: PackedFile, content: bytes, tmp_path: Path, size: int) -> None:
    assert "is cut short" in refusal(tmp_path / "p", content[:size], packed)


def test_a_file_that_grew_is_refused(packed: PackedFile, content: bytes, tmp_path: Path) -> None:
    assert "and should have" in refusal(tmp_path / "p", content + b"\0", packed)


@pytest.mark.parametrize(
    ("tensor", "field", "value", "named"),
    [
        ("layers.0.qkv", "kind", "float32", "layers.0.qkv"),
        ("layers.0.qkv", "outputs", 336, "layers.0.qkv"),
        ("layers.0.qkv", "inputs", 208, "layers.0.qkv"),
        ("layers.0.qkv", "weight_group", 32, "weight_group"),
        ("layers.0.qkv", "weight_group", 128, "weight_group"),  # does not divide 192
        ("layers.0.qkv", "weight_group", 64.0, "weight_group"),
        ("layers.0.qkv_bias", "weight_group", 32, "layers.0.qkv_bias"),
        ("layers.0.qkv", "offset", 0, "offset"),
        ("layers.0.qkv", "offset", 2**60, "offset"),
        ("layers.0.down", "offset", 4096, "layers.0.down"),
        ("embed", "offset", 64, "offset"),
        ("embed", "size", 5, "embed"),
        ("norm", "digest", "", "digest"),
        ("norm", "digest", None, "digest"),
    ],
)
def test_a_tensor_that_is_not_as_the_config_asks_is_named(
    packed: PackedFile, content: bytes, tmp_path: Path, tensor: str, field: str, value: object, named: str
) -> None:
    header = header_of(content)
    assert header["tensors"][tensor][field] != value or isinstance(value, float)
    header["tensors"][tensor][field] = value
    assert named in refusal(tmp_path / "p", sealed(header, content), packed)


def test_missing_extra_and_reordered_tensors_are_refused(packed: PackedFile, content: bytes, tmp_path: Path) -> None:
    for change in (
        lambda tensors: {name: t for name, t in tensors.items() if name != "norm"},
        lambda tensors: tensors | {"head": tensors["embed"]},
        lambda tensors: dict(reversed(tensors.items())),
        lambda tensors: {},
    ):
        header = header_of(content)
        header["tensors"] = change(header["tensors"])
        assert "has a damaged header" in refusal(tmp_path / "p", sealed(header, content), packed)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
_fast = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_fast
@given(field=st.sampled_from(["key", "kind", "file_size", "config", "tensors"]), value=_values)
@example(field="config", value={})
def test_any_value_in_the_header_is_refused_in_a_sentence(
    packed: PackedFile, content: bytes, tmp_path: Path, field: str, value: object
) -> None:
    assert refusal(tmp_path / "p", sealed(header_of(content) | {field: value}, content), packed)


@_fast
@given(data=st.data(), value=_values)
def test_any_value_in_the_config_is_refused_or_changes_no_layout(
    packed: PackedFile, content: bytes, tmp_path: Path, data: st.DataObject, value: object
) -> None:
    header = header_of(content)
    header["config"][data.draw(st.sampled_from([f.name for f in fields(packed.config)]))] = value
    refusal(tmp_path / "p", sealed(header, content), packed)


@_fast
@given(data=st.data(), value=_values)
def test_any_value_in_a_tensors_entry_is_refused_or_changes_no_layout(
    packed: PackedFile, content: bytes, tmp_path: Path, data: st.DataObject, value: object
) -> None:
    header = header_of(content)
    entry = header["tensors"][data.draw(st.sampled_from(list(packed.tensors)))]
    entry[data.draw(st.sampled_from(list(entry)))] = value
    refusal(tmp_path / "p", sealed(header, content), packed)


@_fast
@given(position=st.integers(0, 6000), replacement=st.binary(max_size=8), cut=st.integers(0, 8))
def test_mutated_bytes_are_refused_or_outside_the_header(
    packed: PackedFile, content: bytes, tmp_path: Path, position: int, replacement: bytes, cut: int
) -> None:
    mutated = content[:position] + replacement + content[position + cut :]
    header_end = 16 + int.from_bytes(content[12:16], "little") + 16
    if mutated[:header_end] != content[:header_end] or len(mutated) != len(content):
        assert refusal(tmp_path / "p", mutated, packed)
    else:
        assert not refusal(tmp_path / "p", mutated, packed)
