"""Groups of line items."""

import strawberry

from adapters import gradebook
from gateway.schema.enums import RecordType
from gateway.schema.fields import over, plain
from gateway.schema.relations import to_page
from gateway.schema.roster_object import RosterObject


@strawberry.type(description="A group of line items, such as homework or quizzes. OneRoster: `/categories`.")
class Category(RosterObject):
    is_type_of = over(gradebook.Category)

    title: str | None = plain("Name of the category.", "category.title")
    weight: float | None = plain("How much its line items count in the grade of a class.", "1.2 category.weight")
    line_items = to_page(
        RecordType.LINE_ITEM,
        "category_id",
        "The line items (assignments) in it, in whichever class.",
        "lineItem.category",
    )
