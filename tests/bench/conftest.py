"""A run that nobody measured, for reports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qingmo.bench.conditions import Conditions
from qingmo.bench.limits import Probe
from qingmo.bench.plan import Plan, Point
from qingmo.bench.results import Results, SpeedAt, SubjectResult
from qingmo.bench.subject import Answer, Facts, Speed

HOSTILE = "<script src=//evil.example>|x"


@pytest.fixture
def results() -> Results:
    plan = Plan(questions=1, repeats=3, lengths=(64, 256), batches=(1, 4))
    probe = Probe(multiply_adds=750e9, bandwidth=50e9)
    speed = Speed(prefill=1000.0, decode=60.0, prefill_limit=2000.0, decode_limit=100.0, probe=probe)
    ours = SubjectResult(
        facts=Facts("Qwen2.5", {"threads": "2"}),
        questions=(Answer(0.25, 2.25, 121),),
        repeats=(Answer(0.01, 1.0, 64), Answer(0.01, 1.1, 64), Answer(0.01, 1.2, 64)),
        speeds=tuple(SpeedAt(point, (speed,)) for point in plan.points),
        peak_memory=700 << 20,
    )
    slower = replace(speed, prefill_limit=None, decode_limit=None, probe=None, decode=None)
    server = replace(ours, facts=Facts(HOSTILE), peak_memory=None, speeds=(SpeedAt(Point(1, 64), (slower,)),))
    conditions = Conditions(10.0, 2, stolen=0.0, others=0.98, throttled=None, held_back=None)
    return Results("0.1.0", "2026-11-23T04:00:00+00:00", {"processor": "A CPU"}, plan, conditions, (ours, server))
