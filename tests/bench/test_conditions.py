"""What disturbed a run is found from counters of the system, and said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from qingmo.bench import conditions
from qingmo.bench.conditions import Conditions, Counters
from qingmo.bench.watch import Watch, listener, memory

QUIET = Conditions(
    seconds=10, processors=2, stolen=0.0, others=0.01, throttled=0, held_back=0.0, clock=(2000.0, 2100.0)
)


def counters(**changes: float | None) -> Counters:
    base: dict[str, float | None] = dict(at=0.0, busy=0.0, stolen=0.0, own=0.0, throttled=0, held_back=0.0)
    return Counters(**{**base, **changes})  # type: ignore[arg-type]


def test_time_that_neither_we_nor_nobody_used_was_taken_by_other_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions.psutil, "cpu_count", lambda: 2)
    after = counters(at=10.0, busy=15.0, own=5.0, stolen=2.0, throttled=3, held_back=1.5)
    found = Conditions.between(counters(), after)
    assert (found.others, found.stolen, found.throttled, found.held_back) == (1.0, 0.1, 3, 1.5)


def test_every_kind_of_work_counts_as_busy_and_waiting_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    times = SimpleNamespace(user=1.0, nice=2.0, system=4.0, irq=8.0, softirq=16.0, idle=100.0, iowait=200.0, steal=50.0)
    monkeypatch.setattr(conditions.psutil, "cpu_times", lambda: times)
    now = Counters.now([])
    assert (now.busy, now.stolen) == (31.0, 50.0)


def test_counters_that_a_system_does_not_have_stay_unknown() -> None:
    unknown = counters(stolen=None, throttled=None, held_back=None)
    found = Conditions.between(unknown, counters(at=1.0, stolen=None, throttled=None, held_back=None))
    assert (found.stolen, found.throttled, found.held_back) == (None, None, None)
    assert found.complaints() == []


def test_a_quiet_machine_is_not_complained_of() -> None:
    assert QUIET.complaints() == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("others", 0.98, "Other programs kept 0.98 of 2 processors busy."),
        ("stolen", 0.25, "25.0% of the processors' time"),
        ("throttled", 4, "slowed down 4 times"),
        ("held_back", 2.0, "used up for 2.0 s"),
        ("clock", (800.0, 3000.0), "between 800 and 3000 MHz"),
    ],
)
def test_each_disturbance_is_said(name: str, value: object, said: str) -> None:
    values = {field: getattr(QUIET, field) for field in QUIET.__slots__}
    [complaint] = Conditions(**{**values, name: value}).complaints()
    assert said in complaint


def test_throttling_is_counted_over_all_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for cpu, count in (("cpu0", "3\n"), ("cpu11", "4\n")):
        folder = tmp_path / cpu / "thermal_throttle"
        folder.mkdir(parents=True)
        (folder / "core_throttle_count").write_text(count)
    monkeypatch.setattr(conditions, "CPUS", tmp_path)
    (tmp_path / "cpu.stat").write_text("usage_usec 5\nnr_throttled 2\nthrottled_usec 1500000\n")
    monkeypatch.setattr(conditions, "CGROUP_CPU", tmp_path / "cpu.stat")
    now = Counters.now([])
    assert (now.throttled, now.held_back) == (7, 1.5)


def test_processor_time_of_a_watched_process_is_our_own_and_its_memory_is_counted() -> None:
    code = "x = bytearray(64 << 20)\nwhile True: sum(x[:1000])"
    with subprocess.Popen([sys.executable, "-c", code]) as busy:
        try:
            with Watch({"busy": busy.pid, "elsewhere": None}) as watch:
                before = Counters.now([busy.pid])
                while (Counters.now([busy.pid]).own - before.own) < 0.3 or memory(busy.pid) < 64 << 20:
                    pass
                while watch.peak_memory("busy") is None:
                    pass
            assert (watch.peak_memory("busy") or 0) > 1 << 20
            assert watch.peak_memory("elsewhere") is None
        finally:
            busy.kill()


def test_a_process_that_is_gone_takes_no_memory() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert memory(gone.pid) == 0


def test_who_listens_on_a_port_is_found() -> None:
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        assert p.stdout is not None
        port = int(p.stdout.readline())
        assert listener(port) == p.pid
        p.communicate("\n")
    assert listener(port) is None
