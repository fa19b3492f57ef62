"""Requests of which nothing was executed: counted, and told in the log by a line each, as far as they are not too many.

A line has nothing that a client wrote but the request's name, of letters, digits and `._:-`: where a client is known by
its key, what the operator called it; the name in a token may be a person's.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from gateway.access.callers import NOBODY, Caller
from gateway.access.rates import Rates

log = logging.getLogger(__name__)

LINES: Final = 10
"""A second, for each client; for all together who are none."""


class Refusals:
    """counted: by the status of the response and the code of its first error."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.counted: Counter[tuple[int, str]] = Counter()
        self._lines = Rates(LINES, monotonic)
        self._untold = 0

    def tell(self, status: int, codes: Sequence[str], request: str = "-", caller: Caller = NOBODY) -> None:
        self.counted[status, codes[0] if codes else "-"] += 1
        if self._lines.wait(caller.name):
            self._untold += 1
            return
        untold, self._untold = self._untold, 0
        log.warning(
            "refused: status=%d code=%s client=%s key=%s request=%s%s",
            status,
            ",".join(codes) or "-",
            json.dumps(caller.name) if caller.key_id else "-",
            caller.key_id or ("token" if caller.name else "-"),
            request,
            f" untold={untold}" if untold else "",
        )
