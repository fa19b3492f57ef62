"""Reads what the main file says of the gateway itself: `[gateway]`, `[access]`, `[audit]`, `[http]` and `[limits]`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from gateway.access.issuer import Issuer
from gateway.config.keys import (
    ACCESS,
    AUDIT,
    GATEWAY,
    HTTP,
    JWT,
    LIMITS,
    AccessKeys,
    AuditKeys,
    GatewayKeys,
    HttpKeys,
    JwtKeys,
)
from gateway.config.secrets import Vault
from gateway.config.settings import (
    AccessSettings,
    AuditSettings,
    DocumentPolicy,
    GatewaySettings,
    GetPolicy,
    HttpSettings,
)
from gateway.config.table import Table
from gateway.config.values import Wrong
from gateway.limits import DocumentLimits

_HERE = ("127.0.0.1", "localhost", "::1")
_MOST_LEEWAY = 60.0


def read_gateway(table: Table, base: Path, vault: Vault) -> GatewaySettings:
    """base: what folders are relative to."""
    table.refuse_unknown(GATEWAY)
    state_dir = table.take(GatewayKeys.STATE_DIR)
    return GatewaySettings(
        host=table.take(GatewayKeys.HOST),
        port=table.take(GatewayKeys.PORT),
        secret=table.take_secret(GatewayKeys.SECRET, vault),
        state_dir=base / state_dir if state_dir is not None else None,
        cors_origins=table.take(GatewayKeys.CORS_ORIGINS),
        deadline=table.take(GatewayKeys.DEADLINE),
        max_held_records=table.take(GatewayKeys.MAX_HELD_RECORDS),
        max_held_bytes=table.take(GatewayKeys.MAX_HELD_BYTES),
        wait_for_warm=table.take(GatewayKeys.WAIT_FOR_WARM),
        max_concurrency=table.take(GatewayKeys.MAX_CONCURRENCY),
        max_concurrency_per_host=table.take(GatewayKeys.MAX_CONCURRENCY_PER_HOST),
    )


def read_http(table: Table, base: Path, vault: Vault) -> HttpSettings:
    """base: what folders are relative to."""
    table.refuse_unknown(HTTP)
    documents_dir = table.take(HttpKeys.DOCUMENTS_DIR)
    http = HttpSettings(
        documents=table.take(HttpKeys.DOCUMENTS),
        documents_dir=base / documents_dir if documents_dir is not None else None,
        get=table.take(HttpKeys.GET),
        headers_within=table.take(HttpKeys.HEADERS_WITHIN),
        body_within=table.take(HttpKeys.BODY_WITHIN),
        idle=table.take(HttpKeys.IDLE),
        introspection=table.take(HttpKeys.INTROSPECTION),
        graphiql=table.take(HttpKeys.GRAPHIQL),
        metrics_token=table.take_secret(HttpKeys.METRICS_TOKEN, vault),
    )
    if not table.has(HttpKeys.DOCUMENTS_DIR):
        untrusted = "no document is trusted unless documents_dir says where trusted ones are"
        if http.documents is DocumentPolicy.TRUSTED:
            table.mistake(HttpKeys.DOCUMENTS, Wrong(untrusted, '"any", "apq"; or this and documents_dir'))
        if http.get is GetPolicy.TRUSTED:
            table.mistake(HttpKeys.GET, Wrong(untrusted, '"off", "queries"; or this and documents_dir'))
    if http.documents is DocumentPolicy.TRUSTED and http.get is GetPolicy.QUERIES:
        problem = 'with documents = "trusted" no other queries are answered'
        table.mistake(HttpKeys.GET, Wrong(problem, '"off", "trusted"'))
    return http


def read_access(table: Table, base: Path, gateway: GatewaySettings) -> AccessSettings:
    """base: what the file of clients is relative to."""
    table.refuse_unknown(ACCESS)
    clients = table.take(AccessKeys.CLIENTS)
    if clients is not None and gateway.secret is None:
        table.mistake(
            AccessKeys.CLIENTS, Wrong("keys are kept as hashes made with a secret", "[gateway] with a secret")
        )
    jwt = table.table(JWT)
    issuer = _issuer(jwt, base) if any(jwt.has(key) for key in JWT.keys.values()) else None
    return AccessSettings(
        clients=base / clients if clients is not None else None,
        jwt=issuer,
        requests_per_second=table.take(AccessKeys.REQUESTS_PER_SECOND),
        points_per_minute=table.take(AccessKeys.POINTS_PER_MINUTE),
    )


def _issuer(table: Table, base: Path) -> Issuer:
    jwks = table.take(JwtKeys.JWKS)
    address = urlsplit(jwks)
    if address.scheme == "http" and address.hostname not in _HERE:
        table.mistake(JwtKeys.JWKS, Wrong("keys that come without https may be anybody's", "an address with https"))
    leeway = table.take(JwtKeys.LEEWAY)
    if leeway > _MOST_LEEWAY:
        table.mistake(JwtKeys.LEEWAY, Wrong("clocks differ by less", f"at most {_MOST_LEEWAY:.0f}s"))
    return Issuer(
        issuer=table.take(JwtKeys.ISSUER),
        audience=table.take(JwtKeys.AUDIENCE),
        jwks=jwks if address.scheme in ("http", "https") else base / jwks,
        algorithms=table.take(JwtKeys.ALGORITHMS),
        name=table.take(JwtKeys.NAME),
        sources=table.take(JwtKeys.SOURCES),
        scopes=table.take(JwtKeys.SCOPES),
        fields=table.take(JwtKeys.FIELDS),
        orgs=table.take(JwtKeys.ORGS),
        mask=table.take(JwtKeys.MASK),
        purpose=table.take(JwtKeys.PURPOSE),
        leeway=leeway,
    )


def read_audit(table: Table, base: Path, gateway: GatewaySettings) -> AuditSettings:
    """base: what folders are relative to."""
    table.refuse_unknown(AUDIT)
    folder = table.take(AuditKeys.DIR)
    subjects = table.take(AuditKeys.SUBJECTS)
    if folder is None:
        for key in (AuditKeys.FSYNC, AuditKeys.MAX_FILE_BYTES, AuditKeys.SUBJECTS):
            if table.has(key):
                table.mistake(key, Wrong("nothing is recorded unless dir says where", "this and dir; or neither"))
    elif subjects and gateway.secret is None:
        table.mistake(AuditKeys.SUBJECTS, Wrong("ids of people are hashed with a secret", "[gateway] with a secret"))
    return AuditSettings(
        dir=base / folder if folder is not None else None,
        fsync=table.take(AuditKeys.FSYNC),
        max_file_bytes=table.take(AuditKeys.MAX_FILE_BYTES),
        subjects=subjects,
    )


def read_limits(table: Table) -> DocumentLimits:
    table.refuse_unknown(LIMITS)
    return DocumentLimits(**table.given(LIMITS.keys))
