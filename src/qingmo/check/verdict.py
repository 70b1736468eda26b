"""Asks the prompts and verifies the weights; one verdict each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qingmo.check.prompts import PROMPTS, Prompt
from qingmo.errors import PackedFileError
from qingmo.llm import LLM
from qingmo.model.packed_file import Progress, verify_checksums
from qingmo.model.packed_layout import PackedFile
from qingmo.sampling_params import SamplingParams

MAX_TOKENS = 512  # a function that is explained at length has about 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was checked, and what is wrong with it; `found` is what was seen: an answer, or a size."""

    name: str
    found: str
    complaint: str | None

    @property
    def is_right(self) -> bool:
        return self.complaint is None


def check_weights(packed: PackedFile, progress: Progress | None = None) -> Verdict:
    """Every tensor of the packed file against its checksum."""
    found = f"{len(packed.tensors)} tensors, {packed.file_size / 1e6:.0f} MB, in {packed.path}"
    try:
        verify_checksums(packed, progress)
    except PackedFileError as error:
        return Verdict("the weights", found, str(error))
    return Verdict("the weights", found, None)


def check_answers(llm: LLM, prompts: Sequence[Prompt] = PROMPTS) -> Iterator[Verdict]:
    """The likeliest answer to each prompt, judged by its rule, as they come."""
    for prompt in prompts:
        [completion] = llm.chat([{"role": "user", "content": prompt.question}], greedy())
        ended = completion.finish_reason == "stop"
        yield Verdict(prompt.name, completion.text, judge(completion.text, ended, prompt.rule))


def greedy() -> SamplingParams:
    """The same answer each time, with the checkpoint's own penalties left as they are."""
    return SamplingParams(temperature=0, max_tokens=MAX_TOKENS)


def judge(answer: str, ended: bool, rule: Callable[[str], str | None]) -> str | None:
    """What is wrong with an answer; one that goes on and on is wrong whatever it says."""
    return rule(answer) if ended else f"did not end within {MAX_TOKENS} tokens"
