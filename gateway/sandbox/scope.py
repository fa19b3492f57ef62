"""What a product knows of a district when that is less, or told differently, than the whole truth."""

from __future__ import annotations

from dataclasses import replace

from gateway.sandbox.truth import ACTIVE, FAMILY_ROLES, District, User


def copy_of(district: District) -> District:
    """A district of the same records whose lists can be changed freely."""
    return replace(
        district,
        orgs=list(district.orgs),
        sessions=list(district.sessions),
        courses=list(district.courses),
        classes=list(district.classes),
        users=list(district.users),
        enrollments=list(district.enrollments),
        demographics=list(district.demographics),
        categories=list(district.categories),
        line_items=list(district.line_items),
        results=list(district.results),
        score_scales=list(district.score_scales),
        assessment_line_items=list(district.assessment_line_items),
        assessment_results=list(district.assessment_results),
        resources=list(district.resources),
        _indexes={},
    )


def one_school(district: District, school: str | None) -> District:
    """Only what belongs to one school: its org, its people in their roles there, its classes and their courses."""
    school = school or district.schools[0].id
    known = copy_of(district)
    known.orgs = [replace(org, parent=None) for org in district.orgs if org.id == school]
    known.classes = [taught for taught in district.classes if taught.school == school]
    courses = {taught.course for taught in known.classes}
    known.courses = [replace(course, org=school) for course in district.courses if course.id in courses]
    known.enrollments = [enrollment for enrollment in district.enrollments if enrollment.school == school]
    enrolled = {enrollment.user for enrollment in known.enrollments}
    known.users = []
    for user in district.users:
        roles = tuple(held for held in user.roles if held.org == school)
        if roles or user.id in enrolled:
            known.users.append(replace(user, roles=roles or (replace(user.roles[0], org=school),)))
    people = {user.id for user in known.users}
    known.demographics = [record for record in district.demographics if record.id in people]
    taught = {taught.id for taught in known.classes}
    known.line_items = [item for item in district.line_items if item.class_id in taught]
    known.results = [result for result in district.results if result.class_id in taught]
    known.score_scales = [scale for scale in district.score_scales if scale.class_id in taught]
    known.assessment_results = [result for result in district.assessment_results if result.student in people]
    return known


def without_deleted(district: District, school: str | None = None) -> District:
    """Deleted records are absent instead of marked."""
    known = copy_of(district)
    known.orgs = [org for org in known.orgs if org.status == ACTIVE]
    known.courses = [course for course in known.courses if course.status == ACTIVE]
    known.classes = [taught for taught in known.classes if taught.status == ACTIVE]
    known.users = [user for user in known.users if user.status == ACTIVE]
    known.enrollments = [enrollment for enrollment in known.enrollments if enrollment.status == ACTIVE]
    known.demographics = [record for record in known.demographics if record.status == ACTIVE]
    return known


def children_of_family(district: District) -> dict[str, dict[str, None]]:
    """Children by the id of each relative, whichever side tells the link."""
    family = {user.id for user in district.users if any(held.role in FAMILY_ROLES for held in user.roles)}
    children: dict[str, dict[str, None]] = {}
    for user in district.users:
        for other in user.agents:
            if user.has("student") and other in family:
                children.setdefault(other, {})[user.id] = None
            elif user.id in family:
                children.setdefault(user.id, {})[other] = None
    return children


def is_family(user: User) -> bool:
    return any(held.role in FAMILY_ROLES for held in user.roles)
