"""The schema with a field that breaks the answer which it is part of: such operations are executed with care."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.schema import Schema
from gateway.schema.fields import computed
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS


@strawberry.type
class Fragile:
    sure: str = computed(lambda root: None, "Never null, it says.")


@strawberry.type(name="Query")
class FragileQuery(Query):
    fragile: Fragile | None = computed(lambda: object(), "What breaks the answer that it is part of.")


FRAGILE = Schema(FragileQuery, config=StrawberryConfig(scalar_map=SCALARS))
