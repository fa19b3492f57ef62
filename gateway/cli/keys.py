"""`oneroster-gateway key …`: the clients of a gateway, their keys, and what they may read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import LIVE_KEYS, BadFile, Client, Kept, Row, changing, read
from gateway.access.field_class import FieldClass
from gateway.access.scope import Scope, scope_of
from gateway.cli.console import Config, err, fail, load, out, show_table
from gateway.config import Settings

T = TypeVar("T")

key = typer.Typer(help="Clients of this gateway: their keys, and what they may read.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The client: an application, or a person.")]
Scopes = Annotated[
    str, typer.Option(help=f"What kinds of records, and what else it may do; of {', '.join(Scope)}. By commas.")
]
Classes = Annotated[
    str, typer.Option(help=f"Which kinds of personal data in them; of {', '.join(FieldClass)}, or all. By commas.")
]
Sources = Annotated[str, typer.Option(help="Of which sources, by key and by commas; or all.")]
Districts = Annotated[str, typer.Option(help="Of the sources of these districts.")]
Labels = Annotated[str, typer.Option(help="Of the sources with any of these labels.")]
Orgs = Annotated[str, typer.Option(help="Of these orgs alone, by sourcedId; without it, of all.")]
Expires = Annotated[str, typer.Option(help="Last day, such as 2027-06-30, in UTC; without it, for good.")]
Purpose = Annotated[str, typer.Option(help="What for, in words: it stands in the audit.")]

ALL = "all"


@key.command()
def create(
    name: Name,
    sources: Sources = "",
    districts: Districts = "",
    labels: Labels = "",
    scopes: Scopes = "",
    classes: Classes = "",
    orgs: Orgs = "",
    expires: Expires = "",
    purpose: Purpose = "",
    mask: Annotated[bool, typer.Option("--mask", help="Show it pseudonyms instead of personal data.")] = False,
    config: Config = Path("gateway.toml"),
) -> None:
    """Make a key for a new client, or one more for a client that has one. It is shown once, and kept by nobody."""
    settings, file, secret = _opened(config)
    wanted = any((sources, districts, labels, scopes, classes, orgs, expires, purpose, mask))
    made = make()
    kept = Kept(id_of(made.reveal()) or "", hashed(made.reveal(), secret), _now())
    with _changed(file) as clients:
        known = clients.get(name)
        if known is None:
            row = _row(settings, sources, districts, labels, scopes, classes, orgs, expires, purpose)
            clients[name] = Client(name, (kept,), (row,), mask)
        elif wanted:
            fail(f"{name} is there already: `key grant {name} …` adds to what it may read")
        elif len(known.live) >= LIVE_KEYS:
            fail(f"{name} has {LIVE_KEYS} keys, {' and '.join(k.id for k in known.live)}: revoke one first")
        else:
            clients[name] = msgspec.structs.replace(known, keys=(*known.keys, kept))
    err.print(f"the key of {name}, shown this once; the gateway takes it within a second:", markup=False)
    out.print(made.reveal(), markup=False)


@key.command()
def grant(
    name: Name,
    sources: Sources = "",
    districts: Districts = "",
    labels: Labels = "",
    scopes: Scopes = "",
    classes: Classes = "",
    orgs: Orgs = "",
    expires: Expires = "",
    purpose: Purpose = "",
    config: Config = Path("gateway.toml"),
) -> None:
    """Grant a client more, beside what it has: what is given here holds together, and for these sources alone."""
    settings, file, _ = _opened(config)
    row = _row(settings, sources, districts, labels, scopes, classes, orgs, expires, purpose)
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
        found = [(c, k) for c in clients.values() for k in c.live if which in (c.name, k.id)]
        if not found:
            fail(f"no client and no live key is named {which}: `key list` shows them")
        for client, kept in found:
            now = [msgspec.structs.replace(k, revoked=_now()) if k is kept else k for k in clients[client.name].keys]
            clients[client.name] = msgspec.structs.replace(clients[client.name], keys=tuple(now))
    out.print(f"revoked: {', '.join(kept.id for _, kept in found)}", markup=False)


@key.command("list")
def list_(config: Config = Path("gateway.toml")) -> None:
    """Show the clients, the ids of their keys, and what they were granted."""
    _, file, _ = _opened(config)
    try:
        clients = read(file)
    except BadFile as error:
        fail(str(error))
    rows = [_line(client, row, number) for client in clients.values() for number, row in enumerate(client.rows)]
    show_table(("client", "keys", "sources", "scopes", "classes", "orgs", "until", "purpose"), rows)


def _line(client: Client, row: Row, number: int) -> tuple[str, ...]:
    chosen = [*row.sources, *(f"district {d}" for d in row.districts), *(f"label {label}" for label in row.labels)]
    return (
        "" if number else client.name + (" (masked)" if client.mask else ""),
        "" if number else " ".join(k.id for k in client.live) or "revoked",
        ", ".join(chosen) or ALL,
        " ".join(row.scopes),
        " ".join(row.classes) or "none",
        " ".join(row.orgs) or ALL,
        datetime.fromtimestamp(row.expires, UTC).date().isoformat() if row.expires is not None else "",
        row.purpose,
    )


def _opened(config: Path) -> tuple[Settings, Path, Secret]:
    settings = load(config)
    if settings.access.clients is None or settings.gateway.secret is None:
        fail(f'{config} has no file of clients: write `[access]` with `clients = "clients.json"`')
    return settings, settings.access.clients, settings.gateway.secret


def _row(
    settings: Settings,
    sources: str,
    districts: str,
    labels: str,
    scopes: str,
    classes: str,
    orgs: str,
    expires: str,
    purpose: str,
) -> Row:
    if not (sources or districts or labels):
        fail("say of which sources: --sources with their keys or `all`, --districts or --labels")
    if not scopes:
        fail(f"say what may be read: --scopes, of {', '.join(Scope)}")
    return Row(
        scopes=_all_of("--scopes", scopes, scope_of, Scope),
        classes=tuple(FieldClass) if classes == ALL else _all_of("--classes", classes, _class, FieldClass),
        sources=() if sources == ALL else _known("source", sources, {s.key for s in settings.sources}),
        districts=_known("district", districts, {s.district for s in settings.sources if s.district is not None}),
        labels=_known("label", labels, {label for s in settings.sources for label in s.labels}),
        orgs=_parts(orgs),
        expires=_end_of(expires) if expires else None,
        purpose=purpose,
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _all_of(option: str, text: str, read: Callable[[str], T | None], allowed: Iterable[str]) -> tuple[T, ...]:
    found: list[T] = []
    for part in _parts(text):
        value = read(part)
        if value is None:
            fail(f"{option}: there is no {part}; there are {', '.join(allowed)}")
        found.append(value)
    return tuple(found)


def _class(text: str) -> FieldClass | None:
    return FieldClass(text.upper()) if text.upper() in list(FieldClass) else None


def _known(what: str, text: str, there: set[str]) -> tuple[str, ...]:
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
