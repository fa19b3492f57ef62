"""What a client accepts, by values: media types and content codings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.negotiation import (
    GRAPHQL_RESPONSE,
    JSON,
    MEDIA_TYPES,
    Coding,
    Codings,
    codings,
    media_type,
    prefers_html,
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        (" , ", JSON),
        ("*/*", JSON),
        ("*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("Application/JSON", JSON),
        ("application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/graphql-response+json; charset=utf-8", GRAPHQL_RESPONSE),
        ('application/graphql-response+json;charset="UTF-8"', GRAPHQL_RESPONSE),
        ("application/graphql-response+json, application/json;q=0.9", GRAPHQL_RESPONSE),
        ("application/json;q=0.9, application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/json;q=0.9, application/graphql-response+json;q=0.8", JSON),
        ("application/json, application/graphql-response+json", JSON),
        ("application/graphql-response+json, application/json, text/event-stream", GRAPHQL_RESPONSE),
        ("*/*, application/graphql-response+json", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=0.5, */*;q=0.1", GRAPHQL_RESPONSE),
        ("application/json;q=0, */*", GRAPHQL_RESPONSE),
        ("application/*;q=0.2, application/graphql-response+json;q=0", JSON),
        ("application/graphql-response+json;Q=1.000", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;q=high, application/json;q=0.9", GRAPHQL_RESPONSE),
        ("application/graphql-response+json;charset=utf-16, application/json;q=0.1", JSON),
        ("text/html, image/gif, *; q=.2, */*; q=.2", JSON),
        ("text/html", None),
        ("text/event-stream, multipart/mixed", None),
        ("application/json;q=0", None),
        ("*/*;q=0", None),
        ("application/json;charset=iso-8859-1", None),
        ("application/xml, text/*", None),
        ("application", None),
    ],
)
def test_the_media_type_is_the_one_that_the_client_wants_most(accept: str | None, expected: str | None) -> None:
    assert media_type(accept) == expected


@pytest.mark.parametrize(
    ("accept_encoding", "best", "plain", "at_all"),
    [
        (None, None, True, None),
        ("", None, True, None),
        ("identity", None, True, None),
        ("gzip", Coding.GZIP, True, Coding.GZIP),
        ("GZIP", Coding.GZIP, True, Coding.GZIP),
        ("x-gzip", Coding.GZIP, True, Coding.GZIP),
        ("gzip, deflate, br, zstd", Coding.ZSTD, True, Coding.ZSTD),
        ("gzip;q=1.0, zstd;q=0.5", Coding.GZIP, True, Coding.GZIP),
        ("br", None, True, None),
        ("*", Coding.ZSTD, True, Coding.ZSTD),
        ("zstd;q=0, *", Coding.GZIP, True, Coding.GZIP),
        ("gzip;q=0", None, True, None),
        ("identity, gzip;q=0.5", None, True, Coding.GZIP),
        ("identity;q=0.5, gzip;q=0.5", Coding.GZIP, True, Coding.GZIP),
        ("identity;q=0", None, False, None),
        ("*;q=0", None, False, None),
        ("gzip, identity;q=0", Coding.GZIP, False, Coding.GZIP),
        ("gzip;q=0.2, *;q=0", Coding.GZIP, False, Coding.GZIP),
        ("identity, *;q=0", None, True, None),
    ],
)
def test_the_coding_is_the_one_that_the_client_wants_most(
    accept_encoding: str | None, best: Coding | None, plain: bool, at_all: Coding | None
) -> None:
    assert codings(accept_encoding) == Codings(best, plain, at_all)


WEIGHTS = st.sampled_from([0.0, 0.001, 0.2, 0.5, 0.9, 1.0])
RANGES = st.dictionaries(st.sampled_from([*MEDIA_TYPES, "application/*", "*/*", "text/html"]), WEIGHTS, min_size=1)
CODINGS = st.dictionaries(st.sampled_from([*Coding, "identity", "*", "br"]), WEIGHTS)


def weight_of(kind: str, ranges: dict[str, float]) -> float:
    """RFC 9110, 12.5.1: the most specific range that matches has the word."""
    return next((ranges[name] for name in (kind, "application/*", "*/*") if name in ranges), 0.0)


@given(RANGES)
def test_no_other_media_type_would_be_more_welcome(ranges: dict[str, float]) -> None:
    chosen = media_type(", ".join(f"{name}; q={weight}" for name, weight in ranges.items()))
    weights = {kind: weight_of(kind, ranges) for kind in MEDIA_TYPES}
    if chosen is None:
        assert not any(weights.values())
    else:
        assert weights[chosen] == max(weights.values()) > 0


@given(CODINGS)
def test_no_other_coding_would_be_more_welcome(wanted: dict[str, float]) -> None:
    accepted = codings(", ".join(f"{name};q={weight}" for name, weight in wanted.items()))
    weights = {coding: wanted.get(coding, wanted.get("*", 0.0)) for coding in Coding}
    assert accepted.plain == (wanted.get("identity", wanted.get("*", 1.0)) > 0)
    if accepted.at_all is None:
        assert not any(weights.values())
    else:
        assert weights[accepted.at_all] == max(weights.values()) > 0
    if accepted.best is not None:
        assert accepted.best == accepted.at_all
        assert weights[accepted.best] >= wanted.get("identity", 0.0)


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
def test_whatever_a_header_holds_it_has_a_meaning(header: str) -> None:
    assert media_type(header) in (*MEDIA_TYPES, None)
    assert isinstance(codings(header), Codings)
    assert prefers_html(header) in (True, False)


def test_of_a_header_without_end_only_the_beginning_is_read() -> None:
    """Some milliseconds of its own for whoever asks: anybody does, before it is known who."""
    assert media_type("text/csv," * 400 + JSON) == JSON
    assert media_type("text/csv," * 500 + JSON) is None
    assert codings("br," * 1_000 + "gzip").best is Coding.GZIP
    assert codings("br," * 1_500 + "gzip").best is None
    assert not prefers_html("text/csv," * 500 + "text/html")
