"""Addresses as settings may name them. How a source's address is completed is `adapters.addresses`' matter."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from adapters.dialect import Service
from gateway.config.mistakes import did_you_mean
from gateway.config.values import TEXT, Kind, Wrong, list_of

_ALLOWED = "an address such as https://sis.district.example/ims/oneroster"


def _split(value: Any) -> tuple[str, SplitResult]:
    text = TEXT.read(value)
    if re.search(r"[\s\x00-\x1f\\]", text):
        raise Wrong("an address has no blanks, backslashes or control characters")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Wrong("this is not an address; look at its host and port") from None
    if parts.scheme not in ("http", "https"):
        raise Wrong("an address starts with https://")
    if not host:
        raise Wrong("this address names no host")
    if "@" in parts.netloc:
        raise Wrong("an address carries no user name or password; use client_id and client_secret")
    if "#" in text:
        raise Wrong("an address ends before its #")
    return text, parts


def _token_url(value: Any) -> str:
    return _split(value)[0]


def _service_url(value: Any) -> str:
    text, parts = _split(value)
    if parts.query or text.endswith("?"):
        raise Wrong("a base address ends before its ?")
    return text


def _base_url(value: Any) -> Mapping[Service, str]:
    if not isinstance(value, dict):
        return MappingProxyType({Service.ROSTERING: _service_url(value)})
    services = [service.value for service in Service]
    for name in value:
        if name not in services:
            raise Wrong(
                f"no service is called {name}{did_you_mean(name, services)}", f"a table of {', '.join(services)}"
            )
    if Service.ROSTERING not in value:
        raise Wrong("the address of the rostering service is missing", f"a table of {', '.join(services)}")
    return MappingProxyType({service: _service_url(value[service]) for service in Service if service in value})


def _origin(value: Any) -> str:
    text, parts = _split(value)
    if text != f"{parts.scheme}://{parts.netloc}":
        raise Wrong("an origin ends with its host, or its port")
    return text.lower()


def insecure(url: str) -> str | None:
    """Why `url` needs `allow_http`: it is not encrypted, or stays on this machine or a private network."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https":
        return "credentials and pupils' data would travel unencrypted"
    try:
        public = ipaddress.ip_address(host).is_global
    except ValueError:
        public = host != "localhost" and not host.endswith(".localhost")
    return None if public else "this address is on this machine or a private network"


BASE_URL = Kind("address, or table of addresses by service", _ALLOWED, _base_url)
TOKEN_URL = Kind("address", "an address such as https://sis.district.example/oauth2/token", _token_url)
ORIGINS = list_of(
    Kind("origin", "scheme, host and port, such as https://app.example.com; every one by name, no *", _origin)
)
