"""A district of exact sizes for benchmarks: every record active, ids like GUIDs, enrollments spread evenly."""

from __future__ import annotations

from datetime import date
from random import Random

from gateway.sandbox.district import FIXED_TODAY, GRADES
from gateway.sandbox.ids import IdStyle, make_id
from gateway.sandbox.names import COURSES, FAMILY, GIVEN, LEVELS
from gateway.sandbox.stamps import Stamps
from gateway.sandbox.truth import Affiliation, Class, Course, District, Enrollment, Org, Session, User


def exact_district(
    seed: int,
    *,
    users: int = 2000,
    classes: int = 100,
    courses: int = 50,
    enrollments: int = 10_000,
    name: str = "Measured",
    today: date | None = None,
) -> District:
    """Exactly so many records. Each user has `enrollments / users` enrollments, give or take one."""
    district = District(name=name, slug=name.lower().replace(" ", "-"), seed=seed, today=today or FIXED_TODAY)
    rng = Random(seed)
    stamps = Stamps(rng, district.today)

    def new_id(collection: str, serial: int) -> str:
        return make_id(IdStyle.GUID, seed, collection, serial)

    start = district.today.year if (district.today.month, district.today.day) >= (7, 15) else district.today.year - 1
    top = Org(
        id=new_id("orgs", 1), serial=1, modified=stamps.next(), name=f"{name} District", type="district", identifier="1"
    )
    school = Org(
        id=new_id("orgs", 2),
        serial=2,
        modified=stamps.next(),
        name=f"{name} High School",
        type="school",
        identifier="2",
        parent=top.id,
    )
    year = Session(
        id=new_id("academicSessions", 1),
        serial=1,
        modified=stamps.next(),
        title=f"{start}-{start + 1}",
        type="schoolYear",
        first_day=date(start, 8, 19),
        last_day=date(start + 1, 6, 11),
        school_year=start + 1,
    )
    district.orgs += [top, school]
    district.sessions.append(year)
    for n in range(courses):
        title, code, subject, subject_code = COURSES[n % len(COURSES)]
        district.courses.append(
            Course(
                id=new_id("courses", n + 1),
                serial=n + 1,
                modified=stamps.next(),
                title=f"{title} {n + 1}",
                code=f"{code}{n + 1}",
                org=top.id,
                school_year=year.id,
                grades=GRADES[LEVELS[1]],
                subjects=(subject,),
                subject_codes=(subject_code,),
            )
        )
    for n in range(classes):
        course = district.courses[n % courses]
        district.classes.append(
            Class(
                id=new_id("classes", n + 1),
                serial=n + 1,
                modified=stamps.next(),
                title=f"{course.title} - {n + 1}",
                code=f"{course.code}/{n + 1}",
                type="scheduled",
                school=school.id,
                course=course.id,
                terms=(year.id,),
                grades=("09",),
                periods=(str(n % 8 + 1),),
                location=f"Room {n + 1}",
            )
        )
    for n in range(users):
        role = "teacher" if n % 20 == 0 else "student"
        given, family = rng.choice(GIVEN), rng.choice(FAMILY)
        login = f"user{n + 1}"
        district.users.append(
            User(
                id=new_id("users", n + 1),
                serial=n + 1,
                modified=stamps.next(),
                given=given,
                family=family,
                roles=(Affiliation(role, school.id),),
                username=login,
                email=f"{login}@measured.example",
                middle="Lou",
                identifier=str(n + 1),
                phone="+1-555-0100",
                primary_org=school.id,
                grades=("09",) if role == "student" else (),
            )
        )
    for n in range(enrollments):
        user, lap = district.users[n % users], n // users
        district.enrollments.append(
            Enrollment(
                id=new_id("enrollments", n + 1),
                serial=n + 1,
                modified=stamps.next(),
                user=user.id,
                class_id=district.classes[(n + lap * 17) % classes].id,
                school=school.id,
                role=user.role,
                primary=user.role == "teacher" or None,
                first_day=year.first_day,
                last_day=year.last_day,
            )
        )
    return district
