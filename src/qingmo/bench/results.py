"""What came of a run: plain data, every single measurement included."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from qingmo.bench.conditions import Conditions
from qingmo.bench.figures import median
from qingmo.bench.plan import Plan, Point
from qingmo.bench.subject import Answer, Facts, Speed


@dataclass(frozen=True, slots=True)
class SpeedAt:
    """One point, measured once a round."""

    point: Point
    rounds: tuple[Speed, ...]

    @property
    def prefill(self) -> float | None:
        return median(speed.prefill for speed in self.rounds)

    @property
    def decode(self) -> float | None:
        return median(speed.decode for speed in self.rounds)

    @property
    def prefill_share(self) -> float | None:
        """Of the machine's limit, each round beside its own."""
        return median(speed.prefill / speed.prefill_limit for speed in self.rounds if speed.prefill_limit)

    @property
    def decode_share(self) -> float | None:
        return median(s.decode / s.decode_limit for s in self.rounds if s.decode and s.decode_limit)


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """Everything measured of one subject."""

    facts: Facts
    questions: tuple[Answer, ...]
    repeats: tuple[Answer, ...]
    speeds: tuple[SpeedAt, ...]
    peak_memory: int | None  # bytes

    def speed_at(self, point: Point) -> SpeedAt | None:
        return next((speed for speed in self.speeds if speed.point == point), None)


@dataclass(frozen=True, slots=True)
class Results:
    """A whole run."""

    version: str
    when: str  # ISO 8601
    machine: dict[str, str]  # what to call it -> what it is
    plan: Plan
    conditions: Conditions
    subjects: tuple[SubjectResult, ...]

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)
