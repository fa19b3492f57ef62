"""Sealed files: the frames that were written, in their order, to their end, or an error."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from adapters.secret import Secret
from gateway.roster.store.sealing import Unreadable, seal, unseal

SECRET = Secret("made-up")


def sealed(path: Path, *frames: bytes, subject: bytes = b"maple users") -> list[bytes]:
    """The parts of a new file: what is before the frames, then each frame with its length."""
    with path.open("wb") as file:
        seal(file, frames, SECRET, subject)
    data = path.read_bytes()
    ends = [53]
    while ends[-1] < len(data):
        ends.append(ends[-1] + 4 + int.from_bytes(data[ends[-1] : ends[-1] + 4], "big"))
    return [data[: ends[0]], *(data[a:b] for a, b in pairwise(ends))]


def opened(path: Path, *parts: bytes, subject: bytes = b"maple users", secret: Secret = SECRET) -> list[bytes]:
    if parts:
        path.write_bytes(b"".join(parts))
    with path.open("rb") as file:
        return list(unseal(file, secret, subject))


def test_frames_come_back_in_their_order(tmp_path: Path) -> None:
    sealed(tmp_path / "f", b"one", b"", b"three" * 1000)

    assert opened(tmp_path / "f") == [b"one", b"", b"three" * 1000]


def test_a_file_that_ends_between_two_frames_is_not_whole(tmp_path: Path) -> None:
    start, one, two, three = sealed(tmp_path / "f", b"one", b"two", b"three")

    assert opened(tmp_path / "f", start, one, two, three) == [b"one", b"two", b"three"]
    for parts in ((start, one, two), (start, one), (start,), (start, one, two, three, three), (start, two, one, three)):
        with pytest.raises(Unreadable):
            opened(tmp_path / "f", *parts)


def test_frames_of_two_files_cannot_be_mixed(tmp_path: Path) -> None:
    start, one, _ = sealed(tmp_path / "f", b"one", b"two")
    _, _, other = sealed(tmp_path / "g", b"one", b"two")

    with pytest.raises(Unreadable):
        opened(tmp_path / "f", start, one, other)


def test_subject_and_secret_must_be_those_of_the_writing(tmp_path: Path) -> None:
    sealed(tmp_path / "f", b"one")

    with pytest.raises(Unreadable, match="another secret"):
        opened(tmp_path / "f", subject=b"oak users")
    with pytest.raises(Unreadable, match="another secret"):
        opened(tmp_path / "f", secret=Secret("other"))


def test_a_file_of_another_kind_or_format_is_told_apart(tmp_path: Path) -> None:
    start, one = sealed(tmp_path / "f", b"one")

    with pytest.raises(Unreadable, match="not a table"):
        opened(tmp_path / "f", b"SQLite format 3\0", one)
    with pytest.raises(Unreadable, match="another format"):
        opened(tmp_path / "f", start[:24], bytes([start[24] + 1]), start[25:], one)
