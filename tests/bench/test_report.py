"""The report says the same in every form, and its page loads nothing from elsewhere."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

from conftest import HOSTILE
from rich.console import Console

from qingmo.bench.markdown import markdown
from qingmo.bench.page import page
from qingmo.bench.results import Results
from qingmo.bench.tables import NOTHING, tables
from qingmo.bench.terminal import show

BUSY = "Other programs kept 0.98 of 2 processors busy."


def cell(results: Results, row: str, column: int) -> str:
    return next(cells[column] for table in tables(results) for cells in table.rows if cells[0] == row)


def test_tables_show_what_people_ask_about_a_device(results: Results) -> None:
    wanted = {
        "processor": "A CPU",
        "time to first token": "250 ms",
        "whole answer": "2.25 s",
        "tokens a second": "60",
        "peak memory": "700 MiB",
        "P95 / median": "1.08",
        "drift": "+20.0 %",
        "prefill, 256 tokens": "1,000 (50 %)",
        "decode, 4 at once": "60 (60 %)",
        "read bandwidth, GB/s": "50 (50 to 50)",
    }
    assert {row: cell(results, row, 1) for row in wanted} == wanted


def test_what_was_not_measured_is_left_open(results: Results) -> None:
    assert cell(results, "prefill, 64 tokens", 2) == "1,000"
    rows = ("peak memory", "decode, 64 tokens", "prefill, 256 tokens", "threads", "read bandwidth, GB/s")
    assert {cell(results, row, 2) for row in rows} == {NOTHING}


def test_every_form_says_what_disturbed_the_run(results: Results) -> None:
    shown = io.StringIO()
    show(results, Console(file=shown, width=100))
    assert all(BUSY in text for text in (shown.getvalue(), markdown(results), page(results)))


def test_a_quiet_run_is_called_that(results: Results) -> None:
    quiet = replace(results, conditions=replace(results.conditions, others=0.0))
    assert "Nothing disturbed the run" in markdown(quiet)
    assert 'class="conditions">' in page(quiet)


def test_markdown_tables_have_as_many_cells_in_every_line(results: Results) -> None:
    for table in markdown(results).split("## ")[1:]:
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines() if line.startswith("|")}
        assert cells == {3 if table.startswith("This machine") else 4}


def test_the_page_loads_nothing_and_runs_nothing(results: Results) -> None:
    seen: list[tuple[str, str, str]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            seen.extend((tag, name, value or "") for name, value in attributes)
            assert tag not in ("script", "link", "img", "iframe", "image", "use")

    made = page(results)
    Reader().feed(made)
    loading = [each for each in seen if each[1] in ("src", "href", "xlink:href", "srcset") or each[1].startswith("on")]
    assert loading == []
    assert "@import" not in made and "url(" not in made
    assert HOSTILE not in made
    assert "default-src 'none'" in made


def test_the_page_has_a_picture_of_stability_and_of_each_speed(results: Results) -> None:
    made = page(results)
    assert made.count("<svg") == 5
    for title in ("The same question 3 times", "Prefill by length of the prompt", "Decode of several at once"):
        assert title in made


def test_the_picture_of_stability_counts_requests_by_tens(results: Results) -> None:
    hundred = tuple(results.subjects[0].repeats[0] for _ in range(100))
    subjects = tuple(replace(subject, repeats=hundred) for subject in results.subjects)
    drawn = page(replace(results, plan=replace(results.plan, repeats=100), subjects=subjects))
    for request in ("10", "20", "100"):
        assert f'class="major">{request}</text>' in drawn


def test_json_holds_every_measurement(results: Results) -> None:
    read = json.loads(results.as_json())
    assert [answer["whole"] for answer in read["subjects"][0]["repeats"]] == [1.0, 1.1, 1.2]
    assert read["subjects"][0]["speeds"][0]["rounds"][0]["probe"]["bandwidth"] == 50e9
    assert read["conditions"]["others"] == 0.98
