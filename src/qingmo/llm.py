"""LLM: the model in a Python script, with no server. Names follow vLLM's, because people know them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

from qingmo.completion import Completion, CompletionOutput, TokenLogprob, ToolCall
from qingmo.config import DEFAULT_MODEL, EngineConfig
from qingmo.engine.answer_rules import AnswerRules, answer_rules
from qingmo.engine.build import build_engine
from qingmo.engine.grammar import Grammar, json_schema_grammar, regex_grammar
from qingmo.engine.prompts import Prompts
from qingmo.engine.sync_engine import SyncEngine
from qingmo.errors import InvalidRequestError
from qingmo.model.tool_calls import split_calls
from qingmo.sampling_params import SamplingParams

if TYPE_CHECKING:
    import numpy as np

    from qingmo.engine.engine import Engine
    from qingmo.engine.outputs import TokenOutput

Prompt: TypeAlias = "str | Sequence[int]"
Message: TypeAlias = "Mapping[str, Any]"
Params: TypeAlias = "SamplingParams | Sequence[SamplingParams | None] | None"
Schema: TypeAlias = "Mapping[str, Any] | type[Any]"
"""A JSON schema, or a pydantic model that describes one."""
ToolChoice: TypeAlias = "str | Mapping[str, Any]"


class LLM:
    """A model ready to answer. Any number of threads may use one; their requests share batches.

        with LLM("Qwen/Qwen2.5-0.5B-Instruct") as llm:
            print(llm.generate("The capital of France is", SamplingParams(max_tokens=8))[0].text)

    model: a name on the hub, or a folder. options: the fields of qingmo.config.EngineConfig, such as quantization,
    dtype, max_model_len, threads, enable_prefix_caching, kv_cache_memory, rope_theta and seed. progress: called with
    (what is being done, done, total) on long steps.
    Raises ConfigError, UnsupportedError or ModelError, and TypeError for an option there is not.
    """

    def __init__(
        self, model: str = DEFAULT_MODEL, *, progress: Callable[[str, int, int], None] | None = None, **options: Any
    ) -> None:
        _refuse_unknown(options)
        loaded = build_engine(EngineConfig(model=model, **options), progress)
        self._engine = SyncEngine(loaded.engine)
        self._prompts = loaded.prompts

    @classmethod
    def from_config(cls, config: EngineConfig, progress: Callable[[str, int, int], None] | None = None) -> LLM:
        """The same from an EngineConfig."""
        loaded = build_engine(config, progress)
        return cls.from_engine(loaded.engine, loaded.prompts)

    @classmethod
    def from_engine(cls, engine: Engine, prompts: Prompts) -> LLM:
        """An LLM over an engine that is already assembled; it belongs to the LLM from now on."""
        llm = cls.__new__(cls)
        llm._engine, llm._prompts = SyncEngine(engine), prompts
        return llm

    def generate(
        self,
        prompts: Prompt | Sequence[Prompt],
        params: Params = None,
        *,
        schema: Schema | None = None,
        pattern: str | None = None,
    ) -> list[Completion]:
        """Continue each prompt, text or token ids, one or many. params: one for all, or one for each.

        schema, pattern: what the answers must look like, see `chat`.
        Returns a Completion for each prompt, in order. Raises InvalidRequestError, and then nothing was generated.
        """
        wanted = _as_list(prompts)
        texts = [prompt if isinstance(prompt, str) else None for prompt in wanted]
        encoded = [self._prompts.encode(prompt) for prompt in wanted]
        return self._complete(texts, encoded, params, AnswerRules(_form(schema, pattern)))

    def chat(
        self,
        messages: Sequence[Message] | Sequence[Sequence[Message]],
        params: Params = None,
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: ToolChoice = "auto",
        schema: Schema | None = None,
        pattern: str | None = None,
    ) -> list[Completion]:
        """Answer a conversation, or each of several: lists of {"role": ..., "content": ...}.

        tools: functions that answers may call, as OpenAI's API describes them; tool_choice: "none", "auto", "required",
        or {"type": "function", "function": {"name": ...}} for one. What they call stands in `tool_calls`.
        schema: a JSON schema or a pydantic model that answers satisfy, as long as they do not end with "length".
        pattern: a regular expression that they match, in its place.
        Returns a Completion for each conversation, in order. Raises InvalidRequestError naming the field.
        """
        rules = answer_rules(_form(schema, pattern), tools, tool_choice, self._prompts.control_tokens)
        conversations: Sequence[Any] = messages if _is_many_chats(messages) else [messages]
        encoded = [self._prompts.encode_chat(conversation, rules.tools) for conversation in conversations]
        completions = self._complete([None] * len(encoded), encoded, params, rules)
        for output in [output for completion in completions for output in completion.outputs]:
            self._prompts.remember(output.text, output.token_ids)
            if rules.names:
                _read_calls(output, rules.names)
        return completions

    def stream(
        self,
        messages: str | Sequence[int] | Sequence[Message],
        params: SamplingParams | None = None,
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        schema: Schema | None = None,
        pattern: str | None = None,
    ) -> Iterator[str]:
        """Answer a conversation or continue a prompt, giving text as it comes. Closing the iterator stops the answer.

        schema, pattern: see `chat`. tools: see `chat`; the text has the calls as the model writes them.
        Raises InvalidRequestError: for the prompt's form at once, for what it asks of the engine with the first piece.
        """
        if params is not None and params.n not in (None, 1):
            raise InvalidRequestError(f"n is {params.n}; a stream has one answer. Use chat or generate.", field="n")
        rules = answer_rules(_form(schema, pattern), tools, "auto", self._prompts.control_tokens)
        if not _is_chat(messages):
            return self._pieces(self._prompts.encode(messages), params, rules, [], [])  # type: ignore[arg-type]
        return self._chat_pieces(self._prompts.encode_chat(messages, tools), params, rules)

    def logits(self, token_ids: Sequence[int]) -> np.ndarray:
        """The logits after each token of a prompt, float32 [tokens, vocab_size]."""
        return self._engine.logits(token_ids)

    def close(self) -> None:
        """Let go of the model's memory. Whatever is used afterwards raises QingmoError."""
        self._engine.close()

    def __enter__(self) -> LLM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _complete(
        self, texts: list[str | None], prompts: list[list[int]], params: Params, rules: AnswerRules
    ) -> list[Completion]:
        each = [rules.applied(one or SamplingParams()) for one in _one_for_each(params, len(prompts))]
        completions = [
            Completion(text, prompt, [CompletionOutput(i) for i in range(p.n or 1)])
            for text, prompt, p in zip(texts, prompts, each, strict=True)
        ]
        for index, output in self._engine.run(prompts, each, rules.grammar):
            _extend(completions[index], output)
        return completions

    def _pieces(
        self,
        prompt: list[int],
        params: SamplingParams | None,
        rules: AnswerRules,
        pieces: list[str],
        token_ids: list[int],
    ) -> Iterator[str]:
        """The answer's text as it comes; what was given out so far is in `pieces` and `token_ids`."""
        with closing(self._engine.run([prompt], [params], rules.grammar)) as run:
            for _, output in run:
                token_ids.append(output.token_id)
                if output.text:
                    pieces.append(output.text)
                    yield output.text

    def _chat_pieces(self, prompt: list[int], params: SamplingParams | None, rules: AnswerRules) -> Iterator[str]:
        pieces: list[str] = []
        token_ids: list[int] = []
        try:
            yield from self._pieces(prompt, params, rules, pieces, token_ids)
        finally:
            self._prompts.remember("".join(pieces), token_ids)


def _extend(completion: Completion, token: TokenOutput) -> None:
    output = completion.outputs[token.choice]
    output.text += token.text
    output.token_ids.append(token.token_id)
    output.finish_reason = token.finish_reason
    if token.choice == 0:
        completion.num_cached_tokens = token.cached_prompt_tokens
    if token.logprob is not None:
        output.logprobs = output.logprobs or []
        output.logprobs.append(TokenLogprob(token.token_id, token.logprob, token.top_logprobs))


def _form(schema: Schema | None, pattern: str | None) -> Grammar | None:
    if schema is None:
        return None if pattern is None else regex_grammar(pattern, "pattern")
    if pattern is not None:
        raise InvalidRequestError("An answer satisfies a schema or matches a pattern; give one.", field="pattern")
    described = getattr(schema, "model_json_schema", None)
    return json_schema_grammar(described() if described else schema)


def _read_calls(output: CompletionOutput, names: Collection[str]) -> None:
    output.text, calls = split_calls(output.text, names)
    output.tool_calls = [ToolCall(name, arguments) for name, arguments in calls]
    if calls and output.finish_reason == "stop":
        output.finish_reason = "tool_calls"


def _as_list(prompts: Any) -> list[Prompt]:
    """Prompts as given, or one in a list. An empty list is an empty prompt, and refused as such."""
    many = not isinstance(prompts, str) and len(prompts) > 0 and hasattr(prompts[0], "__len__")
    return list(prompts) if many else [prompts]


def _is_chat(messages: Any) -> bool:
    return not isinstance(messages, str) and len(messages) > 0 and isinstance(messages[0], Mapping)


def _is_many_chats(messages: Any) -> bool:
    return isinstance(messages, Sequence) and len(messages) > 0 and isinstance(messages[0], list | tuple)


def _one_for_each(params: Params, count: int) -> list[SamplingParams | None]:
    if params is None or isinstance(params, SamplingParams):
        return [params] * count
    if len(params) != count:
        raise InvalidRequestError(
            f"There are {count} prompts and {len(params)} sampling parameters; give one for all or one for each.",
            field="params",
        )
    return list(params)


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    known = [field.name for field in fields(EngineConfig) if field.name != "model"]
    for name in options:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            raise TypeError(f"LLM has no option {name}. {hint}")
