"""Every setting there is: the one table by which files are read, mistakes are worded and the documentation is tested.

What a source's `capabilities`, `auth` and `timeouts` may say follows from the fields of the adapters' own dataclasses.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from adapters.breaker import BreakerLimits
from adapters.dialect import Auth, Capabilities, Hours, OAuth1, OAuth2, Op, Pace, Service, StaticBearer, Version
from adapters.endpoints import Collection
from adapters.retry import Retries
from adapters.secret import Secret
from adapters.spec import Timeouts
from adapters.transport import AnswerLimits
from gateway.access.issuer import Algorithm, Issuer
from gateway.audit.trail import Fsync
from gateway.config import settings
from gateway.config.hours import HOURS
from gateway.config.metadata import METADATA
from gateway.config.secrets import IDENTIFIER, SECRET, Reference
from gateway.config.settings import MetadataName
from gateway.config.urls import BASE_URL, ORIGINS, TOKEN_URL
from gateway.config.values import (
    COUNT,
    DURATION,
    FLAG,
    HTTP_STATUS,
    PORT,
    SHARE,
    SIZE,
    SOURCE_KEY,
    SOURCE_KEYS,
    TEXT,
    TEXTS,
    TIME_ZONE,
    Kind,
    choice,
    either,
    set_of,
    table_of,
)
from gateway.limits import DocumentLimits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key(Generic[T]):
    """One setting: its name, the kind of value it has, and the value it has when it is not written."""

    name: str
    kind: Kind[T]
    default: T
    required: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file: the settings and the tables that may stand in it."""

    name: str
    keys: Mapping[str, Key[Any]]
    tables: Mapping[str, Section] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def names(self) -> list[str]:
        return [*self.keys, *self.tables]


def _section(name: str, keys: Iterable[object], *tables: Section) -> Section:
    found = {key.name: key for key in keys if isinstance(key, Key)}
    return Section(name, MappingProxyType(found), MappingProxyType({table.name: table for table in tables}))


class AuthKind(StrEnum):
    """The auth dataclasses of `adapters.dialect`, by the name settings give them."""

    OAUTH2 = "oauth2"
    OAUTH1 = "oauth1"
    BEARER = "bearer"


AUTH_TYPES: Mapping[AuthKind, type[Auth]] = MappingProxyType(
    {AuthKind.OAUTH2: OAuth2, AuthKind.OAUTH1: OAuth1, AuthKind.BEARER: StaticBearer}
)

_KINDS: Mapping[Any, Kind[Any]] = MappingProxyType(
    {
        int: COUNT,
        bool: FLAG,
        float: DURATION,
        int | None: COUNT,
        str | None: TEXT,
        tuple[str, ...]: TEXTS,
        tuple[Hours, ...]: HOURS,
        frozenset[int]: set_of(HTTP_STATUS),
        frozenset[Op]: set_of(choice(Op)),
        bool | frozenset[str]: either(FLAG, set_of(TEXT)),
        Mapping[str, frozenset[str]]: table_of(choice(Collection), set_of(TEXT)),
    }
)


def _keys_of(dataclass_type: type[Any], **kinds: Kind[Any]) -> list[Key[Any]]:
    """One key per field of an adapters' dataclass, with that field's default. kinds: where its type does not tell."""
    hints = typing.get_type_hints(dataclass_type)
    standard = dataclass_type()
    keys = []
    for each in dataclasses.fields(dataclass_type):
        hint = hints[each.name]
        kind = choice(hint) if isinstance(hint, type) and issubclass(hint, StrEnum) else _KINDS[hint]
        keys.append(Key(each.name, kinds.get(each.name, kind), getattr(standard, each.name)))
    return keys


_GATEWAY = settings.GatewaySettings()
_HTTP = settings.HttpSettings()
_AUDIT = settings.AuditSettings()
_GUARD = settings.GuardSettings()
_JWT = Issuer("", "", "")


class GatewayKeys:
    """What `[gateway]` may hold."""

    HOST = Key("host", TEXT, _GATEWAY.host)
    PORT = Key("port", PORT, _GATEWAY.port)
    SECRET: Key[Reference | Secret | None] = Key("secret", SECRET, None)
    STATE_DIR: Key[str | None] = Key("state_dir", TEXT, None)
    CORS_ORIGINS = Key("cors_origins", ORIGINS, _GATEWAY.cors_origins)
    DEADLINE = Key("deadline", DURATION, _GATEWAY.deadline)
    MAX_HELD_RECORDS = Key("max_held_records", COUNT, _GATEWAY.max_held_records)
    MAX_HELD_BYTES = Key("max_held_bytes", SIZE, _GATEWAY.max_held_bytes)
    WAIT_FOR_WARM = Key("wait_for_warm", FLAG, _GATEWAY.wait_for_warm)
    MAX_CONCURRENCY = Key("max_concurrency", COUNT, _GATEWAY.max_concurrency)
    MAX_CONCURRENCY_PER_HOST = Key("max_concurrency_per_host", COUNT, _GATEWAY.max_concurrency_per_host)


class AccessKeys:
    """What `[access]` may hold."""

    CLIENTS: Key[str | None] = Key("clients", TEXT, None)
    REQUESTS_PER_SECOND = Key("requests_per_second", COUNT, settings.AccessSettings().requests_per_second)
    POINTS_PER_MINUTE = Key("points_per_minute", COUNT, settings.AccessSettings().points_per_minute)


class JwtKeys:
    """What `[access.jwt]` may hold."""

    ISSUER = Key("issuer", TEXT, "", required=True)
    AUDIENCE = Key("audience", TEXT, "", required=True)
    JWKS = Key("jwks", TEXT, "", required=True)
    ALGORITHMS = Key("algorithms", set_of(choice(Algorithm)), _JWT.algorithms)
    NAME = Key("name", TEXT, _JWT.name)
    SOURCES = Key("sources", TEXT, _JWT.sources)
    SCOPES = Key("scopes", TEXT, _JWT.scopes)
    FIELDS = Key("fields", TEXT, _JWT.fields)
    ORGS = Key("orgs", TEXT, _JWT.orgs)
    MASK = Key("mask", TEXT, _JWT.mask)
    PURPOSE = Key("purpose", TEXT, _JWT.purpose)
    LEEWAY = Key("leeway", DURATION, _JWT.leeway)


class AuditKeys:
    """What `[audit]` may hold."""

    DIR: Key[str | None] = Key("dir", TEXT, None)
    FSYNC = Key("fsync", choice(Fsync), _AUDIT.fsync)
    MAX_FILE_BYTES = Key("max_file_bytes", SIZE, _AUDIT.max_file_bytes)
    SUBJECTS = Key("subjects", FLAG, _AUDIT.subjects)


class HttpKeys:
    """What `[http]` may hold."""

    DOCUMENTS = Key("documents", choice(settings.DocumentPolicy), _HTTP.documents)
    DOCUMENTS_DIR: Key[str | None] = Key("documents_dir", TEXT, None)
    GET = Key("get", choice(settings.GetPolicy), _HTTP.get)
    HEADERS_WITHIN = Key("headers_within", DURATION, _HTTP.headers_within)
    BODY_WITHIN = Key("body_within", DURATION, _HTTP.body_within)
    IDLE = Key("idle", DURATION, _HTTP.idle)
    INTROSPECTION = Key("introspection", FLAG, _HTTP.introspection)
    GRAPHIQL = Key("graphiql", FLAG, _HTTP.graphiql)
    METRICS_TOKEN: Key[Reference | Secret | None] = Key("metrics_token", SECRET, None)


class SourceKeys:
    """What one of `[[sources]]` may hold, its tables aside."""

    KEY = Key("key", SOURCE_KEY, "", required=True)
    FORMER_KEYS = Key("former_keys", SOURCE_KEYS, ())
    NAME: Key[str | None] = Key("name", TEXT, None)
    DISTRICT: Key[str | None] = Key("district", TEXT, None)
    LABELS = Key("labels", TEXTS, ())
    TIME_ZONE = Key("timezone", TIME_ZONE, "UTC")
    PROVIDER = Key("provider", TEXT, "", required=True)
    VERSION: Key[Version | None] = Key("version", choice(Version), None)
    BASE_URL: Key[Mapping[Service, str]] = Key("base_url", BASE_URL, MappingProxyType({}), required=True)
    TOKEN_URL: Key[str | None] = Key("token_url", TOKEN_URL, None)
    CLIENT_ID: Key[Reference | Secret | None] = Key("client_id", IDENTIFIER, None)
    CLIENT_SECRET: Key[Reference | Secret | None] = Key("client_secret", SECRET, None)
    TOKEN: Key[Reference | Secret | None] = Key("token", SECRET, None)
    SCHOOLS = Key("schools", TEXTS, ())
    ALLOW_HTTP = Key("allow_http", FLAG, False)
    ENABLED = Key("enabled", FLAG, True)
    MAX_CONCURRENCY = Key("max_concurrency", COUNT, settings.MAX_CONCURRENCY)
    MAX_OPERATIONS = Key("max_operations", COUNT, settings.MAX_OPERATIONS)
    MAX_RECORDS = Key("max_records", COUNT, settings.MAX_RECORDS)
    METADATA: Key[Mapping[str, MetadataName]] = Key("metadata", METADATA, MappingProxyType({}))


AUTH_KIND: Key[AuthKind | None] = Key("kind", choice(AuthKind), None)

FRESH_FOR_KEYS: Mapping[Collection, Key[float]] = MappingProxyType(
    {collection: Key(collection.value, DURATION, seconds) for collection, seconds in settings.FRESH_FOR.items()}
)

STALE_FOR = Key("stale_for", DURATION, settings.STALE_FOR)
RESCAN_EVERY = Key("rescan_every", DURATION, settings.RESCAN_EVERY)
CACHE_HEADERS = Key("headers", choice(settings.CacheHeaders), settings.CacheHeaders.OBEY)

MAX_HELD_RECORDS: Key[int | None] = Key("max_held_records", COUNT, None)
MAX_HELD_BYTES: Key[int | None] = Key("max_held_bytes", SIZE, None)

WARM_COLLECTIONS: Key[frozenset[Collection]] = Key("collections", set_of(choice(Collection)), frozenset())


class GuardKeys:
    """What `[sources.guard]` may hold."""

    MAX_LOSS = Key("max_loss", SHARE, _GUARD.max_loss)
    MIN_RECORDS = Key("min_records", COUNT, _GUARD.min_records)


GATEWAY = _section("gateway", vars(GatewayKeys).values())
JWT = _section("jwt", vars(JwtKeys).values())
ACCESS = _section("access", vars(AccessKeys).values(), JWT)
AUDIT = _section("audit", vars(AuditKeys).values())
HTTP = _section("http", vars(HttpKeys).values())
LIMITS = _section("limits", _keys_of(DocumentLimits))
CAPABILITIES = _section("capabilities", _keys_of(Capabilities))
AUTH = _section("auth", [AUTH_KIND, *(key for auth in AUTH_TYPES.values() for key in _keys_of(auth))])
FRESH_FOR = _section("fresh_for", FRESH_FOR_KEYS.values())
CACHE = _section("cache", [STALE_FOR, RESCAN_EVERY, CACHE_HEADERS, MAX_HELD_RECORDS, MAX_HELD_BYTES], FRESH_FOR)
GUARD = _section("guard", vars(GuardKeys).values())
WARM = _section("warm", [WARM_COLLECTIONS])
TIMEOUTS = _section("timeouts", _keys_of(Timeouts))
RETRIES = _section("retries", _keys_of(Retries, share=SHARE))
BREAKER = _section("breaker", _keys_of(BreakerLimits, share=SHARE))
ANSWERS = _section("answers", _keys_of(AnswerLimits, headers=SIZE, wire=SIZE, body=SIZE))
PACE = _section("pace", _keys_of(Pace))
SOURCE = _section(
    "sources",
    vars(SourceKeys).values(),
    *(CAPABILITIES, AUTH, PACE, CACHE, WARM, GUARD),
    *(TIMEOUTS, RETRIES, BREAKER, ANSWERS),
)

_OWN = (SourceKeys.KEY.name, SourceKeys.FORMER_KEYS.name, SourceKeys.NAME.name, SourceKeys.PROVIDER.name)
PROVIDER = _section("providers", (k for k in SOURCE.keys.values() if k.name not in _OWN), *SOURCE.tables.values())
"""What `[providers.NAME]` may hold: all of a source but what tells one source from another."""

INCLUDE = Key("include", TEXTS, ())
