"""`python -m tests.faults.pairs [seed]`: every two faults together, the one for some requests, the other for the rest.

What must hold is what holds for each alone (`tests/faults/test_rules.py`). Prints each pair that breaks a rule; ends
with status 1 if one did. Some five minutes: sleeping takes no time (`tests.faults.clock`).
"""

from __future__ import annotations

import asyncio
import random
import sys
import traceback
from itertools import combinations

from tests.faults.clock import ForwardLoop
from tests.faults.district import District
from tests.faults.faults import FAULTS, Fault
from tests.faults.server import FaultServer
from tests.faults.wire import either
from tests.faults.world import world


async def together(one: Fault, other: Fault, seed: int) -> None:
    lot, right = random.Random(f"{seed} {one} {other}"), District()
    server = FaultServer(either(lambda asked: lot.random() < 0.5, one.play(right), other.play(right)))
    codes = one.codes | other.codes | {"UPSTREAM_OVERLOADED", "UPSTREAM_TIMEOUT", "DEADLINE_EXCEEDED"}
    async with server.serving(), world(server, **{**one.settings, **other.settings}) as gateway:
        for _ in range(2):
            told = await gateway.whole(ahead=codes)
            assert told.codes <= codes, told.codes
        server.play = right.play
        await gateway.recovers(3600.0)


def main(seed: int) -> int:
    broken = 0
    pairs = list(combinations(FAULTS, 2))
    for number, (one, other) in enumerate(pairs, 1):
        try:
            with asyncio.Runner(loop_factory=ForwardLoop) as runner:
                runner.run(together(one, other, seed))
        except Exception:
            broken += 1
            print(f"{one} and {other}, seed {seed}:")
            traceback.print_exc()
        if sys.stderr.isatty():
            print(f"\r{number} of {len(pairs)}", end="", file=sys.stderr)
    print(f"{len(pairs)} pairs of faults, {broken} broke a rule")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
