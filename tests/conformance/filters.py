"""Filters: what is claimed works in one request and is exact; what is not claimed is not sent, and the answer is right
all the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapters.client import PageRequest
from adapters.dialect import Dialect, FilterLevel, Op
from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.filtering import sendable
from adapters.normalise import names
from adapters.predicate import And, AnyOf, Compare, Or, Predicate, compile_test, equals, texts
from adapters.records import Record
from conformance.subjects import (
    Case,
    Server,
    Subject,
    data_requests,
    everything,
    needs,
    only,
    plain,
    sent_filters,
)
from gateway.sandbox.filters import values_at


async def _agrees(
    subject: Subject, collection: Collection, where: Predicate, *, server: Server | None = None, **claims: Any
) -> bool:
    """Whether the server can do `where` at all, told by a client that claims so; and the client under test agrees.

    Its answer is right in any case, it is exact in one request if the server can, and it sends nothing if not.
    """
    server = server or subject.server
    expected = await _expected(subject, server, collection, where)
    can = await _can(subject, server, collection, where, expected, claims)
    server.reset()
    page = await subject.client(server).page(PageRequest(collection.value, where=where))
    assert _ids(page.records) == expected
    assert len(data_requests(server)) == 1
    assert page.exact is can, f"the server {'can' if can else 'cannot'} do {where}"
    return can


async def _can(
    subject: Subject,
    server: Server,
    collection: Collection,
    where: Predicate,
    expected: list[str],
    claims: dict[str, Any],
) -> bool:
    client = subject.claiming(server, **subject.claims_every_filter(**claims))
    try:
        page = await client.page(PageRequest(collection.value, where=where))
    except SourceError:
        return False
    return page.exact and _ids(page.records) == expected


async def _expected(subject: Subject, server: Server, collection: Collection, where: Predicate) -> list[str]:
    found = await everything(subject.client(server, subject.known), collection.value)
    expected = _ids(filter(compile_test(where), found))
    assert len(expected) < len(found), "a filter that keeps everything shows nothing"
    return expected


def _ids(records: Iterable[Record]) -> list[str]:
    return sorted(r.sourced_id for r in records)


async def _some(subject: Subject, collection: Collection) -> list[Record]:
    return await everything(subject.client(subject.server, subject.known), collection.value)


def _operator(op: Op) -> Case:
    async def case(subject: Subject) -> None:
        collection = Collection.USERS
        if op in (Op.EQ, Op.NE):
            where = Compare("sourced_id", op, (await _some(subject, collection))[5].sourced_id)
        elif op is Op.CONTAINS:
            where = Compare("identifier", op, "1")
        else:
            collection = Collection.ENROLLMENTS  # every one of them has a date
            stamps = sorted(r.date_last_modified or "" for r in await _some(subject, collection))
            where = Compare("date_last_modified", op, stamps[len(stamps) // 2])
        can = await _agrees(subject, collection, where)
        assert bool(sent_filters(subject.server)) is can

    case.__name__ = f"operator_{op.name}_is_sent_where_the_server_honours_it"
    return case


def _status(collection: Collection) -> Case:
    @needs(collection.value)
    async def case(subject: Subject) -> None:
        for where in (equals("status", "ACTIVE"), Compare("status", Op.NE, "TOBEDELETED")):
            server = subject.server
            found = await _some(subject, collection)
            if all(map(compile_test(where), found)):
                continue  # it publishes no deleted ones
            can = await _agrees(subject, collection, where, filter_level=FilterLevel.STATUS)
            spelled_alike = {r.status_raw for r in found} <= {"active", "tobedeleted", None}
            assert bool(sent_filters(server)) is can or not spelled_alike

    case.__name__ = f"{collection}_are_filtered_by_status_where_the_server_does"
    return case


def _field(collection: Collection) -> Case:
    @needs(collection.value)
    async def case(subject: Subject) -> None:
        found = await _some(subject, collection)
        for field in _PLAIN[collection]:
            value = _telling(found, field)
            if value is None or not _published_as(subject, collection, field, value):
                continue
            can = await _agrees(subject, collection, equals(field, value))
            assert bool(sent_filters(subject.server)) is can

    case.__name__ = f"{collection}_are_filtered_by_the_fields_that_the_server_takes"
    return case


def _reference(collection: Collection) -> Case:
    @needs(collection.value)
    async def case(subject: Subject) -> None:
        found = await _some(subject, collection)
        for field in _DOTTED[collection]:
            wire = names.wire_field(collection, field, subject.known.version)
            if wire is None or "." not in wire or not any(any(texts(record, field)) for record in found):
                continue
            value = _telling(found, field) or "nobody"  # all may share one, such as the one school of a token
            can = await _agrees(subject, collection, equals(field, value))
            assert bool(sent_filters(subject.server)) is can

    case.__name__ = f"{collection}_are_filtered_by_the_references_that_the_server_takes"
    return case


def _published_as(subject: Subject, collection: Collection, field: str, value: str) -> bool:
    """Whether the server knows the value as it sends it: Xporter's sandbox filters grades before it shortens them."""
    wire = names.wire_field(collection, field, subject.known.version)
    word = names.wire_value(collection, field, value)
    return wire is not None and any(
        word in values_at(row, [wire]) for row in plain(subject.server, collection).values()
    )


def _telling(found: list[Record], field: str) -> str | None:
    """A value that some records have and others lack, and that the wire can name."""
    for record in found:
        for value in texts(record, field):
            where = compile_test(equals(field, value))
            if not all(map(where, found)) and value not in ("OTHER", "UNKNOWN") and "'" not in value:
                return value
    return None


_PLAIN: dict[Collection, tuple[str, ...]] = {
    Collection.ORGS: ("name", "type", "identifier"),
    Collection.ACADEMIC_SESSIONS: ("title", "start_date", "type"),
    Collection.COURSES: ("title", "course_code", "grades", "subjects", "subject_codes"),
    Collection.CLASSES: ("class_code", "class_type", "location", "grades", "subjects", "subject_codes", "periods"),
    Collection.USERS: (
        *("username", "given_name", "family_name", "middle_name", "identifier", "email", "sms", "phone", "grades"),
        *("pronouns", "user_master_identifier", "enabled_user"),
    ),
    Collection.ENROLLMENTS: ("role", "begin_date"),
    Collection.DEMOGRAPHICS: ("sex", "white", "city_of_birth", "public_school_residence_status"),
    Collection.CATEGORIES: ("title",),
    Collection.LINE_ITEMS: ("title", "description", "assign_date", "due_date", "result_value_max"),
    Collection.RESULTS: ("score_status", "score", "score_date", "comment", "late", "missing", "text_score"),
    Collection.SCORE_SCALES: ("title",),
    Collection.ASSESSMENT_LINE_ITEMS: ("title", "description"),
    Collection.ASSESSMENT_RESULTS: ("score_status", "score_date", "text_score", "late"),
    Collection.RESOURCES: ("title", "roles", "importance", "vendor_resource_id", "vendor_id", "application_id"),
}
_DOTTED: dict[Collection, tuple[str, ...]] = {
    Collection.ORGS: ("parent_id", "children_ids"),
    Collection.ACADEMIC_SESSIONS: ("parent_id", "children_ids"),
    Collection.COURSES: ("org_id", "school_year_id"),
    Collection.CLASSES: ("course_id", "school_id", "term_ids"),
    Collection.USERS: ("roles.role", "roles.org_id", "primary_org_id", "agent_ids"),
    Collection.ENROLLMENTS: ("user_id", "class_id", "school_id"),
    Collection.DEMOGRAPHICS: (),
    Collection.CATEGORIES: (),
    Collection.LINE_ITEMS: ("class_id", "school_id", "category_id", "grading_period_id", "score_scale_id"),
    Collection.RESULTS: ("line_item_id", "student_id", "class_id", "score_scale_id"),
    Collection.SCORE_SCALES: ("class_id", "course_id"),
    Collection.ASSESSMENT_LINE_ITEMS: ("class_id", "parent_assessment_line_item_id", "score_scale_id"),
    Collection.ASSESSMENT_RESULTS: ("assessment_line_item_id", "student_id", "score_scale_id"),
    Collection.RESOURCES: (),
}


def _by_fields(dialect: Dialect) -> bool:
    return dialect.capabilities.filter_level is FilterLevel.FIELDS


def _by_several(dialect: Dialect) -> bool:
    return _by_fields(dialect) and dialect.capabilities.filter_clauses > 1


def _joins_ids(dialect: Dialect) -> bool:
    return _by_several(dialect) and dialect.capabilities.or_filters and not dialect.capabilities.in_operator


def _refuses_roles(dialect: Dialect) -> bool:
    return "roles.role" in dialect.capabilities.unfilterable.get("users", ())


@only(_by_fields)
async def as_many_clauses_are_sent_as_the_server_takes(subject: Subject) -> None:
    users = await _some(subject, Collection.USERS)
    most = subject.known.capabilities.filter_clauses
    for count in (most, most + 1):
        can = await _agrees(subject, Collection.USERS, _conjunction(users, count), filter_clauses=count)
        assert can is (count == most)


def _conjunction(users: list[Record], count: int) -> Predicate:
    """`count` equalities that hold for one user; further ones exclude ids, and need more than equality."""
    fields = ("given_name", "family_name", "username", "identifier")
    one = next(u for u in users if all(next(iter(texts(u, f)), None) for f in fields))
    parts: list[Predicate] = [equals(f, next(iter(texts(one, f)))) for f in fields]
    others = (u.sourced_id for u in users if u is not one)
    parts += [Compare("sourced_id", Op.NE, other) for other, _ in zip(others, range(count), strict=False)]
    return And(tuple(parts[:count])) if count > 1 else parts[0]


@only(_by_several)
async def alternatives_are_joined_where_the_server_takes_or(subject: Subject) -> None:
    users = await _some(subject, Collection.USERS)
    where = Or((equals("username", _telling(users, "username") or ""), equals("sourced_id", users[-1].sourced_id)))
    can = await _agrees(subject, Collection.USERS, where, or_filters=True)
    assert bool(sent_filters(subject.server)) is can


async def a_list_of_ids_is_one_clause_where_the_server_has_an_in_operator(subject: Subject) -> None:
    many = subject.known.capabilities.filter_clauses + 1
    users = [u.sourced_id for u in await _some(subject, Collection.USERS) if sendable(u.sourced_id)]
    where = AnyOf("sourced_id", frozenset(users[:many]))
    can = await _agrees(subject, Collection.USERS, where, in_operator=True, or_filters=False)
    assert bool(sent_filters(subject.server)) is can


@only(_joins_ids)
async def a_list_of_ids_is_joined_by_or_where_the_server_takes_that(subject: Subject) -> None:
    users = [u.sourced_id for u in await _some(subject, Collection.USERS) if sendable(u.sourced_id)]
    where = AnyOf("sourced_id", frozenset(users[: subject.known.capabilities.filter_clauses]))
    await _agrees(subject, Collection.USERS, where)


@only(_refuses_roles)
async def what_cannot_be_filtered_by_stays_so_when_settings_widen_the_rest(subject: Subject) -> None:
    """Roles of users: refused by some that take references at large."""
    server = subject.server
    widened = subject.dialect.with_capabilities(dotted_filters=True)
    where = equals("roles.role", "TEACHER")
    expected = await _expected(subject, server, Collection.USERS, where)
    page = await subject.client(server, widened).page(PageRequest("users", where=where))
    assert _ids(page.records) == expected


@only(_by_fields)
async def no_url_is_longer_than_servers_take(subject: Subject) -> None:
    """Two thousand bytes; long values are left out of the filter and looked for in what comes."""
    server = subject.new_server(max_url=2_000)
    client = subject.client(server)
    longest = "\N{BOOKS}" * 250  # 3,000 bytes percent-encoded
    for where in (
        equals("given_name", longest),
        And((equals("given_name", "é" * 240), equals("family_name", "é" * 240))),
    ):
        page = await client.page(PageRequest("users", where=where))
        assert page.records == ()


CASES: list[Case] = [
    *(_status(c) for c in Collection),
    *(_operator(op) for op in Op),
    *(_field(c) for c in Collection),
    *(_reference(c) for c in Collection if _DOTTED[c]),
    as_many_clauses_are_sent_as_the_server_takes,
    alternatives_are_joined_where_the_server_takes_or,
    a_list_of_ids_is_one_clause_where_the_server_has_an_in_operator,
    a_list_of_ids_is_joined_by_or_where_the_server_takes_that,
    what_cannot_be_filtered_by_stays_so_when_settings_widen_the_rest,
    no_url_is_longer_than_servers_take,
]
