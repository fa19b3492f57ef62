"""What can go wrong with one source.

    SourceError
    ├─ Unreachable        transient  no answer: DNS, connection refused or reset
    │  ├─ TimedOut        transient  an attempt passed its time limit
    │  └─ TlsFailed       terminal   certificate or protocol refused; nothing was sent
    ├─ Throttled          transient  429, or 503 with Retry-After (`retry_after`: seconds)
    ├─ Overloaded         transient  nothing was sent: it failed too often, its requests are spent, too many wait
    ├─ Failing            transient  any other 5xx
    ├─ Denied             terminal   401 after one renewal of the token, or no token to be had
    │  ├─ Forbidden       terminal   403, or a scope that the token lacks
    │  └─ ClockSkewed     terminal   OAuth 1 timestamp refused: the clocks differ
    ├─ Unsupported        terminal   the dialect has no such collection, route or filter (`because`: whose word)
    ├─ Refused            terminal   any other 4xx; carries the imsx code when one was sent
    ├─ Malformed          terminal   a 200 whose body breaks the specification
    │  ├─ Truncated       transient  the body ended before its end
    │  └─ Mismatched      terminal   another record than the one asked for
    ├─ PagingBroken       transient  pages that repeat, point elsewhere or never end
    ├─ Redirected         terminal   told to go to another address; nothing was sent there
    └─ Misconfigured      terminal   settings that cannot work; no request was made

A message names the value that was wrong and those allowed; never a token, a query or a person's data.
`gateway.faults` alone turns these into GraphQL errors.
"""

from __future__ import annotations

from typing import ClassVar


class SourceError(Exception):
    """A source could not answer. `transient`: asking again later can help."""

    transient: ClassVar[bool] = False

    def __init__(self, source: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.source = source
        self.message = message
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


class Unreachable(SourceError):
    transient = True


class TimedOut(Unreachable):
    pass


class TlsFailed(Unreachable):
    transient = False


class Throttled(SourceError):
    transient = True


class Overloaded(SourceError):
    transient = True


class Failing(SourceError):
    transient = True


class Denied(SourceError):
    pass


class Forbidden(Denied):
    pass


class ClockSkewed(Denied):
    pass


class Unsupported(SourceError):
    """The dialect says that the source cannot do this; `because` is the source of that claim."""

    def __init__(self, source: str, message: str, *, because: str = "") -> None:
        super().__init__(source, f"{message} ({because})" if because else message)
        self.because = because


class Refused(SourceError):
    """A 4xx other than 401, 403 and 429. `code`: the imsx minor code, folded; `http_status`: as answered."""

    def __init__(self, source: str, message: str, *, http_status: int, code: str | None = None) -> None:
        super().__init__(source, message)
        self.http_status = http_status
        self.code = code


class Malformed(SourceError):
    pass


class Truncated(Malformed):
    transient = True


class Mismatched(Malformed):
    pass


class PagingBroken(SourceError):
    transient = True


class Redirected(SourceError):
    pass


class Misconfigured(SourceError):
    pass
