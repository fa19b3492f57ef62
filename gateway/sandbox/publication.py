"""What one server publishes of a district: wire objects, encoded once, with the indexes that answer its queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Final

import msgspec

from gateway.sandbox.bulk import without_collecting
from gateway.sandbox.filters import Clause, Grammar, test_of, values_at
from gateway.sandbox.render import Renderer
from gateway.sandbox.truth import District
from gateway.sandbox.wire import Json, Wire

BASE_OF: Final = {
    "schools": "orgs",
    "terms": "academicSessions",
    "gradingPeriods": "academicSessions",
    "students": "users",
    "teachers": "users",
}
_ENCODE = msgspec.json.Encoder().encode


class Rows:
    """One collection: `plain` objects in standard shape, which filters see, and `wire` objects, which are sent."""

    def __init__(self, district: District, renderer: Renderer, wire: Wire, collection: str) -> None:
        self.plain: list[Json] = []
        self.truths: list[Any] = []
        with without_collecting():
            self._fill(district, renderer, wire, collection)
        self._columns: dict[str, list[tuple[str, ...]]] = {}
        self._indexes: dict[str, dict[str, list[int]]] = {}
        self._orders: dict[tuple[str, bool], list[int]] = {}

    def _fill(self, district: District, renderer: Renderer, wire: Wire, collection: str) -> None:
        keep = wire.keep.get(collection)
        for record in district.records(collection):
            if keep is None or keep(district, record):
                for made in renderer.render(collection, record):
                    self.plain.append(made)
                    self.truths.append(record)
        fix = wire.fixes.get(collection)
        self.wire = self.plain
        if fix is not None:
            self.wire = [fix(district, made, truth) for made, truth in zip(self.plain, self.truths, strict=True)]

    @cached_property
    def encoded(self) -> list[bytes]:
        return [_ENCODE(made) for made in self.wire]

    @cached_property
    def rows_of_truth(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {}
        for row, truth in enumerate(self.truths):
            rows.setdefault(truth.id, []).append(row)
        return rows

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {made["sourcedId"]: row for row, made in enumerate(self.wire)}

    def column(self, path: str) -> list[tuple[str, ...]]:
        column = self._columns.get(path)
        if column is None:
            steps = path.split(".")
            column = self._columns[path] = [values_at(made, steps) for made in self.plain]
        return column

    def index(self, path: str) -> dict[str, list[int]]:
        index = self._indexes.get(path)
        if index is None:
            index = self._indexes[path] = {}
            for row, values in enumerate(self.column(path)):
                for value in dict.fromkeys(values):
                    index.setdefault(value, []).append(row)
        return index

    def at(self, path: str, value: str) -> list[int]:
        return self.index(path).get(value, [])

    def order(self, path: str, *, descending: bool) -> list[int]:
        order = self._orders.get((path, descending))
        if order is None:
            column = self.column(path)
            order = sorted(range(len(column)), key=lambda row: column[row], reverse=descending)
            self._orders[path, descending] = order
        return order

    def matching(self, alternatives: list[list[Clause]], grammar: Grammar) -> set[int]:
        found: set[int] = set()
        for clauses in alternatives:
            found |= self._matching_all(clauses, grammar)
        return found

    def _matching_all(self, clauses: list[Clause], grammar: Grammar) -> set[int]:
        found: set[int] | None = None
        for clause in sorted(clauses, key=lambda clause: clause.operator != "="):
            if clause.operator == "=" and not grammar.compares_whole(clause):
                rows: Iterable[int] = self.at(clause.field, clause.value)
                found = set(rows) if found is None else found.intersection(rows)
            else:
                test, column = test_of(clause, grammar), self.column(clause.field)
                candidates = range(len(column)) if found is None else found
                found = {row for row in candidates if test(column[row])}
        return found or set()


Relation = Callable[["Publication", list[str]], list[int]]


class Publication:
    """All collections of one server, made when first asked for. It stands for one `revision` of the district."""

    def __init__(self, district: District, wire: Wire, root: str, *, stray_teacher: bool = False) -> None:
        self.district = district
        self.revision = district.revision
        self.stray_teacher = stray_teacher
        self._wire = wire
        self._renderer = Renderer(district, wire, root)
        self._rows: dict[str, Rows] = {}
        self._views: dict[str, Sequence[int]] = {}

    def rows(self, name: str) -> Rows:
        """The rows behind a collection; `students` stand among `users`."""
        collection = BASE_OF.get(name, name)
        rows = self._rows.get(collection)
        if rows is None:
            rows = self._rows[collection] = Rows(self.district, self._renderer, self._wire, collection)
        return rows

    def view(self, name: str) -> Sequence[int]:
        """Row numbers of a collection, in the provider's order."""
        view = self._views.get(name)
        if view is None:
            view = self._views[name] = self._make_view(name)
        return view

    def _make_view(self, name: str) -> Sequence[int]:
        rows = self.rows(name)
        match name:
            case "schools":
                return rows.at("type", "school")
            case "terms":
                return rows.at("type", "term")
            case "gradingPeriods":
                return rows.at("type", "gradingPeriod")
            case "students" | "teachers":
                return sorted({row for row, role, _ in self._held_roles if role == name[:-1]})
        return range(len(rows.plain))

    @cached_property
    def _held_roles(self) -> list[tuple[int, str, str]]:
        """(row, role, org) of every user."""
        held: list[tuple[int, str, str]] = []
        for row, user in enumerate(self.rows("users").plain):
            if "roles" in user:
                held.extend((row, role["role"], role["org"]["sourcedId"]) for role in user["roles"])
            else:
                held.extend((row, user["role"], org["sourcedId"]) for org in user["orgs"])
        return held

    def has(self, name: str, sourced_id: str) -> bool:
        row = self.rows(name).row_of.get(sourced_id)
        return row is not None and (name not in BASE_OF or row in self._members(name))

    def _members(self, name: str) -> frozenset[int]:
        return frozenset(self.view(name))

    def related(self, template: str, ids: list[str]) -> list[int] | None:
        """Rows of a nested route; None when a parent is not there."""
        parents = template.split("/")[::2][:-1]
        if not all(self.has(name, parent) for name, parent in zip(parents, ids, strict=True)):
            return None
        return RELATIONS[template](self, ids)

    def of_class(self, class_id: str, role: str | None, school: str | None = None) -> list[int]:
        """Active enrollments in a class: rows of `enrollments`."""
        rows = self.rows("enrollments")
        return [
            row
            for row in rows.at("class.sourcedId", class_id)
            if rows.plain[row]["status"] == "active"
            and (role is None or rows.plain[row]["role"] == role)
            and (school is None or rows.plain[row]["school"]["sourcedId"] == school)
        ]

    def users_in(self, class_id: str, role: str, school: str | None = None) -> list[int]:
        found = self.of_class(class_id, role, school)
        if role == "student" and self.stray_teacher:
            found += self.of_class(class_id, "teacher", school)[:1]
        return self.followed("enrollments", found, "user", "users")

    def followed(self, base: str, rows: Iterable[int], field: str, target: str) -> list[int]:
        """Rows of `target` that the references at `field` name, each once."""
        plain, row_of = self.rows(base).plain, self.rows(target).row_of
        found: set[int] = set()
        for row in rows:
            value = plain[row].get(field)
            for ref in value if isinstance(value, list) else [value] if value else []:
                if (there := row_of.get(ref["sourcedId"])) is not None:
                    found.add(there)
        return sorted(found)

    def classes_of(self, user_id: str, role: str | None) -> list[int]:
        rows = self.rows("enrollments")
        mine = [
            row
            for row in rows.at("user.sourcedId", user_id)
            if rows.plain[row]["status"] == "active" and (role is None or rows.plain[row]["role"] == role)
        ]
        return self.followed("enrollments", mine, "class", "classes")

    def members_of(self, org_id: str, role: str) -> list[int]:
        return sorted({row for row, held, org in self._held_roles if held == role and org == org_id})

    def results_of(self, class_id: str) -> list[int]:
        """Of its line items: in 1.1 results name no class."""
        items, results = self.rows("lineItems"), self.rows("results")
        mine = items.at("class.sourcedId", class_id)
        return sorted(row for item in mine for row in results.at("lineItem.sourcedId", items.plain[item]["sourcedId"]))

    def scales_of_school(self, school_id: str) -> list[int]:
        classes, scales = self.rows("classes"), self.rows("scoreScales")
        mine = classes.at("school.sourcedId", school_id)
        return sorted(row for c in mine for row in scales.at("class.sourcedId", classes.plain[c]["sourcedId"]))

    def used_by(self, collection: str, record_id: str) -> list[int]:
        rows = self.rows(collection)
        return self.followed(collection, [rows.row_of[record_id]], "resources", "resources")

    def courses_of(self, school_id: str) -> list[int]:
        taught = self.followed("classes", self.rows("classes").at("school.sourcedId", school_id), "course", "courses")
        return sorted({*taught, *self.rows("courses").at("org.sourcedId", school_id)})


def _class_at(publication: Publication, school: str, class_id: str) -> bool:
    classes = publication.rows("classes")
    return bool(classes.plain[classes.row_of[class_id]]["school"]["sourcedId"] == school)


def _in_school_class(role: str | None) -> Relation:
    def rows(p: Publication, ids: list[str]) -> list[int]:
        if not _class_at(p, ids[0], ids[1]):
            return []
        return p.of_class(ids[1], None) if role is None else p.users_in(ids[1], role)

    return rows


# Which rows a nested route answers. Memberships are those of active enrollments, whatever their dates: no source says
# otherwise.
RELATIONS: Final[dict[str, Relation]] = {
    "schools/{id}/courses": lambda p, ids: p.courses_of(ids[0]),
    "schools/{id}/classes": lambda p, ids: p.rows("classes").at("school.sourcedId", ids[0]),
    "schools/{id}/enrollments": lambda p, ids: p.rows("enrollments").at("school.sourcedId", ids[0]),
    "schools/{id}/students": lambda p, ids: p.members_of(ids[0], "student"),
    "schools/{id}/teachers": lambda p, ids: p.members_of(ids[0], "teacher"),
    "schools/{id}/terms": lambda p, ids: list(p.view("terms")),
    "schools/{id}/classes/{id}/enrollments": _in_school_class(None),
    "schools/{id}/classes/{id}/students": _in_school_class("student"),
    "schools/{id}/classes/{id}/teachers": _in_school_class("teacher"),
    "terms/{id}/classes": lambda p, ids: p.rows("classes").at("terms.sourcedId", ids[0]),
    "terms/{id}/gradingPeriods": lambda p, ids: [
        row for row in p.rows("terms").at("parent.sourcedId", ids[0]) if row in set(p.view("gradingPeriods"))
    ],
    "courses/{id}/classes": lambda p, ids: p.rows("classes").at("course.sourcedId", ids[0]),
    "classes/{id}/students": lambda p, ids: p.users_in(ids[0], "student"),
    "classes/{id}/teachers": lambda p, ids: p.users_in(ids[0], "teacher"),
    "students/{id}/classes": lambda p, ids: p.classes_of(ids[0], "student"),
    "teachers/{id}/classes": lambda p, ids: p.classes_of(ids[0], "teacher"),
    "users/{id}/classes": lambda p, ids: p.classes_of(ids[0], None),
    # OneRoster 1.1 and 1.2, gradebook and resources
    "classes/{id}/lineItems": lambda p, ids: p.rows("lineItems").at("class.sourcedId", ids[0]),
    "classes/{id}/results": lambda p, ids: p.results_of(ids[0]),
    "classes/{id}/lineItems/{id}/results": lambda p, ids: sorted(
        {*p.rows("results").at("lineItem.sourcedId", ids[1])}.intersection(p.results_of(ids[0]))
    ),
    "classes/{id}/students/{id}/results": lambda p, ids: sorted(
        {*p.rows("results").at("student.sourcedId", ids[1])}.intersection(p.results_of(ids[0]))
    ),
    "classes/{id}/categories": lambda p, ids: p.followed(
        "lineItems", p.rows("lineItems").at("class.sourcedId", ids[0]), "category", "categories"
    ),
    "classes/{id}/scoreScales": lambda p, ids: p.rows("scoreScales").at("class.sourcedId", ids[0]),
    "schools/{id}/scoreScales": lambda p, ids: p.scales_of_school(ids[0]),
    "classes/{id}/resources": lambda p, ids: p.used_by("classes", ids[0]),
    "courses/{id}/resources": lambda p, ids: p.used_by("courses", ids[0]),
    "users/{id}/resources": lambda p, ids: p.used_by("users", ids[0]),
    # Alpha Partner API, beyond the standard
    "users/{id}/enrollments": lambda p, ids: p.rows("enrollments").at("user.sourcedId", ids[0]),
    "classes/{id}/enrollments": lambda p, ids: p.rows("enrollments").at("class.sourcedId", ids[0]),
    "users/{id}/agents": lambda p, ids: p.followed("users", [p.rows("users").row_of[ids[0]]], "agents", "users"),
    "users/{id}/linked-users": lambda p, ids: p.rows("users").at("agents.sourcedId", ids[0]),
}
