"""Cursors walk a list without gaps; a change must name what it changes."""

import contextlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.web.errors import ApiError
from signalbox.web.etag import etag_of, require_match
from signalbox.web.paging import Paging, cursor_of, page_of

PATH = "/api/v1/extensions"


@given(st.tuples(st.text(), st.integers(-(2**63), 2**63 - 1)))
def test_a_cursor_gives_its_position_back(position: tuple[str, int]) -> None:
    assert Paging(cursor_of(list(position)), 50, "").after(tuple[str, int]) == position


@given(st.text())
def test_any_text_as_cursor_is_a_position_or_refused(text: str) -> None:
    found: object = None
    with contextlib.suppress(ApiError):
        found = Paging(text, 50, "").after(int)
    assert found is None or isinstance(found, int)


def test_a_page_has_a_next_only_when_there_is_more() -> None:
    full = page_of([1, 2, 3], Paging(None, 2, ""), lambda last: last, 3)
    assert (full.items, Paging(full.next, 2, "").after(int)) == ([1, 2], 2)
    assert page_of([1, 2], Paging(None, 2, ""), lambda last: last, 2).next is None


async def test_walking_a_list_shows_everything_once(admin: httpx.AsyncClient) -> None:
    await admin.post(f"{PATH}/bulk", json={"start": "200", "count": 7})
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await admin.get(PATH, params={"limit": 3, **cursor})).json()
        seen += [each["number"] for each in page["items"]]
        assert page["total"] == 7
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [str(number) for number in range(200, 207)]


async def test_a_change_must_name_what_it_changes(admin: httpx.AsyncClient) -> None:
    await admin.post(PATH, json={"number": "100", "name": "One"})
    path = f"{PATH}/100"
    tag = (await admin.get(path)).headers["etag"]
    missing = await admin.patch(path, json={"name": "Two"})
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    changed = await admin.patch(path, json={"name": "Two"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    stale = await admin.patch(path, json={"name": "Three"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await admin.get(path)).json()["name"] == "Two"


@pytest.mark.parametrize("header", ["*", '"x", {tag}', "{tag}"])
def test_if_match_takes_lists_and_the_star(header: str) -> None:
    value = {"number": "100"}
    require_match(header.format(tag=etag_of(value)), value)


@pytest.mark.parametrize("header", ['"x"', "x", "", 'W/"x"', "\x00"])
def test_if_match_refuses_everything_else(header: str) -> None:
    with pytest.raises(ApiError) as refused:
        require_match(header, {"number": "100"})
    assert refused.value.status_code == 412
