"""Conditions that look beyond the record, replaced by conditions on the record itself, for one source.

What they look at is read whole: "no teacher" can only be said of a class once all enrollments are known. It comes down
to sets of ids, of those that fail wherever a record that names nothing known is to be kept.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from adapters.dialect import Op
from adapters.endpoints import Collection
from adapters.errors import Denied, Unsupported
from adapters.predicate import (
    NOTHING,
    And,
    Compare,
    IsNull,
    Not,
    Open,
    Or,
    Predicate,
    Some,
    alternatives,
    among,
    compared,
    compile_test,
    conjunction,
    equals,
    folded,
    negation,
)
from adapters.records import AcademicSession, Class, Course, Provenance, Record, RecordStatus, RecordType, User
from gateway.roster import meaning
from gateway.roster.meaning import Span
from gateway.roster.open_conditions import (
    TODAY,
    Alike,
    Dangling,
    Day,
    Declared,
    Enrolled,
    InEffect,
    Named,
    OfClass,
    Within,
    conditions,
)
from gateway.roster.together import together

R = TypeVar("R", bound=Record)

ReadAll = Callable[[Collection, Predicate | None], Awaitable[Sequence[Record]]]
"""Every record of a collection, of any status, that satisfies a predicate which needs no resolving."""


AsksFor: TypeAlias = Callable[[Predicate], Awaitable[bool]]


async def _reads_all(_: Predicate) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Local:
    """What a source says of itself. keys: its own and its former ones. today: its date. inclusive: its end dates are
    last days. names: of its metadata. declares: how it may declare a sourcedId that a person had before, if at all.
    asks_for: whether people are asked for by a condition, rather than looked up among all. tells: whether records of a
    collection can have a field in its version of the standard.
    """

    keys: frozenset[str]
    today: str
    inclusive: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    declares: Callable[[str], Sequence[str]] = lambda former: ()
    asks_for: AsksFor = _reads_all
    tells: Callable[[Collection, str], bool] = lambda collection, field: True


def settled(where: Predicate | None) -> bool:
    """Whether `where` is about the record alone, and so the same at every source."""
    match where:
        case Open() | Compare("source", _, _):
            return False
        case Not(part):
            return settled(part)
        case And(parts) | Or(parts):
            return all(map(settled, parts))
        case Some(_, part):
            return part != NOTHING and settled(part)
    return True


async def resolve(where: Predicate | None, local: Local, read: ReadAll) -> Predicate | None:
    """`where` for records of one source, without anything that is open or about the source.

    Raises:
        SourceError: what a condition looks at could not be read.
    """
    if where is None or settled(where):
        return where
    answering = _Answers(local, read)
    asked = list(dict.fromkeys(conditions(where)))
    found = await together(*(answering.answer(condition) for condition in asked))
    return _replaced(where, local.keys, dict(zip(asked, found, strict=True)))


def _replaced(where: Predicate, keys: frozenset[str], answers: Mapping[Any, Predicate | None]) -> Predicate | None:
    match where:
        case Open(condition):
            return answers[condition]
        case Compare("source", Op.EQ, value):
            return None if value in keys else NOTHING
        case Not(part):
            return negation(_replaced(part, keys, answers))
        case And(parts):
            return conjunction(*(_replaced(p, keys, answers) for p in parts))
        case Or(parts):
            return alternatives(_replaced(p, keys, answers) for p in parts)
        case Some(name, part, op, number) if part is not None:
            left = _replaced(part, keys, answers)
            if left == NOTHING:
                return _constant(compared(0, op, number))
            return Some(name, left, op, number)
    return where


def _constant(holds: bool) -> Predicate | None:
    return None if holds else NOTHING


class _Answers:
    """What open conditions come to at one source. Each collection is read once."""

    def __init__(self, local: Local, read: ReadAll) -> None:
        self._local = local
        self._read = read
        self._classes: asyncio.Task[dict[str, Span]] | None = None

    async def answer(self, condition: Any) -> Predicate | None:
        match condition:
            case Enrolled():
                return await self._enrolled(condition)
            case InEffect(RecordType.ACADEMIC_SESSION, on):
                return self._between("start_date", "end_date", on)
            case InEffect(RecordType.CLASS, on):
                return await self._class_in_effect(on)
            case InEffect(_, on):
                return await self._enrollment_in_effect(on)
            case Within(begin, end, on):
                return self._between(begin, end, on)
            case Dangling():
                return await self._dangling()
            case Declared(name, where):
                return self._declared(name, where)
            case Named(field, ids):
                return await self._named(field, ids)
            case Alike(field, value):
                return await self._alike(field, value)
            case OfClass(where):
                return await self._of_class(where)
        raise AssertionError(condition)

    def _day(self, on: Day) -> str:
        return self._local.today if on == TODAY else on

    # -------------------------------------------------------------- days

    def _between(self, begin: str, end: str, on: Day) -> Predicate | None:
        return And((_or_null(begin, self._begun(begin, on)), _or_null(end, self._not_over(end, on))))

    def _begun(self, field: str, on: Day) -> Predicate:
        return Compare(field, Op.LE, self._day(on))

    def _not_over(self, field: str, on: Day) -> Predicate:
        """By `meaning.last_day`: the end is the last day, or the one after it."""
        return Compare(field, Op.GE if self._local.inclusive else Op.GT, self._day(on))

    async def _class_in_effect(self, on: Day) -> Predicate | None:
        day = self._day(on)
        return _but("sourced_id", (i for i, span in (await self._spans()).items() if not span.covers(day)))

    async def _enrollment_in_effect(self, on: Day) -> Predicate | None:
        """By `meaning.of_enrollment`: what its own dates leave open is the class's."""
        day, spans = self._day(on), await self._spans()
        early = _but("class_id", (i for i, s in spans.items() if s.first is not None and day < s.first))
        late = _but("class_id", (i for i, s in spans.items() if s.last is not None and s.last < day))
        return conjunction(
            alternatives((self._begun("begin_date", on), conjunction(IsNull("begin_date"), early))),
            alternatives((self._not_over("end_date", on), conjunction(IsNull("end_date"), late))),
        )

    async def _spans(self) -> dict[str, Span]:
        if self._classes is None:
            self._classes = asyncio.ensure_future(self._read_spans())
        return await self._classes

    async def _read_spans(self) -> dict[str, Span]:
        """When each class is taught."""
        classes, sessions = await together(
            self._all(Collection.CLASSES, Class), self._all(Collection.ACADEMIC_SESSIONS, AcademicSession)
        )
        by_id = {s.sourced_id: s for s in sessions}
        inclusive = self._local.inclusive
        spans = {c.sourced_id: meaning.of_class(_found(by_id, c.term_ids), None, inclusive) for c in classes}
        undated = [c for c in classes if spans[c.sourced_id] is meaning.ALWAYS and c.course_id is not None]
        if undated:
            courses = {c.sourced_id: c for c in await self._all(Collection.COURSES, Course)}
            for each in undated:
                course = courses.get(each.course_id or "")
                year = by_id.get(course.school_year_id or "") if course is not None else None
                spans[each.sourced_id] = meaning.of_class((), year, inclusive)
        return spans

    # -------------------------------------------------------------- enrollments

    async def _enrolled(self, asked: Enrolled) -> Predicate | None:
        effect = await self._enrollment_in_effect(asked.on) if asked.on is not None else None
        rows = await self._read(Collection.ENROLLMENTS, asked.where)
        holds = compile_test(effect)
        counts = Counter(getattr(row, asked.field) for row in rows if holds(row))
        fits = {i for i, count in counts.items() if compared(count, asked.op, asked.number)}
        if compared(0, asked.op, asked.number):
            return _but("sourced_id", (i for i in counts if i is not None and i not in fits))
        return among("sourced_id", (i for i in fits if i is not None))

    async def _dangling(self) -> Predicate | None:
        rows = await self._read(Collection.ENROLLMENTS, None)
        missing = await together(
            *(
                self._missing(field, collection, rows)
                for field, collection in (
                    ("user_id", Collection.USERS),
                    ("class_id", Collection.CLASSES),
                    ("school_id", Collection.ORGS),
                )
            )
        )
        return alternatives(missing)

    async def _missing(self, field: str, collection: Collection, rows: Sequence[Record]) -> Predicate:
        try:
            known = {r.sourced_id for r in await self._read(collection, None)}
        except Unsupported:
            return NOTHING  # what a source does not share cannot be missed
        named = {getattr(row, field) for row in rows}
        return among(field, (i for i in named if i is not None and i not in known))

    # -------------------------------------------------------------- people

    async def _named(self, field: str, ids: frozenset[str]) -> Predicate:
        """Ids that nobody has now may be earlier ones; only where a source declares such is anybody read for it."""
        if not any(map(self._local.declares, ids)):
            return among(field, ids)
        try:
            known = {r.sourced_id for r in await self._read(Collection.USERS, among("sourced_id", ids))}
            earlier = {i: self._local.declares(i) for i in ids - known}
            asked = among("former_sourced_ids", (form for forms in earlier.values() for form in forms))
            people = [r for r in await self._read(Collection.USERS, asked) if isinstance(r, User)] if earlier else []
        except (Denied, Unsupported):
            return among(field, ids)  # whom it does not share, nobody can name by another id
        now = (meaning.renamed(people, forms) for forms in earlier.values())
        return among(field, ids.union(person.sourced_id for person in now if person is not None))

    async def _alike(self, field: str, value: str) -> Predicate:
        spelled = among(field, (value, value.lower()))
        if await self._local.asks_for(spelled):
            return spelled
        return equals(folded(field), value.casefold())

    # -------------------------------------------------------------- gradebook

    async def _of_class(self, where: Predicate) -> Predicate | None:
        if self._local.tells(Collection.RESULTS, "class_id"):
            return where
        # A result whose line item is not there has no class either: what nothing satisfies is told by those that fail.
        fails = isinstance(where, IsNull) or (isinstance(where, Compare) and where.op is Op.NE)
        items = await self._read(Collection.LINE_ITEMS, Not(where) if fails else where)
        named = among("line_item_id", (item.sourced_id for item in items))
        return negation(named) if fails else named

    # -------------------------------------------------------------- metadata

    def _declared(self, name: str, where: Predicate) -> Predicate | None:
        key = self._local.names.get(name)
        if key is None:
            nobody = Record(provenance=Provenance(""), sourced_id="", status=RecordStatus.UNKNOWN)
            return _constant(compile_test(where)(nobody))
        return _renamed(where, f"metadata.{key}")

    async def _all(self, collection: Collection, kind: type[R]) -> list[R]:
        try:
            return [r for r in await self._read(collection, None) if isinstance(r, kind)]
        except Unsupported:
            return []


def _or_null(field: str, where: Predicate) -> Predicate:
    return Or((IsNull(field), where))


def _but(field: str, ids: Iterable[str]) -> Predicate | None:
    """`field` is none of these."""
    return negation(among(field, ids))


def _found(by_id: Mapping[str, R], ids: Iterable[str]) -> list[R]:
    return [by_id[i] for i in ids if i in by_id]


def _renamed(where: Predicate, field: str) -> Predicate:
    match where:
        case Not(part):
            return Not(_renamed(part, field))
        case And(parts):
            return And(tuple(_renamed(p, field) for p in parts))
        case Or(parts):
            return Or(tuple(_renamed(p, field) for p in parts))
        case Open() | Some():
            return where
    return dataclasses.replace(where, field=field)
