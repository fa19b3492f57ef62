"""What a sandbox server publishes, as plain rows in the words of the graph: read from its JSON without the gateway."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from gateway.sandbox.server import Server

Row: TypeAlias = dict[str, Any]
"""Values by the names of the graph: texts, booleans, lists of texts; a reference is the sourcedId that it names."""

COLLECTIONS = ("orgs", "academicSessions", "courses", "classes", "users", "enrollments")


@dataclass(frozen=True)
class Facts:
    """All rows of one source, by collection. names: keys of its metadata by the names that its settings declare."""

    source: str
    keys: frozenset[str]
    rows: dict[str, list[Row]]
    names: dict[str, str]
    inclusive: bool
    zone: str

    @cached_property
    def known(self) -> dict[str, dict[str, Row]]:
        return {name: {row["sourcedId"]: row for row in rows} for name, rows in self.rows.items()}

    @property
    def today(self) -> str:
        return datetime.now(ZoneInfo(self.zone)).date().isoformat()


def facts_of(
    source: str, server: Server, *, former: Iterable[str] = (), names: dict[str, str] | None = None, zone: str = "UTC"
) -> Facts:
    rows = {name: [_row(name, made, server) for made in _published(server, name)] for name in COLLECTIONS}
    inclusive = not server.kind.wire.exclusive_end
    return Facts(source, frozenset({source, *former}), rows, names or {}, inclusive, zone)


def _published(server: Server, name: str) -> list[dict[str, Any]]:
    """Where there are no sessions but terms, these are they."""
    lacks = name == "academicSessions" and name not in server.kind.routes
    return server.published("terms" if lacks else name)


def _row(name: str, made: dict[str, Any], server: Server) -> Row:
    row = {
        "sourcedId": made["sourcedId"],
        "status": _status(made.get("status"), server),
        "dateLastModified": _instant(made.get("dateLastModified")),
        "metadata": made.get("metadata") or {},
    }
    return row | _OWN[name](made, server)


def _org(made: Row, server: Server) -> Row:
    return _texts(made, "name", "identifier") | {"type": _word(made.get("type")), "parent": _ref(made.get("parent"))}


def _session(made: Row, server: Server) -> Row:
    found = _texts(made, "title", "schoolYear", "startDate", "endDate")
    return found | {"type": _word(made.get("type")), "parent": _ref(made.get("parent"))}


def _course(made: Row, server: Server) -> Row:
    found = _texts(made, "title", "courseCode") | _lists(made, "subjects", "subjectCodes") | _grades(made)
    return found | {"org": _ref(made.get("org") or made.get("orgs")), "schoolYear": _ref(made.get("schoolYear"))}


def _class(made: Row, server: Server) -> Row:
    return {
        **_texts(made, "title", "classCode"),
        **_lists(made, "subjects", "subjectCodes", "periods"),
        **_grades(made),
        "classType": _word(made.get("classType")),
        "course": _ref(made.get("course")),
        "school": _ref(made.get("school") or made.get("org")),
        "terms": _refs(made.get("terms")),
    }


def _user(made: Row, server: Server) -> Row:
    texts = ("givenName", "middleName", "familyName", "email", "username", "identifier", "userMasterIdentifier")
    roles = _roles(made)
    earlier = made["metadata"].get("ic.legacysourceId") if server.slug == "infinite-campus-1.2" else None
    return {
        **_texts(made, *texts),
        **_grades(made),
        "enabledUser": _flag(made.get("enabledUser")),
        "roles": roles,
        "orgs": list(dict.fromkeys(role["org"] for role in roles if role["org"] is not None)),
        "formerSourcedId": [earlier] if earlier else [],
    }


def _roles(made: Row) -> list[Row]:
    """In 1.1 one role, which is held at each org."""
    if "roles" in made:
        return [
            {
                "role": _word(held["role"]),
                "org": _ref(held["org"]),
                "beginDate": held.get("beginDate"),
                "endDate": held.get("endDate"),
            }
            for held in made["roles"]
        ]
    orgs = _refs(made.get("orgs") or made.get("orgSourcedIds"))
    return [{"role": _word(made["role"]), "org": org, "beginDate": None, "endDate": None} for org in orgs or [None]]


def _enrollment(made: Row, server: Server) -> Row:
    return {
        **_texts(made, "beginDate", "endDate"),
        "role": _word(made.get("role")),
        "primary": _flag(made.get("primary")),
        **{name: _ref(made.get(name)) for name in ("user", "class", "school")},
    }


_OWN = {
    "orgs": _org,
    "academicSessions": _session,
    "courses": _course,
    "classes": _class,
    "users": _user,
    "enrollments": _enrollment,
}


def _status(text: str | None, server: Server) -> str:
    """Alpha's records need not say that they are active; 1.0 called `inactive` what is `tobedeleted` now."""
    if not text:
        return "ACTIVE" if server.slug == "alpha" else "UNKNOWN"
    return {"active": "ACTIVE", "tobedeleted": "TOBEDELETED", "inactive": "TOBEDELETED"}.get(text.lower(), "UNKNOWN")


def _instant(text: str | None) -> str | None:
    """To the millisecond; all of these servers write UTC."""
    return f"{text[:19]}.{(text[20:-1] + '000')[:3]}Z" if text else None


def _word(text: str | None) -> str | None:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).upper() if text else None


def _flag(value: Any) -> bool | None:
    return None if value is None else str(value).lower() == "true"


def _texts(made: Row, *names: str) -> Row:
    return {name: None if made.get(name) in (None, "") else str(made[name]) for name in names}


def _lists(made: Row, *names: str) -> Row:
    return {name: [value for value in made.get(name) or [] if value] for name in names}


def _grades(made: Row) -> Row:
    """As CEDS codes: of the servers here, only Xporter's writes them otherwise, without the zero."""
    return {"grades": [g.zfill(2) if g != "0" else g for g in made.get("grades") or []]}


def _ref(value: Any) -> str | None:
    found = _refs(value)
    return found[0] if found else None


def _refs(value: Any) -> list[str]:
    several = value if isinstance(value, list) else [value] if value else []
    return [one if isinstance(one, str) else one.get("sourcedId") or one["sourceID"] for one in several]
