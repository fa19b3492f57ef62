"""Every recipe of the cookbook is asked as it stands of the demo's districts, and its answer held against theirs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gateway.roster import source
from gateway.sandbox.demo import DEMO
from gateway.web import cookbook
from tests.clock import Clock
from tests.cookbook import beginning, checking, copying, counts, fleet, gradebook, people, rosters  # noqa: F401  # they register checks
from tests.cookbook.kitchen import CHECKS, Kitchen
from tests.test_docs_answers import TODAY, district, gateway, table

pytestmark = pytest.mark.anyio

RECIPES = cookbook.load()


def test_there_are_twenty_recipes_and_more_and_a_check_of_each() -> None:
    assert len(RECIPES) >= 20
    assert [r.title for r in RECIPES if r.title not in CHECKS] == []
    assert sorted(CHECKS) == sorted(r.title for r in RECIPES)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.title)
def test_a_recipe_is_short_to_read(recipe: cookbook.Recipe) -> None:
    assert max(map(len, recipe.query.splitlines())) <= 100
    assert recipe.about.count(". ") <= 2
    assert "](" not in recipe.about, "GraphiQL shows no links"


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.title)
def test_a_recipe_says_what_to_watch_for(recipe: cookbook.Recipe) -> None:
    page = (cookbook.HERE.parents[1] / "docs" / "cookbook.md").read_text("utf-8")
    [_, section] = page.split(f"### {recipe.title}\n")
    assert "\n**Watch:** " in section.split("\n### ")[0]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: r.title)
async def test_a_recipe_answers_what_the_districts_know(
    recipe: cookbook.Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "time", SimpleNamespace(time=Clock(f"{TODAY} 18:00")))
    servers = {d.key: district(d.key) for d in DEMO}
    async with gateway([table(key, server) for key, server in servers.items()], servers) as ask:
        await CHECKS[recipe.title](Kitchen(recipe, servers, ask))
