"""`python -m tests.gateway.crossings [number]`: S07 at large. Two districts whose ids are equal, clients of different
grants, so many requests (10,000) mixed and side by side, while the districts are read anew again and again.

Each answer has to be the one that the same client gets of the same question from a gateway that nobody else asks, data
and errors. A gateway that shared too much, or too early, would answer something else.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2

from adapters.endpoints import Collection
from adapters.secret import Secret
from gateway.access.api_keys import hashed, id_of, make
from gateway.access.clients import Client, Kept, Row, changing
from gateway.access.field_class import FieldClass
from gateway.access.scope import Scope
from gateway.app import Gateway, build
from gateway.config import AccessSettings
from gateway.sandbox.district import generate
from gateway.sandbox.server import make_server
from tests.gateway.support import World

SECRET = Secret("a secret of the gateway, of many characters")
CORE, ALL = (Scope.ROSTER_CORE,), (Scope.ROSTER,)
EVERY = tuple(FieldClass)
AT_ONCE = 50

ROWS: Mapping[str, tuple[Row, ...]] = {
    "ann": (Row(sources=("a",), scopes=ALL, fields=EVERY),),
    "ben": (Row(sources=("b",), scopes=ALL, fields=EVERY),),
    "both": (Row(every=True, scopes=ALL, fields=EVERY),),
    "core": (Row(every=True, scopes=CORE, fields=(FieldClass.NAME,)),),
    "nameless": (Row(sources=("b",), scopes=ALL),),
    "school": (Row(sources=("a",), scopes=ALL, fields=EVERY, orgs=("o-00002",)), Row(sources=("b",), scopes=CORE)),
    "masked": (Row(every=True, scopes=ALL, fields=EVERY, mask=True),),
    "nobody": (Row(sources=("a",)),),
}
QUESTIONS = (
    "{ users(first: 40) { totalCount nodes { id givenName familyName email } sources { source { key } } } }",
    '{ nodes(ids: ["User:a:ID", "User:b:ID"]) { id ... on User { familyName enrollments { class { id title } } } } }',
    '{ users(filter: { sourcedId: { eq: "ID" } }) { totalCount nodes { id familyName orgs { id name } } } }',
    '{ a: user(id: "User:a:ID") { id username } b: user(id: "User:b:ID") { id username } }',
    '{ users(filter: { familyName: { eq: "NAME" } }) { totalCount nodes { id familyName } } }',
    "{ demographics(first: 20) { totalCount nodes { id birthDate sex } } }",
    "{ classes(first: 10) { totalCount nodes { id title students: enrollments { user { id givenName } } } } }",
    '{ users(search: "NAME", first: 10) { totalCount nodes { id familyName } } }',
    "{ orgs(first: 30) { totalCount nodes { id name } } sources { nodes { key } } viewer { name } }",
)


def districts() -> World:
    """Of other people and the same ids."""
    servers = {key: make_server("standard-1.2", generate(seed, students=60)) for seed, key in enumerate("ab", 1)}
    assert {u.id for u in servers["a"].district.users} & {u.id for u in servers["b"].district.users}
    return World(servers)


@asynccontextmanager
async def gateway(
    world: World, folder: Path, keys: Mapping[str, str]
) -> AsyncIterator[tuple[Gateway, httpx2.AsyncClient]]:
    with changing(folder / "clients.json") as clients:
        for name, key in keys.items():
            clients[name] = Client(name, (Kept(id_of(key) or "", hashed(key, SECRET), 0),), ROWS[name])
    settings = replace(
        world.settings,
        gateway=replace(world.settings.gateway, secret=SECRET),
        access=AccessSettings(clients=folder / "clients.json", requests_per_second=1_000_000),
    )
    app = build(settings, world.connect)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://roster.example") as client:
        yield app, client
    await app.state.sources.close()


async def crossings(number: int, seed: int = 7) -> tuple[int, list[str]]:
    """How many requests were answered with data, and those answers that were not as they should be."""
    chance, keys = random.Random(seed), {name: make().reveal() for name in ROWS}
    world = districts()
    people = [user for server in world.servers.values() for user in server.district.users[:60]]
    asked = [_question(chance, chance.choice(people)) for _ in range(40)]
    lot = [(chance.choice(tuple(ROWS)), chance.choice(asked)) for _ in range(number)]
    wrong: list[str] = []
    answered = 0
    with tempfile.TemporaryDirectory() as folder:
        alone: dict[tuple[str, str], str] = {}
        for name in ROWS:  # a gateway for each, which nobody else asks
            async with gateway(world, Path(folder), keys) as (_, client):
                for question in asked:
                    alone[name, question] = await _ask(client, keys[name], question)
        async with gateway(world, Path(folder), keys) as (app, client):

            async def once(name: str, question: str) -> None:
                nonlocal answered
                said = await _ask(client, keys[name], question)
                answered += '"data": {' in said
                if said != alone[name, question]:
                    wrong.append(f"{name}: {question}\n  {said[:2000]}\n  {alone[name, question][:2000]}")

            for begin in range(0, number, AT_ONCE):
                for source in app.state.sources:
                    if begin % (20 * AT_ONCE) == 0:
                        source.refresh(chance.choice((Collection.USERS, Collection.ENROLLMENTS)), full=True)
                await asyncio.gather(*(once(*each) for each in lot[begin : begin + AT_ONCE]))
    return answered, wrong


def _question(chance: random.Random, person: object) -> str:
    found = chance.choice(QUESTIONS)
    return found.replace("ID", str(person.id)).replace("NAME", str(person.family).replace("'", ""))  # type: ignore[attr-defined]


async def _ask(client: httpx2.AsyncClient, key: str, question: str) -> str:
    answer = await client.post("/graphql", json={"query": question}, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    said.pop("extensions", None)  # which tell how old it is
    said.get("errors", []).sort(key=lambda error: (str(error["path"]), error["message"]))  # they come as they come
    return json.dumps(said)


def main(number: int) -> int:
    answered, wrong = asyncio.run(crossings(number))
    print("\n".join(wrong[:5]))
    print(f"{number} requests, {answered} answered with data, {len(wrong)} crossings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
