"""Reads: one record by its id, whole collections, and the routes below a parent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from adapters import gradebook, records
from adapters.client import PageRequest
from adapters.dialect import Version
from adapters.endpoints import ENDPOINTS, OWN_ROUTES, Collection, Endpoint, single
from adapters.errors import SourceError, Unsupported
from adapters.predicate import equals
from conformance.subjects import (
    Case,
    Server,
    Subject,
    data_requests,
    described,
    everything,
    gap_of,
    needs,
    only,
    plain,
    published,
)


async def the_server_is_of_the_dialects_provider_and_version(subject: Subject) -> None:
    kind = subject.server.kind
    assert (kind.provider, kind.version) == (subject.dialect.name, subject.dialect.version)


def _every_record(collection: Collection) -> Case:
    @needs(collection.value)
    async def case(subject: Subject) -> None:
        server = subject.server
        got = await everything(subject.client(server), collection.value)
        assert Counter(r.sourced_id for r in got) == Counter(
            made["sourcedId"] for made in published(server, collection)
        )
        truth = plain(server, collection)
        for record in got:
            _CHECKS[collection](record, truth[record.sourced_id])

    case.__name__ = f"every_record_of_{collection}_arrives_once_and_unharmed"
    return case


def _said(text: str | None) -> str | None:
    """An empty text says nothing."""
    return text or None


def _ref(made: dict[str, Any], name: str) -> str | None:
    return made[name]["sourcedId"] if made.get(name) else None


def _org(got: records.Org, made: dict[str, Any]) -> None:
    assert (got.name, got.type_raw, got.parent_id) == (made["name"], made["type"], _ref(made, "parent"))


def _session(got: records.AcademicSession, made: dict[str, Any]) -> None:
    assert (got.title, got.start_date, got.end_date) == (made["title"], made["startDate"], made["endDate"])
    assert got.school_year == made["schoolYear"]


def _course(got: records.Course, made: dict[str, Any]) -> None:
    assert (got.title, got.course_code, got.org_id) == (made["title"], _said(made["courseCode"]), _ref(made, "org"))


def _class(got: records.Class, made: dict[str, Any]) -> None:
    assert got.title in (_said(made["title"]), None)  # Aeries leaves some blank
    assert (got.school_id, got.course_id) == (_ref(made, "school"), _ref(made, "course"))
    assert set(got.term_ids) <= {term["sourcedId"] for term in made["terms"]}


def _user(got: records.User, made: dict[str, Any]) -> None:
    assert (got.given_name, got.family_name) == (_said(made["givenName"]), _said(made["familyName"]))
    assert got.enabled_user is (str(made["enabledUser"]).lower() == "true")
    if "roles" in made:
        expected = {(role["role"], role["org"]["sourcedId"]) for role in made["roles"]}
    else:
        expected = {(made["role"], org["sourcedId"]) for org in made["orgs"]}
    assert {(role.role_raw, role.org_id) for role in got.roles} == expected


def _enrollment(got: records.Enrollment, made: dict[str, Any]) -> None:
    references = (_ref(made, "user"), _ref(made, "class"), _ref(made, "school"))
    assert (got.user_id, got.class_id, got.school_id) == references
    assert (got.role_raw, got.begin_date, got.end_date) == (made["role"], made.get("beginDate"), made.get("endDate"))


def _demographics(got: records.Demographics, made: dict[str, Any]) -> None:
    assert (got.birth_date, got.sex_raw) == (made.get("birthDate"), made.get("sex"))
    assert str(got.white).lower() == str(made["white"]).lower()


def _category(got: gradebook.Category, made: dict[str, Any]) -> None:
    assert (got.title, got.weight) == (made["title"], made.get("weight"))


def _line_item(got: gradebook.LineItem, made: dict[str, Any]) -> None:
    assert (got.title, got.description) == (made["title"], made.get("description"))
    assert (got.assign_date, got.due_date) == (made["assignDate"], made["dueDate"])
    assert (got.class_id, got.category_id) == (_ref(made, "class"), _ref(made, "category"))
    assert (got.school_id, got.score_scale_id) == (_ref(made, "school"), _ref(made, "scoreScale"))
    assert got.grading_period_id == got.academic_session_id == _ref(made, "gradingPeriod")
    assert (got.result_value_min, got.result_value_max) == (made["resultValueMin"], made["resultValueMax"])
    aims = [(s.source, [*s.learning_objective_ids]) for s in got.learning_objective_set]
    assert [{"source": source, "learningObjectiveIds": ids} for source, ids in aims] == made.get(
        "learningObjectiveSet", []
    )


def _marks(got: gradebook.Marks, made: dict[str, Any]) -> None:
    assert (got.student_id, got.score_scale_id) == (_ref(made, "student"), _ref(made, "scoreScale"))
    assert (got.score_status_raw, got.score, got.text_score) == (
        *(made["scoreStatus"], made.get("score"), made.get("textScore")),
    )
    assert (got.score_date, got.comment) == (made["scoreDate"], made.get("comment"))
    assert [got.late, got.missing, got.incomplete] == [
        True if name in made else None for name in ("late", "missing", "incomplete")
    ]
    reached = {
        (s.source, r.learning_objective_id): (r.score, r.text_score)
        for s in got.learning_objective_set
        for r in s.learning_objective_results
    }
    assert reached == {
        (s["source"], r["learningObjectiveId"]): (r.get("score"), r.get("textScore"))
        for s in made.get("learningObjectiveSet", [])
        for r in s["learningObjectiveResults"]
    }


def _result(got: gradebook.Result, made: dict[str, Any]) -> None:
    _marks(got, made)
    assert (got.line_item_id, got.class_id) == (_ref(made, "lineItem"), _ref(made, "class"))


def _score_scale(got: gradebook.ScoreScale, made: dict[str, Any]) -> None:
    assert (got.title, got.type, got.class_id) == (made["title"], made["type"], _ref(made, "class"))
    assert got.course_id == _ref(made, "course")
    steps = [{"itemValueLHS": v.item_value_lhs, "itemValueRHS": v.item_value_rhs} for v in got.score_scale_value]
    assert steps == made["scoreScaleValue"]


def _assessment_line_item(got: gradebook.AssessmentLineItem, made: dict[str, Any]) -> None:
    assert (got.title, got.class_id) == (made["title"], _ref(made, "class"))
    assert got.parent_assessment_line_item_id == _ref(made, "parentAssessmentLineItem")


def _assessment_result(got: gradebook.AssessmentResult, made: dict[str, Any]) -> None:
    _marks(got, made)
    assert got.assessment_line_item_id == _ref(made, "assessmentLineItem")
    assert got.score_percentile == made.get("scorePercentile")


def _resource(got: gradebook.Resource, made: dict[str, Any]) -> None:
    assert (got.title, got.vendor_resource_id) == (made["title"], made["vendorResourceId"])
    assert (got.importance_raw, got.vendor_id) == (made.get("importance"), made.get("vendorId"))
    assert (got.application_id, [*got.roles_raw]) == (made.get("applicationId"), made.get("roles", []))


_CHECKS: dict[Collection, Callable[[Any, dict[str, Any]], None]] = {
    Collection.ORGS: _org,
    Collection.ACADEMIC_SESSIONS: _session,
    Collection.COURSES: _course,
    Collection.CLASSES: _class,
    Collection.USERS: _user,
    Collection.ENROLLMENTS: _enrollment,
    Collection.DEMOGRAPHICS: _demographics,
    Collection.CATEGORIES: _category,
    Collection.LINE_ITEMS: _line_item,
    Collection.RESULTS: _result,
    Collection.SCORE_SCALES: _score_scale,
    Collection.ASSESSMENT_LINE_ITEMS: _assessment_line_item,
    Collection.ASSESSMENT_RESULTS: _assessment_result,
    Collection.RESOURCES: _resource,
}


def _by_id(collection: Collection) -> Case:
    @only(described(collection))
    @needs(collection.value)
    async def case(subject: Subject) -> None:
        server = subject.awkward
        there = published(server, collection)
        wanted = [made["sourcedId"] for made in (*there[:8], there[-1])]
        client = subject.client(server)
        native = subject.serves(f"{_served_at(subject, collection)}/{{id}}")
        for sourced_id in dict.fromkeys(wanted):
            server.reset()
            try:
                record = await client.read(collection, sourced_id)
            except Unsupported:
                if gap_of(subject.dialect, collection):
                    raise
                # Neither a route nor a filter that finds it: a scan is all there is. Quotes cannot stand in a filter.
                assert not native
                assert "'" in sourced_id or not await _found_by_filter(subject, collection, sourced_id)
                continue
            assert record is not None
            assert record.sourced_id == sourced_id
            assert len(data_requests(server)) == 1
            assert data_requests(server)[0].route.endswith("/{id}") is native

    case.__name__ = f"one_of_{collection}_is_read_by_an_awkward_id"
    return case


def _served_at(subject: Subject, collection: Collection) -> str:
    """Where a base collection's single records would be."""
    return single(collection).path.split("/")[1]


async def _found_by_filter(subject: Subject, collection: Collection, sourced_id: str) -> bool:
    client = subject.claiming(subject.awkward, **subject.claims_every_filter())
    try:
        page = await client.page(PageRequest(collection.value, where=equals("sourced_id", sourced_id)))
    except SourceError:
        return False
    return page.exact


def _unknown(collection: Collection) -> Case:
    @only(described(collection))
    @needs(collection.value)
    async def case(subject: Subject) -> None:
        try:
            assert await subject.client(subject.server).read(collection, "nobody-of-this-id") is None
        except Unsupported:
            if gap_of(subject.dialect, collection):
                raise
            assert not subject.serves(f"{_served_at(subject, collection)}/{{id}}")

    case.__name__ = f"an_unknown_id_of_{collection}_is_no_record"
    return case


def _below(endpoint: Endpoint) -> Case:
    @only(described(endpoint.entity.collection))
    async def case(subject: Subject) -> None:
        server = subject.server
        parents = _parents(server, endpoint.name)
        client = subject.client(server)
        found_any = False
        for ids in parents:
            server.reset()
            try:
                got = await everything(client, endpoint.name, *ids)
            except Unsupported as gap:
                _check_gap(subject, endpoint, gap)
                return
            native = data_requests(server)[0].route == f"GET {endpoint.path}".replace("{cid}", "{id}")
            assert native is subject.serves(endpoint.path), "a route is used where there is one, and only there"
            assert {seen.status for seen in data_requests(server)} == {200}
            expected = _expected(server, endpoint.name, ids, native=native)
            assert {r.sourced_id for r in got} == expected
            found_any = found_any or bool(expected)
        sends_none = endpoint.name in ("agentsForUser", "linkedUsersForUser") and not any(_agents(server).values())
        may_be_none = endpoint.entity.collection is Collection.ACADEMIC_SESSIONS or sends_none
        assert found_any or may_be_none, "the case shows nothing"

    case.__name__ = f"{endpoint.name}_are_the_right_ones"
    return case


def _check_gap(subject: Subject, endpoint: Endpoint, gap: Unsupported) -> None:
    """Neither the route nor the collection behind it is there, and the dialect names whose word that is."""
    absent = subject.dialect.absent.get(endpoint.name)
    declared = absent.source if absent else gap_of(subject.dialect, endpoint.entity.collection)
    in_1_1 = subject.dialect.version is Version.V1P1 and endpoint.name == "resourcesForUser"  # people name none there
    assert declared is not None or in_1_1
    assert in_1_1 or gap.because == declared
    assert not subject.serves(endpoint.path) or subject.server.kind.gradebook_header is not None


def _parents(server: Server, name: str) -> list[tuple[str, ...]]:
    """Parents to ask for: those with most children below them, and one without."""
    _, _, parent = name.partition("For")
    if not parent:
        return [()]
    collection = {
        "School": "schools",
        "Term": "terms",
        "Course": "courses",
        "Class": "classes",
        "ClassInSchool": "classes",
        "Student": "students",
        "Teacher": "teachers",
        "User": "users",
        "LineItemInClass": "lineItems",
        "StudentInClass": "results",
    }[parent]
    made = server.published(collection)
    ids = [m["sourcedId"] for m in made]
    asked: list[Any]
    if parent == "ClassInSchool":
        schools = {i: row["school"]["sourcedId"] for i, row in plain(server, Collection.CLASSES).items()}
        asked = [(schools[i], i) for i in ids]
    elif parent == "LineItemInClass":
        asked = [(row["class"]["sourcedId"], i) for i, row in plain(server, Collection.LINE_ITEMS).items()][:20]
    elif parent == "StudentInClass":
        items = plain(server, Collection.LINE_ITEMS)
        results = plain(server, Collection.RESULTS).values()
        asked = [(items[r["lineItem"]["sourcedId"]]["class"]["sourcedId"], r["student"]["sourcedId"]) for r in results]
        asked = asked[:20]
    else:
        asked = [(i,) for i in ids]
    rows = _Rows(server)
    asked.sort(key=lambda a: len(_expected(server, name, a, rows=rows)), reverse=True)
    return [asked[0], asked[-1]]


class _Rows(dict[Collection, dict[str, dict[str, Any]]]):
    """What a server publishes, in the standard's form, made when first asked for."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def __missing__(self, collection: Collection) -> dict[str, dict[str, Any]]:
        made = self[collection] = plain(self._server, collection)
        return made


def _expected(
    server: Server, name: str, ids: tuple[str, ...], *, native: bool = True, rows: _Rows | None = None
) -> set[str]:
    """The ids that a route should answer, from what the server publishes; by another way if it is not `native`."""
    what, _, parent = name.partition("For")
    rows = _Rows(server) if rows is None else rows
    if what in ("terms", "gradingPeriods"):
        return _sessions(server, what, parent, ids, native=native)
    if not parent:
        return {made["sourcedId"] for made in server.published(what)}
    if what in ("agents", "linkedUsers"):
        return _linked(server, what, ids[0])
    if (graded := _graded(rows, what, parent, ids)) is not None:
        return graded
    classes, enrollments = rows[Collection.CLASSES], rows[Collection.ENROLLMENTS]
    there = {i: e for i, e in enrollments.items() if e["status"].lower() != "tobedeleted"}
    match what, parent:
        case "courses", "School":
            return {
                c["course"]["sourcedId"] for c in classes.values() if _ref(c, "school") == ids[0] and c.get("course")
            }
        case "classes", "School":
            return {i for i, c in classes.items() if _ref(c, "school") == ids[0]}
        case "classes", "Course":
            return {i for i, c in classes.items() if _ref(c, "course") == ids[0]}
        case "classes", "Term":
            return {i for i, c in classes.items() if ids[0] in {t["sourcedId"] for t in c["terms"]}}
        case "enrollments", "School":
            return {i for i, e in enrollments.items() if _ref(e, "school") == ids[0]}
        case "enrollments", "ClassInSchool":
            return {i for i, e in there.items() if _ref(e, "class") == ids[1]}
        case "enrollments", "User":
            return {i for i, e in enrollments.items() if _ref(e, "user") == ids[0]}
        case "enrollments", "Class":
            return {i for i, e in enrollments.items() if _ref(e, "class") == ids[0]}
        case "classes", who:
            role = None if who == "User" else who.lower()
            mine = [e for e in there.values() if _ref(e, "user") == ids[0] and role in (None, e["role"])]
            return {e["class"]["sourcedId"] for e in mine} & set(classes)
        case people, "School":
            return {i for i, u in rows[Collection.USERS].items() if (people[:-1], ids[0]) in _held(u)}
        case people, _:
            mine = [e for e in there.values() if _ref(e, "class") == ids[-1] and e["role"] == people[:-1]]
            return {e["user"]["sourcedId"] for e in mine} & set(rows[Collection.USERS])
    raise AssertionError(name)


def _agents(server: Server) -> dict[str, list[str]]:
    """Whom each person names, as far as it is sent: Xporter sends none, Ed-Fi bare ids."""
    sent = {row["sourcedId"]: row for row in server.published("users")}
    return {
        i: row.get("agentSourceIds") or [agent["sourcedId"] for agent in row.get("agents") or ()]
        for i, row in sent.items()
    }


def _linked(server: Server, what: str, user: str) -> set[str]:
    agents = _agents(server)
    if what == "agents":
        return set(agents[user]) & set(agents)
    return {i for i, named in agents.items() if user in named}


def _graded(rows: _Rows, what: str, parent: str, ids: tuple[str, ...]) -> set[str] | None:
    """The same of gradebook and resources; None for a route of the roster."""
    if what not in ("lineItems", "results", "categories", "scoreScales", "resources"):
        return None
    items = {i: m for i, m in rows[Collection.LINE_ITEMS].items() if _ref(m, "class") == ids[0]}
    match what, parent:
        case "lineItems", _:
            return set(items)
        case "results", _:
            mine = {i: r for i, r in rows[Collection.RESULTS].items() if _ref(r, "lineItem") in items}
            field = {"LineItemInClass": "lineItem", "StudentInClass": "student"}.get(parent)
            return {i for i, r in mine.items() if field is None or _ref(r, field) == ids[1]}
        case "categories", _:
            return {m["category"]["sourcedId"] for m in items.values()}
        case "scoreScales", "Class":
            return {i for i, s in rows[Collection.SCORE_SCALES].items() if _ref(s, "class") == ids[0]}
        case "scoreScales", _:
            here = {i for i, c in rows[Collection.CLASSES].items() if _ref(c, "school") == ids[0]}
            return {i for i, s in rows[Collection.SCORE_SCALES].items() if _ref(s, "class") in here}
        case "resources", _:
            users = {"Class": Collection.CLASSES, "Course": Collection.COURSES, "User": Collection.USERS}[parent]
            return {ref["sourcedId"] for ref in rows[users][ids[0]].get("resources", ())}
    raise AssertionError(f"{what} of a {parent}")


def _sessions(server: Server, what: str, parent: str, ids: tuple[str, ...], *, native: bool) -> set[str]:
    """Sessions of a type, as the wire calls it: Aeries calls each a term. Without a route for them, a school's terms
    are those that its classes are held in."""
    made = server.published(what) if native else published(server, Collection.ACADEMIC_SESSIONS)
    found = {m["sourcedId"]: m for m in made if m["type"] == what[:-1]}
    if parent == "Term":
        return {i for i, m in found.items() if _ref(m, "parent") == ids[0]}
    if parent == "School" and not native:
        mine = [c for c in published(server, Collection.CLASSES) if _school(c) == ids[0]]
        return {_id(term) for c in mine for term in c.get("terms", ())} & set(found)
    return set(found)


def _school(made: dict[str, Any]) -> str:
    return _id(made.get("school") or made["org"])


def _id(reference: dict[str, Any]) -> str:
    """Xporter writes `sourceID`."""
    return str(reference.get("sourcedId") or reference["sourceID"])


def _held(user: dict[str, Any]) -> set[tuple[str, str]]:
    if "roles" in user:
        return {(role["role"], role["org"]["sourcedId"]) for role in user["roles"]}
    return {(user["role"], org["sourcedId"]) for org in user["orgs"]}


_KINDS = ("schools", "terms", "gradingPeriods", "students", "teachers")
_BELOW = [e for e in (*ENDPOINTS.values(), *OWN_ROUTES.values()) if e.nested or e.name in _KINDS]

CASES: list[Case] = [
    the_server_is_of_the_dialects_provider_and_version,
    *(_every_record(c) for c in Collection),
    *(_by_id(c) for c in Collection),
    *(_unknown(c) for c in Collection),
    *(_below(e) for e in _BELOW),
]
