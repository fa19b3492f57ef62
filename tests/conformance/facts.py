"""What is known of each provider and its sandbox server does not show, stated apart from the dialects.

Where a server takes several forms of the same request, `Facts` says which one the provider documents. Where the
sandbox is kinder than anything that a source shows to work, its server is narrowed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.sandbox.filters import Grammar
from gateway.sandbox.kind import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is documented of a provider and not shown by its sandbox server, which takes more than one form.

    credentials, parameters: where the token request carries them. scopes: short names asked for; never one to write.
    stale: answers that can mean that the token is no longer good. cookies: those of the token answer must be returned.
    at_once: requests at the same time, as the provider allows or, unasked, as we allow ourselves.
    at_once_in_school_hours: where fewer. per_minute: requests that are answered; None where no number is known.
    delta: requests for what changed are documented. A server that filters by dateLastModified need not move it with
    every change, nor keep tombstones. service_scopes: gradebook and resources are asked for with the standard's scopes.
    undescribed: services of which nobody tells; the sandbox server answers 404.
    """

    credentials: str = "header"
    parameters: str = "form"
    scopes: tuple[str, ...] = ()
    stale: frozenset[int] = frozenset({401})
    cookies: bool = False
    signature: str = "HMAC-SHA256"
    at_once: int = 8
    at_once_in_school_hours: int | None = None
    per_minute: int | None = None
    delta: bool = False
    service_scopes: bool = False
    undescribed: frozenset[str] = frozenset()


_ROSTER = ("roster-core.readonly", "roster.readonly", "roster-demographics.readonly")
_OTHERS = frozenset({"gradebook", "resources"})
_FULL = ("roster.readonly", "roster-demographics.readonly")

# Infinite Campus knowledge base, Guidelines for OneRoster API Consumers (five at once, serial at peak, differential
# requests); public client (403, cookies). Ed-Fi: the bridge's source, its default for one address. Aeries:
# authentication article; filters by dateLastModified. Xporter: token example without a body. Alpha: partner developer
# guide. TimeBack API reference and PowerSchool UCHA: id and secret in the form. Skyward: scopes and 500 of a public
# connector.
FACTS: Mapping[str, Facts] = {
    "standard": Facts(scopes=_ROSTER, service_scopes=True),
    "infinite-campus": Facts(
        stale=frozenset({401, 403}), cookies=True, at_once=5, at_once_in_school_hours=1, delta=True
    ),
    "classlink": Facts(undescribed=_OTHERS),
    "classlink-proxy": Facts(undescribed=_OTHERS),
    "xporter": Facts(parameters="none"),
    "xporter-generic": Facts(parameters="none"),
    "alpha": Facts(scopes=("roster.readonly",)),
    "timeback": Facts(credentials="form"),
    "skyward": Facts(
        scopes=_FULL,
        stale=frozenset({401, 500}),
        at_once=4,
        service_scopes=True,
        undescribed=frozenset({"resources"}),
    ),
    "synergy": Facts(scopes=_ROSTER, service_scopes=True),
    "ed-fi": Facts(scopes=_FULL, per_minute=100),
    "powerschool": Facts(credentials="form"),
    "aeries": Facts(scopes=_ROSTER, cookies=True, delta=True, service_scopes=True),
}

_EQUALITY = Grammar(operators=frozenset({"="}), clauses=1, joints=frozenset(), dotted={})
_SCHOOL_ONLY = {"classes": frozenset({"school.sourcedId"}), "enrollments": frozenset({"school.sourcedId"})}


def narrowed(kind: Kind) -> Kind:
    """The server with nothing left that no source shows to work."""
    match kind.provider:
        case "infinite-campus":  # no client is seen to use OR, nor another path
            return _with_grammar(kind, joints=frozenset({"AND"}), dotted=_SCHOOL_ONLY)
        case "classlink" | "classlink-proxy":  # clients use one equality
            return dataclasses.replace(kind, grammar=_EQUALITY)
        case "xporter":  # the examples write it in lower case
            return _with_grammar(kind, joints=frozenset({"and"}), any_case=False)
        case "xporter-generic":  # "a single expression of the form key='value'"
            return _with_grammar(kind, operators=frozenset({"="}))
        case "timeback":  # a score's date is a date and time there
            return _with_grammar(
                kind, refused=frozenset({("results", "scoreDate"), ("assessmentResults", "scoreDate")})
            )
        case "alpha":  # no number is documented: the standard's
            return _with_grammar(kind, clauses=2)
        case "skyward":  # importers kept status='active' alone; one of them asks for 1,000 at most of some collections
            return dataclasses.replace(
                kind,
                max_limit=min(kind.max_limit or 1000, 1000),
                sorts=False,
                grammar=Grammar(operators=frozenset({"="}), clauses=1, status_only=True),
            )
        case "ed-fi":  # its code's allow-lists
            lists = ("grades", "subjects", "subjectCodes")
            refused = {(c, f) for c in ("classes", "courses") for f in lists}
            refused |= {("users", f) for f in ("grades", "phone", "pronouns", "sms", "userMasterIdentifier")}
            return _with_grammar(kind, refused=frozenset(refused | {("demographics", "publicSchoolResidenceStatus")}))
    return kind


def _with_grammar(kind: Kind, **changes: Any) -> Kind:
    return dataclasses.replace(kind, grammar=dataclasses.replace(kind.grammar, **changes))
