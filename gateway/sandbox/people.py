"""Fills a district with people: staff, pupils and their families, with enrollments and demographics."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any, Final

from gateway.sandbox.ids import IdStyle, guid, make_id
from gateway.sandbox.names import FAMILY, GIVEN, MIDDLE, PRONOUNS
from gateway.sandbox.stamps import Stamps
from gateway.sandbox.truth import DELETED, Affiliation, Class, Demographics, District, Enrollment, Org, User

RACES: Final = (
    "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican", "nativeHawaiianOrOtherPacificIslander", "white",
    "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity",
)  # fmt: skip
FAMILY_ROLE_CYCLE: Final = ("parent", "guardian", "parent", "relative")


@dataclass(frozen=True, slots=True)
class Cohort:
    """Pupils of one school who share a homeroom (first of `classes`) and its scheduled classes."""

    school: Org
    level: str
    grade: str
    size: int
    classes: list[Class]


def populate(
    district: District, rng: Random, style: IdStyle, stamps: Stamps, cohorts: list[Cohort], students: int
) -> None:
    crowd = _Crowd(district, rng, style, stamps)
    crowd.office()
    crowd.teach(cohorts)
    crowd.school(cohorts, students)
    crowd.oddities(cohorts)


@cache
def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(str.maketrans("łŁøØ", "lLoO")))
    return "".join(letter for letter in plain.lower() if letter.isascii() and letter.isalnum())


class _Crowd:
    def __init__(self, district: District, rng: Random, style: IdStyle, stamps: Stamps) -> None:
        self.district = district
        self.rng = rng
        self.style = style
        self.stamps = stamps
        self.schools = district.schools[:-1]  # the last one is closed
        self.top = district.orgs[0]
        self.year = district.sessions[0]
        self.next_serial = 1
        self.counselors: dict[str, User] = {}
        self.teachers: list[User] = []

    def office(self) -> None:
        """District administrators, and per school a principal, a counselor and aides: people without classes."""
        top = self.top.id
        self._person((Affiliation("districtAdministrator", top),), email=True)
        self._person((Affiliation("districtAdministrator", top),), email=True)
        self._person((Affiliation("systemAdministrator", top),), email=True)
        for school in self.schools:
            self._person((Affiliation("principal", school.id),), email=True)
            self.counselors[school.id] = self._person((Affiliation("counselor", school.id),), email=True)
            self._person((Affiliation("aide", school.id),), email=True)
            self._person((Affiliation("aide", school.id),), email=False, username=False)
        both = tuple(Affiliation("aide", school.id) for school in self.schools[:2])
        self._person(both, email=True, primary_org=both[0].org)
        self._person((Affiliation("siteAdministrator", self.schools[0].id),), email=True)

    def teach(self, cohorts: list[Cohort]) -> None:
        """One teacher per cohort; in high schools the classes go round. The first is a parent, the third travels."""
        for number, cohort in enumerate(cohorts):
            roles = [Affiliation("teacher", cohort.school.id)]
            if number == 0:
                roles.append(Affiliation("parent", cohort.school.id, primary=False))
            elif number == 2:
                other = next(school for school in self.schools if school.id != cohort.school.id)
                roles.append(Affiliation("teacher", other.id))
            self.teachers.append(self._person(tuple(roles), email=number % 11 != 4))
        by_school: dict[str, list[User]] = {}
        for cohort, teacher in zip(cohorts, self.teachers, strict=True):
            by_school.setdefault(cohort.school.id, []).append(teacher)
        position: dict[str, int] = {}
        for number, (cohort, homeroom_teacher) in enumerate(zip(cohorts, self.teachers, strict=True)):
            staff = by_school[cohort.school.id]
            at = position.get(cohort.school.id, 0)
            position[cohort.school.id] = at + 1
            for slot, taught in enumerate(cohort.classes):
                teacher = staff[(at + slot) % len(staff)] if cohort.level == "High" else homeroom_teacher
                self._enroll(teacher, taught, "teacher", primary=True)
                if slot == 1 and number % 2 == 0 and len(staff) > 1:
                    helper = staff[(staff.index(teacher) + 1) % len(staff)]
                    self._enroll(helper, taught, "teacher", primary=False)
        travelling = self.teachers[2]
        elsewhere = next(c for c in cohorts if c.school.id != cohorts[2].school.id)
        self._enroll(travelling, elsewhere.classes[-1], "teacher", primary=False)

    def school(self, cohorts: list[Cohort], students: int) -> None:
        """Pupils cohort by cohort, each with a family or the one of the pupil before."""
        number = 0
        family: list[tuple[str, str]] = []
        surname = ""
        for position, cohort in enumerate(cohorts):
            neighbour = cohorts[position - 1] if position else cohorts[-1]
            for _ in range(cohort.size):
                sibling = number % 5 == 4
                if not sibling:
                    surname = FAMILY[(number * 7 + self.district.seed) % len(FAMILY)]
                    family = self._family_ids(number)
                pupil = self._pupil(number, cohort, surname, [adult for adult, way in family if way != "up"])
                if not sibling:
                    self._family(
                        number, cohort, surname, family, pupil, alone=number % 5 != 3 or number + 1 == students
                    )
                self._take_classes(number, pupil, cohort, neighbour)
                self._demographics(number, pupil, cohort)
                number += 1

    def _family_ids(self, number: int) -> list[tuple[str, str]]:
        """Ids of the adults of a pupil, and which way the link is told: `both`, `down` (pupil's side only) or `up`."""
        if number % 9 == 8:
            return []
        if number == 0:
            return [(self.teachers[0].id, "down")]
        ways = ("both", "both", "down", "both", "up")
        count = 1 if number % 3 == 0 else 2
        # Adults are made after their pupil, whose serial is the next one.
        return [
            (self._id("users", self.next_serial + 1 + adult), ways[(number + adult) % len(ways)])
            for adult in range(count)
        ]

    def _pupil(self, number: int, cohort: Cohort, surname: str, agents: list[str]) -> User:
        roles = [Affiliation("student", cohort.school.id, True, self.year.first_day, None)]
        if number % 40 == 7:
            other = self.schools[(self.schools.index(cohort.school) + 1) % len(self.schools)]
            roles.append(Affiliation("student", other.id, True, self.year.first_day, self.year.last_day))
        counselor = self.counselors[cohort.school.id]
        metadata: dict[str, Any] | None = None
        if number % 4 == 0:
            metadata = {"ic.counselor.email": counselor.email, "locker": 100 + number, "honorRoll": number % 8 == 0}
        elif number % 16 == 1:
            metadata = {"bus": None, "tags": ["late", "lunch"], "transport": {"route": "7B", "stops": 3}}
        return self._person(
            tuple(roles),
            surname=surname,
            email=number % 13 != 5,
            username=number % 29 != 11,
            enabled=number % 37 != 9,
            agents=tuple(agents),
            grades=(cohort.grade,),
            metadata=metadata,
            deleted=number % 50 == 17,
            primary_org=cohort.school.id,
        )

    def _family(
        self, number: int, cohort: Cohort, surname: str, family: list[tuple[str, str]], pupil: User, *, alone: bool
    ) -> None:
        if number == 0:
            return
        children = [pupil.id]
        if not alone:  # the next pupil made is a sibling
            children.append(self._id("users", self.next_serial + len(family)))
        for adult, (_, way) in enumerate(family):
            role = FAMILY_ROLE_CYCLE[(number + adult) % len(FAMILY_ROLE_CYCLE)]
            self._person(
                (Affiliation(role, cohort.school.id),),
                surname=surname,
                email=number % 7 != 3,
                username=(number + adult) % 5 != 2,
                agents=tuple(children) if way != "down" else (),
            )

    def _take_classes(self, number: int, pupil: User, cohort: Cohort, neighbour: Cohort) -> None:
        for slot, taken in enumerate(cohort.classes):
            if slot == 4 and number % 10 == 6 and neighbour.school.id == cohort.school.id:
                taken = neighbour.classes[4]
            case = (number * 5 + slot) % 100
            first: date | None = self.year.first_day
            last: date | None = self.year.last_day
            if case in (3, 41, 77):
                first = last = None
            elif case in (11, 52):
                last = self.district.today - timedelta(9)
            elif case == 68:
                first = self.district.today + timedelta(12)
            self._enroll(pupil, taken, "student", first=first, last=last, deleted=case == 23)

    def _demographics(self, number: int, pupil: User, cohort: Cohort) -> None:
        age = 5 if cohort.grade == "KG" else 5 + int(cohort.grade)
        birth = date(self.year.first_day.year - age, number % 12 + 1, number % 28 + 1)
        races = frozenset({RACES[number % 5]} | ({RACES[6]} if number % 4 == 1 else set()))
        self.district.demographics.append(
            Demographics(
                id=pupil.id,
                serial=pupil.serial,
                modified=self.stamps.next(),
                status=pupil.status,
                birth=None if number % 21 == 20 else birth,
                sex=("female", "male", "other", None)[(number * 7) % 13 % 4],
                races=races,
                country="US" if number % 6 else None,
                state="OR" if number % 6 else None,
                city="Harbor Flats" if number % 3 else None,
                residence="1652" if number % 10 == 0 else None,
            )
        )

    def oddities(self, cohorts: list[Cohort]) -> None:
        """Enrollments of the rarer roles, and one that names a class that is not there."""
        principal = next(user for user in self.district.users if user.role == "principal")
        proctor = self._person((Affiliation("proctor", cohorts[0].school.id),), email=True)
        self._enroll(proctor, cohorts[0].classes[2], "proctor")
        self._enroll(principal, cohorts[0].classes[1], "administrator")
        nowhere = make_id(self.style, self.district.seed, "classes", len(self.district.classes) + 999)
        stray = next(user for user in self.district.users if user.role == "student")
        serial = len(self.district.enrollments) + 1
        self.district.enrollments.append(
            Enrollment(
                id=self._id("enrollments", serial),
                serial=serial,
                modified=self.stamps.next(),
                user=stray.id,
                class_id=nowhere,
                school=cohorts[0].school.id,
                role="student",
                first_day=self.year.first_day,
            )
        )

    def _enroll(
        self, user: User, into: Class, role: str, *, primary: bool | None = None, first: date | None = None,
        last: date | None = None, deleted: bool = False,
    ) -> None:  # fmt: skip
        serial = len(self.district.enrollments) + 1
        self.district.enrollments.append(
            Enrollment(
                id=make_id(self.style, self.district.seed, "enrollments", serial),
                serial=serial,
                modified=self.stamps.next(),
                user=user.id,
                class_id=into.id,
                school=into.school,
                role=role,
                primary=primary,
                first_day=first,
                last_day=last,
                status=DELETED if deleted or user.status == DELETED else "active",
            )
        )

    def _id(self, collection: str, serial: int) -> str:
        return make_id(self.style, self.district.seed, collection, serial)

    def _person(
        self, roles: tuple[Affiliation, ...], *, surname: str | None = None, email: bool, username: bool = True,
        enabled: bool = True, deleted: bool = False, agents: tuple[str, ...] = (), grades: tuple[str, ...] = (),
        metadata: dict[str, Any] | None = None, primary_org: str | None = None,
    ) -> User:  # fmt: skip
        serial = self.next_serial
        self.next_serial += 1
        given = GIVEN[int(self.rng.random() * len(GIVEN))]
        family = surname or FAMILY[int(self.rng.random() * len(FAMILY))]
        login = f"{_ascii(given)[:1]}.{_ascii(family)}{serial}"
        odd = serial % 17 == 3
        person = User(
            id=make_id(self.style, self.district.seed, "users", serial),
            serial=serial,
            modified=self.stamps.next(),
            status=DELETED if deleted else "active",
            metadata=metadata,
            given=given,
            family=family,
            roles=roles,
            username=login if username else None,
            email=f"{login}@{self.district.slug}.example" if email else None,
            enabled=enabled,
            middle=MIDDLE[serial % len(MIDDLE)] if serial % 3 == 0 else None,
            preferred_first=GIVEN[serial % len(GIVEN)] if odd else None,
            preferred_last=family.replace("'", "") if odd and serial % 2 else None,
            pronouns=PRONOUNS[serial % len(PRONOUNS)] if serial % 12 == 5 else None,
            identifier=str(30_000 + serial) if serial % 23 else None,
            master_id=guid(self.district.seed, "people", serial) if serial % 2 else None,
            user_ids=(("LDAP", login), ("MISID", str(serial))) if serial % 3 else (),
            agents=agents,
            grades=grades,
            phone=f"+1-555-{serial % 10_000:04d}" if serial % 4 == 0 else None,
            sms=f"+1-555-{(serial + 5_000) % 10_000:04d}" if serial % 8 == 0 else None,
            primary_org=primary_org,
            accounts=("reader",) if serial % 14 == 6 else (),
        )
        self.district.users.append(person)
        return person
