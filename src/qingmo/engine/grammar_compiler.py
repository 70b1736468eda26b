"""From a grammar to the constraint of an answer, by llguidance, which is loaded at the first grammar and not before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from qingmo.engine.constraint import Constraint
from qingmo.engine.grammar import Grammar, JsonPart
from qingmo.engine.grammar_constraint import GrammarConstraint, TriggeredConstraint
from qingmo.engine.grammar_schema import parts_of
from qingmo.errors import InvalidRequestError, UnsupportedError

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

SHARED = 4
"""Answers that share an automaton. It grows with every text it has followed, by up to 20 states of 200 bytes a token,
so it is not kept from request to request, which would save a few milliseconds of each."""
MAX_STATES = 250_000
"""Of an automaton: 50 MB. Four answers of 3,000 tokens each reach it at the worst."""
MAX_ITEMS = 20_000
"""Earley items in one step: 8 times what the widest object that passes the bounds of grammar_limits.py needs."""
MAX_TRIED = 200
"""Parts of a schema that are compiled alone to find the one that is wrong, at 0.1 ms each."""

_SHARED: tuple[str, ...] = ("$defs", "definitions", "$schema", "x-guidance")  # what parts of a schema need of its root
LONGEST_REASON = 200
"""Characters of llguidance's own words; some of its messages repeat half the schema."""


class TextVocabulary(Protocol):
    """What a grammar needs of a tokenizer."""

    @property
    def control_tokens(self) -> Mapping[str, int]:
        """The ids that no text encodes to, by name."""

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes a token stands for; b"" for those that are no text."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text, none of them a control token."""


class GrammarCompiler:
    """Makes constraints for one vocabulary. Safe to use from several threads.

    tokenizer: the model's. vocab_size: the width of the logits. eos_token_ids: what may end a finished answer.
    """

    def __init__(self, tokenizer: TextVocabulary, vocab_size: int, eos_token_ids: Iterable[int]) -> None:
        self._vocabulary = _Vocabulary(tokenizer, vocab_size, tuple(sorted(eos_token_ids)))
        self._tokenizer: LLTokenizer | None = None
        self._lock = Lock()

    def compile(self, grammar: Grammar) -> Callable[[], Constraint]:
        """What makes the constraint of each answer. The first call takes half a second, others a few milliseconds; the
        GIL is free meanwhile but for that first time.

        Raises InvalidRequestError naming the part that cannot be promised, and UnsupportedError without llguidance.
        """
        matcher, shared_by = self._compile(grammar), 0

        def begin() -> Constraint:
            nonlocal matcher, shared_by
            if shared_by == SHARED:
                matcher, shared_by = self._try(grammar.source), 0
            shared_by += 1
            return GrammarConstraint(matcher.deep_copy(), self._vocabulary.eos_token_ids)

        trigger = grammar.trigger
        return begin if trigger is None else lambda: TriggeredConstraint(trigger, begin)

    def _compile(self, grammar: Grammar) -> LLMatcher:
        matcher = self._try(grammar.source)
        if matcher.is_error():
            raise self._error(grammar, matcher.get_error())
        beginning = matcher.deep_copy()
        beginning.compute_bitmask()
        if beginning.is_error() or (beginning.is_stopped() and not beginning.is_accepting()):
            raise InvalidRequestError(f"{grammar.field} cannot be promised: nothing satisfies it.", field=grammar.field)
        return matcher

    def _try(self, source: str) -> LLMatcher:
        llguidance = _llguidance()
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = llguidance.LLTokenizer(self._vocabulary, eos_token=[*self._vocabulary.eos_token_ids])
        limits = llguidance.LLParserLimits(step_max_items=MAX_ITEMS, max_lexer_states=MAX_STATES, verbose_errors=False)
        matcher: LLMatcher = llguidance.LLMatcher(self._tokenizer, source, log_level=0, limits=limits)
        return matcher

    def _error(self, grammar: Grammar, message: str) -> InvalidRequestError:
        for part in grammar.schemas:
            schema = json.loads(part.schema)
            alone = self._trouble(schema)
            if alone is not None:
                place, reason = self._innermost(schema, part, alone)
                return InvalidRequestError(f"{place} cannot be promised: {reason}.", field=place)
        return InvalidRequestError(f"{grammar.field} cannot be promised: {_reason(message)}.", field=grammar.field)

    def _innermost(self, root: dict[str, Any], part: JsonPart, reason: str) -> tuple[str, str]:
        """The smallest part of a schema that fails for the same reason, and that reason."""
        shared = {name: root[name] for name in _SHARED if name in root}
        place, schema = part.field, root
        tried = 0
        while tried < MAX_TRIED:
            for inner_place, inner in parts_of(schema, place):
                tried += 1
                if isinstance(inner, dict) and tried < MAX_TRIED and self._trouble({**shared, **inner}) == reason:
                    place, schema = inner_place, inner
                    break
            else:
                break
        return place, reason

    def _trouble(self, schema: dict[str, Any]) -> str | None:
        """Why a schema does not compile; None where it does."""
        matcher = self._try(f"start: %json {json.dumps(schema, ensure_ascii=False)}")
        return _reason(matcher.get_error()) if matcher.is_error() else None


class _Vocabulary:
    """The tokenizer in the form in which llguidance reads one. Control tokens are none of its text."""

    is_tokenizer_wrapper = True
    bos_token_id = None

    def __init__(self, tokenizer: TextVocabulary, vocab_size: int, eos_token_ids: tuple[int, ...]) -> None:
        self._tokenizer = tokenizer
        self._vocab_size = vocab_size
        self.eos_token_ids = eos_token_ids
        self.special_token_ids = list(tokenizer.control_tokens.values())

    @property
    def eos_token_id(self) -> int:
        if not self.eos_token_ids:
            raise UnsupportedError("This model names no token that ends an answer, so it cannot follow a grammar.")
        return self.eos_token_ids[0]

    @property
    def tokens(self) -> list[bytes]:
        """The bytes of every id; of a control token its name."""
        found = [self._tokenizer.token_bytes(token) for token in range(self._vocab_size)]
        for name, token in self._tokenizer.control_tokens.items():
            found[token] = name.encode()
        return found

    def __call__(self, text: str) -> list[int]:
        return self._tokenizer.encode(text)


def _llguidance() -> Any:
    try:
        import llguidance
    except ImportError as error:
        raise UnsupportedError(
            "JSON schemas, tools and patterns need the package llguidance, which could not be loaded here "
            f"({error}). Install it where it is offered (glibc 2.31 or newer): pip install llguidance."
        ) from error
    return llguidance


def _reason(message: str) -> str:
    """llguidance's message in our words, without the place in our own rules and the lines that quote them."""
    lines = [line.strip() for line in message.strip().splitlines() if "|" not in line[:8]]
    text = " ".join(lines).rpartition("failed to compile JSON schema: ")[2].strip(" .^")
    if text.startswith("Unimplemented keys: "):
        return f"nothing here enforces {', '.join(json.loads(text.partition(': ')[2]))}"
    if text.startswith("oneOf constraints"):
        return "the members of oneOf may hold together; use anyOf"
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}..."
