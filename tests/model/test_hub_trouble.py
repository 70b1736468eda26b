"""What goes wrong between here and a hub: cut, damaged, refused, full. What can be saved is; the rest is said."""

from __future__ import annotations

import json
import logging
import random
import shutil
import signal
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from hub_case import (
    FAST,
    FOREVER,
    NAME,
    SIZE,
    WEIGHTS,
    partial,
    refused,
    resolve,
    start_process,
    wait_for,
)
from hub_server import COMMIT, Fault, Hub

from qingmo.errors import (
    CheckpointError,
    ConfigError,
    DownloadError,
    ModelNotFoundError,
    UnsupportedError,
)
from qingmo.model.hub import resolve_model
from qingmo.model.hub_retry import RetryPolicy

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
