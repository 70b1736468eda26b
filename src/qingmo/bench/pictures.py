"""The report's pictures: SVG that stands in the page and needs nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from qingmo.bench.plan import BATCH_PROMPT, Point
from qingmo.bench.results import Results, SpeedAt

# pygal leaves a finder of its plugins among Python's, of a kind that today's Python warns of. No plugin is wanted here.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="#5f6b7a",
    foreground_strong="#2b3440",
    foreground_subtle="#c3cad3",
    guide_stroke_color="#e3e7ec",
    major_guide_stroke_color="#e3e7ec",
    colors=("#2563eb", "#d97706", "#059669", "#7c3aed", "#dc2626"),
    font_family="system-ui, sans-serif",
)
_SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)


def pictures(results: Results) -> list[str]:
    """An <svg> element each: stability, then speed by length, then by batch size."""
    plan = results.plan
    lengths = [(f"{length:,}", Point(1, length)) for length in plan.lengths]
    batches = [(f"{batch}", Point(batch, BATCH_PROMPT)) for batch in plan.batches]
    return [
        _stability(results),
        _speed("Prefill by length of the prompt", "prompt tokens", lengths, results, _prefill),
        _speed("Decode by length of the prompt", "prompt tokens", lengths, results, _decode),
        _speed("Prefill of several at once", "sequences", batches, results, _prefill),
        _speed("Decode of several at once", "sequences", batches, results, _decode),
    ]


def _stability(results: Results) -> str:
    chart = _chart(pygal.Line, f"The same question {results.plan.repeats} times", "request", "seconds")
    requests = [str(number) for number in range(1, results.plan.repeats + 1)]
    chart.x_labels = requests
    chart.x_labels_major = [requests[0], *requests[9::10]]
    chart.show_minor_x_labels = False
    chart.show_legend = len(results.subjects) > 1
    for subject in results.subjects:
        chart.add(subject.facts.name, [round(answer.whole, 4) for answer in subject.repeats])
    return _drawn(chart)


def _speed(
    title: str,
    along: str,
    points: list[tuple[str, Point]],
    results: Results,
    of: Callable[[SpeedAt], tuple[float | None, float | None]],
) -> str:
    """Each subject's speed, and dashed the machine's limit just then."""
    chart = _chart(pygal.Line, title, along, "tokens/s")
    chart.x_labels = [name for name, _ in points]
    for subject in results.subjects:
        found = [subject.speed_at(point) for _, point in points]
        speeds = [of(at) if at else (None, None) for at in found]
        chart.add(subject.facts.name, [_rounded(speed) for speed, _ in speeds])
        limits = [speed / share if speed and share else None for speed, share in speeds]
        if any(limits):
            dashes = {"width": 2, "dasharray": "4, 4"}
            chart.add(f"limit of {subject.facts.name}", [_rounded(limit) for limit in limits], stroke_style=dashes)
    return _drawn(chart)


def _prefill(at: SpeedAt) -> tuple[float | None, float | None]:
    return at.prefill, at.prefill_share


def _decode(at: SpeedAt) -> tuple[float | None, float | None]:
    return at.decode, at.decode_share


def _chart(kind: Callable[..., Any], title: str, along: str, up: str) -> Any:
    return kind(
        title=title,
        x_title=along,
        y_title=up,
        style=_STYLE,
        js=(),
        include_x_axis=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        truncate_legend=-1,
        truncate_label=-1,
        dots_size=2,
        width=900,
        height=420,
        disable_xml_declaration=True,
        show_minor_y_labels=True,
    )


def _drawn(chart: Any) -> str:
    """Without the script that pygal adds for its own viewer."""
    return _SCRIPT.sub("", chart.render(is_unicode=True))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
