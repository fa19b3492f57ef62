"""How an operation went. What reading costs: one account for each need, told to the operation and to the debug log.

Requests are counted where they are sent: a flight runs with an account of its own, which hears of every request sent on
its behalf. Whoever waits for a flight is told of its account, so one that several wait for is told to each of them; a
flight that another one waits for is part of that one's account. Counts only: no id and no condition is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar

from adapters import moments, transport
from adapters.client import PageRequest
from adapters.endpoints import Collection
from adapters.predicate import unfolded
from adapters.transport import Sent
from gateway.roster.needs import ByIds, ChildrenOf, Everything, Need, Plan, Window
from gateway.roster.whole import Slice

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST = 1000
"""Accounts of one operation that are shown."""


@dataclass(slots=True)
class Account:
    """One need of one source, and what it took. predicted: requests, as far as they were known before most of them were
    sent. seconds: from start to landing; in_requests: those of each request, summed. rows: records moved. age: seconds
    since the oldest of what was held was read. told: how many have been told of it. borrowed: some of its requests had
    been told to somebody before.
    """

    source: str
    need: str
    plan: Plan | None = None
    predicted: int = 0
    requests: int = 0
    in_requests: float = 0.0
    seconds: float = 0.0
    rows: int = 0
    age: float = 0.0
    told: int = 0
    borrowed: bool = False

    async def run(self, flight: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The flight, with all that it takes noted here. Runs in a task of its own."""
        _current.set(self)
        transport.listener.set(self._heard)
        started = time.monotonic()
        try:
            found = await flight()
            self.rows = self.rows or _rows(found)
            return found
        finally:
            self.seconds = time.monotonic() - started
            _debug(self)

    def take(self, part: Account) -> None:
        """What another flight took on behalf of this one."""
        self.requests += part.requests
        self.in_requests += part.in_requests
        self.rows += part.rows
        self.borrowed = self.borrowed or part.borrowed or part.told > 0

    def _heard(self, sent: Sent) -> None:
        if sent.endpoint != "token":
            self.requests += 1
            self.in_requests += sent.seconds

    def shown(self) -> dict[str, Any]:
        told: dict[str, Any] = {"source": self.source, "need": self.need}
        if self.plan is not None:
            told |= {
                "path": self.plan.path.label,
                "why": self.plan.why,
                "predictedRequests": self.predicted,
                "likelyRequests": self.plan.requests,
                "assumed": self.plan.assumed,
                "predictedSeconds": round(self.plan.seconds, 4),
            }
        return told | {
            "requests": self.requests,
            "seconds": round(self.seconds, 4),
            "rows": self.rows,
            "age": round(self.age, 1),
        }


@dataclass(slots=True)
class Explanation:
    """The accounts of one operation, in the order in which they were settled, and whether each was shared: told to
    another operation before this one. path: how it was executed. tells: of which sources it is shown.
    """

    tells: Callable[[str], bool] = lambda source: True
    accounts: list[Account] = field(default_factory=list)
    shared: list[bool] = field(default_factory=list)
    path: str | None = None

    def take(self, account: Account) -> None:
        self.accounts.append(account)
        self.shared.append(account.borrowed or account.told > 0)

    def extension(self) -> dict[str, Any]:
        """`extensions.explain`."""
        both = ((a, shared) for a, shared in zip(self.accounts, self.shared, strict=True) if self.tells(a.source))
        reads = [account.shown() | {"shared": shared} for account, shared in islice(both, MOST)]
        return {"execution": self.path, "reads": reads}

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Whatever is read within is told here."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[Account | Explanation | None] = ContextVar("_current", default=None)


def planned(plan: Plan) -> None:
    """The running flight goes this way."""
    account = _current.get()
    if isinstance(account, Account):
        account.plan, account.predicted = plan, plan.certain


def told(requests: int) -> None:
    """The first page of a list that the running flight asks for told how many requests the list takes."""
    account = _current.get()
    if isinstance(account, Account) and account.plan is not None and account.plan.assumed:
        account.predicted += requests - 1


def moved(rows: int) -> None:
    """The running flight was sent so many records."""
    account = _current.get()
    if isinstance(account, Account):
        account.rows += rows


def settled(account: Account) -> None:
    """Somebody waited for the flight of this account."""
    current = _current.get()
    if current is not None and current is not account:
        current.take(account)
        account.told += 1


def heard() -> bool:
    """Whether anybody is to be told what reading costs."""
    return _current.get() is not None or log.isEnabledFor(logging.DEBUG)


def held(source: str, need: Need, plan: Plan, rows: Iterable[float]) -> None:
    """A need was answered from what is held; rows: when each record of the answer was read, in epoch seconds."""
    if not heard():
        return
    current = _current.get()
    read_at = list(rows)
    age = max(0.0, moments.now() - min(read_at)) if read_at else 0.0
    account = Account(source, describe(need), plan, rows=len(read_at), age=age)
    if isinstance(current, Explanation):
        current.take(account)
    _debug(account)


def describe(need: Hashable) -> str:
    """A need in words, without the ids and values in it."""
    match need:
        case ByIds(collection, ids):
            return f"{len(ids)} {collection} by id"
        case ChildrenOf(collection, name, parents):
            return f"{collection} of {len(parents)} by {unfolded(name)}"
        case Window(collection, _, limit):
            return f"window of {limit} {collection}"
        case Everything(collection) | (Collection() as collection, _):
            return f"all {collection}"
        case (PageRequest(endpoint), str(word)):
            return f"{word} of {endpoint}"
    return type(need).__name__


def _rows(found: object) -> int:
    match found:
        case Slice():
            return len(found.records)
        case dict():
            return sum(len(v) if isinstance(v, tuple) else v is not None for v in found.values())
    return 0


def _debug(account: Account) -> None:
    if log.isEnabledFor(logging.DEBUG):
        log.debug("%s", " ".join(f"{name}={value!r}" for name, value in account.shown().items()))
