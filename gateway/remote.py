"""A running gateway, asked over HTTP: what the commands `refresh` and `holds` want of it."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from adapters.endpoints import ENTITIES

SECONDS = 60.0
"""For one answer; nothing that is asked here waits for a source."""

KINDS: Mapping[str, str] = {entity.plural: entity.type.value for entity in ENTITIES.values()}
"""What the graph calls the collections, by what settings and commands call them."""

_NAMES = {kind: name for name, kind in KINDS.items()}

_COLLECTIONS = "collections { type state rows asOf }"
_HOLD = "id source { key } collection heldAt rowsBefore rowsNow sampleSourcedIds"
_ERRORS = "userErrors { code message }"

_REFRESH = f"""mutation ($input: RefreshSourceInput!) {{
  refreshSource(input: $input) {{ source {{ key lastError {_COLLECTIONS} }} {_ERRORS} }}
}}"""
_SOURCE = f"query ($key: ID!) {{ source(id: $key) {{ key lastError {_COLLECTIONS} }} }}"
_HOLDS = f"""query ($filter: SourceFilter) {{
  sources(filter: $filter, first: 10000) {{ nodes {{ key holds {{ {_HOLD} }} }} }}
}}"""
_DECIDE = f"mutation ($input: DecideHoldsInput!) {{ decideHolds(input: $input) {{ holds {{ {_HOLD} }} {_ERRORS} }} }}"

_UNTRUSTED = "PERSISTED_QUERY_NOT_FOUND"


def manifest() -> dict[str, str]:
    """What is asked here, by its SHA-256: for gateways that answer trusted documents alone."""
    return {_sha256(text): text for text in (_REFRESH, _SOURCE, _HOLDS, _DECIDE)}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Told(msgspec.Struct, frozen=True, rename="camel"):
    """Part of an answer."""


class UserError(_Told, frozen=True):
    code: str
    message: str


class CollectionTold(_Told, frozen=True):
    type: str
    state: str
    rows: int | None
    as_of: str | None

    @property
    def cells(self) -> tuple[str, ...]:
        return _NAMES[self.type], self.state, "" if self.rows is None else str(self.rows), self.as_of or ""


class SourceTold(_Told, frozen=True):
    key: str
    last_error: str | None
    collections: list[CollectionTold]

    @property
    def loading(self) -> bool:
        return any(collection.state == "LOADING" for collection in self.collections)


class SourceKey(_Told, frozen=True):
    key: str


class HoldTold(_Told, frozen=True):
    id: str
    source: SourceKey
    collection: str
    held_at: str
    rows_before: int | None
    rows_now: int | None
    sample_sourced_ids: list[str] | None

    @property
    def cells(self) -> tuple[str, ...]:
        lost = self.sample_sourced_ids or []
        some = [*lost[:3], *("…" for _ in lost[3:4])]
        counts = ("–" if n is None else str(n) for n in (self.rows_before, self.rows_now))
        return self.source.key, _NAMES[self.collection], self.held_at, *counts, ", ".join(some), self.id


class Refreshed(_Told, frozen=True):
    source: SourceTold | None
    user_errors: list[UserError]


class Decided(_Told, frozen=True):
    holds: list[HoldTold]
    user_errors: list[UserError]


class NoAnswer(Exception):
    """No gateway answers there, or not as one does. The message says what to do."""


class Gateway:
    """The gateway at a URL. key: sent as a bearer token, for whoever stands before it and asks for one.

    Every method raises NoAnswer where there is none.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        self._url = url.rstrip("/").removesuffix("/graphql")
        self._key = key
        # By way of no proxy: a gateway listens on loopback only.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def refresh(self, source: str, kinds: Sequence[str], full: bool = False) -> Refreshed:
        """The source as it stands once the reading has begun, and what was not begun. full: not changes alone."""
        given = {"source": source, "collections": list(kinds) or None, "full": full}
        return msgspec.convert(self._ask(_REFRESH, input=given)["refreshSource"], Refreshed)

    def settled(self, source: str) -> SourceTold:
        """The source, once nothing of it is being read anew."""
        while True:
            found = msgspec.convert(self._ask(_SOURCE, key=source)["source"], SourceTold | None)
            if found is None:
                raise NoAnswer(f"the gateway at {self._url} no longer knows the source {source}")
            if not found.loading:
                return found
            time.sleep(0.2)

    def holds(self, sources: Sequence[str], labels: Sequence[str], kinds: Sequence[str]) -> list[HoldTold]:
        """What is held back; without sources and labels, everywhere.

        Raises:
            NoAnswer: also where there is no source of such a name.
        """
        wanted = {name: list(values) for name, values in {"keys": sources, "labels": labels}.items() if values}
        nodes = self._ask(_HOLDS, filter=wanted)["sources"]["nodes"]
        unknown = sorted({*sources} - {node["key"] for node in nodes})
        if unknown and not labels:
            raise NoAnswer(f"no source named {', '.join(unknown)}")
        found = [msgspec.convert(hold, HoldTold) for node in nodes for hold in node["holds"]]
        return [hold for hold in found if not kinds or hold.collection in kinds]

    def decide(
        self, sources: Sequence[str], labels: Sequence[str], kinds: Sequence[str], holds: Sequence[str], accept: bool
    ) -> Decided:
        """The holds that were decided, and why others were not. holds: ids; one that is no more is told."""
        chosen = {"sources": sources, "labels": labels, "collections": kinds, "holds": holds}
        given = {name: list(values) for name, values in chosen.items() if values}
        return msgspec.convert(self._ask(_DECIDE, input={**given, "accept": accept})["decideHolds"], Decided)

    def _ask(self, query: str, **variables: Any) -> Any:
        """The answer's data. Where texts are not taken, it is asked for by the text's hash."""
        answer = self._answer({"query": query, "variables": variables})
        if _UNTRUSTED in _codes(answer):
            answer = self._answer({"documentId": f"sha256:{_sha256(query)}", "variables": variables})
        if _UNTRUSTED in _codes(answer):
            raise NoAnswer(
                f"the gateway at {self._url} answers trusted documents alone: put what `oneroster-gateway documents` "
                "prints into its documents_dir, as a .json file, and restart it"
            )
        if answer.get("errors"):
            raise NoAnswer("\n".join(error["message"] for error in answer["errors"]))
        return answer["data"]

    def _answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._sent(msgspec.json.encode(asked))
        if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
            raise NoAnswer(f"what answers at {self._url} is not this gateway")
        return answer

    @property
    def _private(self) -> bool:
        """Whether what is sent there stays between us: on this machine, or encrypted."""
        address = urlsplit(self._url)
        return address.scheme == "https" or address.hostname in ("127.0.0.1", "::1", "localhost")

    def _sent(self, body: bytes) -> Any:
        if urlsplit(self._url).scheme not in ("http", "https"):
            raise NoAnswer(f"{self._url} is not the address of a gateway; one looks like http://127.0.0.1:8000")
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self._key and not self._private:
            raise NoAnswer(f"no key is sent to {self._url}: over plain http anybody on the way could read it")
        try:
            request = urllib.request.Request(f"{self._url}/graphql", body, headers)
            if self._key:
                request.add_unredirected_header("Authorization", f"Bearer {self._key}")
            with self._opener.open(request, timeout=SECONDS) as answer:
                return msgspec.json.decode(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise NoAnswer(f"{self._url} answers with HTTP status {error.code}: is it this gateway?") from None
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise NoAnswer(
                f"no gateway answers at {self._url} ({reason}): start `oneroster-gateway serve`, or say with --url "
                "where it is"
            ) from None
        except ValueError:
            raise NoAnswer(f"what answers at {self._url} is not this gateway") from None


def _codes(answer: Mapping[str, Any]) -> set[str]:
    return {error.get("extensions", {}).get("code", "") for error in answer.get("errors") or ()}
