"""A request that is not answered: JSON that says what was wrong and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.endpoint.asgi import NO_SNIFFING, NOT_STORED, Header, Response
from gateway.faults import ErrorCode, extensions
from gateway.web.negotiation import JSON


class Refusal(Exception):
    """Its message is for the client, and tells nothing of a person."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: ErrorCode = ErrorCode.BAD_USER_INPUT,
        headers: Iterable[Header] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = tuple(headers)
        self.retry_after = retry_after

    def response(self, media_type: str = JSON) -> Response:
        kind = (b"content-type", f"{media_type}; charset=utf-8".encode())
        shown: dict[str, Any] = {
            "errors": [{"message": self.message, "extensions": extensions(self.code, retry_after=self.retry_after)}]
        }
        return Response(self.status, (kind, NO_SNIFFING, NOT_STORED, *self.headers), msgspec.json.encode(shown))
