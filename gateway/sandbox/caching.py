"""What a server tells of its pages, so that whoever holds them need not be sent them again (RFC 9110, RFC 9111)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

import msgspec

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Caching:
    """etag: of each page, "strong", "weak", or "gzip" with the suffix of mod_deflate; None: none. modified: the newest
    dateLastModified on the page, as many servers do it, though it does not show that a record left.

    cache_control, age: sent as they stand. bare: a 304 repeats nothing of what a 200 says of the list, as Apache httpd
    has it.
    """

    etag: str | None = None
    modified: bool = False
    cache_control: str | None = None
    age: int | None = None
    bare: bool = False

    def stamped(
        self, asked: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        """The answer to a request of these headers: as it was made, with what it says of itself; or a 304."""
        said = self._said(body)
        if not self._matches(asked, said):
            return 200, body, {**headers, **said}
        return 304, b"", said if self.bare else {**_without_type(headers), **said}

    def _said(self, body: bytes) -> dict[str, str]:
        said = {}
        if self.etag is not None:
            name = hashlib.sha256(body).hexdigest()[:16]
            said["etag"] = {"strong": f'"{name}"', "weak": f'W/"{name}"', "gzip": f'"{name}-gzip"'}[self.etag]
        newest = _newest(body) if self.modified else None
        if newest is not None:
            said["last-modified"] = format_datetime(newest, usegmt=True)
        if self.cache_control is not None:
            said["cache-control"] = self.cache_control
        if self.age is not None:
            said["age"] = str(self.age)
        return said

    @staticmethod
    def _matches(asked: Mapping[str, str], said: Mapping[str, str]) -> bool:
        """If-None-Match comes before If-Modified-Since, and tags are compared weakly (RFC 9110 13.1, 13.2.2)."""
        if "if-none-match" in asked:
            return not set(_TAG.findall(said.get("etag", ""))).isdisjoint(_TAG.findall(asked["if-none-match"]))
        if "if-modified-since" in asked and "last-modified" in said:
            return parsedate_to_datetime(said["last-modified"]) <= parsedate_to_datetime(asked["if-modified-since"])
        return False


NOTHING_SAID: Final = Caching()


def _newest(body: bytes) -> datetime | None:
    """The newest dateLastModified of a page's records, to the second."""
    rows = next((rows for rows in msgspec.json.decode(body).values() if isinstance(rows, list)), [])
    dates = [row["dateLastModified"] for row in rows if row.get("dateLastModified")]
    return datetime.fromisoformat(max(dates)).astimezone(UTC).replace(microsecond=0) if dates else None


def _without_type(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "content-type"}
