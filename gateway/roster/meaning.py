"""What records mean, beyond what they say: rules over values, each told in the description of the field it makes. Pure.

Days are ISO dates, compared as text. A `Span` has its last day in it, however the source writes end dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from adapters.records import AcademicSession, Enrollment, RecordStatus, User, UserRole


class DateBasis(StrEnum):
    """What the days of a span were taken from."""

    ENROLLMENT = "ENROLLMENT"
    CLASS_TERM = "CLASS_TERM"
    SCHOOL_YEAR = "SCHOOL_YEAR"
    ASSUMED = "ASSUMED"


@dataclass(frozen=True, slots=True)
class Span:
    """From the first day to the last, both included; None: open to that side."""

    first: str | None
    last: str | None
    basis: DateBasis

    def covers(self, day: str) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


ALWAYS = Span(None, None, DateBasis.ASSUMED)
"""Nothing says when."""


def last_day(end: str | None, inclusive: bool) -> str | None:
    """The last day of what ends on `end`: that day, or, as the standard has it, the one before.

    inclusive: the source's end dates are last days. What is no date is kept as it is. Source: OneRoster 1.2, `endDate`.
    """
    if end is None or inclusive:
        return end
    try:
        return (date.fromisoformat(end) - timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return end


def of_session(session: AcademicSession, inclusive: bool, basis: DateBasis = DateBasis.CLASS_TERM) -> Span:
    return Span(session.start_date, last_day(session.end_date, inclusive), basis)


def of_class(terms: Iterable[AcademicSession], year: AcademicSession | None, inclusive: bool) -> Span:
    """When a class is taught: from the first of its terms to the last; without any, its course's school year.

    Terms that have no dates say nothing. A class of the first and the third quarter counts in the second as well.
    """
    spans = [s for s in (of_session(t, inclusive) for t in terms) if s.first is not None or s.last is not None]
    if spans:
        firsts, lasts = [s.first for s in spans], [s.last for s in spans]
        return Span(
            None if None in firsts else min(f for f in firsts if f is not None),
            None if None in lasts else max(d for d in lasts if d is not None),
            DateBasis.CLASS_TERM,
        )
    if year is not None and (year.start_date or year.end_date):
        return of_session(year, inclusive, DateBasis.SCHOOL_YEAR)
    return ALWAYS


def of_enrollment(enrollment: Enrollment, of_its_class: Span, inclusive: bool) -> Span:
    """When somebody is in a class: by the enrollment's own dates; what it leaves open is the class's."""
    if enrollment.begin_date is None and enrollment.end_date is None:
        return of_its_class
    return Span(
        enrollment.begin_date if enrollment.begin_date is not None else of_its_class.first,
        last_day(enrollment.end_date, inclusive) if enrollment.end_date is not None else of_its_class.last,
        DateBasis.ENROLLMENT,
    )


class RoleGroup(StrEnum):
    """What a role amounts to; the same in both versions of the standard, which name roles of staff differently."""

    STUDENT = "STUDENT"
    STAFF = "STAFF"
    FAMILY = "FAMILY"
    OTHER = "OTHER"


ROLE_GROUPS = {
    UserRole.STUDENT: RoleGroup.STUDENT,
    UserRole.GUARDIAN: RoleGroup.FAMILY,
    UserRole.PARENT: RoleGroup.FAMILY,
    UserRole.RELATIVE: RoleGroup.FAMILY,
    UserRole.OTHER: RoleGroup.OTHER,
}


def role_group(role: UserRole | None) -> RoleGroup:
    """Staff are all that are neither students nor family."""
    return ROLE_GROUPS.get(role, RoleGroup.STAFF) if role is not None else RoleGroup.OTHER


def display_name(user: User, preferred: bool) -> str | None:
    """First and last name, as the person prefers them if that may be shown; None where neither is known."""
    first = (user.preferred_first_name if preferred else None) or user.given_name
    last = (user.preferred_last_name if preferred else None) or user.family_name
    return " ".join(part for part in (first, last) if part) or None


def current_session(sessions: Iterable[AcademicSession], day: str, inclusive: bool) -> AcademicSession | None:
    """Of the sessions that hold `day`, the shortest: a grading period before its term, a term before its year."""
    holding = [(length, s.sourced_id, s) for s in sessions if (length := _days(s, day, inclusive)) is not None]
    return min(holding, key=lambda h: h[:2])[2] if holding else None


def _days(session: AcademicSession, day: str, inclusive: bool) -> int | None:
    """How long a session is that holds `day`; None where it does not, or does not say from when to when."""
    span = of_session(session, inclusive)
    if span.first is None or span.last is None or not span.covers(day):
        return None
    try:
        return (date.fromisoformat(span.last) - date.fromisoformat(span.first)).days
    except ValueError:
        return None


def primary_teacher(teachers: Iterable[Enrollment]) -> Enrollment | None:
    """Of the teachers of a class on one day, the one that is flagged primary; unflagged, only one who teaches alone.

    Where several are flagged, as a class of several periods may have them, the one who began first.
    """
    found = sorted(teachers, key=lambda e: (e.begin_date or "", e.sourced_id))
    flagged = [e for e in found if e.primary]
    if flagged:
        return flagged[0]
    return found[0] if len({e.user_id for e in found}) == 1 else None


def same_person(one: User, other: User) -> bool:
    """Whether two records of one source are of the same person.

    Where both have an id over all systems of the district, that decides. Else they are where they have the same id in
    the same other system, or the same name to sign in with, whatever its case, or where one had the other's sourcedId
    before. E-mail addresses, which families share, and names of people say nothing.
    """
    if one.user_master_identifier and other.user_master_identifier:
        return one.user_master_identifier == other.user_master_identifier
    return (
        not elsewhere(one).isdisjoint(elsewhere(other))
        or (
            one.username is not None
            and other.username is not None
            and one.username.casefold() == other.username.casefold()
        )
        or one.sourced_id in other.former_sourced_ids
        or other.sourced_id in one.former_sourced_ids
    )


def elsewhere(person: User) -> frozenset[tuple[str, str]]:
    """Ids in other systems, of which the system is known: type and identifier."""
    return frozenset((i.type, i.identifier) for i in person.user_ids if i.type is not None)


def renamed(people: Iterable[User], declared: Sequence[str]) -> User | None:
    """Of people, the one who had an id before that is declared in one of these ways, the likeliest first.

    Where several declare it, an active one; then the first by sourcedId.
    """
    found = [(declared.index(d), p) for p in people for d in p.former_sourced_ids if d in declared]
    ranked = ((place, p.status is not RecordStatus.ACTIVE, p.sourced_id, p) for place, p in found)
    return min(ranked, key=lambda r: r[:3], default=(None,))[-1]
