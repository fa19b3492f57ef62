"""API keys: random texts that tell one client from another. What is kept of one is its id and a keyed hash.

`orgw_` + 8 characters that name the key + `_` + 43 of 256 random bits + 6 of a checksum: so that a key in a text is
known for one by programs that look for lost ones, and a mistyped one is refused without asking anything.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from string import ascii_letters, digits
from typing import Final

from adapters.secret import Secret

_ALPHABET: Final = digits + ascii_letters
_ID: Final = 8
_RANDOM: Final = 43
_CHECKSUM: Final = 6
_SHAPE: Final = re.compile(rf"orgw_([0-9A-Za-z]{{{_ID}}})_[0-9A-Za-z]{{{_RANDOM}}}([0-9A-Za-z]{{{_CHECKSUM}}})")


def make() -> Secret:
    """A new key."""
    body = f"orgw_{_text(secrets.randbits(47), _ID)}_{_text(secrets.randbits(256), _RANDOM)}"
    return Secret(body + _checksum(body))


def id_of(key: str) -> str | None:
    """What names it; None if it is no key."""
    found = _SHAPE.fullmatch(key)
    return found[1] if found is not None and found[2] == _checksum(key[:-_CHECKSUM]) else None


def hashed(key: str, secret: Secret) -> str:
    """What is kept of it. A hash made to be slow is for words that people choose, not for 256 random bits."""
    return hmac.new(secret.reveal().encode(), b"api key\0" + key.encode(), hashlib.sha256).hexdigest()


def _checksum(body: str) -> str:
    return _text(zlib.crc32(body.encode()), _CHECKSUM)


def _text(number: int, length: int) -> str:
    made = ""
    while number:
        number, rest = divmod(number, len(_ALPHABET))
        made = _ALPHABET[rest] + made
    return made.rjust(length, _ALPHABET[0])
