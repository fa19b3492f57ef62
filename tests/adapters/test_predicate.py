"""What a predicate holds for, beyond single fields: numbers of values, elements of lists, what a source adds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dialect import Op
from adapters.gradebook import Result
from adapters.predicate import (
    And,
    AnyOf,
    Compare,
    Count,
    Folded,
    IsNull,
    Not,
    Open,
    Predicate,
    Some,
    compile_columns,
    compile_test,
    equals,
    folded,
)
from adapters.records import Provenance, Record, RecordStatus, RoleAssignment, User, UserRole


def person(*roles: tuple[UserRole, str], metadata: bytes | None = None) -> User:
    return User(
        provenance=Provenance("a"),
        sourced_id="1",
        status=RecordStatus.ACTIVE,
        roles=tuple(RoleAssignment(role=role, org_id=org) for role, org in roles),
        metadata=metadata,
    )


def holds(where: Predicate, record: Record) -> bool:
    return compile_test(where)(record)


TEACHES = person((UserRole.TEACHER, "x"), (UserRole.PARENT, "y"), (UserRole.TEACHER, "y"))


def test_values_are_counted_each_organisation_once() -> None:
    assert [holds(Count("org_ids", Op.EQ, n), TEACHES) for n in range(4)] == [False, False, True, False]
    assert holds(Count("org_ids", Op.EQ, 0), person())
    assert holds(Count("org_ids", Op.NE, 1), person())
    assert holds(Count("grades", Op.LT, 1), TEACHES)


def test_conditions_hold_of_one_and_the_same_element() -> None:
    teacher, at_x = equals("role", "TEACHER"), equals("org_id", "x")
    parent_at_x = And((equals("role", "PARENT"), at_x))
    assert holds(Some("roles", And((teacher, at_x))), TEACHES)
    assert not holds(Some("roles", parent_at_x), TEACHES)
    assert holds(Some("roles", teacher, Op.EQ, 2), TEACHES)
    assert holds(Some("roles", parent_at_x, Op.EQ, 0), TEACHES)
    assert not holds(Some("roles", teacher), person())


METADATA = (
    b'{"ic.counselor.email": "Kim@district.example", "flags": ["a", "b"], "room": 12, "boarder": true, "note": null}'
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (equals("metadata.ic.counselor.email", "Kim@district.example"), True),
        (equals("metadata.ic.counselor.email", "kim@district.example"), False),
        (Folded("metadata.ic.counselor.email", "kim@district.example"), True),
        (equals(folded("metadata.ic.counselor.email"), "kim@district.example"), True),
        (equals(folded("metadata.ic.counselor.email"), "Kim@district.example"), False),
        (AnyOf(folded("metadata.flags"), frozenset({"a"})), True),
        (AnyOf("metadata.flags", frozenset({"b", "c"})), True),
        (equals("metadata.room", "12"), True),
        (equals("metadata.boarder", "true"), True),
        (IsNull("metadata.note"), True),
        (IsNull("metadata.absent"), True),
        (IsNull("metadata.room"), False),
        (Compare("metadata.absent", Op.NE, "x"), True),
    ],
)
def test_what_a_source_adds_is_asked_about_by_its_name(where: Predicate, expected: bool) -> None:
    assert holds(where, person(metadata=METADATA)) is expected


def test_a_record_without_metadata_has_no_value_there() -> None:
    assert holds(IsNull("metadata.room"), person())


def test_metadata_that_is_no_object_has_no_members() -> None:
    assert holds(IsNull("metadata.room"), person(metadata=b"[1]"))


def test_what_is_left_open_is_not_tested() -> None:
    with pytest.raises(TypeError, match="nobody has replaced"):
        compile_test(Open("whether it rains"))


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.GT, "10", False),
        (Op.LT, "10", True),
        (Op.GE, "9", True),
        (Op.LE, "8.75", False),
        (Op.EQ, "9.0", True),
        (Op.NE, "9.0", False),
    ],
)
def test_a_number_comes_before_a_larger_one(op: Op, value: str, expected: bool) -> None:
    nine = Result(provenance=Provenance("a"), sourced_id="1", status=RecordStatus.ACTIVE, score=9.0)
    assert holds(Compare("score", op, value), nine) is expected
    none = Result(provenance=Provenance("a"), sourced_id="1", status=RecordStatus.ACTIVE)
    assert holds(Compare("score", op, value), none) is (op is Op.NE)


def test_digits_that_are_a_name_are_compared_as_text() -> None:
    assert holds(Compare("sourced_id", Op.GT, "05"), person())


WORDS = st.sampled_from(["ACTIVE", "UNKNOWN", "STUDENT", "TEACHER", "Ada", "ada", "true", "false", "s1", "s2", ""])
FIELDS = st.sampled_from(
    ["status", "given_name", "enabled_user", "org_ids", "role", "sourced_id", "roles.role", folded("given_name")]
)
CONDITIONS: st.SearchStrategy[Predicate] = st.recursive(
    st.builds(Compare, FIELDS, st.sampled_from(Op), WORDS)
    | st.builds(AnyOf, FIELDS, st.frozensets(WORDS, max_size=8))
    | st.builds(IsNull, FIELDS),
    lambda parts: st.builds(Not, parts) | st.builds(And, st.lists(parts, max_size=3).map(tuple)),
    max_leaves=5,
)
PEOPLE = st.builds(
    User,
    provenance=st.just(Provenance("a")),
    sourced_id=st.sampled_from(["s1", "s2"]),
    status=st.sampled_from(RecordStatus),
    given_name=st.sampled_from([None, "Ada", "ada", "STUDENT"]),
    enabled_user=st.sampled_from([None, True, False]),
    roles=st.lists(
        st.builds(
            RoleAssignment,
            role=st.sampled_from([UserRole.STUDENT, UserRole.TEACHER]),
            org_id=st.sampled_from(["s1", "s2"]),
        ),
        max_size=2,
    ).map(tuple),
)


@given(CONDITIONS, st.lists(PEOPLE, max_size=6))
def test_a_predicate_holds_of_many_at_once_as_of_each(where: Predicate, people: list[User]) -> None:
    assert compile_columns(where)(people) == [compile_test(where)(person) for person in people]


@pytest.mark.parametrize("field", ["sourced_id", "given_name", "status"])
def test_of_many_records_values_that_are_many_and_values_that_are_few_are_compared_alike(field: str) -> None:
    people = [
        User(
            provenance=Provenance("a"),
            sourced_id=f"s{n}",
            status=RecordStatus.ACTIVE if n < 60 else RecordStatus.TOBEDELETED,
            given_name=None if n % 3 else f"s{n % 9}",
        )
        for n in range(200)
    ]
    for where in (AnyOf(field, frozenset({"s3", "s70", "ACTIVE"})), AnyOf(field, frozenset({"nobody"}))):
        assert compile_columns(where)(people) == [compile_test(where)(person) for person in people]


@pytest.mark.parametrize("op", [Op.GT, Op.GE, Op.LT, Op.LE])
@pytest.mark.parametrize("value", ["s1", "s11", "9", ""])
@pytest.mark.parametrize("field", ["sourced_id", "given_name", "status"])
def test_of_many_records_an_order_holds_as_of_each(op: Op, value: str, field: str) -> None:
    people = [
        User(Provenance("a"), f"s{n}", RecordStatus.ACTIVE, given_name=None if n % 2 else f"{n}") for n in range(20)
    ]
    where = Compare(field, op, value)
    expected = [compile_test(where)(person) for person in people]
    assert compile_columns(where)(people) == expected
    assert compile_columns(where)([]) == []
    if field == "sourced_id" and value == "s11":
        assert set(expected) == {True, False}
