"""The rules of meaning, each against a case that a reader would work out by hand."""

import pytest

from adapters.records import AcademicSession, Enrollment, Provenance, RecordStatus, User, UserId, UserRole
from gateway.roster import meaning
from gateway.roster.meaning import ALWAYS, DateBasis, RoleGroup, Span


def session(sourced_id: str, start: str | None, end: str | None) -> AcademicSession:
    return AcademicSession(
        provenance=Provenance("a"), sourced_id=sourced_id, status=RecordStatus.ACTIVE, start_date=start, end_date=end
    )


def enrollment(
    sourced_id: str = "e",
    begin: str | None = None,
    end: str | None = None,
    primary: bool | None = None,
    user: str = "u",
) -> Enrollment:
    return Enrollment(
        provenance=Provenance("a"),
        sourced_id=sourced_id,
        status=RecordStatus.ACTIVE,
        begin_date=begin,
        end_date=end,
        primary=primary,
        user_id=user,
    )


def user(**fields: str) -> User:
    return User(provenance=Provenance("a"), sourced_id="u", status=RecordStatus.ACTIVE, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("end", "inclusive", "last"),
    [
        ("2026-03-01", False, "2026-02-28"),
        ("2026-03-01", True, "2026-03-01"),
        (None, False, None),
        ("soon", False, "soon"),
        ("0001-01-01", False, "0001-01-01"),
    ],
)
def test_the_last_day_is_the_one_before_the_end_unless_the_source_counts_it(
    end: str | None, inclusive: bool, last: str | None
) -> None:
    assert meaning.last_day(end, inclusive) == last


def test_both_ends_of_a_span_belong_to_it() -> None:
    span = Span("2026-01-10", "2026-01-20", DateBasis.ENROLLMENT)
    assert [span.covers(f"2026-01-{day}") for day in ("09", "10", "20", "21")] == [False, True, True, False]
    assert ALWAYS.covers("1990-01-01")


def test_a_class_lasts_from_its_first_term_to_its_last() -> None:
    terms = [session("q3", "2026-02-01", "2026-04-01"), session("q1", "2025-09-01", "2025-11-01")]
    assert meaning.of_class(terms, None, inclusive=False) == Span("2025-09-01", "2026-03-31", DateBasis.CLASS_TERM)


def test_a_term_without_an_end_leaves_the_class_open() -> None:
    terms = [session("q1", "2025-09-01", None), session("q2", "2025-11-01", "2026-01-01")]
    assert meaning.of_class(terms, None, inclusive=True) == Span("2025-09-01", None, DateBasis.CLASS_TERM)


def test_a_class_without_dated_terms_lasts_for_the_school_year_of_its_course() -> None:
    year = session("y", "2025-08-01", "2026-07-31")
    wanted = Span("2025-08-01", "2026-07-31", DateBasis.SCHOOL_YEAR)
    assert meaning.of_class([session("q1", None, None)], year, inclusive=True) == wanted
    assert meaning.of_class([], None, inclusive=True) == ALWAYS


def test_an_enrollment_takes_from_its_class_what_it_leaves_open() -> None:
    of_class = Span("2025-09-01", "2026-06-30", DateBasis.CLASS_TERM)
    assert meaning.of_enrollment(enrollment(), of_class, inclusive=False) == of_class
    assert meaning.of_enrollment(enrollment(begin="2025-10-05"), of_class, inclusive=False) == Span(
        "2025-10-05", "2026-06-30", DateBasis.ENROLLMENT
    )
    assert meaning.of_enrollment(enrollment(end="2025-10-05"), of_class, inclusive=False) == Span(
        "2025-09-01", "2025-10-04", DateBasis.ENROLLMENT
    )


def test_an_aide_is_staff_in_either_version() -> None:
    assert meaning.role_group(UserRole.ADMINISTRATOR) is meaning.role_group(UserRole.AIDE) is RoleGroup.STAFF
    assert {role: meaning.role_group(role) for role in UserRole if meaning.role_group(role) is not RoleGroup.STAFF} == {
        UserRole.STUDENT: RoleGroup.STUDENT,
        UserRole.GUARDIAN: RoleGroup.FAMILY,
        UserRole.PARENT: RoleGroup.FAMILY,
        UserRole.RELATIVE: RoleGroup.FAMILY,
        UserRole.OTHER: RoleGroup.OTHER,
    }
    assert meaning.role_group(None) is RoleGroup.OTHER


def test_a_preferred_name_is_shown_only_where_it_may_be() -> None:
    person = user(given_name="Robin", family_name="Vale", preferred_first_name="Bo")
    assert meaning.display_name(person, preferred=True) == "Bo Vale"
    assert meaning.display_name(person, preferred=False) == "Robin Vale"
    assert meaning.display_name(user(), preferred=True) is None


def test_the_current_session_is_the_shortest_that_holds_the_day() -> None:
    sessions = [
        session("year", "2025-08-01", "2026-07-31"),
        session("term", "2025-08-01", "2025-12-20"),
        session("past", "2025-01-01", "2025-07-31"),
        session("open", "2025-01-01", None),
        session("odd", "2025-01-01", "in summer"),
    ]
    for day, wanted in (("2025-12-20", "term"), ("2025-12-21", "year"), ("2024-01-01", None)):
        found = meaning.current_session(sessions, day, inclusive=True)
        assert (found.sourced_id if found else None) == wanted


def test_the_primary_teacher_is_flagged_or_alone() -> None:
    ann, bob = enrollment("1", user="ann"), enrollment("2", user="bob")
    assert meaning.primary_teacher([]) is None
    assert meaning.primary_teacher([ann]) is ann
    assert meaning.primary_teacher([ann, bob]) is None
    flagged = enrollment("3", primary=True, begin="2026-01-01", user="cy")
    earlier = enrollment("4", primary=True, begin="2025-01-01", user="di")
    assert meaning.primary_teacher([ann, flagged]) is flagged
    assert meaning.primary_teacher([flagged, earlier]) is earlier


def person(sourced_id: str, status: RecordStatus = RecordStatus.ACTIVE, **fields: object) -> User:
    return User(provenance=Provenance("a"), sourced_id=sourced_id, status=status, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"user_master_identifier": "M1"}, {"user_master_identifier": "M1"}, True),
        (
            {"user_master_identifier": "M1", "username": "kim"},
            {"user_master_identifier": "M2", "username": "kim"},
            False,
        ),
        ({"user_master_identifier": "M1", "username": "kim"}, {"username": "kim"}, True),
        ({"user_master_identifier": "M1"}, {"user_master_identifier": "m1"}, False),
        (
            {"user_ids": (UserId(type="LDAP", identifier="7"),)},
            {"user_ids": (UserId(type="LDAP", identifier="7"),)},
            True,
        ),
        (
            {"user_ids": (UserId(type="LDAP", identifier="7"),)},
            {"user_ids": (UserId(type="SIS", identifier="7"),)},
            False,
        ),
        ({"user_ids": (UserId(identifier="7"),)}, {"user_ids": (UserId(identifier="7"),)}, False),
        ({"username": "K.Imai"}, {"username": "k.imai"}, True),
        ({"username": "Straße"}, {"username": "STRASSE"}, True),
        ({}, {}, False),
        ({"former_sourced_ids": ("2",)}, {}, True),
        ({}, {"former_sourced_ids": ("1", "9")}, True),
        ({"former_sourced_ids": ("9",)}, {"former_sourced_ids": ("9",)}, False),
        ({"email": "imai@x.example"}, {"email": "imai@x.example"}, False),
        ({"given_name": "Kim", "family_name": "Imai"}, {"given_name": "Kim", "family_name": "Imai"}, False),
        ({"identifier": "30001"}, {"identifier": "30001"}, False),
    ],
)
def test_records_are_of_the_same_person_by_what_tells_people_apart(
    one: dict[str, object], other: dict[str, object], same: bool
) -> None:
    assert meaning.same_person(person("1", **one), person("2", **other)) is same
    assert meaning.same_person(person("2", **other), person("1", **one)) is same


def test_a_former_id_is_of_the_record_that_declares_it_and_is_active() -> None:
    gone = person("1", RecordStatus.TOBEDELETED, former_sourced_ids=("s70412",))
    exact = person("3", former_sourced_ids=("s70412",))
    later = person("4", former_sourced_ids=("s70412",))
    shorter = person("2", former_sourced_ids=("70412",))
    forms = ("s70412", "70412")
    assert meaning.renamed([shorter, gone, later, exact], forms) is exact
    assert meaning.renamed([shorter, gone], forms) is gone
    assert meaning.renamed([shorter], forms) is shorter
    assert meaning.renamed([person("5", former_sourced_ids=("9",))], forms) is None
