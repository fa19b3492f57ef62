"""Worlds in which something is wrong: the same for all that read them, record by record, key by key.

Records are damaged as they leave the client, as no source could have sent them past the decoder; keys fail, or are
short, where the loaders ask for them; sources fail on the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import httpx2
from msgspec.structs import replace as with_fields

from adapters import gradebook, records
from adapters.client import OnPage, Page, PageRequest, Progress, Scanned, SourceClient
from adapters.endpoints import Collection
from adapters.errors import Failing, Forbidden, TimedOut
from adapters.records import Provenance, Record
from gateway.config import SourceSettings
from gateway.roster.source import Answer, Source
from gateway.roster.whole import Short
from gateway.sandbox.server import Server
from tests.gateway.support import World

Change = Callable[[Any, Random], Mapping[str, Any]]
"""What of a record is to be another."""


def _some(*values: Any, **fields: tuple[Any, ...]) -> Change:
    def change(record: Any, random: Random) -> Mapping[str, Any]:
        name = random.choice(list(fields))
        return {name: random.choice(fields[name])}

    return change


def _with_null(name: str) -> Change:
    def change(record: Any, random: Random) -> Mapping[str, Any]:
        items = list(getattr(record, name))
        items.insert(random.randint(0, len(items)), None)
        return {name: tuple(items)}

    return change


def _observed_never(record: Any, random: Random) -> Mapping[str, Any]:
    return {"provenance": Provenance(record.source, 1e30)}  # which is no instant


def _part_with(name: str, **values: Any) -> Change:
    """One of what stands in a list is another."""

    def change(record: Any, random: Random) -> Mapping[str, Any]:
        parts = list(getattr(record, name))
        whole = [at for at, part in enumerate(parts) if part is not None]
        if whole:
            at = random.choice(whole)
            parts[at] = with_fields(parts[at], **values)
        return {name: tuple(parts)}

    return change


_NOWHERE = ("nowhere", "nowhere", None)
_ANY: tuple[Change, ...] = (
    _some(status_raw=(7, object()), metadata=(b"{", b'{"a": 1}')),
    _observed_never,
    _some(date_last_modified=(None, "")),
)
_GRADES = _some(grades=(None, ("07", None), "07"), subjects=(None, (None,)))
DAMAGE: Mapping[type[Record], tuple[Change, ...]] = {
    records.Org: (*_ANY, _some(name=(None, 7, object()), type=("GALAXY", None), parent_id=_NOWHERE)),
    records.AcademicSession: (*_ANY, _some(type=("ERA",), start_date=(None, "soon"), parent_id=_NOWHERE)),
    # Whoever has another status is in other lists, so it matters what is held: lists of courses are asked for least.
    records.Course: (
        *_ANY,
        _some(status=(None, "NO_SUCH_STATUS")),
        _GRADES,
        _some(title=(object(), 3.5), org_id=_NOWHERE, school_year_id=_NOWHERE),
    ),
    records.Class: (
        *_ANY,
        _GRADES,
        _some(course_id=_NOWHERE, school_id=_NOWHERE, class_type=("GYM", None)),
        _some(term_ids=(("nowhere",), ()), title=(None, True, ["x"])),
        _with_null("periods"),
    ),
    records.User: (
        *_ANY,
        _some(grades=(None, ("07", None)), enabled_user=("yes", None, 1), primary_org_id=_NOWHERE),
        _some(given_name=(7, object()), email=(ValueError("of ours"), None), former_sourced_ids=((None,),)),
        _with_null("user_ids"),
        _part_with("user_ids", identifier=None),
        _part_with("roles", role=None),
        _part_with("roles", role="WIZARD", role_type="TERTIARY"),
        _part_with("roles", org_id="nowhere"),
        _with_null("user_profiles"),
    ),
    records.Enrollment: (
        *_ANY,
        _some(user_id=_NOWHERE, class_id=_NOWHERE, school_id=_NOWHERE),
        _some(role=("WIZARD", None), primary=("yes", 0), begin_date=("soon", None)),
    ),
    records.Demographics: (*_ANY, _some(sex=("UNKNOWN_SEX", None), birth_date=(None, "x"), asian=("yes", None))),
    gradebook.LineItem: (*_ANY, _some(title=(None, object()), class_id=_NOWHERE, category_id=_NOWHERE)),
    gradebook.Result: (*_ANY, _some(score=(float("nan"), "high", 2**70), student_id=_NOWHERE, line_item_id=_NOWHERE)),
    gradebook.Category: (*_ANY, _some(weight=(float("inf"), None, "half"))),
}
"""What may be wrong with a record: nulls and values that the schema does not allow, references to nothing."""


@dataclass(frozen=True, slots=True)
class Damage:
    """records: the share that is damaged. keys: the share of what loaders ask for that fails, or is short."""

    seed: str
    records: float = 0.0
    keys: float = 0.0

    def done_to(self, found: Iterable[Record]) -> tuple[Record, ...]:
        return tuple(map(self.record, found))

    def record(self, record: Record) -> Record:
        random = Random(f"{self.seed} {record.source} {type(record).__name__} {record.sourced_id}")
        if random.random() >= self.records:
            return record
        for change in random.sample(DAMAGE.get(type(record), _ANY), random.choice([1, 2, 3])):
            record = with_fields(record, **change(record, random))
        return record

    def answer(self, source: str, collection: Collection, key: str, found: Any) -> Any:
        """What the loaders are told of one key."""
        if Random(f"{self.seed} {source} {collection} {key}").random() >= self.keys:
            return found
        # Of several ways in which keys of one collection fail an answer tells the one that came first.
        random = Random(f"{self.seed} {source} {collection}")
        if isinstance(found, tuple) and random.random() < 0.3:
            return Short(found[:-1], "of ours")
        kind = random.choice([Failing, Forbidden, TimedOut])
        return kind(source, "of ours")


class DamagingClient(SourceClient):
    """A client that hands out records which are not as the decoder made them."""

    damage = Damage("")

    async def read(self, collection: Collection, sourced_id: str) -> Record | None:
        found = await super().read(collection, sourced_id)
        return None if found is None else self.damage.record(found)

    async def page(self, request: PageRequest) -> Page:
        found = await super().page(request)
        return replace(found, records=self.damage.done_to(found.records))

    async def scan(self, request: PageRequest, *, on_page: OnPage | None = None, **rest: Any) -> Scanned:
        def told(progress: Progress, page: Page) -> bool | None:
            return on_page(progress, replace(page, records=self.damage.done_to(page.records))) if on_page else None

        found = await super().scan(request, on_page=told, **rest)
        return replace(found, records=self.damage.done_to(found.records))


TOO_LATE = 100.0
"""Seconds until a request is given up that nobody answers; operations have less."""


class FailingTransport(httpx2.AsyncBaseTransport):
    """faults: for collections, by the last word of the path but ids, what becomes of requests; "" for all."""

    def __init__(self, app: Any, faults: Mapping[str, str]) -> None:
        self._to_app = httpx2.ASGITransport(app)
        self._faults = faults

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":  # for a token
            return await self._to_app.handle_async_request(request)
        words = request.url.path.split("/")
        fault = self._faults.get("") or next((f for word, f in self._faults.items() if word in words[-3:]), None)
        match fault:
            case None:
                return await self._to_app.handle_async_request(request)
            case "unreachable":
                raise httpx2.ConnectError("of ours", request=request)
            case "late":
                raise httpx2.ReadTimeout("of ours", request=request)
            case "too late":
                await asyncio.sleep(TOO_LATE)
                raise httpx2.ReadTimeout("of ours", request=request)
        return httpx2.Response(int(fault or 0), request=request, stream=httpx2.ByteStream(b""))


def fail_keys(source: Source, damage: Damage) -> None:
    """Of what is asked of `source`, some keys fail; so nothing of it can be had without asking."""
    ask = source.ask

    async def asked(collection: Collection, *rest: Any, **named: Any) -> Answer[Any]:
        answer = await ask(collection, *rest, **named)
        if not isinstance(answer.found, dict):
            return answer
        told = {key: damage.answer(source.key, collection, key, each) for key, each in answer.found.items()}
        return Answer(told, answer.standing, answer.lacks)

    source.ask = asked  # type: ignore[method-assign]
    source.in_hand = lambda collection, terms: None  # type: ignore[method-assign]
    source.parts_in_hand = lambda collection, terms: None  # type: ignore[method-assign]


@dataclass
class DamagedWorld(World):
    """faults: by source, as `FailingTransport` takes them."""

    damage: Damage = field(default_factory=lambda: Damage(""))
    faults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.damage.keys:
            for source in self.sources:
                fail_keys(source, self.damage)

    def connect(self, settings: SourceSettings) -> SourceClient:
        app = self.servers[settings.key].app
        client = DamagingClient(settings.spec, FailingTransport(app, self.faults.get(settings.key, {})))
        client.damage = self.damage
        return client

    def requests(self, key: str) -> int:
        """Requests that this world has sent, whoever else asks the same servers."""
        return next(source.traffic.requests for source in self.sources if source.key == key)


def lose_targets(server: Server, random: Random) -> None:
    """Of courses and sessions some are gone: references to them name nothing."""
    for rows in (server.district.courses, server.district.sessions):
        rows[:] = [row for row in rows if random.random() < 0.6] or rows[:1]
