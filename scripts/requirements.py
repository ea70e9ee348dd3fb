"""Count the catalogue's requirements: proven by a passing test, out of reach, open. ``make requirements`` runs it.

Reads ``docs/requirements/*.md`` and what the last test run left in ``test-results/requirements.json``. With ``--write``
the table in README.md between the markers is replaced.
"""

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
CATALOGUE = ROOT / "docs" / "requirements"
RESULTS = ROOT / "test-results" / "requirements.json"
_LINE = re.compile(r"^- ([A-Z]+(?:-[A-Z0-9]+)*-\d+[a-z]?):?\s+(.*)$")
_OUT = ("[hardware]",)
BEGIN, END = "<!-- requirements -->", "<!-- /requirements -->"


@dataclass
class Catalogue:
    """One file of requirements, its ids sorted into three heaps."""

    title: str
    proven: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def read_catalogues(proven: set[str]) -> list[Catalogue]:
    """Sort every id of every catalogue; an id proven by a test is proven even where the line is marked out."""
    catalogues = []
    for file in sorted(CATALOGUE.glob("*.md")):
        lines = file.read_text().splitlines()
        catalogue = Catalogue(title=lines[0].lstrip("# ").removesuffix("requirements catalogue").rstrip(" :"))
        for line in lines:
            if (match := _LINE.match(line)) is None:
                continue
            name, text = match.groups()
            heap = (
                catalogue.proven
                if name in proven
                else catalogue.out
                if any(mark in text for mark in _OUT)
                else catalogue.open
            )
            heap.append(name)
        catalogues.append(catalogue)
    return catalogues


def outcomes() -> tuple[set[str], set[str]]:
    """Return the ids all of whose tests passed, and the ids with a failed one."""
    if not RESULTS.exists():
        return set(), set()
    tests: dict[str, dict[str, str]] = json.loads(RESULTS.read_text())
    passed = {name for name, by_test in tests.items() if set(by_test.values()) == {"passed"}}
    return passed, {name for name, by_test in tests.items() if "failed" in by_test.values()}


def table(catalogues: list[Catalogue]) -> str:
    """Lay the counts out as a Markdown table."""
    rows = ["| catalogue | proven by a test | out (hardware) | open |", "| --- | ---: | ---: | ---: |"]
    rows += [f"| {c.title} | {len(c.proven)} | {len(c.out)} | {len(c.open)} |" for c in catalogues]
    return "\n".join(rows)


def main() -> int:
    """Print the report; exit 1 when a test names an id that no catalogue has."""
    passed, failed = outcomes()
    catalogues = read_catalogues(passed)
    known = {name for c in catalogues for name in (*c.proven, *c.out, *c.open)}
    print(table(catalogues))
    for catalogue in catalogues:
        if catalogue.proven:
            print(f"\n{catalogue.title}: {', '.join(catalogue.proven)}")
    for name in sorted(failed):
        print(f"failed: {name}")
    unknown = sorted((passed | failed) - known)
    for name in unknown:
        print(f"unknown id in a test: {name}")
    if "--write" in sys.argv:
        readme = ROOT / "README.md"
        before, _, rest = readme.read_text().partition(BEGIN)
        readme.write_text(f"{before}{BEGIN}\n{table(catalogues)}\n{END}{rest.partition(END)[2]}")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
