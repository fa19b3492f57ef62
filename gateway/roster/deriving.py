"""What records mean together, read for one operation: who teaches whom on a day, who is whose guardian.

As `gateway.roster.reading`, of which it is made, this is seen by the schema. What fails is collected there; the answer
is None then.
"""

from __future__ import annotations

from collections.abc import Collection as Values
from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

from adapters.errors import SourceError, Unsupported
from adapters.gradebook import LineItem, Result
from adapters.predicate import Predicate, among, compile_test, conjunction, equals, folded
from adapters.records import (
    AcademicSession,
    AcademicSessionType,
    Class,
    Enrollment,
    EnrollmentRole,
    Record,
    RecordStatus,
    RecordType,
    User,
)
from gateway.roster import meaning
from gateway.roster.meaning import RoleGroup, Span
from gateway.roster.open_conditions import TODAY, Day
from gateway.roster.outcomes import FindPlace
from gateway.roster.reading import Reading, Source
from gateway.roster.spans import Dated, Spans
from gateway.roster.together import together

R = TypeVar("R", bound=Record)

_ACTIVE = equals("status", RecordStatus.ACTIVE.value)


def day_of(reading: Reading, source: str, on: Day) -> str:
    """The day that is meant, at a source."""
    known = reading.sources.get(source, reading.grant)
    return known.today if on == TODAY and known is not None else on


async def span(reading: Reading, find: FindPlace, record: Dated) -> Span | None:
    """From when to when a record holds."""
    try:
        return await _spans(reading).of(record)
    except SourceError as error:
        reading.outcomes.failed(find, RecordType.ACADEMIC_SESSION, error)
        return None


async def in_effect(reading: Reading, find: FindPlace, record: Dated, on: Day | None) -> bool | None:
    """Whether a record holds on a day; None for `on`: on any."""
    found = await span(reading, find, record) if on is not None else None
    if on is None:
        return True
    return found.covers(day_of(reading, record.source, on)) if found is not None else None


async def enrollments(
    reading: Reading, find: FindPlace, parent: Record, key: str, where: Predicate | None, on: Day | None
) -> list[Enrollment] | None:
    """The enrollments whose `key` names `parent`, that satisfy `where` and, unless that is None, hold `on` a day."""
    rows = await reading.children(find, RecordType.ENROLLMENT, key, parent, where)
    if rows is None:
        return None
    found = [row for row in rows if isinstance(row, Enrollment)]
    if on is None or not found:
        return found
    try:
        spans = await together(*map(_spans(reading).of, found))
    except SourceError as error:
        reading.outcomes.failed(find, RecordType.CLASS, error)
        return None
    day = day_of(reading, parent.source, on)
    return [row for row, span in zip(found, spans, strict=True) if span.covers(day)]


async def members(
    reading: Reading, find: FindPlace, parent: Class, roles: Values[EnrollmentRole], on: Day | None
) -> list[Record] | None:
    """The people who are in a class in one of these roles, each once; those who left the source are no members."""
    rows = await enrollments(reading, find, parent, "class_id", in_roles(roles), on)
    if rows is None:
        return None
    return _active(await reading.follow_all(find, RecordType.USER, parent.source, _named(rows, "user_id")))


async def primary_teacher(reading: Reading, find: FindPlace, parent: Class, on: Day | None) -> Record | None:
    rows = await enrollments(reading, find, parent, "class_id", in_roles([EnrollmentRole.TEACHER]), on)
    chosen = meaning.primary_teacher(rows) if rows else None
    if chosen is None:
        return None
    return await reading.follow(find, RecordType.USER, parent.source, chosen.user_id)


async def student_count(reading: Reading, find: FindPlace, parent: Class, on: Day | None) -> int | None:
    """How many students are enrolled in a class; no person is read for it."""
    rows = await enrollments(reading, find, parent, "class_id", in_roles([EnrollmentRole.STUDENT]), on)
    return len(_named(rows, "user_id")) if rows is not None else None


async def classes_of(
    reading: Reading, find: FindPlace, person: User, roles: Values[EnrollmentRole] | None, on: Day | None
) -> list[Record] | None:
    """The classes that a person is in, each once, as far as their source still counts them."""
    rows = await enrollments(reading, find, person, "user_id", in_roles(roles), on)
    if rows is None:
        return None
    return _active(await reading.follow_all(find, RecordType.CLASS, person.source, _named(rows, "class_id")))


async def class_of(reading: Reading, find: FindPlace, result: Result) -> Record | None:
    """The class of a result: the one that it names, else its line item's."""
    class_id = result.class_id
    if class_id is None:
        item = await reading.follow(find, RecordType.LINE_ITEM, result.source, result.line_item_id)
        class_id = item.class_id if isinstance(item, LineItem) else None
    return await reading.follow(find, RecordType.CLASS, result.source, class_id)


async def related(reading: Reading, find: FindPlace, person: User, family: bool) -> list[Record] | None:
    """The people connected with a person, whichever of the two records names the other.

    family: only those whose role is of the family.
    """
    named, naming = await together(
        reading.follow_all(find, RecordType.USER, person.source, person.agent_ids),
        reading.children(find, RecordType.USER, "agent_ids", person, _ACTIVE),
    )
    if named is None or naming is None:
        return None
    people = {record.sourced_id: record for record in [*named, *naming] if isinstance(record, User)}
    people.pop(person.sourced_id, None)
    return [p for p in people.values() if not family or any(_is_family(p))]


async def same_person(reading: Reading, find: FindPlace, person: User) -> list[User] | None:
    """The other active records of the person's source that are of the same person, by `meaning.same_person`."""
    name = person.username
    asked = [("user_master_identifier", person.user_master_identifier)]
    asked += [("user_ids.identifier", identifier) for _, identifier in meaning.elsewhere(person)]
    if name is not None:
        asked += [("username", name), (folded("username"), name.casefold())]
    known = reading.sources.get(person.source, reading.grant)
    if known is not None and known.declares(person.sourced_id):
        asked.append(("former_sourced_ids", person.sourced_id))
    wanted = dict.fromkeys((field, value) for field, value in asked if value)
    found = await together(
        *(reading.having(find, RecordType.USER, person.source, field, value) for field, value in wanted)
    )
    try:  # after the others, which may have had everybody read
        earlier = await together(*(reading.one(RecordType.USER, person.source, i) for i in person.former_sourced_ids))
    except SourceError as error:
        reading.outcomes.failed(find, RecordType.USER, error)
        return None
    if None in found:
        return None
    rows = [*chain.from_iterable(rows for rows in found if rows is not None), *earlier]
    people = {r.sourced_id: r for r in rows if isinstance(r, User) and r.status is RecordStatus.ACTIVE}
    people.pop(person.sourced_id, None)
    return [other for _, other in sorted(people.items()) if meaning.same_person(person, other)]


async def current_session(
    reading: Reading, find: FindPlace, source: Source, kind: AcademicSessionType | None, on: Day
) -> AcademicSession | None:
    """The active session of a source, of this kind if one is given, that holds a day. All are read: they are few."""
    holds = compile_test(conjunction(_ACTIVE, equals("type", kind.value) if kind is not None else None))
    rows = await reading.matching(find, RecordType.ACADEMIC_SESSION, source, None)
    found = [row for row in rows or () if isinstance(row, AcademicSession) and holds(row)]
    return meaning.current_session(found, source.today if on == TODAY else on, source.inclusive)


def in_roles(roles: Values[EnrollmentRole] | None) -> Predicate | None:
    """Active enrollments in one of these roles; None: in any."""
    return conjunction(_ACTIVE, among("role", (role.value for role in roles)) if roles is not None else None)


def _is_family(person: User) -> list[bool]:
    return [meaning.role_group(assigned.role) is RoleGroup.FAMILY for assigned in person.roles]


def _named(rows: Sequence[Enrollment], key: str) -> list[str]:
    return list(dict.fromkeys(i for row in rows if (i := getattr(row, key)) is not None))


def _active(rows: list[R] | None) -> list[R] | None:
    return [row for row in rows if row.status is RecordStatus.ACTIVE] if rows is not None else None


def _spans(reading: Reading) -> Spans:
    async def one(kind: RecordType, source: str, sourced_id: str) -> Record | None:
        try:
            return await reading.one(kind, source, sourced_id)
        except Unsupported:
            return None  # what a source does not have says nothing of its days

    def inclusive(source: str) -> bool:
        known = reading.sources.get(source, reading.grant)
        return known is not None and known.inclusive

    return Spans(one, inclusive)
