"""Wire structs → records. Both lanes end here, so that they cannot differ in what a field means.

One loop per entity, in which fields are read without a function call where that is possible: a user costs
microseconds, and a district has 100,000. Equal lists and roles of a page are converted once and shared; ids,
references, coded words, dates, grades and names are interned, which makes foreign keys the very string of the
primary key.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern
from typing import Any

from adapters import records
from adapters.normalise import wire
from adapters.normalise.fields import FLAG, date, instant
from adapters.normalise.grades import Codes
from adapters.normalise.parts import (
    Lists,
    Roles,
    derived_roles,
    first_id,
    former_ids,
    ids,
    kept_metadata,
    roles,
    user_ids,
    user_profiles,
)
from adapters.normalise.vocabulary import CLASS_TYPE, ENROLLMENT_ROLE, ORG_TYPE, SESSION_TYPE, SEX, STATUS
from adapters.records import Provenance, RecordStatus


class Converter:
    """Converts the records of one page.

    absent: the status of a record that carries none. former: the metadata key of earlier ids.
    """

    def __init__(self, source: str, absent: RecordStatus, former: str | None, observed_at: float) -> None:
        self._absent = absent
        self._former = former
        self._provenance = Provenance(source, observed_at)
        self._lists = Lists()
        self._codes = Codes()
        self._roles: dict[object, Roles] = {}

    def base(self, w: wire.Base) -> dict[str, Any]:
        """What every record has, as keywords: for entities that are few, or decoded seldom."""
        return {
            "provenance": self._provenance,
            "sourced_id": intern(w.sourced_id),
            "status": STATUS[w.status] if w.status else self._absent,
            "status_raw": intern(w.status) if w.status else None,
            "date_last_modified": instant(w.date_last_modified) if w.date_last_modified else None,
            "metadata": kept_metadata(w.metadata) if w.metadata else None,
        }

    def orgs(self, wires: Iterable[wire.Org]) -> list[records.Org]:
        provenance, absent = self._provenance, self._absent
        return [
            records.Org(
                provenance=provenance,
                sourced_id=intern(w.sourced_id),
                status=STATUS[w.status] if w.status else absent,
                status_raw=intern(w.status) if w.status else None,
                date_last_modified=instant(w.date_last_modified) if w.date_last_modified else None,
                metadata=kept_metadata(w.metadata) if w.metadata else None,
                name=w.name or None,
                type=ORG_TYPE[w.type] if w.type else None,
                type_raw=intern(w.type) if w.type else None,
                identifier=w.identifier or None,
                parent_id=intern(w.parent.sourced_id) or None if w.parent else None,
                children_ids=ids(w.children) if w.children else (),
            )
            for w in wires
        ]

    def academic_sessions(self, wires: Iterable[wire.AcademicSession]) -> list[records.AcademicSession]:
        provenance, absent = self._provenance, self._absent
        return [
            records.AcademicSession(
                provenance=provenance,
                sourced_id=intern(w.sourced_id),
                status=STATUS[w.status] if w.status else absent,
                status_raw=intern(w.status) if w.status else None,
                date_last_modified=instant(w.date_last_modified) if w.date_last_modified else None,
                metadata=kept_metadata(w.metadata) if w.metadata else None,
                title=w.title or None,
                start_date=date(w.start_date) if w.start_date else None,
                end_date=date(w.end_date) if w.end_date else None,
                type=SESSION_TYPE[w.type] if w.type else None,
                type_raw=intern(w.type) if w.type else None,
                parent_id=intern(w.parent.sourced_id) or None if w.parent else None,
                children_ids=ids(w.children) if w.children else (),
                school_year=None if w.school_year is None else intern(str(w.school_year)) or None,
                org_id=intern(w.org.sourced_id) or None if w.org else None,
            )
            for w in wires
        ]

    def courses(self, wires: Iterable[wire.Course]) -> list[records.Course]:
        provenance, absent, lists, codes = self._provenance, self._absent, self._lists, self._codes
        return [
            records.Course(
                provenance=provenance,
                sourced_id=intern(w.sourced_id),
                status=STATUS[w.status] if w.status else absent,
                status_raw=intern(w.status) if w.status else None,
                date_last_modified=instant(w.date_last_modified) if w.date_last_modified else None,
                metadata=kept_metadata(w.metadata) if w.metadata else None,
                title=w.title or None,
                course_code=w.course_code or None,
                grades=codes[lists[w.grades]] if w.grades else (),
                grades_raw=lists[w.grades] if w.grades else (),
                subjects=lists[w.subjects] if w.subjects else (),
                subject_codes=lists[w.subject_codes] if w.subject_codes else (),
                org_id=first_id(w.org, w.orgs),
                school_year_id=intern(w.school_year.sourced_id) or None if w.school_year else None,
                resource_ids=ids(w.resources) if w.resources else (),
            )
            for w in wires
        ]

    def classes(self, wires: Iterable[wire.Class]) -> list[records.Class]:
        provenance, absent, lists, codes = self._provenance, self._absent, self._lists, self._codes
        return [
            records.Class(
                provenance=provenance,
                sourced_id=intern(w.sourced_id),
                status=STATUS[w.status] if w.status else absent,
                status_raw=intern(w.status) if w.status else None,
                date_last_modified=instant(w.date_last_modified) if w.date_last_modified else None,
                metadata=kept_metadata(w.metadata) if w.metadata else None,
                title=w.title or None,
                class_code=w.class_code or None,
                class_type=CLASS_TYPE[w.class_type] if w.class_type else None,
                class_type_raw=intern(w.class_type) if w.class_type else None,
                location=w.location or None,
                grades=codes[lists[w.grades]] if w.grades else (),
                grades_raw=lists[w.grades] if w.grades else (),
                subjects=lists[w.subjects] if w.subjects else (),
                subject_codes=lists[w.subject_codes] if w.subject_codes else (),
                periods=lists[w.periods] if w.periods else (),
                course_id=intern(w.course.sourced_id) or None if w.course else None,
                school_id=first_id(w.school, (w.org,) if w.org else None),
                term_ids=ids(w.terms) if w.terms else (),
                resource_ids=ids(w.resources) if w.resources else (),
            )
            for w in wires
        ]

    def users(self, wires: Iterable[wire.User]) -> list[records.User]:
        provenance, absent, lists, codes = self._provenance, self._absent, self._lists, self._codes
        shared, former = self._roles, self._former
        result = []
        for w in wires:
            metadata = kept_metadata(w.metadata) if w.metadata else None
            key: object = w.roles or (w.role, w.orgs, w.org_sourced_ids)
            found = shared.get(key)
            if found is None:
                found = shared[key] = roles(w.roles) if w.roles else derived_roles(w, lists)
            result.append(
                records.User(  # by position: more than 15 keywords go through a dict, which takes six times as long
                    provenance,
                    intern(w.sourced_id),
                    STATUS[w.status] if w.status else absent,
                    intern(w.status) if w.status else None,
                    instant(w.date_last_modified) if w.date_last_modified else None,
                    metadata,
                    intern(w.given_name) if w.given_name else None,
                    intern(w.family_name) if w.family_name else None,
                    intern(w.middle_name) if w.middle_name else None,
                    w.preferred_first_name or None,
                    w.preferred_middle_name or None,
                    w.preferred_last_name or None,
                    w.pronouns or None,
                    w.username or None,
                    w.email or None,
                    w.sms or None,
                    w.phone or None,
                    w.identifier or None,
                    user_ids(w.user_ids, w.identifier) if w.user_ids else (),
                    w.user_master_identifier or None,
                    former_ids(metadata, former) if metadata and former else (),
                    FLAG[w.enabled_user],
                    codes[lists[w.grades]] if w.grades else (),
                    lists[w.grades] if w.grades else (),
                    found[0],
                    (intern(w.primary_org.sourced_id) if w.primary_org else None) or found[1],
                    user_profiles(w.user_profiles) if w.user_profiles else (),
                    (ids(w.agents) if w.agents else ()) or lists[w.agent_source_ids or w.agent_sourced_ids],
                    ids(w.resources) if w.resources else (),
                )
            )
        return result

    def enrollments(self, wires: Iterable[wire.Enrollment]) -> list[records.Enrollment]:
        provenance, absent = self._provenance, self._absent
        return [
            records.Enrollment(
                provenance=provenance,
                sourced_id=w.sourced_id,  # not interned: no record names an enrollment, and there are most of them
                status=STATUS[w.status] if w.status else absent,
                status_raw=intern(w.status) if w.status else None,
                date_last_modified=instant(w.date_last_modified) if w.date_last_modified else None,
                metadata=kept_metadata(w.metadata) if w.metadata else None,
                role=ENROLLMENT_ROLE[w.role] if w.role else None,
                role_raw=intern(w.role) if w.role else None,
                primary=FLAG[w.primary],
                begin_date=date(w.begin_date) if w.begin_date else None,
                end_date=date(w.end_date) if w.end_date else None,
                user_id=intern(w.user.sourced_id) or None if w.user else None,
                class_id=intern(w.class_.sourced_id) or None if w.class_ else None,
                school_id=intern(w.school.sourced_id) or None if w.school else None,
            )
            for w in wires
        ]

    def demographics(self, wires: Iterable[wire.Demographics]) -> list[records.Demographics]:
        provenance, absent = self._provenance, self._absent
        return [
            records.Demographics(
                provenance=provenance,
                sourced_id=intern(w.sourced_id),
                status=STATUS[w.status] if w.status else absent,
                status_raw=intern(w.status) if w.status else None,
                date_last_modified=instant(w.date_last_modified) if w.date_last_modified else None,
                metadata=kept_metadata(w.metadata) if w.metadata else None,
                birth_date=date(w.birth_date or w.birthdate or ""),
                sex=SEX[w.sex] if w.sex else None,
                sex_raw=intern(w.sex) if w.sex else None,
                american_indian_or_alaska_native=FLAG[w.american_indian_or_alaska_native],
                asian=FLAG[w.asian],
                black_or_african_american=FLAG[w.black_or_african_american],
                native_hawaiian_or_other_pacific_islander=FLAG[w.native_hawaiian_or_other_pacific_islander],
                white=FLAG[w.white],
                demographic_race_two_or_more_races=FLAG[w.demographic_race_two_or_more_races],
                hispanic_or_latino_ethnicity=FLAG[w.hispanic_or_latino_ethnicity],
                country_of_birth_code=w.country_of_birth_code or None,
                state_of_birth_abbreviation=w.state_of_birth_abbreviation or None,
                city_of_birth=w.city_of_birth or None,
                public_school_residence_status=w.public_school_residence_status or None,
            )
            for w in wires
        ]
