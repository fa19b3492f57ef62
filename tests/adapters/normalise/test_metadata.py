"""Metadata is kept as it was sent, unless reading it later could fail."""

import msgspec
import pytest

from adapters.normalise.parts import kept_metadata


@pytest.mark.parametrize(
    "sent",
    [
        b'{"a": 1}',
        b'{"a": ' * 64 + b"1" + b"}" * 64,
        b'{"a": [' + b", ".join([b"{}"] * 100) + b"]}",
        b'{"a": "' + b"[" * 100 + b'"}',
        b'{"a": -' + b"9" * 20 + b"}",
        b'{"a": "' + b"9" * 30 + b'"}',
        b'{"a\\"": "\\\\", "b": "1e999"}',
        b'{"a": 1.' + b"3" * 30 + b"}",
        b'{"a": 1e-999}',
    ],
)
def test_what_can_be_read_is_kept_as_it_was_sent(sent: bytes) -> None:
    assert kept_metadata(msgspec.Raw(sent)) == sent


@pytest.mark.parametrize(
    "sent",
    [
        b'{"a": ' * 65 + b"1" + b"}" * 65,
        b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}",
        b'{"a": ' + b"9" * 21 + b"}",
        b'{"\\"": [-' + b"9" * 21 + b"]}",
        b'{"a": 1e999}',
        b'{"a": -7E+400}',
        b"{}",
        b'"a"',
    ],
)
def test_what_cannot_is_not_kept(sent: bytes) -> None:
    assert kept_metadata(msgspec.Raw(sent)) is None
