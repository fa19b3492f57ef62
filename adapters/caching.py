"""What a source says of holding its answers: whether, for how long, and by what to ask whether one still stands. Pure.

Source: RFC 9110 8.8 and 13 (validators, conditional requests), RFC 9111 5.2 (Cache-Control).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from adapters.records import Record

_DIRECTIVE = re.compile(r'([\w-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,"]*)))?')
_SECONDS = re.compile(r"[0-9]{1,10}")
# `*` would match whatever there is, and a tag without a name is the same for all.
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,200}"')

_SETTLED = 60.0
"""Seconds by which a Last-Modified must be older than its answer: a younger one may hide a change (RFC 9110 8.8.2)."""


@dataclass(frozen=True, slots=True)
class CacheControl:
    """no_store: what came is not to be written down. max_age: seconds for which it is fresh; None where the source does
    not say, or would be asked for every use.
    """

    no_store: bool = False
    max_age: float | None = None

    def __or__(self, other: CacheControl) -> CacheControl:
        """What holds for answers that stand for one list together."""
        ages = [each.max_age for each in (self, other) if each.max_age is not None]
        return CacheControl(self.no_store or other.no_store, min(ages, default=None))


UNSAID = CacheControl()


def cache_control(headers: Mapping[str, str]) -> CacheControl:
    """What an answer says, less the time for which others have held it.

    `no-cache`, `max-age=0` and the like say nothing here: frameworks send them with every answer of an API, and obeyed
    to the letter they would have the source asked for every query.
    """
    found: dict[str, list[str]] = {}
    for name, quoted, plain in _DIRECTIVE.findall(headers.get("cache-control", "")):
        found.setdefault(name.lower(), []).append(quoted or plain)
    no_store = "no-store" in found
    ages = found.get("max-age", [])
    if "no-cache" in found or not ages or not all(map(_SECONDS.fullmatch, ages)):
        return CacheControl(no_store)
    longest = min(map(int, ages))
    held = headers.get("age", "").strip()
    spent = int(held) if _SECONDS.fullmatch(held) else 0
    return CacheControl(no_store, float(max(0, longest - spent)) if longest else None)


@dataclass(frozen=True, slots=True)
class Mark:
    """A page that was had, and what the source called the state that it was in: an ETag, else a Last-Modified.

    ids: of its records, in their order. total: of the list, as told with it. told: the headers that said something of
    the list, by their names in small letters.
    """

    url: str
    ids: tuple[str, ...]
    etag: str | None = None
    modified: str | None = None
    total: int | None = None
    told: frozenset[str] = frozenset()

    @property
    def condition(self) -> dict[str, str]:
        """The headers that ask for the page unless it is in that state."""
        if self.etag is not None:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.modified} if self.modified is not None else {}


def validators(headers: Mapping[str, str], now: float) -> tuple[str | None, str | None]:
    """ETag and Last-Modified of an answer, those of them that can be asked by. now: our clock, epoch seconds."""
    etag = headers.get("etag", "").strip()
    if _ETAG.fullmatch(etag):
        return etag, None
    modified = headers.get("last-modified", "").strip()
    then = _moment(modified)
    if then is None:
        return None, None
    said = _moment(headers.get("date", ""))
    return None, modified if then + _SETTLED <= (now if said is None else said) else None


class Earlier:
    """The pages of a list as they were when it was last read, for one reading that asks whether they still are.

    records: those of a page's ids, as they are held.
    """

    def __init__(self, marks: Iterable[Mark], records: Callable[[Sequence[str]], tuple[Record, ...]]) -> None:
        self._marks = {mark.url: mark for mark in marks}
        self._records = records
        self._total: int | None = None

    def mark(self, url: str) -> Mark | None:
        """The page, if asking would tell. A Last-Modified does not show that a record left, nor that those behind it
        moved up: it counts only while there are as many records as there were.
        """
        mark = self._marks.get(url)
        moved = mark is not None and mark.etag is None and self._total is not None and self._total != mark.total
        return None if moved else mark

    @property
    def reaches(self) -> bool:
        """Whether pages began with the last record of the one before; asked for otherwise, none would be as it was."""
        ids = [i for mark in self._marks.values() for i in mark.ids]
        return len(ids) > len(set(ids))

    def records(self, mark: Mark) -> tuple[Record, ...]:
        return self._records(mark.ids)

    def heard(self, total: int | None) -> None:
        """Takes note of a total that came."""
        self._total = total if total is not None else self._total


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError):
        return None
