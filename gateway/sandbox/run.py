"""Serves one sandbox district over HTTP on the loopback interface, until interrupted.

`python -m gateway.sandbox --kind classlink --port 0` prints one JSON line when it listens: port, pid, kind, settings.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from gateway.sandbox.demo import demo_source
from gateway.sandbox.ids import IdStyle

if TYPE_CHECKING:
    from gateway.sandbox.server import Server

HOST = "127.0.0.1"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="oneroster-gateway sandbox", description="A make-believe district behind a OneRoster test server."
    )
    made.add_argument("--kind", default="standard-1.2", help="how it answers; --kinds lists them")
    made.add_argument("--kinds", action="store_true", help="list the kinds and end")
    made.add_argument("--seed", type=int, default=1, help="the same seed makes the same district")
    made.add_argument("--students", type=int, default=120, help="50 to 100000")
    made.add_argument("--name", help="the district's name")
    made.add_argument("--id-style", choices=[style.value for style in IdStyle], default="plain")
    made.add_argument("--today", type=date.fromisoformat, help="the district's date (default: today)")
    made.add_argument("--school", type=int, default=0, help="which school, from 0, for kinds that serve one")
    made.add_argument("--demo", metavar="KEY", help="serve this district of the demo")
    made.add_argument("--exact", action="store_true", help="2,000 users, 100 classes, 50 courses, 10,000 enrollments")
    made.add_argument("--port", type=int, default=0, help="0 takes a free one")
    made.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="added to every data request")
    made.add_argument("--max-limit", type=int, help="largest page, instead of the kind's")
    made.add_argument("--filter-clauses", type=int, help="most clauses of a filter, instead of the kind's")
    made.add_argument("--etag", choices=["strong", "weak", "gzip"], help="send one with every answer, and 304 for it")
    made.add_argument("--cache-control", metavar="TEXT", help="sent with every answer")
    made.add_argument(
        "--fault", action="append", default=[], metavar="NAME[=NUMBER][@SHARE]", help="what is wrong; --faults lists it"
    )
    made.add_argument("--faults", action="store_true", help="list what can be wrong and end")
    made.add_argument("--with-parent", action="store_true", help="end when standard input closes or the parent dies")
    return made


def build(options: argparse.Namespace) -> Server:
    """The server that the options describe."""
    from gateway.sandbox.caching import Caching
    from gateway.sandbox.district import generate
    from gateway.sandbox.exact import exact_district
    from gateway.sandbox.server import make_server

    kind, seed, students = options.kind, options.seed, options.students
    name, id_style, school = options.name, options.id_style, options.school
    if options.demo:
        source = demo_source(options.demo)
        kind, seed, students = source.kind, source.seed, source.students
        name, id_style, school = source.district, source.id_style, source.school
    today = options.today or date.today()
    if options.exact:
        district = exact_district(seed, today=today)
    else:
        district = generate(seed, students, name=name, id_style=id_style, today=today)
    schools = [org.id for org in district.schools if org.status == "active"]
    if not 0 <= school < len(schools):
        raise ValueError(f"--school must be 0 to {len(schools) - 1}, not {school}")
    return make_server(
        kind,
        district,
        latency=options.latency,
        school=schools[school],
        max_limit=options.max_limit,
        filter_clauses=options.filter_clauses,
        caching=Caching(etag=options.etag, cache_control=options.cache_control),
    )


def main(argv: Sequence[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(argv)
    from gateway.sandbox.faults import switched

    if options.kinds:
        from gateway.sandbox.kinds import KINDS

        print("\n".join(KINDS))
        return 0
    if options.faults:
        from gateway.sandbox.faults import FAULTS

        for name, fault in FAULTS.items():
            number = f" ({fault.number[0]}, {fault.number[1]:g} if none is given)" if fault.number else ""
            print(f"{name:16}{fault.told}{number}")
        return 0
    try:
        server = build(options)
        server.faults.on = [switched(text) for text in options.fault]
    except (ValueError, KeyError) as wrong:
        made.error(str(wrong.args[0]))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, options.port))
    except OSError as taken:
        print(f"port {options.port} cannot be used: {taken.strerror}", file=sys.stderr)
        return 1
    about = {"key": server.district.slug, "name": server.district.name}
    serve(
        server,
        listener,
        about=demo_source(options.demo).source() if options.demo else about,
        with_parent=options.with_parent,
    )
    return 0


def serve(server: Server, listener: socket.socket, *, about: Mapping[str, object], with_parent: bool = False) -> None:
    """Serve on a bound socket until SIGINT or SIGTERM; says on standard output when it listens.

    `settings` of that line is a whole `[[sources]]` table: `about` and what reaches the server.
    """
    import msgspec
    import uvicorn

    listener.listen(1024)
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        server.app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws="none"
    )
    running = uvicorn.Server(config)
    if with_parent:
        threading.Thread(target=_end_with_parent, args=(running,), daemon=True).start()
    line = {
        "port": port,
        "pid": os.getpid(),
        "kind": server.slug,
        "settings": {**about, **server.settings(f"http://{HOST}:{port}")},
    }
    # The socket is already listening: a connection made from now on is answered.
    print(msgspec.json.encode(line).decode(), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        running.run(sockets=[listener])


def _end_with_parent(running: object) -> None:
    """Standard input closes when the parent ends, however it ends; a changed parent id says the same."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        running.should_exit = True  # type: ignore[attr-defined]

    threading.Thread(target=watch, daemon=True).start()
    while os.read(sys.stdin.fileno(), 4096):
        pass
    running.should_exit = True  # type: ignore[attr-defined]
