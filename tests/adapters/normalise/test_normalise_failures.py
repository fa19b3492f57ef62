"""Error bodies: whether they report a failure, and their minor code, folded."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.normalise import error_code, reports_failure

MINOR = {
    "imsx_codeMinorField": [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": "unknownobject"}]
}

BODIES: list[tuple[str, Any, str | None, bool]] = [
    ("1.2", {"imsx_codeMajor": "failure", "imsx_CodeMinor": MINOR}, "unknownobject", True),
    (
        "1.2 with one field that is no list",
        {"imsx_codeMajor": "failure", "imsx_CodeMinor": {"imsx_codeMinorField": MINOR["imsx_codeMinorField"][0]}},
        "unknownobject",
        True,
    ),
    ("a flat minor code", {"imsx_codeMajor": "failure", "imsx_codeMinor": "invalid_data"}, "invaliddata", True),
    (
        "1.1",
        {"statusInfoSet": [{"imsx_codeMajor": "failure", "imsx_codeMinor": "Invalid Filter_Field"}]},
        "invalidfilterfield",
        True,
    ),
    ("1.1 without a minor code", {"statusInfoSet": [{"imsx_codeMajor": "failure"}]}, None, True),
    ("1.0", {"CodeMajor": "failure", "Severity": "error", "CodeMinor": "unknown object"}, "unknownobject", True),
    ("1.0 in lower camel case", {"codeMajor": "failure", "codeMinor": "server_busy"}, "serverbusy", True),
    ("a list of errors", {"errors": [{"codeMajor": "failure", "codeMinor": "forbidden"}]}, "forbidden", True),
    ("OAuth 2", {"error": "invalid_client", "error_description": "no"}, "invalidclient", True),
    ("an error in words", {"error": "course still has active enrollments"}, None, True),
    ("an error that is an object", {"error": {"codeMinor": "forbidden"}}, "forbidden", True),
    ("a minor code in many words", {"CodeMajor": "failure", "CodeMinor": "no user 'x'; try again"}, None, True),
    (
        "full success before the real code",
        {"statusInfoSet": [{"codeMinor": "full success"}, {"codeMinor": "invalid_sort_field"}]},
        "invalidsortfield",
        False,
    ),
    (
        "a warning",
        {
            "statusInfoSet": [
                {"imsx_codeMajor": "success", "imsx_severity": "warning", "imsx_codeMinor": "invalid_sort_field"}
            ]
        },
        "invalidsortfield",
        False,
    ),
    ("unsupported", {"imsx_codeMajor": "unsupported"}, None, True),
    ("a severity alone", {"imsx_severity": "error"}, None, True),
    ("success", {"imsx_codeMajor": "success", "imsx_codeMinor": "fullsuccess"}, None, False),
    ("data", {"users": [{"sourcedId": "x"}]}, None, False),
    ("a null error", {"error": None}, None, False),
    ("a list", [1, 2], None, False),
    ("null", None, None, False),
]


@pytest.mark.parametrize(("name", "body", "code", "failed"), BODIES, ids=[b[0] for b in BODIES])
def test_an_error_body_of(name: str, body: Any, code: str | None, failed: bool) -> None:
    text = json.dumps(body).encode()
    assert (error_code(text), reports_failure(text)) == (code, failed)
    assert error_code(b"\xef\xbb\xbf" + text) == code


NAMES = st.sampled_from(["statusInfoSet", "imsx_CodeMinor", "imsx_codeMinorField", "error", "errors", "CodeMinor", "x"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=40), ANYTHING.map(lambda v: json.dumps(v).encode())))
def test_no_body_raises(body: bytes) -> None:
    assert error_code(body) is None or error_code(body)
    assert reports_failure(body) in (True, False)


def test_nesting_without_end_is_no_code() -> None:
    body = b'{"errors":' * 50_000
    assert error_code(body) is None
    assert not reports_failure(body)
