"""The report as tables of text, whatever shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from qingmo.bench.figures import at_percent, drift, median
from qingmo.bench.limits import Probe
from qingmo.bench.plan import BATCH_PROMPT, Point
from qingmo.bench.results import Results, SpeedAt, SubjectResult

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are plain text; the first of a row says what the others are."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def tables(results: Results) -> list[Table]:
    """In the order in which they are read."""
    return [_machine(results), _overview(results), _stability(results), *_speeds(results), _limits(results)]


def conditions(results: Results) -> str:
    """One paragraph on what disturbed the run."""
    found = results.conditions.complaints()
    if not found:
        return "Nothing disturbed the run: no other programs, no steal time, no throttling to be seen."
    return "Not this machine's best: " + " ".join(found)


def _machine(results: Results) -> Table:
    return Table("This machine", ("", ""), tuple(results.machine.items()))


def _overview(results: Results) -> Table:
    rows = [
        *_details(results.subjects),
        _row("time to first token", results, lambda s: _seconds(median(a.first for a in s.questions))),
        _row("whole answer", results, lambda s: _seconds(median(a.whole for a in s.questions))),
        _row("tokens of the answer", results, lambda s: _number(median(a.tokens for a in s.questions))),
        _row("tokens a second", results, lambda s: _number(median(a.rate for a in s.questions))),
        _row("peak memory", results, lambda s: f"{s.peak_memory / 2**20:,.0f} MiB" if s.peak_memory else NOTHING),
    ]
    asked = results.plan.questions
    note = f"The fixed question, unknown to every cache{f'; the median of {asked}' if asked > 1 else ''}."
    return Table("One question", _header("", results), tuple(rows), note)


def _details(subjects: tuple[SubjectResult, ...]) -> Iterable[tuple[str, ...]]:
    names = dict.fromkeys(name for subject in subjects for name in subject.facts.details)
    return ((name, *(subject.facts.details.get(name, NOTHING) for subject in subjects)) for name in names)


def _stability(results: Results) -> Table:
    def whole(figure: Callable[[list[float]], str]) -> Callable[[SubjectResult], str]:
        return lambda subject: figure([answer.whole for answer in subject.repeats])

    rows = (
        _row("median", results, whole(lambda times: _seconds(median(times)))),
        _row("P95", results, whole(lambda times: _seconds(at_percent(times, 95)))),
        _row("P99", results, whole(lambda times: _seconds(at_percent(times, 99)))),
        _row("slowest", results, whole(lambda times: _seconds(max(times)))),
        _row("P95 / median", results, whole(lambda times: f"{at_percent(times, 95) / (median(times) or 1):.2f}")),
        _row("drift", results, whole(lambda times: f"{100 * drift(times):+.1f} %")),
        _row("time to first token", results, lambda s: _seconds(median(answer.first for answer in s.repeats))),
    )
    plan = results.plan
    note = f"Whole answers of at most {plan.repeat_tokens} tokens. Drift: the last fifth of them beside the first."
    return Table(f"The same question {plan.repeats} times", _header("", results), rows, note)


def _speeds(results: Results) -> list[Table]:
    plan = results.plan
    by_length = [(f"{length:,} tokens", Point(1, length)) for length in plan.lengths]
    by_batch = [(f"{batch} at once", Point(batch, BATCH_PROMPT)) for batch in plan.batches]
    return [
        _speed_table("By length of the prompt", by_length, results),
        _speed_table(f"By number of sequences, with prompts of {BATCH_PROMPT} tokens", by_batch, results),
    ]


def _speed_table(title: str, points: list[tuple[str, Point]], results: Results) -> Table:
    rows = tuple(
        (f"{kind}, {name}", *(cell(subject.speed_at(point)) for subject in results.subjects))
        for kind, cell in (("prefill", _prefill), ("decode", _decode))
        for name, point in points
    )
    note = "Tokens a second of all sequences together; behind it the share of the machine's limit just then."
    return Table(title, _header("", results), rows, note)


def _prefill(speed: SpeedAt | None) -> str:
    return _with_share(speed.prefill, speed.prefill_share) if speed else NOTHING


def _decode(speed: SpeedAt | None) -> str:
    return _with_share(speed.decode, speed.decode_share) if speed else NOTHING


def _limits(results: Results) -> Table:
    rows = (
        _row("read bandwidth, GB/s", results, lambda s: _spread(p.bandwidth for p in _probes(s))),
        _row("multiply-adds, 10^9/s", results, lambda s: _spread(p.multiply_adds for p in _probes(s))),
    )
    note = (
        "Probed on the threads that compute, before and after every measurement: median (least to most). Decode cannot "
        "read its weights faster than the first allows, nor prefill multiply faster than the second."
    )
    return Table("The machine's limits in this run", _header("", results), rows, note)


def _probes(subject: SubjectResult) -> Iterable[Probe]:
    return (speed.probe for at in subject.speeds for speed in at.rounds if speed.probe)


def _spread(values: Iterable[float | None]) -> str:
    known = [value / 1e9 for value in values if value is not None]
    return f"{_number(median(known))} ({_number(min(known))} to {_number(max(known))})" if known else NOTHING


def _header(first: str, results: Results) -> tuple[str, ...]:
    return (first, *(subject.facts.name for subject in results.subjects))


def _row(name: str, results: Results, cell: Callable[[SubjectResult], str]) -> tuple[str, ...]:
    return (name, *(cell(subject) for subject in results.subjects))


def _with_share(rate: float | None, share: float | None) -> str:
    return _number(rate) + (f" ({100 * share:.0f} %)" if share is not None else "")


def _seconds(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"


def _number(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
