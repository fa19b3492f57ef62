"""When records hold, worked out record by record from those they refer to, for what is followed from one record.

Lists work the same out for a whole source at once: `gateway.roster.resolving`. The rules are those of
`gateway.roster.meaning`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from adapters.records import AcademicSession, Class, Course, Enrollment, Record, RecordType
from gateway.roster import meaning
from gateway.roster.meaning import ALWAYS, Span
from gateway.roster.together import together

One: TypeAlias = Callable[[RecordType, str, str], Awaitable[Record | None]]
"""The record of a kind, source and sourcedId; None where there is none. Raises SourceError."""

Dated: TypeAlias = AcademicSession | Class | Enrollment

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Spans:
    """inclusive: whether the end dates of a source, by its key, are last days."""

    one: One
    inclusive: Callable[[str], bool]

    async def of(self, record: Dated) -> Span:
        """Raises:
        SourceError: what the record refers to could not be read.
        """
        inclusive = self.inclusive(record.source)
        match record:
            case AcademicSession():
                return meaning.of_session(record, inclusive)
            case Class():
                return await self._of_class(record, inclusive)
        if record.begin_date is not None and record.end_date is not None:
            return meaning.of_enrollment(record, ALWAYS, inclusive)
        taught = await self._one(Class, RecordType.CLASS, record.source, record.class_id)
        return meaning.of_enrollment(record, await self._of_class(taught, inclusive) if taught else ALWAYS, inclusive)

    async def _of_class(self, record: Class, inclusive: bool) -> Span:
        terms = await together(*(self._session(record.source, i) for i in record.term_ids))
        found = meaning.of_class([t for t in terms if t is not None], None, inclusive)
        if found is not ALWAYS or record.course_id is None:
            return found
        course = await self._one(Course, RecordType.COURSE, record.source, record.course_id)
        year = await self._session(record.source, course.school_year_id) if course is not None else None
        return meaning.of_class((), year, inclusive)

    async def _session(self, source: str, sourced_id: str | None) -> AcademicSession | None:
        return await self._one(AcademicSession, RecordType.ACADEMIC_SESSION, source, sourced_id)

    async def _one(self, kind: type[R], name: RecordType, source: str, sourced_id: str | None) -> R | None:
        found = await self.one(name, source, sourced_id) if sourced_id is not None else None
        return found if isinstance(found, kind) else None
