"""Renders truth as OneRoster JSON objects of version 1.1 or 1.2, as a `Wire` says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import quote

from gateway.sandbox.people import RACES
from gateway.sandbox.render_gradebook import GRADEBOOK
from gateway.sandbox.truth import (
    FAMILY_ROLES,
    Affiliation,
    Class,
    Course,
    Demographics,
    District,
    Enrollment,
    Org,
    Session,
    User,
)
from gateway.sandbox.wire import Json, Persona, Wire, service_root

PATHS: Final = {
    "org": "orgs",
    "academicSession": "academicSessions",
    "course": "courses",
    "class": "classes",
    "user": "users",
    "category": "categories",
    "lineItem": "lineItems",
    "scoreScale": "scoreScales",
    "assessmentLineItem": "assessmentLineItems",
    "resource": "resources",
}


class Renderer:
    """Renders the records of one district for one server. Reference objects are shared: never change one in place."""

    def __init__(self, district: District, wire: Wire, root: str) -> None:
        self.district = district
        self.wire = wire
        self._root = root
        self._refs: dict[tuple[str, str], Json] = {}
        self._personas: dict[str, list[Persona]] = {}

    def render(self, collection: str, record: Any) -> list[Json]:
        """The published objects of one truth record, in standard shape: several only for split people."""
        match record:
            case User():
                return [self._user(persona) for persona in self.personas(record)]
            case Demographics():
                return self._demographics(record)
            case Enrollment():
                return [self._enrollment(record)]
            case Class():
                return [self._class(record)]
            case Course():
                return [self._course(record)]
            case Session():
                return [self._session(record)]
            case Org():
                return [self._org(record)]
        if (made := GRADEBOOK.get(type(record))) is not None:
            return [made(self, record)]
        raise TypeError(f"no {collection} object from {type(record).__name__}")

    def personas(self, user: User) -> list[Persona]:
        found = self._personas.get(user.id)
        if found is None:
            if self.wire.split is None:
                found = [Persona(self.wire.ids(self.district, "users", user.id), user, user.roles)]
            else:
                found = self.wire.split(self.district, user)
            self._personas[user.id] = found
        return found

    def persona_id(self, user_id: str, role: str, org: str | None) -> str:
        """The published id that stands for a user in `role` at `org`."""
        user = self.district.find("users", user_id)
        if user is None:
            return self.wire.ids(self.district, "users", user_id)
        personas = self.personas(user)
        if len(personas) > 1:
            for wanted in ((role, org), (role, None), (None, org)):
                for persona in personas:
                    for held in persona.roles:
                        if (wanted[0] in (None, held.role)) and (wanted[1] in (None, held.org)):
                            return persona.id
        return personas[0].id if personas else self.wire.ids(self.district, "users", user_id)

    def ref(self, kind: str, record_id: str, *, ref_type: str | None = None) -> Json:
        """A GUIDRef to a truth id."""
        return self.ref_to(kind, self.wire.ids(self.district, PATHS[kind], record_id), ref_type=ref_type)

    def ref_to(self, kind: str, wire_id: str, *, ref_type: str | None = None) -> Json:
        key = (ref_type or kind, wire_id)
        made = self._refs.get(key)
        if made is None:
            made = {"sourcedId": wire_id}
            if self.wire.href is not None:
                made = {"href": f"{self._base_of(kind)}/{PATHS[kind]}/{quote(wire_id, safe='')}", **made}
            if self.wire.typed_refs:
                made["type"] = ref_type or kind
            self._refs[key] = made
        return made

    def _base_of(self, kind: str) -> str:
        """Where records of a kind are, as this product writes it."""
        prefix = self.wire.href or ""
        if "//" not in prefix:
            return prefix
        return prefix.format(slug=self.district.slug) + service_root(self._root, PATHS[kind])

    def base(self, collection: str, record: Any) -> Json:
        """What every published object has."""
        status_of = self.wire.status_of
        status = record.status if status_of is None else status_of(self.district, record)
        made = {
            "sourcedId": self.wire.ids(self.district, collection, record.id),
            "status": status,
            "dateLastModified": record.modified,
        }
        if record.metadata is not None:
            made["metadata"] = dict(record.metadata)
        return made

    def flag(self, value: bool) -> bool | str:
        return ("true" if value else "false") if self.wire.text_booleans else value

    def _end(self, last_day: date) -> str:
        return (last_day + timedelta(1) if self.wire.exclusive_end else last_day).isoformat()

    def session_type(self, record_id: str) -> str | None:
        """In 1.1 a reference may say `term` (OneRoster 1.1 GUIDRef types)."""
        session = self.district.find("academicSessions", record_id)
        if self.wire.version == "1.1" and session is not None and session.type in ("term", "gradingPeriod"):
            return str(session.type)
        return None

    def _org(self, org: Org) -> Json:
        made = self.base("orgs", org)
        made |= {"name": org.name, "type": org.type, "identifier": org.identifier}
        if org.parent:
            made["parent"] = self.ref("org", org.parent)
        if below := self.district.orgs_below(org.id):
            made["children"] = [self.ref("org", child.id) for child in below]
        return made

    def _session(self, session: Session) -> Json:
        made = self.base("academicSessions", session)
        made |= {
            "title": session.title,
            "type": self.wire.session_types.get(session.type, session.type),
            "schoolYear": str(session.school_year),
        }
        made |= {"startDate": session.first_day.isoformat(), "endDate": self._end(session.last_day)}
        if session.parent:
            made["parent"] = self.ref("academicSession", session.parent, ref_type=self.session_type(session.parent))
        if below := self.district.sessions_below(session.id):
            made["children"] = [self.ref("academicSession", s.id, ref_type=self.session_type(s.id)) for s in below]
        return made

    def _course(self, course: Course) -> Json:
        made = self.base("courses", course)
        made |= {"title": course.title, "courseCode": course.code, "org": self.ref("org", course.org)}
        made |= {"grades": list(course.grades), "subjects": list(course.subjects)}
        made["subjectCodes"] = list(course.subject_codes)
        if course.school_year:
            made["schoolYear"] = self.ref("academicSession", course.school_year)
        if course.resources:
            made["resources"] = [self.ref("resource", used) for used in course.resources]
        return made

    def _class(self, taught: Class) -> Json:
        made = self.base("classes", taught)
        made |= {"title": taught.title, "classCode": taught.code, "classType": taught.type}
        made |= {"grades": list(taught.grades), "subjects": list(taught.subjects), "periods": list(taught.periods)}
        made["subjectCodes"] = list(taught.subject_codes)
        if taught.location:
            made["location"] = taught.location
        if taught.course:
            made["course"] = self.ref("course", taught.course)
        made["school"] = self.ref("org", taught.school)
        made["terms"] = [self.ref("academicSession", t, ref_type=self.session_type(t)) for t in taught.terms]
        if taught.resources:
            made["resources"] = [self.ref("resource", used) for used in taught.resources]
        return made

    def _enrollment(self, enrollment: Enrollment) -> Json:
        made = self.base("enrollments", enrollment)
        made["role"] = enrollment.role
        if enrollment.primary is not None:
            made["primary"] = self.flag(enrollment.primary)
        if enrollment.first_day:
            made["beginDate"] = enrollment.first_day.isoformat()
        if enrollment.last_day:
            made["endDate"] = self._end(enrollment.last_day)
        wire_id = self.persona_id(enrollment.user, enrollment.role, enrollment.school)
        in_role = enrollment.role if enrollment.role in ("student", "teacher") else None
        made["user"] = self.ref_to("user", wire_id, ref_type=in_role if self.wire.version == "1.1" else None)
        made["class"] = self.ref("class", enrollment.class_id)
        made["school"] = self.ref("org", enrollment.school)
        return made

    def _user(self, persona: Persona) -> Json:
        user = persona.user
        made = self.base("users", user) | {"sourcedId": persona.id}
        made |= {"enabledUser": self.flag(user.enabled), "givenName": user.given, "familyName": user.family}
        for name, value in (
            ("username", user.username),
            ("middleName", user.middle),
            ("identifier", user.identifier),
            ("email", user.email),
            ("phone", user.phone),
            ("sms", user.sms),
        ):
            if value is not None:
                made[name] = value
        if user.user_ids:
            made["userIds"] = [{"type": kind, "identifier": value} for kind, value in user.user_ids]
        if agents := self._agents(persona):
            made["agents"] = agents
        if user.grades and any(held.role == "student" for held in persona.roles):
            made["grades"] = list(user.grades)
        return made | (self._part_1_1(persona) if self.wire.version == "1.1" else self._part_1_2(persona))

    def _part_1_1(self, persona: Persona) -> Json:
        orgs = dict.fromkeys(held.org for held in persona.roles)
        role = persona.roles[0].role
        return {"role": self.wire.roles.get(role, role), "orgs": [self.ref("org", org) for org in orgs]}

    def _part_1_2(self, persona: Persona) -> Json:
        user = persona.user
        made: Json = {"roles": [self._role(held) for held in persona.roles]}
        for name, value in (
            ("userMasterIdentifier", user.master_id),
            ("preferredFirstName", user.preferred_first),
            ("preferredMiddleName", user.preferred_middle),
            ("preferredLastName", user.preferred_last),
            ("pronouns", user.pronouns),
        ):
            if value is not None:
                made[name] = value
        if user.primary_org and any(held.org == user.primary_org for held in persona.roles):
            made["primaryOrg"] = self.ref("org", user.primary_org)
        if user.resources:
            made["resources"] = [self.ref("resource", used) for used in user.resources]
        if user.accounts:
            made["userProfiles"] = [self._profile(user, account) for account in user.accounts]
        return made

    def _profile(self, user: User, account: str) -> Json:
        """OneRoster 1.2 has credentials here, passwords among them."""
        secret = {"type": "sso", "username": user.username or "", "password": f"made-up-{user.serial}"}
        return {
            "profileId": f"urn:{account}:{user.serial}",
            "profileType": "learning app",
            "vendorId": f"vendor-{account}",
            "applicationId": f"app-{account}",
            "description": f"Account in the {account}",
            "credentials": [secret],
        }

    def _role(self, held: Affiliation) -> Json:
        made: Json = {"roleType": "primary" if held.primary else "secondary"}
        made |= {"role": self.wire.roles.get(held.role, held.role), "org": self.ref("org", held.org)}
        if held.first_day:
            made["beginDate"] = held.first_day.isoformat()
        if held.last_day:
            made["endDate"] = self._end(held.last_day)
        return made

    def _agents(self, persona: Persona) -> list[Json]:
        is_pupil = any(held.role == "student" for held in persona.roles)
        if not is_pupil and len(self.personas(persona.user)) > 1 and persona.roles[0].role in ("teacher", "aide"):
            return []  # a split person's children belong to the parent's record
        refs: dict[str, Json] = {}
        for agent in persona.user.agents:
            other = self.district.find("users", agent)
            role = "student"
            if is_pupil:
                roles = other.roles if other else ()
                role = next((held.role for held in roles if held.role in FAMILY_ROLES), "parent")
            wire_id = self.persona_id(agent, role, None)
            refs[wire_id] = self.ref_to("user", wire_id)
        return list(refs.values())

    def _demographics(self, record: Demographics) -> list[Json]:
        user = self.district.find("users", record.id)
        made = self.base("demographics", record)
        if record.birth:
            made["birthDate"] = record.birth.isoformat()
        if record.sex and (self.wire.version != "1.1" or record.sex in ("male", "female")):
            made["sex"] = record.sex
        for race in RACES:
            made[race] = self.flag(race in record.races)
        for name, value in (
            ("countryOfBirthCode", record.country),
            ("stateOfBirthAbbreviation", record.state),
            ("cityOfBirth", record.city),
            ("publicSchoolResidenceStatus", record.residence),
        ):
            if value is not None:
                made[name] = value
        if user is None or self.wire.split is None:
            return [made | {"sourcedId": self.wire.ids(self.district, "users", record.id)}]
        pupils = [p for p in self.personas(user) if any(held.role == "student" for held in p.roles)]
        return [made | {"sourcedId": persona.id} for persona in pupils or self.personas(user)[:1]]
