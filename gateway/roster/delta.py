"""Delta: a copy held whole is brought up to date by what changed since, instead of being read again.

What was deleted without a tombstone does not show, nor does a change that left `dateLastModified` where it was: hence
`rescan_every`, after which everything is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import structs

from adapters import lowering, moments
from adapters.client import Page, PageRequest, Progress, Scanned, SourceClient
from adapters.dialect import Op
from adapters.endpoints import Collection
from adapters.errors import PagingBroken, Refused, Unsupported
from adapters.predicate import Compare
from adapters.records import Record
from gateway.roster import explain
from gateway.roster.needs import Changes, Plan
from gateway.roster.weight import Weighed
from gateway.roster.whole import Whole, beside

OVERLAP = timedelta(minutes=5)
"""Asked for again each time: a source's servers need not agree on the time, nor write in its order."""

MOST = 0.5
"""Share of the records held; where more would come, reading everything is as cheap and shows deletions too."""


def high_water(records: Iterable[Record], began: float, ended: float) -> str | None:
    """Up to when, by the source's own dates, a reading has every change; None where they do not tell.

    began, ended: of the reading, in epoch seconds: while it ran, a change may have passed behind it. A date ahead of
    our clock counts as when the reading began, lest one wrong date hide all changes to come.
    """
    latest = ""
    for record in records:
        if record.date_last_modified is None:
            return None
        latest = max(latest, record.date_last_modified)
    if not latest:
        return None
    try:
        moment = datetime.fromisoformat(latest) - timedelta(seconds=ended - began)
    except (ValueError, OverflowError):
        return None
    return _text(min(moment, datetime.fromtimestamp(began, UTC)))


def since(held: Whole) -> Compare | None:
    """What a record satisfies that may have changed since; None where that cannot be told, or is too many of them."""
    if held.high_water is None:
        return None
    try:
        start = _text((datetime.fromisoformat(held.high_water) - OVERLAP).replace(microsecond=0))
    except (ValueError, OverflowError):
        return None
    again = sum(r.date_last_modified is None or r.date_last_modified >= start for r in held.rows)
    return Compare("date_last_modified", Op.GE, start) if again <= MOST * len(held) else None


async def as_read(found: Scanned, held: Whole | None, began: float, weighed: Weighed | None) -> Whole:
    """What a reading of everything brought, as it is to be held.

    held: the copy whose pages were asked for only if they changed; if none did, it stays, no older than now.
    weighed: as for a `Whole`.
    """
    now = moments.now()
    if held is not None and found.unchanged and not found.sent and len(found.records) == len(held):
        return await held.overlaid((), read_at=now, high_water=held.high_water)
    return await Whole.made(
        found.records,
        len(found.rejected),
        now,
        scanned_at=held.scanned_at if held is not None and found.unchanged else None,
        high_water=await beside(len(found.records), lambda: high_water(found.records, began, now)),
        marks=found.marks,
        weighed=weighed,
    )


async def brought_up_to_date(client: SourceClient, collection: Collection, held: Whole) -> Whole | None:
    """The copy with what changed since; None where everything has to be read.

    Raises:
        SourceError: the source did not tell all of what changed.
    """
    if not client.capabilities.delta:
        return None
    where = await asyncio.to_thread(since, held)
    room = client.capabilities.max_url - client.url_overhead(collection)
    if where is None or lowering.pushdown(client.dialect, collection, where, room=room).text is None:
        return None
    why = "the source tells what changed since the collection was last read"
    explain.planned(Plan(Changes(), why, requests=1, seconds=0.0, rows=0, certain=1, assumed=True))
    began = moments.now()
    try:
        came = await _changed(client, PageRequest(collection.value, where=where), MOST * len(held))
    except (Refused, Unsupported):
        return None  # of this way of asking; whether of the collection too, reading it will show
    if came is None:
        return None
    explain.moved(len(came))
    now = moments.now()
    changed = await asyncio.to_thread(lambda: [r for r in came if _differs(held, r)])
    marks = (held.high_water, await asyncio.to_thread(high_water, came, began, now))
    return await held.overlaid(changed, read_at=now, high_water=max(mark for mark in marks if mark is not None))


async def _changed(client: SourceClient, request: PageRequest, most: float) -> list[Record] | None:
    """None where more come than `most`, some that were not asked for, or one that cannot be read."""
    usable = True

    def look(progress: Progress, page: Page) -> bool:
        nonlocal usable
        usable = not page.rejected and page.exact and progress.received <= most
        return usable

    found = await client.scan(request, on_page=look)
    if not usable:
        return None
    if not found.complete:
        raise PagingBroken(client.spec.key, f"{request.endpoint}: {found.reason}")
    return list(found.records)


def _differs(held: Whole, record: Record) -> bool:
    old = held.get(record.sourced_id)
    return old is None or structs.replace(old, provenance=record.provenance) != record


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
