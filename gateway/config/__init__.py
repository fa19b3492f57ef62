"""The settings: `gateway.toml` → frozen values, and every mistake in it at once. `docs/settings.md` has the words."""

from gateway.config.mistakes import ConfigError, Mistake, describe
from gateway.config.reading import from_tables, load
from gateway.config.settings import (
    AccessSettings,
    AuditSettings,
    DocumentPolicy,
    GatewaySettings,
    GetPolicy,
    HttpSettings,
    MetadataName,
    MisconfiguredSource,
    Settings,
    SourceSettings,
)

__all__ = [
    "AccessSettings",
    "AuditSettings",
    "ConfigError",
    "DocumentPolicy",
    "GatewaySettings",
    "GetPolicy",
    "HttpSettings",
    "MetadataName",
    "MisconfiguredSource",
    "Mistake",
    "Settings",
    "SourceSettings",
    "describe",
    "from_tables",
    "load",
]
