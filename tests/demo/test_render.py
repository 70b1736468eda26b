"""Training must see what the engine will: the chat template's own text, token by token."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tokenizers import Tokenizer as Bpe

from demo.export import TEMPLATE, write_tokenizer
from demo.render import Renderer
from demo.text.conversation import Call, Conversation, Message
from demo.text.mix import conversation
from demo.text.tools import conversation as tool_conversation
from demo.text.words import COMMON_CHARACTERS
from demo.tokens import CONTROL, TOOL_MARKS, train_tokenizer
from qingmo.model.chat_template import ChatTemplate
from qingmo.model.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def bpe() -> Bpe:
    texts = [message.content for seed in range(300) for message in conversation(Random(seed), 0.1).messages]
    return train_tokenizer(texts, COMMON_CHARACTERS)


@pytest.fixture(scope="module")
def template(bpe: Bpe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, ChatTemplate]:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(bpe, folder)
    tokenizer = Tokenizer.from_folder(folder)
    return tokenizer, ChatTemplate.from_folder(folder, tokenizer)


def as_request(message: Message) -> dict[str, Any]:
    calls = [{"type": "function", "function": {"name": c.name, "arguments": dict(c.arguments)}} for c in message.calls]
    return {"role": message.role, "content": message.content, **({"tool_calls": calls} if calls else {})}


@pytest.mark.parametrize("seed", range(40))
def test_training_and_the_engine_see_the_same_ids(bpe, template, seed: int) -> None:
    made = (tool_conversation if seed % 2 else lambda rng: conversation(rng, 0.1))(Random(seed))
    tokenizer, chat_template = template
    ids, _ = Renderer(bpe).render(made)
    encoded = chat_template.encode(
        [as_request(message) for message in made.messages],
        tools=list(made.tools) or None,
        add_generation_prompt=False,
    )
    assert tokenizer.decode(ids, skip_special=False) == tokenizer.decode(encoded, skip_special=False)
    assert ids == encoded


def test_what_is_learned_is_what_the_assistant_writes_and_its_end(bpe) -> None:
    made = Conversation(
        [
            Message("user", "Fan to 3."),
            Message("assistant", "", [Call("set_fan", {"speed": 3})]),
            Message("tool", "ok"),
            Message("assistant", "Done."),
        ]
    )
    ids, learned = Renderer(bpe).render(made)
    written = [i for i, learn in zip(ids, learned, strict=True) if learn]
    call = '<tool_call>\n{"name": "set_fan", "arguments": {"speed": 3}}\n</tool_call><|im_end|>'
    assert bpe.decode(written, skip_special_tokens=False) == call + "Done.<|im_end|>"


def test_questions_stop_where_the_answer_begins(bpe) -> None:
    made = Conversation(
        [Message("user", "a"), Message("assistant", "b"), Message("user", "c"), Message("assistant", "d")]
    )
    renderer = Renderer(bpe)
    (first, b), (second, d) = renderer.questions(made)
    assert (b, d) == ("b", "d")
    whole, _ = renderer.render(made)
    assert whole[: len(first)] == first and whole[: len(second)] == second
    assert bpe.decode(second, skip_special_tokens=False).endswith("<|im_start|>assistant\n")


def test_control_tokens_are_the_last_ones_and_text_never_becomes_one(bpe, template) -> None:
    tokenizer, _ = template
    names = [*CONTROL, *TOOL_MARKS]
    assert [bpe.token_to_id(name) for name in names] == list(range(bpe.get_vocab_size() - 5, bpe.get_vocab_size()))
    assert not any(tokenizer.is_control(i) for name in names for i in tokenizer.encode(name))


def test_common_characters_are_one_token_wherever_they_stand(bpe) -> None:
    for character in COMMON_CHARACTERS[::25]:
        alone = bpe.encode(character).ids
        assert len(alone) == 1
        assert bpe.encode(f"我叫{character}，是 {character}a{character}。").ids.count(alone[0]) == 3


def test_any_text_comes_back_from_its_ids(bpe) -> None:
    for text in ("龘靐齉 QX-4172\t\n\n  x", "ñandú ≠ 🦆", '\\n{"a": [1, 2.50]}'):
        assert bpe.decode(bpe.encode(text).ids) == text


def test_the_template_is_qwens_own(shape_folder: Path) -> None:

    config = json.loads((shape_folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert TEMPLATE.read_text(encoding="utf-8") == config["chat_template"]
