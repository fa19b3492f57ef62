"""Pages that can be asked for if they changed, as they are kept: as runs of a table's records.

A source that does not serve its records in the order of their ids has no such runs: after a restart it is read in full.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from adapters.caching import Mark
from adapters.records import Record


class Run(msgspec.Struct, frozen=True):
    """So many records from `start` on, and what `adapters.caching.Mark` has of their page beside their ids."""

    start: int
    count: int
    url: str
    etag: str | None
    modified: str | None
    total: int | None
    told: frozenset[str]


def runs_of(marks: Iterable[Mark], records: Sequence[Record]) -> tuple[Run, ...]:
    """All of the pages, of records in the order of their ids; none if one of them is no run."""
    found = []
    for mark in marks:
        start = bisect_left(records, mark.ids[0], key=attrgetter("sourced_id"))
        run = Run(start, len(mark.ids), mark.url, mark.etag, mark.modified, mark.total, mark.told)
        if _ids(run, records) != mark.ids:
            return ()
        found.append(run)
    return tuple(found)


def marks_of(runs: Iterable[Run], records: Sequence[Record]) -> tuple[Mark, ...]:
    """The pages again."""
    return tuple(Mark(run.url, _ids(run, records), run.etag, run.modified, run.total, run.told) for run in runs)


def _ids(run: Run, records: Sequence[Record]) -> tuple[str, ...]:
    return tuple(r.sourced_id for r in records[run.start : run.start + run.count])
