"""What the gateway runs with, once read and found right: frozen, and every value of its final type.

How a settings file becomes this is in `gateway.config.reading`; what may be written there in `gateway.config.keys`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from adapters.dialect import Version
from adapters.endpoints import Collection
from adapters.secret import Secret
from adapters.spec import Credentials, SourceSpec
from gateway.access.field_class import FieldClass
from gateway.access.issuer import Issuer
from gateway.audit.trail import Fsync
from gateway.config.mistakes import Mistake
from gateway.limits import DocumentLimits

_MINUTE = 60.0
_HOUR = 3600.0

FRESH_FOR: Mapping[Collection, float] = MappingProxyType(
    {
        Collection.ORGS: 6 * _HOUR,
        Collection.ACADEMIC_SESSIONS: 6 * _HOUR,
        Collection.COURSES: _HOUR,
        Collection.CLASSES: _HOUR,
        Collection.USERS: 15 * _MINUTE,
        Collection.ENROLLMENTS: 15 * _MINUTE,
        Collection.DEMOGRAPHICS: 15 * _MINUTE,
        Collection.CATEGORIES: 6 * _HOUR,
        Collection.LINE_ITEMS: 15 * _MINUTE,
        Collection.RESULTS: 5 * _MINUTE,
        Collection.SCORE_SCALES: 6 * _HOUR,
        Collection.ASSESSMENT_LINE_ITEMS: _HOUR,
        Collection.ASSESSMENT_RESULTS: 15 * _MINUTE,
        Collection.RESOURCES: 6 * _HOUR,
    }
)
"""Seconds for which a collection is served without asking again: the less it changes in a school day, the longer."""

STALE_FOR = 24 * _HOUR
"""Seconds for which a copy may stand in for a source that fails (RFC 5861, stale-if-error)."""

RESCAN_EVERY = 24 * _HOUR
"""Seconds after which a collection is read in full again, however it was kept up to date by deltas meanwhile."""

MAX_RECORDS = 2_000_000
"""Records of one collection, above which a scan is given up."""

MAX_CONCURRENCY = 8
"""Requests in flight for one source, where neither its settings nor its provider allow fewer."""

MAX_OPERATIONS = 100
"""Operations that one source works for at once, or that wait for it to."""


class CacheHeaders(StrEnum):
    """Whether what a source says of holding its answers counts: Cache-Control, and by what to ask for changes only."""

    OBEY = "obey"
    IGNORE = "ignore"


class DocumentPolicy(StrEnum):
    """Which documents are answered: any; any, and again by their hash alone; those that are trusted and no others."""

    ANY = "any"
    APQ = "apq"
    TRUSTED = "trusted"


class GetPolicy(StrEnum):
    """Which documents are answered when they are asked for with GET."""

    OFF = "off"
    TRUSTED = "trusted"
    QUERIES = "queries"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataName:
    """A metadata key that a source is trusted to fill, and the kind of data that stands there."""

    key: str
    field_class: FieldClass


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """When a reading lost too much to be believed. max_loss: share of the records. min_records: how many at least."""

    max_loss: float = 0.2
    min_records: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Where the gateway listens, how long an operation may take, and how much is asked of all sources at once.

    port: 0 takes any free one. state_dir: where tables are kept on disk. cors_origins: pages of these origins may ask
    from a browser. deadline: seconds. wait_for_warm: not ready before what is to be warm is.
    max_held_records, max_held_bytes: in memory, of all sources together.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    secret: Secret | None = None
    state_dir: Path | None = None
    cors_origins: tuple[str, ...] = ()
    deadline: float = 30.0
    wait_for_warm: bool = False
    max_held_records: int = 5_000_000
    max_held_bytes: int = 2_000_000_000
    max_concurrency: int = 100
    max_concurrency_per_host: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """What may be asked over HTTP, and how. documents_dir: where the trusted documents are. introspection: whether the
    schema may be asked for. graphiql: whether browsers are shown pages.

    headers_within, body_within, idle: seconds that a client has to send those, and between two requests.
    metrics_token: whoever asks for the figures has it; None: anybody may.
    """

    documents: DocumentPolicy = DocumentPolicy.APQ
    documents_dir: Path | None = None
    get: GetPolicy = GetPolicy.OFF
    headers_within: float = 10.0
    body_within: float = 30.0
    idle: float = 5.0
    introspection: bool = True
    graphiql: bool = True
    metrics_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """How clients are told apart. clients: the file of those that have keys. jwt: whose tokens are taken.

    requests_per_second, points_per_minute: of each client.
    """

    clients: Path | None = None
    jwt: Issuer | None = None
    requests_per_second: int = 50
    points_per_minute: int = 2_000_000

    @property
    def told_apart(self) -> bool:
        return self.clients is not None or self.jwt is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """Whether, where and how operations are recorded. dir: None where they are not. max_file_bytes: a new file is begun
    before one is larger. subjects: keyed hashes of whom an answer tells stand in its record.
    """

    dir: Path | None = None
    fsync: Fsync = Fsync.ALWAYS
    max_file_bytes: int = 100_000_000
    subjects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """One source that can be asked. `spec` is the adapters' part of it, the rest is the gateway's.

    former_keys: keys that it had before; ids made with them still name its records.
    timezone: IANA name; the source's today is reckoned by it. schools: org sourcedIds to keep; empty keeps all.
    fresh_for: seconds, for every collection; of those that are not `fixed`, the source itself may say another time.
    stale_for, rescan_every: seconds. warm: collections to read whole at the start. metadata: names declared for its
    keys. The secrets of a source that is not `enabled` are not fetched. anew: follows their references again,
    commands too if told so; None where they cannot change. What it returns is None where one leads nowhere.
    """

    key: str
    name: str
    former_keys: tuple[str, ...] = ()
    district: str | None = None
    labels: tuple[str, ...] = ()
    timezone: str = "UTC"
    provider: str
    version: Version
    spec: SourceSpec
    schools: tuple[str, ...] = ()
    fresh_for: Mapping[Collection, float] = field(default_factory=lambda: FRESH_FOR)
    fixed: frozenset[Collection] = frozenset()
    cache_headers: CacheHeaders = CacheHeaders.OBEY
    stale_for: float = STALE_FOR
    rescan_every: float = RESCAN_EVERY
    max_held_records: int | None = None
    max_held_bytes: int | None = None
    max_operations: int = MAX_OPERATIONS
    warm: frozenset[Collection] = frozenset()
    guard: GuardSettings = GuardSettings()
    metadata: Mapping[str, MetadataName] = field(default_factory=lambda: MappingProxyType({}))
    enabled: bool = True
    anew: Callable[[bool], Credentials | None] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MisconfiguredSource:
    """One source that cannot be asked, with all that is wrong with it, and what could be read of who it is.

    key is None where it is missing or unusable, and shared by several where they claim the same one.
    """

    key: str | None
    name: str
    mistakes: tuple[Mistake, ...]
    former_keys: tuple[str, ...] = ()
    district: str | None = None
    labels: tuple[str, ...] = ()
    timezone: str = "UTC"
    provider: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    gateway: GatewaySettings
    sources: tuple[SourceSettings, ...]
    misconfigured: tuple[MisconfiguredSource, ...] = ()
    http: HttpSettings = HttpSettings()
    access: AccessSettings = AccessSettings()
    limits: DocumentLimits = field(default_factory=DocumentLimits)
    audit: AuditSettings = AuditSettings()

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """Every mistake of every misconfigured source, each once."""
        return tuple(dict.fromkeys(m for source in self.misconfigured for m in source.mistakes))
