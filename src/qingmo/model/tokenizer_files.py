"""What a checkpoint's tokenizer.json and tokenizer_config.json hold, read, cross-checked and refused here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tokenizers

from qingmo.errors import CheckpointError, UnsupportedError
from qingmo.model.json_object import json_object

TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "tokenizer_config.json"
_SUBWORD_PREFIX = re.compile(rb'"continuing_subword_prefix"\s*:\s*(?!null|""|\s)')
_ADDED_TOKENS = re.compile(rb'"added_tokens"\s*:\s*(?=\[)')


@dataclass(frozen=True, slots=True)
class TokenizerFiles:
    bpe: tokenizers.Tokenizer  # without added tokens
    control_tokens: dict[str, int]  # every added token, special or not
    special_ids: frozenset[int]  # those of control_tokens that are never shown
    eos_token: str | None


def read_tokenizer_files(folder: Path) -> TokenizerFiles:
    """Read both files of a checkpoint.

    Raises CheckpointError, naming the file, where one is missing, damaged or contradicts the other, and
    UnsupportedError for a tokenizer that is not byte-level BPE.
    """
    path = folder / TOKENIZER_FILE
    config = read_tokenizer_config(folder)
    without_added, added = _cut_added_tokens(path)
    entries = _merge_entries(added, config.get("added_tokens_decoder") or {}, path)
    bpe = _load_bpe(without_added, path)
    control = {str(e["content"]): token_id for token_id, e in entries.items()}
    _refuse_control_in_text(bpe, control, path)
    special = frozenset(token_id for token_id, e in entries.items() if e.get("special"))
    return TokenizerFiles(bpe, control, special, special_token(config, "eos_token"))


def read_tokenizer_config(folder: Path) -> dict[str, Any]:
    """The content of tokenizer_config.json. Raises CheckpointError where it is missing or not a JSON object."""
    path = folder / CONFIG_FILE
    try:
        return json_object(_read(path))
    except ValueError as error:
        raise CheckpointError(f"{path} {error}. Fetch the checkpoint again.") from None


def read_text(path: Path) -> str:
    """The content of a UTF-8 file. Raises CheckpointError where it is missing or not UTF-8."""
    content = _read(path)
    _require_utf8(content, path)
    return content.decode()


def special_token(config: Mapping[str, Any], name: str) -> str | None:
    """A named token of tokenizer_config.json, which writes it as a string or as an object with its content."""
    value = config.get(name)
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{path} is not there. Fetch the checkpoint again.") from None
    except OSError as error:
        raise CheckpointError(f"{path} could not be read: {error.strerror}.") from None


def _require_utf8(content: bytes, path: Path) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise _damaged(path, f"byte {error.start} is not UTF-8 text") from None


def _damaged(path: Path, why: object) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: {why!s:.300}. Fetch the checkpoint again.")


def _cut_added_tokens(path: Path) -> tuple[bytes, list[dict[str, Any]]]:
    """tokenizer.json with an empty "added_tokens", and what stood there; the other 5 to 11 MB are not parsed here.

    The patterns cannot match inside a JSON string, where both of their quotes would have a backslash before them.
    Raises CheckpointError and UnsupportedError.
    """
    raw = _read(path)
    _require_utf8(raw, path)  # tokenizers would not refuse other bytes but end the process
    if _SUBWORD_PREFIX.search(raw):  # tokenizers would cut it off tokens that do not have it, and end the process
        raise UnsupportedError(
            f"{path} has a continuing_subword_prefix, which byte-level BPE has not, and this version does not read it."
        )
    found = _ADDED_TOKENS.search(raw)
    if found is None:
        return raw, []
    try:
        # Latin-1 has one character a byte, so the end it finds is an offset into the file.
        _, end = json.JSONDecoder().raw_decode(raw.decode("latin-1"), found.end())
        added = json.loads(raw[found.end() : end])
    except ValueError as error:
        raise _damaged(path, error) from None
    except RecursionError:
        raise _damaged(path, "its added tokens are nested too deeply to be read") from None
    return raw[: found.end()] + b"[]" + raw[end:], added


def _merge_entries(added: list[dict[str, Any]], decoder: Mapping[str, Any], path: Path) -> dict[int, Mapping[str, Any]]:
    """Added tokens by id, from both files, which must agree."""
    entries: dict[int, Mapping[str, Any]] = {}
    ids: dict[str, int] = {}
    try:
        pairs = [(int(e["id"]), e) for e in added] + [(int(i), e) for i, e in decoder.items()]
        for token_id, entry in pairs:
            text = str(entry["content"])
            if ids.setdefault(text, token_id) != token_id or entries.setdefault(token_id, entry)["content"] != text:
                raise CheckpointError(
                    f"{path} and {CONFIG_FILE} beside it disagree about the added token {text!r:.100} (id {token_id}). "
                    "The files are from different models; fetch the checkpoint again."
                )
            if entry.get("lstrip") or entry.get("rstrip") or entry.get("single_word"):
                raise UnsupportedError(
                    f"{path}: the added token {text!r:.100} swallows the space around it, "
                    "which this version does not do."
                )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise _damaged(path, "its added tokens, or those in tokenizer_config.json, lack an id or a content") from None
    return entries


def _load_bpe(content: bytes, path: Path) -> tokenizers.Tokenizer:
    try:
        bpe = tokenizers.Tokenizer.from_buffer(content)
    except Exception as error:
        raise _damaged(path, error) from None
    except BaseException as error:  # a panic of the library, which is no Exception
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise _damaged(path, f"it makes the tokenizer library fail ({error})") from None
    if not isinstance(bpe.model, tokenizers.models.BPE) or not isinstance(bpe.decoder, tokenizers.decoders.ByteLevel):
        raise UnsupportedError(
            f"{path} is a {type(bpe.model).__name__} tokenizer; this version reads byte-level BPE, "
            "as Qwen2 and Qwen2.5 models have it."
        )
    bpe.no_truncation()
    bpe.no_padding()
    return bpe


def _refuse_control_in_text(bpe: tokenizers.Tokenizer, control: Mapping[str, int], path: Path) -> None:
    """A vocabulary may itself list an added token; if merges lead to it, text could still become control."""
    for text, token_id in control.items():
        if token_id in bpe.encode(text, add_special_tokens=False).ids:
            raise UnsupportedError(
                f"{path} makes the control token {text!r:.100} from ordinary text, so it is not used."
            )
