"""What `oneroster-gateway key` says of a grant: its options, made a row; and what rows come to, in words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from adapters.endpoints import Collection as Kind
from gateway.access.clients import LAST, Client, Row
from gateway.access.field_class import TELLS, FieldClass
from gateway.access.grant import Access, Grant
from gateway.access.personal import FIELDS_IN, RULED
from gateway.access.scope import READS, Scope
from gateway.cli.console import fail
from gateway.config import Settings, SourceSettings

ALL = "all"


@dataclass(frozen=True, slots=True)
class Options:
    """The options that make a row; empty where they are not given."""

    sources: Annotated[str, typer.Option(help="Of which sources: their keys, by commas; or all.")] = ""
    districts: Annotated[str, typer.Option(help="And of the sources of these districts.")] = ""
    labels: Annotated[str, typer.Option(help="And of the sources with any of these labels.")] = ""
    scopes: Annotated[
        str, typer.Option(help=f"What it may read there, and what it may do besides: {', '.join(Scope)}; by commas.")
    ] = ""
    fields: Annotated[
        str,
        typer.Option(
            help=f"Which personal data it is answered: {', '.join(FieldClass)}, by commas; or all. Else none."
        ),
    ] = ""
    orgs: Annotated[
        str,
        typer.Option(help="Only what belongs to these orgs: their sourcedIds, by commas; with one source, by its key."),
    ] = ""
    mask: Annotated[bool, typer.Option("--mask", help="Invented people in place of those that there are.")] = False
    expires: Annotated[str, typer.Option(help="Last day, such as 2027-06-30, in UTC; without it, for good.")] = ""
    purpose: Annotated[str, typer.Option(help="What for, in words.")] = ""

    @property
    def given(self) -> bool:
        return self != Options()

    def row(self, settings: Settings) -> Row:
        """Ends the command if they make none."""
        there = settings.sources
        if not (self.sources or self.districts or self.labels):
            fail("say of which sources: --sources with their keys or `all`, --districts or --labels")
        if not self.scopes:
            fail(f"say what is allowed there: --scopes with one or more of {', '.join(Scope)}")
        try:
            return Row(
                every=self.sources == ALL,
                sources=() if self.sources == ALL else _known("source", self.sources, sorted(s.key for s in there)),
                districts=_known("district", self.districts, sorted({s.district for s in there if s.district})),
                labels=_known("label", self.labels, sorted({label for s in there for label in s.labels})),
                scopes=tuple(map(Scope, _known("scope", self.scopes, tuple(Scope)))),
                fields=_field_classes(self.fields),
                orgs=_parts(self.orgs) if self.orgs else None,
                mask=self.mask,
                expires=_end_of(self.expires) if self.expires else None,
                purpose=self.purpose,
            )
        except ValueError as error:
            fail(f"--orgs: {error}")


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with those options beside its own; it is handed them as `options`."""
    hints = get_type_hints(Options, include_extras=True)
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(Options)
    ]
    own = inspect.signature(command, eval_str=True).parameters
    taken = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own.values() if p.name != "options"]

    @wraps(command)
    def called(**given: Any) -> None:
        options = Options(**{each.name: given.pop(each.name) for each in shared})
        command(**given, options=options)

    called.__signature__ = inspect.Signature([*taken, *shared])  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in (*taken, *shared)}
    return called


def told(grant: Grant) -> Iterator[str]:
    """What a client may read and do, source by source, and what is withheld from it."""
    alike: dict[tuple[Access, tuple[Scope, ...], int | None], list[str]] = {}
    for line in grant.lines:
        besides = tuple(scope for scope in line.scopes if scope not in READS)
        alike.setdefault((grant.at(line.source), besides, line.expires), []).append(line.source)
    if not alike:
        yield f"{grant.name} may read nothing"
    for (access, besides, expires), sources in alike.items():
        ends = f"; some of it ends with {last_day(expires)}" if expires is not None else ""
        yield f"{grant.name} at {', '.join(sources)}{ends}"
        yield from (f"  {what:<10}{text}" for what, text in _parts_told(access, besides) if text)


def _parts_told(access: Access, besides: Sequence[Scope]) -> Iterator[tuple[str, str]]:
    yield "reads", ", ".join(_read(access)) or "nothing"
    if access.collections:
        there = [each for each in FieldClass if not FIELDS_IN[each].isdisjoint(access.collections)]
        yield "with", _classes(each for each in there if each in access.classes)
        yield "without", _classes(each for each in there if each not in access.classes)
        yield "of orgs", ", ".join(sorted(access.orgs)) if access.orgs is not None else ""
        yield "masked", "invented people in place of those that there are" if access.masked else ""
    yield "may", ", ".join(besides)


def _read(access: Access) -> list[Kind]:
    """The collections of which it is answered anything."""
    return [each for each in Kind if each in access.collections and RULED.get(each) in (None, *access.classes)]


def less(before: Grant, after: Grant) -> Iterator[str]:
    """What a client cannot read or do any more, source by source."""
    for line in before.lines:
        had, has = before.at(line.source), after.at(line.source)
        lost: list[str] = [each for each in _read(had) if each not in _read(has)]
        lost += [each for each in FieldClass if each in had.classes - has.classes]
        if has.orgs is not None and (had.orgs is None or not had.orgs <= has.orgs):
            lost.append(f"what belongs to no org of {', '.join(sorted(has.orgs))}")
        if has.masked and not had.masked:
            lost.append("real people")
        lost += [scope for scope in line.scopes if scope not in READS and not after.allows(scope, line.source)]
        if lost:
            yield f"{line.source}: not any more {', '.join(lost)}"


def orgs_named(source: SourceSettings, clients: Iterable[Client]) -> dict[str, list[str]]:
    """Of one source, the orgs to which its settings and the rows of clients hold what is read; and what names each."""
    named = {org: ["`schools`"] for org in source.schools}
    for client in clients:
        rows = (row for row in client.rows if {source.key, *source.former_keys} & {*row.sources})
        for org in dict.fromkeys(org for row in rows for org in row.orgs or ()):
            named.setdefault(org, []).append(client.name)
    return named


def of_no_source(settings: Settings, clients: Iterable[Client], at: float) -> Iterator[str]:
    """Rows that have not ended, and choose none of the sources that there are."""
    sources = [(frozenset({s.key, *s.former_keys}), s.district, frozenset(s.labels)) for s in settings.sources]
    for client in clients:
        for number, row in enumerate(client.rows, 1):
            ended = row.expires is not None and row.expires <= at
            if not ended and not any(row.covers(*source, at) for source in sources):
                yield f"{client.name}: its row {number} is of no source that there is"


def _classes(classes: Iterable[FieldClass]) -> str:
    return "; ".join(f"{each} ({TELLS[each]})" for each in classes)


def last_day(expires: int) -> str:
    return datetime.fromtimestamp(expires - 1, UTC).date().isoformat()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _known(what: str, text: str, there: Collection[str]) -> tuple[str, ...]:
    found = _parts(text)
    if unknown := [each for each in found if each not in there]:
        fail(f"no {what} is named {', '.join(unknown)}; there are {', '.join(there) or 'none'}")
    return found


def _field_classes(text: str) -> tuple[FieldClass, ...]:
    if text == ALL:
        return tuple(FieldClass)
    return tuple(map(FieldClass, _known("class of fields", text, tuple(FieldClass))))


def _end_of(day: str) -> int:
    try:
        last = date.fromisoformat(day)
    except ValueError:
        fail(f"--expires is a day such as 2027-06-30, not {day}")
    return min(int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp()) + 86_400, LAST)
