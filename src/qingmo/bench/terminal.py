"""The report on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from qingmo.bench.results import Results
from qingmo.bench.tables import Table, conditions, tables


def show(results: Results, console: Console) -> None:
    """Print every table, and what disturbed the run."""
    for table in tables(results):
        console.print(Text(table.title, style="bold"))
        console.print(_table(table))
        if table.note:
            console.print(Text(table.note, style="dim"))
        console.print()
    console.print(Text(conditions(results)))


def _table(table: Table) -> RichTable:
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(table.header):
        drawn.add_column(Text(name), justify="left" if number == 0 else "right")
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn
