"""What clients send: the fields of OpenAI's API that mean something here, and those people know from other engines.

Types and ranges are checked here, so that the served schema tells the truth; what fields mean together is checked by
what they are turned into.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qingmo.engine.grammar_tools import MAX_NAME as MAX_TOOL_NAME
from qingmo.engine.grammar_tools import MAX_TOOLS
from qingmo.sampling_params import MAX_LOGPROBS, MAX_N, MAX_STOP_STRINGS

MAX_MESSAGES = 2048
MAX_PROMPTS = 64
MAX_CHOICES = 256  # of all prompts together
MAX_LOGIT_BIAS = 1024
MAX_NAME = 256  # characters of a name that is sent along
MAX_INT = 2**31 - 1
LONGEST_TEXT = 1 << 20  # characters; a body has no room for more
MAX_IDS = 131072

_NO_EFFECT = "no effect"
NoEffect = Annotated[Any, _NO_EFFECT]
"""A field of OpenAI's that is accepted and changes nothing here."""

TokenId = Annotated[int, Field(ge=0, le=MAX_INT)]
TokenIds = Annotated[list[TokenId], Field(min_length=1, max_length=MAX_IDS, fail_fast=True)]
TokenKey = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
StopString = Annotated[str, Field(min_length=1, max_length=1024)]
PositiveInt = Annotated[int, Field(ge=1, le=MAX_INT)]
Message = dict[str, Any]
Messages = Annotated[
    list[Message],
    Field(min_length=1, max_length=MAX_MESSAGES, examples=[[{"role": "user", "content": "Hello"}]]),
]


class Body(BaseModel):
    """A JSON object with no other fields than these. Numbers are numbers: "1" is not taken for 1."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class StreamOptions(Body):
    """include_usage: one more chunk at the end, with the counts of tokens."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None  # no effect: pieces are not padded


class SamplingFields(Body):
    """What chat and text completions share."""

    model: Annotated[str, Field(max_length=MAX_NAME)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    temperature: Annotated[float, Field(ge=0, le=100)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0, le=MAX_INT)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logit_bias: (
        Annotated[dict[TokenKey, Annotated[float, Field(ge=-100, le=100)]], Field(max_length=MAX_LOGIT_BIAS)] | None
    ) = None
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    n: Annotated[int, Field(ge=1, le=MAX_N)] | None = None
    max_tokens: PositiveInt | None = None
    max_new_tokens: PositiveInt | None = None
    min_tokens: Annotated[int, Field(ge=0, le=MAX_INT)] | None = None
    stop: StopString | Annotated[list[StopString], Field(max_length=MAX_STOP_STRINGS)] | None = None
    ignore_eos: bool | None = None
    cache_salt: Annotated[str, Field(max_length=MAX_NAME)] | None = None

    metadata: NoEffect = None
    moderation: NoEffect = None
    prompt_cache_key: NoEffect = None
    prompt_cache_options: NoEffect = None
    prompt_cache_retention: NoEffect = None
    safety_identifier: NoEffect = None
    service_tier: NoEffect = None
    store: NoEffect = None
    user: NoEffect = None

    @property
    def ignored(self) -> list[str]:
        """The fields this request brought that change nothing."""
        brought = {name for name in self.model_fields_set if getattr(self, name) is not None}
        return sorted(name for name in brought if _NO_EFFECT in type(self).model_fields[name].metadata)

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and bool(self.stream_options.include_usage)


class JsonSchemaFormat(Body):
    """An answer that satisfies a JSON schema. Always held to, whatever `strict` says."""

    name: Annotated[str, Field(max_length=MAX_NAME)] | None = None
    description: Text | None = None
    schema_: Any = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(Body):
    """json_schema belongs to the type of its name; pattern, a regular expression, to "regex"."""

    type: Literal["text", "json_object", "json_schema", "regex"]
    json_schema: JsonSchemaFormat | None = None
    pattern: Text | None = None


class FunctionDefinition(Body):
    """parameters: a JSON schema of an object. Always held to, whatever `strict` says."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_TOOL_NAME)]
    description: Text | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(Body):
    """A function that the caller can run."""

    type: Literal["function"]
    function: FunctionDefinition


class ChatRequest(SamplingFields):
    """POST /v1/chat/completions. tool_choice: "none", "auto", "required" or the one tool to call."""

    messages: Messages
    max_completion_tokens: PositiveInt | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None

    audio: Any = None
    function_call: Any = None
    functions: Any = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    tool_choice: Any = None
    tools: Annotated[list[Tool], Field(max_length=MAX_TOOLS)] | None = None
    web_search_options: Any = None

    modalities: NoEffect = None
    prediction: NoEffect = None
    reasoning_effort: NoEffect = None
    verbosity: NoEffect = None


class CompletionRequest(SamplingFields):
    """POST /v1/completions."""

    prompt: (
        Text
        | TokenIds
        | Annotated[list[Text], Field(min_length=1, max_length=MAX_PROMPTS)]
        | Annotated[list[TokenIds], Field(min_length=1, max_length=MAX_PROMPTS)]
    ) = Field(examples=["Once upon a time"])
    logprobs: Annotated[int, Field(ge=0, le=MAX_LOGPROBS)] | None = None
    echo: bool | None = None
    best_of: Annotated[int, Field(ge=1, le=MAX_N)] | None = None
    suffix: Text | None = None


class TokenizeRequest(Body):
    """POST /tokenize: a text, or a conversation as the model gets it. Exactly one of the two."""

    model: Annotated[str, Field(max_length=MAX_NAME)] | None = None
    prompt: Text | None = Field(None, examples=["Hello"])
    messages: Messages | None = None


class DetokenizeRequest(Body):
    """POST /detokenize."""

    model: Annotated[str, Field(max_length=MAX_NAME)] | None = None
    tokens: Annotated[list[TokenId], Field(max_length=MAX_IDS, fail_fast=True)] = Field(examples=[[1, 2, 3]])
