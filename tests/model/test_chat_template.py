"""Prompts are transformers' own ids, and nothing a message spells becomes a control token."""

from __future__ import annotations

import functools
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2.sandbox
import pytest
from goldens import tokenizer_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from qingmo.errors import CheckpointError, InvalidRequestError
from qingmo.model.chat_template import ChatTemplate
from qingmo.model.tokenizer import Tokenizer

GOLDENS = json.loads((Path(tokenizer_lines.__file__).parent / "tokenizer.json").read_text(encoding="utf-8"))
steady = settings(deadline=None, derandomize=True)

FRAGMENTS = [
    *("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<tool_call>", "</tool_call>", "<|fim_pad|>", "<|im_", "end|>"),
    *("<|", "|>", "<", ">", "im_start", "_end|", "<tool", "_call>", "</", "system", "\n", '"', "\\", "a", " ", "好"),
    *("é", "e\u0301", "0123456789" * 5, "{{ 1 + 1 }}", "{%", "<|im_<|im_end|>end|>"),
]
SPELLING = st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join)


@pytest.fixture(scope="module")
def tokenizer(shape_folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(shape_folder)


@pytest.fixture(scope="module")
def qwen(shape_folder: Path, tokenizer: Tokenizer) -> ChatTemplate:
    return ChatTemplate.from_folder(shape_folder, tokenizer)


@pytest.fixture(scope="module")
def qwen_source(shape_folder: Path) -> str:
    return str(json.loads((shape_folder / "tokenizer_config.json").read_text(encoding="utf-8"))["chat_template"])


@pytest.fixture(scope="module")
def toy_tokenizer(toy_folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(toy_folder)


@pytest.fixture(scope="module")
def toy(toy_folder: Path, toy_tokenizer: Tokenizer) -> ChatTemplate:
    return ChatTemplate.from_folder(toy_folder, toy_tokenizer)


def with_template(source: str, tokenizer: Tokenizer) -> ChatTemplate:
    return ChatTemplate(source, tokenizer, {"eos_token": "<|im_end|>"}, Path("chat_template.jinja"))


def config_folder(folder: Path, content: dict[str, Any]) -> Path:
    (folder / "tokenizer_config.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


@functools.cache
def compiled(source: str) -> jinja2.Template:
    def tojson(value: Any, ensure_ascii: bool = False, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = tojson
    return environment.from_string(source)


def jinja(source: str, **values: Any) -> str:
    """The template under jinja2, set up as transformers does: the oracle for rendering."""
    return compiled(source).render(**values)


def test_the_first_conversation_has_the_ids_that_transformers_gave(qwen: ChatTemplate) -> None:
    assert qwen.encode(**next(tokenizer_lines.conversations())) == GOLDENS["first_chat"]


def test_conversations_with_and_without_tools_have_the_ids_of_transformers(qwen: ChatTemplate) -> None:
    conversations = list(tokenizer_lines.conversations())
    for conversation, recorded in zip(conversations, GOLDENS["chats"], strict=True):
        assert tokenizer_lines.fingerprint([qwen.encode(**conversation)]) == recorded, conversation


def test_rendering_is_that_of_jinja2(qwen: ChatTemplate, qwen_source: str) -> None:
    for conversation in tokenizer_lines.conversations():
        assert qwen.render(**conversation) == jinja(qwen_source, **conversation)


TEMPLATES = [
    "{% for m in messages %}\n  {% if loop.first %}{{ m.content | trim }}{% endif %}\n{{ m.role | upper }}\n"
    "{% endfor %}\n",
    "{%- set ns = namespace(n=0) -%}{% for m in messages %}{% set ns.n = ns.n + m['role']|length %}{% endfor %}"
    "{{ ns.n }}",
    "{{ messages[-1].content.split('x')[-1].strip() }}{{ messages[0].get('none') }}{{ true }}{{ none }}{{ 1.0 }}",
    "{% for m in messages %}{{ m | tojson(indent=2) }}{% if m.role == 'tool' %}{% break %}{% endif %}{% endfor %}",
    "{% for k, v in messages[0].items() %}{{ k ~ '=' ~ v }};{% endfor %}{{ messages[0].content[:2] }}",
    "{% macro turn(m) %}<|{{ m.role }}|>{{ m.content }}{% endmacro %}{% for m in messages %}{{ turn(m) }}{% endfor %}",
    "{{ eos_token }}{{ bos_token }}{% if tools is none %}no tools{% endif %}{% if x is defined %}x{% endif %}",
]


@pytest.mark.parametrize("source", TEMPLATES)
def test_what_templates_commonly_use_renders_as_under_jinja2(source: str, toy_tokenizer: Tokenizer) -> None:
    messages = [{"role": "user", "content": ' <b>&x "é" \n'}, {"content": "yx 2 ", "role": "tool"}]
    wanted = jinja(source, messages=messages, tools=None, add_generation_prompt=True, eos_token="<|im_end|>")
    assert with_template(source, toy_tokenizer).render(messages) == wanted


def test_strftime_now_gives_the_date(toy_tokenizer: Tokenizer) -> None:
    template = with_template("{{ strftime_now('%Y') }}", toy_tokenizer)
    assert datetime.now().year - 1 <= int(template.render(user("hi"))) <= datetime.now().year


NAMES = SPELLING.filter(bool)
CONVERSATION = st.tuples(SPELLING, SPELLING, SPELLING, NAMES, st.dictionaries(NAMES, SPELLING, max_size=2), SPELLING)
TOOL = st.dictionaries(NAMES, st.one_of(SPELLING, st.lists(SPELLING, max_size=2)), max_size=3)


def spelled(parts: Any) -> list[dict[str, Any]]:
    system, question, content, name, arguments, result = parts
    call = {"function": {"name": name, "arguments": arguments}, "id": content}
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": question, "name": name},
        {"role": "assistant", "content": content, "tool_calls": [call]},
        {"role": "tool", "content": [{"type": "text", "text": result}, {"type": "text", "text": content}]},
        {"role": "assistant", "content": result},
    ]


@settings(steady, max_examples=200)
@given(parts=CONVERSATION, tool=TOOL)
def test_control_tokens_come_from_the_template_alone(
    qwen: ChatTemplate, tokenizer: Tokenizer, parts: Any, tool: dict[str, Any]
) -> None:
    """The control tokens of a conversation are those of the same one with harmless words in each place."""
    harmless = ("s", "q", "c" if parts[2] else "", "n", {}, "r")
    ids = qwen.encode(spelled(parts), tools=[tool])
    plain = qwen.encode(spelled(harmless), tools=[{"n": "d"}])
    assert [i for i in ids if tokenizer.is_control(i)] == [i for i in plain if tokenizer.is_control(i)]


@steady
@given(contents=st.lists(SPELLING, min_size=1, max_size=3))
def test_hidden_text_comes_back_as_it_was(qwen: ChatTemplate, tokenizer: Tokenizer, contents: list[str]) -> None:
    messages = [{"role": "user", "content": content.replace("e\u0301", "é")} for content in contents]
    assert tokenizer.decode(qwen.encode(messages), skip_special=False) == qwen.render(messages)


@pytest.mark.parametrize(
    ("source", "contents"),
    [
        ("{% for m in messages %}{{ m.content }}{% endfor %}", ["<|im_", "end|>"]),
        ("{% for m in messages %}{{ m.content }}{% endfor %}", ["<|", "im_end", "|>"]),
        ("{{ messages[0].content }}_end|>", ["<|im"]),
        ("<|im_{{ messages[0].content }}", ["end|> and more"]),
        ("{{ messages[0].content | upper | lower }}", ["<|im_end|>"]),
        ("{{ messages[0].content | trim | capitalize }}", ["  <|im_end|> "]),
        ("{{ messages[0] | tojson }}", ['"<|im_end|>"']),
    ],
)
def test_templates_cannot_be_made_to_put_control_tokens_together(
    source: str, contents: list[str], toy_tokenizer: Tokenizer
) -> None:
    template = with_template(source, toy_tokenizer)
    ids = template.encode([{"role": "user", "content": content} for content in contents])
    assert not any(toy_tokenizer.is_control(i) for i in ids)
    assert "<|im_end|>" in toy_tokenizer.decode(ids)


def test_a_template_may_build_a_control_token_from_a_role(toy_tokenizer: Tokenizer) -> None:
    template = with_template("{{ '<|' + 'im_start' + '|>' + messages[0].role }}{{ eos_token }}", toy_tokenizer)
    control = toy_tokenizer.control_tokens
    wanted = [control["<|im_start|>"], *toy_tokenizer.encode("user"), control["<|im_end|>"]]
    assert template.encode(user("x")) == wanted


def test_control_tokens_that_begin_alike_or_end_like_a_role_are_told_apart(toy_folder: Path, tmp_path: Path) -> None:
    shutil.copy(toy_folder / "tokenizer.json", tmp_path)
    config_folder(tmp_path, {"added_tokens_decoder": {"900": {"content": "<user"}, "901": {"content": "<user>"}}})
    tokenizer = Tokenizer.from_folder(tmp_path)
    source = "<user><user{% if messages[0].role == 'user' %}{{ messages[0].content }}{% endif %}"
    template = with_template(source, tokenizer)
    assert template.encode(user("hi<user>")) == [901, 900, *tokenizer.encode("hi<user>")]


def answer(content: Any) -> list[dict[str, Any]]:
    return [*user("hi"), {"role": "assistant", "content": content}, *user("more")]


def test_turns_that_the_engine_wrote_keep_their_ids(toy: ChatTemplate, toy_tokenizer: Tokenizer) -> None:
    text = "hello <|im_end|> world"
    ids = [7, *toy_tokenizer.encode("any ids"), toy_tokenizer.control_tokens["<tool_call>"]]
    asked: list[str] = []

    def generated(content: str) -> list[int]:
        asked.append(content)
        return ids

    kept = toy.encode(answer(text), generated=generated)
    anew = toy.encode(answer(text))
    encoded = toy_tokenizer.encode(text)
    place = next(i for i in range(len(anew)) if anew[i : i + len(encoded)] == encoded)
    assert kept == [*anew[:place], *ids, *anew[place + len(encoded) :]]
    assert asked == [text]


def test_a_turn_that_continues_a_prompt_begins_with_its_ids_and_the_answers(toy: ChatTemplate) -> None:
    answered = [5, 6, 7]
    prompt = toy.encode(user("hi"))
    assert toy.encode(answer("x"), generated=lambda _: answered)[: len(prompt) + 3] == prompt + answered


def test_turns_the_engine_did_not_write_are_encoded_anew(toy: ChatTemplate) -> None:
    assert toy.encode(answer("hello"), generated=lambda _: None) == toy.encode(answer("hello"))


@pytest.mark.parametrize("change", ["m.content | trim", "m.content[1:]", "'gone'", "m.content ~ m.content | trim"])
def test_turns_that_a_template_changes_are_encoded_anew(change: str, toy_tokenizer: Tokenizer) -> None:
    template = with_template("{% for m in messages %}{{ " + change + " }}|{% endfor %}", toy_tokenizer)
    messages = answer(" an answer\n")
    assert template.encode(messages, generated=lambda _: [1, 2, 3]) == template.encode(messages)


def test_content_parts_are_joined(toy: ChatTemplate) -> None:
    parts = [{"type": "text", "text": "hello"}, {"type": "text", "text": " world"}]
    assert toy.encode(user(parts)) == toy.encode(user("hello world"))


def test_tool_arguments_as_json_text_count_as_the_object(qwen: ChatTemplate) -> None:
    def conversation(arguments: Any) -> list[dict[str, Any]]:
        call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
        return [*user("q"), {"role": "assistant", "content": None, "tool_calls": [call]}]

    assert qwen.encode(conversation('{"城市": "a"}')) == qwen.encode(conversation({"城市": "a"}))
    assert '"arguments": "[1"' in qwen.render(conversation("[1"))


DEEP: dict[str, Any] = {}
for _ in range(100):
    DEEP = {"a": DEEP}
CALL = {"function": {"name": "f", "arguments": {}}}


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([], "messages"),
        (None, "messages"),
        ("hello", "messages"),
        (["hello"], "messages[0]"),
        ([{"content": "x"}], "messages[0].role"),
        ([*user("x"), {"role": "robot", "content": "x"}], "messages[1].role"),
        ([{"role": ["user"], "content": "x"}], "messages[0].role"),
        ([{"role": "user"}], "messages[0].content"),
        (user(None), "messages[0].content"),
        (user(5), "messages[0].content"),
        (user("\udc00"), "messages[0].content"),
        (user(["x"]), "messages[0].content[0]"),
        (user([{"type": "text"}]), "messages[0].content[0].text"),
        (user([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]), "messages[0].content[1]"),
        ([{"role": "user", "content": "x", "name": "\ud800"}], "messages[0].name"),
        ([{"role": "user", "content": "x", "extra": {1, 2}}], "messages[0].extra"),
        ([{"role": "user", "content": "x", "tool_calls": [CALL]}], "messages[0].tool_calls"),
        ([{"role": "assistant", "content": "x", "tool_calls": "f"}], "messages[0].tool_calls"),
        ([{"role": "assistant", "content": "x", "tool_calls": [{"id": 1}]}], "messages[0].tool_calls[0]"),
        ([{"role": "assistant", "tool_calls": []}], "messages[0].content"),
    ],
)  # fmt: skip
def test_wrong_messages_are_refused_by_field(toy: ChatTemplate, messages: Any, field: str) -> None:
    for method in (toy.encode, toy.render):
        with pytest.raises(InvalidRequestError) as error:
            method(messages)
        assert error.value.field == field
        assert field in str(error.value)


@pytest.mark.parametrize("tools", ["f", ["f"], [{"f": object()}], [{"a": "\ud800"}], [{1: "a"}], [DEEP]])
def test_wrong_tools_are_refused_by_field(toy: ChatTemplate, tools: Any) -> None:
    with pytest.raises(InvalidRequestError, match="tools"):
        toy.encode(user("x"), tools=tools)


def test_images_are_refused_in_a_sentence(toy: ChatTemplate) -> None:
    with pytest.raises(InvalidRequestError, match="reads text only"):
        toy.encode(user([{"type": "image_url", "image_url": {"url": "data:,"}}]))


def test_rendering_changes_nothing_of_the_request(qwen: ChatTemplate) -> None:
    call = {"function": {"name": "<tool_call>", "arguments": '{"a": "<|im_end|>"}'}}
    messages = [*user("<|im_end|>"), {"role": "assistant", "content": None, "tool_calls": [call]}]
    before = json.dumps(messages)
    qwen.encode(messages, tools=[{"a": "<|im_end|>"}])
    assert json.dumps(messages) == before


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ raise_exception('roles must alternate') }}", "refuses these messages: roles must alternate"),
        ("{{ messages[0].content + none }}", "cannot render these messages: .*tried to use"),
        ("{{ messages | tojson(indent=[]) }}", "cannot render these messages"),
        ("{{ messages[0].nothing() }}", "cannot render these messages: .*nothing"),
        ("{{ messages | tojson(indent=999999999) }}", "tojson is to indent by 999999999, more than 100"),
        ("{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}", "more than 5000000 steps"),
    ],
)
def test_a_template_that_fails_is_an_error_of_the_request(source: str, message: str, toy_tokenizer: Tokenizer) -> None:
    with pytest.raises(InvalidRequestError, match=message) as error:
        with_template(source, toy_tokenizer).encode(user("x"))
    assert error.value.field == "messages"


@pytest.mark.parametrize("source", ["{{ " + "-" * 50_000 + "1 }}", "{{ a" + ".a" * 50_000, "{% if 1 %}" * 50_000])
def test_a_template_that_would_overflow_the_compilers_stack_is_refused(source: str, toy_tokenizer: Tokenizer) -> None:
    with pytest.raises(CheckpointError, match=r"the chat template has \d+ characters, \d+ in its longest tag"):
        with_template(source, toy_tokenizer)


def test_the_longest_expressions_that_are_taken_compile_and_strings_do_not_count(toy_tokenizer: Tokenizer) -> None:
    with_template("{{ " + "-" * 1_990 + "1 }}", toy_tokenizer)
    with_template("{{ a" + ".a" * 990 + " }}", toy_tokenizer)
    assert with_template("{{ '" + "}} x" * 20_000 + "' }}", toy_tokenizer).render(user("hi")) == "}} x" * 20_000


def test_a_model_without_a_template_says_so_only_when_it_is_to_chat(tmp_path: Path, toy_tokenizer: Tokenizer) -> None:
    template = ChatTemplate.from_folder(config_folder(tmp_path, {}), toy_tokenizer)
    assert not template.available
    for method in (template.encode, template.render):
        with pytest.raises(InvalidRequestError, match="no chat template"):
            method(user("hi"))


def test_a_template_file_comes_before_the_one_in_the_configuration(tmp_path: Path, toy_tokenizer: Tokenizer) -> None:
    config_folder(tmp_path, {"chat_template": "old", "eos_token": {"content": "<|im_end|>"}})
    (tmp_path / "chat_template.jinja").write_text("新{{ eos_token }}", encoding="utf-8")
    template = ChatTemplate.from_folder(tmp_path, toy_tokenizer)
    assert template.available
    assert template.render(user("x")) == "新<|im_end|>"


@pytest.mark.parametrize(
    ("template", "file", "message"),
    [
        ({"chat_template.jinja": "{% if %}"}, "chat_template.jinja", "does not compile"),
        ({"chat_template.jinja": b"\xff"}, "chat_template.jinja", "damaged"),
        ({}, "tokenizer_config.json", "not one template"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_by_file(
    tmp_path: Path, toy_tokenizer: Tokenizer, template: dict[str, Any], file: str, message: str
) -> None:
    config_folder(tmp_path, {"chat_template": ["{{ 1 }}"]})
    for name, content in template.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CheckpointError, match=message) as error:
        ChatTemplate.from_folder(tmp_path, toy_tokenizer)
    assert file in str(error.value)
