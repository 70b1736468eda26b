"""Measuring a real model and a real server, in turns."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from serving import Running, serve

from qingmo.bench import model_process
from qingmo.bench.local import LocalModel
from qingmo.bench.measure import measure
from qingmo.bench.model_process import ModelUnderTest
from qingmo.bench.plan import Plan, Point
from qingmo.bench.results import Results
from qingmo.bench.server import Server
from qingmo.bench.subject import Answer
from qingmo.bench.workload import fixed_question, new_question, random_texts
from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine
from qingmo.engine.outputs import TokenOutput
from qingmo.errors import BenchError, ModelNotFoundError

TINY = Plan(
    questions=1, answer_tokens=12, repeats=2, repeat_tokens=4, lengths=(40,), batches=(2,), decode_tokens=3, rounds=2
)
KEY = "sk-a-key-of-this-test"


@pytest.fixture(scope="module")
def server(toy_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    keys = tmp_path_factory.mktemp("keys") / "keys.txt"
    keys.write_text(KEY)
    with serve(toy_folder, "--api-keys-file", str(keys)) as running:
        yield running


@pytest.fixture(scope="module")
def model(toy_folder: Path) -> Iterator[LocalModel]:
    config = EngineConfig(model=str(toy_folder), kv_cache_memory=4 << 20, max_num_seqs=8, max_model_len=256)
    with closing(LocalModel(config)) as local:
        yield local


@pytest.fixture(scope="module")
def measured(model: LocalModel, server: Running) -> Results:
    said: list[tuple[str, int, int]] = []
    remote = Server(server.url, KEY, server.process.pid)
    found = measure([model, remote], TINY, {"processor": "any"}, lambda *report: said.append(report))
    done = [each[1] for each in said]
    assert done == list(range(len(said))) and said[-1] == ("measured", len(said) - 1, len(said) - 1)
    return found


def test_every_subject_is_measured_as_often_as_planned(measured: Results) -> None:
    for subject in measured.subjects:
        assert [len(subject.questions), len(subject.repeats)] == [1, 2]
        assert [at.point for at in subject.speeds] == [Point(1, 40), Point(2, 128)]
        assert all(len(at.rounds) == 2 for at in subject.speeds)
        assert (subject.peak_memory or 0) > 10 << 20


def test_a_folder_is_called_by_its_own_name_and_a_server_by_its_model_and_address(
    measured: Results, server: Running, toy_folder: Path
) -> None:
    names = [subject.facts.name for subject in measured.subjects]
    assert names == [toy_folder.name, f"{toy_folder.name} at 127.0.0.1:{server.port}"]


def test_a_model_that_goes_by_the_path_of_its_file_is_called_by_the_files_name(toy_folder: Path) -> None:
    with serve(toy_folder, "--served-model-name", "/models/some where/q8_0.gguf") as running:
        assert Server(running.url).facts.name == f"q8_0.gguf at 127.0.0.1:{running.port}"


def test_both_ways_count_the_same_tokens(measured: Results) -> None:
    ours, theirs = measured.subjects
    assert ours.questions[0].tokens == theirs.questions[0].tokens == 12
    for answer in (*ours.repeats, *theirs.repeats):
        assert 0 < answer.first <= answer.whole and answer.tokens == 4


def test_a_model_of_ours_is_held_beside_the_limits_of_the_machine(measured: Results) -> None:
    ours, theirs = measured.subjects
    for at in ours.speeds:
        for speed in at.rounds:
            assert speed.prefill > 0 and speed.decode is not None and speed.decode > 0
            assert speed.probe is not None and speed.probe.multiply_adds > 1e6
            assert speed.probe.bandwidth is None, "weights as small as these lie in caches"
            assert speed.prefill_limit and speed.decode_limit
    assert all(speed.probe is None for at in theirs.speeds for speed in at.rounds)


def test_what_the_cache_cannot_hold_is_left_out(model: LocalModel) -> None:
    assert model.fits(Point(4, 64), 8)
    assert not model.fits(Point(9, 64), 8), "--max-num-seqs"
    assert not model.fits(Point(1, 250), 8), "--max-model-len"


def test_another_seed_is_another_prompt_and_no_cache_helps_with_a_new_question() -> None:
    texts = [text for seed in (1, 2) for text in random_texts(3, 20, seed)]
    assert len(set(texts)) == 6 and texts[:3] == random_texts(3, 20, 1)
    assert new_question(1)[0]["content"][0] != new_question(2)[0]["content"][0]
    assert new_question(1)[1:] == fixed_question()


def test_a_model_that_cannot_be_loaded_is_refused_as_anywhere() -> None:
    with pytest.raises(ModelNotFoundError, match="no/such"):
        LocalModel(EngineConfig(model="no/such/folder"))


def test_a_token_has_come_when_the_step_that_makes_it_is_over(
    toy_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = EngineConfig(model=str(toy_folder))
    loaded = build_engine(config)
    step, finished = loaded.engine.step, list[list[TokenOutput]]()

    def noted_step() -> list[TokenOutput]:
        finished.append(step())
        return finished[-1]

    monkeypatch.setattr(loaded.engine, "step", noted_step)
    monkeypatch.setattr(model_process, "time", SimpleNamespace(perf_counter=lambda: len(finished)))
    answer = ModelUnderTest(loaded, config).ask(fixed_question(), 4)
    assert answer == Answer(first=1, whole=4, tokens=4)


def test_a_process_that_was_killed_is_reported(toy_folder: Path) -> None:
    with closing(LocalModel(EngineConfig(model=str(toy_folder)))) as local:
        assert local.process is not None
        os.kill(local.process, signal.SIGKILL)
        with pytest.raises(BenchError, match="exit status -9"):
            local.ask(fixed_question(), 4)


def test_a_server_that_refuses_is_quoted(server: Running) -> None:
    with pytest.raises(BenchError, match="answers 401 to /models"):
        Server(server.url, "sk-another")


def test_nobody_at_the_address_is_said() -> None:
    with pytest.raises(BenchError, match="does not answer"):
        Server("http://127.0.0.1:9")
