"""S06: a net under the whole run of the tests. What is secret or a person's is planted everywhere; no output has it.

Planted: the people of the make-believe districts and of the faulty one, in records and in the filters that ask for
them; every source's credentials and tokens; keys and tokens of clients; what sources say when they fail. Looked at:
every log record of every library at DEBUG, with its traceback; what was printed; warnings; metrics, once more when a
gateway closes; the audit; `explain`; the errors of answers; what commands and servers in processes of their own print.
A test in whose time something turns up fails, and says where.

As a plugin of pytest (`tests/conftest.py`), in each process that runs tests.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from gateway import telemetry
from gateway.audit.files import AuditFiles
from gateway.endpoint import route
from gateway.endpoint.refusal import Refusal
from gateway.roster.sources import Sources
from gateway.sandbox import gate, refusals
from gateway.sandbox.names import FAMILY, GIVEN
from gateway.sandbox.server import CLIENT_SECRET
from tests.faults.district import CANARIES

ORDINARY = frozenset({"Bell", "Brook", "Hadley", "Marsh", "Moss", "Quill", "Sato", "Strand", "Tarn", "Umar", "Vance"})
"""Family names that are words, or parts of words, of other things too."""

UPSTREAM = "words-of-the-source"
"""Stands in each error body of a make-believe district."""

TOKEN = "token-of-the-source"
"""Begins each token that such a district hands out."""

_PEOPLE = (*(name for name in FAMILY if name not in ORDINARY), "Xiadani", "Anouk", "Soraya", "Viggo", "+1-555-")
_SECRETS = (CLIENT_SECRET, "hunter2", "a secret of the gateway", "the secret of a gateway", TOKEN, UPSTREAM, *CANARIES)
NEEDLES = frozenset(text.lower() for text in (*_PEOPLE, *_SECRETS))
SHAPES = re.compile(r"orgw_[0-9A-Za-z]{8}_[0-9A-Za-z]{49}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}")
"""Keys of clients, and tokens of an issuer."""

assert set(ORDINARY) < set(FAMILY)
assert "Xiadani" in GIVEN

MEANT: dict[str, str] = {
    "log httpx2": "the tests' own client tells of the addresses that it asks",
    "output of key create": "a new key is shown to whoever made it, this once",
    "output of node ": "an application of the tests prints what it was answered, to be compared",
    "output of sandbox": "a make-believe district tells whoever started it how it is asked",
}
"""Where something planted may turn up, by the beginning of the place, and why."""


def caught(text: str) -> str | None:
    """What was planted and stands in a text; None if nothing does."""
    low = text.lower()
    for needle in NEEDLES:
        if needle in low:
            return needle
    shape = SHAPES.search(text)
    return shape[0] if shape is not None else None


class Net(logging.Handler):
    """What turned up since it was last `emptied`, and where."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self._found: list[str] = []
        self.looked = 0
        """At how many pieces of output."""

    def look(self, text: str, place: str) -> None:
        self.looked += 1
        found = caught(text)
        if found is not None and not place.startswith(tuple(MEANT)):
            at = text.lower().find(found.lower())
            self._found.append(f"{place}: {found!r} in …{text[max(0, at - 120) : at + 120]}…")

    def emit(self, record: logging.LogRecord) -> None:
        try:
            told = self.format(record)
        except Exception:
            told = f"{record.msg} {record.args}"
        self.look(told, f"log {record.name}, {record.pathname}:{record.lineno}")

    def emptied(self) -> list[str]:
        found, self._found = self._found, []
        return found


NET = Net()


def answered(body: bytes, place: str) -> None:
    """Looks at what the gateway says of itself in an answer: its errors, and how it was come by; the data is meant."""
    if b'"errors"' in body or b'"explain"' in body:
        shown = json.loads(body)
        extensions = shown.get("extensions") or {}
        NET.look(json.dumps([shown.get("errors"), extensions], ensure_ascii=False), place)


# ---------------------------------------------------------------- where it hangs


def _watched(owner: Any, name: str, watch: Callable[..., None]) -> None:
    """Has `watch` told of the result and the arguments of each call."""
    before = getattr(owner, name)

    @functools.wraps(before)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = before(*args, **kwargs)
        watch(result, *args, **kwargs)
        return result

    setattr(owner, name, call)


def _of_command(result: Any, *args: Any, **kwargs: Any) -> None:
    words = kwargs.get("args", args[2] if len(args) > 2 else ())
    said = words.split() if isinstance(words, str) else [str(word) for word in words or ()]
    NET.look(result.output, f"output of {' '.join(said)}")


def _of_process(result: Any, process: Any, *args: Any, **kwargs: Any) -> None:
    words = process.args if isinstance(process.args, list | tuple) else [process.args]
    for part in result:
        text = part.decode(errors="replace") if isinstance(part, bytes) else part
        NET.look(text or "", f"output of {' '.join(map(str, words))[-200:]}")


def _plant() -> None:
    """What no fixture says by itself: words of sources, and tokens that can be known again."""
    refused, issued = refusals.Refusal.__init__, gate.secrets.token_urlsafe

    def refusal(self: refusals.Refusal, status: int, minor: str, description: str) -> None:
        refused(self, status, minor, f"{description} ({UPSTREAM})")

    class Known:
        token_hex = staticmethod(gate.secrets.token_hex)

        @staticmethod
        def token_urlsafe(size: int) -> str:
            return f"{TOKEN}-{issued(size)}"

    refusals.Refusal.__init__ = refusal  # type: ignore[method-assign]
    gate.secrets = Known  # type: ignore[assignment]


def _spread() -> None:
    root = logging.getLogger()
    root.addHandler(NET)
    root.setLevel(logging.DEBUG)
    # While it is heard, what is held is never answered at once: its own tests hear it.
    logging.getLogger("gateway.roster.explain").setLevel(logging.INFO)
    _watched(AuditFiles, "append", lambda _, files, text, records: NET.look(text.decode(), "the audit"))
    _watched(CliRunner, "invoke", _of_command)
    _watched(subprocess.Popen, "communicate", _of_process)
    _watched(Refusal, "response", lambda response, *_: answered(response.body, "a refusal"))
    for name in ("answered", "revalidated"):
        before = getattr(route, name)

        async def answer(body: bytes, *more: Any, before: Any = before) -> Any:
            answered(body, "an answer")
            return await before(body, *more)

        setattr(route, name, answer)
    closing = Sources.close

    async def close(self: Sources) -> None:
        NET.look(telemetry.exposition(self, {})().decode(), "/metrics")
        await closing(self)

    Sources.close = close  # type: ignore[method-assign]


# ---------------------------------------------------------------- pytest


def pytest_configure(config: pytest.Config) -> None:
    _plant()
    _spread()


def pytest_warning_recorded(warning_message: Any, when: str, nodeid: str) -> None:
    NET.look(str(warning_message.message), f"a warning in {nodeid or when}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    if report.when != "teardown":
        return
    for name, text in report.sections:
        if "log" not in name:  # those were looked at one by one, other libraries' too
            NET.look(text, f"printed, {name}")
    _blame(report, NET.emptied())


def _blame(report: pytest.TestReport, found: Iterable[str]) -> None:
    shown = "\n".join(found)
    if shown:
        report.outcome = "failed"
        report.longrepr = f"{report.longrepr or ''}\nwhat nobody is to see turned up:\n{shown}"
