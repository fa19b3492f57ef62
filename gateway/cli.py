"""The command line: `oneroster-gateway serve · demo · check · refresh · holds · …`."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from adapters import registry
from gateway.check import CollectionCheck, SourceCheck
from gateway.check import check as check_source
from gateway.config import ConfigError, Settings, describe, load
from gateway.demo import QUERY, District, DistrictFailed, curl, districts
from gateway.demo import settings as demo_settings
from gateway.identity import source_key
from gateway.remote import KINDS, Gateway, HoldTold, NoAnswer, SourceTold, UserError

app = typer.Typer(
    name="oneroster-gateway",
    help="One GraphQL API over many OneRoster 1.1 and 1.2 sources.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.")]
Port = Annotated[
    int | None,
    typer.Option("--port", "-p", envvar="PORT", min=0, max=65535, help="The port to listen on; 0 takes a free one."),
]

Debug = Annotated[bool, typer.Option("--debug", help="Log what each need took, as extensions.explain tells it.")]
Url = Annotated[str, typer.Option("--url", help="Where the gateway is that is asked.")]
HERE = "http://127.0.0.1:8000"


class HoldsAction(StrEnum):
    LIST = "list"
    ACCEPT = "accept"
    REFUSE = "refuse"


_DECIDED = {
    HoldsAction.ACCEPT: "accepted: what came is served from now on",
    HoldsAction.REFUSE: "refused: what was there before is served on; the next reading is judged anew",
}


def main() -> None:
    app()


@app.command()
def serve(config: Config = Path("gateway.toml"), port: Port = None, debug: Debug = False) -> None:
    """Serve the graph over the sources of a settings file."""
    if debug:
        logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
        logging.getLogger("gateway").setLevel(logging.DEBUG)
    settings = _load(config)
    if settings.mistakes:
        left_out = ", ".join(m.key or m.name for m in settings.misconfigured)
        err.print(describe(settings.mistakes), markup=False)
        err.print(f"left out until that is corrected: {left_out}; the other sources are served", style="yellow")
    bound = _listen(settings.gateway.host, settings.gateway.port if port is None else port)
    from gateway.app import build
    from gateway.roster.store import NoStore
    from gateway.serve import address
    from gateway.serve import serve as run

    url = address(bound)
    try:
        gateway = build(settings)
    except NoStore as error:
        err.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    count = len(settings.sources)
    told = f"serving {count} {'source' if count == 1 else 'sources'} at {url}/graphql"
    run(gateway, bound, lambda: out.print(told))


@app.command()
def demo(port: Port = None) -> None:
    """Serve seven make-believe districts of six providers: nothing to set up, nothing real."""
    bound = _listen("127.0.0.1", 8000 if port is None else port)
    from gateway.app import build
    from gateway.serve import address
    from gateway.serve import serve as run

    try:
        with districts() as running:
            run(build(demo_settings(running)), bound, lambda: _show_demo(address(bound), running))
    except DistrictFailed as error:
        err.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        out.print("\nstopped: the gateway and its districts")


@app.command()
def check(
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Keys; all without.")] = None,
    config: Config = Path("gateway.toml"),
) -> None:
    """Test each source's address, token and collections; print counts, or what to do."""
    from gateway.app import connect

    settings = _load(config)
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
    ok = not mistakes
    for source in asked:
        if not source.enabled:
            out.print(f"{source.key}  switched off in the settings", markup=False)
            continue
        result = asyncio.run(check_source(source, connect))
        _show_check(result)
        ok = ok and result.ok
    raise typer.Exit(0 if ok else 1)


@app.command()
def refresh(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its key.")],
    collections: Annotated[
        list[str] | None, typer.Argument(metavar="[COLLECTION]...", help="Such as users; without: all that was read.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until all of it has been read.")] = False,
    url: Url = HERE,
) -> None:
    """Have a running gateway read collections of a source anew, whatever their age."""
    kinds = _kinds(collections)
    try:
        gateway = Gateway(url)
        done = gateway.refresh(source, kinds)
        found = gateway.settled(done.source.key) if wait and done.source is not None else done.source
    except NoAnswer as error:
        _fail(str(error))
    _show_errors(done.user_errors)
    if found is not None:
        _show_source(found, kinds)
    failed = wait and found is not None and found.last_error is not None
    raise typer.Exit(1 if done.user_errors or failed else 0)


@app.command()
def holds(
    action: Annotated[HoldsAction, typer.Argument(help="What to do with them.")] = HoldsAction.LIST,
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Keys.")] = None,
    labels: Annotated[list[str] | None, typer.Option("--label", help="Sources that bear this label.")] = None,
    collections: Annotated[list[str] | None, typer.Option("--collection", help="Only these, such as users.")] = None,
    url: Url = HERE,
) -> None:
    """List, accept or refuse what the shrink guard of a running gateway holds back."""
    kinds = _kinds(collections)
    keys = [source_key(s) for s in sources or ()]
    try:
        if action is HoldsAction.LIST:
            _show_holds(Gateway(url).holds(keys, labels or (), kinds))
            return
        done = Gateway(url).decide(keys, labels or (), kinds, accept=action is HoldsAction.ACCEPT)
    except NoAnswer as error:
        _fail(str(error))
    _show_errors(done.user_errors)
    if done.holds or not done.user_errors:
        _show_holds(done.holds)
    if done.holds:
        out.print(_DECIDED[action])
    raise typer.Exit(1 if done.user_errors else 0)


@app.command()
def forget(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="The key of the source, configured or not.")],
    config: Config = Path("gateway.toml"),
) -> None:
    """Erase what is kept on disk of a source, without asking back. Stop the gateway first: it would keep it again."""
    from gateway.roster.store import Files

    state_dir = _load(config).gateway.state_dir
    if state_dir is None:
        err.print(f"{config} sets no gateway.state_dir: nothing is kept on disk", markup=False)
        raise typer.Exit(2)
    try:
        erased = Files(state_dir).erase(source)
    except ValueError as error:
        err.print(f"{source}: {error}", markup=False)
        raise typer.Exit(2) from None
    except OSError as error:
        err.print(f"{error.filename or state_dir}: {error.strerror}", style="red", markup=False)
        raise typer.Exit(1) from None
    for path in erased:
        out.print(f"erased {path}", markup=False)
    if not erased:
        out.print(f"nothing is kept of {source} in {state_dir}", markup=False)


@app.command()
def providers() -> None:
    """List the providers that settings can name, with their versions."""
    _show_table(("provider", "version", "product"), [(d.name, d.version.value, d.title) for d in registry.dialects()])


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from gateway.schema import sdl

    sys.stdout.write(sdl())


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def sandbox(context: typer.Context) -> None:
    """Serve one make-believe district as a OneRoster test server; `sandbox --help` has its options."""
    from gateway.sandbox.run import main as run

    raise typer.Exit(run(context.args))


def _load(config: Path) -> Settings:
    try:
        return load(config)
    except ConfigError as error:
        err.print(describe(error.mistakes), markup=False)
        raise typer.Exit(2) from None


def _kinds(collections: Sequence[str] | None) -> list[str]:
    """The graph's names of collections that are named as in the settings."""
    names = {name.lower(): kind for name, kind in KINDS.items()}
    unknown = [c for c in collections or () if c.lower() not in names]
    if unknown:
        err.print(f"no collection named {', '.join(unknown)}; there are: {', '.join(KINDS)}", markup=False)
        raise typer.Exit(2)
    return [names[c.lower()] for c in collections or ()]


def _fail(message: str) -> NoReturn:
    err.print(message, style="red", markup=False)
    raise typer.Exit(1)


def _listen(host: str, port: int) -> socket.socket:
    from gateway.serve import CannotListen, listen

    try:
        return listen(host, port)
    except CannotListen as error:
        err.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None


def _show_demo(url: str, running: Sequence[District]) -> None:
    out.print(f"[bold]GraphiQL[/]   {url}/graphql\n")
    _show_table(
        ("source", "district", "provider", "version", "pid"),
        [(d.key, d.name, str(d.settings["provider"]), str(d.settings["version"]), str(d.pid)) for d in running],
    )
    out.print("\n[bold]Paste this[/]\n")
    out.print(QUERY, markup=False)
    out.print("\n[bold]Or run this[/]\n")
    out.print(curl(url), markup=False)
    out.print("\nEach district is a process: kill one by its pid, wait 5 s until what is held has aged, and ask again.")
    out.print("Ctrl-C stops everything.")


def _show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for number, row in enumerate([head, *rows]):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        out.print(line, style="bold" if number == 0 else None, markup=False)


def _show_errors(errors: Sequence[UserError]) -> None:
    for error in errors:
        err.print(f"{error.code}: {error.message}", style="red", markup=False)


def _show_source(source: SourceTold, kinds: Sequence[str]) -> None:
    """The collections that were asked for, else those that were ever read."""
    shown = [c for c in source.collections if (c.type in kinds if kinds else c.as_of is not None)]
    if shown:
        _show_table((source.key, "state", "records", "as of"), [c.cells for c in shown])
    else:
        out.print(f"nothing of {source.key} has been read yet: name the collections to read", markup=False)


def _show_holds(holds: Sequence[HoldTold]) -> None:
    if holds:
        _show_table(("source", "collection", "held at", "before", "now", "missing"), [h.cells for h in holds])
    else:
        out.print("nothing is held back there")


def _show_check(result: SourceCheck) -> None:
    settings = result.settings
    out.print(f"{settings.key}  {settings.provider} {settings.version.value}", style="bold", markup=False)
    for found in [result.refusal] if result.refusal else result.collections:
        out.print(f"  {_told(found, result.refusal is None)}", markup=False)


def _told(found: CollectionCheck, by_collection: bool) -> str:
    name = f"{found.collection.value:<18}" if by_collection else "cannot be asked: "
    if found.code is not None:
        advice = f"\n      → {found.advice}" if found.advice else ""
        return f"{name}{found.code.value}: {found.message}{advice}"
    rejected = f", {found.rejected} of the first page could not be read" if found.rejected else ""
    return f"{name}{found.count}{' or more' if found.at_least else ''}{rejected}  ({found.seconds * 1000:.0f} ms)"
