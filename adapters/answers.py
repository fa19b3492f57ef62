"""What an answer's status means: which error, and when to come back. Pure; bodies are read for a code alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from adapters.errors import ClockSkewed, Denied, Failing, Forbidden, Refused, SourceError, Throttled, Unsupported
from adapters.normalise import error_code

CLOCK_TOLERANCE = 300.0
"""Seconds that an OAuth 1 server commonly grants a timestamp."""


class Answer(NamedTuple):
    """What is looked at of an answer that is not a success. body: its start."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def refusal(
    source: str,
    endpoint: str,
    answer: Answer,
    *,
    now: float,
    optional: bool = False,
    signed: bool = False,
    lost_scopes: tuple[str, ...] = (),
) -> SourceError:
    """The error that an answer other than 2xx stands for.

    optional: an optional collection was asked whole, so that a 404 says that the source has none of it.
    now: wall clock, epoch seconds. signed: the request carried an OAuth 1 timestamp. lost_scopes: asked for, but not
    granted with the token.
    """
    status = answer.status
    if status == 401:
        if signed and _clocks_differ(answer, now):
            return ClockSkewed(source, f"{endpoint}: 401, and the server's clock is not ours; set the clock right")
        return Denied(source, f"{endpoint}: 401, the credentials or the token are not accepted{_without(lost_scopes)}")
    if status == 403:
        return Forbidden(source, f"{endpoint}: 403, these credentials may not read it{_without(lost_scopes)}")
    wait = retry_after(answer.headers.get("retry-after"), now)
    if status == 429 or (status == 503 and wait is not None):
        return Throttled(source, f"{endpoint}: {status}, asked too often", retry_after=wait)
    if status >= 500:
        return Failing(source, f"{endpoint}: {status}, the server failed")
    if status == 404 and optional:
        return Unsupported(source, f"{endpoint} is not served", because="the server answered 404")
    code = safe_code(error_code(answer.body))
    return Refused(
        source,
        f"{endpoint}: {status}, the request was refused" + (f" ({code})" if code else ""),
        http_status=status,
        code=code,
    )


def retry_after(text: str | None, now: float) -> float | None:
    """Seconds to wait, from a number or a date; 0 for one that has passed, None for none or nonsense."""
    if text is None:
        return None
    text = text.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now
    return max(0.0, seconds) if math.isfinite(seconds) else None


def clock_ahead(date: str | None, now: float) -> float | None:
    """Seconds by which the clock of the server that sent this Date header is ahead of `now`; None if it tells none."""
    try:
        return parsedate_to_datetime(date or "").timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None


def safe_code(code: str | None) -> str | None:
    """A code that may stand in a message: a word, not text of the server's choosing."""
    return code if code is not None and re.fullmatch(r"[A-Za-z_]{1,40}", code) else None


def says_no_such_record(answer: Answer) -> bool:
    """A 404 to a single read that is about the record: with a code that says so, or without any word to the contrary.
    Text and pages for people come from what stands before the server, or stands there in its place.
    """
    if answer.status != 404:
        return False
    code = error_code(answer.body)
    return code == "unknownobject" if code else answer.body.strip()[:1] in (b"", b"{")


def says_no_such_parent(answer: Answer) -> bool:
    """A 404 to a route below a parent that is about the parent, in OneRoster's own word."""
    return answer.status == 404 and error_code(answer.body) == "unknownobject"


def is_page_for_people(answer: Answer) -> bool:
    """HTML, where OneRoster would send JSON or nothing."""
    return answer.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _clocks_differ(answer: Answer, now: float) -> bool:
    said = answer.headers.get("www-authenticate", "").encode() + answer.body
    if b"timestamp_refused" in said:
        return True
    ahead = clock_ahead(answer.headers.get("date"), now)
    return ahead is not None and abs(ahead) > CLOCK_TOLERANCE


def _without(scopes: tuple[str, ...]) -> str:
    return f"; the token came without {', '.join(scopes)}" if scopes else ""
