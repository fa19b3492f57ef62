"""What a client may do at the gateway beside reading."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """explain: be shown what an operation took. refresh: have sources read anew. holds: decide what is held back."""

    EXPLAIN = "explain"
    REFRESH = "refresh"
    HOLDS = "holds"
