"""Gradebook, resources and demographics through the graph, held against what the districts know."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from gateway.sandbox.truth import ACTIVE, District, Record
from tests.gateway.support import MakeWorld, World
from tests.gateway.test_schema_reading import answered, ask, ids, one

pytestmark = [pytest.mark.anyio, pytest.mark.jumping]


def active(rows: list[Any]) -> set[str]:
    return {row.id for row in rows if row.status == ACTIVE}


def graded(truth: District) -> str:
    """A class with line items, results and scales."""
    with_results = {r.line_item for r in truth.results if r.status == ACTIVE}
    scaled = {s.class_id for s in truth.score_scales if s.status == ACTIVE}
    return next(i.class_id for i in truth.line_items if i.id in with_results and i.class_id in scaled)


def found(truth: District, collection: str, record_id: str) -> Any:
    record = truth.find(collection, record_id)
    assert isinstance(record, Record)
    return record


GRADEBOOK = """query ($class: ID!) {
  class(id: $class) {
    title
    lineItems(first: 100) {
      complete
      totalCount
      nodes {
        sourcedId
        title
        description
        assignDate
        dueDate
        resultValueMin
        resultValueMax
        class { sourcedId }
        schoolRef { sourcedId }
        school { sourcedId }
        categoryRef { id }
        category { id title weight }
        gradingPeriod { sourcedId }
        academicSession { sourcedId type }
        scoreScale { sourcedId title }
        learningObjectiveSet { source learningObjectiveIds }
        results {
          sourcedId
          scoreStatus
          scoreStatusRaw
          score
          textScore
          scoreDate
          comment
          late
          missing
          incomplete
          studentRef { sourcedId }
          student { sourcedId familyName }
          lineItem { sourcedId }
          class { sourcedId }
          scoreScale { sourcedId }
          learningObjectiveSet { source learningObjectiveResults { learningObjectiveId score textScore } }
        }
      }
    }
    scoreScales { sourcedId title type class { sourcedId } course { sourcedId } scoreScaleValue { itemValueLHS } }
  }
}"""


async def test_the_gradebook_of_a_class_is_what_the_district_knows(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    class_id = graded(truth)
    data = await answered(made, GRADEBOOK, **{"class": f"Class:a:{class_id}"})
    items = data["class"]["lineItems"]
    assert items["complete"] is True
    assert ids(items["nodes"]) == active([i for i in truth.line_items if i.class_id == class_id])
    assert items["totalCount"] == len(items["nodes"])
    for row in items["nodes"]:
        item = found(truth, "lineItems", row["sourcedId"])
        category = found(truth, "categories", item.category)
        told = [(s["source"], tuple(s["learningObjectiveIds"])) for s in row["learningObjectiveSet"]]
        assert tuple(told) == item.objectives
        assert (row["title"], row["description"]) == (item.title, item.description)
        assert (row["assignDate"], row["dueDate"]) == (item.assigned, item.due)
        assert (row["resultValueMin"], row["resultValueMax"]) == (item.least, item.most)
        assert row["class"]["sourcedId"] == class_id
        assert row["school"]["sourcedId"] == row["schoolRef"]["sourcedId"] == item.school
        assert row["category"]["id"] == row["categoryRef"]["id"] == f"Category:a:{category.id}"
        assert (row["category"]["title"], row["category"]["weight"]) == (category.title, category.weight)
        assert (row["academicSession"] or {}).get("sourcedId") == item.session
        assert (row["gradingPeriod"] or {}).get("sourcedId") == item.session
        assert (row["scoreScale"] or {}).get("sourcedId") == item.scale
        assert ids(row["results"]) == active([r for r in truth.results if r.line_item == item.id])
        for mark in row["results"]:
            assert_is_told(mark, found(truth, "results", mark["sourcedId"]))
    scales = data["class"]["scoreScales"]
    assert ids(scales) == active([s for s in truth.score_scales if s.class_id == class_id])
    for row in scales:
        scale = found(truth, "scoreScales", row["sourcedId"])
        assert (row["title"], row["type"], row["class"]["sourcedId"]) == (scale.title, scale.type, class_id)
        assert (row["course"] or {}).get("sourcedId") == scale.course
        assert [v["itemValueLHS"] for v in row["scoreScaleValue"]] == [left for left, _ in scale.values]


def assert_is_told(mark: Any, result: Any) -> None:
    assert mark["scoreStatus"] == result.score_status.upper().replace(" ", "_")
    assert mark["scoreStatusRaw"] == result.score_status
    assert (mark["score"], mark["textScore"], mark["comment"]) == (result.score, result.text, result.comment)
    assert mark["scoreDate"] == result.day.isoformat()
    assert {name for name in ("late", "missing", "incomplete") if mark[name]} == result.flags
    assert mark["studentRef"]["sourcedId"] == mark["student"]["sourcedId"] == result.student
    assert (mark["lineItem"]["sourcedId"], mark["class"]["sourcedId"]) == (result.line_item, result.class_id)
    assert (mark["scoreScale"] or {}).get("sourcedId") == result.scale
    assert [
        (told["source"], each["learningObjectiveId"], each["score"], each["textScore"])
        for told in mark["learningObjectiveSet"]
        for each in told["learningObjectiveResults"]
    ] == list(result.objectives)


async def test_the_results_of_all_line_items_are_asked_for_together(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    data = await answered(made, "{ lineItems(first: 1000) { totalCount nodes { results { score } } } }")
    assert data["lineItems"]["totalCount"] > 20
    assert made.requests("a") <= 4


async def test_a_line_item_of_1_1_is_told_without_what_1_2_added(world: MakeWorld) -> None:
    made = world(a="standard-1.1")
    truth = one(made)
    data = await answered(
        made,
        """{ lineItems(first: 1000) { nodes {
          sourcedId
          gradingPeriodRef { sourcedId }
          academicSessionRef { sourcedId }
          schoolRef { id }
          scoreScaleRef { id }
          learningObjectiveSet { source }
          class { school { sourcedId } }
          results { classRef { id } textScore late }
        } } }""",
    )
    rows = data["lineItems"]["nodes"]
    assert ids(rows) == active(truth.line_items)
    for row in rows:
        item = found(truth, "lineItems", row["sourcedId"])
        period = row["gradingPeriodRef"] and row["gradingPeriodRef"]["sourcedId"]
        assert period == item.session
        assert row["academicSessionRef"] == row["gradingPeriodRef"]
        assert row["class"]["school"]["sourcedId"] == item.school
        assert (row["schoolRef"], row["scoreScaleRef"], row["learningObjectiveSet"]) == (None, None, [])
        assert all(m == {"classRef": None, "textScore": None, "late": None} for m in row["results"])


async def test_a_students_results_are_a_list_of_their_own(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    student = next(r.student for r in truth.results if r.status == ACTIVE)
    mine = [r for r in truth.results if r.student == student and r.status == ACTIVE]
    assert len(mine) > 1
    data = await answered(
        made,
        """query ($id: ID!, $late: ResultFilter) { user(id: $id) {
          results(first: 1, orderBy: [{ field: SCORE_DATE, direction: DESC }]) {
            totalCount
            nodes { scoreDate }
            pageInfo { hasNextPage }
          }
          some: results(filter: $late) { nodes { sourcedId } }
          assessmentResults { nodes { sourcedId scorePercentile assessmentLineItem { title } } }
        } }""",
        id=f"User:a:{student}",
        late={"scoreStatus": {"in": ["SUBMITTED", "EXEMPT"]}},
    )
    user = data["user"]
    assert user["results"]["totalCount"] == len(mine)
    assert user["results"]["nodes"] == [{"scoreDate": max(r.day for r in mine).isoformat()}]
    assert user["results"]["pageInfo"]["hasNextPage"] is True
    assert ids(user["some"]["nodes"]) == {r.id for r in mine if r.score_status in ("submitted", "exempt")}
    taken = [r for r in truth.assessment_results if r.student == student and r.status == ACTIVE]
    assert {(r["sourcedId"], r["scorePercentile"]) for r in user["assessmentResults"]["nodes"]} == {
        (r.id, r.percentile) for r in taken
    }


async def test_assessments_lead_to_their_parts_and_results_and_back(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    data = await answered(
        made,
        """{ assessmentLineItems(filter: { parentAssessmentLineItem: { isNull: true } }) { nodes {
          sourcedId
          title
          resultValueMax
          parentAssessmentLineItem { id }
          classRef { id }
          children {
            sourcedId
            title
            parentAssessmentLineItemRef { sourcedId }
            parentAssessmentLineItem { sourcedId }
            class { sourcedId }
            scoreScale { sourcedId }
            learningObjectiveSet { source learningObjectiveIds }
            results(first: 1000) { totalCount nodes {
              sourcedId scoreStatus score textScore scorePercentile
              student { sourcedId }
              assessmentLineItemRef { sourcedId }
              learningObjectiveSet { learningObjectiveResults { learningObjectiveId textScore } }
            } }
          }
        } } }""",
    )
    [whole] = data["assessmentLineItems"]["nodes"]
    known = found(truth, "assessmentLineItems", whole["sourcedId"])
    assert (whole["title"], whole["resultValueMax"], whole["classRef"]) == (known.title, known.most, None)
    assert whole["parentAssessmentLineItem"] is None
    assert ids(whole["children"]) == active([i for i in truth.assessment_line_items if i.parent == known.id])
    for row in whole["children"]:
        item = found(truth, "assessmentLineItems", row["sourcedId"])
        parent = row["parentAssessmentLineItem"]["sourcedId"]
        assert parent == row["parentAssessmentLineItemRef"]["sourcedId"] == known.id
        assert (row["class"] or {}).get("sourcedId") == item.class_id
        assert (row["scoreScale"] or {}).get("sourcedId") == item.scale
        taken = [r for r in truth.assessment_results if r.item == item.id and r.status == ACTIVE]
        assert row["results"]["totalCount"] == len(taken) > 0
        assert {
            (r["sourcedId"], r["score"], r["textScore"], r["scorePercentile"], r["student"]["sourcedId"])
            for r in row["results"]["nodes"]
        } == {(r.id, r.score, r.text, r.percentile, r.student) for r in taken}


async def test_resources_lead_to_who_uses_them_and_back(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    data = await answered(
        made,
        """{ resources { nodes {
          sourcedId title roles rolesRaw importance vendorResourceId vendorId applicationId metadata
          courses(first: 1000) { nodes { sourcedId resourceRefs { sourcedId } resources { sourcedId } } }
          classes(first: 1000) { nodes { sourcedId resources { sourcedId } } }
          users(first: 1000) { nodes { sourcedId resources { sourcedId } } }
        } } }""",
    )
    rows = data["resources"]["nodes"]
    assert ids(rows) == active(truth.resources)
    for row in rows:
        known = found(truth, "resources", row["sourcedId"])
        assert (row["title"], row["vendorResourceId"]) == (known.title, known.vendor_resource)
        assert row["roles"] == [role.upper() for role in known.roles]
        assert row["importance"] == (known.importance.upper() if known.importance else None)
        assert (row["vendorId"], row["applicationId"]) == (known.vendor, known.application)
        for name in ("courses", "classes", "users"):
            using = {r.id: r.resources for r in truth.records(name) if known.id in r.resources and r.status == ACTIVE}
            assert ids(row[name]["nodes"]) == set(using)
            for user in row[name]["nodes"]:
                assert [r["sourcedId"] for r in user["resources"]] == list(using[user["sourcedId"]])
    assert any(row[name]["nodes"] for row in rows for name in ("courses", "classes", "users"))


async def test_categories_lead_to_their_line_items_in_order(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    data = await answered(
        made,
        """{ categories(orderBy: [{ field: TITLE }]) { nodes {
          sourcedId title lineItems(first: 1000, orderBy: [{ field: DUE_DATE }]) { nodes { sourcedId dueDate } }
        } } }""",
    )
    rows = data["categories"]["nodes"]
    assert [r["title"] for r in rows] == sorted(c.title for c in truth.categories if c.status == ACTIVE)
    for row in rows:
        items = row["lineItems"]["nodes"]
        assert ids(items) == active([i for i in truth.line_items if i.category == row["sourcedId"]])
        assert [i["dueDate"] for i in items] == sorted(i["dueDate"] for i in items)


async def test_demographics_are_a_list_too(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    data = await answered(
        made,
        """{ demographics(first: 1000, filter: { sex: { eq: FEMALE }, birthDate: { isNull: false } }) {
          nodes { sourcedId birthDate user { sourcedId } }
        } }""",
    )
    rows = data["demographics"]["nodes"]
    assert {r["sourcedId"]: r["birthDate"] for r in rows} == {
        d.id: d.birth.isoformat()
        for d in truth.demographics
        if d.sex == "female" and d.birth is not None and d.status == ACTIVE
    }
    assert all(r["user"]["sourcedId"] == r["sourcedId"] for r in rows)


@pytest.mark.parametrize(
    ("field", "collection"),
    [
        ("category", "categories"),
        ("lineItem", "lineItems"),
        ("result", "results"),
        ("scoreScale", "scoreScales"),
        ("resource", "resources"),
        ("assessmentLineItem", "assessmentLineItems"),
        ("assessmentResult", "assessmentResults"),
    ],
)
async def test_a_record_beside_the_roster_is_found_by_its_ids(world: MakeWorld, field: str, collection: str) -> None:
    made = world(a="standard-1.2")
    record_id = one(made).records(collection)[0].id
    kind = field[0].upper() + field[1:]
    data = await answered(
        made,
        f"""query ($id: ID!, $own: String!) {{
          {field}(source: "a", sourcedId: $own) {{ id __typename }}
          node(id: $id) {{ id __typename }}
          nobody: {field}(source: "a", sourcedId: "nobody") {{ id }}
        }}""",
        id=f"{kind}:a:{record_id}",
        own=record_id,
    )
    assert data[field] == data["node"] == {"id": f"{kind}:a:{record_id}", "__typename": kind}
    assert data["nobody"] is None


# ---------------------------------------------------------------- too broad


@pytest.mark.parametrize(
    "filter_",
    [
        {},
        {"scoreStatus": {"eq": "EXEMPT"}},
        {"dateLastModified": {"lt": "2030-01-01T00:00:00Z"}},
        {"not": {"student": {"sourcedId": "x"}}},
        {"or": [{"student": {"sourcedId": "x"}}, {"late": {"eq": True}}]},
        {"student": {"isNull": False}},
    ],
)
@pytest.mark.parametrize("field", ["results", "assessmentResults"])
async def test_all_results_are_too_broad(world: MakeWorld, field: str, filter_: dict[str, Any]) -> None:
    made = world(a="standard-1.2")
    kind = "ResultFilter" if field == "results" else "AssessmentResultFilter"
    query = f"query ($f: {kind}!) {{ {field}(filter: $f) {{ totalCount }} orgs {{ totalCount }} }}"
    data, [error], _ = await ask(made, query, f=filter_)
    assert data[field] is None
    assert data["orgs"]["totalCount"] > 0
    assert error["extensions"]["code"] == "TOO_BROAD"
    assert "student" in error["message"]
    assert made.servers["a"].requests[field] == 0


async def test_results_must_be_given_a_filter(world: MakeWorld) -> None:
    _, [error], _ = await ask(world(a="standard-1.2"), "{ results { totalCount } }")
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def results(made: World, **filter_: Any) -> list[Any]:
    query = """query ($f: ResultFilter!) {
      results(first: 10000, filter: $f) { complete nodes { sourcedId class { sourcedId } } }
    }"""
    data = await answered(made, query, f=filter_)
    assert data["results"]["complete"]
    return data["results"]["nodes"]  # type: ignore[no-any-return]


async def test_results_are_listed_by_line_item_student_class_and_time(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    truth = one(made)
    known = next(r for r in truth.results if r.status == ACTIVE)
    of = [r for r in truth.results if r.status == ACTIVE]
    assert ids(await results(made, lineItem={"eq": f"LineItem:a:{known.line_item}"})) == {
        r.id for r in of if r.line_item == known.line_item
    }
    assert ids(await results(made, student={"in": [f"User:a:{known.student}"]})) == {
        r.id for r in of if r.student == known.student
    }
    assert ids(await results(made, **{"class": {"eq": f"Class:a:{known.class_id}"}})) == {
        r.id for r in of if r.class_id == known.class_id
    }
    since = sorted(r.modified for r in of)[len(of) // 2]
    found = ids(await results(made, dateLastModified={"gte": since}))
    assert found == {r.id for r in of if r.modified >= since}
    assert 0 < len(found) < len(of)
    assert await results(made, student={"in": []}) == []


@pytest.mark.parametrize("kind", ["standard-1.1", "standard-1.2"])
async def test_results_of_a_class_are_found_and_lead_to_it_in_either_version(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    truth = one(made)
    class_id = graded(truth)
    items = {i.id for i in truth.line_items if i.class_id == class_id}
    of = {r.id for r in truth.results if r.line_item in items and r.status == ACTIVE}
    others = {r.id for r in truth.results if r.line_item not in items and r.status == ACTIVE}
    assert of
    assert others
    found = await results(made, **{"class": {"eq": f"Class:a:{class_id}"}})
    assert ids(found) == of
    assert {row["class"]["sourcedId"] for row in found} == {class_id}
    everybodys: dict[str, Any] = {"dateLastModified": {"gt": "1970-01-01T00:00:00Z"}}
    assert ids(await results(made, **everybodys, **{"not": {"class": {"sourcedId": class_id}}})) == others
    assert await results(made, **everybodys, **{"class": {"isNull": True}}) == []
    assert len(await results(made, **everybodys, **{"class": {"isNull": False}})) == len(of) + len(others)
    query = """query ($text: String!) {
      results(first: 10000, filter: {}, filterText: $text) { nodes { sourcedId } }
    }"""
    data = await answered(made, query, text=f"class.sourcedId='{class_id}'")
    assert ids(data["results"]["nodes"]) == of


async def test_only_the_source_of_the_class_is_asked_for_its_results(world: MakeWorld) -> None:
    made = world(a="standard-1.2", b="standard-1.1")
    assert await results(made, **{"class": {"eq": f"Class:a:{graded(one(made))}"}})
    assert made.requests("b") == 0


async def test_scores_are_compared_as_numbers(world: MakeWorld) -> None:
    made = world(a="standard-1.2")
    marked = [r for r in one(made).results if r.status == ACTIVE and r.score is not None]
    query = """query ($text: String!) {
      results(first: 10000, filter: { dateLastModified: { gt: "1970-01-01T00:00:00Z" } }, filterText: $text) {
        nodes { sourcedId }
      }
    }"""
    expected = {
        "score>='9.5'": {r.id for r in marked if r.score >= 9.5},
        "score<'10'": {r.id for r in marked if r.score < 10},
        "score='0'": {r.id for r in marked if r.score == 0},
    }
    for text, known in expected.items():
        data = await answered(made, query, text=text)
        assert 0 < len(known) < len(marked)
        assert ids(data["results"]["nodes"]) == known, text
    everybodys: dict[str, Any] = {"dateLastModified": {"gt": "1970-01-01T00:00:00Z"}}
    for operand, text in (({"gte": 9.5}, "score>='9.5'"), ({"lt": 10}, "score<'10'"), ({"eq": 0}, "score='0'")):
        assert ids(await results(made, **everybodys, score=operand)) == expected[text]
    assert ids(await results(made, **everybodys, score={"isNull": False})) == {r.id for r in marked}


# ---------------------------------------------------------------- sources without


WITHOUT = [
    *(("classlink", name) for name in ("categories", "lineItems", "scoreScales", "assessmentLineItems")),
    *(("skyward", name) for name in ("resources", "scoreScales")),
    *(("standard-1.1", name) for name in ("scoreScales", "assessmentLineItems")),
    *(("alpha", name) for name in ("lineItems", "resources", "demographics")),
    *(("infinite-campus-1.2", name) for name in ("lineItems", "categories")),
    *(("ed-fi", "lineItems"), ("xporter", "categories"), ("aeries", "resources")),
]


@pytest.mark.parametrize(("kind", "field"), WITHOUT)
async def test_a_source_without_a_collection_says_so_and_is_asked_no_more(
    world: MakeWorld, kind: str, field: str
) -> None:
    made = world(a=kind, b="standard-1.2")
    query = f"""{{ {field}(first: 1000) {{
      complete totalCount nodes {{ sourcedId }} sources {{ source {{ key }} state code }}
    }} }}"""
    asked = []
    for _ in range(2):
        data, errors, extensions = await ask(made, query)
        assert errors == []
        assert ids(data[field]["nodes"]) == active(one(made, "b").records(field)), "the other source's stand"
        assert (data[field]["complete"], data[field]["totalCount"]) == (False, None)
        [report] = data[field]["sources"]
        assert (report["source"]["key"], report["state"]) == ("a", "UNSUPPORTED")
        assert [s["source"] for s in extensions["sources"]["notFresh"]] == ["a"]
        asked.append(made.requests("a"))
    assert asked[0] == asked[1] <= 1


@pytest.mark.parametrize("kind", ["classlink", "infinite-campus-1.2", "ed-fi"])
async def test_a_relation_to_what_a_source_lacks_is_null_and_told_beside(world: MakeWorld, kind: str) -> None:
    made = world(a=kind)
    query = """{ classes(first: 3) { nodes { sourcedId lineItems { totalCount } scoreScales { id } } } }"""
    asked = []
    for _ in range(2):
        data, errors, extensions = await ask(made, query)
        assert errors == []
        assert data["classes"]["nodes"]
        assert all((row["lineItems"], row["scoreScales"]) == (None, None) for row in data["classes"]["nodes"])
        assert "UNSUPPORTED" in str(extensions["sources"])
        asked.append(made.requests("a"))
    assert asked[1] - asked[0] <= 1, "the classes, if at all"


async def test_a_refused_gradebook_is_an_error_beside_the_roster(world: MakeWorld) -> None:
    scopes = ["roster-core.readonly", "roster.readonly", "roster-demographics.readonly"]
    made = world(a=make_server("standard-1.2", generate(3, 60), scopes=scopes))
    query = "{ classes(first: 2) { nodes { lineItems { totalCount } } } categories { complete nodes { id } } }"
    data, errors, _ = await ask(made, query)
    assert [row["lineItems"] for row in data["classes"]["nodes"]] == [None, None]
    assert data["categories"] == {"complete": False, "nodes": []}
    assert {e["extensions"]["code"] for e in errors} <= {"UPSTREAM_FORBIDDEN", "UPSTREAM_AUTH"}
    assert {next(iter(e["path"])) for e in errors} == {"classes", "categories"}


@pytest.mark.parametrize("kind", ["standard-1.1", "standard-1.2"])
async def test_results_of_the_line_items_of_a_class_are_asked_for_below_the_class(world: MakeWorld, kind: str) -> None:
    made = world({"a": {"capabilities": {"filter_level": "none", "max_limit": 20}}}, a=kind)
    truth, server = one(made), made.servers["a"]
    query = """query ($class: ID!) { class(id: $class) {
      lineItems { nodes { sourcedId results { sourcedId } } }
    } }"""
    class_id = graded(truth)
    data = await answered(made, query, **{"class": f"Class:a:{class_id}"})
    for row in data["class"]["lineItems"]["nodes"]:
        assert ids(row["results"]) == active([r for r in truth.results if r.line_item == row["sourcedId"]])
    assert server.requests["GET /classes/{id}/results"] > 0
    assert server.requests["GET /results"] == 0
    assert made.requests("a") <= 4


async def test_where_a_class_has_no_such_route_its_results_are_found_among_all(world: MakeWorld) -> None:
    made = world({"a": {"capabilities": {"filter_level": "none", "nested_reads": False}}}, a="standard-1.2")
    truth = one(made)
    data = await answered(made, GRADEBOOK, **{"class": f"Class:a:{graded(truth)}"})
    for row in data["class"]["lineItems"]["nodes"]:
        assert ids(row["results"]) == active([r for r in truth.results if r.line_item == row["sourcedId"]])
