"""The demo's tokenizer: byte-level BPE with Qwen2.5's pre-tokenizer, trained on the demo's own text.

A common Chinese character is always one token and never part of a longer one, so that a name is spelled the same
wherever it stands and can be copied token by token.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

VOCABULARY = 3584
OFTEN = 25  # texts: rarer characters stay spelled in bytes, as those that no text has will be
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TOOL_MARKS = ("<tool_call>", "</tool_call>")  # not special: they are part of an answer's text

_QWEN_PIECES = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CHINESE = re.compile("[\u2010-\u2027\u3000-\u9fff\uff00-\uffef]")  # with its punctuation; three bytes each


def train_tokenizer(texts: Iterable[str], characters: str) -> Tokenizer:
    """A tokenizer of VOCABULARY tokens, the control tokens last; every Chinese character of `characters`, and
    every one that many of the texts have, is one token; what room they leave goes to the pieces of other words."""
    texts = list(dict.fromkeys(texts))  # once each, or the default system prompt would be all that counts
    counted = Counter(character for text in texts for character in set(_CHINESE.findall(text)))
    chinese = sorted(set(characters) | {character for character, count in counted.items() if count >= OFTEN})
    merges = _character_merges(chinese)
    room = VOCABULARY - 256 - len(merges) - len(CONTROL) - len(TOOL_MARKS)
    merges += _word_merges((part for text in texts for part in _CHINESE.split(text) if part), room)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([*alphabet, *(a + b for a, b in merges)])}
    return _as_qwen(models.BPE(vocab=vocabulary, merges=merges))


def _character_merges(characters: Iterable[str]) -> list[tuple[str, str]]:
    """Merges that make one token of the three bytes of each character: the first two, then the third."""
    spelled = [_byte_level().pre_tokenize_str(character)[0][0] for character in characters]
    pairs = dict.fromkeys((text[0], text[1]) for text in spelled)
    return [*pairs, *((text[:2], text[2]) for text in spelled)]


def _word_merges(texts: Iterable[str], count: int) -> list[tuple[str, str]]:
    """The first `count` merges of a BPE trained on the texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = _qwen_pre_tokenizer()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=256 + count, initial_alphabet=alphabet, show_progress=False)
    )
    return [(a, b) for a, b in json.loads(tokenizer.to_str())["model"]["merges"]]


def _as_qwen(bpe: models.BPE) -> Tokenizer:
    """`bpe` behind Qwen2.5's normalizer and pre-tokenizer, with its control tokens."""
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _qwen_pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in CONTROL])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in TOOL_MARKS])
    return tokenizer


def _qwen_pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_QWEN_PIECES), "isolated"), _byte_level()])


def _byte_level() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
