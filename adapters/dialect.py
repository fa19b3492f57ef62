"""How one product, in one version, departs from the OneRoster standard. Data only; the defaults are the standard.

A dialect is frozen, holds no secret and does no I/O. What is only believed of a provider, or differs between
districts, stands in `Capabilities`: a source's settings override each of its fields by name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

Raw: TypeAlias = dict[str, Any]
"""One record as the wire carries it."""

Fixup: TypeAlias = Callable[[Raw], Raw]
"""Takes one raw record, returns one; pure. Its docstring is the reason for it."""


class Version(StrEnum):
    V1P1 = "1.1"
    V1P2 = "1.2"


class Service(StrEnum):
    """The services of OneRoster 1.2; a 1.1 server has all of them under one base path."""

    ROSTERING = "rostering"
    GRADEBOOK = "gradebook"
    RESOURCES = "resources"


class Op(StrEnum):
    """The filter operators of the standard, and the in-list operator that some providers add."""

    EQ = "="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    CONTAINS = "~"


class FilterLevel(StrEnum):
    """How much of the filter grammar is applied: nothing, `status` alone, or fields at large."""

    NONE = "none"
    STATUS = "status"
    FIELDS = "fields"


class Totals(StrEnum):
    """Where a page says how many records the whole collection has."""

    HEADER = "header"
    BODY = "body"
    NONE = "none"


class AbsentStatus(StrEnum):
    """What it means when a record carries no status."""

    UNKNOWN = "unknown"
    ACTIVE = "active"


class CredentialPlace(StrEnum):
    """Where a token request carries the client's id and secret (RFC 6749 2.3.1)."""

    HEADER = "header"
    BODY = "body"


class ParameterPlace(StrEnum):
    """Where a token request carries its parameters; NONE sends no grant type and no scope."""

    BODY = "body"
    QUERY = "query"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """Client credentials (RFC 6749 4.4), or an exchange of its shape.

    scopes: sent joined by blanks; empty sends none. gradebook_scopes, resource_scopes: those for the other services,
    asked for with a token of their own, so that a server which refuses them does not refuse the roster; empty: its
    token serves these too. token_path: used where the source names no token URL, below the
    same address as the dialect's `base_path`; None: it must name one. keeps_cookies: those set by the token's answer
    go with every later request. renew_on: answers that mean "this token is no longer good".
    """

    credentials: CredentialPlace = CredentialPlace.HEADER
    parameters: ParameterPlace = ParameterPlace.BODY
    scopes: tuple[str, ...] = ()
    gradebook_scopes: tuple[str, ...] = ()
    resource_scopes: tuple[str, ...] = ()
    token_path: str | None = None
    keeps_cookies: bool = False
    renew_on: frozenset[int] = frozenset({401})

    def scopes_of(self, service: Service) -> tuple[str, ...]:
        """The scopes of the token with which a service is asked."""
        own = {Service.GRADEBOOK: self.gradebook_scopes, Service.RESOURCES: self.resource_scopes}.get(service)
        return own or self.scopes


class Signature(StrEnum):
    HMAC_SHA256 = "HMAC-SHA256"
    HMAC_SHA1 = "HMAC-SHA1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth1:
    """Every request signed with the consumer's secret, no token (OAuth 1.0a, RFC 5849)."""

    signature: Signature = Signature.HMAC_SHA256


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticBearer:
    """A token that was handed out once and does not expire."""


Auth: TypeAlias = OAuth2 | OAuth1 | StaticBearer


@dataclass(frozen=True, slots=True)
class Absent:
    """A route that the provider does not serve. `source`: who says so."""

    source: str


def absent(source: str, *names: str) -> Mapping[str, Absent]:
    """Routes that a provider lacks, all on the same word."""
    return MappingProxyType({name: Absent(source) for name in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a source can do, as its provider documents it or as it was measured; settings override by field name.

    max_limit: the largest page served in full. all_without_limit: no limit sent means every record in one page.
    any_offset: a page may begin at any record, not only where a whole one would.
    short_page_ends: a page shorter than its limit is the last one. totals: where the size of a collection is told.
    foreign_links: links to the next page may name another host, as behind a proxy; they are not followed, nor refused.
    sort: `sort` and `orderBy` are honoured. filter_level, filter_clauses: how much filter one request may carry.
    filter_operators: those honoured. or_filters: clauses may be joined by OR. dotted_filters: references may be
    filtered by: all, none, or the wire paths listed. in_operator: `field@'a,b'` means any of these.
    unfilterable: wire fields, per collection, on which a filter is refused or ignored; "*" is every field.
    max_url: longest request URL in bytes. single_reads, nested_reads: routes for one record, and below a parent.
    delta: `dateLastModified` moves with every change and can be filtered by, and what was deleted stays for a while as
    a tombstone; off unless the provider documents it. max_concurrency: requests at once.
    absent_status: meaning of a missing status. end_date_inclusive: an end date is the last day, not the day after.
    """

    max_limit: int = 1000
    all_without_limit: bool = False
    any_offset: bool = True
    short_page_ends: bool = False
    totals: Totals = Totals.HEADER
    foreign_links: bool = False
    sort: bool = True
    filter_level: FilterLevel = FilterLevel.FIELDS
    filter_clauses: int = 2
    filter_operators: frozenset[Op] = frozenset(Op)
    or_filters: bool = True
    dotted_filters: bool | frozenset[str] = True
    in_operator: bool = False
    unfilterable: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    max_url: int = 2000
    single_reads: bool = True
    nested_reads: bool = True
    delta: bool = False
    max_concurrency: int = 8
    absent_status: AbsentStatus = AbsentStatus.UNKNOWN
    end_date_inclusive: bool = False


EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))
"""Days of the week; 0 is Monday."""


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of the day, by a source's own clock, on some days of the week.

    begins, ends: minutes after midnight of the day on which it begins; one that passes midnight ends after 1440.
    """

    days: frozenset[int]
    begins: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a source may be asked, and when; settings override by field name. None: as often as is needed.

    requests_per_minute_per_host: to its server, from all sources that are served there. quiet: hours in which it is not
    asked at all. peak: hours in which only peak_concurrency requests run at once.
    """

    requests_per_day: int | None = None
    requests_per_minute: int | None = None
    requests_per_minute_per_host: int | None = None
    quiet: tuple[Hours, ...] = ()
    peak: tuple[Hours, ...] = ()
    peak_concurrency: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one (provider, version) speaks OneRoster.

    name: the provider's slug, as in settings. title: the product's own name. docs: where its maker describes it.
    base_path: below the address a district hands out; a source's address may already end in any part of it.
    auth: how requests prove who asks. and_word: how two clauses are joined.
    absent: routes by name (see `adapters.endpoints`) that the provider lacks. without: services that it lacks, whole.
    paths: routes served elsewhere than the standard says, and routes of the provider's own, by name. trailing_slash:
    collection paths end in one.
    fixups: per collection, what must be put right before a raw record is read.
    former_id_metadata: metadata key in which the source declares a record's earlier sourcedId. former_id_prefix: what
    that sourcedId began with and is not declared, as a regular expression.
    pace: how often the provider lets itself be asked.
    revision_header: response header that changes with anything the source shares.
    """

    name: str
    version: Version
    title: str
    docs: str
    base_path: str
    auth: Auth = field(default_factory=OAuth2)
    and_word: str = "AND"
    absent: Mapping[str, Absent] = field(default_factory=lambda: MappingProxyType({}))
    without: Mapping[Service, Absent] = field(default_factory=lambda: MappingProxyType({}))
    paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    trailing_slash: bool = False
    fixups: Mapping[str, Fixup] = field(default_factory=lambda: MappingProxyType({}))
    former_id_metadata: str | None = None
    former_id_prefix: str = ""
    pace: Pace = field(default_factory=Pace)
    revision_header: str | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)

    def __hash__(self) -> int:
        return hash((self.name, self.version))  # not all that is in it has a hash; what is equal has these in common

    def path_of(self, service: Service) -> str:
        """The base path of a service, by the standard for all but rostering; 1.1 has all in one place."""
        if service is Service.ROSTERING or self.version is Version.V1P1:
            return self.base_path
        return SERVICE_PATHS[service]

    def declares(self, former: str) -> tuple[str, ...]:
        """What may be declared of a sourcedId that was given before, the likeliest first; nothing where none are."""
        if self.former_id_metadata is None:
            return ()
        shorter = re.sub(rf"^(?:{self.former_id_prefix})(?=.)", "", former)
        return tuple(dict.fromkeys((former, shorter)))

    def with_capabilities(self, **measured: Any) -> Dialect:
        """The same dialect with fields of `Capabilities` replaced by what a source was measured to do."""
        return dataclasses.replace(self, capabilities=dataclasses.replace(self.capabilities, **measured))


BASE_PATH = MappingProxyType(
    {
        Version.V1P1: "/ims/oneroster/v1p1",
        Version.V1P2: "/ims/oneroster/rostering/v1p2",
    }
)
"""Base path of the rostering service, by version."""

SERVICE_PATHS = MappingProxyType(
    {
        Service.GRADEBOOK: "/ims/oneroster/gradebook/v1p2",
        Service.RESOURCES: "/ims/oneroster/resources/v1p2",
    }
)
"""Base paths of the other services in 1.2."""

SCOPE_PREFIX = MappingProxyType(
    {
        Version.V1P1: "https://purl.imsglobal.org/spec/or/v1p1/scope/",
        Version.V1P2: "https://purl.imsglobal.org/spec/or/v1p2/scope/",
    }
)


def scopes(version: Version, *names: str) -> tuple[str, ...]:
    """The scope URIs of `names`, such as `roster.readonly`."""
    return tuple(SCOPE_PREFIX[version] + name for name in names)


ROSTER_SCOPES = ("roster-core.readonly", "roster.readonly", "roster-demographics.readonly")


GRADEBOOK_SCOPES = MappingProxyType(
    {
        Version.V1P1: scopes(Version.V1P1, "gradebook.readonly"),
        Version.V1P2: scopes(Version.V1P2, "gradebook.readonly", "assessment.readonly"),
    }
)
RESOURCE_SCOPES = MappingProxyType({version: scopes(version, "resource.readonly") for version in Version})
"""What the standard asks of a token that reads the other services."""


def lacks(source: str, *services: Service) -> Mapping[Service, Absent]:
    """Services that a provider lacks, all on the same word."""
    return MappingProxyType({service: Absent(source) for service in services})
