"""`oneroster-gateway audit …`: what the files of the audit tell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import Config, err, fail, load

audit = typer.Typer(help="Who was shown what, by the files of the audit.", no_args_is_help=True)


@audit.callback()
def _several() -> None:
    """Commands have names of their own, however few there are."""


@audit.command()
def find(
    source: Annotated[str, typer.Option("--source", help="The key of the person's source; former keys are found too.")],
    sourced_ids: Annotated[
        list[str], typer.Option("--sourced-id", help="The person's sourcedId; several, if it changed.")
    ],
    folder: Annotated[Path | None, typer.Option(help="Files elsewhere than in the folder of the settings.")] = None,
    config: Config = Path("gateway.toml"),
) -> None:
    """Print the record of each operation whose answer told of a person, as JSON lines, the oldest first."""
    settings = load(config)
    where, secret = folder or settings.audit.dir, settings.gateway.secret
    if where is None:
        fail(f"{config} sets no [audit] dir: nothing is recorded")
    if secret is None:
        fail(f"{config} sets no gateway.secret, with which the ids of people are hashed")
    from gateway.audit.finding import Finding
    from gateway.audit.subjects import Subjects

    former = next((each.former_keys for each in settings.sources if each.key == source), ())
    finding = Finding(Subjects(secret), [(key, each) for key in (source, *former) for each in sourced_ids])
    try:
        for found in finding.in_folder(where):
            sys.stdout.write(found.decode() + "\n")
    except OSError as error:
        fail(f"{error.filename or where}: {error.strerror}")
    if finding.unhashed:
        err.print(f"in {len(finding.unhashed)} files nobody can be found, they have no hashes:", style="yellow")
        err.print("  " + ", ".join(finding.unhashed), markup=False)
    if finding.of_another_secret:
        err.print(f"{len(finding.of_another_secret)} files were written with another gateway.secret:", style="yellow")
        err.print("  " + ", ".join(finding.of_another_secret), markup=False)
    if finding.cut_short:
        err.print(f"{finding.cut_short} lines are cut short: no answer left with them", style="yellow")
    told = f"{finding.found} of {finding.read} records in {finding.files} files tell of this person"
    err.print(told, markup=False)
