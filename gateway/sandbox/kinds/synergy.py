"""Synergy (Edupoint), OneRoster 1.1 and 1.2. Only its token call is public (one client); the rest is the standard."""

from __future__ import annotations

from dataclasses import replace

from gateway.sandbox.kind import ALL_1_1, ALL_1_2, ClientCredentials, Kind
from gateway.sandbox.wire import ROLES_1_1, Wire

SYNERGY = Kind(
    slug="synergy",
    provider="synergy",
    version="1.1",
    root="/ims/oneroster/v1p1",
    # Basic, and grant_type and scope in a form body; separate token URL (client). Nothing else is public.
    auth=ClientCredentials("/synergy/oauth/token", form=False, scope="required"),
    wire=Wire("1.1", roles=ROLES_1_1, text_booleans=False),
    routes=ALL_1_1,
    error="statusInfoSet",
)

V1P2 = replace(
    SYNERGY,
    slug="synergy-1.2",
    version="1.2",
    root="/ims/oneroster/rostering/v1p2",
    wire=Wire("1.2"),
    routes=ALL_1_2,
    error="imsx",
)
