"""The commands that serve the graph: serve, and demo over make-believe districts."""

from __future__ import annotations

import gc
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import Config, err, fail, load, out, show_table
from gateway.config import describe
from gateway.demo import QUERY, Clients, District, DistrictFailed, clients, curl, districts, fault_curl
from gateway.demo import settings as demo_settings

Port = Annotated[
    int | None,
    typer.Option("--port", "-p", envvar="PORT", min=0, max=65535, help="The port to listen on; 0 takes a free one."),
]

UNGUARDED = (
    "without `[access]` whoever is on this machine may read everything: docs/security.md has how to tell clients apart"
)

SEEN = {"full": "all that there is", "masked": "the same, with invented people"}
"""What a client of the demo is shown."""

Debug = Annotated[bool, typer.Option("--debug", help="Log what each need took, as extensions.explain.reads tells it.")]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nearly all that is imported and built until the server turns the collector on again is there to stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_uncollected()
def serve(config: Config = Path("gateway.toml"), port: Port = None, debug: Debug = False) -> None:
    """Serve the graph over the sources of a settings file."""
    if debug:
        logging.basicConfig(format="%(asctime)s %(name)s %(message)s")
        logging.getLogger("gateway").setLevel(logging.DEBUG)
    settings = load(config)
    if settings.mistakes:
        left_out = ", ".join(m.key or m.name for m in settings.misconfigured)
        err.print(describe(settings.mistakes), markup=False)
        err.print(f"left out until that is corrected: {left_out}; the other sources are served", style="yellow")
    told_apart = settings.access.told_apart
    bound = _listen(settings.gateway.host, settings.gateway.port if port is None else port, told_apart)
    from gateway.access.clients import BadFile
    from gateway.app import build
    from gateway.audit.trail import CannotRecord
    from gateway.connection import Patience
    from gateway.roster.store import NoStore
    from gateway.serve import address
    from gateway.serve import serve as run
    from gateway.vetting import Untrusted

    url = address(bound)
    try:
        gateway = build(settings)
    except (NoStore, Untrusted, BadFile, CannotRecord) as error:
        bound.close()
        err.print(str(error), style="red", markup=False)
        raise typer.Exit(2) from None
    count = len(settings.sources)
    told = f"serving {count} {'source' if count == 1 else 'sources'} at {url}/graphql"
    if not told_apart:
        err.print(UNGUARDED, style="yellow", markup=False)
    http = settings.http
    patience = Patience(head=http.headers_within, body=http.body_within, idle=http.idle)
    run(gateway, bound, lambda: out.print(told), patience)


def demo(port: Port = None) -> None:
    """Serve seven make-believe districts of six providers: nothing to set up, nothing real."""
    bound = _listen("127.0.0.1", 8000 if port is None else port)
    from gateway.app import build
    from gateway.serve import address
    from gateway.serve import serve as run

    try:
        with clients() as known, districts() as running, suppress(KeyboardInterrupt):
            gateway = build(
                demo_settings(running, known), keys={f"{name}: {SEEN[name]}": key for name, key in known.keys.items()}
            )
            run(gateway, bound, lambda: _show_demo(address(bound), running, known))
    except DistrictFailed as error:
        fail(str(error))
    except KeyboardInterrupt:
        pass  # before it answered
    out.print("\nstopped: the gateway and its districts")


def _listen(host: str, port: int, told_apart: bool = False) -> socket.socket:
    from gateway.serve import CannotListen, listen

    try:
        return listen(host, port, told_apart=told_apart)
    except CannotListen as error:
        fail(str(error))


def _show_demo(url: str, running: Sequence[District], clients: Clients) -> None:
    out.print(f"[bold]GraphiQL[/]   {url}/graphql\n")
    out.print("It asks with one of two keys, whichever is chosen there:\n")
    for name, key in clients.keys.items():
        out.print(f"{name:<6}  {key}   {SEEN[name]}", markup=False, soft_wrap=True)
    out.print()
    show_table(
        ("source", "district", "provider", "version", "pid"),
        [(d.key, d.name, str(d.settings["provider"]), str(d.settings["version"]), str(d.pid)) for d in running],
    )
    out.print("\n[bold]Paste this[/]\n")
    out.print(QUERY, markup=False)
    out.print("\n[bold]Or run this[/]\n")
    out.print(curl(url, clients.keys["full"]), markup=False, soft_wrap=True)
    out.print("\nEach district is a process: kill one by its pid, wait 5 s until what is held has aged, and ask again.")
    out.print("Or have one fail; `oneroster-gateway sandbox --faults` lists how, `[]` ends it:\n", markup=False)
    out.print(fault_curl(running[2]), markup=False, soft_wrap=True)
    out.print("Ctrl-C stops everything.")
