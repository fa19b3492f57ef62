"""Masks by values: what they make of records, that nothing real is left in it, and the ways back that there are."""

from __future__ import annotations

import re
import string
from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dialect import Op
from adapters.endpoints import ENTITIES
from adapters.gradebook import LearningObjectiveResult, LearningObjectiveScoreSet, LineItem, Result
from adapters.predicate import (
    NOTHING,
    And,
    AnyOf,
    Compare,
    Count,
    Folded,
    IsNull,
    Not,
    Or,
    Predicate,
    Some,
    among,
    compile_test,
    equals,
)
from adapters.records import (
    Class,
    Demographics,
    Enrollment,
    Org,
    Provenance,
    Record,
    RecordStatus,
    RoleAssignment,
    Sex,
    User,
    UserId,
    UserProfile,
    UserRole,
)
from gateway.roster.masking.attributes import ATTRIBUTES, How
from gateway.roster.masking.conditions import part_of, real
from gateway.roster.masking.mask import Mask
from gateway.roster.masking.masked import Masked
from gateway.roster.masking.words import FAMILY, GIVEN
from gateway.roster.meaning import same_person
from gateway.sandbox import names as sandbox_names

SECRET = b"a secret of sixteen bytes and more"
MASK = Mask(SECRET, "springfield")
OTHER_SOURCE = Mask(SECRET, "shelbyville")
OTHER_SECRET = Mask(b"another secret", "springfield")
MASKED = Masked(MASK)

FROM = Provenance("springfield", 1.0)
PLAIN = st.text(string.ascii_letters + string.digits + " .-_@", max_size=40)
ANY = st.text(max_size=60)
QUICK = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def user(sourced_id: str = "u1", **fields: Any) -> User:
    return User(FROM, sourced_id, RecordStatus.ACTIVE, **fields)


def structs(kind: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    """A type of record and all that its records are made of, however deep, as far as any of that is masked."""
    parts = [part_of(kind, name) for name, how in ATTRIBUTES[kind].items() if how is How.PARTS]
    return {kind}.union(*map(structs, parts))


# ---------------------------------------------------------------- the table


@pytest.mark.parametrize("kind", [e.record for e in ENTITIES.values()], ids=lambda kind: kind.__name__)
def test_every_attribute_of_every_record_is_masked_or_kept_or_nulled_on_purpose(kind: type[Record]) -> None:
    for struct in structs(kind):
        assert set(ATTRIBUTES[struct]) == {field.name for field in msgspec.structs.fields(struct)}


@pytest.mark.parametrize("kind", [e.record for e in ENTITIES.values()], ids=lambda kind: kind.__name__)
def test_every_reference_is_an_id(kind: type[Record]) -> None:
    for struct in structs(kind):
        named = {field.name for field in msgspec.structs.fields(struct) if re.search(r"_ids?$", field.name)}
        others = {
            "vendor_id",
            "application_id",
            "profile_id",
            "vendor_resource_id",
            "learning_objective_id",
            "user_ids",
        }
        assert {name for name in named - others if ATTRIBUTES[struct][name] is not How.ID} == set()


@pytest.mark.parametrize("struct", list(ATTRIBUTES), ids=lambda kind: kind.__name__)
def test_only_lists_of_structs_have_parts(struct: type[msgspec.Struct]) -> None:
    for name, hint in get_type_hints(struct).items():
        elements = [each for each in get_args(hint) if isinstance(each, type) and issubclass(each, msgspec.Struct)]
        if elements and ATTRIBUTES[struct][name] is How.PARTS:
            assert set(elements) <= set(ATTRIBUTES)
        else:
            assert ATTRIBUTES[struct][name] is not How.PARTS


# ---------------------------------------------------------------- records


def full_user() -> User:
    return user(
        "canary-id",
        metadata=b'{"canary": "canary"}',
        given_name="Canarygiven",
        family_name="Canaryfamily",
        middle_name="Canarymiddle",
        preferred_first_name="Canaryfirst",
        preferred_middle_name="Canarypreferred",
        preferred_last_name="Canarylast",
        pronouns="canary/canaries",
        username="canary.username",
        email="canary.mail@canary.k12.us",
        sms="+1 312 867 5309",
        phone="(312) 867-5310",
        identifier="canary-4711",
        user_ids=(UserId(identifier="canary-elsewhere", type="LDAP"),),
        user_master_identifier="canary-master",
        former_sourced_ids=("canary-former",),
        roles=(RoleAssignment(role=UserRole.STUDENT, org_id="canary-org", user_profile="canary-profile"),),
        primary_org_id="canary-org",
        user_profiles=(UserProfile(profile_id="canary-profile", profile_type="x", description="canary described"),),
        agent_ids=("canary-agent",),
        resource_ids=("canary-resource",),
    )


def test_nothing_real_is_left_of_a_person() -> None:
    shown = msgspec.json.encode(MASKED.record(full_user())).decode()
    assert "canary" not in shown.casefold()
    assert not re.search(r"867.?53|4711", shown)


def test_nothing_real_is_left_of_what_teachers_write() -> None:
    result = Result(
        FROM,
        "canary-result",
        RecordStatus.ACTIVE,
        student_id="canary-student",
        line_item_id="canary-item",
        class_id="canary-class",
        score_scale_id="canary-scale",
        comment="canary said so",
        text_score="see Ms Canary",
        learning_objective_set=(
            LearningObjectiveScoreSet(
                source="case",
                learning_objective_results=(LearningObjectiveResult(learning_objective_id="o", text_score="Canary"),),
            ),
        ),
    )
    item = LineItem(FROM, "canary", RecordStatus.ACTIVE, title="Makeup for Canary", description="of Canary")
    lesson = Class(FROM, "canary", RecordStatus.ACTIVE, title="Canary's Quiz", location="Canary 7", class_code="CANARY")
    for record in (result, item, lesson):
        assert "canary" not in msgspec.json.encode(MASKED.record(record)).decode().casefold()


def test_demographics_are_drawn_anew_and_where_there_were_none_there_are_none() -> None:
    real_one = Demographics(
        FROM,
        "u1",
        RecordStatus.ACTIVE,
        birth_date="2012-03-04",
        sex=Sex.OTHER,
        sex_raw="canary",
        asian=True,
        city_of_birth="Canary",
        country_of_birth_code="CA",
        state_of_birth_abbreviation="CN",
        public_school_residence_status="canary",
    )
    shown = MASKED.record(real_one)
    assert "canary" not in msgspec.json.encode(shown).decode().casefold()
    assert shown.white is None
    assert shown.country_of_birth_code is shown.state_of_birth_abbreviation is shown.sex_raw is None
    drawn = [MASKED.record(msgspec.structs.replace(real_one, sourced_id=f"u{n}")) for n in range(200)]
    for attribute in ("asian", "sex"):
        values = [getattr(each, attribute) for each in drawn]
        assert 60 < values.count(values[0]) < 140


def test_what_is_empty_stays_empty() -> None:
    assert MASKED.record(user()) == user(MASK.id("u1"))
    assert MASKED.record(user(given_name="", phone="")).given_name == ""


def test_birth_dates_move_by_as_many_days_for_each_of_a_person_and_by_half_a_year_at_most() -> None:
    for person in map(str, range(300)):
        moved = MASK.birth_date("2012-03-04", person)
        assert moved is not None
        assert "2011-09-01" < moved < "2012-09-03"
        assert moved != "2012-03-04"
    assert len({MASK.birth_date("2012-03-04", str(n)) for n in range(300)}) > 150
    assert MASK.birth_date("unknown", "u1") is None
    assert MASK.birth_date("9999-12-31", "u1") in (None, MASK.birth_date("9999-12-31", "u1"))


# ---------------------------------------------------------------- values


def test_the_same_is_made_in_every_process_that_has_the_secret() -> None:
    """Written down: clients may keep what they were shown."""
    assert MASK.id("sis:4711") == "vgYzY1mILpVlqMbSzU_dBlzy2N3TQ5QK"
    assert MASK.code("S-004711") == "Z-202358"
    assert MASK.family_name("Okonski") == "Langridge"


def test_two_sources_and_two_secrets_have_nothing_in_common() -> None:
    person = full_user()
    shown = [Masked(mask).record(person) for mask in (MASK, OTHER_SOURCE, OTHER_SECRET)]
    for name in ("sourced_id", "username", "identifier", "user_master_identifier", "agent_ids", "email"):
        assert len({getattr(each, name) for each in shown}) == 3
    assert OTHER_SOURCE.real_id(MASK.id("u1")) is None
    assert OTHER_SECRET.real_id(MASK.id("u1")) is None


@QUICK
@given(ANY)
def test_an_id_leads_back_and_looks_like_one(sourced_id: str) -> None:
    masked = MASK.id(sourced_id)
    assert MASK.real_id(masked) == sourced_id
    assert re.fullmatch(r"[A-Za-z0-9_-]+", masked)


@QUICK
@given(ANY | PLAIN)
def test_what_no_mask_made_is_nobodys_id(text: str) -> None:
    assert MASK.real_id(text) is None


@pytest.mark.parametrize("spoilt", [lambda m: m + "=", lambda m: m[:-1], lambda m: m + "A", lambda m: " " + m])
def test_a_masked_id_has_one_spelling(spoilt: Any) -> None:
    for n in range(70):
        masked = MASK.id("i" * n)
        assert MASK.real_id(spoilt(masked)) is None
        last = string.ascii_letters + string.digits
        assert all(MASK.real_id(masked[:-1] + c) is None for c in last if c != masked[-1])


@QUICK
@given(PLAIN | ANY)
def test_a_code_leads_back(value: str) -> None:
    assert MASK.real_code(MASK.code(value)) == value


@QUICK
@given(PLAIN)
def test_a_code_has_letters_for_letters_and_digits_for_digits(value: str) -> None:
    def shape(text: str) -> str:
        return re.sub("[0-9]", "0", re.sub("[A-Z]", "A", re.sub("[a-z]", "a", text)))

    assert shape(MASK.code(value)) == shape(value)


def test_no_two_short_codes_become_the_same() -> None:
    numbers = [f"{n:03d}" for n in range(1000)]
    assert sorted(map(MASK.code, numbers)) == numbers
    letters = [a + b for a in string.ascii_lowercase for b in string.ascii_lowercase]
    assert sorted(map(MASK.code, letters)) == sorted(letters)
    assert sum(MASK.code(n) == n for n in numbers) < 10


@QUICK
@given(PLAIN)
def test_usernames_that_differ_in_case_alone_still_do(value: str) -> None:
    assert MASK.username(value.upper()).casefold() == MASK.username(value).casefold()


def test_usernames_of_other_alphabets_do_not_show() -> None:
    for name in ("łukasz", "Łukasz", "王小明", "x" * 500):
        assert name.casefold() not in MASK.username(name)
    assert MASK.username("łukasz") == MASK.username("ŁUKASZ")


def test_mail_goes_to_nobody() -> None:
    assert re.fullmatch(r"[a-z]{4}\.[a-z]{3}[0-9]{2}@host-[0-9a-f]{4}\.example", MASK.email("jane.doe12@k12.us"))
    assert MASK.email("jane@a.org") != MASK.email("jane@b.org")
    assert MASK.email("no address") == MASK.username("no address")


@pytest.mark.parametrize("number", ["+1 (312) 867-5309", "312-867-5309", "867-5309", "3128675309", "+49 30 1234567"])
def test_phone_numbers_keep_their_format_and_ring_nowhere(number: str) -> None:
    masked = MASK.phone(number)
    assert re.sub(r"\d", "0", masked) == re.sub(r"\d", "0", number)
    assert re.search(r"55501\d\d$", re.sub(r"\D", "", masked))
    assert MASK.phone(number) == masked
    assert re.fullmatch(r"\d{4}", MASK.phone("1234"))
    assert MASK.phone("none") == "none"


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("Jane", "Aa"),
        ("JANE", "AA"),
        ("jane", "aa"),
        ("Jane Mary", "Aa Aa"),
        ("Smith-Jones", "Aa-Aa"),
        ("J.", "A."),
        ("O'Neil", "Aa"),
        ("小明", "Aa"),
    ],
)
def test_names_keep_their_words_and_capitals(name: str, shape: str) -> None:
    def told(text: str) -> str:
        return re.sub(
            "[A-Z]{2,}", "AA", re.sub("[a-z]{2,}", "aa", re.sub("[A-Z][a-z]+", "Aa", re.sub("[A-Z][.]", "A.", text)))
        )

    masked = MASK.given_name(name)
    assert told(masked) == shape
    assert masked.casefold() != name.casefold()


def test_a_name_is_the_same_in_all_fields() -> None:
    person = MASKED.record(
        user(given_name="Jane", preferred_first_name="JANE", family_name="Doe", preferred_last_name="Doe-Smith")
    )
    assert person.preferred_first_name == str(person.given_name).upper()
    assert str(person.preferred_last_name).startswith(f"{person.family_name}-")


def test_names_of_the_sandbox_are_none_of_the_masks() -> None:
    """So that a test, or somebody who looks at the demo, can tell one from the other."""
    assert not {*GIVEN, *FAMILY} & {*sandbox_names.GIVEN, *sandbox_names.FAMILY}


def test_a_teachers_name_in_a_title_is_the_one_that_the_teacher_has() -> None:
    teacher = MASK.family_name("Okonski")
    assert MASK.title("Ms Okonski Period 2") == f"Ms {teacher} Period 2"
    assert MASK.title("OKONSKI's Homeroom (7B)") == f"{teacher.upper()}'s Homeroom (7B)"
    for kept in ("Biology 10 - B", "Mathematics (High)", "AP World History P3", "Quiz 12"):
        assert MASK.title(kept) == kept
    for name in ("Ng", "王", "Łuk"):
        assert name not in MASK.title(f"{name} 2")


# ---------------------------------------------------------------- who is who

PEOPLE = [
    user("a", username="jdoe", user_ids=(UserId(identifier="1", type="LDAP"),)),
    user("b", username="JDoe"),
    user("c", username="other", user_ids=(UserId(identifier="1", type="LDAP"), UserId(identifier="9", type="SIS"))),
    user("d", user_master_identifier="m1", username="jdoe"),
    user("e", user_master_identifier="m1"),
    user("f", user_master_identifier="M1", username="JDOE"),
    user("g", former_sourced_ids=("a", "x")),
    user("h", username="łukasz"),
    user("i", username="ŁUKASZ"),
    user("j", user_ids=(UserId(identifier="9", type="LDAP"),)),
]


def test_whoever_is_the_same_person_still_is_and_nobody_else() -> None:
    for one in PEOPLE:
        for other in PEOPLE:
            assert same_person(MASKED.record(one), MASKED.record(other)) is same_person(one, other)


# ---------------------------------------------------------------- conditions


def enrollment(n: int) -> Enrollment:
    return Enrollment(
        FROM,
        f"e{n}",
        RecordStatus.ACTIVE if n % 3 else RecordStatus.TOBEDELETED,
        user_id=f"u{n % 4}",
        class_id=f"c{n % 5}" if n % 7 else None,
        begin_date=f"2025-0{1 + n % 9}-01",
    )


def person(n: int) -> User:
    roles = tuple(RoleAssignment(role=UserRole.TEACHER, org_id=f"o{each}") for each in range(n % 3))
    return user(
        f"u{n}",
        given_name=f"Name{n}" if n % 2 else None,
        username=f"n{n}",
        roles=roles,
        grades=("0" + str(n % 4),),
        agent_ids=tuple(f"u{n + each}" for each in range(n % 3)),
        metadata=b'{"a": "1"}',
    )


RECORDS: dict[type[Record], list[Any]] = {
    Enrollment: [enrollment(n) for n in range(40)],
    User: [person(n) for n in range(12)],
}
FIELDS: dict[type[Record], tuple[list[str], ...]] = {
    Enrollment: (["sourced_id", "user_id", "class_id"], ["status", "begin_date"], []),
    User: (
        ["sourced_id", "agent_ids", "org_ids", "roles.org_id"],
        ["status", "grades", "roles.role", "role"],
        ["given_name", "username", "~username", "metadata.a"],
    ),
}
IDS = [f"{kind}{n}" for kind in "uceo" for n in range(6)]
WORDS = ["ACTIVE", "TEACHER", "2025-05-01", "01", "Name3", "n3", "1", "unknown"]
EVERY_WORD = [*WORDS, *IDS, *map(MASK.id, IDS)]


def leaves(kind: type[Record]) -> st.SearchStrategy[Predicate]:
    field = st.sampled_from([name for group in FIELDS[kind] for name in group])
    word = st.sampled_from(EVERY_WORD)
    return st.one_of(
        st.builds(Compare, field, st.sampled_from(list(Op)), word),
        st.builds(AnyOf, field, st.frozensets(word, max_size=3)),
        st.builds(Folded, field, word, st.booleans()),
        st.builds(IsNull, field),
        st.builds(Count, field.filter(lambda f: "~" not in f), st.sampled_from([Op.EQ, Op.GT]), st.integers(0, 2)),
    )


def predicates(kind: type[Record]) -> st.SearchStrategy[Predicate]:
    some = st.builds(
        Some,
        st.just("roles"),
        st.none() | st.builds(equals, st.just("org_id"), st.sampled_from(EVERY_WORD)),
        st.sampled_from([Op.EQ, Op.GE]),
        st.integers(0, 2),
    )
    return st.recursive(
        leaves(kind) | some if kind is User else leaves(kind),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        ),
        max_leaves=6,
    )


@pytest.mark.parametrize("kind", list(RECORDS), ids=lambda kind: kind.__name__)
@settings(deadline=None, max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_condition_keeps_the_records_whose_masked_copies_satisfy_it(kind: type[Record], data: st.DataObject) -> None:
    where = data.draw(predicates(kind))
    records = RECORDS[kind]
    put = real(where, kind, MASK)
    kept = {r.sourced_id for r in records if compile_test(put.where)(r)}
    shown = {r.sourced_id for r in records if compile_test(where)(MASKED.record(r))}
    assert kept == shown if put.exact else kept >= shown


def test_conditions_on_ids_and_on_what_is_kept_are_put_to_the_source_and_no_others() -> None:
    mine = equals("user_id", MASK.id("u1"))
    assert real(mine, Enrollment, MASK) == (equals("user_id", "u1"), True)
    assert real(equals("user_id", "u1"), Enrollment, MASK) == (NOTHING, True)
    assert real(Compare("sourced_id", Op.GT, "u1"), User, MASK) == (None, False)
    secret = equals("given_name", "Name3")
    assert real(And((secret, among("role", ["TEACHER"]))), User, MASK) == (equals("role", "TEACHER"), False)
    assert real(Or((secret, equals("role", "TEACHER"))), User, MASK) == (None, False)
    assert real(IsNull("given_name"), User, MASK) == (None, False)
    assert real(equals("identifier", "4711"), Org, MASK) == (None, False)
