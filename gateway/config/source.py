"""One source's table → its settings, or all that is wrong with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from adapters import registry
from adapters.breaker import BreakerLimits
from adapters.dialect import Auth, Dialect, OAuth2, Pace, Service
from adapters.retry import Retries
from adapters.secret import Secret
from adapters.spec import Credentials, SourceSpec, Timeouts
from adapters.transport import AnswerLimits
from gateway.config.hours import covers_the_week
from gateway.config.keys import (
    ANSWERS,
    AUTH,
    AUTH_KIND,
    AUTH_TYPES,
    BREAKER,
    CACHE,
    CACHE_HEADERS,
    CAPABILITIES,
    FRESH_FOR,
    FRESH_FOR_KEYS,
    GUARD,
    MAX_HELD_BYTES,
    MAX_HELD_RECORDS,
    PACE,
    RESCAN_EVERY,
    RETRIES,
    SOURCE,
    STALE_FOR,
    TIMEOUTS,
    WARM,
    WARM_COLLECTIONS,
    AuthKind,
    GuardKeys,
    Key,
    SourceKeys,
)
from gateway.config.mistakes import Mistake, did_you_mean
from gateway.config.secrets import Reference, Scheme, Vault
from gateway.config.settings import GuardSettings, MisconfiguredSource, SourceSettings
from gateway.config.table import Layer, Table
from gateway.config.urls import insecure
from gateway.config.values import Wrong

_ID_AND_SECRET = (SourceKeys.CLIENT_ID, SourceKeys.CLIENT_SECRET)

_NEEDS: Mapping[AuthKind, tuple[str, tuple[Key[Reference | Secret | None], ...]]] = MappingProxyType(
    {
        AuthKind.OAUTH2: ("a token for its client id and secret (OAuth 2)", _ID_AND_SECRET),
        AuthKind.OAUTH1: ("signed requests (OAuth 1)", _ID_AND_SECRET),
        AuthKind.BEARER: ("a token handed out once", (SourceKeys.TOKEN,)),
    }
)
"""What each way to authenticate is, and the settings it cannot do without."""


def read_source(own: Layer, defaults: Layer | None, vault: Vault) -> SourceSettings | MisconfiguredSource:
    """The source written in `own`, above its provider's `defaults`."""
    mistakes: list[Mistake] = []
    layers = [own, defaults] if defaults else [own]
    table = Table(layers, mistakes)
    table.refuse_unknown(SOURCE)
    key = table.take(SourceKeys.KEY)
    former_keys = table.take(SourceKeys.FORMER_KEYS)
    name = table.take(SourceKeys.NAME) or key
    district = table.take(SourceKeys.DISTRICT)
    labels = table.take(SourceKeys.LABELS)
    timezone = table.take(SourceKeys.TIME_ZONE)
    schools = table.take(SourceKeys.SCHOOLS)
    metadata = table.take(SourceKeys.METADATA)
    enabled = table.take(SourceKeys.ENABLED)
    cache = table.table(CACHE)
    stale_for = cache.take(STALE_FOR)
    rescan_every = cache.take(RESCAN_EVERY)
    cache_headers = cache.take(CACHE_HEADERS)
    max_held_records = cache.take(MAX_HELD_RECORDS)
    max_held_bytes = cache.take(MAX_HELD_BYTES)
    freshness = cache.table(FRESH_FOR)
    fresh_for = MappingProxyType({collection: freshness.take(k) for collection, k in FRESH_FOR_KEYS.items()})
    fixed = frozenset(collection for collection, k in FRESH_FOR_KEYS.items() if freshness.has(k))
    max_operations = table.take(SourceKeys.MAX_OPERATIONS)
    warm = table.table(WARM).take(WARM_COLLECTIONS)
    losses = table.table(GUARD)
    guard = GuardSettings(max_loss=losses.take(GuardKeys.MAX_LOSS), min_records=losses.take(GuardKeys.MIN_RECORDS))
    spec = _spec(table, key, _dialect(table), vault if enabled else None)
    if spec is None or mistakes:
        return MisconfiguredSource(
            key=key or None,
            name=name or own.path,
            mistakes=tuple(dict.fromkeys(mistakes)),
            former_keys=former_keys,
            district=district,
            labels=labels,
            timezone=timezone,
            provider=table.take(SourceKeys.PROVIDER),
            version=table.take(SourceKeys.VERSION) or "",
        )
    return SourceSettings(
        key=key,
        name=name,
        former_keys=former_keys,
        district=district,
        labels=labels,
        timezone=timezone,
        provider=spec.dialect.name,
        version=spec.dialect.version,
        spec=spec,
        schools=schools,
        fresh_for=fresh_for,
        fixed=fixed,
        cache_headers=cache_headers,
        stale_for=stale_for,
        rescan_every=rescan_every,
        max_held_records=max_held_records,
        max_held_bytes=max_held_bytes,
        max_operations=max_operations,
        warm=warm,
        guard=guard,
        metadata=metadata,
        enabled=enabled,
        anew=_anew(layers, key, vault) if enabled else None,
    )


def _dialect(table: Table) -> Dialect | None:
    slug = table.take(SourceKeys.PROVIDER)
    version = table.take(SourceKeys.VERSION)
    if not slug:
        return None
    known = registry.providers()
    versions = known.get(slug)
    if versions is None:
        table.mistake(SourceKeys.PROVIDER, Wrong(f"no such provider{did_you_mean(slug, known)}", ", ".join(known)))
        return None
    offered = ", ".join(f'"{each}"' for each in versions)
    if version is None:
        if table.has(SourceKeys.VERSION):  # and is wrong, which is noted already
            return None
        if len(versions) == 1:
            return registry.get(slug, versions[0])
        table.missing(SourceKeys.VERSION, f"this is missing; {slug} is spoken in several versions", offered)
        return None
    if version not in versions:
        table.mistake(SourceKeys.VERSION, Wrong(f"{slug} is not spoken in this version", offered))
        return None
    return registry.get(slug, version)


def _spec(table: Table, key: str, dialect: Dialect | None, vault: Vault | None) -> SourceSpec | None:
    """How the source is asked; None where its provider or version is not known. No vault: no credentials."""
    measured = table.table(CAPABILITIES).given(CAPABILITIES.keys)
    auth = _auth(table.table(AUTH), dialect.auth if dialect else None)
    pace = _pace(table.table(PACE), dialect.pace if dialect else Pace())
    timeouts = Timeouts(**table.table(TIMEOUTS).given(TIMEOUTS.keys))
    retries = Retries(**table.table(RETRIES).given(RETRIES.keys))
    breaker = BreakerLimits(**table.table(BREAKER).given(BREAKER.keys))
    answers = AnswerLimits(**table.table(ANSWERS).given(ANSWERS.keys))
    base_urls, token_url = _addresses(table)
    max_concurrency = table.take(SourceKeys.MAX_CONCURRENCY)
    max_records = table.take(SourceKeys.MAX_RECORDS)
    credentials = _credentials(table, key, vault)
    if dialect is None or auth is None:
        return None
    if vault is not None:
        _require_credentials(table, dialect, auth)
    return SourceSpec(
        key=key,
        dialect=dataclasses.replace(dialect, auth=auth, pace=pace).with_capabilities(**measured),
        base_url=base_urls.get(Service.ROSTERING, ""),
        service_urls={service: url for service, url in base_urls.items() if service is not Service.ROSTERING},
        credentials=credentials,
        token_url=token_url,
        allow_http=table.take(SourceKeys.ALLOW_HTTP),
        max_concurrency=max_concurrency,
        max_records=max_records,
        timezone=table.take(SourceKeys.TIME_ZONE),
        timeouts=timeouts,
        retries=retries,
        breaker=breaker,
        answers=answers,
    )


def _credentials(table: Table, key: str, vault: Vault | None) -> Credentials:
    return Credentials(
        client_id=table.take_secret(SourceKeys.CLIENT_ID, vault, key),
        client_secret=table.take_secret(SourceKeys.CLIENT_SECRET, vault, key),
        token=table.take_secret(SourceKeys.TOKEN, vault, key),
    )


def _anew(layers: list[Layer], key: str, vault: Vault) -> Callable[[bool], Credentials | None] | None:
    """What follows the references of a source's credentials again; None where that could lead to nothing else."""
    written = Table(layers, [])
    references = [written.take(each) for each in (SourceKeys.CLIENT_ID, SourceKeys.CLIENT_SECRET, SourceKeys.TOKEN)]
    if all(not isinstance(each, Reference) or each.scheme is Scheme.ENV for each in references):
        return None

    def anew(commands: bool) -> Credentials | None:
        mistakes: list[Mistake] = []
        found = _credentials(Table(layers, mistakes), key, vault.anew(commands=commands))
        return None if mistakes else found

    return anew


def _addresses(table: Table) -> tuple[Mapping[Service, str], str | None]:
    base_urls, token_url = table.take(SourceKeys.BASE_URL), table.take(SourceKeys.TOKEN_URL)
    allow_http = table.take(SourceKeys.ALLOW_HTTP)
    pairs: tuple[tuple[Key[Any], str | None], ...] = (
        *((SourceKeys.BASE_URL, url) for url in base_urls.values()),
        (SourceKeys.TOKEN_URL, token_url),
    )
    for key, url in pairs:
        if url and not allow_http and (reason := insecure(url)):
            allowed = "a public address with https; any with allow_http = true, meant for sandboxes and tests"
            table.mistake(key, Wrong(reason, allowed))
    return base_urls, token_url


def _auth(table: Table, auth: Auth | None) -> Auth | None:
    """The dialect's auth with what the source says of its own; of another kind, where the source names one."""
    kind = table.take(AUTH_KIND)
    written = {name: value for name, value in table.given(AUTH.keys).items() if name != AUTH_KIND.name}
    if kind is not None and not isinstance(auth, AUTH_TYPES[kind]):
        auth = AUTH_TYPES[kind]()
    if auth is None:
        return None
    fields = [each.name for each in dataclasses.fields(auth)]
    for name in written:
        if name not in fields:
            problem = f"this is no setting of {_kind_of(auth)}, by which this source authenticates"
            table.mistake(AUTH.keys[name], Wrong(problem, ", ".join([AUTH_KIND.name, *fields])))
    return dataclasses.replace(auth, **{name: value for name, value in written.items() if name in fields})


def _pace(table: Table, pace: Pace) -> Pace:
    """The dialect's pace with what the source says of its own."""
    pace = dataclasses.replace(pace, **table.given(PACE.keys))
    if covers_the_week(pace.quiet):
        table.mistake(PACE.keys["quiet"], Wrong("these hours are the whole week: it could never be asked"))
    return pace


def _require_credentials(table: Table, dialect: Dialect, auth: Auth) -> None:
    means, needed = _NEEDS[_kind_of(auth)]
    for key in needed:
        if not table.has(key):
            table.missing(key, f"this is missing; the source is asked with {means}")
    if isinstance(auth, OAuth2) and auth.token_path is None and not table.has(SourceKeys.TOKEN_URL):
        table.missing(SourceKeys.TOKEN_URL, f"this is missing; of {dialect.name} it cannot be told from base_url")


def _kind_of(auth: Auth) -> AuthKind:
    return next(kind for kind, each in AUTH_TYPES.items() if isinstance(auth, each))
