"""Payloads in the shapes that providers document or were seen to send, with the records that they mean.

People, ids and hosts are invented. A shape's name says what sends it; nothing here depends on a provider's dialect,
but for what an absent status means and where an earlier id stands.
"""

from typing import Any

import pytest

from adapters.dialect import AbsentStatus, Capabilities, Version
from adapters.endpoints import ENTITIES, Collection
from adapters.records import (
    AcademicSession,
    AcademicSessionType,
    Class,
    ClassType,
    Demographics,
    Enrollment,
    EnrollmentRole,
    Org,
    OrgType,
    Provenance,
    Record,
    RecordStatus,
    RoleAssignment,
    RoleType,
    Sex,
    User,
    UserId,
    UserProfile,
    UserRole,
)

C = Collection
HERE = Provenance("springfield", 1_900_000_000.25)
ACTIVE: Any = {"status": RecordStatus.ACTIVE, "status_raw": "active"}


def derived(role: UserRole, org: str | None) -> tuple[RoleAssignment, ...]:
    raw = role.value.lower()
    return (RoleAssignment(role=role, role_raw=raw, role_type=RoleType.PRIMARY, org_id=org, derived=True),)


def user(**fields: Any) -> User:
    return User(provenance=HERE, **fields)


SAMPLES: list[tuple[str, Collection, dict[str, Any], bytes, list[Record]]] = [
    (
        "Infinite Campus 1.1: one record per role, mixed-case status, absent lists",
        C.USERS,
        {},
        b"""{"users":[
         {"sourcedId":"t70412","status":"active","dateLastModified":"2031-02-03T04:05:06.007Z","username":"r.okonski",
          "userIds":[{"type":"LDAP","identifier":"rokonski"}],"enabledUser":"true","givenName":"Rhea",
          "familyName":"Okonski","role":"teacher","identifier":"E-5521","email":"rhea@district.example",
          "orgs":[{"href":"https://sis.example/campus/x/orgs/AA11","sourcedId":"AA11","type":"org"}]},
         {"sourcedId":"s99107","status":"ToBeDeleted","dateLastModified":"2031-02-01T00:00:00.000Z",
          "username":"p.vance","enabledUser":"false","givenName":"Piet","familyName":"Vance","role":"student",
          "grades":["07"],"orgs":[{"sourcedId":"AA11","type":"org"}]}]}""",
        [
            user(
                **ACTIVE,
                sourced_id="t70412",
                date_last_modified="2031-02-03T04:05:06.007Z",
                username="r.okonski",
                user_ids=(UserId(type="LDAP", identifier="rokonski"),),
                enabled_user=True,
                given_name="Rhea",
                family_name="Okonski",
                identifier="E-5521",
                email="rhea@district.example",
                roles=derived(UserRole.TEACHER, "AA11"),
                primary_org_id="AA11",
            ),
            user(
                status=RecordStatus.TOBEDELETED,
                status_raw="ToBeDeleted",
                sourced_id="s99107",
                date_last_modified="2031-02-01T00:00:00.000Z",
                username="p.vance",
                enabled_user=False,
                given_name="Piet",
                family_name="Vance",
                grades=("07",),
                grades_raw=("07",),
                roles=derived(UserRole.STUDENT, "AA11"),
                primary_org_id="AA11",
            ),
        ],
    ),
    (
        "The standard's 1.2: a user with every property",
        C.USERS,
        {"version": Version.V1P2, "former_id_metadata": "formerId"},
        b"""{"users":[{"sourcedId":"u-1","status":"active","dateLastModified":"2031-02-03T04:05:06.007Z",
         "metadata":{"formerId":"u-0"},"userMasterIdentifier":"M-7","username":"n.brook",
         "userIds":[{"type":"SIS","identifier":"7001"},{"type":"LDAP","identifier":"nbrook"}],"enabledUser":"true",
         "givenName":"Noor","familyName":"Brook","middleName":"Ida","preferredFirstName":"Nori",
         "preferredMiddleName":"Ina","preferredLastName":"Brooke","pronouns":"she/her/hers","identifier":"E-7",
         "email":"noor@district.example","sms":"+1-555-0101","phone":"+1-555-0102","grades":["09","10"],
         "roles":[{"roleType":"secondary","role":"student","org":{"sourcedId":"o-2","type":"org"},
                   "beginDate":"2030-08-01","endDate":"2031-06-30","userProfile":"https://reading.example/p-1"}],
         "primaryOrg":{"sourcedId":"o-1","type":"org"},"agents":[{"sourcedId":"u-2"},{"sourcedId":"u-3"}],
         "resources":[{"sourcedId":"r-1"}],"userProfiles":[{"profileId":"p-1","profileType":"reading",
           "vendorId":"v-1","applicationId":"a-1","description":"Reading app"}]}]}""",
        [
            user(
                **ACTIVE,
                sourced_id="u-1",
                date_last_modified="2031-02-03T04:05:06.007Z",
                metadata=b'{"formerId":"u-0"}',
                given_name="Noor",
                family_name="Brook",
                middle_name="Ida",
                preferred_first_name="Nori",
                preferred_middle_name="Ina",
                preferred_last_name="Brooke",
                pronouns="she/her/hers",
                username="n.brook",
                email="noor@district.example",
                sms="+1-555-0101",
                phone="+1-555-0102",
                identifier="E-7",
                user_ids=(UserId(identifier="7001", type="SIS"), UserId(identifier="nbrook", type="LDAP")),
                user_master_identifier="M-7",
                former_sourced_ids=("u-0",),
                enabled_user=True,
                grades=("09", "10"),
                grades_raw=("09", "10"),
                roles=(
                    RoleAssignment(
                        role=UserRole.STUDENT,
                        role_raw="student",
                        role_type=RoleType.SECONDARY,
                        org_id="o-2",
                        begin_date="2030-08-01",
                        end_date="2031-06-30",
                        user_profile="https://reading.example/p-1",
                    ),
                ),
                primary_org_id="o-1",
                user_profiles=(
                    UserProfile(
                        profile_id="p-1",
                        profile_type="reading",
                        vendor_id="v-1",
                        application_id="a-1",
                        description="Reading app",
                    ),
                ),
                agent_ids=("u-2", "u-3"),
                resource_ids=("r-1",),
            )
        ],
    ),
    (
        "Infinite Campus 1.2: no username, several roles, the earlier id in metadata",
        C.USERS,
        {"version": Version.V1P2, "former_id_metadata": "ic.legacysourceId"},
        b"""{"users":[{"sourcedId":"0C4E1B7A-0000-4000-8000-00000000BEEF","status":"active",
         "metadata":{"ic.legacysourceId":"70412"},"enabledUser":"true","givenName":"Rhea","familyName":"Okonski",
         "roles":[{"roleType":"primary","role":"teacher","org":{"sourcedId":"AA11","type":"org"}},
                  {"roleType":"secondary","role":"aide","org":{"sourcedId":"AA12","type":"org"}}],
         "grades":null}]}""",
        [
            user(
                **ACTIVE,
                sourced_id="0C4E1B7A-0000-4000-8000-00000000BEEF",
                metadata=b'{"ic.legacysourceId":"70412"}',
                former_sourced_ids=("70412",),
                enabled_user=True,
                given_name="Rhea",
                family_name="Okonski",
                roles=(
                    RoleAssignment(
                        role=UserRole.TEACHER, role_raw="teacher", role_type=RoleType.PRIMARY, org_id="AA11"
                    ),
                    RoleAssignment(role=UserRole.AIDE, role_raw="aide", role_type=RoleType.SECONDARY, org_id="AA12"),
                ),
            )
        ],
    ),
    (
        "ClassLink: a class's students with a stray teacher, ids with slash and blank, a password, no orgs",
        C.USERS,
        {},
        b"""{"users":[
         {"sourcedId":"HF/stu 12","status":"active","role":"student","enabledUser":"true","givenName":"Ada",
          "familyName":"Brook","password":"do-not-keep","orgs":[{"sourcedId":"55","type":"org"}]},
         {"sourcedId":"HF-T-3","status":"active","role":"teacher","enabledUser":"false","givenName":"Sol",
          "familyName":"Marsh"}]}""",
        [
            user(
                **ACTIVE,
                sourced_id="HF/stu 12",
                enabled_user=True,
                given_name="Ada",
                family_name="Brook",
                roles=derived(UserRole.STUDENT, "55"),
                primary_org_id="55",
            ),
            user(
                **ACTIVE,
                sourced_id="HF-T-3",
                enabled_user=False,
                given_name="Sol",
                family_name="Marsh",
                roles=derived(UserRole.TEACHER, None),
            ),
        ],
    ),
    (
        "Xporter: orgSourcedIds, an unpadded year",
        C.USERS,
        {},
        b"""{"users":[{"sourcedId":"u8QK","status":"tobedeleted","dateLastModified":"2031-03-04T05:06:07.008Z",
         "username":"jb31","givenName":"Jory","familyName":"Bell","identifier":"31077","role":"student",
         "orgSourcedIds":["o77"],"userIds":[{"type":"MISID","identifier":"4410"}],"grades":["8"]}]}""",
        [
            user(
                status=RecordStatus.TOBEDELETED,
                status_raw="tobedeleted",
                sourced_id="u8QK",
                date_last_modified="2031-03-04T05:06:07.008Z",
                username="jb31",
                given_name="Jory",
                family_name="Bell",
                identifier="31077",
                roles=derived(UserRole.STUDENT, "o77"),
                primary_org_id="o77",
                user_ids=(UserId(type="MISID", identifier="4410"),),
                grades=("08",),
                grades_raw=("8",),
            )
        ],
    ),
    (
        "Xporter: references that spell sourceID",
        C.CLASSES,
        {},
        b"""{"classes":[{"sourcedId":"c5TT","status":"active","dateLastModified":"2031-03-04T05:06:07.008Z",
         "title":"8x/Ma2","classCode":"8x/Ma2","classType":"scheduled","course":{"sourceID":"k31"},
         "school":{"sourceID":"o77"},"terms":[{"sourceID":"t31a","type":"academicSession"}]}]}""",
        [
            Class(
                provenance=HERE,
                **ACTIVE,
                sourced_id="c5TT",
                date_last_modified="2031-03-04T05:06:07.008Z",
                title="8x/Ma2",
                class_code="8x/Ma2",
                class_type=ClassType.SCHEDULED,
                class_type_raw="scheduled",
                course_id="k31",
                school_id="o77",
                term_ids=("t31a",),
            )
        ],
    ),
    (
        "Xporter: an enrollment",
        C.ENROLLMENTS,
        {},
        b"""{"enrollments":[{"sourcedId":"e1","status":"active","dateLastModified":"2031-03-04T05:06:07.008Z",
         "role":"student","user":{"sourcedId":"u8QK","type":"user"},"class":{"sourcedId":"c5TT","type":"class"},
         "school":{"sourcedId":"o77","type":"org"},"beginDate":"2030-09-02"}]}""",
        [
            Enrollment(
                provenance=HERE,
                **ACTIVE,
                sourced_id="e1",
                date_last_modified="2031-03-04T05:06:07.008Z",
                role=EnrollmentRole.STUDENT,
                role_raw="student",
                user_id="u8QK",
                class_id="c5TT",
                school_id="o77",
                begin_date="2030-09-02",
            )
        ],
    ),
    (
        "Alpha: a user without status, and a role without a type",
        C.USERS,
        {"capabilities": Capabilities(absent_status=AbsentStatus.ACTIVE)},
        b"""{"users":[{"sourcedId":"7d0d2c9e-1111-4222-8333-444455556666","givenName":"Noor","familyName":"Quill",
         "email":"noor@school.example","enabledUser":"true","roles":[{"role":"student","org":{"sourcedId":"org-a"}}],
         "grades":["5"],"primaryOrg":{"sourcedId":"org-a"}}],"offset":0,"limit":100,"total":1}""",
        [
            user(
                status=RecordStatus.ACTIVE,
                sourced_id="7d0d2c9e-1111-4222-8333-444455556666",
                given_name="Noor",
                family_name="Quill",
                email="noor@school.example",
                enabled_user=True,
                roles=(RoleAssignment(role=UserRole.STUDENT, role_raw="student", org_id="org-a"),),
                grades=("05",),
                grades_raw=("5",),
                primary_org_id="org-a",
            )
        ],
    ),
    (
        "Alpha: a class whose school is its org, wrapped alone",
        C.CLASSES,
        {},
        b"""{"class":{"sourcedId":"0f0e0d0c-1111-4222-8333-444455556666","title":"Reading 5 - A",
         "classType":"scheduled","course":{"sourcedId":"crs-1"},"org":{"sourcedId":"org-a"},"terms":[]}}""",
        [
            Class(
                provenance=HERE,
                status=RecordStatus.UNKNOWN,
                sourced_id="0f0e0d0c-1111-4222-8333-444455556666",
                title="Reading 5 - A",
                class_type=ClassType.SCHEDULED,
                class_type_raw="scheduled",
                course_id="crs-1",
                school_id="org-a",
            )
        ],
    ),
    (
        "Alpha: terms under their own key",
        C.ACADEMIC_SESSIONS,
        {},
        b"""{"terms":[{"sourcedId":"trm-1","title":"Autumn","type":"term","schoolYear":"2031"}],
         "offset":0,"limit":100,"total":1}""",
        [
            AcademicSession(
                provenance=HERE,
                status=RecordStatus.UNKNOWN,
                sourced_id="trm-1",
                title="Autumn",
                type=AcademicSessionType.TERM,
                type_raw="term",
                school_year="2031",
            )
        ],
    ),
    (
        "TimeBack: an empty page with totals",
        C.USERS,
        {},
        b'{"users":[],"totalCount":0,"pageCount":0,"pageNumber":1,"offset":0,"limit":100}',
        [],
    ),
    (
        "Skyward: ids with a prefix, a nameless record",
        C.USERS,
        {},
        b"""{"users":[{"sourcedId":"Student_4012","status":"active","role":"student","identifier":"4012",
         "givenName":"Ivo","familyName":"Tarn","grades":["10"],"orgs":[{"sourcedId":"Entity_2","type":"org"}]},
         {"sourcedId":"Teacher_77","status":"active","role":"teacher","givenName":"","familyName":"",
          "orgs":[{"sourcedId":"Entity_2","type":"org"}]}]}""",
        [
            user(
                **ACTIVE,
                sourced_id="Student_4012",
                identifier="4012",
                given_name="Ivo",
                family_name="Tarn",
                grades=("10",),
                grades_raw=("10",),
                roles=derived(UserRole.STUDENT, "Entity_2"),
                primary_org_id="Entity_2",
            ),
            user(
                **ACTIVE,
                sourced_id="Teacher_77",
                roles=derived(UserRole.TEACHER, "Entity_2"),
                primary_org_id="Entity_2",
            ),
        ],
    ),
    (
        "PowerSchool: an id with blanks around it, nulls",
        C.USERS,
        {},
        b"""{"users":[{"sourcedId":" 1b2c3d4e-0000-3000-8000-aaaaaaaaaaaa-S-19 ","status":"active","role":"student",
         "givenName":"Lia","familyName":"Moss","middleName":null,"email":null,"agents":null,"grades":["KG"],
         "orgs":[{"href":null,"sourcedId":"1b2c3d4e-0000-3000-8000-aaaaaaaaaaaa-3","type":"org"}]}]}""",
        [
            user(
                **ACTIVE,
                sourced_id=" 1b2c3d4e-0000-3000-8000-aaaaaaaaaaaa-S-19 ",
                given_name="Lia",
                family_name="Moss",
                grades=("KG",),
                grades_raw=("KG",),
                roles=derived(UserRole.STUDENT, "1b2c3d4e-0000-3000-8000-aaaaaaaaaaaa-3"),
                primary_org_id="1b2c3d4e-0000-3000-8000-aaaaaaaaaaaa-3",
            )
        ],
    ),
    (
        "Aeries: the district is 0, an href that leads nowhere, nulls",
        C.ORGS,
        {},
        b"""{"orgs":[{"sourcedId":"0","status":"active","dateLastModified":"2031-08-19T22:14:03.500Z",
         "metadata":null,"name":"Pine Valley USD","type":"district","identifier":null,"parent":null,
         "children":[{"href":"~/ims/oneroster/v1p1/orgs/310","sourcedId":"310","type":"org"}]}]}""",
        [
            Org(
                provenance=HERE,
                **ACTIVE,
                sourced_id="0",
                date_last_modified="2031-08-19T22:14:03.500Z",
                name="Pine Valley USD",
                type=OrgType.DISTRICT,
                type_raw="district",
                children_ids=("310",),
            )
        ],
    ),
    (
        "Ed-Fi: flags that are texts, nested metadata",
        C.DEMOGRAPHICS,
        {"version": Version.V1P2},
        b"""{"demographics":[{"sourcedId":"9f1c0a5577d24e2a8b1f0c3d2e4a6b80","status":"active",
         "dateLastModified":"2031-01-02T03:04:05.000Z","sex":"female","white":"false","asian":"true",
         "metadata":{"edfi":{"resource":"students","naturalKey":{"studentUniqueId":"602"}}}}]}""",
        [
            Demographics(
                provenance=HERE,
                **ACTIVE,
                sourced_id="9f1c0a5577d24e2a8b1f0c3d2e4a6b80",
                date_last_modified="2031-01-02T03:04:05.000Z",
                metadata=b'{"edfi":{"resource":"students","naturalKey":{"studentUniqueId":"602"}}}',
                sex=Sex.FEMALE,
                sex_raw="female",
                white=False,
                asian=True,
            )
        ],
    ),
]


@pytest.mark.parametrize(("name", "collection", "fields", "body", "wanted"), SAMPLES, ids=[s[0] for s in SAMPLES])
def test_a_page_of(
    name: str, collection: Collection, fields: Any, body: bytes, wanted: list[Record], normaliser_for: Any
) -> None:
    for fixups in ({}, {collection.value: lambda raw: raw}):
        page = normaliser_for(**fields, fixups=fixups).page(ENTITIES[collection], body)
        assert list(page.records) == wanted
        assert page.rejected == ()
        assert page.received == len(wanted)
        if b'"total' in body:
            assert page.total == len(wanted)
