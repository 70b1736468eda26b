"""A pytest plugin: with QINGMO_FORBID_SKIPS=1 a skipped test is a failure that says what was missing.

Expected failures (xfail) are left alone: they did run.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TypeVar

import pytest

FORBIDDEN = os.environ.get("QINGMO_FORBID_SKIPS") == "1"  # read now: tests run without QINGMO_ variables

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _judge(report: Report) -> Report:
    if FORBIDDEN and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: a skip, which QINGMO_FORBID_SKIPS=1 forbids. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _judge((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _judge((yield))
