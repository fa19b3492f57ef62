"""What a request names a document by → its text. Nothing is parsed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cachetools import LRUCache

from gateway.documents.folder import Trusted, hash_of, without_prefix

CHARACTERS = 4_000_000
"""Of all texts together that are remembered by their hash."""

LEAST_CHARACTERS = 2_000
"""That a text counts for, however short: so no more than 2,000 are remembered."""

LONGEST = CHARACTERS // 16
"""Characters of a text that is remembered."""


class Reason(StrEnum):
    """Why no document was found, by its code in `errors[].extensions`."""

    NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    MALFORMED = "BAD_USER_INPUT"


class Refused(Exception):
    """The request names no document that is answered. Its text is for the client."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Found:
    """The text of a document; whether it is one of the trusted ones."""

    text: str
    trusted: bool = False


class Documents:
    """The documents that are answered. automatic: a text that came with its hash is remembered by it.

    free_text: texts are taken; else the trusted documents alone are answered, by their ids.
    """

    def __init__(self, trusted: Iterable[Trusted] = (), *, automatic: bool = False, free_text: bool = True) -> None:
        self._trusted: dict[str, str] = {}
        for document in trusted:
            self._trusted |= {document.id: document.text, document.sha256: document.text}
        self._automatic = automatic
        self._free_text = free_text
        self._remembered: LRUCache[str, str] = LRUCache(CHARACTERS, getsizeof=_weight)

    @property
    def trusted(self) -> int:
        """How many trusted documents there are."""
        return len(set(self._trusted.values()))

    def document(self, query: str | None, extensions: Mapping[str, Any] | None, document_id: str | None) -> Found:
        """The document that a request asks for by these of its parameters.

        Raises:
            Refused: there is none, or it is asked for in a way that is not taken.
        """
        sha256 = _persisted(extensions)
        if document_id is not None and (query is not None or sha256 is not None):
            other = "`query`" if query is not None else "`extensions.persistedQuery`"
            raise Refused(Reason.MALFORMED, f"a document is named once: by `documentId` or by {other}, not by both")
        if query is not None:
            return self._by_text(query, sha256)
        named = sha256 if document_id is None else without_prefix(document_id)
        if named is None:
            ways = "`query`, `documentId` or `extensions.persistedQuery`"
            raise Refused(Reason.MALFORMED, f"the request names no document: it has none of {ways}")
        return self._by_id(named)

    def _by_text(self, text: str, sha256: str | None) -> Found:
        if not self._free_text:
            raise Refused(Reason.NOT_FOUND, "only trusted documents are answered here: ask by the id of one")
        if sha256 is None:
            return Found(text)
        if self._trusted.get(sha256) == text:
            return Found(text, trusted=True)
        if sha256 != hash_of(text):
            raise Refused(Reason.MALFORMED, "provided sha does not match query")
        if self._automatic and len(text) <= LONGEST:
            self._remembered[sha256] = text
        return Found(text)

    def _by_id(self, named: str) -> Found:
        if (trusted := self._trusted.get(named)) is not None:
            return Found(trusted, trusted=True)
        if (remembered := self._remembered.get(named)) is not None:
            return Found(remembered)
        if self._automatic or self._trusted:
            raise Refused(Reason.NOT_FOUND, "PersistedQueryNotFound")
        raise Refused(Reason.NOT_FOUND, "PersistedQueryNotSupported")


def _weight(text: str) -> int:
    return max(len(text), LEAST_CHARACTERS)


def _persisted(extensions: Mapping[str, Any] | None) -> str | None:
    """The hash in `extensions.persistedQuery`, as Apollo's protocol has it."""
    persisted = (extensions or {}).get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or not isinstance(sha256 := persisted.get("sha256Hash"), str):
        raise Refused(Reason.MALFORMED, "`extensions.persistedQuery` is an object with `version` and `sha256Hash`")
    version = persisted.get("version")
    if version != 1 or isinstance(version, bool):
        raise Refused(Reason.MALFORMED, "Unsupported persisted query version")
    return sha256
