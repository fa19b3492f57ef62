"""The recipes of `docs/cookbook.md`: the examples that GraphiQL offers."""

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PACKED = HERE / "cookbook.md"
"""Where the wheel has the page; a checkout has it among the documents."""

_CHAPTER = re.compile(r"^## (.+)$", re.MULTILINE)
_SECTION = re.compile(r"^### (.+)$", re.MULTILINE)
_RECIPE = re.compile(
    r"\n\n(?P<about>.+?)\n\n```graphql\n(?P<query>.+?)\n```(?:\n\n```json\n(?P<variables>.+?)\n```)?(?:\n|$)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Recipe:
    chapter: str
    title: str
    about: str
    """What it is for, as one line of Markdown."""
    query: str
    variables: str
    """A JSON object, or empty."""


def parse(page: str) -> tuple[Recipe, ...]:
    """Chapters are headings of the second level. A heading of the third is a recipe: what for, query, variables."""
    return tuple(
        _recipe(chapter, title, text)
        for chapter, body in _headed(_CHAPTER, page)
        for title, text in _headed(_SECTION, body)
    )


def _headed(heading: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    """Each heading with what stands below it."""
    parts = heading.split(text)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _recipe(chapter: str, title: str, text: str) -> Recipe:
    found = _RECIPE.match(text)
    if found is None:
        raise ValueError(f"{title}: a recipe is a paragraph, a block of graphql and, with variables, one of json")
    return Recipe(
        chapter, title, " ".join(found["about"].splitlines()), found["query"], (found["variables"] or "").strip()
    )


def load() -> tuple[Recipe, ...]:
    page = PACKED if PACKED.exists() else HERE.parents[1] / "docs" / "cookbook.md"
    return parse(page.read_text("utf-8"))
