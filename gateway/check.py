"""Asks each source of a settings file for its address, its token and its collections, and says what to do.

Every request it makes is one that the gateway would make; it prints counts, never a person.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from adapters.client import PageRequest, SourceClient
from adapters.dialect import Service
from adapters.endpoints import ENTITIES, Collection
from adapters.errors import (
    ClockSkewed,
    Denied,
    Forbidden,
    Malformed,
    Misconfigured,
    Overloaded,
    Redirected,
    Refused,
    SourceError,
    Throttled,
    TimedOut,
    TlsFailed,
    Unreachable,
    Unsupported,
)
from gateway.config import SourceSettings
from gateway.faults import ErrorCode, code_of

ADVICE: tuple[tuple[type[SourceError], str], ...] = (
    (TlsFailed, "ask the district for a certificate that is valid for this host, or correct base_url"),
    (TimedOut, "the server answers too slowly: try later, or ask the district whether it is up"),
    (Unreachable, "check base_url and token_url, and that this machine may reach that host"),
    (ClockSkewed, "set this machine's clock"),
    (Forbidden, "ask the district to share this with your application, or to grant the scope"),
    (Denied, "check client_id, client_secret or token; ask the district whether the connection is active"),
    (Redirected, "set base_url to the address that the server redirects to"),
    (Overloaded, "its hours, its requests of the day or its failures keep it from being asked now: see the message"),
    (Throttled, "ask less often: lower max_concurrency, or try later"),
    (Malformed, "check that base_url is the OneRoster API and not a web page"),
    (Misconfigured, "correct the settings named"),
    (Refused, "check that base_url ends where the OneRoster API begins, and the provider and version"),
)


_NOT_SHARED = (ErrorCode.UPSTREAM_AUTH, ErrorCode.UPSTREAM_FORBIDDEN)


@dataclass(frozen=True, slots=True)
class CollectionCheck:
    """How one collection answered. at_least: the count is of the first page only, the source tells no total."""

    collection: Collection
    seconds: float
    count: int | None = None
    at_least: bool = False
    rejected: int = 0
    code: ErrorCode | None = None
    message: str = ""
    advice: str = ""

    @property
    def ok(self) -> bool:
        if ENTITIES[self.collection].service is not Service.ROSTERING and self.code in _NOT_SHARED:
            return True  # most districts share their roster alone
        return self.code in (None, ErrorCode.UNSUPPORTED)


@dataclass
class SourceCheck:
    """How one source answered, collection by collection; `refusal` where it did not get so far. no_orgs: of those that
    were asked for, the ones that it has not.
    """

    settings: SourceSettings
    collections: list[CollectionCheck] = field(default_factory=list)
    refusal: CollectionCheck | None = None
    no_orgs: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.refusal is None and all(c.ok for c in self.collections) and not self.no_orgs


async def check(
    settings: SourceSettings, connect: Callable[[SourceSettings], SourceClient], orgs: Iterable[str] = ()
) -> SourceCheck:
    """Tries the token, then the first page of every collection; then whether there are orgs of these sourcedIds."""
    result = SourceCheck(settings)
    started = time.perf_counter()
    try:
        client = connect(settings)
    except SourceError as error:
        result.refusal = _failed(Collection.ORGS, started, error)
        return result
    try:
        await client.check_token()
        for collection in Collection:
            result.collections.append(await _collection(client, collection))
        result.no_orgs = [org for org in orgs if await _is_missing(client, org)]
    except SourceError as error:
        result.refusal = _failed(Collection.ORGS, started, error)
    finally:
        await client.aclose()
    return result


async def _collection(client: SourceClient, collection: Collection) -> CollectionCheck:
    started = time.perf_counter()
    try:
        page = await client.page(PageRequest(collection.value, limit=100))
    except SourceError as error:
        return _failed(collection, started, error)
    return CollectionCheck(
        collection,
        time.perf_counter() - started,
        count=page.total if page.total is not None else page.received,
        at_least=page.total is None and page.next_offset is not None,
        rejected=len(page.rejected),
    )


async def _is_missing(client: SourceClient, org: str) -> bool:
    """Whether the source says that it has no such org."""
    try:
        return await client.read(Collection.ORGS, org) is None
    except SourceError:
        return False


def _failed(collection: Collection, started: float, error: SourceError) -> CollectionCheck:
    advice = next((text for kind, text in ADVICE if isinstance(error, kind)), "try later")
    if isinstance(error, Unsupported):
        advice = ""
    return CollectionCheck(
        collection, time.perf_counter() - started, code=code_of(error), message=error.message, advice=advice
    )
