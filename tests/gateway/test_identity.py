from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import Cursor, CursorCodec, GlobalId, NotACursor, NotAnId, source_key

CODEC = CursorCodec(b"secret")


@given(st.text(min_size=1).filter(lambda t: t.encode("utf-8", "ignore").decode() == t))
def test_a_global_id_reads_back_whatever_the_sourced_id(sourced_id: str) -> None:
    made = GlobalId("User", "springfield", sourced_id)
    assert GlobalId.parse(str(made)) == made
    assert str(made).count(":") == 2


@pytest.mark.parametrize(
    "text", ["", "User", "User:", "User:a", "User:a:", "User:A:1", "User:../x:1", "1:a:1", "User:a:b:c", "User:a:%zz"]
)
def test_what_is_no_global_id_is_refused(text: str) -> None:
    with pytest.raises(NotAnId):
        GlobalId.parse(text)


def test_a_source_is_named_by_key_or_global_id() -> None:
    assert source_key("springfield") == source_key("Source:springfield") == "springfield"


@given(st.text(), st.text(), st.none() | st.integers(0, 10**9))
def test_a_cursor_reads_back_in_its_own_list_only(sourced_id: str, walk: str, offset: int | None) -> None:
    cursor = Cursor("a", sourced_id.encode("utf-8", "ignore").decode(), offset, ("b",))
    walk = walk.encode("utf-8", "ignore").decode()
    text = CODEC.encode(cursor, walk)
    assert CODEC.decode(text, walk) == cursor
    with pytest.raises(NotACursor):
        CODEC.decode(text, walk + "x")
    with pytest.raises(NotACursor):
        CursorCodec(b"another").decode(text, walk)


@given(st.text())
def test_no_text_breaks_the_cursor_reader(text: str) -> None:
    with pytest.raises(NotACursor):
        CODEC.decode(text, "walk")


def test_a_cursor_with_one_bit_changed_is_refused() -> None:
    text = CODEC.encode(Cursor("a", "1"), "walk")
    for index, letter in enumerate(text):
        forged = text[:index] + ("A" if letter != "A" else "B") + text[index + 1 :]
        with pytest.raises(NotACursor):
            CODEC.decode(forged, "walk")


def test_a_cursor_shows_nobody_what_the_list_is_ordered_by() -> None:
    cursor = Cursor("springfield", "8d31", values=("okonski", None))
    text = CODEC.encode(cursor, "walk")
    seen = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert not any(word in seen for word in (b"okonski", b"springfield", b"8d31"))
    assert CODEC.encode(cursor, "walk") == text
    assert CODEC.decode(text, "walk") == cursor
