"""ModelScope as a second source: chosen by name, or asked where the hub cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_case import NAME, WEIGHTS, model_files, refused, resolve
from hub_server import Fault, Hub

from qingmo.errors import ConfigError, DownloadError, HubUnreachableError, ModelNotFoundError
from qingmo.model.hub_source import MODELSCOPE, modelscope, sources

FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", WEIGHTS)


@pytest.fixture
def scope(cache: Path, closed_session: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with Hub(NAME, model_files()).running() as scope:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", scope.endpoint)
        yield scope


def test_it_is_chosen_by_name_and_the_hub_is_left_alone(scope: Hub) -> None:
    folder = resolve(source="modelscope")
    assert {file: (folder / file).read_bytes() for file in FILES} == {file: scope.files[file] for file in FILES}
    assert not (folder / "README.md").exists()
    asked = len(scope.requests)
    assert resolve() == folder
    assert len(scope.requests) == asked


def test_it_is_chosen_by_the_environment(scope: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QINGMO_SOURCE", "modelscope")
    assert (resolve() / WEIGHTS).read_bytes() == scope.files[WEIGHTS]


def test_it_is_asked_where_the_hub_cannot_be_reached(scope: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.delenv("HF_ENDPOINT")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert (resolve() / WEIGHTS).read_bytes() == scope.files[WEIGHTS]


def test_it_is_not_asked_where_the_hub_is_wanted_or_a_mirror_of_it(scope: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1:9 cannot be reached" in refused(HubUnreachableError)  # HF_ENDPOINT is set for every test
    monkeypatch.delenv("HF_ENDPOINT")
    assert [make.__name__ for make in sources("huggingface")] == ["hugging_face"]
    assert [make.__name__ for make in sources("auto")] == ["hugging_face", "modelscope"]
    assert not scope.requests


def test_a_download_goes_on_where_it_was_cut_off(scope: Hub) -> None:
    scope.faults.append(Fault(WEIGHTS, cut_after=300_000))
    folder = resolve(source="modelscope")
    assert (folder / WEIGHTS).read_bytes() == scope.files[WEIGHTS]
    assert [request.range for request in scope.requests_for(WEIGHTS)] == [None, "bytes=300000-"]


def test_what_arrives_damaged_is_not_kept(scope: Hub) -> None:
    scope.faults.append(Fault(WEIGHTS, times=9, content=b"x" * len(scope.files[WEIGHTS])))
    with pytest.raises(DownloadError, match=r"arrived damaged twice.*MODELSCOPE_ENDPOINT"):
        resolve(source="modelscope")


def test_each_source_sees_its_own_token_alone(scope: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "of-the-hub")
    resolve(source="modelscope")
    assert {request.authorization for request in scope.requests} == {None}
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "of-modelscope")
    with pytest.raises(ModelNotFoundError, match="has no model Maker/other"):
        resolve("Maker/other", source="modelscope")
    assert scope.requests[-1].authorization == "Bearer of-modelscope"


def test_both_are_named_where_neither_can_be_reached(
    cache: Path, closed_session: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.delenv("HF_ENDPOINT")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:7")
    message = refused(HubUnreachableError)
    assert "http://127.0.0.1:7 cannot be reached" in message
    assert "http://127.0.0.1:9 cannot be reached" in message
    assert "name a mirror: HF_ENDPOINT=" in message


@pytest.mark.parametrize(
    "answer", [b"[]", b'{"Data": {"Files": [{"Type": "blob", "Path": "a", "Size": 1, "Sha256": 5}]}}']
)
def test_a_list_without_hashes_is_refused(scope: Hub, answer: bytes) -> None:
    scope.faults.append(Fault("repo/files", content=answer))
    with pytest.raises(DownloadError, match="lacks names, sizes or hashes"):
        resolve(source="modelscope")


def test_the_address_is_modelscopes_own_unless_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELSCOPE_ENDPOINT")
    assert modelscope().list_url("a/b").startswith(f"{MODELSCOPE}/api/v1/models/a/b/repo/files?")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", "modelscope")
    with pytest.raises(ConfigError, match="MODELSCOPE_ENDPOINT is 'modelscope'"):
        modelscope()


def test_an_unknown_source_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"'nowhere'.*auto, huggingface, modelscope"):
        sources("nowhere")
