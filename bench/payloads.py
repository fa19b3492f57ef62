"""Pages of OneRoster JSON as a large district sends them: GUIDs, references with href, a timestamp for each record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

SCHOOLS = 100
CLASS_SIZE = 25
ENROLLED = 8
USER_BYTES = 756
"""Of one user. Figures of decoders are told for users of this size."""

_ROOT = "https://sis.example/v1p2"
_FIRST = datetime(2025, 8, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


def users_page(start: int, count: int) -> bytes:
    return _encode({"users": [user(n) for n in range(start, start + count)]})


def enrollments_page(start: int, count: int, users: int) -> bytes:
    rows = ", ".join(enrollment(n, users) for n in range(start, start + count))
    return f'{{"enrollments": [{rows}]}}'.encode()


def user(n: int) -> dict[str, object]:
    """A 1.2 student with every field that the gateway serves and a student has; exactly `USER_BYTES` long."""
    school = _ref("org", n % SCHOOLS)
    made: dict[str, object] = {
        "sourcedId": record_id("user", n),
        "status": "active",
        "dateLastModified": _stamp(n),
        "userMasterIdentifier": f"M{n:06}",
        "username": f"pupil{n:06}",
        "userIds": [{"type": "SIS", "identifier": f"{n:08}"}],
        "enabledUser": "true",
        "givenName": f"Ada{n % 2000:04}",
        "familyName": f"Ash{n % 9000:04}",
        "middleName": "Lou",
        "identifier": f"{n:08}",
        "email": "",
        "phone": f"+1-555-{n % 10000:04}",
        "grades": [f"{n % 12 + 1:02}"],
        "roles": [{"roleType": "primary", "role": "student", "org": school}],
        "primaryOrg": school,
    }
    rest = USER_BYTES - len(_encode(made))
    made["email"] = f"{n:06}@sis.example".rjust(rest, "s")
    return made


def enrollment(n: int, users: int) -> str:
    person = n % users
    references = ", ".join(
        f'"{name}": {{"href": "{_ROOT}/{name}s/{target}", "sourcedId": "{target}", "type": "{kind}"}}'
        for name, kind, target in (
            ("user", "user", record_id("user", person)),
            ("class", "class", record_id("class", n // CLASS_SIZE)),
            ("school", "org", record_id("org", person % SCHOOLS)),
        )
    )
    return (
        f'{{"sourcedId": "{record_id("enrollment", n)}", "status": "active", "dateLastModified": "{_stamp(n)}", '
        f'"role": "student", "primary": "false", "beginDate": "2025-08-19", "endDate": "2026-06-12", {references}}}'
    )


def _ref(kind: str, n: int) -> dict[str, str]:
    return {"href": f"{_ROOT}/{kind}s/{record_id(kind, n)}", "sourcedId": record_id(kind, n), "type": kind}


def record_id(kind: str, n: int) -> str:
    """Like a GUID, spread over its whole range."""
    digits = f"{(n + 1) * _STEPS[kind] % (1 << 128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_STEPS = {
    "org": 0x9E3779B97F4A7C15F39CC0605CEDC835,
    "user": 0xBF58476D1CE4E5B994D049BB133111EB,
    "class": 0xD6E8FEB86659FD93A5A3564E27F8865B,
    "enrollment": 0xC2B2AE3D27D4EB4F165667B19E3779F9,
}


def _stamp(n: int) -> str:
    return (_FIRST + timedelta(milliseconds=n * 7919)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
