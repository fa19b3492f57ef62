"""What the gateway holds of one collection of one source. Answers from memory only: `gateway.roster.asking` asks.

Everything here ages: after `fresh_for` seconds it is as if it had never been read. A collection that was read whole is
kept for `stale_for`, to stand in, marked, where the source fails or sends too little. Where no such copy is there, what
was read of a collection that would not stand still serves for a moment, marked as well.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import attrgetter

import msgspec
from cachetools import TTLCache

from adapters import moments
from adapters.caching import CacheControl
from adapters.errors import Denied, Misconfigured, Redirected, Refused, SourceError, Unsupported
from adapters.predicate import Predicate
from adapters.records import Record
from gateway.config.settings import MAX_RECORDS, RESCAN_EVERY, STALE_FOR
from gateway.faults import ErrorCode, SourceState, code_of
from gateway.roster.aged import Aged
from gateway.roster.guard import Guard, Hold
from gateway.roster.guard import hold as make_hold
from gateway.roster.weight import Weighed, weigh
from gateway.roster.whole import Position, Slice, Standing, Whole, beyond, cut, follows, group

PINNED_FOR = 900.0
"""Seconds for which a copy that somebody walks is kept after it was last asked for."""

PINS = 4
"""Such copies of one collection, at most."""

REFRESH_AT = 0.75
"""Share of `fresh_for` after which whoever reads a collection has it asked for again, without waiting."""

LEAST_FRESH = 60.0
"""Seconds for which a collection held whole is fresh at least, whatever the source says of it."""

RETRY_AFTER = 30.0
"""Seconds for which a source that failed is left alone while an older copy stands in."""

_FAR_FEWER = "far fewer records came; the older copy is served"
"""Not how many: they are told who may decide, by the hold."""

_APART = 300  # bytes that a record takes in the caches, itself apart
_WHOLE = 16  # and in a whole collection: its place in the list and in an index
_GUESS = 1000.0


def bridgeable(error: SourceError) -> bool:
    """Whether an older copy may stand in: not where the source says that we may not, or no longer, read it."""
    gone = isinstance(error, Refused) and error.http_status in (404, 410)
    return not gone and not isinstance(error, Denied | Misconfigured | Redirected | Unsupported)


@dataclass
class Coming:
    """A reading of the whole collection that is on its way. total: None if the source does not tell."""

    total: int | None = None
    received: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> float | None:
        return min(1.0, self.received / self.total) if self.total else None

    @property
    def seconds_left(self) -> float | None:
        """As long as it has taken so far, for what is missing."""
        done = self.share
        return max(1.0, (time.monotonic() - self.began) * (1 - done) / done) if done else None


class Apart:
    """Stands for what is held of a collection besides the whole of it, until then at most, by the table's clock."""

    __slots__ = ("__weakref__", "until")

    def __init__(self, until: float) -> None:
        self.until = until


class KeptChildren(msgspec.Struct, frozen=True, gc=False):
    """The children of one parent, as they were read."""

    read_at: float
    records: tuple[Record, ...]


@dataclass
class Table:
    """One collection of one source. `size`: records in it as last told, None if never.

    absent: the dialect says that the source has no such collection. standing: set while an older copy stands in.
    unproved: why what was read last is not proved to be all of it, where no older copy could stand in.
    hold: what came last and is held back. scanned_at: when it was last read whole, be that held back or not.
    barred: why the source lets us have none of it, as told when it was last asked.
    generation: counts the copies that were taken for good. coming: set while the collection is being read whole.
    most_apart: records held of it, at most, besides the whole of it.
    rescan_every: seconds after which changes alone no longer do. rescan: the next reading is to be of everything.
    lacking: scopes that were asked for and not granted where what is held was read; None until a token told.
    obeys: what the source says of holding its answers counts; not of how long where `fixed`. no_store, max_age: what it
    said so, when it was last read whole.
    """

    fresh_for: float
    max_records: int
    most_apart: int = MAX_RECORDS
    stale_for: float = STALE_FOR
    rescan_every: float = RESCAN_EVERY
    guard: Guard = field(default_factory=Guard)
    absent: SourceError | None = None
    clock: Callable[[], float] = field(default_factory=lambda: time.monotonic)
    obeys: bool = True
    fixed: bool = False
    no_store: bool = False
    max_age: float | None = None
    size: int | None = None
    read_at: float | None = None
    scanned_at: float | None = None
    generation: int = 0
    coming: Coming | None = None
    unsorted: bool = False
    rescan: bool = False
    standing: Standing | None = None
    unproved: str | None = None
    hold: Hold | None = None
    barred: SourceError | None = None
    lacking: frozenset[str] | None = None
    _good: Whole | None = None
    _held: Whole | None = None
    _partial: Whole | None = None
    _fresh_until: float = 0.0
    _stale_until: float = 0.0
    _partial_until: float = 0.0
    _records: Aged[str, Record | None] = field(init=False)
    _children: Aged[tuple[str, str], KeptChildren] = field(init=False)
    _slices: Aged[tuple[Predicate | None, int], Slice] = field(init=False)
    _lists: Aged[Predicate | None, Slice] = field(init=False)
    _runs: Aged[Predicate | None, tuple[str | None, Slice]] = field(init=False)
    _refusals: TTLCache[str, SourceError] = field(init=False)
    _failures: TTLCache[str, SourceError] = field(init=False)
    _pins: TTLCache[float, Whole] = field(init=False)
    _each: float | None = None
    _apart: Apart | None = None

    def __post_init__(self) -> None:
        ttl, timer = self.fresh_for, self.clock
        self._pins = TTLCache(PINS, PINNED_FOR, timer)
        self._records = Aged(self.most_apart, ttl, timer)
        self._children = Aged(self.most_apart, ttl, timer, lambda held: len(held.records) + 1)
        self._slices = Aged(self.most_apart, ttl, timer, _rows)
        self._lists = Aged(self.most_apart, ttl, timer, _rows)
        self._runs = Aged(self.longest_run + 1, ttl, timer, lambda held: _rows(held[1]))
        self._refusals = TTLCache(1, ttl, timer)
        self._failures = TTLCache(1, min(ttl, RETRY_AFTER), timer)

    # -------------------------------------------------------------- what is held

    @property
    def longest_run(self) -> int:
        """Records of a run: as many as may be, since each run takes a scan."""
        return 4 * self.most_apart

    @property
    def lifetime(self) -> float:
        """Seconds for which the collection is fresh once it was read whole."""
        return self.fresh_for if self.max_age is None else min(max(self.max_age, LEAST_FRESH), self.stale_for)

    @property
    def state(self) -> SourceState:
        """How what it shows stands, whatever the source said last."""
        if self.standing is not None:
            return self.standing.state
        whole = self.whole
        short = self.unproved is not None or (whole is not None and whole.rejected > 0)
        return SourceState.PARTIAL if short else SourceState.FRESH

    @property
    def whole(self) -> Whole | None:
        """The collection, if it is held whole and need not be asked for again."""
        return self._good if self._good is not None and self.clock() < self._fresh_until else None

    def whole_for(self, began: float | None) -> Whole | None:
        """The same for an operation: what was read since it began need not be asked for again either."""
        whole, good = self.whole, self._good
        if whole is not None or good is None or began is None or self.standing is not None:
            return whole
        return good if good.read_at >= began else None

    @property
    def current(self) -> Whole | None:
        """The same, if nothing has to be told of it, and it is not `ageing`."""
        good = self._good
        if good is None or self.standing is not None:
            return None
        left = self._fresh_until - self.clock()
        return good if left > 0 and left >= self.lifetime * (1 - REFRESH_AT) else None

    @property
    def last_good(self) -> Whole | None:
        """The collection as it was last read whole, while it is young enough to stand in."""
        if self.clock() >= self._stale_until:
            self._good = None
        return self._good

    @property
    def partial(self) -> Whole | None:
        """The collection as it was last read, where it is not proved that nothing is missing; for a moment only."""
        if self.clock() >= self._partial_until:
            self._partial = None
        return self._partial

    @property
    def base(self) -> Whole | None:
        """The copy that what changed since may be laid over; None where everything has to be read."""
        good = self.last_good
        if good is None or self.rescan or self.hold is not None:
            return None
        return good if 0 <= moments.now() - good.scanned_at < self.rescan_every else None

    @property
    def fresh_left(self) -> float:
        """Seconds until the collection has to be asked for again."""
        return max(0.0, self._fresh_until - self.clock())

    @property
    def apart(self) -> Apart:
        """What is held besides the whole: another once all that was held when this was first asked for has aged."""
        now = self.clock()
        if self._apart is None or self._apart.until <= now:
            self._apart = Apart(now + self.fresh_for)
        return self._apart

    @property
    def ageing(self) -> bool:
        """Held whole, and so near its end that it is worth asking again before it is missed."""
        early = self.fresh_left < self.lifetime * (1 - REFRESH_AT)
        return self.whole is not None and early and (self.standing is None or self.standing.code is None)

    @property
    def refresh_at(self) -> float | None:
        """Epoch seconds from which whoever reads the collection has it asked for again; None unless held whole."""
        if self.whole is None:
            return None
        early = self.lifetime * (1 - REFRESH_AT) if self.standing is None else 0.0
        return time.time() + self.fresh_left - early

    @property
    def unsupported(self) -> SourceError | None:
        """Why the source does not have this collection; one that told so itself is believed for a while."""
        return self.absent or self._refusals.get("")

    @property
    def failure(self) -> SourceError | None:
        """Why a copy that is held could not be read anew, if that was tried a moment ago."""
        return self._failures.get("")

    def read_since(self, since: float) -> bool:
        """Whether the copy that is held shows the collection as it came after `since`, or after that was held back."""
        whole = self.whole
        held_back = self.scanned_at if self.hold is not None else None
        return whole is not None and since <= max(whole.read_at, held_back or 0.0) <= moments.now()

    def known(self, ids: Iterable[str], since: float | None = None) -> dict[str, Record | None]:
        """Of `ids`, those whose record is held, or known to be absent (None).

        since: here as below, only what is known to have been read after that, but for a copy of the whole collection.
        """
        whole = self.whole
        if whole is not None:
            return {i: whole.get(i) for i in ids}
        records = self._records.now()
        found = {i: records[i] for i in ids if i in records}
        if (partial := self.partial) is not None:
            found |= {i: r for i in ids if i not in found and (r := partial.get(i)) is not None}
        return found if since is None else {i: r for i, r in found.items() if r is not None and r.observed_at >= since}

    def known_children(
        self, field: str, parents: Iterable[str], since: float | None = None
    ) -> dict[str, tuple[Record, ...]]:
        whole = self.whole
        if whole is not None and whole.has_index(field):
            return {p: whole.children(field, p) for p in parents}
        children = self._children.now()
        found = {p: held for p in parents if (held := children.get((field, p))) is not None}
        return {p: held.records for p, held in found.items() if since is None or held.read_at >= since}

    def known_list(self, where: Predicate | None, since: float | None = None) -> Slice | None:
        """Every record that satisfies `where`, if those were read by themselves."""
        held = self._lists.get(where)
        if held is not None and held.unproved is not None:
            since = max(since or 0.0, moments.now() - RETRY_AFTER)
        return held if held is not None and held.read_at >= (since or 0.0) else None

    def known_window(self, where: Predicate | None, after: Position | None, limit: int) -> Slice | None:
        """The `limit` records after a position of those that satisfy `where`, if these were read by themselves, or the
        source once cut this part of them; or all but the last, if it only told of that.
        """
        held = self.known_list(where)
        if held is not None:
            return cut(held, after.sourced_id if after is not None else None, limit)
        offset = after.offset if after is not None else 0
        if offset is None or self.unsorted:
            return None
        overlap = 1 if offset else 0
        found = self.known_slice(where, offset - overlap, limit + overlap)
        if found is not None:
            return follows(found, after)
        return self.known_beyond(where, after, limit - 1) if limit > 1 else None

    def named(self, ids: Sequence[str | None]) -> list[Record | None] | None:
        """The record of each id, None of one that is known to be absent, and of none; None unless all were read."""
        records = self._records.now()
        try:
            return [None if i is None else records[i] for i in ids]
        except KeyError:
            return None

    def broods(self, field: str, parents: Iterable[str]) -> list[tuple[Record, ...]] | None:
        """The children of each parent; None unless all were read."""
        children = self._children.now()
        try:
            return [children[field, parent].records for parent in parents]
        except KeyError:
            return None

    def known_slice(self, where: Predicate | None, start: int, limit: int, since: float | None = None) -> Slice | None:
        held = self._slices.get((where, start))
        if held is None or not (held.ended or len(held.records) >= limit) or held.read_at < (since or 0.0):
            return None
        rows = held.records[:limit]
        return msgspec.structs.replace(held, records=rows, ended=held.ended and len(rows) == len(held.records))

    def known_beyond(
        self, where: Predicate | None, after: Position | None, size: int, since: float | None = None
    ) -> Slice | None:
        """The `size` records after a position, if they were asked for by its id."""
        start = (after.offset or 0) if after is not None else 0
        return self.known_slice(beyond(where, after), start, size, since)

    def known_run(
        self, where: Predicate | None, after: str | None, limit: int | None, since: float | None
    ) -> Slice | None:
        """Consecutive records of a filtered list, if the `limit` records that follow `after` are among them."""
        held = self._runs.get(where)
        if held is None or (since is not None and held[1].read_at < since):
            return None
        begin, run = held
        if begin is not None and (after is None or after < begin):
            return None
        passed = bisect_right(run.records, after, key=_sourced_id) if after is not None else 0
        enough = limit is not None and len(run.records) - passed >= limit
        return run if run.ended or enough else None

    @property
    def load(self) -> tuple[int, int]:
        """Records that are held of it, and the bytes that they take, estimated."""
        parts = (self._records, self._children, self._slices, self._lists, self._runs)
        apart = max(part.weight for part in parts)
        copies = (self._good, self._held, self._partial, *self._pins.values())
        wholes = {id(whole.rows): whole for whole in copies if whole is not None}.values()
        size = round(apart * (self._bytes_each + _APART)) + sum(whole.bytes for whole in wholes)
        return apart + sum(map(len, wholes)), size

    @property
    def weighed(self) -> Weighed | None:
        """What a record of the last copy takes, if that was weighed lately."""
        good = self.last_good
        return good.weighed if good is not None and len(good) and good.weighed.lately else None

    def expected_bytes(self, records: int) -> int:
        """What so many of its records would take, held whole."""
        return round(records * (self._bytes_each + _WHOLE))

    @property
    def _bytes_each(self) -> float:
        return self._each if self._each is not None else _GUESS

    # -------------------------------------------------------------- versions

    def pin(self, whole: Whole) -> None:
        """Keeps a copy for whoever walks it, even when a newer one is there."""
        self._pins[whole.read_at] = whole

    def pinned(self, version: float) -> Whole | None:
        """The copy that was read then, if it is held; whoever walks it keeps it so."""
        found = self._pins.get(version)
        if found is None and self.last_good is not None and self.last_good.read_at == version:
            found = self.last_good
        if found is not None:
            self.pin(found)
        return found

    # -------------------------------------------------------------- what was read

    def keep(self, records: Iterable[Record], missing: Iterable[str] = ()) -> None:
        self.barred = None
        rows = tuple(records)
        self.weigh(rows)
        self._records.update(
            chain(zip(map(_sourced_id, rows), rows, strict=True), zip(missing, repeat(None), strict=False))
        )
        self.read_at = moments.now()

    def weigh(self, records: Sequence[Record]) -> None:
        """Learns what its records take in memory from the first that are seen."""
        if self._each is None and records:
            self._each = weigh(records) / len(records)

    def keep_children(
        self, field: str, parents: Iterable[str], records: Iterable[Record]
    ) -> dict[str, tuple[Record, ...]]:
        """Keeps the children of each parent, in the order of `records`, and returns them."""
        rows = tuple(records)
        self.keep(rows)
        grouped, now = group(rows, field), moments.now()
        found = {p: grouped.get(p, ()) for p in parents}
        self._children.update(((field, p), KeptChildren(now, own)) for p, own in found.items())
        return found

    def keep_list(
        self, where: Predicate | None, records: Iterable[Record], rejected: int = 0, unproved: str | None = None
    ) -> Slice:
        rows = tuple(sorted(records, key=_sourced_id))
        self.keep(rows)
        total = len(rows) if unproved is None else None
        held = Slice(rows, 0, True, total, moments.now(), rejected, unproved)
        self._lists.put(where, held)
        return held

    def keep_run(self, where: Predicate | None, begin: str | None, run: Slice) -> None:
        """Takes consecutive records of a filtered list, those that follow `begin`."""
        self.read_at = run.read_at
        self._runs.put(where, (begin, run))

    def keep_slice(self, where: Predicate | None, found: Slice) -> None:
        self.keep(found.records)
        self._slices.put((where, found.start), found)

    def keep_beyond(self, where: Predicate | None, after: Position | None, found: Slice) -> Slice:
        """Takes what was asked for by the id of a position."""
        self.keep(found.records)
        self._slices.put((beyond(where, after), found.start), found)
        return found

    def hear(self, said: CacheControl) -> None:
        """Takes note of what the source says of holding what is about to be kept."""
        if self.obeys:
            self.no_store = said.no_store
            self.max_age = None if self.fixed else said.max_age

    async def judged(self, came: Whole) -> Hold | None:
        """The hold of a reading that lost too much to be believed; None of one that did not."""
        good = self.last_good
        if good is None or not self.guard.holds(len(good), len(came)):
            return None
        return await asyncio.to_thread(lambda: make_hold(good.ids, came.ids))

    def keep_whole(self, came: Whole, hold: Hold | None) -> Whole:
        """Takes a reading of the whole collection, or holds it back; returns the copy that serves from now on."""
        self.rescan = self.rescan and came.scanned_at < came.read_at
        good = self.last_good
        if good is not None and hold is not None:
            self.scanned_at = came.read_at
            self._held, self.hold = came, hold
            standing = Standing(SourceState.HELD, ErrorCode.SOURCE_HELD, _FAR_FEWER)
            self._stand_in(standing, self.lifetime)
            return good
        return self._accept(came)

    def keep_partial(self, came: Whole) -> None:
        """Takes a reading that is not proved to be whole, for a moment: no later one is measured by it."""
        self.rescan = False
        self.barred = None
        self.unproved = came.unproved
        self.read_at = came.read_at
        self._partial, self._partial_until = came, self.clock() + min(self.fresh_for, RETRY_AFTER)

    def drop_partial(self, before: float) -> None:
        """Gives up a reading that is not proved to be whole, if it was read before that time."""
        if self._partial is not None and self._partial.read_at < before:
            self._partial = None

    def keep_changed(self, whole: Whole) -> Whole:
        """Takes what became of the copy that was `base` with what changed since laid over it, be that nothing."""
        return self._accept(whole)

    def let_go(self) -> None:
        """Gives up what is held whole. That something is held back is told until it is taken up again, or read anew."""
        self._good = self._held = self._partial = self.standing = None
        self._pins.clear()
        self._clear()

    def announce(self, read_at: float, scanned_at: float | None, size: int, max_age: float | None) -> None:
        """Tells of a copy that is kept and not taken up yet."""
        age = self._age(read_at)
        if self.read_at is not None or age >= self.stale_for:
            return
        self.hear(CacheControl(max_age=max_age))
        self.read_at, self.scanned_at = read_at, read_at if scanned_at is None else scanned_at
        self.size = size
        self._kept_for(age)

    def restore(
        self,
        whole: Whole,
        generation: int,
        hold: Hold | None,
        max_age: float | None = None,
        lacking: Iterable[str] = (),
    ) -> None:
        """Takes up a copy that was kept while the gateway was away: it serves at once, with its real age.

        Whoever reads it then has the collection asked for anew.
        """
        age = self._age(whole.read_at)
        if self._good is not None or age >= self.stale_for:
            return
        self._good, self.generation, self.hold = whole, generation, hold
        self.lacking = frozenset(lacking)
        self.hear(CacheControl(max_age=max_age))
        self.read_at, self.scanned_at = whole.read_at, whole.scanned_at
        self.size = len(whole)
        self._stale_until = self.clock() + self.stale_for - age
        left = self.lifetime - age
        self._fresh_until = self.clock() + max(left, self.lifetime * (1 - REFRESH_AT) * 0.99)
        self._kept_for(age)

    def _age(self, read_at: float) -> float:
        """How old a copy is that an earlier process kept; what seems to be yet to come is no longer fresh."""
        age = moments.now() - read_at
        return age if age >= 0 else self.lifetime

    def _kept_for(self, age: float) -> None:
        if self.hold is not None:
            self.standing = Standing(SourceState.HELD, None, _FAR_FEWER)
        elif age >= self.lifetime:
            self.standing = Standing(SourceState.STALE, None, "a copy from before the gateway's start is served")

    @property
    def held_back(self) -> Whole | None:
        """The reading of `hold`, unless that is on disk alone."""
        return self._held

    def put_by(self) -> None:
        """What is held back is on disk: it need not be in memory."""
        self._held = None

    def accept(self, held_back: Whole) -> None:
        """Takes for good what was held back, as old as it is."""
        self._fresh_until = self._accept(held_back).read_at - moments.now() + self.clock() + self.lifetime

    def refuse_held(self) -> None:
        """Drops what is held back; the next reading is judged anew."""
        self._held = self.hold = self.standing = None

    def expire(self) -> None:
        """From now on nothing that is held is fresh; the last good copy may still stand in for a source that fails."""
        self._fresh_until = self.clock()
        self._partial = None
        self._clear()
        self._refusals.clear()
        self._failures.clear()

    def fall_back(self, error: SourceError) -> Whole:
        """The last good copy, to stand in for what failed. The source is left alone for a moment then.

        Raises:
            SourceError: `error`, where there is no such copy, or the source let us have none when it last had its say.
        """
        good = self.last_good
        if not bridgeable(error):
            self.barred = error
        if good is None or self.barred is not None:
            raise error
        self._stand_in(Standing(SourceState.STALE, code_of(error), error.message), min(self.lifetime, RETRY_AFTER))
        return good

    def _stand_in(self, standing: Standing, seconds: float) -> None:
        self.standing = standing
        self._fresh_until = self.clock() + seconds

    def _accept(self, whole: Whole) -> Whole:
        self._good, self._held, self.hold, self.standing, self.barred = whole, None, None, None, None
        self._partial = self.unproved = None
        self.generation += 1
        self._fresh_until = self.clock() + self.lifetime
        self._stale_until = self.clock() + max(self.stale_for, self.lifetime)
        self.read_at = whole.read_at
        self.scanned_at = max(self.scanned_at or 0.0, whole.scanned_at)
        self.size = len(whole)
        if len(whole):
            self._each = whole.bytes / len(whole)
        self._clear()
        return whole

    def _clear(self) -> None:
        self._apart = None
        for part in (self._records, self._children, self._slices, self._lists, self._runs):
            part.clear()

    def refuse(self, error: SourceError) -> None:
        self._refusals[""] = error

    def failed(self, error: SourceError) -> None:
        """The copy that is held, and fresh, could not be read anew."""
        self._failures[""] = error


def _rows(part: Slice) -> int:
    return len(part.records) + 1


_sourced_id = attrgetter("sourced_id")
