"""Constrained answers in the engine: forced tokens, neighbours, preemption and limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engine.conftest import MakeRunner
from jsonschema import Draft202012Validator
from random_schemas import random_schema

from qingmo.config import EngineConfig
from qingmo.engine.engine import Engine
from qingmo.engine.grammar import json_schema_grammar, regex_grammar
from qingmo.engine.grammar_tools import tool_grammar
from qingmo.engine.outputs import TokenOutput
from qingmo.errors import InvalidRequestError
from qingmo.model.tokenizer import Tokenizer
from qingmo.sampling_params import SamplingParams

PERSON = {
    "type": "object",
    "properties": {
        "姓名": {"type": "string", "maxLength": 6},
        "occupation": {"enum": ["a teacher of mathematics", "a pilot"]},
        "children": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 30}, "maxItems": 3},
    },
    "required": ["姓名", "occupation", "children"],
}
SEEDED = SamplingParams(temperature=1.0, top_p=1.0, top_k=0, max_tokens=120, seed=3)
Answers = dict[tuple[int, int], list[TokenOutput]]


@pytest.fixture(scope="module")
def make_engine(make_native_runner: MakeRunner, vocabulary: Tokenizer, eos: int) -> Any:
    def make(num_blocks: int = 200, **config: Any) -> Engine:
        return Engine(make_native_runner(num_blocks), vocabulary, config=EngineConfig(**config), eos_token_ids=[eos])

    return make


def run(engine: Engine) -> Answers:
    answers: Answers = {}
    while engine.has_work:
        for output in engine.step():
            answers.setdefault((output.request_id, output.choice), []).append(output)
    return answers


def tokens(outputs: list[TokenOutput]) -> list[int]:
    return [output.token_id for output in outputs]


def text(outputs: list[TokenOutput]) -> str:
    return "".join(output.text for output in outputs)


def test_answers_satisfy_their_schemas_when_they_end_by_themselves(make_engine: Any) -> None:
    engine = make_engine(num_blocks=600)
    schemas = {}
    for seed in range(40):
        params = SamplingParams(temperature=1.0, seed=seed, max_tokens=200)
        schema = random_schema(seed)
        schemas[engine.add_request([5, 6, 7], params, grammar=json_schema_grammar(schema))] = schema
    ended = 0
    for (request, _), outputs in run(engine).items():
        if outputs[-1].finish_reason == "stop":
            ended += 1
            Draft202012Validator(schemas[request]).validate(json.loads(text(outputs)))
        else:
            assert outputs[-1].finish_reason == "length" and len(outputs) == 200
    assert ended > 30


def test_forced_tokens_take_no_steps_of_their_own(make_engine: Any) -> None:
    engine = make_engine()
    engine.add_request([5, 6], SEEDED, grammar=json_schema_grammar(PERSON))
    steps, outputs = 0, []
    while engine.has_work:
        outputs += engine.step()
        steps += 1
    assert outputs[-1].finish_reason == "stop"
    assert steps < 0.6 * len(outputs)


def test_log_probabilities_come_with_every_token_and_change_none(make_engine: Any) -> None:
    plain, detailed = make_engine(), make_engine()
    plain.add_request([5, 6], SEEDED, grammar=json_schema_grammar(PERSON))
    params = SamplingParams(temperature=1.0, top_p=1.0, top_k=0, max_tokens=120, seed=3, logprobs=2)
    detailed.add_request([5, 6], params, grammar=json_schema_grammar(PERSON))
    expected, answer = run(plain)[0, 0], run(detailed)[0, 0]
    assert tokens(answer) == tokens(expected)
    assert all(output.logprob is not None and len(output.top_logprobs) == 2 for output in answer)


def requests(engine: Engine, constrained: bool = True) -> None:
    """Four constrained answers of two requests between three that are free."""
    free = SamplingParams(temperature=1.0, seed=1, max_tokens=30, ignore_eos=True)
    penalties = {"repetition_penalty": 1.3, "presence_penalty": 0.5, "frequency_penalty": 0.2}
    pair = SamplingParams(temperature=0.8, seed=8, n=2, max_tokens=100, **penalties)
    for i in range(3):
        engine.add_request([9, 8, 7 + i] * 6, free)
        if constrained and i < 2:
            engine.add_request([3, 4, 5 + i] * 9, pair, grammar=json_schema_grammar(PERSON))


def by_prompt(answers: Answers) -> dict[str, list[int]]:
    return {str(key): tokens(outputs) for key, outputs in sorted(answers.items())}


def test_answers_are_the_same_in_any_company_chunking_and_after_preemption(make_engine: Any) -> None:
    engine = make_engine()
    requests(engine)
    together = by_prompt(run(engine))

    scarce = make_engine(num_blocks=16, max_num_seqs=8)
    requests(scarce)
    assert by_prompt(run(scarce)) == together
    assert scarce.preemptions

    small = make_engine(max_batched_tokens=16, enable_prefix_caching=False)
    requests(small)
    assert by_prompt(run(small)) == together

    free = make_engine()
    requests(free, constrained=False)
    alone = by_prompt(run(free))
    assert [alone[f"({i}, 0)"] for i in (0, 1, 2)] == [together[f"({i}, 0)"] for i in (0, 2, 4)]
    assert together["(1, 0)"] != together["(1, 1)"]


@pytest.mark.parametrize("most", range(1, 12))
def test_an_answer_cut_off_among_forced_tokens_says_so(most: int, make_engine: Any) -> None:
    engine = make_engine()
    engine.add_request([5, 6], SamplingParams(seed=1, max_tokens=most), grammar=json_schema_grammar(PERSON))
    outputs = run(engine)[0, 0]
    assert len(outputs) == most
    assert [output.finish_reason for output in outputs] == [None] * (most - 1) + ["length"]


def test_a_stop_string_ends_an_answer_among_forced_tokens(make_engine: Any) -> None:
    engine = make_engine()
    params = SamplingParams(seed=1, max_tokens=100, stop=['":'])
    engine.add_request([5, 6], params, grammar=json_schema_grammar({"const": {"hello": 1, "world": 2}}))
    outputs = run(engine)[0, 0]
    assert (text(outputs), outputs[-1].finish_reason) == ('{"hello', "stop")


def test_a_forced_text_longer_than_a_step_takes_several(make_engine: Any) -> None:
    engine = make_engine(max_batched_tokens=32)
    constant = {"const": "xyz" * 100}
    engine.add_request([5, 6], SamplingParams(seed=1, max_tokens=500), grammar=json_schema_grammar(constant))
    engine.add_request([5, 6], SamplingParams(seed=1, max_tokens=8, ignore_eos=True))
    answers = run(engine)
    assert json.loads(text(answers[0, 0])) == constant["const"]
    assert len(answers[1, 0]) == 8


def test_an_answer_without_end_may_end_where_its_grammar_does(make_engine: Any) -> None:
    engine = make_engine()
    params = SamplingParams(seed=1, max_tokens=100, ignore_eos=True, min_tokens=50)
    engine.add_request([5, 6], params, grammar=regex_grammar("yes|no"))
    outputs = run(engine)[0, 0]
    assert text(outputs) in ("yes", "no") and outputs[-1].finish_reason == "stop"


def test_an_answer_whose_grammar_gave_up_counts_as_cut_off(make_engine: Any) -> None:
    pair = {"type": "array", "items": False, "minItems": 2}
    pairs = {f"d{i}": {**pair, "prefixItems": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(30)}
    schema = {"$defs": {**pairs, "d30": {"const": 1}}, "$ref": "#/$defs/d0"}
    engine = make_engine(num_blocks=4096, max_model_len=4096)
    engine.add_request([5, 6], SamplingParams(seed=1, max_tokens=100), grammar=json_schema_grammar(schema))
    assert run(engine)[0, 0][-1].finish_reason == "length"


def test_a_refused_schema_queues_nothing(make_engine: Any) -> None:
    engine = make_engine()
    with pytest.raises(InvalidRequestError, match="uniqueItems"):
        engine.add_request([5, 6], grammar=json_schema_grammar({"type": "array", "uniqueItems": True}))
    assert not engine.has_work


def test_calls_of_tools_begin_where_the_model_begins_them(make_engine: Any, vocabulary: Tokenizer) -> None:
    mark = vocabulary.control_tokens["<tool_call>"]
    tools = [{"type": "function", "function": {"name": "add_person", "parameters": PERSON}}]
    grammar = tool_grammar(tools, required=False, control_tokens=vocabulary.control_tokens, parallel=False)
    free, tempted = make_engine(), make_engine()
    params = SamplingParams(temperature=1.0, seed=2, max_tokens=150, logit_bias={mark: 4})
    free.add_request([5, 6], params)
    tempted.add_request([5, 6], params, grammar=grammar)
    plain, called = tokens(run(free)[0, 0]), tokens(run(tempted)[0, 0])
    begin = plain.index(mark)
    assert called[: begin + 1] == plain[: begin + 1]
    body = vocabulary.decode(called[begin + 1 :]).removesuffix("</tool_call>")
    call = json.loads(body)
    assert call["name"] == "add_person"
    Draft202012Validator(PERSON).validate(call["arguments"])
