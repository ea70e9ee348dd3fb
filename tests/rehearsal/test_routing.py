"""Looking numbers up in what was published."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.calls.destinations import Kinds, Reach
from signalbox.calls.routing import Routing, RoutingError, dialled_number
from signalbox.kernel.ids import FIRST_TENANT, Number, TenantId
from tests.scenarios.all import SCENARIOS
from tests.scenarios.world import kinds_of, numbers_of, write_routing

_STORY = SCENARIOS[0]


def test_a_number_has_its_kind(routing: Routing) -> None:
    found = routing.find(FIRST_TENANT, Number("101"))
    assert found is not None
    assert found.kind == "extension"
    assert b'"Ben"' in found.value


def test_numbers_of_another_tenant_are_not_found(routing: Routing) -> None:
    assert routing.find(TenantId(2), Number("101")) is None


def test_a_new_version_is_in_force_at_the_next_look(published: Path, routing: Routing) -> None:
    assert routing.version == 1
    assert routing.find(FIRST_TENANT, Number("555")) is None
    write_routing(published, [("555", "echo", b"{}")], version=2)
    assert routing.find(FIRST_TENANT, Number("555")) is not None
    assert routing.find(FIRST_TENANT, Number("101")) is None
    assert routing.version == 2


def test_a_replaced_file_is_the_one_in_force(published: Path, routing: Routing, tmp_path: Path) -> None:
    assert routing.find(FIRST_TENANT, Number("101")) is not None
    write_routing(tmp_path / "new.db", [("555", "echo", b"{}")], version=3)
    (tmp_path / "new.db").replace(published)
    assert routing.find(FIRST_TENANT, Number("101")) is None
    assert routing.find(FIRST_TENANT, Number("555")) is not None
    assert routing.version == 3


def test_a_file_that_is_gone_serves_on(published: Path, routing: Routing) -> None:
    published.unlink()
    assert routing.find(FIRST_TENANT, Number("101")) is not None
    assert routing.version == 1


def test_the_cache_is_bounded(routing: Routing) -> None:
    for number in range(10_000):
        routing.find(FIRST_TENANT, Number(f"9{number}"))
    assert routing.cached <= 4096
    assert routing.find(FIRST_TENANT, Number("101")) is not None


def test_nothing_published_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(RoutingError, match=r"routing\.db"):
        Routing.open(tmp_path / "routing.db")
    assert not (tmp_path / "routing.db").exists()


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "routing.db").write_bytes(b"not a database, but long enough to look like one " * 40)
    with pytest.raises(RoutingError):
        Routing.open(tmp_path / "routing.db")


@pytest.mark.parametrize("text", ["101", "*43", "#1", "+15550100", "0" * 40])
def test_numbers_are_accepted(text: str) -> None:
    assert dialled_number(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "+", "1+1", "101\n", "10a", "101&PJSIP/102", "${SHELL(id)}", "101,30,m", "١٠١", "0" * 41, "101 ", "\x00"],
)
def test_anything_else_is_no_number(text: str) -> None:
    assert dialled_number(text) is None


@given(st.text(max_size=60))
def test_no_text_gets_past_the_allow_list(text: str) -> None:
    number = dialled_number(text)
    assert number is None or (len(number) <= 40 and set(number) <= set("+0123456789*#"))


def test_what_reaches_an_extension(tmp_path: Path) -> None:
    forwards = {"7001": "7002", "7002": "101", "7003": "7001", "7004": "7004"}
    story = type(_STORY)(name="reach", dials="7001", expected=_STORY.expected, forwards=forwards)
    write_routing(tmp_path / "routing.db", numbers_of(story))
    routing = Routing.open(tmp_path / "routing.db")
    try:
        reached = Kinds(kinds_of(story)).what_reaches(routing, FIRST_TENANT, Number("101"))
    finally:
        routing.close()
    assert reached == [
        Reach(Number("7002"), "Forward", (Number("7002"), Number("101"))),
        Reach(Number("7001"), "Forward", (Number("7001"), Number("7002"), Number("101"))),
        Reach(Number("7003"), "Forward", (Number("7003"), Number("7001"), Number("7002"), Number("101"))),
    ]


def test_a_kind_is_registered_once() -> None:
    kinds = kinds_of(_STORY)
    with pytest.raises(ValueError, match="two destination kinds are named"):
        Kinds([*kinds, kinds[0]])
