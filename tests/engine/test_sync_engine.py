"""Threads take turns at one engine."""

from __future__ import annotations

import threading
import time

from engine.conftest import MakeEngine

from qingmo.engine.sync_engine import SyncEngine
from qingmo.sampling_params import SamplingParams


def test_who_waits_gets_the_next_turn_before_who_just_had_one(make_engine: MakeEngine) -> None:
    engine = SyncEngine(make_engine())
    turns: list[str] = []
    deadline = time.monotonic() + 20

    def take_turn() -> None:
        with engine._turn():
            turns.append("waiting")

    thread = threading.Thread(target=take_turn)
    with engine._turn():
        thread.start()
        while not engine._turnstile.locked() and time.monotonic() < deadline:
            time.sleep(0.001)
        assert engine._turnstile.locked(), "the other thread is not next in line"
    with engine._turn():
        turns.append("again")
    thread.join(timeout=20)
    assert turns == ["waiting", "again"]


def test_a_step_by_one_serves_all(make_engine: MakeEngine) -> None:
    engine = SyncEngine(make_engine())
    params = SamplingParams.greedy(max_tokens=5)
    first, second = engine.run([[5, 6]], [params]), engine.run([[7, 8]], [params])
    next(first), next(second)
    assert len(list(first)) == 4
    engine._engine.step = None  # what the other's steps brought is here already
    assert [output.finish_reason for _, output in (next(second) for _ in range(3))] == [None] * 3


def test_outputs_carry_the_index_of_their_prompt(make_engine: MakeEngine) -> None:
    engine = SyncEngine(make_engine())
    params = [SamplingParams.greedy(max_tokens=2), SamplingParams(max_tokens=3, n=2)]
    outputs = list(engine.run([[5, 6], [7, 8]], params))
    assert sorted((index, output.choice) for index, output in outputs) == [(0, 0)] * 2 + [(1, 0)] * 3 + [(1, 1)] * 3
