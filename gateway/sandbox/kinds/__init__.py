"""The kinds of sandbox server by their slug. Each module says how one product answers, with its sources."""

from __future__ import annotations

from typing import Final

from gateway.sandbox.kind import Kind
from gateway.sandbox.kinds import (
    aeries,
    alpha,
    classlink,
    ed_fi,
    infinite_campus,
    powerschool,
    skyward,
    standard,
    synergy,
    xporter,
)

KINDS: Final[dict[str, Kind]] = {
    kind.slug: kind
    for kind in (
        standard.V1P1,
        standard.V1P2,
        standard.WIDE,
        infinite_campus.V1P1,
        infinite_campus.V1P2,
        classlink.DIRECT,
        classlink.PROXY,
        xporter.SCHOOL,
        xporter.GENERIC,
        alpha.PARTNER,
        alpha.TIMEBACK,
        skyward.SKYWARD,
        synergy.SYNERGY,
        synergy.V1P2,
        powerschool.POWERSCHOOL,
        aeries.AERIES,
        ed_fi.ED_FI,
    )
}
