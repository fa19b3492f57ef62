"""Trusted documents are held against the schema before anything is served: each of them must be one that can be run."""

from __future__ import annotations

from pathlib import Path

from graphql import GraphQLError

from gateway.config import DocumentPolicy, Settings
from gateway.documents import Documents, Folder, Mistake, Trusted, read_folder
from gateway.schema import SCHEMA, Schema


class Untrusted(Exception):
    """The folder of trusted documents has mistakes; prints as every one of them."""

    def __init__(self, folder: Path, mistakes: tuple[Mistake, ...]) -> None:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        super().__init__("\n".join([f"{folder}: {count} in trusted documents", *(f"  {each}" for each in mistakes)]))
        self.mistakes = mistakes


def open_documents(settings: Settings) -> Documents:
    """The documents that are answered by these settings.

    Raises:
        Untrusted: with every mistake in the folder of trusted documents.
    """
    trusted: tuple[Trusted, ...] = ()
    http, schema = settings.http, SCHEMA.bounded(settings.limits, introspection=settings.http.introspection)
    if http.documents_dir is not None:
        folder = vetted(read_folder(http.documents_dir), schema)
        if folder.mistakes:
            raise Untrusted(http.documents_dir, folder.mistakes)
        trusted = folder.documents
    return Documents(
        trusted,
        automatic=http.documents is DocumentPolicy.APQ,
        free_text=http.documents is not DocumentPolicy.TRUSTED,
    )


def vetted(folder: Folder, schema: Schema = SCHEMA) -> Folder:
    """The same, with what the schema has against its documents among the mistakes."""
    found = [
        _mistake(document, error)
        for document in folder.documents
        for error in schema.documents.read(document.text).errors
    ]
    return Folder(folder.documents, (*folder.mistakes, *found))


def _mistake(document: Trusted, error: GraphQLError) -> Mistake:
    line = error.locations[0].line if error.locations else None
    return Mistake(document.file, error.message, id=document.id, line=line)
