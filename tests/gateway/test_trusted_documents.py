"""The folder of trusted documents: what tools write into it, and every mistake in it at once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.config import DocumentPolicy, GatewaySettings, HttpSettings, Settings
from gateway.documents import Found, read_folder
from gateway.vetting import Untrusted, open_documents

PEOPLE = "query People { users(first: 1) { totalCount } }"
LINE_END = "\n"
ORGS = "query Orgs($first: Int!) {\n  orgs(first: $first) { nodes { name } }\n}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write(folder: Path, name: str, content: str | bytes | dict[str, Any]) -> None:
    text = json.dumps(content) if isinstance(content, dict) else content
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def apollo(*operations: tuple[str, str], **changed: Any) -> dict[str, Any]:
    """As @apollo/generate-persisted-query-manifest writes it."""
    listed = [{"id": name, "name": "Any", "type": "query", "body": body} for name, body in operations]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": listed, **changed}


def texts(folder: Path) -> dict[str, str]:
    read = read_folder(folder)
    assert read.mistakes == ()
    return {document.id: document.text for document in read.documents}


def trusting(folder: Path, documents: DocumentPolicy) -> Settings:
    return Settings(gateway=GatewaySettings(), sources=(), http=HttpSettings(documents=documents, documents_dir=folder))


def mistakes(folder: Path, documents: DocumentPolicy = DocumentPolicy.APQ) -> list[str]:
    """As they are told, each from the name of its file on."""
    with pytest.raises(Untrusted) as caught:
        open_documents(trusting(folder, documents))
    assert all(str(mistake) in str(caught.value) for mistake in caught.value.mistakes)
    return [str(mistake).replace(f"{folder}/", "") for mistake in caught.value.mistakes]


def test_a_file_is_one_document_named_by_its_hash_or_by_any_other_name(tmp_path: Path) -> None:
    write(tmp_path, f"{sha256(PEOPLE)}.graphql", PEOPLE)
    write(tmp_path, "orgs.gql", ORGS)
    write(tmp_path, "README.md", "not a document")
    (tmp_path / "below.graphql").mkdir()

    assert texts(tmp_path) == {sha256(PEOPLE): PEOPLE, "orgs": ORGS}


def test_manifests_of_apollo_relay_and_code_generator_are_read_together(tmp_path: Path) -> None:
    write(tmp_path, "persisted-query-manifest.json", apollo((sha256(PEOPLE), PEOPLE)))
    write(tmp_path, "relay.json", {hashlib.md5(ORGS.encode()).hexdigest(): ORGS, sha256(PEOPLE): PEOPLE})
    write(tmp_path, "persisted-documents.json", {f"sha256:{sha256(ORGS)}": ORGS})

    assert texts(tmp_path) == {
        sha256(PEOPLE): PEOPLE,
        hashlib.md5(ORGS.encode()).hexdigest(): ORGS,
        sha256(ORGS): ORGS,
    }


def test_documents_that_fit_the_schema_are_trusted_by_these_settings(tmp_path: Path) -> None:
    write(tmp_path, "people.graphql", PEOPLE)
    documents = open_documents(trusting(tmp_path, DocumentPolicy.TRUSTED))

    assert documents.trusted == 1
    assert documents.document(None, None, "people") == Found(PEOPLE, trusted=True)
    assert documents.document(None, None, sha256(PEOPLE)) == Found(PEOPLE, trusted=True)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.graphql", "query {", "a.graphql, a, line 1: Syntax Error"),
        ("a.graphql", "query {\n  users { nodes { shoe } }\n}", "a.graphql, a, line 2: Cannot query field 'shoe'"),
        ("a.graphql", "{a" * 5000 + "}" * 5000, "a.graphql, a: the document is nested more deeply"),
        ("a.graphql", "fragment F on Query { __typename }", "a.graphql, a, line 1: Fragment 'F' is never used"),
        ("a.graphql", "", "a.graphql, a, line 1: Syntax Error"),
        ("a.graphql", "subscription { people }", "a.graphql, a, line 1: The subscription operation is not"),
        ("a.graphql", b"\xff", "a.graphql: this is not UTF-8"),
        ("a.json", "{", "a.json: this is not JSON"),
        ("a.json", "[]", "a.json: this is no manifest"),
        ("a.json", {}, "a.json: this is no manifest"),
        ("a.json", {"x": 5}, "a.json: this is no manifest"),
        ("a.json", {"": PEOPLE}, "a.json, : this id is empty"),
        ("a.json", apollo((sha256(PEOPLE), PEOPLE), version=2), "a.json: of this format only version 1"),
        ("a.json", apollo(operations=[{"id": "x"}]), "a.json: `operations` is not as the format has it"),
        ("a.json", {sha256(PEOPLE): ORGS}, f"a.json, {sha256(PEOPLE)}: this id is not the SHA-256 of the document"),
        (f"{sha256(PEOPLE)}.graphql", PEOPLE + LINE_END, f"the document, which is {sha256(PEOPLE + LINE_END)}"),
        ("a.json", {"sha256:people": PEOPLE}, "a.json, sha256:people: this id is not the SHA-256"),
    ],
)
def test_what_cannot_be_trusted_is_told_with_its_place(tmp_path: Path, name: str, content: Any, told: str) -> None:
    write(tmp_path, "good.graphql", PEOPLE)
    write(tmp_path, name, content)

    found = mistakes(tmp_path)
    assert told in found[0]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, "a.graphql", "{ users { one two } }")
    write(tmp_path, "b.json", {"people": PEOPLE, "orgs": "{", sha256(PEOPLE): ORGS})
    write(tmp_path, "c.json", "nothing")
    write(tmp_path, "people.graphql", ORGS)

    found = mistakes(tmp_path)
    assert [told.split(":")[0] for told in found] == [
        f"b.json, {sha256(PEOPLE)}",
        "c.json",
        "people.graphql, people",
        "a.graphql, a, line 1",
        "a.graphql, a, line 1",
        "b.json, orgs, line 1",
    ]
    assert "another document in" in found[2]


def test_a_folder_that_is_missing_or_empty_is_a_mistake(tmp_path: Path) -> None:
    assert "no documents in this folder" in mistakes(tmp_path)[0]
    assert "no such file or directory" in mistakes(tmp_path / "missing", DocumentPolicy.TRUSTED)[0]
