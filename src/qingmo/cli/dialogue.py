"""The interactive chat: questions from the keyboard, answers as they are written, a few /commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from qingmo.cli.answer import Answer
from qingmo.cli.conversation import Conversation
from qingmo.cli.terminal import LineReader, ctrl_c_stops_the_answer
from qingmo.errors import InvalidRequestError
from qingmo.sampling_params import SamplingParams

if TYPE_CHECKING:
    from qingmo.engine.engine import Engine
    from qingmo.engine.prompts import Prompts

HELP = """\
/reset         begin a new conversation
/system TEXT   begin a new one under these instructions; without TEXT: under the model's own
/help          this list
/exit          leave; so does Ctrl-D
Ctrl-C         stop the answer; what was said so far stays in the conversation
A question that begins with / needs a space in front of it."""


class Dialogue:
    """One chat. max_model_len: most tokens of the conversation; its oldest turns are forgotten to stay below."""

    def __init__(
        self, engine: Engine, prompts: Prompts, params: SamplingParams, system: str | None, max_model_len: int
    ) -> None:
        self._engine = engine
        self._prompts = prompts
        self._params = params
        self._max_model_len = max_model_len
        self._conversation = Conversation(system, encode=prompts.encode_chat)
        self._commands: dict[str, Callable[[str], None]] = {
            "/help": self._help,
            "/reset": self._reset,
            "/system": self._set_system,
        }

    def run(self) -> None:
        """Returns when the person leaves."""
        reader = LineReader(">>> ")
        while (line := reader.read()) is not None:
            if line.strip() in ("/exit", "/quit"):
                return
            if line.startswith("/"):
                self._obey(line)
            elif line.strip():
                self._reply(line.strip())

    def _obey(self, line: str) -> None:
        name, _, rest = line.strip().partition(" ")
        command = self._commands.get(name)
        if command is None:
            note(f"There is no {name}. /help lists what there is.")
        else:
            command(rest.strip())

    def _help(self, rest: str) -> None:
        note(HELP)

    def _reset(self, rest: str) -> None:
        self._conversation = replace(self._conversation, turns=())
        note("A new conversation.")

    def _set_system(self, rest: str) -> None:
        self._conversation = Conversation(rest or None, encode=self._conversation.encode)
        note("A new conversation under these instructions." if rest else "A new conversation.")

    def _reply(self, question: str) -> None:
        with ctrl_c_stops_the_answer() as interrupt:
            try:
                conversation, answer = self._begin(question)
            except InvalidRequestError as error:  # the conversation goes on as if this had not been asked
                note(str(error), color="red")
                return
            for piece in answer.pieces(interrupt):
                click.echo(piece, nl=False)
        click.echo()
        note(answer.summary())
        self._prompts.remember(answer.text, answer.token_ids)
        if answer.text:  # stopped before its first word, it leaves nothing to go on from
            self._conversation = conversation.answered(answer.text)

    def _begin(self, question: str) -> tuple[Conversation, Answer]:
        asked = self._conversation.asked(question)
        fitted = asked.fitted(self._max_model_len)
        answer = Answer(self._engine, fitted.prompt(), self._params)
        if fitted is not asked:
            pairs = (len(asked.turns) - len(fitted.turns)) // 2
            note(f"Forgot the oldest questions and answers ({pairs}): --max-model-len is {self._max_model_len}.")
        return fitted, answer


def note(text: str, color: str | None = None) -> None:
    """Something the program says, not the model: to standard error, dim where it is a terminal."""
    click.secho(text, fg=color, dim=color is None, err=True)
