"""Judges the demo model: 200 held-out prompts and 100 passages it has never seen, answered greedily, by rule.

python -m demo.judge                     the list by kind; exit status 1 where the model does less than it must
python -m demo.judge --show              and every wrong answer, with what is wrong
python -m demo.judge --kind verse --show
python -m demo.judge --model FOLDER --quantization none
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from demo.held_out import KINDS
from demo.held_out.case import Case, Kind
from demo.held_out.unseen import unseen_passages
from qingmo import LLM, SamplingParams
from qingmo.completion import CompletionOutput

MUST_ANSWER = 0.90  # of the held-out prompts
MUST_FIND = 0.85  # of the answers in passages never seen
MAX_TOKENS = 512  # the longest right answer, a quicksort that is explained, has about half
_AT_ONCE = 32  # conversations in a batch: enough to keep the cores busy, few enough to see progress


@dataclass(frozen=True, slots=True)
class Judged:
    """A case, what the model said, and what is wrong with that."""

    case: Case
    answer: str
    complaint: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """How many of some cases were right."""

    right: int
    total: int

    @classmethod
    def of(cls, judged: Iterable[Judged]) -> Score:
        complaints = [each.complaint for each in judged]
        return cls(complaints.count(None), len(complaints))

    def reaches(self, share: float) -> bool:
        return self.right >= share * self.total

    def __str__(self) -> str:
        return f"{self.right:>3}/{self.total:<3} {100 * self.right / self.total:5.1f} %" if self.total else "  -"


def main() -> None:
    options = _options()
    kinds = [kind for kind in KINDS if options.kind in (None, kind.name)]
    with LLM(options.model, quantization=options.quantization) as llm:
        enough = [_judge_kinds(llm, kinds, options.show)]
        if options.kind is None:
            enough.append(_judge_passages(llm, options.show))
    sys.exit(0 if all(enough) else 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo", help='a folder, or "demo" for the built-in one (default)')
    parser.add_argument("--quantization", choices=("int8", "none"), default="int8")
    parser.add_argument("--kind", choices=[kind.name for kind in KINDS], help="judge this kind alone")
    parser.add_argument("--show", action="store_true", help="show every wrong answer")
    return parser.parse_args()


def _judge_kinds(llm: LLM, kinds: Sequence[Kind], show: bool) -> bool:
    """Prints the list; whether enough was right."""
    print(f"{'kind':<14} {'all':<14} {'plain':<14} paraphrased")
    plain: list[Judged] = []
    paraphrased: list[Judged] = []
    for kind in kinds:
        asked, reworded = judge(llm, kind.plain), judge(llm, kind.paraphrased)
        print(_line(kind.name, asked, reworded), flush=True)
        _show_wrong([*asked, *reworded], show)
        plain += asked
        paraphrased += reworded
    print(_line("all", plain, paraphrased))
    return Score.of([*plain, *paraphrased]).reaches(MUST_ANSWER)


def _judge_passages(llm: LLM, show: bool) -> bool:
    """Prints the line; whether enough was right."""
    judged = judge(llm, unseen_passages())
    print(f"{'unseen passages':<14} {Score.of(judged)}")
    _show_wrong(judged, show)
    return Score.of(judged).reaches(MUST_FIND)


def judge(llm: LLM, cases: Sequence[Case]) -> list[Judged]:
    """The greedy answer to each case, in order, and what is wrong with it."""
    answers = [answer for group in _groups(cases) for answer in _answers(llm, group)]
    return [Judged(case, text, complaint) for case, (text, complaint) in zip(cases, answers, strict=True)]


def _groups(cases: Sequence[Case]) -> Iterator[list[Case]]:
    """Neighbours that have the same tools, a batch at most."""
    group: list[Case] = []
    for case in cases:
        if group and (len(group) == _AT_ONCE or case.tools != group[0].tools):
            yield group
            group = []
        group.append(case)
    if group:
        yield group


def _answers(llm: LLM, group: Sequence[Case]) -> list[tuple[str, str | None]]:
    conversations = [list(case.messages) for case in group]
    completions = llm.chat(conversations, SamplingParams.greedy(max_tokens=MAX_TOKENS), tools=group[0].tools or None)
    texts = [_as_written(each) for each in completions]
    unended = [None if each.finish_reason in ("stop", "tool_calls") else "does not end" for each in completions]
    return [(text, cut_off or case.complaint(text)) for case, text, cut_off in zip(group, texts, unended, strict=True)]


def _as_written(completion: CompletionOutput) -> str:
    """The answer with its calls of tools, as the model wrote them."""
    calls = (f'{{"name": "{call.name}", "arguments": {call.arguments}}}' for call in completion.tool_calls)
    return "\n".join([completion.text, *(f"<tool_call>\n{call}\n</tool_call>" for call in calls)]).lstrip("\n")


def _line(name: str, plain: Sequence[Judged], paraphrased: Sequence[Judged]) -> str:
    scores = (Score.of([*plain, *paraphrased]), Score.of(plain), Score.of(paraphrased))
    return f"{name:<14} " + " ".join(f"{score!s:<14}" for score in scores).rstrip()


def _show_wrong(judged: Iterable[Judged], show: bool) -> None:
    for each in judged:
        if show and each.complaint is not None:
            print(f"  - {each.case.question!r}\n    {each.answer!r}\n    {each.complaint}")


if __name__ == "__main__":
    main()
