"""The example queries that GraphiQL offers: `examples/*.graphql`, in the order of their file names."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "examples"
VARIABLES = "# variables:"


@dataclass(frozen=True, slots=True)
class Example:
    title: str
    about: str
    query: str
    """As shown in the editor, without the header comments."""
    variables: str
    """A JSON object, or empty."""


def parse(text: str) -> Example:
    """One file: a `#` line with the title, `#` lines about it, perhaps `# variables: {…}`, then the query."""
    lines = text.strip().splitlines()
    header = [line for line in lines if line.startswith("#")]
    if lines[: len(header)] != header or not header:
        raise ValueError("an example begins with its # lines and has no others at the start of a line")
    variables = [line.removeprefix(VARIABLES).strip() for line in header if line.startswith(VARIABLES)]
    title, *about = [line.removeprefix("#").strip() for line in header if not line.startswith(VARIABLES)]
    query = "\n".join(lines[len(header) :]).strip()
    return Example(title, " ".join(about), query, "".join(variables))


def load() -> tuple[Example, ...]:
    return tuple(parse(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.graphql")))
