"""S07: what is shared between clients is what came from a source, never what one of them may see of it."""

from __future__ import annotations

import pytest

from tests.gateway.crossings import AT_ONCE, crossings, districts

pytestmark = pytest.mark.anyio


async def test_S07_two_districts_of_equal_ids_never_cross_whoever_asks_beside_whom() -> None:
    answered, wrong = await crossings(6 * AT_ONCE)
    assert wrong == []
    assert answered == 6 * AT_ONCE


def test_S07_the_same_ids_are_other_people() -> None:
    """What would show a crossing is there."""
    one, other = (server.district.users for server in districts().servers.values())
    named = {user.id: (user.given, user.family) for user in other}
    shared = [user for user in one if user.id in named]
    assert len(shared) > 100
    assert sum(named[user.id] != (user.given, user.family) for user in shared) > len(shared) * 0.9
