"""What a request asks, read from bodies and addresses."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoint.parameters import Parameters, from_address, from_body
from gateway.endpoint.refusal import Refusal

NAMES = ("query", "documentId", "operationName", "variables", "extensions")
FIELDS = ("query", "document_id", "operation_name", "variables", "extensions")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner),
)
ADDRESSES = st.dictionaries(st.sampled_from(NAMES), st.text(max_size=9)).map(urlencode).map(str.encode)


def read(parameters: Callable[[bytes], Parameters], asked: bytes) -> Parameters | None:
    """The parameters, or None if they are refused as such."""
    try:
        return parameters(asked)
    except Refusal as refusal:
        if refusal.status != 400:
            raise
        return None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty"),
        (b"{", "the body is not JSON: Input data was truncated"),
        (b'{"query": "\xff"}', "the body is not UTF-8"),
        (b"[]", "a JSON object with a `query`; several operations at once are not taken"),
        (b'[{"query": "{ __typename }"}]', "several operations at once are not taken"),
        (b"null", "the body must be a JSON object with a `query`"),
        (b"7", "the body must be a JSON object with a `query`"),
        (b"[" * 100_000 + b"]" * 100_000, "the body is nested too deeply"),
        (b'{"query": 7}', "`query` must be a string, not a number"),
        (b'{"query": {}}', "`query` must be a string, not an object"),
        (b'{"query": ["{ __typename }"]}', "`query` must be a string, not a list"),
        (b'{"query": "{ __typename }", "variables": "{}"}', "`variables` must be an object, not a string"),
        (b'{"query": "{ __typename }", "variables": []}', "`variables` must be an object, not a list"),
        (b'{"query": "{ __typename }", "operationName": true}', "`operationName` must be a string, not true or false"),
        (b'{"query": "{ __typename }", "extensions": 7.5}', "`extensions` must be an object, not a number"),
        (b'{"documentId": 7}', "`documentId` must be a string, not a number"),
        (b'{"query": 7, "variables": {', "the body is not JSON"),
        (b'{"query": 7, "variables": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "the body is nested too deeply"),
        (b'{"query": "{ a }", "query": "{ b }"}', "`query` stands in the body more than once"),
        (b'{"query": "{ a }", "\\u0071uery": "{ b }"}', "`query` stands in the body more than once"),
        (
            b'{"variables": {}, "query": "{ a }", "variables": {"a": 1}}',
            "`variables` stands in the body more than once",
        ),
    ],
)
def test_a_body_that_cannot_be_asked_says_what_is_wrong_with_it(body: bytes, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        from_body(body)
    assert refused.value.status == 400
    assert message in refused.value.message


def test_a_body_says_what_is_asked_and_members_of_other_names_are_passed_over() -> None:
    body = {
        "query": 'query "query" "query" {',
        "variables": {"variables": {"query": 1}, "query": "\u0071\\u0071"},
        "operationName": "A",
        "extensions": {"query": "x"},
        "id": "relay",
    }
    assert from_body(json.dumps(body).encode()) == Parameters(
        query=body["query"], variables=body["variables"], operation_name="A", extensions={"query": "x"}
    )
    assert from_body(b'{"query": null, "variables": null, "operationName": null}') == Parameters()


@given(st.binary(max_size=80) | JSON.map(json.dumps).map(str.encode))
def test_whatever_a_body_holds_it_is_read_as_it_is_or_refused(body: bytes) -> None:
    found = read(from_body, body)
    if found is not None:
        said = json.loads(body)
        assert [getattr(found, field) for field in FIELDS] == [said.get(name) for name in NAMES]


@given(st.binary(max_size=60) | ADDRESSES)
def test_whatever_an_address_holds_it_is_read_as_it_is_or_refused(query: bytes) -> None:
    found = read(from_address, query)
    if found is not None:
        said = parse_qs(query.decode())
        assert [getattr(found, field) for field in FIELDS[:3]] == [said.get(name, [None])[0] for name in NAMES[:3]]
