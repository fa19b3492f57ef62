"""The commands that ask a running gateway, over HTTP: refresh, holds."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from gateway.cli.console import err, fail, out, show_table
from gateway.identity import source_key
from gateway.remote import KINDS, Gateway, HoldTold, NoAnswer, SourceTold, UserError

Url = Annotated[str, typer.Option("--url", help="Where the gateway is that is asked.")]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar="GATEWAY_KEY",
        show_envvar=True,
        help="Sent as a bearer token, where a proxy before the gateway asks for one; better not on the command line.",
    ),
]
HERE = "http://127.0.0.1:8000"


class HoldsAction(StrEnum):
    LIST = "list"
    ACCEPT = "accept"
    REFUSE = "refuse"


_DECIDED = {
    HoldsAction.ACCEPT: "accepted: what came is served from now on",
    HoldsAction.REFUSE: "refused: what was there before is served on; the next reading is judged anew",
}


def refresh(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its key.")],
    collections: Annotated[
        list[str] | None, typer.Argument(metavar="[COLLECTION]...", help="Such as users; without: all that was read.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Everything, not only what has changed.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until all of it has been read.")] = False,
    url: Url = HERE,
    key: KeyOption = None,
) -> None:
    """Have a running gateway read collections of a source anew, whatever their age."""
    kinds = _kinds(collections)
    try:
        gateway = Gateway(url, key)
        done = gateway.refresh(source, kinds, full)
        found = gateway.settled(done.source.key) if wait and done.source is not None else done.source
    except NoAnswer as error:
        fail(str(error))
    _show_errors(done.user_errors)
    if found is not None:
        _show_source(found, kinds)
    failed = wait and found is not None and found.last_error is not None
    raise typer.Exit(1 if done.user_errors or failed else 0)


def holds(
    action: Annotated[HoldsAction, typer.Argument(help="What to do with them.")] = HoldsAction.LIST,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE|HOLD]...", help="Keys of sources; or ids of holds, as they are listed."),
    ] = None,
    labels: Annotated[list[str] | None, typer.Option("--label", help="Sources that bear this label.")] = None,
    collections: Annotated[list[str] | None, typer.Option("--collection", help="Only these, such as users.")] = None,
    url: Url = HERE,
    key: KeyOption = None,
) -> None:
    """List, accept or refuse what the shrink guard of a running gateway holds back."""
    kinds = _kinds(collections)
    ids = [name for name in names or () if name.startswith("Hold:")]
    keys = [source_key(name) for name in names or () if name not in ids]
    if ids and (keys or labels or action is HoldsAction.LIST):
        err.print("name sources, or holds to accept or refuse, not both")
        raise typer.Exit(2)
    try:
        if action is HoldsAction.LIST:
            _show_holds(Gateway(url, key).holds(keys, labels or (), kinds))
            return
        done = Gateway(url, key).decide(keys, labels or (), kinds, ids, accept=action is HoldsAction.ACCEPT)
    except NoAnswer as error:
        fail(str(error))
    _show_errors(done.user_errors)
    if done.holds or not done.user_errors:
        _show_holds(done.holds)
    if done.holds:
        out.print(_DECIDED[action])
    raise typer.Exit(1 if done.user_errors else 0)


def _kinds(collections: Sequence[str] | None) -> list[str]:
    """The graph's names of collections that are named as in the settings."""
    names = {name.lower(): kind for name, kind in KINDS.items()}
    unknown = [c for c in collections or () if c.lower() not in names]
    if unknown:
        err.print(f"no collection named {', '.join(unknown)}; there are: {', '.join(KINDS)}", markup=False)
        raise typer.Exit(2)
    return [names[c.lower()] for c in collections or ()]


def _show_errors(errors: Sequence[UserError]) -> None:
    for error in errors:
        err.print(f"{error.code}: {error.message}", style="red", markup=False)


def _show_source(source: SourceTold, kinds: Sequence[str]) -> None:
    """The collections that were asked for, else those that were ever read."""
    shown = [c for c in source.collections if (c.type in kinds if kinds else c.as_of is not None)]
    if shown:
        show_table((source.key, "state", "records", "as of"), [c.cells for c in shown])
    else:
        out.print(f"nothing of {source.key} has been read yet: name the collections to read", markup=False)


def _show_holds(holds: Sequence[HoldTold]) -> None:
    if holds:
        show_table(("source", "collection", "held at", "before", "now", "missing", "id"), [h.cells for h in holds])
    else:
        out.print("nothing is held back there")
