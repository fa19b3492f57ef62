"""The root of the graph."""

from typing import Annotated, Any

import strawberry

from adapters.records import RecordType
from gateway.faults import BadInput
from gateway.identity import source_id, source_key
from gateway.schema.context import Info, place
from gateway.schema.fields import computed
from gateway.schema.identity_lookup import users_by_identity
from gateway.schema.node import KINDS, Node, parse_hold_id, parse_id
from gateway.schema.roots import listing, lookup
from gateway.schema.source_list import SourceConnection, list_sources
from gateway.schema.sources import Source
from gateway.schema.viewer import Viewer

MAX_NODES = 1000

SourceId = Annotated[strawberry.ID, strawberry.argument(name="id", description="The source's key or global id.")]
NodeId = Annotated[strawberry.ID, strawberry.argument(name="id", description="A global id.")]
NodeIds = Annotated[list[strawberry.ID], strawberry.argument(description=f"At most {MAX_NODES:,} global ids.")]


async def _node(info: Info, id_: NodeId) -> Any:
    reading = info.context.reading
    named = parse_id(id_)
    if named is not None:
        return await reading.lookup(place(info), KINDS[named.type], named.source, named.sourced_id)
    held = parse_hold_id(id_)
    if held is not None:
        return reading.hold(held)
    key = source_key(id_)
    return reading.sources.get(key, reading.grant) if id_ == source_id(key) else None


async def _nodes(info: Info, ids: NodeIds) -> Any:
    if len(ids) > MAX_NODES:
        raise BadInput(f"ids: at most {MAX_NODES} at once, not {len(ids)}")
    return [_node(info, i) for i in ids]


def _source(info: Info, id_: SourceId) -> Any:
    reading = info.context.reading
    return reading.sources.get(source_key(id_), reading.grant)


@strawberry.type(
    description="What can be asked. Lists, such as `users` and `classes`, span all sources, or those that are chosen, "
    "and say what is missing: `complete`, `sources`. Lookups, such as `user` and `class`, find one record, by global "
    "id, or by its source and sourcedId there. From each record, relations lead to others of the same source."
)
class Query:
    node: Node | None = computed(
        _node, "Whatever has this global id, or had it before; null if there is no such thing."
    )
    nodes: list[Node | None] = computed(
        _nodes, "Whatever has these global ids, or had them before, in their order; null for each that there is not."
    )
    source: Source | None = computed(_source, "A configured source; null if there is none of that name.")
    sources: SourceConnection | None = computed(list_sources, "The configured sources and how they stand; asks none.")
    viewer: Viewer = computed(lambda: Viewer(), "Who asks, and what that client may do.")

    org = lookup(RecordType.ORG, "One organisation: school, district …", "/orgs/{id}")
    academic_session = lookup(RecordType.ACADEMIC_SESSION, "One school year, term …", "/academicSessions/{id}")
    course = lookup(RecordType.COURSE, "One course.", "/courses/{id}")
    class_ = lookup(RecordType.CLASS, "One class (section).", "/classes/{id}", name="class")
    user = lookup(RecordType.USER, "One person.", "/users/{id}")
    enrollment = lookup(RecordType.ENROLLMENT, "One person's place in one class.", "/enrollments/{id}")

    category = lookup(RecordType.CATEGORY, "One group of line items.", "/categories/{id}")
    line_item = lookup(RecordType.LINE_ITEM, "One piece of work (assignment).", "/lineItems/{id}")
    result = lookup(RecordType.RESULT, "What one student reached in one line item.", "/results/{id}")
    score_scale = lookup(RecordType.SCORE_SCALE, "One scale of marks.", "1.2 /scoreScales/{id}")
    resource = lookup(RecordType.RESOURCE, "One learning resource.", "/resources/{id}")
    assessment_line_item = lookup(
        RecordType.ASSESSMENT_LINE_ITEM, "One test, exam or part of it.", "1.2 /assessmentLineItems/{id}"
    )
    assessment_result = lookup(
        RecordType.ASSESSMENT_RESULT, "What one student reached in one test.", "1.2 /assessmentResults/{id}"
    )

    orgs = listing(RecordType.ORG, "Organisations: districts, schools, departments.", "/orgs")
    academic_sessions = listing(
        RecordType.ACADEMIC_SESSION,
        "School years, terms, grading periods.",
        "/academicSessions",
    )
    courses = listing(RecordType.COURSE, "Courses of study.", "/courses")
    classes = listing(RecordType.CLASS, "Classes, also called sections.", "/classes")
    users = listing(RecordType.USER, "People: students (pupils), teachers, other staff, parents.", "/users")
    users_by_identity = users_by_identity()
    enrollments = listing(RecordType.ENROLLMENT, "Who is in which class, and as what.", "/enrollments")
    demographics = listing(RecordType.DEMOGRAPHICS, "Birth date, sex, ethnicity of people.", "/demographics")
    categories = listing(RecordType.CATEGORY, "Groups of line items, such as homework.", "/categories")
    line_items = listing(RecordType.LINE_ITEM, "Pieces of work that are marked: assignments.", "/lineItems")
    results = listing(
        RecordType.RESULT,
        "What students reached in line items: marks, grades. Unbounded in real districts: to be narrowed.",
        "/results",
    )
    score_scales = listing(RecordType.SCORE_SCALE, "Scales of marks.", "1.2 /scoreScales")
    resources = listing(RecordType.RESOURCE, "Learning resources, materials.", "/resources")
    assessment_line_items = listing(
        RecordType.ASSESSMENT_LINE_ITEM, "Tests, exams and their parts.", "1.2 /assessmentLineItems"
    )
    assessment_results = listing(
        RecordType.ASSESSMENT_RESULT,
        "What students reached in tests. Unbounded in real districts: to be narrowed.",
        "1.2 /assessmentResults",
    )
