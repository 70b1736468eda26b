"""One HTTP request at work: its prompts, the answers to them so far, and what they took."""

from __future__ import annotations

from collections.abc import Sequence

from qingmo.completion import Completion, CompletionOutput, TokenLogprob
from qingmo.engine.answer_stream import AnswerStream
from qingmo.engine.async_engine import AsyncEngine, Submission
from qingmo.engine.outputs import NO_TOKEN, TokenOutput
from qingmo.server.merged_stream import MergedStream
from qingmo.server.usage import Usage

Progress = tuple[CompletionOutput, TokenOutput]
"""A choice as it stands now, and the output that brought it there."""


class Generation:
    """Made by `submit`; `next` until `finished`, then `close`, which is due however it ends."""

    def __init__(self, submissions: Sequence[Submission], streams: Sequence[AnswerStream], usage: Usage) -> None:
        self._n = submissions[0].params.n or 1
        self._stream = MergedStream(streams)
        self._unfinished = len(submissions) * self._n
        self.completions = [
            Completion(None, s.prompt, [CompletionOutput(prompt * self._n + i) for i in range(self._n)])
            for prompt, s in enumerate(submissions)
        ]
        self.usage = usage

    @classmethod
    async def submit(cls, engine: AsyncEngine, submissions: Sequence[Submission], usage: Usage) -> Generation:
        """Queue every prompt, or none. Raises as AsyncEngine.submit does."""
        streams: list[AnswerStream] = []
        try:
            for submission in submissions:
                streams.append(await engine.submit(submission))
        except BaseException:
            for stream in streams:
                stream.abort()
            raise
        return cls(submissions, streams, usage)

    @property
    def finished(self) -> bool:
        return not self._unfinished

    @property
    def queue_position(self) -> int | None:
        """How many requests stand before it; None once it is being computed."""
        return self._stream.queue_position

    @property
    def choices(self) -> list[CompletionOutput]:
        """In the order of their index: those of the first prompt, then those of the next."""
        return [choice for completion in self.completions for choice in completion.outputs]

    @property
    def outcome(self) -> str:
        """How it ended, in a word or a few."""
        reasons = dict.fromkeys(choice.finish_reason or "cut off" for choice in self.choices)
        return ", ".join(reasons)

    async def next(self, timeout: float | None = None) -> list[Progress] | None:
        """What came since the last time; None where nothing came within `timeout` seconds. Raises EngineError."""
        arrived = await self._stream.next(timeout)
        if arrived is None:
            return None
        self.usage.count(sum(output.token_id != NO_TOKEN for _, output in arrived))
        return [(self._extend(self.completions[prompt], output), output) for prompt, output in arrived]

    def close(self) -> None:
        """Stop what is unfinished, and let go of its memory in the engine."""
        self._stream.close()

    def _extend(self, completion: Completion, output: TokenOutput) -> CompletionOutput:
        choice = completion.outputs[output.choice]
        choice.text += output.text
        if output.token_id != NO_TOKEN:
            choice.token_ids.append(output.token_id)
        if output.logprob is not None:
            choice.logprobs = choice.logprobs or []
            choice.logprobs.append(TokenLogprob(output.token_id, output.logprob, output.top_logprobs))
        if output.choice == 0 and not completion.num_cached_tokens:
            completion.num_cached_tokens = output.cached_prompt_tokens
            self.usage.cached_tokens += output.cached_prompt_tokens
        choice.finish_reason = output.finish_reason
        self._unfinished -= output.finish_reason is not None
        return choice
