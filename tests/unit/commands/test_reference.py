"""The pages of commands and of log events are those of the code."""

import ast
import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
LEVELS = {"exception": "error", "warning": "warning", "error": "error", "info": "info", "debug": "debug"}


def test_every_command_is_on_its_page() -> None:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    assert reference.PAGE.read_text() == reference.page(), "run `python scripts/reference.py --write`"


def logged() -> dict[str, set[str]]:
    """The events that the code logs, with their levels; none for a level chosen at run time."""
    found: dict[str, set[str]] = {}
    for file in (ROOT / "signalbox").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"), attr=str(level)), args=words):
                    texts = [each.value for each in words if isinstance(each, ast.Constant)]
                case _:
                    continue
            for text in texts:
                if isinstance(text, str) and (name := re.match(r"[a-z]+(_[a-z]+)*(?= |$)", text)):
                    found.setdefault(name[0], set()).update({LEVELS[level]} if level in LEVELS else ())
    return found


def test_every_log_event_is_on_its_page_with_its_level() -> None:
    text = (ROOT / "docs" / "reference" / "events.md").read_text()
    listed = dict(re.findall(r"^\| `([a-z_]+)` \| (\w+) \|", text, re.MULTILINE))
    code = logged()
    assert len(code) > 50
    assert set(listed) == set(code)
    assert {name: level for name, level in listed.items() if code[name] and level not in code[name]} == {}
