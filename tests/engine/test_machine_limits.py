"""The limits that containers set are found, whichever version of control groups they use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qingmo.engine import machine
from qingmo.engine.machine import Cores, usable_cores, usable_memory


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up /sys in which this process belongs to the control group /box/inner; eight processors, four cores."""
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "CPUS", tmp_path / "cpu")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for processor in range(8):
        write(tmp_path / f"cpu/cpu{processor}/topology/thread_siblings_list", f"{processor % 4},{processor % 4 + 4}")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def in_groups(monkeypatch: pytest.MonkeyPatch, system: Path, lines: str) -> None:
    write(system / "own", lines)
    real = machine._read
    monkeypatch.setattr(machine, "_read", lambda p: real(system / "own" if str(p) == "/proc/self/cgroup" else p))


def test_two_threads_of_a_core_count_once(system: Path) -> None:
    assert usable_cores() == Cores(allowed=8, physical=4, quota=None)
    assert usable_cores().usable == 4


def test_processors_without_topology_count_each(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "CPUS", system / "nothing")
    assert usable_cores().physical == 8


@pytest.mark.parametrize("file", ["cpu_capacity", "cpufreq/cpuinfo_max_freq"])
def test_small_cores_beside_large_ones_are_left_out(system: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    for processor, speed in enumerate((530, 530, 1024, 1024)):
        write(system / f"cpu/cpu{processor}/{file}", str(speed))
    assert usable_cores() == Cores(allowed=4, physical=4, quota=None, slow=2)
    assert usable_cores().usable == 2
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})  # small ones alone: all that there are
    assert usable_cores() == Cores(allowed=2, physical=2, quota=None)


def test_cores_of_like_speed_all_count_and_capacity_says_more_than_frequency(system: Path) -> None:
    for processor in range(8):
        write(system / f"cpu/cpu{processor}/cpufreq/cpuinfo_max_freq", "5000000" if processor % 2 else "2000000")
        write(system / f"cpu/cpu{processor}/cpu_capacity", "1024" if processor % 2 else "700")
    assert usable_cores() == Cores(allowed=8, physical=4, quota=None)


@pytest.mark.parametrize(("written", "usable"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 4)])
def test_a_version_2_quota_of_a_parent_group_counts(
    system: Path, monkeypatch: pytest.MonkeyPatch, written: str, usable: int
) -> None:
    in_groups(monkeypatch, system, "0::/box/inner")
    write(system / "cgroup/box/inner/cpu.max", "max 100000")
    write(system / "cgroup/box/cpu.max", written)
    assert usable_cores().usable == usable


@pytest.mark.parametrize(("quota", "usable"), [("300000", 3), ("-1", 4)])
def test_a_version_1_quota_counts(system: Path, monkeypatch: pytest.MonkeyPatch, quota: str, usable: int) -> None:
    in_groups(monkeypatch, system, "5:cpuacct,cpu:/box")
    write(system / "cgroup/cpu/box/cpu.cfs_quota_us", quota)
    write(system / "cgroup/cpu/box/cpu.cfs_period_us", "100000")
    assert usable_cores().usable == usable


@pytest.mark.parametrize(
    ("group", "file"), [("0::/box", "box/memory.max"), ("7:memory:/box", "memory/box/memory.limit_in_bytes")]
)
def test_a_memory_limit_counts_where_it_is_less_than_the_machine(
    system: Path, monkeypatch: pytest.MonkeyPatch, group: str, file: str
) -> None:
    in_groups(monkeypatch, system, group)
    unlimited = usable_memory()
    write(system / "cgroup" / file, str(1 << 20))
    assert usable_memory() == 1 << 20
    write(system / "cgroup" / file, str(1 << 62))
    assert usable_memory() == unlimited
    write(system / "cgroup" / file, "max")
    assert usable_memory() == unlimited
