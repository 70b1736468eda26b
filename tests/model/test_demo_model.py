"""The model in the package goes by the name "demo"; and which errors say that a model cannot be had at all."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
from hub_case import FOREVER, NAME, WEIGHTS, refused, resolve
from hub_server import Fault, Hub

import qingmo
from qingmo.errors import DownloadError, HubUnreachableError, ModelError, ModelNotFoundError
from qingmo.model.hub import find_model, resolve_model
from qingmo.model.hub_retry import RetryPolicy

PACKAGE = Path(qingmo.__file__).parent


def test_the_demo_model_is_in_the_package_and_nobody_is_asked_for_it(hub: Hub) -> None:
    assert resolve_model("demo") == find_model("demo") == PACKAGE / "model" / "demo"
    assert hub.requests == []


def test_a_folder_that_is_called_demo_is_reached_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve_model("demo") == PACKAGE / "model" / "demo"
    assert resolve_model("./demo") == Path("demo")
    assert resolve_model(str(tmp_path / "demo")) == tmp_path / "demo"


def test_a_model_is_found_once_it_is_here_and_nobody_is_asked(hub: Hub) -> None:
    assert find_model(NAME) is None
    assert hub.requests == []
    folder = resolve()
    hub.requests.clear()
    assert find_model(NAME) == folder
    assert hub.requests == []


def test_what_names_no_model_is_not_looked_for() -> None:
    with pytest.raises(ModelNotFoundError, match="neither a folder here nor a hub name"):
        find_model("nonsense")


# What means that a model cannot be had


def test_no_network_and_nothing_cached_lists_three_ways_to_the_weights(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    what, _, *ways = refused(HubUnreachableError).splitlines()
    assert "http://127.0.0.1:9 cannot be reached" in what
    network, folder, pull = ways
    assert "HF_ENDPOINT=" in network
    assert "--model-name-or-path FOLDER" in folder
    assert f"qingmo pull {NAME}" in pull and f"hub/models--Maker--tiny-model from there to {cache}" in pull


def test_an_offline_machine_lists_them_too(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "- unset HF_HUB_OFFLINE" in refused(HubUnreachableError)


def test_a_network_that_drops_what_it_forbids_is_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        for _ in range(4):  # nobody takes them up: the queue is full, and the system drops who comes next
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(HubUnreachableError, match="cannot be reached: no connection"):
            resolve_model(NAME, retry=RetryPolicy(tries=1, timeout=5.0, connect_timeout=0.2))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/api/", status=401),
        Fault("/api/", status=404),
        Fault("/resolve/", status=403, headers={"X-Error-Code": "GatedRepo"}),
        Fault("/api/", status=503),
        Fault("/api/", content=b"<html>Welcome to the hotel"),
        Fault("/config.json", content=b'{"model_type": "gpt2!"}'),
        Fault("/storage/", cut_after=1000),
    ],
    ids=["no such model", "no token", "gated", "busy", "login page", "damaged", "cut off"],
)
def test_a_hub_that_answers_has_said_why_the_model_is_not_to_be_had(hub: Hub, fault: Fault) -> None:
    fault.times = FOREVER
    hub.faults = [fault]
    with pytest.raises(ModelError) as caught:
        resolve()
    assert not isinstance(caught.value, HubUnreachableError)


def test_a_download_that_lost_its_hub_on_the_way_is_to_be_gone_on_with(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.storage = "http://127.0.0.1:9"
    message = refused(DownloadError)
    assert WEIGHTS in message and "kept" in message
