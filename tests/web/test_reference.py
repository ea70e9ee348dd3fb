"""The reference pages list every setting and every code, with the values that are in the code."""

import re
from pathlib import Path

import msgspec
import pytest

from signalbox.kernel import errors as domain
from signalbox.settings import Settings
from signalbox.web.board import POLICY, SESSION_ENDED, SLOW
from signalbox.web.errors import ApiError, ErrorCode, FieldCode

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
ROW = re.compile(r"^\| `?([\w.-]+)`? \| (.*?) \|", re.MULTILINE)


def rows(page: str, heading: str) -> dict[str, str]:
    """The first two columns of the table below ``heading``."""
    text = (REFERENCE / page).read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = ROW.findall(text)
    return {name: value for name, value in found if name not in ("code", "key", "---")}


def shown(value: object) -> str:
    """How the page writes a default."""
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{value}`" if value != "" else "empty"


@pytest.mark.parametrize("section", [each.name for each in msgspec.structs.fields(Settings) if each.name != "data"])
def test_every_setting_is_listed_with_its_default(section: str) -> None:
    kind = next(each.type for each in msgspec.structs.fields(Settings) if each.name == section)
    defaults = {f"{section}.{each.name}": shown(each.default) for each in msgspec.structs.fields(kind)}
    assert rows("settings.md", section) == defaults


def test_every_error_code_is_listed_with_its_status() -> None:
    assert rows("errors.md", "Codes") == {code.value: str(ApiError(code).status_code) for code in ErrorCode}


def test_every_field_code_is_listed() -> None:
    assert set(rows("errors.md", "Codes of fields")) == {code.value for code in FieldCode}


def test_every_closing_code_is_listed() -> None:
    assert {str(code) for code in (POLICY, SLOW, SESSION_ENDED)} <= set(rows("errors.md", "Closing codes of the board"))


def test_the_codes_of_the_rules_are_codes_of_the_web() -> None:
    kinds: list[type[domain.DomainError]] = [domain.DomainError, *domain.DomainError.__subclasses__()]
    assert {kind.code for kind in kinds} <= {code.value for code in ErrorCode}


def test_the_field_codes_of_the_features_are_codes_of_the_web() -> None:
    package = Path(__file__).parents[2] / "signalbox"
    sources = "\n".join(file.read_text() for file in package.rglob("*.py"))
    used = set(re.findall(r'FieldError\(\s*[^,()]+,\s*"([a-z_]+)"', sources))
    assert used
    assert used <= {code.value for code in FieldCode}
