"""Whose tokens a gateway takes, as its settings say it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Algorithm(StrEnum):
    """How tokens may be signed: by a key of which only the public half is known here."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whose tokens are taken. issuer, audience: `iss` and `aud`, letter for letter. jwks: address or file of its keys.

    name: the claim that names the client. sources: the claim with keys of sources, or `district:…`, `label:…`, `*`.
    scopes: the claim with what it may read and what it may do besides. fields: with classes of personal data, or `*`.
    orgs: with sourcedIds of its one source. mask: whether it sees invented people. purpose: what for, in words.
    leeway: seconds by which two clocks may differ.
    """

    issuer: str
    audience: str
    jwks: str | Path
    algorithms: frozenset[Algorithm] = frozenset({Algorithm.RS256, Algorithm.ES256})
    name: str = "sub"
    sources: str = "sources"
    scopes: str = "scope"
    fields: str = "fields"
    orgs: str = "orgs"
    mask: str = "mask"
    purpose: str = "purpose"
    leeway: float = 60.0
