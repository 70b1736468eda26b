"""`qingmo bench`: how fast this machine is, beside what it could do at most."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from qingmo.cli.options import engine_options, model_was_named
from qingmo.config import EngineConfig

if TYPE_CHECKING:
    from qingmo.bench.plan import Plan
    from qingmo.bench.results import Results
    from qingmo.bench.subject import Subject

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ReportFile(click.Path):
    """A file for the end of a long run, refused before its beginning where it cannot be written."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Fails where there is no folder for the file, or none that may be written to."""
        file = super().convert(value, param, ctx)
        assert isinstance(file, Path)
        if not file.parent.is_dir():
            self.fail(f"There is no folder {file.parent} to write {file.name} into. Make it first.", param, ctx)
        if not file.exists() and not os.access(file.parent, os.W_OK):
            self.fail(f"The folder {file.parent} may not be written to.", param, ctx)
        return file


@click.command()
@click.option("--quick", is_flag=True, help="Less of everything: under a minute, and less certain.")
@click.option(
    "--compare", multiple=True, metavar="NAME|FOLDER", help="Another model, measured in turns with the first."
)
@click.option(
    "--against",
    multiple=True,
    metavar="URL",
    help="A server with OpenAI's API, measured in turns too, such as http://127.0.0.1:8081.",
)
@click.option(
    "--api-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Holds the key that the servers of --against ask for.",
)
@click.option("--json", "json_file", type=ReportFile(), metavar="FILE", help="Write every measurement there.")
@click.option("--markdown", "markdown_file", type=ReportFile(), metavar="FILE", help="Write the tables there.")
@click.option("--html", "html_file", type=ReportFile(), metavar="FILE", help="Write a page with pictures there.")
@engine_options
def bench(
    quick: bool,
    compare: tuple[str, ...],
    against: tuple[str, ...],
    api_key_file: Path | None,
    json_file: Path | None,
    markdown_file: Path | None,
    html_file: Path | None,
    config: EngineConfig,
) -> None:
    """Measure how fast this machine runs the model, how steadily, and how near to the machine's limit.

    A fixed question; the same a hundred times; prefill and decode by length and by number of sequences. Whatever else
    took the processor's time meanwhile is said.

    \b
    qingmo bench --quick
    qingmo bench --html report.html
    qingmo bench --compare Qwen/Qwen2.5-1.5B-Instruct
    qingmo bench --against http://127.0.0.1:8081
    """
    from qingmo.bench.plan import Plan
    from qingmo.cli.notices import show_notices

    show_notices()
    key = api_key_file.read_text(encoding="utf-8").strip() if api_key_file else None
    with ExitStack() as stack:
        servers = list(_servers(against, key, stack))  # first, because a wrong address shows at once
        models = list(_models(config, compare, stack))
        results = _measure([*models, *servers], Plan.quick() if quick else Plan())
    _show(results)
    _write(results, json_file, markdown_file, html_file)


def _models(config: EngineConfig, compare: Sequence[str], stack: ExitStack) -> Iterator[Subject]:
    from qingmo.bench.local import LocalModel
    from qingmo.cli.notices import show_notices
    from qingmo.cli.progress import show_progress

    for model in (config.model, *compare):
        replaceable = model == config.model and not model_was_named()
        with show_progress() as report:
            local = LocalModel(
                replace(config, model=model), demo_if_unreachable=replaceable, report=report, prepare=show_notices
            )
        yield stack.enter_context(closing(local))


def _servers(urls: Sequence[str], key: str | None, stack: ExitStack) -> Iterator[Subject]:
    from qingmo.bench.server import Server
    from qingmo.bench.watch import listener

    for url in urls:
        parts = urlsplit(url)
        process = listener(parts.port or 80) if parts.hostname in LOOPBACK else None
        yield stack.enter_context(closing(Server(url, key, process)))


def _measure(subjects: list[Subject], plan: Plan) -> Results:
    from qingmo.bench.measure import measure
    from qingmo.cli.machine import Machine

    machine = Machine.this()
    known = {"processor": machine.cpu, "processors": str(machine.logical_cores), "system": machine.system}
    if machine.memory:
        known["memory"] = f"{machine.memory / 2**30:.1f} GiB"
    with _progress_bar() as report:
        return measure(subjects, plan, known, report)


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """On a terminal; elsewhere a line when something else begins."""
    from rich import progress as p
    from rich.console import Console

    console = Console(stderr=True)
    columns = (p.TextColumn("{task.description:<28}"), p.BarColumn(), p.MofNCompleteColumn(), p.TimeElapsedColumn())
    with p.Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        said: list[str] = []

        def report(doing: str, done: int, total: int) -> None:
            bar.update(task, description=doing, completed=done, total=total)
            if bar.disable and done < total and doing not in said:
                said.append(doing)
                click.echo(f"{doing} ...", err=True)

        yield report


def _show(results: Results) -> None:
    from rich.console import Console

    from qingmo.bench.terminal import show

    show(results, Console())


def _write(results: Results, json_file: Path | None, markdown_file: Path | None, html_file: Path | None) -> None:
    if json_file:
        _save(json_file, results.as_json() + "\n")
    if markdown_file:
        from qingmo.bench.markdown import markdown

        _save(markdown_file, markdown(results))
    if html_file:
        from qingmo.bench.page import page

        _save(html_file, page(results))


def _save(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    click.echo(f"Written: {file}")
