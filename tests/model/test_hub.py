"""A model by name: found, fetched, resumed, verified, refused. Against a hub on this machine, over real connections."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from hub_server import COMMIT, Fault, Hub

from qingmo.errors import (
    CheckpointError,
    ConfigError,
    DownloadError,
    ModelError,
    ModelNotFoundError,
    UnsupportedError,
)
from qingmo.model.hub import resolve_model
from qingmo.model.hub_cache import cache_root
from qingmo.model.hub_retry import RetryPolicy

NAME = "Maker/tiny-model"
WEIGHTS = "model.safetensors"
SIZE = 700_000
FAST = RetryPolicy(tries=3, first_delay=0.001, longest_delay=0.002, longest_asked_wait=5.0, timeout=5.0)
FOREVER = 10**6


def model_files() -> dict[str, bytes]:
    return {
        "README.md": b"not needed",
        "chat_template.jinja": b"{{ messages }}",
        "config.json": b'{"model_type": "qwen2"}',
        "generation_config.json": b"{}",
        "tokenizer.json": b'{"model": {}}' * 500,
        "tokenizer_config.json": b"{}",
        "onnx/model.onnx": b"not needed",
        WEIGHTS: random.Random(0).randbytes(SIZE),
    }


@pytest.fixture(scope="module", autouse=True)
def closed_session() -> Iterator[None]:
    """One client for all tests, since making one takes longer than most of them."""
    from huggingface_hub import close_session

    yield
    close_session()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, in force; and no proxy between here and the hub."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    return tmp_path / "huggingface" / "hub"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub(NAME, model_files()).running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        yield hub


def resolve(name: str = NAME, **options: object) -> Path:
    return resolve_model(name, retry=FAST, **options)  # type: ignore[arg-type]


def refused(kind: type[ModelError | UnsupportedError | ConfigError], name: str = NAME) -> str:
    with pytest.raises(kind) as caught:
        resolve(name)
    return str(caught.value)


def make_sharded(hub: Hub) -> list[str]:
    """Split the weights into two shards; returns their names."""
    content = hub.files.pop(WEIGHTS)
    shards = [f"model-{i}-of-2.safetensors" for i in (1, 2)]
    hub.files |= {shards[0]: content[:1000], shards[1]: content[1000:]}
    index = {"weight_map": {"a": shards[1], "b": shards[0], "c": shards[1]}}
    hub.files["model.safetensors.index.json"] = json.dumps(index).encode()
    return shards


def partial(cache: Path, hub: Hub, file: str = WEIGHTS) -> Path:
    return cache / "models--Maker--tiny-model" / "blobs" / f"{hub.etag(file)}.qingmo-partial"


def start_process() -> subprocess.Popen[str]:
    """resolve_model in a process of its own; prints each call of progress, and the folder last."""
    code = (
        "from qingmo.model.hub import resolve_model;"
        f"print(resolve_model({NAME!r}, progress=lambda *call: print(*call, flush=True)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "this did not happen"
        time.sleep(0.005)


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

    theirs = HfApi(endpoint=hub.endpoint).model_info(NAME, files_metadata=True)
    ours = Listing.ask(HubClient(NAME, FAST))
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


# Interruptions


def test_a_killed_download_goes_on_where_it_stopped(hub: Hub, cache: Path) -> None:
    hub.faults = [Fault("/storage/", hang_after=300_000)]
    process = start_process()
    wait_for(lambda: partial(cache, hub).exists() and partial(cache, hub).stat().st_size == 300_000)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    last = hub.requests_for("/storage/")[-1]
    assert (last.range, last.sent) == ("bytes=300000-", SIZE - 300_000)
    assert len(hub.requests_for("tokenizer.json")) == 1, "whole files are not fetched again"


def test_cut_connections_are_taken_up_again(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    hub.faults = [Fault("/storage/", cut_after=100_000), Fault("/storage/", cut_after=250_000)]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert [request.range for request in hub.requests_for("/storage/")] == [None, "bytes=100000-", "bytes=350000-"]
    assert sum(request.sent for request in hub.requests_for("/storage/")) == SIZE
    assert "Trying again" in caplog.text


def test_a_stream_that_ends_early_without_a_length_is_taken_up_again(hub: Hub) -> None:
    hub.faults = [Fault("/storage/", cut_after=100_000, omit_length=True)]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert [request.range for request in hub.requests_for("/storage/")] == [None, "bytes=100000-"]


def test_connections_cut_again_and_again_end_in_an_error_that_keeps_what_came(hub: Hub, cache: Path) -> None:
    hub.faults = [Fault("/storage/", cut_after=1000, times=FOREVER)]
    message = refused(DownloadError)
    assert "3 times in a row" in message
    assert "kept" in message
    assert partial(cache, hub).stat().st_size == 3000


def test_connections_that_bring_much_may_be_cut_any_number_of_times(hub: Hub) -> None:
    hub.files[WEIGHTS] = random.Random(1).randbytes(6 << 20)
    hub.faults = [Fault("/storage/", cut_after=1 << 20, times=FOREVER)]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_a_silent_server_is_given_up_and_asked_again(hub: Hub) -> None:
    hub.faults = [Fault("/storage/", hang_after=1000)]
    impatient = RetryPolicy(tries=3, first_delay=0.001, timeout=0.2)
    folder = resolve_model(NAME, retry=impatient)
    assert (folder / WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_a_server_that_ignores_ranges_sends_the_whole_file_again(hub: Hub) -> None:
    hub.faults = [Fault("/storage/", cut_after=1000), Fault("/storage/", ignore_range=True)]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert [request.sent for request in hub.requests_for("/storage/")] == [1000, SIZE]


def test_a_partial_file_that_is_too_long_is_started_over(hub: Hub, cache: Path) -> None:
    leftover = partial(cache, hub)
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(bytes(SIZE + 1))
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]


def test_two_processes_fetch_a_file_once(hub: Hub, cache: Path) -> None:
    hub.faults = [Fault("/storage/", hang_after=1000)]
    first = start_process()
    wait_for(lambda: partial(cache, hub).exists() and partial(cache, hub).stat().st_size == 1000)
    second = start_process()
    assert second.stdout
    wait_for(lambda: second.stdout.readline() == f"{WEIGHTS} 1000 {SIZE}\n")  # it shows how far the first one is
    hub.release.set()
    folders = {process.communicate(timeout=60)[0].splitlines()[-1] for process in (first, second)}
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(folders) == 1
    assert Path(folders.pop(), WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert len(hub.requests_for("/storage/")) == 1


# Damage


def test_damaged_content_is_fetched_once_more_from_the_start(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    hub.faults = [Fault("/storage/", content=bytes(SIZE))]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert [request.range for request in hub.requests_for("/storage/")] == [None, None]
    assert "damaged" in caplog.text


@pytest.mark.parametrize("file", [WEIGHTS, "config.json"])
def test_content_damaged_twice_is_an_error_and_leaves_nothing(hub: Hub, cache: Path, file: str) -> None:
    hub.faults = [Fault(f"/{file}", content=bytes(len(hub.files[file])), times=FOREVER)]
    hub.faults[0].path = "/storage/" if file == WEIGHTS else f"/{file}"
    assert f"{file} from {hub.endpoint} arrived damaged twice" in refused(DownloadError)
    assert not partial(cache, hub, file).exists()
    assert not partial(cache, hub, file).with_suffix("").exists()


@pytest.mark.parametrize("length", [10, SIZE + 10])
def test_a_wrong_length_names_both(hub: Hub, length: int) -> None:
    hub.faults = [Fault("/storage/", content=bytes(length), times=FOREVER)]
    message = refused(DownloadError)
    assert f"{length:,} bytes" in message
    assert f"{SIZE:,}" in message


def test_bytes_after_the_end_of_a_file_are_left_out(hub: Hub) -> None:
    hub.faults = [Fault("/storage/", content=hub.files[WEIGHTS] + bytes(10**7), omit_length=True)]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert len(hub.requests_for("/storage/")) == 1


def test_a_login_page_in_the_hubs_place_does_not_cost_what_has_arrived(hub: Hub, cache: Path) -> None:
    hub.faults = [
        Fault("/storage/", cut_after=400_000),
        Fault("/storage/", content=b"<html>Welcome to the hotel", ignore_range=True, times=FOREVER),
    ]
    assert "login page" in refused(DownloadError)
    assert partial(cache, hub).stat().st_size == 400_000


def test_another_part_than_asked_for_is_not_taken(hub: Hub) -> None:
    wrong = {"Content-Range": f"bytes 5-{SIZE - 1}/{SIZE}"}
    hub.faults = [Fault("/storage/", cut_after=1000), Fault("/storage/", headers=wrong)]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert [request.range for request in hub.requests_for("/storage/")] == [None, "bytes=1000-", "bytes=1000-"]


@pytest.mark.parametrize(
    "answer", [b"<html>", b"[]", b'{"sha": "x", "siblings": []}', b'{"sha": "%s"}' % COMMIT.encode()]
)
def test_a_file_list_that_is_none_is_an_error(hub: Hub, answer: bytes) -> None:
    hub.faults = [Fault("/api/", content=answer)]
    assert "file list" in refused(DownloadError)


def test_a_file_list_without_hashes_is_refused(hub: Hub) -> None:
    listing = hub.file_list()
    for entry in listing["siblings"]:
        del entry["blobId"]
    hub.faults = [Fault("/api/", content=json.dumps(listing).encode())]
    assert "could not be verified" in refused(DownloadError)


# Refusals


def test_a_misspelt_name_is_said_to_be_one(hub: Hub) -> None:
    message = refused(ModelNotFoundError, "Maker/tinny-model")
    assert "has no model Maker/tinny-model (404)" in message
    assert "spelling" in message


def test_a_model_that_needs_a_login_names_the_token(hub: Hub) -> None:
    hub.faults = [Fault("/api/", status=401)]
    message = refused(ModelNotFoundError)
    assert "to no token (401)" in message
    assert "HF_TOKEN" in message


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_file_names_the_terms_and_the_token(hub: Hub, status: int) -> None:
    hub.faults = [Fault("/resolve/", status=status, headers={"X-Error-Code": "GatedRepo"})]
    message = refused(DownloadError)
    assert f"{hub.endpoint}/{NAME}" in message
    assert "HF_TOKEN" in message


def test_the_token_goes_to_the_hub_and_not_to_its_storage(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    resolve()
    assert {request.authorization for request in hub.requests if not request.on_storage} == {"Bearer hf_secret"}
    assert [request.authorization for request in hub.requests if request.on_storage] == [None]


@pytest.mark.parametrize("status", [401, 403])
def test_a_link_to_storage_that_has_run_out_is_renewed(hub: Hub, status: int) -> None:
    hub.faults = [Fault("/storage/", status=status)]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]
    assert len(hub.requests_for(f"/resolve/{COMMIT}/{WEIGHTS}")) == 2


@pytest.mark.parametrize("path", ["/api/", "/resolve/", "/storage/"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_hub_is_asked_again(hub: Hub, path: str, status: int) -> None:
    hub.faults = [Fault(path, status=status)]
    assert resolve().joinpath(WEIGHTS).read_bytes() == hub.files[WEIGHTS]


@pytest.mark.parametrize("status", [429, 500, 502])
def test_a_hub_that_stays_busy_is_an_error(hub: Hub, status: int) -> None:
    hub.faults = [Fault("/api/", status=status, times=FOREVER)]
    assert f"{status}" in refused(DownloadError)
    assert len(hub.requests) == FAST.tries


def in_seconds(seconds: int) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "3"}, {"RateLimit": '"api";r=0;t=3'}, {"Retry-After": in_seconds(-5)}],
)
def test_the_wait_that_a_busy_hub_asks_for_is_kept(
    hub: Hub, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("qingmo.model.hub_retry.time.sleep", waits.append)
    hub.faults = [Fault("/api/", status=429, headers=headers)]
    resolve()
    assert waits == [FAST.first_delay if "GMT" in str(headers) else 3.0]


@pytest.mark.parametrize("wait", ["3600", in_seconds(3600)])
def test_a_wait_of_an_hour_is_left_to_the_person(hub: Hub, wait: str) -> None:
    hub.faults = [Fault("/api/", status=429, headers={"Retry-After": wait})]
    message = refused(DownloadError)
    assert "asks for a wait of 3" in message
    assert len(hub.requests) == 1


def test_weights_of_another_format_are_named(hub: Hub) -> None:
    del hub.files[WEIGHTS]
    hub.files |= {"pytorch_model.bin": b"x", "model-q8_0.gguf": b"x"}
    assert "only as model-q8_0.gguf, pytorch_model.bin" in refused(UnsupportedError)


def test_a_repository_without_weights_or_tokenizer_is_no_model(hub: Hub) -> None:
    del hub.files["tokenizer.json"]
    assert "tokenizer.json" in refused(CheckpointError)
    del hub.files[WEIGHTS]
    assert WEIGHTS in refused(CheckpointError)


# No network, no room


def test_no_network_and_nothing_cached_names_the_ways_to_the_weights(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    message = refused(ModelNotFoundError)
    for way in ("cannot be reached", "HF_ENDPOINT", "folder", "qingmo pull"):
        assert way in message


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_mode_asks_nobody_and_names_its_variable(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "true")
    message = refused(ModelNotFoundError)
    assert f"{variable} forbids the network" in message
    assert "config.json" in message
    assert hub.requests == []


def test_an_endpoint_that_is_no_address_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "mirror.example")
    assert "'mirror.example'" in refused(ConfigError)


def test_a_proxy_of_no_use_is_named(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import close_session

    close_session()
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:9")
    assert "ALL_PROXY" in refused(ConfigError)


def test_a_disk_too_small_is_noticed_before_anything_is_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("usage", (), {"free": 1000}))
    message = refused(DownloadError)
    assert "0.7 MB" in message
    assert "HF_HOME" in message
    assert not hub.requests_for("/resolve/")


def test_a_disk_that_fills_up_is_named(hub: Hub, cache: Path) -> None:
    path = partial(cache, hub)
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    assert "is full" in refused(DownloadError)


def test_a_cache_that_cannot_be_written_is_named(hub: Hub, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    assert "could not be written" in refused(DownloadError)


def test_a_failed_download_does_not_count_as_the_model(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    hub.faults = [Fault("/storage/", status=500, times=FAST.tries)]
    refused(DownloadError)
    assert (resolve() / WEIGHTS).read_bytes() == hub.files[WEIGHTS]
