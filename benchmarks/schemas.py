"""Answers by JSON schema on a real-size checkpoint: are they valid, and what do they cost?

    python benchmarks/schemas.py CHECKPOINT [--schemas 1000] [--max-tokens 200] [--batch 8] [--steps 200]

Schemas are the seeded ones of tests/random_schemas.py. Random weights are the hardest case: nothing but the masks leads
to a valid answer. The cost is the time in masks, forced tokens and the like as a share of the steps they are part of.
No schemas, or no steps, leave their part out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine
from qingmo.engine.constraint import Constraint
from qingmo.engine.engine import Engine
from qingmo.engine.grammar import json_object_grammar, json_schema_grammar
from qingmo.engine.grammar_compiler import GrammarCompiler
from qingmo.errors import InvalidRequestError
from qingmo.sampling_params import SamplingParams

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from random_schemas import random_schema

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "born": {"type": "string", "format": "date"},
        "occupation": {"enum": ["teacher", "pilot", "工程师"]},
        "biography": {"type": "string"},
    },
    "required": ["name", "born", "occupation", "biography"],
}


class Timed:
    """A constraint, and the seconds spent in it, added up over all answers in `spent`."""

    def __init__(self, constraint: Constraint, spent: list[float]) -> None:
        self._constraint = constraint
        self._spent = spent

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._constraint, name)
        if not callable(found):
            return found

        def timed(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return found(*arguments)
            finally:
                self._spent.append(time.perf_counter() - began)

        return timed


def validity(engine: Engine, count: int, max_tokens: int) -> None:
    """Every answer that ended by itself is checked against its schema."""
    schemas, refused = {}, 0
    for seed in range(count):
        schema = random_schema(seed)
        params = SamplingParams(temperature=1.0, top_p=1.0, seed=seed, max_tokens=max_tokens)
        try:
            schemas[engine.add_request([11, 12, 100 + seed], params, grammar=json_schema_grammar(schema))] = schema
        except InvalidRequestError:
            refused += 1
    texts: dict[int, str] = dict.fromkeys(schemas, "")
    outcomes: Counter[str] = Counter(refused=refused)
    tokens = steps = 0
    began = time.perf_counter()
    while engine.has_work:
        steps += 1
        for output in engine.step():
            tokens += 1
            texts[output.request_id] += output.text
            if output.finish_reason == "stop":
                outcomes["valid" if is_valid(schemas[output.request_id], texts[output.request_id]) else "INVALID"] += 1
            elif output.finish_reason is not None:
                outcomes["cut off at --max-tokens"] += 1
    seconds = time.perf_counter() - began
    print(f"{count} schemas: {dict(outcomes)}; {tokens} tokens in {steps} steps and {seconds:.0f} s")


def is_valid(schema: dict[str, Any], text: str) -> bool:
    """Decimal numbers as they are written: in binary ones 561.56 is no multiple of 0.01."""
    try:
        value = json.loads(text, parse_float=Decimal)
    except ValueError:
        return False
    return bool(Draft202012Validator(json.loads(json.dumps(schema), parse_float=Decimal)).is_valid(value))


def cost(engine: Engine, begin: Callable[[], Constraint], batch: int, steps: int) -> None:
    """Steps of a batch in which every answer is constrained, in the middle of long free strings and elsewhere."""
    spent: list[float] = []
    masks, times = [], []
    for seed in range(batch * 50):
        params = SamplingParams(temperature=1.0, seed=seed, max_tokens=120)
        engine.add_request([11, 12, 100 + seed], params, constraint=lambda: Timed(begin(), spent))
    for step in range(steps):
        spent.clear()
        began = time.perf_counter()
        engine.step()
        if step > batch:
            masks.append(1000 * sum(spent))
            times.append(1000 * (time.perf_counter() - began))
    shares = [mask / whole for mask, whole in zip(masks, times, strict=True)]
    whole, part = statistics.mean(times), statistics.mean(masks)
    print(f"batch of {batch}, all constrained: masks take {part:.2f} ms a step of {whole:.1f}, {part / whole:.1%}")
    print(f"  in the median step {statistics.median(shares):.1%}")


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


HOSTILE: dict[str, Any] = {
    "5,000 deep": nested(5000),
    "20,000 properties": {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(20_000)}},
    "1 MB of enum": {"enum": [f"value number {i}" for i in range(50_000)]},
    "((a{1,100}b?){1,100}c?){1,100}": {"type": "string", "pattern": "((a{1,100}b?){1,100}c?){1,100}"},
    "(.*a){30} of 777 to 4,000": {"type": "string", "pattern": "(.*a){30}", "minLength": 777, "maxLength": 4000},
    "8 patterns at once": {"allOf": [{"type": "string", "pattern": f".*a.{{{i}}}b.*"} for i in range(8)]},
    "remote $ref": {"$ref": "http://127.0.0.1:9/schema.json"},
    "$ref to itself": {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    "a number that nothing divides": {"type": "integer", "multipleOf": 1_299_709},
    "an array of 10^9": {"type": "array", "items": {"type": "integer"}, "minItems": 10**9},
}


def hostile(compiler: GrammarCompiler) -> None:
    for name, schema in HOSTILE.items():
        began = time.perf_counter()
        try:
            compiler.compile(json_schema_grammar(schema))
            outcome = "COMPILED"
        except InvalidRequestError as error:
            outcome = str(error)[:90]
        print(f"  {1000 * (time.perf_counter() - began):6.1f} ms  {name}: {outcome}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--schemas", type=int, default=1000)
    parser.add_argument("--max-tokens", type=int, default=200)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=200)
    a = parser.parse_args()
    config = EngineConfig(model=a.checkpoint, max_num_seqs=a.batch)
    loaded = build_engine(config)
    compiler = GrammarCompiler(
        loaded.tokenizer, loaded.checkpoint.config.vocab_size, loaded.checkpoint.config.eos_token_ids
    )
    began, worked = time.perf_counter(), time.process_time()
    compiler.compile(json_object_grammar())
    print(f"first use: {time.perf_counter() - began:.2f} s ({time.process_time() - worked:.2f} s of work)")
    hostile(compiler)
    if a.steps:
        cost(loaded.engine, compiler.compile(json_schema_grammar(PERSON)), a.batch, a.steps)
    del loaded
    if a.schemas:
        validity(build_engine(EngineConfig(model=a.checkpoint)).engine, a.schemas, a.max_tokens)


if __name__ == "__main__":
    main()
