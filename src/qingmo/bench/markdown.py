"""The report as Markdown."""

from __future__ import annotations

from qingmo.bench.results import Results
from qingmo.bench.tables import Table, conditions, tables


def markdown(results: Results) -> str:
    """A document of its own."""
    parts = [f"# Qingmo {results.version} on this machine", f"{results.when}. {conditions(results)}"]
    return "\n\n".join([*parts, *map(_table, tables(results))]) + "\n"


def _table(table: Table) -> str:
    alignment = ["---", *["---:"] * (len(table.header) - 1)]
    lines = [_line(table.header), _line(alignment), *map(_line, table.rows)]
    return "\n".join([f"## {table.title}", "", *lines]) + (f"\n\n{table.note}" if table.note else "")


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
