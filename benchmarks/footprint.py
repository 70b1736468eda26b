"""Memory and start-up of a packed model, each measured in a process of its own.

    python benchmarks/footprint.py CHECKPOINT [--conversations 100] [--starts 5]

Memory: VmHWM, mapped pages included, after different conversations in one process. Start: from the start of the process
to the first token of a short prompt, the packed file in the page cache.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

CONVERSATIONS = """
import sys
from qingmo import LLM, SamplingParams
llm = LLM(sys.argv[1])
count = int(sys.argv[2])
for i in range(count):
    question = f"Conversation {i}. " + "".join(chr(0x4E00 + (i * 977 + j * 131) % 20000) for j in range(100 + i))
    messages = [{"role": "user", "content": question}]
    for turn in range(2):
        answer = llm.chat(messages, SamplingParams(max_tokens=24, ignore_eos=True, seed=i))[0]
        messages += [{"role": "assistant", "content": answer.text}, {"role": "user", "content": f"And {turn}?"}]
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""

FIRST_TOKEN = """
import sys
from qingmo import LLM, SamplingParams
next(LLM(sys.argv[1]).stream([{"role": "user", "content": "Hello, who are you?"}], SamplingParams(max_tokens=8)))
print("first token", flush=True)
"""


def run(script: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True, text=True).stdout


def seconds_to_first_token(checkpoint: str) -> float:
    begin = time.perf_counter()
    run(FIRST_TOKEN, checkpoint)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--conversations", type=int, default=100)
    parser.add_argument("--starts", type=int, default=5)
    a = parser.parse_args()
    run(FIRST_TOKEN, a.checkpoint)  # packs, and warms the page cache
    starts = [seconds_to_first_token(a.checkpoint) for _ in range(a.starts)]
    print(f"start to first token: {statistics.median(starts):.2f} s ({min(starts):.2f} to {max(starts):.2f})")
    kib = int(run(CONVERSATIONS, a.checkpoint, str(a.conversations)))
    print(f"VmHWM after {a.conversations} conversations of two turns: {kib / 1000 * 1.024:.0f} MB")


if __name__ == "__main__":
    main()
