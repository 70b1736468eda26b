"""Every peer beside Qingmo in one run, in turns, written to benchmarks/REPORT.md.

    benchmarks/peers/setup.sh CHECKPOINT
    python benchmarks/report.py CHECKPOINT [--turns 7] [--threads 2] [--peers qingmo-int8,openvino,...] [--out FILE]

CHECKPOINT is the folder given to setup.sh; what is not in build/peers is left out and named. All do the same, greedily:
prompts of 128, 512 and 1,024 tokens up to the first token of the answer, and 64 tokens of answer after a short prompt.
Each measurement of Qingmo is followed by the same of every peer, and ratios are made within a turn: on a shared machine
they mean something where seconds do not. --keep FILE also writes every single measurement, as JSON. --avx2 holds Qingmo
and llama.cpp to AVX2, as on a laptop of ten years ago; `AVX2=1 benchmarks/peers/llama_cpp.sh CHECKPOINT` builds for it.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import statistics
import subprocess
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType

from qingmo.bench.conditions import Conditions, Counters
from qingmo.bench.watch import memory

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "build" / "peers"
WORKERS = ROOT / "benchmarks" / "peers"
PYTHON = ROOT / ".venv" / "bin" / "python"
OURS = "qingmo-int8"
MEASUREMENTS = ("prefill 128", "prefill 512", "prefill 1024", "decode 64")
LOOK_EVERY = 0.05  # seconds


@dataclass(frozen=True)
class Peer:
    """`command` starts it; `python` knows the version of `package`."""

    key: str
    title: str
    command: tuple[str, ...]
    needs: tuple[Path, ...] = ()
    python: Path = PYTHON
    package: str = ""

    @property
    def missing(self) -> list[Path]:
        return [path for path in self.needs if not path.exists()]

    def version(self) -> str:
        if not self.package:
            return ""
        code = f"import importlib.metadata as m; print(m.version({self.package!r}))"
        return subprocess.run([str(self.python), "-c", code], capture_output=True, text=True).stdout.strip()


def peers(checkpoint: Path, threads: int, avx2: bool = False) -> list[Peer]:
    """All there may be; ours first. avx2: Qingmo and llama.cpp with nothing newer than that."""
    name, count = checkpoint.name, str(threads)
    isa, build = (("env", "QINGMO_ISA=avx2"), "build-avx2") if avx2 else ((), "build")

    def ours(quantization: str) -> Peer:
        command = (*isa, str(PYTHON), str(WORKERS / "qingmo_worker.py"), str(checkpoint), count, quantization)
        return Peer(f"qingmo-{quantization}", f"Qingmo, {quantization}", command)

    def python_peer(key: str, title: str, venv: str, package: str, worker: Path, model: Path) -> Peer:
        python = PEERS / f"{venv}-venv" / "bin" / "python"
        return Peer(key, title, (str(python), str(worker), str(model), count), (python, model), python, package)

    def llama(quantization: str) -> Peer:
        bench, model = PEERS / "llama.cpp" / build / "bin/llama-bench", PEERS / f"{name}-{quantization.lower()}.gguf"
        worker = WORKERS / "llama_bench_worker.py"
        command = (str(PYTHON), str(worker), str(bench), str(model), count)
        return Peer(f"llama.cpp-{quantization.lower()}", f"llama.cpp, {quantization}", command, (bench, model))

    return [
        ours("int8"),
        ours("int4"),
        python_peer("openvino", "OpenVINO GenAI, int8", "openvino", "openvino-genai",
                    WORKERS / "openvino_worker.py", PEERS / f"{name}-openvino-int8"),
        llama("Q8_0"),
        llama("Q4_0"),
        python_peer("onnxruntime", "onnxruntime-genai, int4", "onnxruntime", "onnxruntime-genai",
                    WORKERS / "onnxruntime_worker.py", PEERS / f"{name}-onnx-int4"),
        python_peer("transformers", "transformers, bfloat16", "transformers", "transformers",
                    WORKERS / "transformers_worker.py", checkpoint),
    ]  # fmt: skip


@dataclass
class Running:
    """A peer's process, what it has answered, and the most memory it has held."""

    peer: Peer
    seconds: dict[str, list[float]] = field(default_factory=lambda: {each: [] for each in MEASUREMENTS})
    limits: list[tuple[float, float]] = field(default_factory=list)  # bytes and multiply-adds a second
    peak_memory: int = 0

    def __enter__(self) -> Running:
        self.process = subprocess.Popen(
            self.peer.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        while (line := self._read()) != "ready":
            if not line and self.process.poll() is not None:
                raise SystemExit(f"{self.peer.title} does not start; see: {' '.join(self.peer.command)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def measure(self, what: str) -> None:
        self.seconds[what].append(self.seconds_for(what))

    def seconds_for(self, what: str) -> float:
        return float(self._answer(what))

    def probe(self) -> None:
        bandwidth, multiply_adds = map(float, self._answer("limits").split())
        self.limits.append((bandwidth, multiply_adds))

    def rate(self, what: str) -> list[float]:
        """Tokens a second, one a turn."""
        return [int(what.split()[1]) / seconds for seconds in self.seconds[what]]

    def _answer(self, what: str) -> str:
        assert self.process.stdin is not None
        over = threading.Event()
        watch = threading.Thread(target=self._look, args=(over,))
        watch.start()
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        answer = self._read()
        over.set()
        watch.join()
        if not answer:
            raise SystemExit(f"{self.peer.title} ended while it was asked: {what}")
        return answer

    def _look(self, over: threading.Event) -> None:
        while not over.wait(LOOK_EVERY):
            self.peak_memory = max(self.peak_memory, memory(self.process.pid))

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def run(chosen: Sequence[Peer], turns: int) -> tuple[list[Running], Conditions]:
    with ExitStack() as stack:
        running = [stack.enter_context(Running(peer)) for peer in chosen]
        processes = [each.process.pid for each in running]
        before = Counters.now(processes)
        for turn in range(turns):
            for what in MEASUREMENTS:
                for each in running:
                    each.measure(what)
                running[0].probe()
            print(f"turn {turn + 1} of {turns}", flush=True)
        return running, Conditions.between(before, Counters.now(processes))


def report(running: Sequence[Running], conditions: Conditions, checkpoint: Path, threads: int, turns: int) -> str:
    ours = running[0]
    header = ["", *(_title(what) for what in MEASUREMENTS), "peak memory"]
    speeds = [[_named(each), *(_spread(each.rate(what)) for what in MEASUREMENTS), _mib(each)] for each in running]
    ratios = [[_named(each), *(_ratio(ours, each, what) for what in MEASUREMENTS)] for each in running[1:]]
    bandwidth, multiply_adds = ([limit[i] / 1e9 for limit in ours.limits] for i in (0, 1))
    return "\n\n".join([
        "# Qingmo and its peers",
        f"{date.today()}, {_cpu()}, {threads} threads, {turns} turns; checkpoint `{checkpoint.name}`. Written by "
        "`benchmarks/report.py`, which says what is measured.",
        " ".join(conditions.complaints()) or "No other programs, no steal time and no throttling to be seen.",
        "## Tokens a second: median over turns (least to most)",
        _table(header, speeds),
        "Prompts up to the first token of the answer; 64 tokens of answer after a short prompt. Memory is what the "
        "process and its children held at most, mapped weights included.",
        f"## {ours.peer.title}, in times of each peer's speed, turn by turn",
        _table(header[:-1], ratios),
        "## The machine in the same run",
        _table(["", "median (least to most)"], [
            ["read bandwidth, GB/s", _spread(bandwidth)],
            ["multiply-adds on registers, 10^9/s", _spread(multiply_adds)],
        ]),
    ]) + "\n"  # fmt: skip


def _title(what: str) -> str:
    kind, count = what.split()
    return f"{kind}, {int(count):,}"


def _named(each: Running) -> str:
    return " ".join(part for part in (each.peer.title, each.peer.version()) if part)


def _spread(values: Sequence[float]) -> str:
    return f"{_number(statistics.median(values))} ({_number(min(values))} to {_number(max(values))})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _ratio(ours: Running, theirs: Running, what: str) -> str:
    return _spread([t / o for o, t in zip(ours.seconds[what], theirs.seconds[what], strict=True)])


def _mib(each: Running) -> str:
    return f"{each.peak_memory / 2**20:,.0f} MiB"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _cpu() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", help="keys with commas between them; default: all that are there")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "REPORT.md")
    parser.add_argument("--avx2", action="store_true", help="Qingmo and llama.cpp with AVX2 alone; others as they are")
    parser.add_argument("--keep", type=Path, help="every measurement, as JSON")
    a = parser.parse_args()
    known = peers(a.checkpoint.resolve(), a.threads, a.avx2)
    wanted = a.peers.split(",") if a.peers else [peer.key for peer in known]
    for peer in known:
        if peer.key in wanted and peer.missing:
            print(f"left out: {peer.title}; there is no {peer.missing[0]}. Run benchmarks/peers/setup.sh.")
    chosen = [peer for peer in known if peer.key == OURS or (peer.key in wanted and not peer.missing)]
    running, conditions = run(chosen, a.turns)
    a.out.write_text(report(running, conditions, a.checkpoint, a.threads, a.turns), encoding="utf-8")
    if a.keep:
        a.keep.write_text(json.dumps({each.peer.key: [each.seconds, each.limits] for each in running}, indent=2))
    print(a.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
