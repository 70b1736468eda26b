"""`qingmo chat`: a conversation in the terminal, or one question and one answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from qingmo.cli.options import engine_options, model_was_named, sampling_options
from qingmo.config import EngineConfig
from qingmo.sampling_params import SamplingParams

if TYPE_CHECKING:
    from qingmo.engine.build import LoadedModel


@click.command()
@click.option(
    "--prompt",
    metavar="TEXT",
    help="Answer this once, print only the answer, and exit. -: read the question from standard input.",
)
@click.option("--system", metavar="TEXT", help="Instructions the model follows.  [default: the model's own]")
@sampling_options
@engine_options
def chat(prompt: str | None, system: str | None, params: SamplingParams, config: EngineConfig) -> None:
    """Talk to the model in this terminal.

    Words appear as they are written. Ctrl-C stops an answer, /help lists the commands, Ctrl-D leaves. The first time,
    the model is downloaded and prepared for this machine; later starts take about a second.

    \b
    qingmo chat
    qingmo chat --prompt "你好，你是谁？"
    qingmo chat --prompt - < question.txt > answer.txt
    """
    question = _question(prompt)
    loaded = _load(config)
    if question is None:
        _converse(loaded, params, system, config)
    else:
        _answer_once(loaded, params, system, question)


def _question(prompt: str | None) -> str | None:
    """What to answer once; None for a conversation. Raises UsageError where there is nothing to answer."""
    piped = prompt == "-" or (prompt is None and not sys.stdin.isatty())
    text = _standard_input() if piped else prompt
    if text is not None and not text.strip():
        where = "standard input" if piped else "--prompt"
        raise click.UsageError(f"There is no question in {where}. Write for example: qingmo chat --prompt 'Hello'")
    return text


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"Standard input is not UTF-8 text (byte {error.start}). Convert it first.") from error


def _load(config: EngineConfig) -> LoadedModel:
    from qingmo.cli.notices import show_notices
    from qingmo.cli.progress import show_progress
    from qingmo.engine.build import build_engine

    show_notices()
    with show_progress() as report:
        return build_engine(config, report, demo_if_unreachable=not model_was_named())


def _answer_once(loaded: LoadedModel, params: SamplingParams, system: str | None, question: str) -> None:
    from qingmo.cli.answer import Answer
    from qingmo.cli.conversation import Conversation
    from qingmo.cli.terminal import Interrupt

    prompt = Conversation(system, encode=loaded.prompts.encode_chat).asked(question).prompt()
    for piece in Answer(loaded.engine, prompt, params).pieces(Interrupt()):
        click.echo(piece, nl=False)
    click.echo()


def _converse(loaded: LoadedModel, params: SamplingParams, system: str | None, config: EngineConfig) -> None:
    from qingmo.cli.dialogue import Dialogue, note

    name = "The demo model" if loaded.is_demo else loaded.model
    note(f"{name}. Ask something; /help lists the commands, Ctrl-D leaves.")
    Dialogue(loaded.engine, loaded.prompts, params, system, config.max_model_len).run()
