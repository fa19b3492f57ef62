"""What every command writes with: to whom, tables, mistakes, and the end of a command that cannot go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from gateway.config import ConfigError, Settings, describe
from gateway.config import load as read

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.")]


def load(config: Path) -> Settings:
    try:
        return read(config)
    except ConfigError as error:
        err.print(describe(error.mistakes), markup=False)
        raise typer.Exit(2) from None


def fail(message: str) -> NoReturn:
    err.print(message, style="red", markup=False)
    raise typer.Exit(1)


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for number, row in enumerate([head, *rows]):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        out.print(line, style="bold" if number == 0 else None, markup=False)
