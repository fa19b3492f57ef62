"""Global ids and cursors: opaque to clients. Neither grants anything; the grant decides.

A global id is `User:springfield:8d31…`: GraphQL type, source key, percent-encoded sourcedId. A source has
`Source:springfield`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import string
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import quote, unquote

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

S = TypeVar("S", bound=msgspec.Struct)

SOURCE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""Keys are permanent and appear in ids: plain enough to be read, typed and put in a file name."""


_UNRESERVED = (string.ascii_letters + string.digits + "_.-~").encode()
"""What percent-encoding leaves as it is."""


class NotAnId(ValueError):
    """The text is not a global id of ours."""


class GlobalId(msgspec.Struct, frozen=True, gc=False):
    type: str
    source: str
    sourced_id: str

    def __str__(self) -> str:
        return global_id(self.type, self.source, self.sourced_id)

    @classmethod
    def parse(cls, text: str) -> GlobalId:
        """Raises:
        NotAnId: if the text is no id of a record.
        """
        kind, _, rest = text.partition(":")
        source, separator, encoded = rest.partition(":")
        sourced_id = unquote(encoded)
        if not (kind.isalpha() and separator and sourced_id and SOURCE_KEY.fullmatch(source)):
            raise NotAnId("not an id of this gateway")
        if quote(sourced_id, safe="") != encoded:
            raise NotAnId("not an id of this gateway")
        return cls(kind, source, sourced_id)


def global_id(type_name: str, source: str, sourced_id: str) -> str:
    return f"{type_name}:{source}:{quote(sourced_id, safe='')}"


def global_ids(type_name: str, sources: Sequence[str], sourced_ids: Sequence[str]) -> list[str]:
    """As `global_id`, of many records of one type: without looking at each, where none has to be encoded."""
    encoded = sourced_ids
    if "".join(sourced_ids).encode().translate(None, _UNRESERVED):
        encoded = [quote(each, safe="") for each in sourced_ids]
    if sources and sources.count(sources[0]) == len(sources):
        prefix = f"{type_name}:{sources[0]}:"
        return [prefix + each for each in encoded]
    return [f"{type_name}:{source}:{each}" for source, each in zip(sources, encoded, strict=True)]


def source_id(key: str) -> str:
    return f"Source:{key}"


def source_key(text: str) -> str:
    """The key that a client's name for a source holds: the key itself, or the source's global id."""
    return text.removeprefix("Source:")


class NotACursor(ValueError):
    """The text is not a cursor of ours, or belongs to another list."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a walk stands: the last record shown, by source and sourcedId.

    values: what the record was ordered by, where the list has an order of its own.
    offset: how many records of that source's filtered list came up to it, where they were counted upstream.
    missing: sources that an earlier page of this walk had to do without.
    """

    source: str
    sourced_id: str
    offset: int | None = None
    missing: tuple[str, ...] = ()
    values: tuple[str | None, ...] = ()


class SourceVersion(msgspec.Struct, frozen=True, array_like=True):
    """today: the source's own date, when it was chosen. collections: when the copy of each was read, epoch seconds;
    None of one that the source does not have.
    """

    today: str
    collections: dict[str, float | None]


class Versions(msgspec.Struct, frozen=True, array_like=True):
    """One version of the data, by source: what a walk follows. Sources that it began without are not there."""

    sources: dict[str, SourceVersion]


class CursorCodec:
    """Cursors and versions as text: encrypted, since names may be what a list is ordered by, and bound to the list that
    they walk.

    The same place has the same text in every process that has the secret (AES-SIV, RFC 5297).
    """

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESSIV(hashlib.sha512(b"cursor\0" + secret).digest())

    def encode(self, cursor: Cursor, walk: str) -> str:
        return self._sealed(cursor, "cursor", walk)

    def decode(self, text: str, walk: str) -> Cursor:
        """Raises:
        NotACursor: forged, cut, or from another list.
        """
        return self._opened(text, "cursor", walk, Cursor)

    def encode_versions(self, versions: Versions, walk: str) -> str:
        return self._sealed(versions, "versions", walk)

    def decode_versions(self, text: str, walk: str) -> Versions:
        """Raises:
        NotACursor: forged, cut, or from another list.
        """
        return self._opened(text, "versions", walk, Versions)

    def _sealed(self, value: msgspec.Struct, *bound: str) -> str:
        sealed = self._cipher.encrypt(msgspec.msgpack.encode(value), [part.encode() for part in bound])
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def _opened(self, text: str, what: str, walk: str, kind: type[S]) -> S:
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return msgspec.msgpack.decode(self._cipher.decrypt(sealed, [what.encode(), walk.encode()]), type=kind)
        except (InvalidTag, binascii.Error, ValueError, msgspec.DecodeError) as error:
            raise NotACursor("not a cursor of this list") from error
