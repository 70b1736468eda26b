"""llama-bench, asked like the other peers, for report.py to run in turns with Qingmo.

    .venv/bin/python benchmarks/peers/llama_bench_worker.py LLAMA_BENCH MODEL.gguf THREADS

Reads lines of "prefill N" or "decode N" and answers each with the seconds it took: N prompt tokens, or N tokens of
answer from an empty cache. Each is a process of its own; llama-bench warms up and leaves the loading out.
"""

import json
import subprocess
import sys


def seconds(bench: str, model: str, threads: str, what: str, count: str) -> float:
    prompt, answer = (count, "0") if what == "prefill" else ("0", count)
    command = [bench, "-m", model, "-t", threads, "-p", prompt, "-n", answer, "-r", "1", "-o", "json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return float(json.loads(done.stdout)[0]["avg_ns"]) / 1e9


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        print(seconds(*sys.argv[1:4], *line.split()), flush=True)


main()
