"""Measures subjects in turns: each measurement of one is followed by the same of the next, so that a machine that slows
down or is shared is unjust to none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from qingmo import __version__
from qingmo.bench.plan import Plan, Point
from qingmo.bench.results import Results, SpeedAt, SubjectResult
from qingmo.bench.subject import Answer, Speed, Subject
from qingmo.bench.watch import Watch
from qingmo.bench.workload import fixed_question, new_question

WARM_UP_TOKENS = 8

Report = Callable[[str, int, int], None]
"""Called with what is being done, the measurements done, and how many there will be."""


def measure(subjects: Sequence[Subject], plan: Plan, machine: dict[str, str], report: Report) -> Results:
    """Everything in the plan. Raises BenchError where a subject stops answering."""
    run = _Run(subjects, plan, report)
    with Watch({str(i): subject.process for i, subject in enumerate(subjects)}) as watch:
        run.warm_up()
        run.ask_questions()
        run.repeat_the_question()
        run.measure_speeds()
    report("measured", run.total, run.total)
    return Results(
        version=__version__,
        when=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        machine=machine,
        plan=plan,
        conditions=watch.conditions,
        subjects=tuple(run.result(i, watch.peak_memory(str(i))) for i in range(len(subjects))),
    )


class _Run:
    def __init__(self, subjects: Sequence[Subject], plan: Plan, report: Report) -> None:
        self._subjects = subjects
        self._plan = plan
        self._report = report
        self._questions: list[list[Answer]] = [[] for _ in subjects]
        self._repeats: list[list[Answer]] = [[] for _ in subjects]
        self._speeds: list[dict[Point, list[Speed]]] = [defaultdict(list) for _ in subjects]
        self._points = [self._fitting(subject) for subject in subjects]
        self._done = 0
        each = 1 + plan.questions + plan.repeats
        self.total = len(subjects) * each + plan.rounds * sum(len(points) for points in self._points)

    def warm_up(self) -> None:
        """The first answer touches memory for the first time; nobody waits for that twice."""
        for subject in self._subjects:
            self._step("warming up")
            subject.ask(new_question(0), WARM_UP_TOKENS)

    def ask_questions(self) -> None:
        for number in range(1, self._plan.questions + 1):
            for subject, answers in zip(self._subjects, self._questions, strict=True):
                self._step("asking the question")
                answers.append(subject.ask(new_question(number), self._plan.answer_tokens))

    def repeat_the_question(self) -> None:
        for _ in range(self._plan.repeats):
            for subject, answers in zip(self._subjects, self._repeats, strict=True):
                self._step("asking it again and again")
                answers.append(subject.ask(fixed_question(), self._plan.repeat_tokens))

    def measure_speeds(self) -> None:
        for turn in range(self._plan.rounds):
            for number, point in enumerate(self._plan.points):
                seed = 1 + turn * len(self._plan.points) + number
                for subject, points, speeds in zip(self._subjects, self._points, self._speeds, strict=True):
                    if point in points:
                        self._step("measuring prefill and decode")
                        speeds[point].append(subject.work(point, self._plan.decode_tokens, seed))

    def result(self, index: int, peak_memory: int | None) -> SubjectResult:
        return SubjectResult(
            facts=self._subjects[index].facts,
            questions=tuple(self._questions[index]),
            repeats=tuple(self._repeats[index]),
            speeds=tuple(SpeedAt(point, tuple(speeds)) for point, speeds in self._speeds[index].items()),
            peak_memory=peak_memory,
        )

    def _fitting(self, subject: Subject) -> list[Point]:
        return [point for point in self._plan.points if subject.fits(point, self._plan.decode_tokens)]

    def _step(self, doing: str) -> None:
        self._report(doing, self._done, self.total)
        self._done += 1
