"""What went wrong, in the graph's words: error codes, source states, and the way from one to the other.

Nothing but these codes leaves the gateway, each with a heading in docs/errors.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from enum import StrEnum
from typing import Any

from graphql import GraphQLError

from adapters import errors
from gateway.access.field_class import FieldClass

answering: ContextVar[str] = ContextVar("answering", default="-")
"""The name of the request that is being answered: told by its answer, and by what is logged of a mistake of ours."""


class ErrorCode(StrEnum):
    """`errors[].extensions.code`, `SourceReport.code`. Upstream's doing, then states of data, ours, the client's."""

    UPSTREAM_UNREACHABLE = "UPSTREAM_UNREACHABLE"
    UPSTREAM_TLS = "UPSTREAM_TLS"
    UPSTREAM_TIMEOUT = "UPSTREAM_TIMEOUT"
    UPSTREAM_FAILING = "UPSTREAM_FAILING"
    UPSTREAM_REFUSED = "UPSTREAM_REFUSED"
    UPSTREAM_AUTH = "UPSTREAM_AUTH"
    UPSTREAM_FORBIDDEN = "UPSTREAM_FORBIDDEN"
    UPSTREAM_CLOCK = "UPSTREAM_CLOCK"
    UPSTREAM_THROTTLED = "UPSTREAM_THROTTLED"
    UPSTREAM_OVERLOADED = "UPSTREAM_OVERLOADED"
    UPSTREAM_BAD_CONTENT = "UPSTREAM_BAD_CONTENT"
    UPSTREAM_TRUNCATED = "UPSTREAM_TRUNCATED"
    UPSTREAM_PAGING = "UPSTREAM_PAGING"
    UPSTREAM_REDIRECTED = "UPSTREAM_REDIRECTED"
    UPSTREAM_MISMATCH = "UPSTREAM_MISMATCH"
    SOURCE_LOADING = "SOURCE_LOADING"
    SOURCE_HELD = "SOURCE_HELD"
    SOURCE_MISCONFIGURED = "SOURCE_MISCONFIGURED"
    SOURCE_DISABLED = "SOURCE_DISABLED"
    DANGLING_REFERENCE = "DANGLING_REFERENCE"
    UNSUPPORTED = "UNSUPPORTED"
    INCOMPLETE = "INCOMPLETE"
    TOO_LONG = "TOO_LONG"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    NOT_FOUND = "NOT_FOUND"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    BAD_FILTER_TEXT = "BAD_FILTER_TEXT"
    BAD_CURSOR = "BAD_CURSOR"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    TOO_BROAD = "TOO_BROAD"
    DOCUMENT_LIMIT = "DOCUMENT_LIMIT"
    COST_EXCEEDED = "COST_EXCEEDED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN_FIELD = "FORBIDDEN_FIELD"
    FORBIDDEN_SCOPE = "FORBIDDEN_SCOPE"
    RATE_LIMITED = "RATE_LIMITED"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"


RETRYABLE = frozenset(
    {
        ErrorCode.UPSTREAM_UNREACHABLE,
        ErrorCode.UPSTREAM_TIMEOUT,
        ErrorCode.UPSTREAM_FAILING,
        ErrorCode.UPSTREAM_THROTTLED,
        ErrorCode.UPSTREAM_OVERLOADED,
        ErrorCode.UPSTREAM_TRUNCATED,
        ErrorCode.UPSTREAM_PAGING,
        ErrorCode.SOURCE_LOADING,
        ErrorCode.DEADLINE_EXCEEDED,
        ErrorCode.RATE_LIMITED,
        ErrorCode.AUDIT_UNAVAILABLE,
    }
)


class SourceState(StrEnum):
    """How a source, or one of its collections, stands."""

    FRESH = "FRESH"
    STALE = "STALE"
    HELD = "HELD"
    LOADING = "LOADING"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    UNSUPPORTED = "UNSUPPORTED"
    FORBIDDEN = "FORBIDDEN"
    DISABLED = "DISABLED"
    MISCONFIGURED = "MISCONFIGURED"


WORST_FIRST = (
    SourceState.MISCONFIGURED,
    SourceState.DISABLED,
    SourceState.FORBIDDEN,
    SourceState.FAILED,
    SourceState.LOADING,
    SourceState.SKIPPED,
    SourceState.PARTIAL,
    SourceState.HELD,
    SourceState.STALE,
    SourceState.UNSUPPORTED,
    SourceState.FRESH,
)
"""Of which the first is told where several hold: nothing can be had before nothing was had, then less, then older."""

_CODES_WORST_FIRST = (*sorted(ErrorCode, key=lambda code: code in RETRYABLE), None)

_CODES: Mapping[type[errors.SourceError], ErrorCode] = {
    errors.Unreachable: ErrorCode.UPSTREAM_UNREACHABLE,
    errors.TimedOut: ErrorCode.UPSTREAM_TIMEOUT,
    errors.TlsFailed: ErrorCode.UPSTREAM_TLS,
    errors.Throttled: ErrorCode.UPSTREAM_THROTTLED,
    errors.Overloaded: ErrorCode.UPSTREAM_OVERLOADED,
    errors.Failing: ErrorCode.UPSTREAM_FAILING,
    errors.Denied: ErrorCode.UPSTREAM_AUTH,
    errors.Forbidden: ErrorCode.UPSTREAM_FORBIDDEN,
    errors.ClockSkewed: ErrorCode.UPSTREAM_CLOCK,
    errors.Unsupported: ErrorCode.UNSUPPORTED,
    errors.Refused: ErrorCode.UPSTREAM_REFUSED,
    errors.Malformed: ErrorCode.UPSTREAM_BAD_CONTENT,
    errors.Truncated: ErrorCode.UPSTREAM_TRUNCATED,
    errors.Mismatched: ErrorCode.UPSTREAM_MISMATCH,
    errors.PagingBroken: ErrorCode.UPSTREAM_PAGING,
    errors.Redirected: ErrorCode.UPSTREAM_REDIRECTED,
    errors.Misconfigured: ErrorCode.SOURCE_MISCONFIGURED,
}

_STATES: Mapping[ErrorCode, SourceState] = {
    ErrorCode.UNSUPPORTED: SourceState.UNSUPPORTED,
    ErrorCode.UPSTREAM_FORBIDDEN: SourceState.FORBIDDEN,
    ErrorCode.FORBIDDEN_FIELD: SourceState.FORBIDDEN,
    ErrorCode.FORBIDDEN_SCOPE: SourceState.FORBIDDEN,
    ErrorCode.SOURCE_LOADING: SourceState.LOADING,
    ErrorCode.SOURCE_HELD: SourceState.HELD,
    ErrorCode.SOURCE_MISCONFIGURED: SourceState.MISCONFIGURED,
    ErrorCode.SOURCE_DISABLED: SourceState.DISABLED,
}


class DeadlineExceeded(errors.SourceError):
    """The operation's time was up before this source had answered."""

    transient = True


class Loading(errors.SourceError):
    """The operation's time was up while the source was being read whole, which goes on. progress: from 0 to 1."""

    transient = True

    def __init__(self, source: str, progress: float | None, retry_after: float | None) -> None:
        super().__init__(source, "is being read whole, which goes on: ask again", retry_after=retry_after)
        self.progress = progress


class Unproved(errors.PagingBroken):
    """A collection would not stand still while it was read, so whether it has what did not come is not known."""


class Disabled(errors.SourceError):
    """The source is switched off in the settings."""


class OutOfScope(errors.SourceError):
    """This client may not read such records of the source."""


class Withheld(errors.SourceError):
    """This client may not read such fields of the source, nor go by them."""


class NotHeld(errors.SourceError):
    """It was to be read from what is held, and this is not."""

    def __init__(self, source: str, why: str = "was not asked, and what is wanted of it is not held") -> None:
        super().__init__(source, why)


def code_of(error: errors.SourceError) -> ErrorCode:
    """The code of the nearest class in the error's ancestry."""
    if isinstance(error, DeadlineExceeded):
        return ErrorCode.DEADLINE_EXCEEDED
    if isinstance(error, Loading):
        return ErrorCode.SOURCE_LOADING
    if isinstance(error, Disabled):
        return ErrorCode.SOURCE_DISABLED
    if isinstance(error, OutOfScope):
        return ErrorCode.FORBIDDEN_SCOPE
    if isinstance(error, Withheld):
        return ErrorCode.FORBIDDEN_FIELD
    if isinstance(error, NotHeld):
        return ErrorCode.INCOMPLETE
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)


def state_of(code: ErrorCode) -> SourceState:
    """The state in which an error with this code leaves the source."""
    return _STATES.get(code, SourceState.FAILED)


def worst(states: Iterable[SourceState]) -> SourceState:
    """Of several states the one to tell."""
    return min(states, key=WORST_FIRST.index, default=SourceState.FRESH)


def rank(state: SourceState, code: ErrorCode | None) -> tuple[int, int]:
    """Where a state with its code stands among all, the worst first: before what passes by itself, what does not."""
    return WORST_FIRST.index(state), _CODES_WORST_FIRST.index(code)


def extensions(
    code: ErrorCode,
    *,
    source: str | None = None,
    retry_after: float | None = None,
    count: int | None = None,
    field_class: FieldClass | None = None,
) -> dict[str, Any]:
    """`errors[].extensions`: only what is known."""
    known: dict[str, Any] = {"code": code.value, "retryable": code in RETRYABLE}
    if source is not None:
        known["source"] = source
    if retry_after is not None:
        known["retryAfter"] = round(retry_after)
    if count is not None:
        known["count"] = count
    if field_class is not None:
        known["fieldClass"] = field_class.value
    return known


class BadInput(GraphQLError):
    """The client's doing: says what was wrong and what is allowed."""

    def __init__(self, message: str, code: ErrorCode = ErrorCode.BAD_USER_INPUT) -> None:
        super().__init__(message, extensions=extensions(code))
