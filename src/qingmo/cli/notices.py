"""What other layers log is shown on standard error, one line each, so that standard output stays the answer alone."""

from __future__ import annotations

import logging

import click


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        prefix = "Warning: " if record.levelno >= logging.WARNING else ""
        click.echo(prefix + record.getMessage(), err=True)


def show_notices() -> None:
    """Show everything from INFO up that Qingmo logs. Calling it again changes nothing."""
    logger = logging.getLogger("qingmo")
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        logger.addHandler(_Stderr())
