"""Text to token ids and back, by the checkpoint's own byte-level BPE.

The byte pairs held here know no added tokens, so that no text, whatever it spells, becomes a control token. Control
tokens are a table beside them: the chat template puts them in, and decoding reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from qingmo.errors import CheckpointError, InvalidRequestError
from qingmo.model.tokenizer_files import TOKENIZER_FILE, TokenizerFiles, read_tokenizer_files


class Tokenizer:
    """Made by `Tokenizer.from_folder`. Its methods may be called from several threads at once."""

    control_tokens: Mapping[str, int]
    """Every added token's string and id: those flagged special and those that are not, such as <tool_call>."""
    eos_token: str | None
    """The string that ends an answer, as tokenizer_config.json names it."""

    def __init__(self, files: TokenizerFiles) -> None:
        self._bpe = files.bpe
        self.control_tokens = MappingProxyType(files.control_tokens)
        self._control_text = {token_id: text for text, token_id in files.control_tokens.items()}
        self._special = files.special_ids
        self.eos_token = files.eos_token

    @classmethod
    def from_folder(cls, folder: Path) -> Tokenizer:
        """Read tokenizer.json and tokenizer_config.json of a checkpoint.

        Raises CheckpointError, naming the file, where one is missing, damaged or contradicts the other, and
        UnsupportedError for a tokenizer that is not byte-level BPE.
        """
        return cls(read_tokenizer_files(folder))

    def encode(self, text: str) -> list[int]:
        """The ids of `text` as text alone: never a control token, nothing put before or after.

        Raises InvalidRequestError for what is not a string or holds half a surrogate pair.
        """
        require_text(text, "prompt")
        return self._bpe.encode(text)

    def decode(self, ids: Iterable[int], skip_special: bool = True) -> str:
        """The text of `ids`. Bytes that are not UTF-8 become U+FFFD; ids without a token give nothing."""
        pieces = (self._bytes(i, skip_special) for i in ids)
        return b"".join(pieces).decode("utf-8", errors="replace")

    def token_bytes(self, token_id: int) -> bytes:
        """The bytes a token adds to an answer: b"" for special tokens and for ids without a token."""
        return self._bytes(token_id, skip_special=True)

    def is_control(self, token_id: int) -> bool:
        """Whether the id is an added token, which no text encodes to."""
        return token_id in self._control_text

    def valid_token_mask(self, vocab_size: int) -> np.ndarray:
        """Which ids below `vocab_size`, the width of the logits, have a token.

        Returns uint32 [(vocab_size + 31) // 32]; bit i % 32 of word i // 32 is id i.
        Raises CheckpointError where the tokenizer has control tokens that the model does not.
        """
        valid = np.zeros(-(-vocab_size // 32) * 32, dtype=np.uint8)
        valid[self._bpe.ids(vocab_size)] = 1
        for text, token_id in self.control_tokens.items():
            if token_id >= vocab_size:
                raise CheckpointError(
                    f"{TOKENIZER_FILE} gives {text!r:.100} the id {token_id}, but vocab_size in config.json is "
                    f"{vocab_size}. The files are from different models; fetch the checkpoint again."
                )
            valid[token_id] = 1
        return np.packbits(valid, bitorder="little").view("<u4").astype(np.uint32)

    def _bytes(self, token_id: int, skip_special: bool) -> bytes:
        if token_id in self._control_text:
            return b"" if skip_special and token_id in self._special else self._control_text[token_id].encode()
        return self._bpe.token_bytes(token_id) or b""


def require_text(text: object, field: str) -> None:
    """Raise InvalidRequestError, naming `field`, unless `text` is a string that UTF-8 can hold."""
    if not isinstance(text, str):
        raise InvalidRequestError(f"{field} is of type {type(text).__name__}; it must be a string.", field=field)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(
            f"{field} has half a surrogate pair, U+{ord(text[error.start]):04X}, at character {error.start}. "
            "Send text that was decoded as UTF-8.",
            field=field,
        ) from None
