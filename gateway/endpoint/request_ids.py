"""A name for each request, told in its answer: the client's own, if it sent one in good form."""

from __future__ import annotations

import re
import secrets
from itertools import count
from typing import Final

from gateway.endpoint.asgi import Header, Headers

REQUEST_ID: Final = "x-request-id"

_NAME: Final = REQUEST_ID.encode()
_GOOD: Final = re.compile(rb"[A-Za-z0-9._:-]{1,100}")
_PROCESS: Final = secrets.token_hex(6)
_NUMBERS: Final = count(1)


def request_id(headers: Headers) -> str:
    sent = headers.get(_NAME)
    if sent is not None and _GOOD.fullmatch(sent):
        return sent.decode()
    return f"{_PROCESS}-{next(_NUMBERS):x}"


def told(name: str) -> Header:
    return _NAME, name.encode()
