"""Reads the query parameters of one request and answers one page of rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from gateway.sandbox.filters import BadFilter, Grammar, fields_of, parse
from gateway.sandbox.kind import Kind
from gateway.sandbox.publication import BASE_OF, Publication, Rows
from gateway.sandbox.refusals import Refusal, warning
from gateway.sandbox.truth import District

_ENCODE: Final = msgspec.json.Encoder().encode
# What free-text search looks at (TimeBack, Alpha Partner API; proprietary).
SEARCHED: Final = {
    "users": ("givenName", "familyName", "email"),
    "courses": ("title", "courseCode"),
    "classes": ("title",),
    "orgs": ("name",),
}


@dataclass(frozen=True, slots=True)
class Query:
    limit: int | None
    offset: int
    filter: str
    sort: str
    descending: bool
    fields: tuple[str, ...] | None
    search: str
    pairs: tuple[tuple[str, str], ...]


def read(raw_query: str, kind: Kind) -> Query:
    pairs = tuple(parse_qsl(raw_query, keep_blank_values=True))
    given = dict(pairs)
    for name in ("limit", "offset"):
        if sum(key == name for key, _ in pairs) > 1:
            raise Refusal(400, "invaliddata", f"{name} is given twice")
    limit = _number(given.get("limit", ""), "limit", 1)
    if limit is None:
        limit = kind.default_limit
    elif kind.max_limit is not None and limit > kind.max_limit:
        if kind.over_limit == "refuse":
            raise Refusal(400, "invaliddata", f"limit is at most {kind.max_limit}")
        limit = kind.max_limit
    order = given.get("orderBy", "")
    if order not in ("", "asc", "desc"):
        raise Refusal(400, "invaliddata", "orderBy is asc or desc")
    fields = None
    if "fields" in given and kind.selects:
        fields = tuple(name.strip() for name in given["fields"].split(","))
        if "" in fields:
            minor = "invalid_blank_selection_field" if kind.version == "1.1" else "invalid_selection_field"
            raise Refusal(400, minor, "fields names nothing")
    return Query(
        limit=limit,
        offset=_number(given.get("offset", ""), "offset", 0) or 0,
        filter=given.get("filter", ""),
        sort=(given.get("sort", "") if kind.sorts else "") or kind.default_order or "",
        descending=kind.sorts and order == "desc",
        fields=fields,
        search=given.get("search", "") if kind.searches else "",
        pairs=pairs,
    )


def _number(text: str, name: str, least: int) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise Refusal(400, "invaliddata", f"{name} is a number from {least}")
    return int(text)


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    headers: dict[str, str]


class Desk:
    """Answers queries over one publication, and remembers the last filtered and sorted row lists."""

    def __init__(self, kind: Kind, district: District, publication: Publication) -> None:
        self.kind = kind
        self.district = district
        self.publication = publication
        self._selections: OrderedDict[tuple[Any, ...], Sequence[int]] = OrderedDict()
        self._partial: OrderedDict[tuple[str, tuple[str, ...]], dict[int, bytes]] = OrderedDict()

    def single(self, name: str, row: int, key: str, query: Query) -> Answer:
        fields, warnings = self._fields(name, query)
        rows = self.publication.rows(name)
        encoded = self._encoded(rows, name, fields, row)
        if name in self.kind.bare:
            return Answer(encoded, {})
        return Answer(b'{"%s":%s%s}' % (key.encode(), encoded, _tail(warnings)), {})

    def page(
        self, name: str, key: str, view: Sequence[int], view_key: tuple[str, ...], query: Query, url: str
    ) -> Answer:
        rows = self.publication.rows(name)
        fields, warnings = self._fields(name, query)
        selected = self._select(name, rows, view, view_key, query, warnings)
        total, start = len(selected), query.offset
        chosen = selected[start : start + query.limit] if query.limit is not None else selected[start:]
        items = b",".join([self._encoded(rows, name, fields, row) for row in chosen])
        tail = _tail(warnings) + self._totals(query, total)
        body = b'{"%s":[%s]%s}' % (key.encode(), items, tail)
        return Answer(body, self._headers(query, total, len(chosen), url))

    def _encoded(self, rows: Rows, name: str, fields: tuple[str, ...] | None, row: int) -> bytes:
        if fields is None:
            return rows.encoded[row]
        cache = self._partial.setdefault((BASE_OF.get(name, name), fields), {})
        if len(self._partial) > 8:
            self._partial.popitem(last=False)
        made = cache.get(row)
        if made is None:
            whole = rows.wire[row]
            made = cache[row] = _ENCODE({field: whole[field] for field in fields if field in whole})
        return made

    def _fields(self, name: str, query: Query) -> tuple[tuple[str, ...] | None, list[dict[str, str]]]:
        """The fields to send and warnings. An unknown name: 1.1 sends all and warns; 1.2 answers 400."""
        if query.fields is None:
            return None, []
        known = {path.partition(".")[0] for path in fields_of(BASE_OF.get(name, name), self.kind.version)}
        known |= {"metadata", "userProfiles", "resources"}
        unknown = [field for field in query.fields if field not in known]
        if not unknown:
            return query.fields, []
        if self.kind.version == "1.1":
            return None, [warning("invalid_selection_field", f"unknown field {unknown[0]}")]
        raise Refusal(400, "invalid_selection_field", f"unknown field {unknown[0]}")

    def _select(
        self, name: str, rows: Rows, view: Sequence[int], view_key: tuple[str, ...], query: Query,
        warnings: list[dict[str, str]],
    ) -> Sequence[int]:  # fmt: skip
        grammar, base = self.kind.grammar, BASE_OF.get(name, name)
        sort = query.sort
        if sort and sort not in fields_of(base, self.kind.version):
            # Unknown sort field: provider order and a warning (OneRoster 1.1); 1.2 rostering lists no code for it.
            if self.kind.version == "1.1":
                warnings.append(warning("invalid_sort_field", "unknown sort field"))
            sort = ""
        text = "" if query.filter and grammar.ignores(base, query.filter) else query.filter
        if not text and not sort and not query.search:
            return view
        key = (view_key, text, sort, query.descending, query.search)
        selected = self._selections.get(key)
        if selected is None:
            selected = self._selections[key] = self._ordered(rows, base, view, text, sort, query)
            if len(self._selections) > 256:
                self._selections.popitem(last=False)
        return selected

    def _ordered(self, rows: Rows, base: str, view: Sequence[int], text: str, sort: str, query: Query) -> Sequence[int]:
        found: set[int] | None = None
        if text:
            found = rows.matching(self._parsed(base, text), self.kind.grammar)
        if query.search:
            words = query.search.casefold()
            columns = [rows.column(path) for path in SEARCHED.get(base, ("sourcedId",))]
            hits = {
                row
                for row in range(len(rows.plain))
                if any(words in value.casefold() for column in columns for value in column[row])
            }
            found = hits if found is None else found & hits
        whole = isinstance(view, range)
        if found is None:
            found = set(view)
        elif not whole:
            found &= set(view)
        if not sort:
            return sorted(found)
        if len(found) * 8 < len(rows.plain):
            column = rows.column(sort)
            return sorted(sorted(found), key=lambda row: column[row], reverse=query.descending)
        order = rows.order(sort, descending=query.descending)
        return order if len(found) == len(order) else [row for row in order if row in found]

    def _parsed(self, base: str, text: str) -> list[list[Any]]:
        grammar: Grammar = self.kind.grammar
        try:
            alternatives = parse(text, grammar)
            for clause in (clause for clauses in alternatives for clause in clauses):
                if not grammar.knows(base, clause.field, self.kind.version):
                    raise BadFilter(f"{clause.field} is not a filterable field", unknown_field=True)
        except BadFilter as bad:
            minor = "invalid_filter_field" if bad.unknown_field else "invaliddata"
            raise Refusal(400, minor, str(bad)) from None
        return alternatives

    def _totals(self, query: Query, total: int) -> bytes:
        limit = query.limit or total
        match self.kind.body_totals:
            case "alpha":
                return b',"offset":%d,"limit":%d,"total":%d' % (query.offset, limit, total)
            case "timeback":
                numbers = (total, -(-total // limit) if limit else 0, query.offset // limit + 1 if limit else 1)
                return b',"totalCount":%d,"pageCount":%d,"pageNumber":%d' % numbers + (
                    b',"offset":%d,"limit":%d' % (query.offset, limit)
                )
        return b""

    def _headers(self, query: Query, total: int, count: int, url: str) -> dict[str, str]:
        headers: dict[str, str] = {}
        if self.kind.total_header:
            headers["x-total-count"] = str(total)
        if self.kind.headers is not None:
            headers |= self.kind.headers(self.district, total, count)
        if self.kind.link and query.limit is not None:
            headers["link"] = _links(query, total, url)
        return headers


def _tail(warnings: list[dict[str, str]]) -> bytes:
    return b',"statusInfoSet":%s' % _ENCODE(warnings) if warnings else b""


def _links(query: Query, total: int, url: str) -> str:
    """RFC 8288 links; `next` is absent on the last page, `prev` on the first."""
    assert query.limit is not None
    offsets = {"first": 0, "last": max(0, (total - 1) // query.limit * query.limit)}
    if query.offset + query.limit < total:
        offsets["next"] = query.offset + query.limit
    if query.offset:
        offsets["prev"] = max(0, query.offset - query.limit)
    kept = [(name, value) for name, value in query.pairs if name not in ("limit", "offset")]
    return ", ".join(
        f'<{url}?{urlencode([*kept, ("limit", str(query.limit)), ("offset", str(offset))])}>; rel="{rel}"'
        for rel, offset in offsets.items()
    )
