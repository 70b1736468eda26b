"""Messages to a prompt by the checkpoint's own template, in which control tokens come from the template alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import minijinja

from qingmo.errors import CheckpointError, InvalidRequestError
from qingmo.model.hidden_text import ControlStrings, HiddenText
from qingmo.model.messages import check_messages, check_tools
from qingmo.model.tokenizer import Tokenizer
from qingmo.model.tokenizer_files import CONFIG_FILE, read_text, read_tokenizer_config, special_token

TEMPLATE_FILE = "chat_template.jinja"
_SPECIAL_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")
_NAME = "chat template"
_LONGEST = 200_000  # characters of a template; Qwen2.5's has 2,500
_LONGEST_TAG = 2_000  # characters beside its strings: each may nest, and minijinja's compiler calls itself for each
_STRING = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_TAG = re.compile(r"\{[{%](?:" + _STRING + r"|(?![%}]\}).)*", re.DOTALL)
_WIDEST_INDENT = 100  # columns; every level of every line takes them
_FUEL = 5_000_000  # steps of one rendering: Qwen2.5's takes 40 a message; a template without an end stops in 0.1 s

Generated = Callable[[str], Sequence[int] | None]
"""The ids this engine generated for an assistant's text, None for a text it did not write."""


class ChatTemplate:
    """Made by `ChatTemplate.from_folder`, for the tokenizer of the same folder. Safe to use from several threads."""

    def __init__(
        self, source: str | None, tokenizer: Tokenizer, special_tokens: Mapping[str, str], origin: Path
    ) -> None:
        """source: Jinja; None for a model that has no template. origin: the file it is from, for errors."""
        self._encode_text = tokenizer.encode
        self._control = ControlStrings(tokenizer.control_tokens)
        self._special_tokens = dict(special_tokens)
        self._environment = None if source is None else _compile(source, origin)

    @classmethod
    def from_folder(cls, folder: Path, tokenizer: Tokenizer) -> ChatTemplate:
        """Read chat_template.jinja, or where it is absent the template in tokenizer_config.json.

        Raises CheckpointError, naming the file, for one that cannot be read or does not compile.
        """
        config = read_tokenizer_config(folder)
        source, origin = _find_template(folder, config)
        special = {name: token for name in _SPECIAL_TOKENS if (token := special_token(config, name)) is not None}
        return cls(source, tokenizer, special, origin)

    @property
    def available(self) -> bool:
        """Whether the model has a template; without one `render` and `encode` refuse."""
        return self._environment is not None

    def render(self, messages: object, *, tools: object = None, add_generation_prompt: bool = True) -> str:
        """The prompt as text, for people to read: what messages spell cannot be told from control tokens here.

        Raises InvalidRequestError naming the field that is wrong, or saying what the template refuses.
        """
        return self._render(check_messages(messages), check_tools(tools), add_generation_prompt)

    def encode(
        self,
        messages: object,
        *,
        tools: object = None,
        add_generation_prompt: bool = True,
        generated: Generated | None = None,
    ) -> list[int]:
        """The prompt's token ids: transformers' own, unless a message spells a control token, which stays text.

        messages: a list of objects with role (system, user, assistant, tool) and content. tools: a list of objects.
        generated: keeps the ids of assistant turns that this engine wrote, which encoding their text anew may not
        give, so that the prefix cache finds them.
        Raises InvalidRequestError as `render` does.
        """
        original = check_messages(messages)
        hidden = HiddenText(self._control)
        safe = [{**hidden.hide(message), "role": message["role"]} for message in original]
        safe_tools = hidden.hide(check_tools(tools))
        prompt = self._render(safe, safe_tools, add_generation_prompt)
        if generated is not None:
            marked = [_mark_generated(hidden, *pair, generated) for pair in zip(original, safe, strict=True)]
            if marked != safe:
                rendered = self._render(marked, safe_tools, add_generation_prompt)
                # A template that rewrites old answers (trims them, cuts out their reasoning) must see their text.
                prompt = rendered if hidden.without_stand_ins(rendered) == prompt else prompt
        return hidden.encode(prompt, self._encode_text)

    def _render(self, messages: list[dict[str, Any]], tools: object, add_generation_prompt: bool) -> str:
        if self._environment is None:
            raise InvalidRequestError(
                "This model has no chat template, so it cannot chat. Use generate with a plain prompt, "
                "or a model made for chat (their names often end in -Instruct).",
                field="messages",
            )
        try:
            return self._environment.render_template(
                _NAME,
                messages=messages,
                tools=tools,
                add_generation_prompt=add_generation_prompt,
                **self._special_tokens,
            )
        except _RefusedByTemplate as error:
            raise _failed(f"refuses these messages: {error}") from None
        except minijinja.TemplateError as error:
            if error.kind == "OutOfFuel":
                raise _failed(
                    f"takes more than {_FUEL} steps for these messages. Send fewer or shorter ones."
                ) from None
            raise _failed(f"cannot render these messages: {error.message}.") from None
        except Exception as error:  # from tojson, strftime_now, or a method of a message that the template calls
            raise _failed(f"cannot render these messages: {error}.") from None


class _RefusedByTemplate(Exception):
    """A template called raise_exception."""


def _failed(what: str) -> InvalidRequestError:
    return InvalidRequestError(f"The model's chat template {what}", field="messages")


def _mark_generated(
    hidden: HiddenText, original: dict[str, Any], safe: dict[str, Any], generated: Generated
) -> dict[str, Any]:
    content = original.get("content")
    ids = generated(content) if original["role"] == "assistant" and content else None
    return {**safe, "content": hidden.stand_in(safe["content"], ids)} if ids else safe


def _find_template(folder: Path, config: Mapping[str, Any]) -> tuple[str | None, Path]:
    """The template's source, None where there is none, and the file it is in."""
    if (folder / TEMPLATE_FILE).is_file():
        return read_text(folder / TEMPLATE_FILE), folder / TEMPLATE_FILE
    source = config.get("chat_template")
    if source is not None and not isinstance(source, str):
        raise CheckpointError(f"{folder / CONFIG_FILE}: chat_template is a {type(source).__name__}, not one template.")
    return source, folder / CONFIG_FILE


def _compile(source: str, origin: Path) -> minijinja.Environment:
    """An environment with what transformers gives templates."""
    _require_shallow(source, origin)
    environment = minijinja.Environment(
        trim_blocks=True,
        lstrip_blocks=True,
        fuel=_FUEL,
        filters={"tojson": _to_json},
        globals={"raise_exception": _raise_exception, "strftime_now": _strftime_now},
    )
    try:
        environment.add_template(_NAME, source)
    except minijinja.TemplateError as error:
        raise CheckpointError(f"{origin}: the chat template does not compile: {error.message}.") from None
    return environment


def _require_shallow(source: str, origin: Path) -> None:
    """What nests too deeply would overflow the compiler's stack, and end the process."""
    longest_tag = max((len(re.sub(_STRING, "", tag, flags=re.DOTALL)) for tag in _TAG.findall(source)), default=0)
    if len(source) > _LONGEST or longest_tag > _LONGEST_TAG:
        raise CheckpointError(
            f"{origin}: the chat template has {len(source)} characters, {longest_tag} in its longest tag; it may have "
            f"{_LONGEST} and {_LONGEST_TAG}. Fetch the checkpoint again."
        )


def _to_json(value: object, **options: Any) -> str:
    indent = options.get("indent")
    if isinstance(indent, int) and indent > _WIDEST_INDENT:
        raise ValueError(f"tojson is to indent by {indent}, more than {_WIDEST_INDENT}")
    return json.dumps(value, **{"ensure_ascii": False, **options})


def _raise_exception(message: object) -> None:
    raise _RefusedByTemplate(message)


def _strftime_now(format: str) -> str:
    return datetime.now().strftime(format)
