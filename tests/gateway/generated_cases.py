"""Cases for operations made up at random: sources, what is wrong with them, and what is said for arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from adapters.endpoints import ENTITIES
from gateway.access.field_class import FieldClass
from gateway.access.grant import ALL, EVERYTHING, Access, Grant
from gateway.identity import global_id
from gateway.sandbox.district import generate
from gateway.sandbox.kinds import KINDS
from gateway.sandbox.server import Server, make_server
from gateway.schema import SCHEMA
from gateway.schema.node import KINDS as RECORDS
from tests.gateway.damage import Damage
from tests.gateway.damaged_worlds import DamagedWorld, lose_targets
from tests.gateway.made_operations import ABSENT, Maker, Values, Word

COLLECTIONS = {entity.type: entity.plural for entity in ENTITIES.values()}

NOW = frozenset(
    {
        "Source.collections",
        "Source.lastError",
        "Source.lastSuccessAt",
        "Source.state",
        "Source.requestsLeftToday",
        "Source.held",
        "SourceConnection.countByState",
        "SourceReport.retryAfter",
    }
)
"""Fields that tell how things stand this instant: beside other fields that read, they may tell anything."""

OFTEN = frozenset(
    {
        *("Query.users", "Query.classes", "Query.enrollments", "Query.orgs", "Query.nodes"),
        *("User.enrollments", "User.orgs", "Enrollment.class", "Enrollment.user", "Class.course", "Class.enrollments"),
        *(f"{name}Connection.{part}" for name in RECORDS for part in ("nodes", "edges")),
    }
)
"""The way to records, and between those that a roster is made of."""

FAULTS = ("500", "403", "unreachable", "late", "404", "too late")


@cache
def _server(kind: str, seed: int, lost: bool) -> Server:
    server = make_server(kind, generate(seed, students=50))
    if lost:
        lose_targets(server, Random(seed))
    return server


@dataclass(frozen=True, slots=True)
class Case:
    """grants: what operations are asked under, one of them at random."""

    number: int
    servers: Mapping[str, Server]
    damage: Damage
    faults: Mapping[str, Mapping[str, str]]
    grants: tuple[Grant, ...]

    @classmethod
    def made(cls, number: int) -> Case:
        random = Random(f"case {number}")
        keys = ("a", "b", "c")[: random.choice([1, 2, 2, 3])]
        kinds = {key: random.choice(list(KINDS)) if random.random() < 0.5 else "standard-1.2" for key in keys}
        lost = random.random() < 0.3
        servers = {key: _server(kind, seed, lost) for seed, (key, kind) in enumerate(kinds.items(), 1)}
        damage = Damage(f"{number}", random.choice([0, 0.6, 0.9, 1, 1, 1]), random.choice([0, 0, 0, 0.02, 0.2]))
        faults: dict[str, dict[str, str]] = {}
        if random.random() < 0.4:
            where = random.choice(["", "users", "classes", "enrollments", "orgs", "courses", "academicSessions"])
            fault = random.choice(FAULTS)
            faults[random.choice(keys)] = {where: fault}
        own = Random(f"grants {number}")
        given = {key: frozenset(each for each in FieldClass if own.random() < 0.7) for key in keys}
        limited = Grant({key: Access(classes=classes) for key, classes in given.items()})
        grants = (EVERYTHING, EVERYTHING, EVERYTHING, Grant({keys[0]: ALL}), limited)
        return cls(number, servers, damage, faults, grants)

    def world(self) -> DamagedWorld:
        return DamagedWorld(dict(self.servers), damage=self.damage, faults=self.faults)

    def maker(self) -> Maker:
        random = Random(f"operations {self.number}")
        size, deepest = random.choice([(20, 5), (25, 6), (25, 8), (40, 7)])
        known = values(self.servers)
        return Maker(
            SCHEMA._schema,
            known,
            random,
            deepest=deepest,
            size=size,
            widest=128,
            without=NOW,
            often=OFTEN | self.damage.shown,
        )


def values(servers: Mapping[str, Server]) -> Values:
    """What is said for arguments: mostly of what there is."""
    known = {name: _ids(kind, servers) for name, kind in RECORDS.items()}
    everything = [each for ids in known.values() for each in ids]

    def of(name: str) -> Any:
        return lambda r: r.choice(known[name] or everything) if r.random() < 0.9 else r.choice([*everything[:9], "no"])

    def lookup(name: str) -> Any:
        def said(r: Random) -> dict[str, Any]:
            text = r.choice(known[name] or everything)
            if r.random() < 0.6:
                return {"id": text}
            source, _, sourced_id = text.partition(":")[2].partition(":")
            return {"source": source, "sourcedId": sourced_id if r.random() < 0.9 else "nobody"}

        return said

    days = ["today", "2025-10-01", "2026-01-15", "1999-01-01", None]
    keys = list(servers)
    singles = {f"Query.{name[0].lower()}{name[1:]}": lookup(name) for name in RECORDS if name != "Demographics"}
    return {
        **singles,
        "Query.node": lambda r: {"id": r.choice([*everything, "User:a:nobody", "nonsense", f"Source:{keys[0]}"])},
        "Query.source": lambda r: {"id": r.choice([*keys, f"Source:{keys[0]}", "nowhere"])},
        "ids": lambda r: [*r.sample(everything, r.choice([1, 3, 6])), *r.choice([[], ["User:a:nobody"], ["x"]])],
        "first": lambda r: r.choice([0, 1, 7, 60, -1] if r.random() < 0.05 else [2, 3, 4]),
        "after": lambda r: None if r.random() < 0.95 else "nonsense",
        "before": lambda r: None,
        "last": lambda r: ABSENT if r.random() < 0.9 else r.choice([None, 2]),
        "status": lambda r: r.choice([None, None, [Word("ACTIVE")], [Word("TOBEDELETED"), Word("ACTIVE")], []]),
        "role": lambda r: r.choice([None, [Word("STUDENT")], [Word("TEACHER"), Word("AIDE")]]),
        "effectiveOn": lambda r: r.choice(days),
        "on": lambda r: r.choice(days),
        "keys": lambda r: r.choice([None, [], ["x"]]),
        "sources": lambda r: r.choice([None, keys[:1], keys[-1:], keys, *([["nowhere"]] if r.random() < 0.1 else [])]),
        "read": _read_options,
        "search": lambda r: r.choice(["a", "e i"]),
        "filterText": lambda r: (
            r.choice(["", "nonsense"]) if r.random() < 0.05 else r.choice([None, "status='active'", "sourcedId!='x'"])
        ),
        "name": lambda r: "counselor",
        "ResultFilter": lambda r: {r.choice(["class", "lineItem"]): {"eq": r.choice(known["Class"])}},
        "AssessmentResultFilter": lambda r: {"student": {"eq": r.choice(known["User"])}},
        "RefFilter": lambda r: {"sourcedId": r.choice(everything).rpartition(":")[2]},
        "IdentityInput": lambda r: r.choice(
            [{"username": "x"}, {"identifier": r.choice(["1", "x"])}, {}][: 2 + (r.random() < 0.1)]
        ),
        "String": lambda r: r.choice(["a", "x", "07", ""]),
        "ID": of("User"),
        "Int": lambda r: r.choice([0, 1, 2, 30]),
        "Float": lambda r: r.choice([0, 1.5]),
        "Date": lambda r: r.choice(["2025-10-01", "2026-02-01"]),
        "Day": lambda r: r.choice(["today", "2025-10-01"]),
        "DateTime": lambda r: "2025-10-01T00:00:00Z",
    }


def _ids(kind: Any, servers: Mapping[str, Server]) -> list[str]:
    name = next(name for name, each in RECORDS.items() if each is kind)
    found = []
    for key, server in servers.items():
        try:
            rows = server.published(COLLECTIONS[kind])
        except KeyError:
            continue
        found += [global_id(name, key, str(row["sourcedId"])) for row in rows[:12]]
    return found


def _read_options(r: Random) -> Any:
    said: dict[str, Any] = {}
    if r.random() < 0.7:
        said["onSourceFailure"] = Word(r.choice(["REPORT", "ACCEPT", "FAIL"]))
    if r.random() < 0.3:
        said["reach"] = Word(r.choice(["HELD", "AUTO", "UPSTREAM"]))
    if r.random() < 0.2:
        said["maxAge"] = r.choice([3600, None])
    if r.random() < 0.2:
        said["deadlineMs"] = 30_000
    return said or None
