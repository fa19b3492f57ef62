"""Grants made up at random, what they leave of a source, and the twin: a world in which there is nothing else.

What a grant leaves is said here once more, of the truth behind the servers, and by none of the gateway's own rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any, Final

import httpx2

from adapters.client import SourceClient
from adapters.endpoints import Collection
from gateway.access.field_class import FieldClass
from gateway.access.grant import ALL, Access, Grant
from gateway.config import SourceSettings
from gateway.sandbox.publication import BASE_OF
from gateway.sandbox.server import Server, make_server
from gateway.sandbox.truth import COLLECTIONS, District
from tests.gateway.granted_masks import mask_of, masked, wired
from tests.gateway.planted import DECLARED, Book, planted
from tests.gateway.support import World

NAMES: Final = frozenset(name for _, name in COLLECTIONS)
KINDS: Final = ("standard-1.2", "standard-1.2", "wide", "standard-1.1", "synergy-1.2")

RULED: Final[Mapping[str, FieldClass]] = {
    "demographics": FieldClass.DEMOGRAPHICS,
    "results": FieldClass.GRADES,
    "assessmentResults": FieldClass.GRADES,
}
"""Collections that are read by a class alone."""

PARTS: Final[Mapping[str, frozenset[str]]] = {
    "roster-core.readonly": frozenset({"orgs", "academicSessions", "courses", "classes", "users", "enrollments"}),
    "roster-demographics.readonly": frozenset({"demographics"}),
    "gradebook.readonly": frozenset(
        {"categories", "lineItems", "results", "scoreScales", "assessmentLineItems", "assessmentResults"}
    ),
    "resource.readonly": frozenset({"resources"}),
}
"""What the scopes of OneRoster read."""


@dataclass(frozen=True)
class School:
    """One source: its truth, its server, and which records belong to which orgs."""

    key: str
    kind: str
    district: District

    @cached_property
    def server(self) -> Server:
        return make_server(self.kind, self.district)

    def left(self, access: Access) -> Server:
        """A server of what a grant leaves. Records are as they are, or as they are masked: references may name what is
        not there.
        """
        if access.orgs is None and not access.masked:
            return self.server
        made = make_server(self.kind, self.district)
        if access.masked:
            mask = mask_of(self.key)
            made = make_server(self.kind, masked(self.district, mask, made.kind.wire.version))
            made.kind = replace(made.kind, wire=wired(made.kind.wire, mask))
        if access.orgs is None:
            return made
        keep = {name: _keeping(self.ids(name, access.orgs), made.kind.wire.keep.get(name)) for name in NAMES}
        made.kind = replace(made.kind, wire=replace(made.kind.wire, keep=keep))
        return made

    def ids(self, collection: str, orgs: frozenset[str] | None) -> frozenset[str]:
        """Of a collection, the records of these orgs."""
        records = self.district.records(collection)
        if orgs is None:
            return frozenset(each.id for each in records)
        return frozenset(each.id for each in records if self._within(collection, each, orgs))

    def _within(self, collection: str, each: Any, orgs: frozenset[str]) -> bool:
        """docs/decisions/0031-what-lies-within.md."""

        def named(collection: str, record: str) -> bool:
            found = self.district.find(collection, record)
            return found is not None and self._within(collection, found, orgs)

        match collection:
            case "orgs":
                return each.id in orgs or each.type != "school"
            case "classes" | "enrollments":
                return each.school in orgs
            case "users":
                return any(held.org in orgs for held in each.roles)
            case "demographics":
                return named("users", each.id)
            case "lineItems":
                return named("classes", each.class_id)
            case "results":
                return named("users", each.student) and named("classes", each.class_id)
            case "scoreScales" | "assessmentLineItems":
                return each.class_id is None or named("classes", each.class_id)
            case "assessmentResults":
                return named("users", each.student) and named("assessmentLineItems", each.item)
        return True


def _keeping(ids: frozenset[str], also: Callable[[District, Any], bool] | None) -> Callable[[District, Any], bool]:
    return lambda district, record: record.id in ids and (also is None or also(district, record))


LOOKED_AT: Final[Mapping[str, frozenset[str]]] = {
    "demographics": frozenset({"users"}),
    "lineItems": frozenset({"classes"}),
    "results": frozenset({"users", "classes", "lineItems"}),
    "scoreScales": frozenset({"classes"}),
    "assessmentLineItems": frozenset({"classes"}),
    "assessmentResults": frozenset({"users", "assessmentLineItems", "classes"}),
}
"""What has to be looked at for whether a record is of some orgs."""


def reads(access: Access) -> frozenset[str]:
    """The collections of which a grant leaves anything."""
    given = {each.value for each in access.collections}
    return frozenset(given - {name for name, ruled in RULED.items() if ruled not in access.classes})


def asks(access: Access) -> frozenset[str]:
    """The collections that sources may be asked for under a grant."""
    given = reads(access)
    return given if access.orgs is None else given.union(*(LOOKED_AT.get(each, ()) for each in given))


@dataclass
class Twin(World):
    """withheld: by source, the collections that it refuses to hand out."""

    withheld: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def connect(self, settings: SourceSettings) -> SourceClient:
        transport = _Refusing(self.servers[settings.key].app, self.withheld.get(settings.key, frozenset()))
        return SourceClient(settings.spec, transport, monotonic=lambda: asyncio.get_running_loop().time())


class _Refusing(httpx2.AsyncBaseTransport):
    def __init__(self, app: Any, withheld: frozenset[str]) -> None:
        self._to_app = httpx2.ASGITransport(app)
        self._withheld = withheld

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if asked_for(request.url.path) in self._withheld:
            return httpx2.Response(403, request=request, stream=httpx2.ByteStream(b""))
        return await self._to_app.handle_async_request(request)


def asked_for(path: str) -> str | None:
    """The collection that a request is for; None for one that is for no records."""
    known = [BASE_OF.get(part, part) for part in path.split("/")]
    return next((name for name in reversed(known) if name in NAMES), None)


@dataclass(frozen=True)
class Schools:
    """The sources of a case, of equal ids more often than not, and what was planted in them."""

    schools: Mapping[str, School]
    book: Book
    _known: dict[Any, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def made(cls, random: Random) -> Schools:
        book = Book()
        keys = ("zsrc-a", "zsrc-b", "zsrc-c")[: random.choice([1, 2, 2, 3])]
        equal = random.random() < 0.7
        seeds = [1 if equal else number for number, _ in enumerate(keys, 1)]
        schools = {
            key: School(key, random.choice(KINDS), planted(key, seed, book))
            for key, seed in zip(keys, seeds, strict=True)
        }
        return cls(schools, book)

    @property
    def servers(self) -> dict[str, Server]:
        return {key: each.server for key, each in self.schools.items()}

    def world(self, whole: bool = False) -> World:
        """whole: all that is served is held, from the start."""
        return World(self.servers, _tables(self.schools, whole))

    def twin(self, grant: Grant, refused: Iterable[str] = (), whole: bool = False) -> Twin:
        """A world of what a grant leaves, whose sources refuse the rest; those of `refused` hand out nothing."""
        servers, withheld = {}, {}
        for key, school in self.schools.items():
            if grant.reaches(key):
                servers[key] = school.left(grant.at(key))
                withheld[key] = NAMES if key in refused else NAMES - reads(grant.at(key))
        return Twin(servers, _tables(servers, whole), withheld=withheld)

    def visible(self, grant: Grant, source: str, collection: str, record: str, masked: bool = True) -> bool:
        """Whether a grant leaves a record. masked: it is named as its client sees it: any mask may stand for one."""
        if not grant.reaches(source):
            return False
        access = grant.at(source)
        if collection not in reads(access):
            return False
        if masked and access.masked:
            return record not in self._ids(source, collection, None)
        return record in self._ids(source, collection, access.orgs)

    def _ids(self, source: str, collection: str, orgs: frozenset[str] | None) -> frozenset[str]:
        name = source, collection, orgs
        if name not in self._known:
            self._known[name] = self.schools[source].ids(collection, orgs)
        return self._known[name]

    def asked_beyond(self, grant: Grant) -> dict[str, set[str]]:
        """By source, the collections that were asked for though the grant leaves nothing of them."""
        found = {}
        for key, school in self.schools.items():
            asked = {name for seen in school.server.log if (name := asked_for(seen.path)) is not None}
            found[key] = asked - (asks(grant.at(key)) if grant.reaches(key) else frozenset())
        return {key: beyond for key, beyond in found.items() if beyond}

    def grant(self, random: Random) -> Grant:
        some = random.sample(sorted(self.schools), random.randint(1, len(self.schools)))
        return Grant({key: _access(self.schools[key], random) for key in some}, name=f"client-{random.randint(1, 99)}")


def _tables(keys: Iterable[str], whole: bool) -> dict[str, dict[str, Any]]:
    return {key: {"metadata": DECLARED} | ({"warm": {"collections": sorted(NAMES)}} if whole else {}) for key in keys}


def _access(school: School, random: Random) -> Access:
    if random.random() < 0.1:
        return ALL
    collections = set(NAMES)
    if random.random() < 0.35:
        parts = random.sample(sorted(PARTS), random.choice([1, 2, 3]))
        collections = set().union(*(PARTS[each] for each in parts))
        if random.random() < 0.2:
            collections -= set(random.sample(sorted(collections), min(2, len(collections))))
    classes = set(FieldClass)
    if random.random() < 0.7:
        classes = set(random.sample(list(FieldClass), random.randint(0, len(FieldClass) - 1)))
    orgs = None
    if random.random() < 0.4:
        there = [org.id for org in school.district.orgs]
        schools = [org.id for org in school.district.schools]
        chosen = random.choice([schools[:1], schools[1:2], random.sample(there, 2), schools[:2]])
        orgs = frozenset(chosen)
    return Access(frozenset(map(Collection, collections)), frozenset(classes), orgs, random.random() < 0.12)
