"""Encrypted files: a sequence of frames, of which none can be changed, left out, moved or added unnoticed.

Layout: magic and format version, salt, nonce; then per frame its length and AES-256-GCM's ciphertext and tag. The key
is HKDF-SHA256 of the gateway's secret under the file's own salt (RFC 5869); frame n is sealed with nonce + n. A frame's
associated data are the format version, what the file is of, and whether it is the last.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.secret import Secret

FORMAT = 1

_MAGIC = b"oneroster-gateway table "
_PURPOSE = b"oneroster-gateway: tables on disk"
_START = _MAGIC + bytes([FORMAT])
_SALT = 16
_NONCE = 12
_LENGTH = 4


class Unreadable(Exception):
    """A file that cannot be used. The text is fit for a log: it says why, and nothing of what the file holds."""


def seal(file: BinaryIO, frames: Iterable[bytes], secret: Secret, subject: bytes) -> None:
    """Writes `frames`, at least one, to a new file. `subject`: what the file is of; reading it takes the same."""
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    cipher = _cipher(secret, salt)
    file.write(_START + salt + nonce)
    for number, (frame, last) in enumerate(_with_last(frames)):
        sealed = cipher.encrypt(_nonce(nonce, number), frame, _associated(subject, last))
        file.write(len(sealed).to_bytes(_LENGTH, "big"))
        file.write(sealed)


def unseal(file: BinaryIO, secret: Secret, subject: bytes) -> Iterator[bytes]:
    """The frames of a file, each proved to be as it was written.

    Raises:
        Unreadable: before the frame with which something is wrong.
    """
    size = os.fstat(file.fileno()).st_size
    start = file.read(len(_START))
    if start[: len(_MAGIC)] != _MAGIC:
        raise Unreadable("it is not a table of this gateway")
    if start != _START:
        raise Unreadable("it is of another format")
    salt, nonce = file.read(_SALT), file.read(_NONCE)
    cipher = _cipher(secret, salt)
    number, last = 0, False
    while not last:
        length = int.from_bytes(file.read(_LENGTH), "big")
        left = size - file.tell()
        if not 0 < length <= left:
            raise Unreadable("it ends too soon")
        last = length == left
        try:
            frame = cipher.decrypt(_nonce(nonce, number), file.read(length), _associated(subject, last))
        except InvalidTag:
            raise Unreadable("it was written with another secret or for another table, or it was changed") from None
        yield frame
        number += 1


def _cipher(secret: Secret, salt: bytes) -> AESGCM:
    key = HKDF(algorithm=SHA256(), length=32, salt=salt, info=_PURPOSE)
    return AESGCM(key.derive(secret.reveal().encode()))


def _nonce(first: bytes, number: int) -> bytes:
    return ((int.from_bytes(first, "big") + number) % (1 << 8 * _NONCE)).to_bytes(_NONCE, "big")


def _associated(subject: bytes, last: bool) -> bytes:
    return bytes([FORMAT, last]) + subject


def _with_last(frames: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each frame, and whether it is the last."""
    found = iter(frames)
    pending = next(found)
    for frame in found:
        yield pending, False
        pending = frame
    yield pending, True
