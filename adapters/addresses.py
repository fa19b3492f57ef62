"""Where a source is asked: its base URL, its token URL, the path and the query of one request. Pure.

What a district pasted is completed and put right here, or refused with a word on what is wrong. Text that becomes part
of a URL is percent-encoded once, strictly, and nothing after this module touches it: what is signed is what is sent.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from adapters.dialect import BASE_PATH, SERVICE_PATHS, Dialect, OAuth2, Service
from adapters.endpoints import Endpoint
from adapters.errors import Misconfigured

_SPOKEN = re.compile(r"[!-~]+")  # what a URL may hold: visible ASCII
_KEPT = f"{string.ascii_letters}{string.digits}-._~".encode()
_PERCENT = ord("%")
_DOTS = {".": "%2E", "..": "%2E%2E"}


def encoded(text: str) -> str:
    """`text` percent-encoded by RFC 3986, everything but letters, digits and `-._~`; a blank is %20, a quote %27."""
    if text.isascii() and text.isalnum():
        return text
    made = text.encode("utf-8", "surrogatepass")
    # A filter has thousands of characters and few kinds of them that must be encoded. A percent sign goes first: each
    # of the others brings one.
    for byte in sorted(set(made.translate(None, _KEPT)), key=lambda byte: byte != _PERCENT):
        made = made.replace(bytes((byte,)), b"%%%02X" % byte)
    return made.decode("ascii")


def base_urls(
    dialect: Dialect,
    given: str,
    others: Mapping[Service, str] = MappingProxyType({}),
    *,
    source: str = "",
    allow_http: bool = False,
) -> Mapping[Service, str]:
    """The address of every service: those of `others` as given, the rest where the standard has them beside rostering.

    Raises:
        Misconfigured: as for `base_url`.
    """
    roster = base_url(dialect, given, source=source, allow_http=allow_http)
    beside = roster.removesuffix(dialect.base_path)
    return {
        service: base_url(dialect, others[service], service, source=source, allow_http=allow_http)
        if service in others
        else beside + dialect.path_of(service)
        for service in Service
    }


def base_url(
    dialect: Dialect,
    given: str,
    service: Service = Service.ROSTERING,
    *,
    source: str = "",
    allow_http: bool = False,
) -> str:
    """A service's address, without a slash at its end.

    given: as handed out: with or without the service's own path or any part of it, with slashes or without. Segments
    are kept as they are written, percent-encoded ones too. A path pasted twice is taken once.

    Raises:
        Misconfigured: with what is wrong and what is allowed.
    """
    origin, path, query = _split(source, "base_url", given, allow_http)
    if query is not None:
        raise Misconfigured(source, "base_url holds a query; an address without `?` and what follows is allowed")
    segments, own = _once(_segments(path)), _segments(dialect.path_of(service))
    overlap = _overlap(segments, own)
    if overlap < len(own):
        _refuse_another_service(source, dialect, service, segments)
    return origin + _joined(_without_repeats(segments + own[overlap:], own))


def token_url(dialect: Dialect, given: str | None, base: str, *, source: str = "", allow_http: bool = False) -> str:
    """Where tokens are asked for; "" for a dialect that needs none.

    given: kept as it is, its query too (`?appName=` names the application), a path pasted twice aside. Without it,
    the dialect's token path below the same address as its base path.

    Raises:
        Misconfigured: none was given and the dialect knows no path, or it cannot be one.
    """
    if not isinstance(dialect.auth, OAuth2):
        return ""
    if given:
        origin, path, query = _split(source, "token_url", given, allow_http)
        segments = path.split("/")[1:]
        return origin + _joined(_once(segments)) + ("" if query is None else f"?{query}")
    if dialect.auth.token_path is None:
        raise Misconfigured(source, f"token_url is needed: {dialect.title} hands it out beside the base URL")
    return base.removesuffix(dialect.base_path) + dialect.auth.token_path


def request_path(endpoint: Endpoint, ids: Sequence[str] = ()) -> str:
    """The endpoint's path; each id is exactly one segment of it, whatever it holds.

    An id of dots is written %2E: HTTP clients resolve `..` away, but leave that.
    """
    if "" in ids:
        raise ValueError("an empty id names nothing")
    names = re.findall(r"\{\w+\}", endpoint.path)
    if len(names) != len(ids):
        raise ValueError(f"{endpoint.name} takes {len(names)} ids, not {len(ids)}")
    path = endpoint.path
    for name, sourced_id in zip(names, ids, strict=True):
        path = path.replace(name, _DOTS.get(sourced_id) or encoded(sourced_id), 1)
    return path


def query_text(parameters: Iterable[tuple[str, str]]) -> str:
    """The query of a URL, without its `?`."""
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in parameters)


def _split(source: str, setting: str, given: str, allow_http: bool) -> tuple[str, str, str | None]:
    """Origin, path and query (None: none)."""
    text = given.strip()
    if not _SPOKEN.fullmatch(text):
        raise Misconfigured(source, f"{setting} is empty, or holds blanks or letters that must be percent-encoded")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Misconfigured(source, f"{setting} is no address: host or port cannot be read") from None
    scheme = parts.scheme.lower()
    if scheme not in ("https", "http") or not parts.hostname:
        raise Misconfigured(source, f"{setting} must be a whole address that starts with https://")
    if scheme == "http" and not allow_http:
        raise Misconfigured(source, f"{setting} starts with http://; only https:// is allowed (or set allow_http)")
    if "@" in parts.netloc:
        raise Misconfigured(source, f"{setting} holds a user name; credentials have settings of their own")
    if "#" in text:
        raise Misconfigured(source, f"{setting} holds a fragment; an address without `#` and what follows is allowed")
    if {".", ".."} & set(parts.path.split("/")):
        raise Misconfigured(source, f"{setting} holds `.` or `..` as a path segment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = 443 if scheme == "https" else 80
    origin = f"{scheme}://{host}" + (f":{port}" if port not in (None, default) else "")
    return origin, parts.path, parts.query if "?" in text else None


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _joined(segments: list[str]) -> str:
    return "".join(f"/{segment}" for segment in segments)


def _once(segments: list[str]) -> list[str]:
    """Without a first segment that was pasted twice: `/campus/campus` comes of an address completed by hand."""
    return segments[1:] if len(segments) > 1 and segments[0] and segments[0] == segments[1] else segments


def _overlap(segments: list[str], service: list[str]) -> int:
    """How many segments of the service's path the address already ends in."""
    return next((n for n in range(len(service), 0, -1) if segments[-n:] == service[:n]), 0)


def _without_repeats(segments: list[str], service: list[str]) -> list[str]:
    """With the service's path, or a start of it, taken once where it stands twice in a row."""
    for n in range(len(service), 1, -1):
        start = service[:n]
        at = 0
        while at + 2 * n <= len(segments):
            if segments[at : at + n] == start == segments[at + n : at + 2 * n]:
                del segments[at : at + n]
            else:
                at += 1
    return segments


def _refuse_another_service(source: str, dialect: Dialect, service: Service, segments: list[str]) -> None:
    right = dialect.path_of(service)
    for path in (*BASE_PATH.values(), *SERVICE_PATHS.values()):
        other = _segments(path)
        if segments[-len(other) :] == other and not right.startswith(path):
            raise Misconfigured(
                source,
                f"base_url ends in {path}, which is not where {dialect.title} {dialect.version} serves {service}: "
                f"{right} is",
            )
