"""The report as one HTML file that loads nothing."""

from __future__ import annotations

from html import escape

from qingmo.bench.pictures import pictures
from qingmo.bench.results import Results
from qingmo.bench.tables import Table, conditions, tables

_STYLE = """
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; color: #2b3440; background: #fff }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100% }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid #e3e7ec; vertical-align: top }
th:first-child, td:first-child { text-align: left; white-space: nowrap }
p { margin: .5rem 0; color: #5f6b7a }
p.conditions { padding: .6rem .9rem; border-left: 4px solid #059669; background: #f3f8f6; color: inherit }
p.disturbed { border-color: #d97706; background: #fdf6ec }
svg { width: 100%; height: auto; margin-top: 1.5rem }
"""


def page(results: Results) -> str:
    """The whole document. Its own policy forbids scripts and everything from elsewhere."""
    disturbed = " disturbed" if results.conditions.complaints() else ""
    body = [
        "<h1>How fast is this machine?</h1>",
        f"<p>Qingmo {escape(results.version)}, {escape(results.when)}</p>",
        f'<p class="conditions{disturbed}">{escape(conditions(results))}</p>',
        *map(_table, tables(results)),
        *pictures(results),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Qingmo bench</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "\n".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    note = f"\n<p>{escape(table.note)}</p>" if table.note else ""
    return f"<h2>{escape(table.title)}</h2>\n<table>\n<tr>{head}</tr>\n{rows}\n</table>{note}"
