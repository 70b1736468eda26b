"""From what people write, text and conversations, to prompts in token ids."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from qingmo.model.chat_template import ChatTemplate
from qingmo.model.tokenizer import Tokenizer

REMEMBERED_ANSWERS = 512
"""About 4 MB at 500 tokens an answer; a conversation needs one for each of its turns."""


class Prompts:
    """Encodes prompts, and remembers the ids of answers: encoding an answer's text anew may give other ids, and then
    the prefix cache would miss the conversation from there on. Safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer, template: ChatTemplate, remember: int = REMEMBERED_ANSWERS) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._capacity = remember
        self._answers: OrderedDict[str, array[int]] = OrderedDict()  # text -> ids, least recently used first
        self._lock = Lock()

    @property
    def control_tokens(self) -> Mapping[str, int]:
        """The ids of the model's control tokens by name."""
        return self._tokenizer.control_tokens

    def encode(self, prompt: str | Iterable[int]) -> list[int]:
        """Text as ids, never control tokens; ids as they are. Raises InvalidRequestError."""
        return self._tokenizer.encode(prompt) if isinstance(prompt, str) else list(prompt)

    def encode_chat(self, messages: object, tools: object = None) -> list[int]:
        """A conversation, up to where the assistant speaks next. Raises InvalidRequestError naming the field."""
        return self._template.encode(messages, tools=tools, generated=self._generated)

    def remember(self, text: str, token_ids: Sequence[int]) -> None:
        """Note an answer, so that a conversation it appears in keeps its ids; one cut inside a token is left out."""
        spoken = list(token_ids)
        while spoken and not self._tokenizer.token_bytes(spoken[-1]):
            spoken.pop()  # the end of sequence
        pieces = [self._tokenizer.token_bytes(token) for token in spoken]
        if not all(pieces) or b"".join(pieces).decode("utf-8", "replace") != text or not text:
            return
        with self._lock:
            self._answers[text] = array("i", spoken)
            self._answers.move_to_end(text)
            if len(self._answers) > self._capacity:
                self._answers.popitem(last=False)

    def _generated(self, text: str) -> Sequence[int] | None:
        with self._lock:
            if text not in self._answers:
                return None
            self._answers.move_to_end(text)
            return self._answers[text]
