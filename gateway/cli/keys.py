"""`oneroster-gateway key …`: the clients of a gateway, their keys, and what they may read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import LIVE_KEYS, BadFile, Client, Kept, Row, changing, is_name, read
from gateway.access.field_class import FieldClass
from gateway.access.grant import Grant
from gateway.access.granting import Granted, grant_of
from gateway.cli.console import Config, err, fail, load, out, show_table
from gateway.cli.rows import ALL, Options, last_day, less, told, with_options
from gateway.config import Settings

key = typer.Typer(help="Clients of this gateway: their keys, and what they may read.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The client: an application, or a person.")]


@key.command()
@with_options
def create(name: Name, options: Options, config: Config = Path("gateway.toml")) -> None:
    """Make a key for a new client, or one more for a client that has one. It is shown once, and kept by nobody."""
    if not is_name(name):
        fail("a client is named by words that can be printed, on one line")
    settings, file, secret = _opened(config)
    made = make()
    kept = Kept(id_of(made.reveal()) or "", hashed(made.reveal(), secret), _now())
    with _changed(file) as clients:
        known = clients.get(name)
        if known is None:
            clients[name] = Client(name, (kept,), (options.row(settings),))
        elif options.given:
            fail(f"{name} is there already: `key grant {name} …` adds to what it may read")
        elif len(known.live) >= LIVE_KEYS:
            fail(f"{name} has {LIVE_KEYS} keys, {' and '.join(k.id for k in known.live)}: revoke one first")
        else:
            clients[name] = msgspec.structs.replace(known, keys=(*known.keys, kept))
        client = clients[name]
    _tell(_grant(settings, client))
    err.print(f"the key of {name}, shown this once; a running gateway takes it within a second:", markup=False)
    out.print(made.reveal(), markup=False)


@key.command()
@with_options
def grant(
    name: Name,
    options: Options,
    replace: Annotated[bool, typer.Option("--replace", help="In place of all that it had, not beside it.")] = False,
    config: Config = Path("gateway.toml"),
) -> None:
    """Grant a client more, beside what it has. Where rows meet at a source, none lends another more than it has."""
    settings, file, _ = _opened(config)
    row = options.row(settings)
    with _changed(file) as clients:
        known = _named(clients, name)
        clients[name] = msgspec.structs.replace(known, rows=(row,) if replace else (*known.rows, row))
        client = clients[name]
    if _tell(_grant(settings, client), before=_grant(settings, known)) and not replace:
        err.print(f"`key ungrant {name} {len(client.rows)}` takes this row back", markup=False)


@key.command()
def ungrant(
    name: Name,
    row: Annotated[int, typer.Argument(metavar="ROW", help="Which of its rows, by the number of `key list`.")],
    config: Config = Path("gateway.toml"),
) -> None:
    """Take back one row of what a client was granted."""
    settings, file, _ = _opened(config)
    with _changed(file) as clients:
        known = _named(clients, name)
        if not 1 <= row <= len(known.rows):
            fail(f"{name} has no row {row}: `key list` shows {len(known.rows)}")
        rows = tuple(each for number, each in enumerate(known.rows, 1) if number != row)
        clients[name] = msgspec.structs.replace(known, rows=rows)
        client = clients[name]
    _tell(_grant(settings, client), before=_grant(settings, known))


@key.command()
def revoke(
    which: Annotated[str, typer.Argument(metavar="KEY|NAME", help="The id of a key, or a client: all of its keys.")],
    config: Config = Path("gateway.toml"),
) -> None:
    """Refuse a key from now on, or all keys of a client. A running gateway follows within a second."""
    _, file, _ = _opened(config)
    with _changed(file) as clients:
        found = [k.id for c in clients.values() for k in c.live if which in (c.name, k.id)]
        if not found:
            fail(f"no client and no live key is named {which}: `key list` shows them")
        for name, client in clients.items():
            keys = [msgspec.structs.replace(k, revoked=_now()) if k.id in found else k for k in client.keys]
            clients[name] = msgspec.structs.replace(client, keys=tuple(keys))
    out.print(f"revoked: {', '.join(found)}", markup=False)


@key.command("list")
def list_(config: Config = Path("gateway.toml")) -> None:
    """Show the clients, the ids of their keys, and what they were granted."""
    _, file, _ = _opened(config)
    try:
        clients = read(file)
    except BadFile as error:
        fail(str(error))
    rows = [
        line
        for client in clients.values()
        for line in ([_line(client, row, number) for number, row in enumerate(client.rows, 1)] or [_line(client)])
    ]
    show_table(("client", "keys", "row", "sources", "scopes", "fields", "orgs", "mask", "until", "purpose"), rows)


def _line(client: Client, row: Row | None = None, number: int = 1) -> tuple[str, ...]:
    named = (client.name, " ".join(k.id for k in client.live) or "revoked") if number == 1 else ("", "")
    if row is None:
        return (*named, "none", *[""] * 7)
    chosen = [*row.sources, *(f"district {d}" for d in row.districts), *(f"label {label}" for label in row.labels)]
    return (
        *named,
        str(number),
        ALL if row.every else ", ".join(chosen),
        " ".join(row.scopes),
        ALL if set(row.fields) == set(FieldClass) else " ".join(row.fields) or "none",
        ALL if row.orgs is None else " ".join(row.orgs),
        "mask" if row.mask else "",
        last_day(row.expires) if row.expires is not None else "",
        row.purpose,
    )


def _grant(settings: Settings, client: Client) -> Grant:
    sources = [Granted(s.key, s.district, frozenset(s.labels), frozenset(s.former_keys)) for s in settings.sources]
    return grant_of(client.name, client.rows, sources, time.time())


def _tell(grant: Grant, before: Grant | None = None) -> bool:
    """Whether it is less than before."""
    for line in told(grant):
        err.print(line, markup=False)
    lost = list(less(before, grant)) if before is not None else []
    for line in lost:
        err.print(line, style="yellow", markup=False)
    return bool(lost)


def _opened(config: Path) -> tuple[Settings, Path, Secret]:
    settings = load(config)
    if settings.access.clients is None or settings.gateway.secret is None:
        fail(f'{config} has no file of clients: write `[access]` with `clients = "clients.json"`')
    return settings, settings.access.clients, settings.gateway.secret


def _now() -> int:
    return int(time.time())


def _named(clients: dict[str, Client], name: str) -> Client:
    if name not in clients:
        fail(f"no client is named {name}; there are {', '.join(sorted(clients)) or 'none'}")
    return clients[name]


@contextmanager
def _changed(file: Path) -> Iterator[dict[str, Client]]:
    try:
        with changing(file) as clients:
            yield clients
    except (BadFile, OSError) as error:
        fail(str(error))
