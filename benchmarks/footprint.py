"""Start-up and memory of a packed model, each measured in a process of its own.

    python benchmarks/footprint.py CHECKPOINT [--quantization int8 int4] [--conversations 100] [--starts 5]

Starts, in turns, with the packed file in the page cache: `import qingmo` alone; `qingmo serve` until it is ready; the
first token of a short prompt in a script. Seconds on the clock, and seconds of CPU where other programs run beside it.
Memory: VmHWM of `qingmo serve`, mapped pages included, after different conversations one after the other, and what the
resident memory is made of then.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

IMPORT = "import qingmo"
FIRST_TOKEN = """
import sys
from qingmo import LLM, SamplingParams
llm = LLM(sys.argv[1], quantization=sys.argv[2])
next(llm.stream([{"role": "user", "content": "Hello, who are you?"}], SamplingParams(max_tokens=8)))
"""
MB = 1_000_000
Seconds = tuple[float, float]  # on the clock, of CPU


def timed(work: Callable[[], object]) -> Seconds:
    """How long `work` took, and the processes it started and waited for."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    took, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_script(script: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True)


@contextmanager
def serving(checkpoint: str, quantization: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server that is ready, and its address."""
    flags = ["--model-name-or-path", checkpoint, "--quantization", quantization, "--port", "0"]
    command = [sys.executable, "-m", "qingmo", "serve", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().rsplit(" ", 1)[-1].strip()
        finally:
            process.terminate()


def seconds_to_ready(checkpoint: str, quantization: str) -> Seconds:
    """From the start of the process; of CPU all that it used until then."""
    begin = time.perf_counter()
    with serving(checkpoint, quantization) as (process, _):
        took = time.perf_counter() - begin
        ticks = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        return took, sum(map(int, ticks)) / 100


def show_starts(checkpoint: str, quantization: str, times: int) -> None:
    kinds: dict[str, Callable[[], Seconds]] = {
        "import qingmo": lambda: timed(lambda: run_script(IMPORT)),
        "serve, until ready": lambda: seconds_to_ready(checkpoint, quantization),
        "script, until first token": lambda: timed(lambda: run_script(FIRST_TOKEN, checkpoint, quantization)),
    }
    for measure in kinds.values():
        measure()  # packs, and warms the page cache
    taken: dict[str, list[Seconds]] = {name: [] for name in kinds}
    for _ in range(times):
        for name, measure in kinds.items():
            taken[name].append(measure())
    for name, figures in taken.items():
        wall, cpu = zip(*figures, strict=True)
        print(f"{name}: {statistics.median(wall):.2f} s ({min(wall):.2f} to {max(wall):.2f}), CPU {min(cpu):.2f} s")


def talk(address: str, count: int) -> None:
    """Different conversations of two turns, a prompt of 100 to 200 Chinese characters in each."""
    for i in range(count):
        question = f"Conversation {i}. " + "".join(
            chr(0x4E00 + (i * 977 + j * 131) % 20000) for j in range(100 + i % 100)
        )
        messages = [{"role": "user", "content": question}]
        for turn in range(2):
            request = {"model": "any", "messages": messages, "max_tokens": 24, "seed": i}
            body = json.dumps(request).encode()
            headers = {"Content-Type": "application/json"}
            with urllib.request.urlopen(
                urllib.request.Request(f"{address}/v1/chat/completions", body, headers)
            ) as response:
                answer = json.load(response)["choices"][0]["message"]["content"]
            messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": f"And {turn}?"}]


def show_memory(checkpoint: str, quantization: str, conversations: int) -> None:
    with serving(checkpoint, quantization) as (process, address):
        ready = high_water(process.pid)
        talk(address, conversations)
        print(
            f"VmHWM when ready: {ready:.0f} MB; after {conversations} conversations: {high_water(process.pid):.0f} MB"
        )
        for name, size in resident(process.pid).most_common(6):
            print(f"    {size / MB:6.1f} MB {name}")


def high_water(pid: int) -> float:
    """MB."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024 / MB


def resident(pid: int) -> Counter[str]:
    """Resident bytes by what is mapped: our files by their endings, libraries together, memory of its own."""
    sizes: Counter[str] = Counter()
    name = ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        mapping = re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)", line)
        if mapping:
            path = mapping[1].strip()
            ending = path.rsplit(".", 1)[-1]
            known = {"qingmo": "packed weights", "table": "tokenizer"}
            name = known.get(ending, "libraries and programs" if path.startswith("/") else path or "anonymous")
        elif line.startswith("Rss:"):
            sizes[name] += int(line.split()[1]) * 1024
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--quantization", nargs="+", default=["int8"])
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--starts", type=int, default=5)
    a = parser.parse_args()
    for quantization in a.quantization:
        print(f"{quantization}:")
        show_starts(a.checkpoint, quantization, a.starts)
        show_memory(a.checkpoint, quantization, a.conversations)


if __name__ == "__main__":
    main()
