"""The report's pictures: SVG that stands in the page and needs nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pygal  # type: ignore[import-untyped]
from pygal.style import Style  # type: ignore[import-untyped]

from qingmo.bench.plan import BATCH_PROMPT, Point
from qingmo.bench.results import Results, SpeedAt

# pygal leaves a finder of its plugins among Python's, of a kind that today's Python warns of. No plugin is wanted here.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

_COLORS = ("#2563eb", "#d97706", "#059669", "#7c3aed", "#dc2626")
_SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)


@dataclass(frozen=True)
class _Line:
    name: str
    values: list[float | None]
    color: str
    dashed: bool = False


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
    requests = [str(number) for number in range(1, results.plan.repeats + 1)]
    lines = [
        _Line(subject.facts.name, [answer.whole for answer in subject.repeats], color)
        for subject, color in zip(results.subjects, _colors(results), strict=True)
    ]
    title = f"The same question {results.plan.repeats} times"
    return _drawn(title, ("request", "seconds"), requests, lines, named=[requests[0], *requests[9::10]])


def _speed(
    title: str,
    along: str,
    points: list[tuple[str, Point]],
    results: Results,
    of: Callable[[SpeedAt], tuple[float | None, float | None]],
) -> str:
    """Each subject's speed, and dashed the machine's limit just then."""
    lines: list[_Line] = []
    for subject, color in zip(results.subjects, _colors(results), strict=True):
        found = [subject.speed_at(point) for _, point in points]
        speeds = [of(at) if at else (None, None) for at in found]
        lines.append(_Line(subject.facts.name, [speed for speed, _ in speeds], color))
        limits = [speed / share if speed and share else None for speed, share in speeds]
        if any(limits):
            lines.append(_Line(f"limit of {subject.facts.name}, dashed", limits, color, dashed=True))
    return _drawn(title, (along, "tokens/s"), [name for name, _ in points], lines)


def _colors(results: Results) -> list[str]:
    """A subject's is the same in every picture."""
    return [_COLORS[at % len(_COLORS)] for at in range(len(results.subjects))]


def _prefill(at: SpeedAt) -> tuple[float | None, float | None]:
    return at.prefill, at.prefill_share


def _decode(at: SpeedAt) -> tuple[float | None, float | None]:
    return at.decode, at.decode_share


def _drawn(
    title: str, axes: tuple[str, str], labels: list[str], lines: Sequence[_Line], named: list[str] | None = None
) -> str:
    """An <svg> element, without the script that pygal adds for its own viewer. named: the labels shown; None: all."""
    chart: Any = pygal.Line(
        title=title,
        x_title=axes[0],
        y_title=axes[1],
        style=_style([line.color for line in lines]),
        js=(),
        include_x_axis=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=1,  # with more, pygal leaves no room for the last row
        truncate_legend=-1,
        truncate_label=-1,
        dots_size=2,
        width=900,
        height=380 + 24 * len(lines),
        disable_xml_declaration=True,
        show_minor_y_labels=True,
    )
    chart.x_labels = labels
    chart.x_labels_major = named or labels
    chart.show_minor_x_labels = False
    for line in lines:
        dashes = {"stroke_style": {"width": 2, "dasharray": "4, 4"}} if line.dashed else {}
        chart.add(line.name, [None if value is None else round(value, 4) for value in line.values], **dashes)
    return _SCRIPT.sub("", chart.render(is_unicode=True))


def _style(colors: Sequence[str]) -> Style:
    return Style(
        background="transparent",
        plot_background="transparent",
        foreground="#5f6b7a",
        foreground_strong="#2b3440",
        foreground_subtle="#c3cad3",
        guide_stroke_color="#e3e7ec",
        major_guide_stroke_color="#e3e7ec",
        colors=tuple(colors),
        font_family="system-ui, sans-serif",
    )
