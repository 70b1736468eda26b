"""What a checkpoint's tokenizer.json and tokenizer_config.json hold, read, cross-checked and refused here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qingmo.errors import CheckpointError, UnsupportedError
from qingmo.model.byte_pairs import BytePairs, load_byte_pairs
from qingmo.model.json_object import json_object

TOKENIZER_FILE = "tokenizer.json"
CONFIG_FILE = "tokenizer_config.json"


@dataclass(frozen=True, slots=True)
class TokenizerFiles:
    bpe: BytePairs
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
    bpe, added = load_byte_pairs(path, _read(path))
    entries = _merge_entries(added, config.get("added_tokens_decoder") or {}, path)
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
    try:
        return _read(path).decode()
    except UnicodeDecodeError as error:
        raise _damaged(path, f"byte {error.start} is not UTF-8 text") from None


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


def _damaged(path: Path, why: object) -> CheckpointError:
    return CheckpointError(f"{path} is damaged: {why!s:.300}. Fetch the checkpoint again.")


def _merge_entries(added: list[dict[str, Any]], decoder: Mapping[str, Any], path: Path) -> dict[int, Mapping[str, Any]]:
    """Added tokens by id, from both files, which must agree."""
    entries: dict[int, Mapping[str, Any]] = {}
    ids: dict[str, int] = {}
    try:
        pairs = [(int(e["id"]), e) for e in added] + [(int(i), e) for i, e in decoder.items()]
        for token_id, entry in pairs:
            text = str(entry["content"])
            text.encode()  # UnicodeEncodeError is a ValueError
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


def _refuse_control_in_text(bpe: BytePairs, control: Mapping[str, int], path: Path) -> None:
    """A vocabulary may itself list an added token; if merges lead to it, text could still become control."""
    for text, token_id in control.items():
        if token_id in bpe.encode(text):
            raise UnsupportedError(
                f"{path} makes the control token {text!r:.100} from ordinary text, so it is not used."
            )
