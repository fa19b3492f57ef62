"""The room that an answer has for lists of which it was only guessed how long they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphql import FieldNode

from gateway.schema.cost import Cost


def lacking_room(cost: Cost, node: FieldNode, lists: Sequence[Any], weights: Sequence[int] | None) -> list[int]:
    """The numbers of those lists of a field that the answer has no room for; of the others it is taken. They are whole,
    or not there. weights: in how many places of the answer each stands, if that is not one.
    """
    lengths = [len(each) if isinstance(each, list | tuple) else 0 for each in lists]
    if weights is not None:
        lengths = [length * weight for length, weight in zip(lengths, weights, strict=True)]
    if cost.take(node, sum(lengths)):
        return []
    return [number for number, length in enumerate(lengths) if length and not cost.take(node, length)]
