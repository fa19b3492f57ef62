"""How many records of a list have which values. What would tell of few people is not told by itself. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, product
from typing import Any, TypeAlias

from adapters.records import Enrollment, Record, RecordType, User
from gateway.roster.meaning import role_group

FEWEST = 10
"""People whom a group must hold to be told by itself."""


class ClassGroupKey(StrEnum):
    SOURCE = "SOURCE"
    SCHOOL = "SCHOOL"
    COURSE = "COURSE"
    TERM = "TERM"
    CLASS_TYPE = "CLASS_TYPE"
    SUBJECT = "SUBJECT"


class UserGroupKey(StrEnum):
    SOURCE = "SOURCE"
    ORG = "ORG"
    ROLE = "ROLE"
    ROLE_GROUP = "ROLE_GROUP"
    GRADE = "GRADE"
    STATUS = "STATUS"


class EnrollmentGroupKey(StrEnum):
    SOURCE = "SOURCE"
    SCHOOL = "SCHOOL"
    CLASS = "CLASS"
    ROLE = "ROLE"
    STATUS = "STATUS"
    BEGIN_MONTH = "BEGIN_MONTH"
    END_MONTH = "END_MONTH"


GroupBy: TypeAlias = ClassGroupKey | UserGroupKey | EnrollmentGroupKey


@dataclass(frozen=True, slots=True)
class GroupKey:
    """One value that the records of a group share; None: they have none, or it is not told.

    kind, source: of the record that `value` is the sourcedId of, where it is one.
    """

    name: str
    value: str | None
    kind: RecordType | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """suppressed: several groups in one, of which none may be told by itself."""

    keys: tuple[GroupKey, ...]
    count: int
    suppressed: bool = False


_Value: TypeAlias = tuple[str, str | None]
"""A value, and the source of the record that it names; None where it names none."""

_Cell: TypeAlias = tuple[_Value | None, ...]


@dataclass(frozen=True, slots=True)
class _Key:
    """of: the values of a record, or, where they are `assigned`, those of one of a person's roles.

    kind: of the records that they name.
    """

    of: Callable[[Any], Iterable[str | None]]
    kind: RecordType | None = None
    assigned: bool = False

    def values(self, of: Any, source: str) -> Sequence[_Value | None]:
        named = source if self.kind is not None else None
        return [(value, named) for value in self.of(of) if value is not None] or [None]


_SOURCE = _Key(lambda record: (record.source,))
_STATUS = _Key(lambda record: (record.status.value,))
_SCHOOL = _Key(lambda record: (record.school_id,), RecordType.ORG)

_KEYS: Mapping[type[GroupBy], Mapping[str, _Key]] = {
    ClassGroupKey: {
        "SOURCE": _SOURCE,
        "SCHOOL": _SCHOOL,
        "COURSE": _Key(lambda record: (record.course_id,), RecordType.COURSE),
        "TERM": _Key(lambda record: record.term_ids, RecordType.ACADEMIC_SESSION),
        "CLASS_TYPE": _Key(lambda record: (record.class_type,)),
        "SUBJECT": _Key(lambda record: record.subjects),
    },
    UserGroupKey: {
        "SOURCE": _SOURCE,
        "ORG": _Key(lambda role: (role and role.org_id,), RecordType.ORG, assigned=True),
        "ROLE": _Key(lambda role: (role and role.role.value,), assigned=True),
        "ROLE_GROUP": _Key(lambda role: (role_group(role and role.role).value,), assigned=True),
        "GRADE": _Key(lambda record: record.grades),
        "STATUS": _STATUS,
    },
    EnrollmentGroupKey: {
        "SOURCE": _SOURCE,
        "SCHOOL": _SCHOOL,
        "CLASS": _Key(lambda record: (record.class_id,), RecordType.CLASS),
        "ROLE": _Key(lambda record: (record.role,)),
        "STATUS": _STATUS,
        "BEGIN_MONTH": _Key(lambda record: (record.begin_date and record.begin_date[:7],)),
        "END_MONTH": _Key(lambda record: (record.end_date and record.end_date[:7],)),
    },
}
"""What each key looks at. By its enum: keys of several have the same name, and are equal."""


def grouped(parts: Iterable[Sequence[Record]], by: Sequence[GroupBy], told: bool = False) -> list[Group]:
    """How many of the records share which values; one that has several values counts under each.

    A person's organisation, role and group of roles are those of one and the same role. Groups of fewer than FEWEST
    people are told as one, together with the next larger ones until that holds as many people and is made of several;
    `told`: they are told by themselves. Classes are no people.
    """
    keys = [_KEYS[type(key)][key.value] for key in by]
    records = [record for part in parts for record in part]
    cells: Counter[_Cell] = Counter(chain.from_iterable(_cells(record, keys) for record in records))
    few = set() if told else _few(records, keys, cells)
    names = [key.value for key in by]
    kinds = [key.kind for key in keys]
    groups = [
        Group(tuple(_key(*key) for key in zip(names, cell, kinds, strict=True)), cells[cell])
        for cell in sorted(cells, key=_order)
        if cell not in few
    ]
    if few:
        together = sum(not few.isdisjoint(_cells(record, keys)) for record in records)
        groups.append(Group(tuple(GroupKey(name, None) for name in names), together, suppressed=True))
    return groups


def _cells(record: Record, keys: Sequence[_Key]) -> Iterable[_Cell]:
    """Each combination of values that the record has, once."""
    if len(keys) == 1 and not keys[0].assigned:
        return dict.fromkeys((value,) for value in keys[0].values(record, record.source))
    roles = record.roles if isinstance(record, User) and any(key.assigned for key in keys) else ()
    return dict.fromkeys(
        cell
        for role in roles or (None,)
        for cell in product(*(key.values(role if key.assigned else record, record.source) for key in keys))
    )


def _few(records: Sequence[Record], keys: Sequence[_Key], cells: Counter[_Cell]) -> set[_Cell]:
    """The groups that are not to be told by themselves: those of few people, and others so that they are not found by
    taking what is told from the total.
    """
    people: dict[_Cell, set[tuple[str, str]]] = defaultdict(set)
    for record in records:
        if (person := _person(record)) is not None:
            for cell in _cells(record, keys):
                if len(people[cell]) < FEWEST:
                    people[cell].add(person)
    few = {cell for cell, found in people.items() if len(found) < FEWEST}
    together = {person for cell in few for person in people[cell]}
    others = sorted(people.keys() - few, key=lambda cell: (cells[cell], _order(cell)), reverse=True)
    while few and others and (len(few) < 2 or len(together) < FEWEST):
        cell = others.pop()
        few.add(cell)
        together |= people[cell]
    return few


def _person(record: Record) -> tuple[str, str] | None:
    match record:
        case User():
            return record.source, record.sourced_id
        case Enrollment():
            return record.source, record.user_id or record.sourced_id
    return None


def _key(name: str, value: _Value | None, kind: RecordType | None) -> GroupKey:
    return GroupKey(name, value[0] if value is not None else None, kind, value[1] if value is not None else None)


def _order(cell: _Cell) -> tuple[tuple[bool, str, str], ...]:
    """By their values; those without one last."""
    return tuple((value is None, value[0] if value else "", (value[1] or "") if value else "") for value in cell)
