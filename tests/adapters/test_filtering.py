import dataclasses
import re
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.addresses import encoded
from adapters.dialect import BASE_PATH, AbsentStatus, Dialect, FilterLevel, Op, Version
from adapters.endpoints import Collection
from adapters.filter_text import Clause, parse
from adapters.lowering import Pushed, batches, pushdown
from adapters.predicate import And, AnyOf, Compare, Folded, IsNull, Not, Or, Predicate, equals, folded

V1P1 = Dialect(name="n", version=Version.V1P1, title="N", docs="d", base_path=BASE_PATH[Version.V1P1])
V1P2 = dataclasses.replace(V1P1, version=Version.V1P2, base_path=BASE_PATH[Version.V1P2])

USERS, CLASSES, ENROLLMENTS, ORGS = Collection.USERS, Collection.CLASSES, Collection.ENROLLMENTS, Collection.ORGS
ACTIVE = equals("status", "ACTIVE")
NAME = equals("family_name", "Smith")
ROLE = equals("role", "STUDENT")
IN_CLASS = equals("class_id", "c1")


def can(dialect: Dialect = V1P1, /, **measured: Any) -> Dialect:
    return dialect.with_capabilities(**measured)


@pytest.mark.parametrize(
    ("dialect", "collection", "where", "text"),
    [
        (V1P1, USERS, equals("sourced_id", "u1"), "sourcedId='u1'"),
        (V1P1, USERS, equals("roles.role", "STUDENT"), "role='student'"),
        (V1P2, USERS, equals("roles.role", "STUDENT"), "roles.role='student'"),
        (V1P1, ENROLLMENTS, IN_CLASS, "class.sourcedId='c1'"),
        (V1P1, USERS, ACTIVE, "status='active'"),
        (V1P1, USERS, Compare("status", Op.NE, "TOBEDELETED"), "status!='tobedeleted'"),
        (
            V1P1,
            USERS,
            Compare("date_last_modified", Op.GE, "2026-01-31T00:00:00.000Z"),
            "dateLastModified>='2026-01-31T00:00:00.000Z'",
        ),
        # times that are finer at the source than here are neither kept back nor sent in vain
        (
            V1P1,
            USERS,
            Compare("date_last_modified", Op.LE, "2026-01-31T23:59:59.999Z"),
            "dateLastModified<'2026-02-01T00:00:00.000Z'",
        ),
        (
            V1P1,
            USERS,
            Compare("date_last_modified", Op.GT, "2026-01-31T00:00:00.000Z"),
            "dateLastModified>='2026-01-31T00:00:00.001Z'",
        ),
        (V1P1, ENROLLMENTS, Compare("begin_date", Op.LE, "2026-02-28"), "beginDate<'2026-03-01'"),
        (V1P1, ENROLLMENTS, Compare("begin_date", Op.LT, "2026-02-28"), "beginDate<'2026-02-28'"),
        (V1P1, USERS, And((NAME, equals("given_name", "Ann"))), "familyName='Smith' AND givenName='Ann'"),
        (
            dataclasses.replace(V1P1, and_word="and"),
            ENROLLMENTS,
            And((IN_CLASS, ROLE)),
            "class.sourcedId='c1' and role='student'",
        ),
        (
            dataclasses.replace(V1P2, former_id_metadata="ic.legacysourceId"),
            USERS,
            equals("former_sourced_ids", "70412"),
            "metadata.ic.legacysourceId='70412'",
        ),
        (V1P1, ORGS, AnyOf("sourced_id", frozenset("ab")), "sourcedId='a' OR sourcedId='b'"),
        (V1P1, ORGS, AnyOf("sourced_id", frozenset("a")), "sourcedId='a'"),
        (V1P1, ORGS, Or((equals("name", "a"), equals("identifier", "b"))), "name='a' OR identifier='b'"),
        (can(in_operator=True), ORGS, AnyOf("sourced_id", frozenset("abc")), "sourcedId@'a,b,c'"),
        (
            can(filter_clauses=3),
            ORGS,
            AnyOf("sourced_id", frozenset("abc")),
            "sourcedId='a' OR sourcedId='b' OR sourcedId='c'",
        ),
        (V1P1, USERS, Compare("phone", Op.CONTAINS, "555"), "phone~'555'"),
        (can(in_operator=True), ORGS, AnyOf("sourced_id", frozenset({"a", "b,c"})), "sourcedId='a' OR sourcedId='b,c'"),
    ],
)
def test_a_predicate_is_sent_whole_in_the_words_of_the_dialect(
    dialect: Dialect, collection: Collection, where: Predicate, text: str
) -> None:
    pushed = pushdown(dialect, collection, where)
    assert (pushed.text, pushed.exact) == (text, True)


def test_no_predicate_is_no_filter_and_exact() -> None:
    pushed = pushdown(V1P1, USERS, None)
    assert (pushed.text, pushed.exact) == (None, True)


@pytest.mark.parametrize(
    ("dialect", "collection", "where", "text"),
    [
        # the most selective first, status last
        (V1P1, ENROLLMENTS, And((ACTIVE, ROLE, IN_CLASS)), "class.sourcedId='c1' AND role='student'"),
        (can(filter_clauses=1), ENROLLMENTS, And((ACTIVE, ROLE, IN_CLASS)), "class.sourcedId='c1'"),
        # alternatives stand alone
        (V1P1, ORGS, And((ACTIVE, AnyOf("sourced_id", frozenset("ab")))), "sourcedId='a' OR sourcedId='b'"),
        (V1P1, USERS, And((equals("sourced_id", "u"), AnyOf("family_name", frozenset("ab")))), "sourcedId='u'"),
        (
            can(in_operator=True),
            ORGS,
            And((ACTIVE, AnyOf("sourced_id", frozenset("ab")), equals("name", "x"))),
            "sourcedId@'a,b' AND name='x'",
        ),
        (can(or_filters=False), ORGS, AnyOf("sourced_id", frozenset("ab")), None),
        (V1P1, ORGS, AnyOf("sourced_id", frozenset("abc")), None),
        (V1P1, ORGS, AnyOf("sourced_id", frozenset()), None),
        # what the dialect cannot take
        (can(filter_level=FilterLevel.NONE), ORGS, ACTIVE, None),
        (can(filter_level=FilterLevel.STATUS), USERS, And((NAME, ACTIVE)), "status='active'"),
        (
            can(filter_level=FilterLevel.STATUS),
            USERS,
            And((ACTIVE, Compare("status", Op.NE, "TOBEDELETED"))),
            "status='active'",
        ),
        (can(dotted_filters=False), ENROLLMENTS, And((IN_CLASS, ROLE)), "role='student'"),
        (can(dotted_filters=frozenset({"school.sourcedId"})), ENROLLMENTS, IN_CLASS, None),
        (can(filter_operators=frozenset({Op.EQ})), USERS, Compare("status", Op.NE, "TOBEDELETED"), None),
        (can(unfilterable={"users": frozenset({"role"})}), USERS, equals("roles.role", "STUDENT"), None),
        (can(unfilterable={"users": frozenset({"*"})}), USERS, ACTIVE, None),
        (V1P1, USERS, equals("primary_org_id", "o"), None),  # 1.1 has no such field
        # where servers may read otherwise than we do
        (V1P1, USERS, equals("grades", "09"), None),
        (V1P1, CLASSES, AnyOf("subject_codes", frozenset({"1", "2"})), None),
        (V1P1, CLASSES, Compare("periods", Op.CONTAINS, "3"), None),
        (V1P1, Collection.RESOURCES, equals("roles", "STUDENT"), None),
        (can(filter_operators=frozenset(Op) - {Op.LT}), ENROLLMENTS, Compare("begin_date", Op.LE, "2026-02-28"), None),
        (V1P1, USERS, equals("roles.role", "OTHER"), None),
        (V1P1, USERS, equals("status", "TOBEDELETED"), None),
        (V1P1, USERS, equals("status", "UNKNOWN"), None),
        (can(absent_status=AbsentStatus.ACTIVE), USERS, ACTIVE, None),
        (V1P1, USERS, Compare("email", Op.NE, "a@b.example"), None),
        (V1P1, USERS, Compare("family_name", Op.GT, "M"), None),
        (V1P1, USERS, Compare("family_name", Op.CONTAINS, "smi"), None),
        (V1P1, USERS, Folded("email", "a@b.example"), None),
        (V1P1, USERS, equals(folded("email"), "a@b.example"), None),
        (V1P1, USERS, IsNull("email"), None),
        (V1P1, USERS, Not(NAME), None),
        (V1P1, USERS, Or((NAME, IsNull("email"))), None),
        # what cannot be quoted
        (V1P1, USERS, equals("family_name", "O'Neil"), None),
        (V1P1, USERS, equals("family_name", 'a"b'), None),
        (V1P1, USERS, equals("family_name", "a\\"), None),
        (V1P1, USERS, equals("family_name", "a\nb"), None),
        (V1P1, USERS, equals("family_name", "x OR sourcedId"), None),
        (V1P1, CLASSES, equals("title", "Art and Design"), None),
        (V1P1, USERS, equals("family_name", ""), None),
        (V1P1, USERS, equals("family_name", "x" * 251), None),
    ],
)
def test_what_may_not_be_sent_is_left_out_and_the_answer_is_not_exact(
    dialect: Dialect, collection: Collection, where: Predicate, text: str | None
) -> None:
    pushed = pushdown(dialect, collection, where)
    assert (pushed.text, pushed.exact) == (text, False)


def test_a_filter_takes_no_more_room_than_there_is() -> None:
    where = And((IN_CLASS, ROLE))
    whole = len(encoded("class.sourcedId='c1' AND role='student'"))
    assert pushdown(V1P1, ENROLLMENTS, where, room=whole).exact
    assert pushdown(V1P1, ENROLLMENTS, where, room=whole - 1).text == "class.sourcedId='c1'"
    assert pushdown(V1P1, ENROLLMENTS, where, room=5).text is None


@given(st.text(max_size=40), st.sampled_from([V1P1, can(in_operator=True), can(filter_clauses=20)]))
def test_a_value_of_any_text_is_one_literal_or_is_not_sent(value: str, dialect: Dialect) -> None:
    where = And((AnyOf("family_name", frozenset({value, "x"})), ACTIVE))
    text = pushdown(dialect, USERS, where).text
    assert text is not None
    read: list[Clause] = []

    def keep(clause: Clause) -> Compare:
        read.append(clause)
        return equals(clause.field, clause.value)

    parse(text.replace("familyName@'", "familyName='", 1), keep)
    assert {c.field for c in read} in ({"familyName"}, {"status"}, {"familyName", "status"})
    assert {c.value for c in read} <= {value, "x", "active", *(f"{a},{b}" for a in (value, "x") for b in (value, "x"))}


@pytest.mark.parametrize(
    ("dialect", "sizes"),
    [
        (V1P1, [2, 2, 1]),
        (can(or_filters=False), [1, 1, 1, 1, 1]),
        (can(filter_clauses=20), [5]),
        (can(filter_clauses=3), [3, 2]),
        (can(in_operator=True), [5]),
        (can(filter_clauses=20, max_url=100 + len(encoded("sourcedId='u1' OR sourcedId='u1'"))), [2, 2, 1]),
    ],
)
def test_ids_are_split_over_as_few_requests_as_the_dialect_allows(dialect: Dialect, sizes: list[int]) -> None:
    ids = ["u1", "u2", "u3", "u1", "u4", "u5"]
    found = batches(dialect, USERS, "sourced_id", ids, 100)
    assert found is not None
    assert [len(b) for b in found] == sizes
    assert [i for b in found for i in b] == ["u1", "u2", "u3", "u4", "u5"]


@pytest.mark.parametrize(
    ("dialect", "values"),
    [
        (can(filter_level=FilterLevel.STATUS), ["u1"]),
        (can(filter_operators=frozenset({Op.GT})), ["u1"]),
        (V1P1, ["u1", "o'neil"]),
        (can(max_url=110), ["u1"]),
    ],
)
def test_ids_that_cannot_all_be_asked_for_are_not_split(dialect: Dialect, values: list[str]) -> None:
    assert batches(dialect, USERS, "sourced_id", values, 100) is None


def test_no_ids_are_no_requests() -> None:
    assert batches(V1P1, USERS, "sourced_id", [], 0) == []


@given(
    st.lists(st.text("ab,+/ é1", min_size=1, max_size=60), max_size=60),
    st.sampled_from([V1P1, can(in_operator=True), can(filter_clauses=20), can(filter_clauses=100, max_url=900)]),
)
def test_every_batch_can_be_sent_whole_and_fits_its_url(values: list[str], dialect: Dialect) -> None:
    found = batches(dialect, USERS, "sourced_id", values, 200)
    if found is None:
        return
    assert sorted(v for b in found for v in b) == sorted(set(values))
    room = dialect.capabilities.max_url - 200
    for batch in found:
        pushed = pushdown(dialect, USERS, AnyOf("sourced_id", frozenset(batch)), room=room)
        assert pushed.exact
        assert pushed.text is not None
        assert len(encoded(pushed.text)) <= room
        assert re.search(r"['@]", pushed.text)
    for batch, following in pairwise(found):
        longer = AnyOf("sourced_id", frozenset((*batch, following[0])))
        assert pushdown(dialect, USERS, longer, room=room).text is None, "a batch that could have taken one more"


def calls(work: Callable[[], object]) -> Counter[str]:
    """How often each Python function was called, by name."""
    counted: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            counted[frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.parametrize("dialect", [V1P1, can(filter_clauses=100, max_url=8000), can(in_operator=True)])
def test_to_split_ids_takes_a_few_steps_for_each_and_makes_no_text(dialect: Dialect) -> None:
    ids = [f"{n:08x}-0000-4000-8000-00000000beef" for n in range(5000)]
    few, many = (calls(partial(batches, dialect, USERS, "sourced_id", ids[:n], 200)) for n in (500, 5000))
    assert many.total() <= 10 * few.total()
    assert many.total() <= 6 * len(ids)
    assert not many.keys() & {"join", "__str__", "alternatives", "any_of"}
    assert many["encoded"] < 10


@pytest.mark.parametrize("dialect", [V1P1, can(filter_clauses=100, max_url=8000), can(in_operator=True)])
def test_the_text_of_a_filter_is_made_once(dialect: Dialect) -> None:
    ids = frozenset(f"{n:08x}-0000-4000-8000-00000000beef" for n in range(2))
    counted = calls(lambda: pushdown(dialect, USERS, AnyOf("sourced_id", ids), room=1500))
    assert counted["join"] == 1


def test_what_lies_behind_an_id_is_asked_for_first_and_with_what_else_may_be_sent() -> None:
    assert pushdown(V1P1, USERS, None, after="u1") == Pushed("sourcedId>'u1'", exact=True)
    assert pushdown(V1P1, USERS, ACTIVE, after="u1") == Pushed("sourcedId>'u1' AND status='active'", exact=True)
    assert pushdown(V1P1, USERS, And((ACTIVE, NAME)), after="u1").exact is False
    assert pushdown(V1P1, USERS, Or((NAME, equals("family_name", "Jones"))), after="u1") == Pushed(
        "sourcedId>'u1'", exact=False
    )


@pytest.mark.parametrize(
    "dialect",
    [
        can(filter_operators=frozenset({Op.EQ})),
        can(filter_level=FilterLevel.NONE),
        can(filter_level=FilterLevel.STATUS),
        can(unfilterable={"users": frozenset({"sourcedId"})}),
    ],
)
def test_nothing_is_sent_where_an_id_cannot_be_compared(dialect: Dialect) -> None:
    assert pushdown(dialect, USERS, ACTIVE, after="u1") == Pushed(None, exact=False)


@pytest.mark.parametrize(("after", "room"), [("u'1", None), ("", None), ("u1", 10)])
def test_nothing_is_sent_where_the_id_cannot_be(after: str, room: int | None) -> None:
    assert pushdown(V1P1, USERS, None, after=after, room=room) == Pushed(None, exact=False)
