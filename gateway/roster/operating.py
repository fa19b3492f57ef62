"""What an operator does to sources: has collections read anew, and decides what the shrink guard holds back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.endpoints import Collection
from adapters.errors import SourceError
from adapters.records import RecordType
from gateway.access.grant import Grant
from gateway.access.scope import Scope
from gateway.faults import BadInput, DeadlineExceeded, ErrorCode, code_of
from gateway.roster.deadline import Deadline
from gateway.roster.source import HeldBack, Source
from gateway.roster.sources import Sources


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that was asked for and not done. argument: the one that is to blame, if one is."""

    code: ErrorCode
    message: str
    argument: str | None = None


@dataclass(frozen=True, slots=True)
class HoldName:
    """One hold, of one reading: one that came later has another name, unless the same records are missing."""

    source: str
    kind: RecordType
    reading: str

    def names(self, held: HeldBack) -> bool:
        return (held.source.key, held.kind, held.hold.reading) == (self.source, self.kind, self.reading)


@dataclass(frozen=True, slots=True)
class HoldChoice:
    """Which holds: of these sources, by key or global id, and with one of these labels, of these kinds, of these names.

    None leaves that open; but one of sources, labels and names must choose, so that nothing is decided by accident.
    """

    sources: Sequence[str] | None = None
    labels: Sequence[str] | None = None
    kinds: Sequence[RecordType] | None = None
    names: Sequence[HoldName] | None = None

    def takes(self, held: HeldBack) -> bool:
        """Whether it is chosen, its source apart."""
        named = self.names is None or any(name.names(held) for name in self.names)
        return named and (self.kinds is None or held.kind in self.kinds)


async def refresh(
    sources: Sources,
    grant: Grant,
    deadline: Deadline,
    name: str,
    collections: Iterable[Collection] | None,
    full: bool = False,
) -> tuple[Source | None, list[Complaint]]:
    """Begins to read these collections of a source anew; by default, those that were ever read, be it before the
    gateway's last start.
    """
    try:
        [source] = sources.named([name], grant)
    except BadInput as error:
        return None, [Complaint(ErrorCode.NOT_FOUND, error.message, "source")]
    if not grant.allows(Scope.REFRESH, source.key):
        return source, [_forbidden(source.key, Scope.REFRESH, "source")]
    if source.refusal is not None:
        return source, [Complaint(code_of(source.refusal), str(source.refusal), "source")]
    if collections is None:
        try:
            await deadline.within(source.key, source.survey())
        except SourceError as error:
            return source, [Complaint(code_of(error), str(error), "collections")]
        collections = [c for c, table in source.tables.items() if table.read_at is not None]
    complaints = []
    for collection in dict.fromkeys(collections):
        try:
            source.refresh(collection, full)
        except SourceError as error:
            complaints.append(Complaint(code_of(error), str(error), "collections"))
    return source, complaints


async def decide(
    sources: Sources, grant: Grant, deadline: Deadline, choice: HoldChoice, accept: bool
) -> tuple[list[HeldBack], list[Complaint]]:
    """Takes, or drops, what is held back: nothing where the choice is wrong, else all of it that is there."""
    chosen, complaints = _chosen(sources, grant, choice)
    if complaints:
        return [], complaints
    there = [h for s in sources.within(grant) for h in s.holds]
    complaints = [_other(name) for name in choice.names or () if not any(map(name.names, there))]
    complaints += [_forbidden(s.key, Scope.HOLDS, None) for s in chosen if not grant.allows(Scope.HOLDS, s.key)]
    chosen = [s for s in chosen if grant.allows(Scope.HOLDS, s.key)]
    decided = []
    for held in [h for s in chosen for h in s.holds if choice.takes(h)]:
        deciding = held.source.decide(held.collection, held.hold, accept)
        try:
            if await deadline.within(held.source.key, deciding):
                decided.append(held)
            else:
                complaints.append(_gone(held))
        except DeadlineExceeded as error:
            complaints.append(Complaint(code_of(error), str(error)))
    return decided, complaints


def _forbidden(source: str, scope: Scope, argument: str | None) -> Complaint:
    return Complaint(ErrorCode.FORBIDDEN_SCOPE, f"{source}: this key does not allow `{scope}` there", argument)


def _other(name: HoldName) -> Complaint:
    message = (
        f"{name.source}: this is not held back any more: it was decided, or another reading has come; "
        "see what is held back now"
    )
    return Complaint(ErrorCode.NOT_FOUND, message, "holds")


def _gone(held: HeldBack) -> Complaint:
    message = (
        f"{held.source.key}: what was held back of {held.collection.value} is not there any more: have it read again, "
        "then decide"
    )
    return Complaint(ErrorCode.SOURCE_HELD, message)


def _chosen(sources: Sources, grant: Grant, choice: HoldChoice) -> tuple[Sequence[Source], list[Complaint]]:
    if not choice.sources and not choice.labels and not choice.names:
        message = "name sources, labels that sources bear, or holds: without any of them, nothing is decided"
        return [], [Complaint(ErrorCode.BAD_USER_INPUT, message)]
    complaints = []
    try:
        chosen = sources.within(grant) if choice.sources is None else sources.named(choice.sources, grant)
    except BadInput as error:
        chosen = []
        complaints.append(Complaint(ErrorCode.NOT_FOUND, error.message, "sources"))
    if choice.labels is not None:
        borne = {label for source in sources.within(grant) for label in source.settings.labels}
        unknown = [label for label in choice.labels if label not in borne]
        if unknown:
            message = f"no source bears the label {', '.join(unknown)}; there are: {', '.join(sorted(borne))}"
            complaints.append(Complaint(ErrorCode.NOT_FOUND, message, "labels"))
        chosen = [s for s in chosen if not set(choice.labels).isdisjoint(s.settings.labels)]
    return chosen, complaints
