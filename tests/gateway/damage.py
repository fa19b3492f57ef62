"""What may be wrong with the records of a source, and with single things that are asked of it: by numbers of chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from msgspec.structs import replace as with_fields
from strawberry.utils.str_converters import to_camel_case

from adapters import gradebook, records
from adapters.endpoints import ENTITIES, Collection
from adapters.errors import Failing, Forbidden, TimedOut
from adapters.records import Provenance, Record
from gateway.roster.whole import Short

Make: TypeAlias = Callable[[Any, Random], Mapping[str, Any]]
"""What of a record is to be another."""


@dataclass(frozen=True, slots=True)
class Change:
    """shown: the fields of the graph by which it shows, of the record's type or, "Type.field", of a part of it."""

    make: Make
    shown: tuple[str, ...]


def _some(**fields: tuple[Any, ...]) -> Change:
    """One of these attributes is another."""
    return Change(_one_of(fields), tuple(map(to_camel_case, fields)))


def _pointing(**references: tuple[Any, ...]) -> Change:
    """One of these references names nothing, or is none."""
    return Change(_one_of(references), tuple(to_camel_case(name.removesuffix("_id")) for name in references))


def _one_of(fields: Mapping[str, tuple[Any, ...]]) -> Make:
    def make(record: Any, random: Random) -> Mapping[str, Any]:
        name = random.choice(list(fields))
        return {name: random.choice(fields[name])}

    return make


def _with_null(name: str) -> Change:
    def make(record: Any, random: Random) -> Mapping[str, Any]:
        items = list(getattr(record, name))
        items.insert(random.randint(0, len(items)), None)
        return {name: tuple(items)}

    return Change(make, (to_camel_case(name),))


def _observed_never(record: Any, random: Random) -> Mapping[str, Any]:
    return {"provenance": Provenance(record.source, 1e30)}  # which is no instant


def _part_with(name: str, kind: str, **values: Any) -> Change:
    """One of what stands in a list is another. kind: its type in the graph."""
    return Change(_part(name, **values), (to_camel_case(name), *(f"{kind}.{to_camel_case(each)}" for each in values)))


def _part(name: str, **values: Any) -> Make:
    def make(record: Any, random: Random) -> Mapping[str, Any]:
        parts = list(getattr(record, name))
        whole = [at for at, part in enumerate(parts) if part is not None]
        if whole:
            at = random.choice(whole)
            parts[at] = with_fields(parts[at], **values)
        return {name: tuple(parts)}

    return make


_NOWHERE = ("nowhere", "nowhere", None)
_NO_RECORD = (
    _some(status=(None, "NO_SUCH_STATUS")),
    Change(_observed_never, ("observedAt",)),
    _some(status_raw=(object(),), metadata=(b"{",)),
)
_TITLE = _some(title=(object(), ["x"]))
_LESSONS = _some(grades=(None, ("07", None), 7), subjects=(None, (None,)))
_SCORE = _some(score=(float("nan"), "high", object()))

WRONG: Mapping[type[Record], tuple[Change, ...]] = {
    records.Org: (_some(name=(object(),), type=("GALAXY",)),),
    records.AcademicSession: (_some(type=("ERA",), title=(object(),)),),
    records.Course: (_LESSONS, _TITLE),
    records.Class: (_LESSONS, _TITLE, _some(class_type=("GYM",)), _with_null("periods")),
    records.User: (
        _some(grades=(None, ("07", None)), enabled_user=("yes", [])),
        _some(given_name=(object(),), email=(ValueError("of ours"),)),
        _some(former_sourced_ids=((None,),)),
        _with_null("user_ids"),
        _part_with("user_ids", "UserId", identifier=None),
        _part_with("roles", "RoleAssignment", role=None),
        _part_with("roles", "RoleAssignment", role="WIZARD", role_type="TERTIARY"),
        _with_null("user_profiles"),
    ),
    records.Enrollment: (_some(role=("WIZARD",), primary=("yes", [])), _some(begin_date=(ValueError("of ours"),))),
    records.Demographics: (_some(sex=("UNKNOWN_SEX",), asian=("yes",)),),
    gradebook.LineItem: (_TITLE,),
    gradebook.Result: (_SCORE,),
    gradebook.AssessmentLineItem: (_TITLE,),
    gradebook.AssessmentResult: (_SCORE,),
    gradebook.Category: (_TITLE, _some(weight=(float("inf"), "half"))),
    gradebook.ScoreScale: (_TITLE,),
    gradebook.Resource: (_TITLE,),
}
"""Nulls and values that the schema does not allow, beside those of any record."""

ODD: Mapping[type[Record], tuple[Change, ...]] = {
    records.Org: (_pointing(parent_id=_NOWHERE), _some(type=(None,), name=(None, 7))),
    records.AcademicSession: (_pointing(parent_id=_NOWHERE), _some(start_date=(None, "soon"))),
    records.Course: (_pointing(org_id=_NOWHERE, school_year_id=_NOWHERE), _some(title=(3.5,))),
    records.Class: (
        _pointing(course_id=_NOWHERE, school_id=_NOWHERE),
        Change(_one_of({"term_ids": (("nowhere",), ())}), ("terms",)),
        _some(title=(None, True)),
    ),
    records.User: (
        _pointing(primary_org_id=_NOWHERE),
        Change(_part("roles", org_id="nowhere"), ("roles", "RoleAssignment.org")),
        _some(given_name=(7,), email=(None,), enabled_user=(None, 1)),
    ),
    records.Enrollment: (
        _pointing(user_id=_NOWHERE, class_id=_NOWHERE, school_id=_NOWHERE),
        _some(role=(None,), primary=(0,), begin_date=(None, "soon")),
    ),
    gradebook.LineItem: (_pointing(class_id=_NOWHERE, category_id=_NOWHERE),),
    gradebook.Result: (_pointing(student_id=_NOWHERE, line_item_id=_NOWHERE), _some(score=(2**70,))),
}
"""What is amiss and yet allowed: references to nothing, nulls, values that can be taken for what they should be."""


@dataclass(frozen=True, slots=True)
class Damage:
    """records: the share that is damaged. keys: the share of what loaders ask for that fails, or is short."""

    seed: str
    records: float = 0.0
    keys: float = 0.0

    def changes(self, kind: type[Record]) -> tuple[Change, ...]:
        """What is wrong with records of a class, all over this world; with any one of them, some of it."""
        random = Random(f"{self.seed} {kind.__name__}")
        wrong = random.sample((*WRONG.get(kind, ()), *_NO_RECORD), 3)
        return (*wrong, random.choice(ODD.get(kind, (_some(date_last_modified=(None, "")),))))

    @property
    def shown(self) -> frozenset[str]:
        """The fields of the graph by which it shows."""
        if not self.records:
            return frozenset()
        kinds = {entity.record for entity in ENTITIES.values()}
        shown = ((kind.__name__, field) for kind in kinds for each in self.changes(kind) for field in each.shown)
        return frozenset(field if "." in field else f"{kind}.{field}" for kind, field in shown)

    def done_to(self, found: Iterable[Record]) -> tuple[Record, ...]:
        return tuple(map(self.record, found))

    def record(self, record: Record) -> Record:
        random = Random(f"{self.seed} {record.source} {type(record).__name__} {record.sourced_id}")
        if random.random() >= self.records:
            return record
        for change in random.sample(self.changes(type(record)), random.choice([1, 1, 2, 3])):
            record = with_fields(record, **change.make(record, random))
        return record

    def answer(self, source: str, collection: Collection, key: str, found: Any) -> Any:
        """What the loaders are told of one key."""
        if Random(f"{self.seed} {source} {collection} {key}").random() >= self.keys:
            return found
        random = Random(f"{self.seed} {source} {collection} {key} fails")
        if isinstance(found, tuple) and random.random() < 0.3:
            return Short(found[:-1], "of ours")
        kind = random.choice([Failing, Forbidden, TimedOut])
        return kind(source, "of ours")
