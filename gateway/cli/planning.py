"""The command that shows how a query would be executed: plan. Asks no source, and needs no settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import typer

from gateway.cli.console import err, fail, out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphql import DocumentNode, GraphQLError

    from gateway.execution.compiling import Operation

File = Annotated[str, typer.Argument(metavar="QUERY.graphql", help="A file with a document; - for standard input.")]
Name = Annotated[str | None, typer.Option("--operation", help="Which operation, if the document has several.")]
Variables = Annotated[
    str,
    typer.Option("--variables", metavar="JSON", help="Values of those in @skip and @include; others do not matter."),
]


def plan(file: File, operation: Name = None, variables: Variables = "{}") -> None:
    """Print how a query is executed: its plan, and the code that is made for it.

    Ends with 1 if the query is left to graphql-core, with 2 if there is none to plan.
    """
    from gateway.execution import printed
    from gateway.execution.compiling import compiled, operation_of
    from gateway.execution.plan import CannotCompile
    from gateway.schema import SCHEMA

    document = SCHEMA.documents.read(_text(file))
    if document.errors or document.ast is None:
        _refuse(file, document.errors)
    _choose(document.ast, operation)
    try:
        chosen = operation_of(document.ast, operation)
        made = compiled(SCHEMA, chosen, _switched(chosen, variables))
    except CannotCompile as reason:
        fail(f"left to graphql-core: {reason}")
    out.print(f"{printed.tree(made)}\n\n{printed.code(made)}", markup=False)


def _text(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        _end(f"{file}: {error.strerror if isinstance(error, OSError) else 'this is no text in UTF-8'}")


def _choose(document: DocumentNode, operation: str | None) -> None:
    """Sees to it that one operation is meant, and that there is one of that name."""
    from graphql import OperationDefinitionNode

    parts = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    names = [part.name.value for part in parts if part.name is not None]
    if operation is None and len(parts) > 1:
        _end(f"the document has several operations: choose one with --operation ({', '.join(names)})")
    if operation is not None and operation not in names:
        _end(f"the document has no operation {operation}; there are: {', '.join(names) or 'none with a name'}")


def _switched(operation: Operation, variables: str) -> dict[str, Any]:
    """The values of the variables that decide what is asked at all."""
    from graphql.execution.values import VariableValues, get_variable_values

    from gateway.schema import SCHEMA

    try:
        given = msgspec.json.decode(variables, type=dict[str, Any])
    except msgspec.DecodeError as error:
        _end(f"--variables: {error}")
    declared = operation.node.variable_definitions or ()
    switches = [each for each in declared if each.variable.name.value in operation.switches]
    values = get_variable_values(SCHEMA._schema, switches, given)
    if not isinstance(values, VariableValues):
        _refuse("--variables", values)
    return dict(values.coerced)


def _refuse(where: str, errors: Iterable[GraphQLError]) -> NoReturn:
    """Tells every mistake with its line and column."""
    for error in errors:
        at = [f"{place.line}:{place.column}" for place in error.locations or ()][:1]
        err.print(f"{':'.join([where, *at])}: {error.message}", markup=False)
    raise typer.Exit(2)


def _end(message: str) -> NoReturn:
    err.print(message, markup=False)
    raise typer.Exit(2)
