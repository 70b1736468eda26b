"""Conversations as token ids, as the engine will see them, with the tokens to be learned marked.

This is Qwen2.5's chat template written out, because training must know which tokens are the assistant's.
`tests/demo` compares it with the template itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tokenizers import Tokenizer

from demo.text.conversation import QWEN_SYSTEM, Conversation, Message
from demo.tokens import CONTROL, TOOL_MARKS

_TOOLS_BEFORE = (
    "\n\n# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>"
)
_TOOLS_AFTER = (
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n'
    "</tool_call>"
)


class Renderer:
    """Turns conversations into ids; text between control tokens is encoded by itself, as the engine does."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._control = {text: tokenizer.token_to_id(text) for text in (*CONTROL, *TOOL_MARKS)}

    def render(self, conversation: Conversation) -> tuple[list[int], list[bool]]:
        """The ids, and whether each is to be learned: what the assistant writes, up to and with its <|im_end|>."""
        ids: list[int] = []
        learned: list[bool] = []
        for text, learn in pieces(conversation):
            new = self._encode(text)
            ids += new
            learned += [learn] * len(new)
        return ids, learned

    def questions(self, conversation: Conversation) -> Iterator[tuple[list[int], str]]:
        """Each answer as text, with the ids before it: the whole conversation so far, its answers as they should be."""
        ids: list[int] = []
        prompt, answer = ids, ""
        for text, learn in pieces(conversation):
            if learn and not answer:
                prompt = list(ids)
            if learn and text == "<|im_end|>":
                yield prompt, answer
                answer = ""
            elif learn:
                answer += text
            ids += self._encode(text)

    def _encode(self, text: str) -> list[int]:
        control = self._control.get(text)
        return list(self._tokenizer.encode(text).ids) if control is None else [control]


def pieces(conversation: Conversation) -> Iterator[tuple[str, bool]]:
    """The template's output, cut at control tokens, and whether the assistant writes the piece."""
    messages = list(conversation.messages)
    system = messages.pop(0).content if messages and messages[0].role == "system" else QWEN_SYSTEM
    yield from _block("system\n" + system + _tools_text(conversation.tools))
    for index, message in enumerate(messages):
        if message.role == "assistant":
            yield from _assistant(message)
        elif message.role == "tool":
            yield from _tool_response(messages, index)
        else:
            yield from _block(f"{message.role}\n{message.content}")


def _block(text: str) -> Iterator[tuple[str, bool]]:
    yield "<|im_start|>", False
    yield from _cut(text, False)
    yield "<|im_end|>", False
    yield "\n", False


def _assistant(message: Message) -> Iterator[tuple[str, bool]]:
    yield "<|im_start|>", False
    yield "assistant\n", False
    written = [message.content] if message.content else []
    for call in message.calls:
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        written.append(f'<tool_call>\n{{"name": "{call.name}", "arguments": {arguments}}}\n</tool_call>')
    yield from _cut("\n".join(written), True)
    yield "<|im_end|>", True
    yield "\n", False


def _tool_response(messages: Sequence[Message], index: int) -> Iterator[tuple[str, bool]]:
    """Responses in a row share one user block."""
    first = index == 0 or messages[index - 1].role != "tool"
    last = index + 1 == len(messages) or messages[index + 1].role != "tool"
    if first:
        yield "<|im_start|>", False
    yield from _cut(
        ("user" if first else "") + f"\n<tool_response>\n{messages[index].content}\n</tool_response>", False
    )
    if last:
        yield "<|im_end|>", False
        yield "\n", False


def _tools_text(tools: Sequence[Mapping[str, Any]]) -> str:
    if not tools:
        return ""
    return _TOOLS_BEFORE + "".join("\n" + json.dumps(tool, ensure_ascii=False) for tool in tools) + _TOOLS_AFTER


def _cut(text: str, learned: bool) -> Iterator[tuple[str, bool]]:
    """The text, its tool marks apart: the template writes them, and they are control tokens."""
    for mark in TOOL_MARKS:
        before, found, after = text.partition(mark)
        if found:
            yield from _cut(before, learned)
            yield mark, learned
            yield from _cut(after, learned)
            return
    if text:
        yield text, learned
