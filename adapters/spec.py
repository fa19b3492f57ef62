"""What the adapters must know of one configured source to ask it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.breaker import BreakerLimits
from adapters.dialect import Dialect, Service
from adapters.retry import Retries
from adapters.secret import Secret
from adapters.transport import AnswerLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What proves who asks: id and secret for OAuth 1 and 2, a token for a static bearer."""

    client_id: Secret | None = None
    client_secret: Secret | None = None
    token: Secret | None = None

    @property
    def version(self) -> Secret:
        """All of it as one text: another one where any part of it is."""
        parts = (self.client_id, self.client_secret, self.token)
        return Secret(repr([None if part is None else part.reveal() for part in parts]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. connect and pool: to get a connection; attempt: one request in full, body included."""

    connect: float = 3.0
    pool: float = 2.0
    attempt: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One source: its key, how it speaks (overrides applied), where it is, and how we prove who we are.

    base_url and token_url are as the district handed them out (see `adapters.addresses`). service_urls: of services
    that are not beside the rostering service, where the standard would look. max_concurrency: requests at
    once, at most; the dialect's own maximum holds as well. max_records: of one collection, above which reading it is
    given up. timezone: IANA name of the source's own; the hours and days of its pace are reckoned by it.
    """

    key: str
    dialect: Dialect
    base_url: str
    credentials: Credentials
    token_url: str | None = None
    service_urls: Mapping[Service, str] = field(default_factory=lambda: MappingProxyType({}))
    allow_http: bool = False
    max_concurrency: int = 8
    max_records: int = 2_000_000
    timezone: str = "UTC"
    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: Retries = field(default_factory=Retries)
    breaker: BreakerLimits = field(default_factory=BreakerLimits)
    answers: AnswerLimits = field(default_factory=AnswerLimits)
