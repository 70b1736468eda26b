"""`qingmo check`: whether the model on this machine is whole and answers as it should."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from qingmo.cli.options import engine_options, model_was_named
from qingmo.config import EngineConfig

if TYPE_CHECKING:
    from qingmo.check.verdict import Verdict

NAME_WIDTH = 14
SHOWN = 60  # characters of a right answer


@click.command()
@engine_options
def check(config: EngineConfig) -> None:
    """Compare the weights with their checksums, ask three questions, and say what is wrong.

    The answers are judged by rule: the model must name itself, write four lines of seven characters that hold three
    given words, and write a Python function that runs and is right. Exit status 1 where anything is wrong.

    \b
    qingmo check
    qingmo check --model-name-or-path demo
    """
    from qingmo.check.verdict import check_answers, check_weights
    from qingmo.cli.notices import show_notices
    from qingmo.cli.progress import show_progress
    from qingmo.engine.build import build_engine
    from qingmo.llm import LLM

    show_notices()
    with show_progress() as report:
        loaded = build_engine(config, report, demo_if_unreachable=not model_was_named())
        verdicts = [check_weights(loaded.packed, report)]
    click.echo(f"{'model':<{NAME_WIDTH}} {loaded.model}")
    _show(verdicts[0])
    for verdict in check_answers(LLM.from_engine(loaded.engine, loaded.prompts)):
        _show(verdict)
        verdicts.append(verdict)
    _conclude(verdicts)


def _show(verdict: Verdict) -> None:
    if verdict.is_right:
        found = " ".join(verdict.found.split())
        click.echo(f"{verdict.name:<{NAME_WIDTH}} right   {found[:SHOWN]}{'…' if len(found) > SHOWN else ''}")
    else:
        click.echo(f"{verdict.name:<{NAME_WIDTH}} WRONG   {verdict.complaint}")
        click.echo(textwrap.indent(verdict.found.rstrip(), "    | "))


def _conclude(verdicts: list[Verdict]) -> None:
    wrong = sum(not verdict.is_right for verdict in verdicts)
    if wrong:
        click.echo(f"{wrong} of {len(verdicts)} wrong.")
        click.get_current_context().exit(1)
    click.echo("Everything is right.")
