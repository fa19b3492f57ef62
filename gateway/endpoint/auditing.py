"""From an operation and its answer to its record: written before the first byte of the answer leaves, or no answer."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from gateway.access.callers import Caller
from gateway.audit.entries import Entry, Operation, Outcome, line
from gateway.audit.subjects import Subjects
from gateway.audit.trail import NotRecorded, Trail
from gateway.endpoint.asgi import Headers
from gateway.endpoint.refusal import Refusal
from gateway.execution.answering import Answer, Asked
from gateway.faults import ErrorCode
from gateway.roster.reading import Reading
from gateway.schema.shown import Shown
from gateway.schema.touched import Touched, TouchedBy

PURPOSE: Final = "x-purpose"
"""Header with which a client says what it asks for."""

_PURPOSE: Final = PURPOSE.encode()
_MOST: Final = 200
_GOOD: Final = re.compile(rb"[\x20-\x7e]{1,%d}" % _MOST)
_AGAIN: Final = 1
_REFUSING: Final = frozenset({ErrorCode.FORBIDDEN_FIELD, ErrorCode.FORBIDDEN_SCOPE})


def purpose(headers: Headers) -> str | None:
    """Raises:
    Refusal: it is too long, or of other characters than those that can be printed.
    """
    sent = headers.get(_PURPOSE, b"").strip()
    if sent and not _GOOD.fullmatch(sent):
        raise Refusal(400, f"{PURPOSE} takes up to {_MOST} letters, digits and signs of ASCII")
    return sent.decode() or None


@dataclass(frozen=True, slots=True)
class Auditing:
    """subjects: how people's ids are hashed; None: records do not tell whom they are about."""

    trail: Trail
    touched: TouchedBy
    subjects: Subjects | None

    async def begin(self, asked: Asked, caller: Caller, headers: Headers, request: str) -> Noted | None:
        """What an operation is to be recorded with; None where it reads no record.

        Raises:
            Refusal: nothing can be recorded now, or the purpose is not in good form.
        """
        said, touched = purpose(headers), await self.touched.operation(asked.query, asked.operation_name)
        if touched is not None:
            if not touched.records:
                return None
            try:
                self.trail.check()
            except NotRecorded as error:
                raise _refused(error) from None
        return Noted(self, touched, asked.variables, caller, request, said)


@dataclass(slots=True)
class Noted:
    """An operation that is under way. touched: None where there is no such operation, so that none can be executed."""

    auditing: Auditing
    touched: Touched | None
    variables: Mapping[str, Any] | None
    caller: Caller
    request: str
    purpose: str | None
    shown: Shown = field(default_factory=Shown)
    began: float = field(default_factory=time.perf_counter)

    async def answered(self, answer: Answer, reading: Reading) -> None:
        """Raises:
        Refusal: this is not recorded, and so not to be answered.
        """
        if not answer.executed:
            return
        if not answer.codes:
            outcome = Outcome.OK
        elif not answer.empty:
            outcome = Outcome.PARTIAL
        else:
            outcome = Outcome.FAILED if _REFUSING.isdisjoint(answer.codes) else Outcome.REFUSED
        try:
            await self._record(outcome, reading, answer.codes)
        except NotRecorded as error:
            raise _refused(error) from None

    async def unanswered(self, outcome: Outcome, reading: Reading) -> None:
        """The same of one whose client learns nothing: told where it can be."""
        if self.touched is None:
            return
        self.shown.forget()
        with suppress(NotRecorded):
            await self._record(outcome, reading, ())

    async def _record(self, outcome: Outcome, reading: Reading, codes: tuple[str, ...]) -> None:
        touched = self.touched
        if touched is None:
            raise RuntimeError("an operation was executed that nobody had looked at")
        now, seconds = datetime.now(UTC), time.perf_counter() - self.began
        subjects = self.auditing.subjects
        records, people = self.shown.told(people=subjects is not None)  # while they are at hand, and so many
        self.shown.forget()
        sources = tuple(sorted({*reading.outcomes.sources(), *records}))
        grant = self.caller.grant
        known = [found.declared for each in sources if (found := reading.sources.get(each, grant)) is not None]

        def text() -> bytes:
            hashes = subjects.hashes(each for each in people if not grant.at(each[0]).masked) if subjects else None
            return line(
                Entry(
                    now,
                    self.request,
                    Operation(touched.kind.value, touched.name, touched.hash),
                    outcome,
                    round(seconds, 4),
                    self.caller.name or None,
                    (self.caller.key_id or "token") if self.caller.name else None,
                    self.purpose,
                    tuple(sorted({each.purpose for each in grant.lines if each.purpose and each.source in sources})),
                    sources,
                    touched.types,
                    touched.classes_with(self.variables, known or [{}]),
                    bool(sources) and all(grant.at(source).masked for source in sources),
                    records,
                    codes,
                    hashes,
                )
            )

        await self.auditing.trail.record(text)


def _refused(error: NotRecorded) -> Refusal:
    return Refusal(
        503,
        f"this operation cannot be recorded, and so is not answered: {error}",
        code=ErrorCode.AUDIT_UNAVAILABLE,
        headers=[(b"retry-after", str(_AGAIN).encode())],
        retry_after=_AGAIN,
    )
