"""Error bodies, in the shape that each version and product uses."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request that is answered with an error. `minor` is a code minor of the standard, spelt as in 1.2."""

    def __init__(self, status: int, minor: str, description: str) -> None:
        super().__init__(description)
        self.status, self.minor, self.description = status, minor, description


# OneRoster 1.1 spells some with a blank (and mixes that with underscores).
_MINOR_1_1 = {
    "unknownobject": "unknown object",
    "invaliddata": "invalid data",
    "unauthorisedrequest": "unauthorized",
}


def body_of(refusal: Refusal, shape: str) -> dict[str, Any]:
    """`statusInfoSet`: OneRoster 1.1; `imsx`: imsx_StatusInfo of 1.2; `flat`: Ed-Fi; `plain`: {"error": …}."""
    head = {"imsx_codeMajor": "failure", "imsx_severity": "error"}
    match shape:
        case "statusInfoSet":
            minor = _MINOR_1_1.get(refusal.minor, refusal.minor)
            return {"statusInfoSet": [{**head, "imsx_codeMinor": minor, "imsx_description": refusal.description}]}
        case "flat":
            minor = _MINOR_1_1.get(refusal.minor, refusal.minor).replace(" ", "_")
            if refusal.minor == "invalid_filter_field":
                minor = "invalid_data"
            return {**head, "imsx_codeMinor": minor, "imsx_description": refusal.description}
        case "plain":
            return {"error": refusal.description}
    field = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": refusal.minor}
    return {
        **head,
        "imsx_description": refusal.description,
        "imsx_CodeMinor": {"imsx_codeMinorField": [field]},
    }


def warning(minor: str, description: str) -> dict[str, str]:
    """A note beside the data of a 200 answer (OneRoster 1.1, unknown sort or selection field)."""
    return {
        "imsx_codeMajor": "success",
        "imsx_severity": "warning",
        "imsx_codeMinor": minor,
        "imsx_description": description,
    }
