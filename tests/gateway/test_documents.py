"""Which document a request asks for, by its text, its hash or its id; and that nothing is parsed to find out."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from gateway.documents import Documents, Found, Reason, Refused, Trusted
from gateway.documents.asked import CHARACTERS, LEAST_CHARACTERS, LONGEST
from gateway.faults import ErrorCode

TEXT = "{ users(first: 1) { totalCount } }"
NOT_GRAPHQL = "}} neither this nor that {{"
TRUSTED = Trusted("people.v1", TEXT, "people.json")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str = "", **changed: Any) -> dict[str, Any]:
    """`extensions` as Apollo's and urql's clients send them for `text`."""
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)} | changed}


def refused(documents: Documents, *asked: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        documents.document(*asked)
    return caught.value


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_one_of_the_codes(reason: Reason) -> None:
    assert ErrorCode(reason.value) == reason.value


@pytest.mark.parametrize("documents", [Documents(), Documents(automatic=True), Documents([TRUSTED])])
def test_a_text_is_answered_as_it_was_sent(documents: Documents) -> None:
    assert documents.document(NOT_GRAPHQL, None, None) == Found(NOT_GRAPHQL)
    assert documents.document(NOT_GRAPHQL, {"other": 1, "persistedQuery": None}, None) == Found(NOT_GRAPHQL)


def test_a_text_that_came_with_its_hash_is_asked_for_by_the_hash_alone_from_then_on() -> None:
    documents = Documents(automatic=True)

    first = refused(documents, None, persisted(TEXT), None)
    assert (first.reason, first.message) == (Reason.NOT_FOUND, "PersistedQueryNotFound")
    assert documents.document(TEXT, persisted(TEXT), None) == Found(TEXT)

    assert documents.document(None, persisted(TEXT), None) == Found(TEXT)
    assert documents.document(None, None, f"sha256:{sha256(TEXT)}") == Found(TEXT)


def test_a_text_without_its_hash_is_not_remembered() -> None:
    documents = Documents(automatic=True)
    documents.document(TEXT, None, None)

    assert refused(documents, None, persisted(TEXT), None).reason is Reason.NOT_FOUND


def test_a_text_is_not_remembered_by_the_hash_of_another() -> None:
    documents = Documents(automatic=True)

    assert refused(documents, NOT_GRAPHQL, persisted(TEXT), None).reason is Reason.MALFORMED
    assert refused(documents, TEXT, persisted(TEXT, sha256Hash=sha256(TEXT).upper()), None).reason is Reason.MALFORMED
    assert refused(documents, None, persisted(TEXT), None).reason is Reason.NOT_FOUND


def test_where_nothing_is_remembered_clients_are_told_to_send_texts() -> None:
    documents = Documents()
    documents.document(TEXT, persisted(TEXT), None)

    told = refused(documents, None, persisted(TEXT), None)
    assert (told.reason, told.message) == (Reason.NOT_FOUND, "PersistedQueryNotSupported")
    assert refused(Documents([TRUSTED]), None, persisted("other"), None).reason is Reason.NOT_FOUND


def test_a_flood_of_texts_costs_no_more_than_the_oldest() -> None:
    documents = Documents(automatic=True)
    most = CHARACTERS // LEAST_CHARACTERS
    documents.document(TEXT, persisted(TEXT), None)
    for number in range(most - 1):
        documents.document(text := f"# {number}", persisted(text), None)
    assert documents.document(None, persisted(TEXT), None)  # used: the oldest is another one now

    documents.document(NOT_GRAPHQL, persisted(NOT_GRAPHQL), None)

    assert documents.document(None, persisted(TEXT), None)
    assert refused(documents, None, persisted("# 0"), None).reason is Reason.NOT_FOUND


def test_texts_are_let_go_of_by_their_length_too() -> None:
    documents = Documents(automatic=True)
    documents.document(TEXT, persisted(TEXT), None)
    for number in range(CHARACTERS // LONGEST):
        text = str(number).ljust(LONGEST, "#")
        documents.document(text, persisted(text), None)
    assert refused(documents, None, persisted(TEXT), None).reason is Reason.NOT_FOUND


def test_a_very_long_text_is_answered_and_not_remembered() -> None:
    documents = Documents(automatic=True)
    text = "#" * (LONGEST + 1)

    assert documents.document(text, persisted(text), None) == Found(text)
    assert refused(documents, None, persisted(text), None).reason is Reason.NOT_FOUND


@pytest.mark.parametrize("document_id", ["people.v1", sha256(TEXT), f"sha256:{sha256(TEXT)}"])
@pytest.mark.parametrize("free_text", [True, False])
def test_a_trusted_document_is_asked_for_by_its_id_or_its_hash(document_id: str, free_text: bool) -> None:
    documents = Documents([TRUSTED], free_text=free_text)

    assert documents.document(None, None, document_id) == Found(TEXT, trusted=True)
    assert documents.document(None, {"persistedQuery": {"version": 1, "sha256Hash": "people.v1"}}, None).trusted
    assert documents.document(None, persisted(TEXT), None).trusted


def test_a_trusted_document_stays_one_when_its_text_comes_with_its_id() -> None:
    by_id = {"persistedQuery": {"version": 1, "sha256Hash": "people.v1"}}
    documents = Documents([TRUSTED], automatic=True)

    assert documents.document(TEXT, by_id, None) == Found(TEXT, trusted=True)
    assert refused(documents, NOT_GRAPHQL, by_id, None).reason is Reason.MALFORMED


@pytest.mark.parametrize(
    "asked",
    [
        (NOT_GRAPHQL, None, None),
        (NOT_GRAPHQL, persisted(NOT_GRAPHQL), None),
        (TEXT, None, None),
        (TEXT, persisted(TEXT), None),
        (None, persisted(NOT_GRAPHQL), None),
        (None, None, "people.v2"),
        (None, None, ""),
    ],
)
def test_where_only_trusted_documents_are_answered_all_else_is_not_found_and_not_remembered(asked: Any) -> None:
    documents = Documents([TRUSTED], free_text=False)

    assert refused(documents, *asked).reason is Reason.NOT_FOUND
    assert refused(documents, None, persisted(NOT_GRAPHQL), None).reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    "asked",
    [
        (None, None, None),
        (None, {}, None),
        (TEXT, None, "people.v1"),
        (None, persisted(TEXT), "people.v1"),
        (TEXT, persisted(TEXT), "people.v1"),
        (None, persisted(TEXT, version=2), None),
        (None, persisted(TEXT, version="1"), None),
        (None, persisted(TEXT, version=True), None),
        (None, {"persistedQuery": {"sha256Hash": sha256(TEXT)}}, None),
        (None, {"persistedQuery": {"version": 1}}, None),
        (None, {"persistedQuery": sha256(TEXT)}, None),
        (TEXT, persisted(TEXT, sha256Hash=5), None),
    ],
)
@pytest.mark.parametrize("free_text", [True, False])
def test_asking_in_no_way_or_in_several_is_refused(asked: Any, free_text: bool) -> None:
    documents = Documents([TRUSTED], automatic=free_text, free_text=free_text)

    assert refused(documents, *asked).reason is Reason.MALFORMED
