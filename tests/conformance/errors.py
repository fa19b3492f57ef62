"""What goes wrong at a source is told as what it is, and is never an empty list."""

from __future__ import annotations

import pytest

from adapters.client import PageRequest
from adapters.errors import Failing, Forbidden, Malformed, Refused, SourceError, Throttled, Truncated, Unsupported
from adapters.retry import Retries
from conformance.subjects import SOURCE, Case, Subject, everything, needs, published


@needs("demographics")
async def demographics_that_are_not_granted_are_forbidden_and_harm_nothing_else(subject: Subject) -> None:
    server = subject.new_server(scopes=["roster-core.readonly", "roster.readonly"])
    client = subject.client(server)
    with pytest.raises(Forbidden):
        await client.page(PageRequest("demographics"))
    assert len(await everything(client, "orgs")) == len(published(server, "orgs"))


def _told(
    name: str,
    expected: type[SourceError] | tuple[type[SourceError], ...],
    status: int,
    body: bytes = b"",
    **headers: str,
) -> Case:
    async def case(subject: Subject) -> None:
        server = subject.new_server()
        times = Retries().attempts
        server.answer_next(status, body, {n.replace("_", "-"): v for n, v in headers.items()}, times=times)
        with pytest.raises(expected) as told:
            await subject.client(server).page(PageRequest("orgs"))
        assert told.type in (expected if isinstance(expected, tuple) else (expected,))
        assert told.value.source == SOURCE
        assert told.value.retry_after == (7.0 if expected is Throttled else None)

    case.__name__ = name
    return case


CASES: list[Case] = [
    demographics_that_are_not_granted_are_forbidden_and_harm_nothing_else,
    _told("a_collection_that_is_not_found_is_no_empty_one", (Refused, Unsupported), 404),
    _told("a_server_that_fails_is_failing", Failing, 502),
    _told("a_server_without_room_is_throttling", Throttled, 429, retry_after="7"),
    _told("a_busy_server_that_says_when_is_throttling", Throttled, 503, retry_after="7"),
    _told("a_page_for_people_is_malformed", Malformed, 200, b"<html>Sign in</html>", content_type="text/html"),
    _told("an_answer_without_the_collection_is_malformed", Malformed, 200, b'{"status":"ok"}'),
    _told("an_answer_that_breaks_off_is_truncated", Truncated, 200, b'{"orgs":[{"sourcedId":"a"'),
    _told("an_answer_without_a_body_is_truncated", Truncated, 200),
]
