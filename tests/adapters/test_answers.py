from email.utils import formatdate

import httpx2
import pytest

from adapters.answers import Answer, is_page_for_people, refusal, retry_after
from adapters.errors import ClockSkewed, Denied, Failing, Forbidden, Refused, SourceError, Throttled

NOW = 1_795_000_000.0


def refused(status: int, body: bytes = b"", signed: bool = False, **headers: str) -> SourceError:
    answer = Answer(status, httpx2.Headers({n.replace("_", "-"): v for n, v in headers.items()}), body)
    return refusal("s", "users", answer, now=NOW, signed=signed, lost_scopes=())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Denied),
        (403, Forbidden),
        (404, Refused),
        (422, Refused),
        (429, Throttled),
        (500, Failing),
        (502, Failing),
        (503, Failing),
        (504, Failing),
    ],
)
def test_every_status_has_its_error(status: int, kind: type[SourceError]) -> None:
    error = refused(status)
    assert type(error) is kind
    assert (error.source, str(status) in error.message, "users" in error.message) == ("s", True, True)


def test_503_with_a_time_to_come_back_is_throttling() -> None:
    error = refused(503, retry_after="12")
    assert (type(error), error.retry_after) == (Throttled, 12.0)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("86400", 86400.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("Fri, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_the_time_to_come_back_is_a_number_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds


def test_a_refusal_carries_the_code_and_nothing_else_of_the_body() -> None:
    body = b'{"imsx_codeMajor":"failure","imsx_description":"Ann Example","imsx_codeMinor":"invalid_filter_field"}'
    error = refused(400, body)
    assert isinstance(error, Refused)
    assert (error.http_status, error.code) == (400, "invalidfilterfield")
    assert "Ann" not in str(error)


@pytest.mark.parametrize(
    ("signed", "headers", "body", "kind"),
    [
        (True, {"date": formatdate(NOW + 600, usegmt=True)}, b"", ClockSkewed),
        (True, {"date": formatdate(NOW - 600, usegmt=True)}, b"", ClockSkewed),
        (True, {"date": formatdate(NOW + 60, usegmt=True)}, b"", Denied),
        (True, {}, b"oauth_problem=timestamp_refused", ClockSkewed),
        (True, {"www_authenticate": 'OAuth oauth_problem="timestamp_refused"'}, b"", ClockSkewed),
        (True, {"date": "yesterday"}, b"", Denied),
        (False, {"date": formatdate(NOW + 600, usegmt=True)}, b"", Denied),
    ],
)
def test_a_clock_that_differs_is_told_where_requests_carry_a_timestamp(
    signed: bool, headers: dict[str, str], body: bytes, kind: type[SourceError]
) -> None:
    assert type(refused(401, body, signed, **headers)) is kind


def test_scopes_that_were_not_granted_are_named() -> None:
    error = refusal("s", "demographics", Answer(403, {}), now=NOW, lost_scopes=("roster-demographics.readonly",))
    assert "roster-demographics.readonly" in error.message


@pytest.mark.parametrize(
    ("body", "page"),
    [(b"", False), (b'{"a":"<"}', False), (b" \n<!DOCTYPE html>", True), (b"\xef\xbb\xbf<html>", True)],
)
def test_html_is_told_from_an_answer(body: bytes, page: bool) -> None:
    assert is_page_for_people(Answer(404, {}, body)) is page
