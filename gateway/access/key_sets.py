"""The public keys of an issuer of tokens (RFC 7517), as it publishes them; the last good ones while it does not."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

log = logging.getLogger(__name__)

ASK_EVERY: Final = 60.0
"""Seconds between two times of asking, at least: whoever makes up names of keys is not to have the issuer asked."""

OLD: Final = 3600.0
"""Seconds after which they are asked for anew, so that a key that was taken back is not taken for long."""

_SECONDS: Final = 5.0
"""For which the issuer is waited for, and whoever asks waits, at most."""

_BYTES: Final = 256 * 1024
_PIECE: Final = 16 * 1024

_PRIVATE: Final = {"d", "p", "q", "dp", "dq", "qi"}

_KINDS: Final = ("RSA", "EC")


class KeySet:
    """place: an address, or a file. Keys of other kinds than RSA and EC, or not for signatures, are passed over."""

    def __init__(self, place: str | Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._place = place
        self._monotonic = monotonic
        self._keys: Mapping[str | None, Any] = {}
        self._asked: float | None = None
        self._read: float | None = None
        self._failed = False
        self._coming: asyncio.Task[None] | None = None

    async def key(self, name: str | None) -> Any | None:
        """The key of that name; without a name, the only one there is. None: there is none, or no asking for it."""
        known = name in self._keys
        if not known or self._is_old():
            coming = self._begun()
            if coming is not None and not (known and self._failed):  # else each attempt would hold up somebody
                await asyncio.wait({coming}, timeout=self._left())
        return self._keys.get(name)

    def _is_old(self) -> bool:
        return self._read is None or self._monotonic() - self._read > OLD

    def _begun(self) -> asyncio.Task[None] | None:
        """What is on its way, for whoever that was begun; begins nothing where it is too early."""
        now = self._monotonic()
        if self._coming is None and (self._asked is None or now - self._asked >= ASK_EVERY):
            self._asked = now
            self._coming = asyncio.create_task(self._ask(now))
        return self._coming

    def _left(self) -> float:
        """Seconds for which it is worth waiting still: an issuer may send its answer byte by byte."""
        return max(0.0, (self._asked or 0.0) + _SECONDS - self._monotonic())

    async def _ask(self, now: float) -> None:
        try:
            self._keys = await asyncio.to_thread(self._fetched)
            self._read, self._failed = now, False
        except Exception as error:  # whatever it answered, those that were good are
            self._failed = True
            log.error("keys stay as they were: %s: %s", self._place, _why(error))
        finally:
            self._coming = None

    def _fetched(self) -> Mapping[str | None, Any]:
        text = self._place.read_bytes() if isinstance(self._place, Path) else _get(self._place)
        written = json.loads(text)
        if not isinstance(written, dict) or not isinstance(keys := written.get("keys"), list):
            raise ValueError("this is no JWK set")
        ours = [each for each in keys if _is_ours(each)]
        named: dict[str | None, Any] = {each.get("kid"): key for each in ours if (key := _imported(each)) is not None}
        if ours and not named:
            raise ValueError("none of its keys can be read")
        if len(named) == 1:
            named[None] = next(iter(named.values()))
        else:
            named.pop(None, None)
        return named


def _is_ours(key: Any) -> bool:
    return (
        isinstance(key, dict)
        and key.get("kty") in _KINDS
        and key.get("use", "sig") == "sig"
        and isinstance(key.get("kid", ""), str)
    )


def _imported(key: Mapping[str, Any]) -> Any | None:
    """None: it is on a curve, or of a make, that is not known here. RFC 7517, 5, has such passed over."""
    try:
        return JWKRegistry.import_key({member: value for member, value in key.items() if member not in _PRIVATE})
    except (JoseError, ValueError, TypeError, KeyError):
        return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """None: whoever answers there is not who was named."""


_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())


def _get(address: str) -> bytes:
    until, text = time.monotonic() + _SECONDS, b""
    with _OPENER.open(address, timeout=_SECONDS) as answer:
        while piece := answer.read1(_PIECE):
            text += piece
            if len(text) > _BYTES:
                raise ValueError(f"more than {_BYTES} bytes")
            if time.monotonic() > until:
                raise TimeoutError
    return text


def _why(error: Exception) -> str:
    """Without what was answered."""
    if isinstance(error, URLError):
        return type(error.reason).__name__ if isinstance(error.reason, Exception) else str(error.reason)
    return str(error) if type(error) is ValueError else type(error).__name__
