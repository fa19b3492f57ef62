"""The configured sources: those of a grant, those that a client names or chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence

from cachetools import LRUCache

from adapters.client import SourceClient
from adapters.errors import Misconfigured, SourceError
from adapters.secret import Secret
from gateway.access.grant import Grant
from gateway.config import MisconfiguredSource, Settings, SourceSettings
from gateway.faults import BadInput, Disabled, ErrorCode
from gateway.identity import source_key
from gateway.roster.budget import Budget, Limit
from gateway.roster.masking.mask import Mask
from gateway.roster.masking.masked import Masked
from gateway.roster.reader import Reader
from gateway.roster.source import Source
from gateway.roster.store import Store
from gateway.roster.terms import BY_DEFAULT, ReadOptions

_GRANTS = 100
"""Grants of which the sources are kept as they see them."""


class Sources:
    """All configured sources, by key."""

    def __init__(self, sources: Iterable[Source], store: Store | None = None) -> None:
        self._store = store
        self._by_key = {s.key: s for s in sorted(sources, key=lambda s: s.key)}
        self._by_name = {key: s for s in self._by_key.values() for key in s.keys}
        self._usual = tuple(s for s in self._by_key.values() if not s.disabled)
        self._granted: LRUCache[int, tuple[Grant, Sequence[Source]]] = LRUCache(_GRANTS)

    @classmethod
    def open(
        cls, settings: Settings, connect: Callable[[SourceSettings], SourceClient], store: Store | None = None
    ) -> Sources:
        """A misconfigured source without a usable key cannot be named by anyone: it is only told at the start."""
        broken = [_misconfigured(m.key, m) for m in settings.misconfigured if m.key is not None]
        limit = Limit(settings.gateway.max_held_records, settings.gateway.max_held_bytes)
        budget = Budget(limit, ((s.key, Limit(s.max_held_records, s.max_held_bytes)) for s in settings.sources))
        secret = settings.gateway.secret
        return cls([*broken, *(_open(s, connect, store, budget, secret) for s in settings.sources)], store)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._by_key.values())

    def within(self, grant: Grant) -> list[Source]:
        """Those that the grant reaches, each as it lets it be seen: here as below."""
        return _seen(self, grant)

    def get(self, key: str, grant: Grant) -> Source | None:
        """The source, if there is one of that key, or that had it before, that the grant reaches."""
        found = self._by_name.get(key)
        if found is None or grant.sources is None:
            return found
        access = grant.sources.get(found.key)
        return found.seen(access) if access is not None else None

    def named(self, names: Sequence[str] | None, grant: Grant) -> Sequence[Source]:
        """The sources that a client names by key, former key or global id, each once, by key.

        None means all within the grant but those that are switched off: they are nobody's to wait for.

        Raises:
            BadInput: a name is not that of a source within the grant.
        """
        if names is None:
            return self._usual if grant.sources is None else self._usually(grant)
        found = {k: self.get(k, grant) for k in sorted({source_key(n) for n in names})}
        unknown = [k for k, s in found.items() if s is None]
        if unknown:
            known = ", ".join(s.key for s in self.within(grant))
            raise BadInput(f"no source named {', '.join(unknown)}; there are: {known}", ErrorCode.NOT_FOUND)
        return sorted({s for s in found.values() if s is not None}, key=lambda s: s.key)

    def _usually(self, grant: Grant) -> Sequence[Source]:
        """The usual ones of a grant: the same sequence, for as long as it is the same grant."""
        kept = self._granted.get(id(grant))
        if kept is None or kept[0] is not grant:
            kept = self._granted[id(grant)] = grant, tuple(_seen(self._usual, grant))
        return kept[1]

    def chosen(self, names: Sequence[str] | None, read: ReadOptions, grant: Grant) -> Sequence[Source]:
        """Of the sources that are `named`, those that `read` leaves.

        Raises:
            BadInput: a name, label, district or provider is not that of a source within the grant.
        """
        found = self.named(names, grant)
        if read is BY_DEFAULT:
            return found
        for trait, wanted in (("labels", read.labels), ("districts", read.districts), ("providers", read.providers)):
            if wanted is not None:
                known = sorted({has for source in self.within(grant) for has in source.traits(trait)})
                unknown = [each for each in wanted if each not in known]
                if unknown:
                    there = f"there are: {', '.join(known)}" if known else "there are none"
                    message = f"read.{trait}: no source has {', '.join(unknown)}; {there}"
                    raise BadInput(message, ErrorCode.NOT_FOUND)
                found = [s for s in found if not s.traits(trait).isdisjoint(wanted)]
        return found

    async def warm(self) -> None:
        await asyncio.gather(*(source.warm() for source in self))

    async def close(self) -> None:
        for source in self:
            await source.close()
        if self._store is not None:
            await self._store.close()


def _seen(sources: Iterable[Source], grant: Grant) -> list[Source]:
    return [source.seen(grant.at(source.key)) for source in sources if grant.reaches(source.key)]


def _open(
    settings: SourceSettings,
    connect: Callable[[SourceSettings], SourceClient],
    store: Store | None,
    budget: Budget,
    secret: Secret | None,
) -> Source:
    if not settings.enabled:
        return Source(settings.key, settings, None, Disabled(settings.key, "switched off in the settings"))
    try:
        client = connect(settings)
    except SourceError as problem:
        return Source(settings.key, settings, None, problem)
    masked = Masked(Mask(secret.reveal().encode(), settings.key)) if secret is not None else None
    return Source(settings.key, settings, Reader(client, settings, store, budget), pacer=client.pacer, masked=masked)


def _misconfigured(key: str, settings: MisconfiguredSource) -> Source:
    problem = Misconfigured(key, "its settings have mistakes: `oneroster-gateway check` lists them")
    return Source(key, settings, None, problem)
