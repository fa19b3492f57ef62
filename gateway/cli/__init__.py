"""The command line: `oneroster-gateway serve · demo · check · refresh · holds · …`."""

from __future__ import annotations

import typer

from gateway.cli.asking import holds, refresh
from gateway.cli.audit import audit
from gateway.cli.keys import key
from gateway.cli.local import check, documents, forget, providers, sandbox, schema
from gateway.cli.planning import plan
from gateway.cli.serving import demo, serve

app = typer.Typer(
    name="oneroster-gateway",
    help="One GraphQL API over many OneRoster 1.1 and 1.2 sources.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (serve, demo, check, refresh, holds, forget, providers, schema, plan, documents):
    app.command()(command)
app.add_typer(key, name="key")
app.add_typer(audit, name="audit")
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)(sandbox)


def main() -> None:
    app()
