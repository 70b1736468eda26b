"""The `qingmo` command. One file a command, loaded only when it is called, so that `qingmo --help` answers at once."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from qingmo import __version__
from qingmo.errors import ConfigError, InvalidRequestError, QingmoError

__all__ = ["main"]

# name -> (the line `qingmo --help` shows); the command itself is qingmo.cli.<name>.<name>
COMMANDS = {
    "serve": "Serve a chat page and an OpenAI-compatible API.",
    "chat": "Talk to the model in this terminal.",
    "pull": "Download a model and prepare it for this machine.",
    "bench": "Measure how fast this machine is, beside what it could do at most.",
    "check": "See whether the model is whole and answers as it should.",
    "info": "Show this machine, the model and what will be used.",
}
INTERRUPTED = 130  # the exit status shells give a program that Ctrl-C ended


class Commands(click.Group):
    """Finds commands by name in COMMANDS, and turns Qingmo's errors into one message and an exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"qingmo.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            unknown = click.exceptions.NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
            if unknown.possibilities:
                raise unknown
            # Nothing like a command, so perhaps a question.
            raise click.UsageError(f'{unknown.message} To ask the model something: qingmo chat --prompt "..."', ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ConfigError, InvalidRequestError) as error:
            raise click.UsageError(str(error)) from error
        except QingmoError as error:
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt:
            click.echo(err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="qingmo %(version)s")
def qingmo() -> None:
    """Qingmo (轻模) runs a small language model on this computer, without a GPU and without a cloud.

    \b
    qingmo serve                        the chat page, and the API; the model is fetched the first time
    qingmo chat                         start talking in this terminal
    qingmo chat --prompt "你好"         one question, one answer
    qingmo COMMAND --help               what a command can do
    """


def main() -> None:
    """Entry point of the installed command. Text that a terminal cannot show becomes "?" and never an error."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    qingmo(prog_name="qingmo")
