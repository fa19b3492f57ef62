"""graphql-core's execution, held to what an answer may have."""

from __future__ import annotations

from typing import Any

from gateway.roster.reading import Place, no_room
from gateway.schema.context import Context
from gateway.schema.cost import Cost, NoRoom, source_of
from gateway.schema.shown import TellingExecutor


class BoundedExecutor(TellingExecutor):
    """A list that its answer has no room for is null, and that is told."""

    def complete_list_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        context, nodes = self.context_value, tuple(each.node for each in field_details_list)
        cost = context.cost if isinstance(context, Context) else Cost()
        if isinstance(result, list | tuple) and not cost.take(nodes[0], len(result)):
            source = source_of(result[0])
            if source is None:
                raise NoRoom
            place = Place(tuple(path.as_list()), nodes)
            context.reading.outcomes.fault(lambda: place, no_room(source))
            return None
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)
