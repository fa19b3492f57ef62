"""`oneroster-gateway key …`: the clients of a gateway, their keys, and what they may read."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import LIVE_KEYS, BadFile, Client, Kept, Row, changing, read
from gateway.access.scope import Scope
from gateway.cli.console import Config, err, fail, load, out, show_table
from gateway.config import Settings

key = typer.Typer(help="Clients of this gateway: their keys, and what they may read.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The client: an application, or a person.")]
Sources = Annotated[str, typer.Option(help="Which sources it may read: their keys, by commas; or all.")]
Districts = Annotated[str, typer.Option(help="And the sources of these districts.")]
Labels = Annotated[str, typer.Option(help="And the sources with any of these labels.")]
Scopes = Annotated[str, typer.Option(help=f"What it may do there besides reading: {', '.join(Scope)}; by commas.")]
Expires = Annotated[str, typer.Option(help="Last day, such as 2027-06-30, in UTC; without it, for good.")]
Purpose = Annotated[str, typer.Option(help="What for, in words.")]

ALL = "all"


@key.command()
def create(
    name: Name,
    sources: Sources = "",
    districts: Districts = "",
    labels: Labels = "",
    scopes: Scopes = "",
    expires: Expires = "",
    purpose: Purpose = "",
    config: Config = Path("gateway.toml"),
) -> None:
    """Make a key for a new client, or one more for a client that has one. It is shown once, and kept by nobody."""
    settings, file, secret = _opened(config)
    made = make()
    kept = Kept(id_of(made.reveal()) or "", hashed(made.reveal(), secret), _now())
    with _changed(file) as clients:
        known = clients.get(name)
        if known is None:
            row = _row(settings, sources, districts, labels, scopes, expires, purpose)
            clients[name] = Client(name, (kept,), (row,))
        elif sources or districts or labels or scopes or expires or purpose:
            fail(f"{name} is there already: `key grant {name} …` adds to what it may read")
        elif len(known.live) >= LIVE_KEYS:
            fail(f"{name} has {LIVE_KEYS} keys, {' and '.join(k.id for k in known.live)}: revoke one first")
        else:
            clients[name] = msgspec.structs.replace(known, keys=(*known.keys, kept))
    err.print(f"the key of {name}, shown this once; a running gateway takes it within a second:", markup=False)
    out.print(made.reveal(), markup=False)


@key.command()
def grant(
    name: Name,
    sources: Sources = "",
    districts: Districts = "",
    labels: Labels = "",
    scopes: Scopes = "",
    expires: Expires = "",
    purpose: Purpose = "",
    config: Config = Path("gateway.toml"),
) -> None:
    """Grant a client more, beside what it has: what is given here holds for these sources alone."""
    settings, file, _ = _opened(config)
    row = _row(settings, sources, districts, labels, scopes, expires, purpose)
    with _changed(file) as clients:
        known = _named(clients, name)
        clients[name] = msgspec.structs.replace(known, rows=(*known.rows, row))


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
    rows = [_line(client, row, number) for client in clients.values() for number, row in enumerate(client.rows)]
    show_table(("client", "keys", "sources", "besides", "until", "purpose"), rows)


def _line(client: Client, row: Row, number: int) -> tuple[str, ...]:
    chosen = [*row.sources, *(f"district {d}" for d in row.districts), *(f"label {label}" for label in row.labels)]
    return (
        "" if number else client.name,
        "" if number else " ".join(k.id for k in client.live) or "revoked",
        ALL if row.every else ", ".join(chosen),
        " ".join(row.scopes),
        datetime.fromtimestamp(row.expires - 1, UTC).date().isoformat() if row.expires is not None else "",
        row.purpose,
    )


def _opened(config: Path) -> tuple[Settings, Path, Secret]:
    settings = load(config)
    if settings.access.clients is None or settings.gateway.secret is None:
        fail(f'{config} has no file of clients: write `[access]` with `clients = "clients.json"`')
    return settings, settings.access.clients, settings.gateway.secret


def _row(settings: Settings, sources: str, districts: str, labels: str, scopes: str, expires: str, purpose: str) -> Row:
    if not (sources or districts or labels):
        fail("say what may be read: --sources with keys of sources or `all`, --districts or --labels")
    there = settings.sources
    return Row(
        every=sources == ALL,
        sources=() if sources == ALL else _known("source", sources, {s.key for s in there}),
        districts=_known("district", districts, {s.district for s in there if s.district is not None}),
        labels=_known("label", labels, {label for s in there for label in s.labels}),
        scopes=tuple(map(Scope, _known("scope", scopes, set(Scope)))),
        expires=_end_of(expires) if expires else None,
        purpose=purpose,
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _known(what: str, text: str, there: Collection[str]) -> tuple[str, ...]:
    found = _parts(text)
    if unknown := [each for each in found if each not in there]:
        fail(f"no {what} is named {', '.join(unknown)}; there are {', '.join(sorted(there)) or 'none'}")
    return found


def _end_of(day: str) -> int:
    try:
        last = date.fromisoformat(day)
    except ValueError:
        fail(f"--expires is a day such as 2027-06-30, not {day}")
    return int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp()) + 86_400


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
