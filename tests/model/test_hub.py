"""A model by name: found in a folder or the cache, or fetched. Against a hub on this machine, over real connections."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hub_case import (
    FAST,
    NAME,
    SIZE,
    WEIGHTS,
    make_sharded,
    partial,
    refused,
    resolve,
)
from hub_server import Hub

from qingmo.errors import (
    CheckpointError,
    ModelNotFoundError,
)
from qingmo.model.hub import resolve_model
from qingmo.model.hub_cache import cache_root

# A folder, or a name


def test_a_local_folder_is_returned_as_it_is(tmp_path: Path) -> None:
    assert resolve_model(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/model", "~/nowhere", "a/b/c", "model/", r"C:\model"])
def test_a_path_that_does_not_exist_is_said_to_be_one(name: str) -> None:
    assert "There is no folder" in refused(ModelNotFoundError, name)


@pytest.mark.parametrize(
    "name", ["", "qwen", "a b/c", "owner/na--me", "owner/..name", "owner/name@main", "所有者/模型"]
)
def test_what_is_neither_a_folder_nor_a_hub_name_is_told_the_form_of_one(name: str) -> None:
    assert "owner/name" in refused(ModelNotFoundError, name)


def test_a_file_is_told_that_a_folder_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / WEIGHTS
    file.touch()
    assert "is a file" in refused(ModelNotFoundError, str(file))


# A download


def test_a_download_holds_the_files_that_are_needed_and_no_others(hub: Hub) -> None:
    folder = resolve()
    unneeded = {"README.md", "onnx/model.onnx"}
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        name: content for name, content in hub.files.items() if name not in unneeded
    }


def test_huggingface_hub_finds_a_download_in_its_cache(hub: Hub, cache: Path) -> None:
    from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download

    folder = resolve()
    assert snapshot_download(NAME, cache_dir=cache, local_files_only=True) == str(folder)
    assert hf_hub_download(NAME, WEIGHTS, cache_dir=cache, local_files_only=True) == str(folder / WEIGHTS)
    scan = scan_cache_dir(cache)
    assert (len(scan.repos), scan.warnings) == (1, [])
    assert os.readlink(folder / WEIGHTS) == f"../../blobs/{hub.etag(WEIGHTS)}"


def test_huggingface_hub_reads_the_same_file_list(hub: Hub) -> None:
    from huggingface_hub import HfApi

    from qingmo.model.hub_http import HubClient
    from qingmo.model.hub_listing import Listing
    from qingmo.model.hub_source import hugging_face

    theirs = HfApi(endpoint=hub.endpoint).model_info(NAME, files_metadata=True)
    ours = Listing.ask(HubClient(NAME, FAST, hugging_face()))
    assert ours.commit == theirs.sha
    top = [file for file in theirs.siblings or [] if "/" not in file.rfilename]
    assert {file.name: (file.size, file.etag) for file in ours.files.values()} == {
        file.rfilename: (file.size, file.lfs.sha256 if file.lfs else file.blob_id) for file in top
    }


def test_the_cache_is_where_huggingface_hub_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    from huggingface_hub import constants

    assert constants.__file__
    settings = [
        {},
        {"HF_HOME": "~/models"},
        {"HF_HOME": "/a", "HF_HUB_CACHE": "$HOME/b"},
        {"XDG_CACHE_HOME": "/x"},
        {"HF_HOME": "/a", "HUGGINGFACE_HUB_CACHE": "/c"},
    ]
    for setting in settings:
        with monkeypatch.context() as patch:
            for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"):
                patch.delenv(name, raising=False)
            for name, value in setting.items():
                patch.setenv(name, value)
            assert str(cache_root()) == runpy.run_path(constants.__file__)["HF_HUB_CACHE"]


def test_shards_are_downloaded_as_the_index_names_them(hub: Hub) -> None:
    shards = make_sharded(hub)
    hub.files["model-3-of-2.safetensors"] = b"an old one, which the index does not name"
    folder = resolve()
    assert [(folder / shard).read_bytes() for shard in shards] == [hub.files[shard] for shard in shards]
    assert not hub.requests_for("model-3-of-2")


def test_a_shard_that_the_repository_lacks_is_named(hub: Hub) -> None:
    shards = make_sharded(hub)
    del hub.files[shards[1]]
    assert shards[1] in refused(CheckpointError)


@pytest.mark.parametrize("index", [b"{", b"[]", b'{"weight_map": {}}', b'{"weight_map": {"a": "../../escape"}}'])
def test_a_damaged_list_of_shards_is_named(hub: Hub, index: bytes) -> None:
    make_sharded(hub)
    hub.files["model.safetensors.index.json"] = index
    assert "model.safetensors.index.json" in refused(CheckpointError)


def test_progress_runs_from_nothing_to_all_for_each_file(hub: Hub) -> None:
    calls: list[tuple[str, int, int]] = []
    resolve(progress=lambda *call: calls.append(call))
    weights = [(done, total) for label, done, total in calls if label == WEIGHTS]
    assert weights[0] == (0, SIZE)
    assert weights[-1] == (SIZE, SIZE)
    assert weights == sorted(weights)
    assert calls[-1][0] == WEIGHTS, "the weights come last"


def test_a_file_system_without_links_holds_the_files_themselves(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    folder = resolve()
    assert (folder / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert not (folder / WEIGHTS).is_symlink()
    asked = len(hub.requests)
    assert resolve() == folder
    assert len(hub.requests) == asked


# What is cached


def test_a_cached_model_costs_no_request_and_no_import(hub: Hub) -> None:
    folder = resolve()
    asked = len(hub.requests)
    code = (
        "import sys; from qingmo.model.hub import resolve_model;"
        f"print(resolve_model({NAME!r}), *{{'huggingface_hub', 'httpx2', 'numpy'}} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == [str(folder)]
    assert len(hub.requests) == asked


def test_a_cached_model_is_found_offline(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = resolve()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert resolve() == folder


@pytest.mark.parametrize("lost", ["config.json", "tokenizer.json", WEIGHTS])
def test_a_file_that_the_cache_lost_is_fetched_again_and_only_that(hub: Hub, lost: str) -> None:
    folder = resolve()
    (folder / lost).resolve().unlink()  # leaves a link to nothing
    hub.requests.clear()
    assert resolve() == folder
    assert (folder / lost).read_bytes() == hub.files[lost]
    assert {request.path.partition("?")[0].rpartition("/")[2] for request in hub.requests} == {"tiny-model", lost}


def test_a_lost_shard_makes_the_cached_model_incomplete(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    shards = make_sharded(hub)
    folder = resolve()
    (folder / shards[1]).unlink()
    with monkeypatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        assert f"lacks {shards[1]} of" in refused(ModelNotFoundError)
    assert (resolve() / shards[1]).read_bytes() == hub.files[shards[1]]


def test_a_snapshot_without_weights_is_incomplete(hub: Hub, cache: Path) -> None:
    folder = resolve()
    (folder / WEIGHTS).rename(partial(cache, hub))
    hub.requests.clear()
    assert (resolve() / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert hub.requests


def test_a_blob_of_the_wrong_length_is_replaced(hub: Hub) -> None:
    folder = resolve()
    (folder / WEIGHTS).resolve().write_bytes(b"cut off by a power failure")
    (folder / "config.json").unlink()  # so that the cache is looked through
    assert (resolve() / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
