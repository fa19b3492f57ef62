"""The demo's seven districts, as data: all that a `[[sources]]` table says beside a server's address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.sandbox.ids import IdStyle


@dataclass(frozen=True, slots=True)
class DemoSource:
    """One source of the demo. `school`: which of the district's schools an Xporter token is for, from 0.

    Sources of one seed, size and name are the same district: the two Xporter schools are neighbours.
    """

    key: str
    name: str
    district: str
    kind: str
    seed: int
    students: int
    timezone: str
    labels: tuple[str, ...]
    id_style: IdStyle = IdStyle.PLAIN
    school: int = 0
    metadata: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def source(self) -> dict[str, object]:
        """The keys of its `[[sources]]` table that do not depend on where its server listens."""
        return {
            "key": self.key,
            "name": self.name,
            "district": self.district,
            "timezone": self.timezone,
            "labels": list(self.labels),
            "metadata": {name: dict(declared) for name, declared in self.metadata.items()},
        }


DEMO: Final = (
    DemoSource(
        "springfield",
        "Springfield Public Schools",
        "Springfield",
        "infinite-campus-1.2",
        seed=11,
        students=150,
        timezone="America/Chicago",
        labels=("midwest", "pilot"),
        metadata={"counselorEmail": {"key": "ic.counselor.email", "class": "CONTACT"}},
    ),
    DemoSource(
        "northfield",
        "Northfield Community Schools",
        "Northfield",
        "infinite-campus-1.1",
        seed=12,
        students=90,
        timezone="America/Chicago",
        labels=("midwest",),
    ),
    DemoSource(
        "harbor-flats",
        "Harbor Flats Unified",
        "Harbor Flats",
        "classlink",
        seed=13,
        students=120,
        timezone="America/Los_Angeles",
        labels=("west", "pilot"),
        id_style=IdStyle.AWKWARD,
    ),
    DemoSource(
        "elm-grange-lower",
        "Elm Grange Lower School",
        "Elm Grange",
        "xporter",
        seed=14,
        students=110,
        timezone="Europe/London",
        labels=("uk",),
        id_style=IdStyle.SHORT,
        school=0,
    ),
    DemoSource(
        "elm-grange-upper",
        "Elm Grange Upper School",
        "Elm Grange",
        "xporter",
        seed=14,
        students=110,
        timezone="Europe/London",
        labels=("uk",),
        id_style=IdStyle.SHORT,
        school=1,
    ),
    DemoSource(
        "alder-academy",
        "Alder Academy",
        "Alder",
        "alpha",
        seed=15,
        students=60,
        timezone="America/New_York",
        labels=("east", "pilot"),
    ),
    DemoSource(
        "pine-valley",
        "Pine Valley School District",
        "Pine Valley",
        "skyward",
        seed=16,
        students=100,
        timezone="America/Boise",
        labels=("west",),
    ),
)


def demo_source(key: str) -> DemoSource:
    for source in DEMO:
        if source.key == key:
            return source
    raise KeyError(f"no demo source {key!r}; there are {', '.join(source.key for source in DEMO)}")
