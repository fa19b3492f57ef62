"""The commands that look at settings, at what is kept on disk and at the program itself, without a gateway."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

import typer

from adapters import registry
from gateway.access.clients import BadFile, Client, read
from gateway.check import CollectionCheck, SourceCheck
from gateway.check import check as check_source
from gateway.cli.console import Config, err, fail, load, out, show_table
from gateway.cli.rows import of_no_source, orgs_named
from gateway.config import Settings, describe


def check(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Keys; all without.")] = None,
    config: Config = Path("gateway.toml"),
) -> None:
    """Test each source's address, token and collections, and the orgs that are named of it; print counts, or what to
    do.
    """
    from gateway.app import connect

    settings = load(config)
    known = {s.key: s for s in settings.sources}
    broken = {m.key for m in settings.misconfigured if m.key}
    unknown = [key for key in sources or () if key not in known and key not in broken]
    if unknown:
        err.print(
            f"no source named {', '.join(unknown)}; there are: {', '.join(sorted({*known, *broken}))}", markup=False
        )
        raise typer.Exit(2)
    mistakes = [m for b in settings.misconfigured if not sources or b.key in sources for m in b.mistakes]
    if mistakes:
        err.print(describe(dict.fromkeys(mistakes)), markup=False)
    asked = [s for key, s in known.items() if not sources or key in sources]
    if not known and not broken:
        out.print(f"{config} configures no source", markup=False)
    clients = _clients(settings)
    ok = _documents_are_right(settings) and _can_record(settings) and clients is not None and not mistakes
    for source in asked:
        if not source.enabled:
            out.print(f"{source.key}  switched off in the settings", markup=False)
            continue
        named = orgs_named(source, clients or ())
        result = asyncio.run(check_source(source, connect, named))
        _show_check(result, named)
        ok = ok and result.ok
    raise typer.Exit(0 if ok else 1)


def forget(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The key of the source, configured or not.")],
    config: Config = Path("gateway.toml"),
) -> None:
    """Erase what is kept on disk of a source, without asking back. Stop the gateway first: it would keep it again."""
    from gateway.roster.store import Files

    state_dir = load(config).gateway.state_dir
    if state_dir is None:
        err.print(f"{config} sets no gateway.state_dir: nothing is kept on disk", markup=False)
        raise typer.Exit(2)
    try:
        erased = Files(state_dir).erase(source)
    except ValueError as error:
        err.print(f"{source}: {error}", markup=False)
        raise typer.Exit(2) from None
    except OSError as error:
        fail(f"{error.filename or state_dir}: {error.strerror}")
    for path in erased:
        out.print(f"erased {path}", markup=False)
    if not erased:
        out.print(f"nothing is kept of {source} in {state_dir}", markup=False)


def providers() -> None:
    """List the providers that settings can name, with their versions."""
    show_table(("provider", "version", "product"), [(d.name, d.version.value, d.title) for d in registry.dialects()])


def documents() -> None:
    """Print what refresh and holds ask, for the folder of a gateway that answers trusted documents alone."""
    from gateway.remote import manifest

    sys.stdout.write(json.dumps(manifest(), indent=2) + "\n")


def schema() -> None:
    """Print the GraphQL schema."""
    from gateway.schema import sdl

    sys.stdout.write(sdl())


def sandbox(context: typer.Context) -> None:
    """Serve one make-believe district as a OneRoster test server; `sandbox --help` has its options."""
    from gateway.sandbox.run import main as run

    raise typer.Exit(run(context.args))


def _clients(settings: Settings) -> Collection[Client] | None:
    """Those of the file, with what is odd about them told; None if it cannot be read."""
    if (file := settings.access.clients) is None:
        return ()
    try:
        clients = read(file).values()
    except BadFile as error:
        err.print(str(error), markup=False)
        return None
    out.print(f"{file}: {len(clients)} {'client' if len(clients) == 1 else 'clients'}", markup=False)
    for line in of_no_source(settings, clients, time.time()):
        err.print(f"  {line}", style="yellow", markup=False)
    return clients


def _documents_are_right(settings: Settings) -> bool:
    """Tells what is in the folder of trusted documents, if there is one."""
    if (folder := settings.http.documents_dir) is None:
        return True
    from gateway.vetting import Untrusted, open_documents

    try:
        documents = open_documents(settings)
    except Untrusted as untrusted:
        err.print(str(untrusted), markup=False)
        return False
    count = documents.trusted
    out.print(f"{folder}: {count} trusted {'document' if count == 1 else 'documents'}", markup=False)
    return True


def _can_record(settings: Settings) -> bool:
    """Tells whether operations can be recorded, if they are to be."""
    if (folder := settings.audit.dir) is None:
        return True
    there = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with TemporaryFile(dir=there):
            pass
    except OSError as error:
        err.print(f"{folder}: operations cannot be recorded there: {error.strerror}", markup=False)
        return False
    out.print(f"{folder}: operations can be recorded there", markup=False)
    return True


def _show_check(result: SourceCheck, named: Mapping[str, Sequence[str]]) -> None:
    settings = result.settings
    out.print(f"{settings.key}  {settings.provider} {settings.version.value}", style="bold", markup=False)
    for found in [result.refusal] if result.refusal else result.collections:
        out.print(f"  {_told(found, result.refusal is None)}", markup=False)
    for org in result.no_orgs:
        out.print(f"  it has no org {org}, to which {' and '.join(named[org])} would hold it", markup=False)


def _told(found: CollectionCheck, by_collection: bool) -> str:
    name = f"{found.collection.value:<21}" if by_collection else "cannot be asked: "
    if found.code is not None:
        advice = f"\n      → {found.advice}" if found.advice else ""
        return f"{name}{found.code.value}: {found.message}{advice}"
    rejected = f", {found.rejected} of the first page could not be read" if found.rejected else ""
    return f"{name}{found.count}{' or more' if found.at_least else ''}{rejected}  ({found.seconds * 1000:.0f} ms)"
