"""Every dialect, by (slug, version): found by listing the providers package, so that a new file joins by itself."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from adapters import providers as package
from adapters.dialect import Dialect, Version


class UnknownProvider(LookupError):
    """No dialect of that name, or none of that version. `known`: the slugs, or the provider's versions."""

    def __init__(self, message: str, known: tuple[str, ...]) -> None:
        super().__init__(message)
        self.known = known


def get(slug: str, version: str) -> Dialect:
    """The dialect of one provider in one version, such as ("standard", "1.2").

    Raises:
        UnknownProvider: naming those that are known.
    """
    versions = providers().get(slug)
    if versions is None:
        known = tuple(providers())
        close = difflib.get_close_matches(slug.lower().replace("_", "-"), known, n=1)
        hint = f", did you mean {close[0]!r}?" if close else "."
        raise UnknownProvider(f"unknown provider {slug!r}{hint} Known: {', '.join(known)}", known)
    if version not in versions:
        raise UnknownProvider(f"{slug} has no version {version!r}; known: {', '.join(versions)}", versions)
    return _all()[slug, Version(version)]


def dialects() -> tuple[Dialect, ...]:
    """Every dialect, by slug and version."""
    return tuple(_all().values())


@cache
def providers() -> Mapping[str, tuple[str, ...]]:
    """The versions of every provider, by slug."""
    found: dict[str, tuple[str, ...]] = {}
    for slug, version in _all():
        found[slug] = (*found.get(slug, ()), version.value)
    return MappingProxyType(found)


@cache
def _all() -> Mapping[tuple[str, Version], Dialect]:
    found: dict[tuple[str, Version], Dialect] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for dialect in vars(module).values():
            if isinstance(dialect, Dialect):
                key = (dialect.name, dialect.version)
                if found.setdefault(key, dialect) is not dialect:
                    raise ValueError(f"two dialects are called {dialect.name} {dialect.version}")
    return MappingProxyType(dict(sorted(found.items())))
