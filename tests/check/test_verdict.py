"""Verdicts on weights and answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from qingmo import LLM
from qingmo.check.prompts import Prompt
from qingmo.check.verdict import check_answers, check_weights, judge
from qingmo.config import EngineConfig
from qingmo.engine.build import build_engine
from qingmo.model.checkpoint import open_checkpoint
from qingmo.model.packing import packed_checkpoint


def test_damaged_weights_are_found_and_named(toy_folder: Path, tmp_path: Path) -> None:
    packed = packed_checkpoint(open_checkpoint(toy_folder), "int8", cache_dir=tmp_path)
    assert check_weights(packed).is_right
    damaged = packed.tensors["layers.1.down"]
    with packed.path.open("r+b") as file:
        file.seek(damaged.offset + 100)
        file.write(b"\0\1\2\3")
    verdict = check_weights(packed)
    assert verdict.complaint is not None
    assert str(packed.path) in verdict.complaint and "layers.1.down" in verdict.complaint


def test_answers_are_judged_by_the_rule_of_their_prompt(toy_folder: Path) -> None:
    loaded = build_engine(EngineConfig(model=str(toy_folder)))
    seen: list[str] = []
    prompts = [Prompt("a", "你好", lambda answer: seen.append(answer)), Prompt("b", "你好", lambda answer: "is wrong")]
    verdicts = list(check_answers(LLM.from_engine(loaded.engine, loaded.prompts), prompts))
    assert [verdict.name for verdict in verdicts] == ["a", "b"]
    assert verdicts[0].found == verdicts[1].found, "the answers are greedy"


@pytest.mark.parametrize(("ended", "complaint"), [(True, None), (False, "did not end within 512 tokens")])
def test_an_answer_must_end(ended: bool, complaint: str | None) -> None:
    assert judge("轻模", ended, lambda answer: None) == complaint
