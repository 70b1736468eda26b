"""What each thread of a server spends on a step of 50 streamed answers: the loop's HTTP beside the arithmetic.

    qingmo serve --model-name-or-path CHECKPOINT --port 8081 & python benchmarks/thread_times.py \
        http://127.0.0.1:8081 $! --tokenizer CHECKPOINT [--users 50] [--seconds 10]

Prints the milliseconds of processor time a step of each thread of that process (Linux). The first is the event loop;
the engine's thread and the pool's workers do the arithmetic. `batch_decode.py --profile` says what of a step sampling
and the engine's Python take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from trace import Texts

import httpx

SYSTEM_TOKENS, OWN_TOKENS, ANSWER_TOKENS = 300, 40, 400
BEGIN_SECONDS = 12.0  # by then all prompts are computed


def thread_seconds(pid: int) -> dict[str, float]:
    """Processor seconds of each thread since it began, by id."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {task.name: int((task / "schedstat").read_text().split()[0]) / 1e9 for task in tasks}


async def generated(client: httpx.AsyncClient) -> int:
    lines = (await client.get("/metrics")).text.splitlines()
    return int(float(next(line for line in lines if line.startswith("qingmo_generated_tokens_total")).split()[1]))


async def stream(client: httpx.AsyncClient, system: str, own: str) -> None:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": own}]
    body = {"model": "any", "messages": messages, "max_tokens": ANSWER_TOKENS, "ignore_eos": True, "stream": True}
    async with client.stream("POST", "/v1/chat/completions", content=json.dumps(body)) as response:
        response.raise_for_status()
        async for _ in response.aiter_raw():
            pass


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("pid", type=int)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=10.0)
    a = parser.parse_args()
    texts = Texts(a.tokenizer, seed=3)
    system = texts.draw(SYSTEM_TOKENS)
    headers = {"Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=a.url, headers=headers, timeout=300, trust_env=False) as client:
        streams = [asyncio.create_task(stream(client, system, texts.draw(OWN_TOKENS))) for _ in range(a.users)]
        await asyncio.sleep(BEGIN_SECONDS)
        begun, tokens, before = time.perf_counter(), await generated(client), thread_seconds(a.pid)
        await asyncio.sleep(a.seconds)
        after, tokens = thread_seconds(a.pid), await generated(client) - tokens
        steps, seconds = tokens / a.users, time.perf_counter() - begun
        for each in streams:
            each.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    print(f"step {seconds / steps * 1e3:.1f} ms, {tokens / seconds:.0f} tokens/s")
    for thread, spent in after.items():
        print(f"thread {thread:8} {(spent - before.get(thread, 0.0)) / steps * 1e3:8.2f} ms a step")


if __name__ == "__main__":
    asyncio.run(main())
