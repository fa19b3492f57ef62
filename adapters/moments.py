"""When something was read: epoch seconds that only ever go on, however the wall clock is set meanwhile.

They are what the wall clock said when the process began, and the time since by the monotonic clock: what was read an
hour ago is an hour old, whatever the wall clock has come to say. Only a moment that an earlier process noted can lie
ahead of now; then nobody knows how long ago it was.
"""

from __future__ import annotations

import time

_BEGAN = time.time() - time.monotonic()


def now() -> float:
    return _BEGAN + time.monotonic()
