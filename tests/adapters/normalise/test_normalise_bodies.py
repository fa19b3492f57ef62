"""Which bodies are pages and single records, and which are no answer, whatever their status said."""

import json
from typing import Any

import pytest

from adapters.endpoints import ENTITIES, Collection, Entity
from adapters.errors import Malformed, Truncated
from adapters.normalise import Normaliser

USERS, ORGS = ENTITIES[Collection.USERS], ENTITIES[Collection.ORGS]
SESSIONS, CLASSES = ENTITIES[Collection.ACADEMIC_SESSIONS], ENTITIES[Collection.CLASSES]
DEMOGRAPHICS = ENTITIES[Collection.DEMOGRAPHICS]

ROW = {"sourcedId": "x1"}
WARNING = {"imsx_codeMajor": "success", "imsx_severity": "warning", "imsx_codeMinor": "invalid_sort_field"}

PAGES: list[tuple[str, Entity, Any, int]] = [
    ("the standard's key", USERS, {"users": [ROW, {"sourcedId": "x2"}]}, 2),
    ("no records", USERS, {"users": []}, 0),
    ("a null for no records", USERS, {"users": None}, 0),
    ("an empty object for no records", USERS, {"users": {}}, 0),
    ("the path's word students", USERS, {"students": [ROW]}, 1),
    ("the path's word teachers", USERS, {"teachers": [ROW]}, 1),
    ("the path's word schools", ORGS, {"schools": [ROW]}, 1),
    ("the path's word terms", SESSIONS, {"terms": [ROW]}, 1),
    ("the path's word gradingPeriods", SESSIONS, {"gradingPeriods": [ROW]}, 1),
    ("another case", USERS, {"Users": [ROW]}, 1),
    ("the singular", USERS, {"user": [ROW]}, 1),
    ("one object for a list", USERS, {"users": ROW}, 1),
    ("one object under the singular", CLASSES, {"class": ROW}, 1),
    ("a bare list", USERS, [ROW], 1),
    ("an empty bare list", USERS, [], 0),
    ("a warning next to the records", USERS, {"users": [ROW], "statusInfoSet": [WARNING]}, 1),
    ("a null error next to the records", USERS, {"users": [ROW], "error": None, "errors": []}, 1),
    ("success next to the records", USERS, {"users": [ROW], "imsx_codeMajor": "success"}, 1),
]


@pytest.mark.parametrize(("name", "entity", "body", "count"), PAGES, ids=[p[0] for p in PAGES])
def test_a_page_may_come_as(name: str, entity: Entity, body: Any, count: int, normaliser: Normaliser) -> None:
    page = normaliser.page(entity, json.dumps(body).encode())
    assert [r.sourced_id for r in page.records] == ["x1", "x2"][:count]
    assert page.received == count
    assert page.rejected == ()


def test_a_byte_order_mark_is_no_obstacle(normaliser: Normaliser) -> None:
    for rows in ([ROW], [{"sourcedId": 1}]):
        body = b"\xef\xbb\xbf \n" + json.dumps({"users": rows}).encode()
        assert normaliser.page(USERS, body).received == 1
    assert normaliser.one(USERS, b'\xef\xbb\xbf{"sourcedId":"x1"}').sourced_id == "x1"


@pytest.mark.parametrize(
    ("members", "total"),
    [
        ({"total": 40}, 40),
        ({"totalCount": 40, "pageCount": 4, "pageNumber": 1}, 40),
        ({"totalCount": "40"}, 40),
        ({"totalCount": 0}, 0),
        ({"total": None}, None),
        ({"total": "many"}, None),
        ({"total": -1}, None),
        ({}, None),
    ],
)
def test_the_total_is_what_the_body_says(members: Any, total: int | None, normaliser: Normaliser) -> None:
    for rows in ([ROW], [{"sourcedId": 1}]):
        assert normaliser.page(USERS, json.dumps({"users": rows, **members}).encode()).total == total


FAILURE = {"imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": "CANARY"}

NO_PAGES: list[tuple[str, bytes]] = [
    ("HTML", b"<html><body>CANARY</body></html>"),
    ("words", b"CANARY"),
    ("null", b"null"),
    ("a number", b"42"),
    ("a text", b'"CANARY"'),
    ("an empty object", b"{}"),
    ("another collection", b'{"orgs":[{"sourcedId":"CANARY"}]}'),
    ("a text for the records", b'{"users":"CANARY"}'),
    ("a number for the records", b'{"users":1}'),
    ("a failure of 1.2", json.dumps(FAILURE).encode()),
    ("a failure next to no records", json.dumps({"users": [], **FAILURE}).encode()),
    ("a failure in a statusInfoSet", json.dumps({"users": [], "statusInfoSet": [FAILURE]}).encode()),
    ("a failure in a single statusInfoSet", json.dumps({"statusInfoSet": FAILURE}).encode()),
    ("a failure of 1.0", b'{"CodeMajor":"failure","CodeMinor":"unknown object","Description":"CANARY"}'),
    ("a severity of error", b'{"users":[],"severity":"error"}'),
    ("an error", b'{"error":"CANARY"}'),
    ("an error next to no records", b'{"users":[],"error":{"message":"CANARY"}}'),
    ("errors", b'{"users":[],"errors":["CANARY"]}'),
    ("NaN in no record", b'{"users":NaN}'),
    ("nesting without end", b'{"users":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("a record nested without end", b'{"users":[{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}"),
    ("UTF-16", '{"users":[]}'.encode("utf-16")),
    ("something after the end", b'{"users":[]}CANARY'),
]


@pytest.mark.parametrize("body", [n[1] for n in NO_PAGES], ids=[n[0] for n in NO_PAGES])
def test_no_page_is(body: bytes, normaliser: Normaliser) -> None:
    with pytest.raises(Malformed) as caught:
        normaliser.page(USERS, body)
    assert type(caught.value) is Malformed
    assert caught.value.source == "springfield"
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("length", range(1, 39))
def test_a_body_that_ends_early_is_truncated(length: int, normaliser: Normaliser) -> None:
    body = b'{"users":[{"sourcedId":"x1"},{"sourcedI'[:length]
    for call in (normaliser.page, normaliser.one):
        with pytest.raises(Truncated):
            call(USERS, body)


@pytest.mark.parametrize("body", [b"", b"  \r\n", b"\xef\xbb\xbf"])
def test_an_empty_body_is_truncated(body: bytes, normaliser: Normaliser) -> None:
    with pytest.raises(Truncated):
        normaliser.page(USERS, body)


def test_a_reported_failure_names_a_code_of_the_standard_only(normaliser: Normaliser) -> None:
    with pytest.raises(Malformed, match="unknownobject"):
        normaliser.page(USERS, b'{"CodeMajor":"failure","CodeMinor":"unknown object"}')
    with pytest.raises(Malformed) as caught:
        normaliser.page(USERS, b'{"CodeMajor":"failure","CodeMinor":"Ada Brook"}')
    assert "ada" not in str(caught.value).lower()


SINGLES: list[tuple[str, Entity, Any]] = [
    ("wrapped", USERS, {"user": ROW}),
    ("wrapped by the path's word", USERS, {"student": ROW}),
    ("wrapped by the plural", USERS, {"users": ROW}),
    ("alone in a wrapped list", USERS, {"users": [ROW]}),
    ("alone in a bare list", USERS, [ROW]),
    ("bare", USERS, ROW),
    ("bare, with a member called as the wrapper", CLASSES, {**ROW, "class": "A"}),
    ("wrapped by the same key as a page", DEMOGRAPHICS, {"demographics": ROW}),
    ("with a warning", USERS, {"user": ROW, "statusInfoSet": [WARNING]}),
]


@pytest.mark.parametrize(("name", "entity", "body"), SINGLES, ids=[s[0] for s in SINGLES])
def test_a_single_record_may_come(name: str, entity: Entity, body: Any, normaliser: Normaliser) -> None:
    record = normaliser.one(entity, json.dumps(body).encode())
    assert type(record) is entity.record
    assert record.sourced_id == "x1"


NO_SINGLES: list[tuple[str, bytes]] = [
    *[n for n in NO_PAGES if n[0] not in ("another collection",)],
    ("another entity", b'{"org":{"sourcedId":"CANARY"}}'),
    ("a null", b'{"user":null}'),
    ("nothing", b'{"users":[]}'),
    ("two records", b'{"users":[{"sourcedId":"CANARY"},{"sourcedId":"b"}]}'),
    ("a record without an id", b'{"user":{"givenName":"CANARY"}}'),
    ("a record that is a text", b'{"users":["CANARY"]}'),
]


@pytest.mark.parametrize("body", [n[1] for n in NO_SINGLES], ids=[n[0] for n in NO_SINGLES])
def test_no_single_record_is(body: bytes, normaliser: Normaliser) -> None:
    with pytest.raises(Malformed) as caught:
        normaliser.one(USERS, body)
    assert "CANARY" not in str(caught.value)
