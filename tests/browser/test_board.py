"""The live board while real phones call each other."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole
from tests.browser.desk import Desk

pytestmark = pytest.mark.browser


def shows(page: Page, number: str, state: str, *texts: str) -> None:
    """The tile of ``number`` is lit as ``state`` and says ``texts``."""
    tile = page.get_by_test_id(f"tile-{number}")
    expect(tile).to_have_attribute("data-state", state)
    for text in texts:
        expect(tile).to_contain_text(text)


def seconds(page: Page, number: str) -> int:
    found = re.search(r"(\d+):(\d\d)", page.get_by_test_id(f"tile-{number}").inner_text())
    assert found is not None
    return int(found[1]) * 60 + int(found[2])


@pytest.mark.requirement("PBX-DASH-05")
def test_tiles_follow_a_call_from_the_first_ring_to_the_end(console: OpenConsole, desk: Desk) -> None:
    for number in ("102", "103"):
        desk.phone(number)
    page = console()
    shows(page, "102", "idle")
    shows(page, "213", "offline")

    placed = desk.call("102", "103")
    ringing = desk.rings("103")
    shows(page, "102", "calling", "David Okafor", "0:0")
    shows(page, "103", "ringing", "Carol Meyer", "0:0")
    desk.run(ringing.answer())
    shows(page, "102", "in_call", "David Okafor")
    shows(page, "103", "in_call", "Carol Meyer")
    before = seconds(page, "102")
    expect(page.get_by_test_id("tile-102")).to_contain_text(f"0:0{before + 2}")

    desk.run(placed.hold())
    shows(page, "102", "on_hold")
    shows(page, "103", "in_call")
    desk.run(placed.resume())
    shows(page, "102", "in_call")

    desk.run(ringing.hang_up())
    for number in ("102", "103"):
        shows(page, number, "idle")
    desk.unregister("103")
    shows(page, "103", "offline")


def test_calls_in_progress_are_listed_and_hung_up_from_the_board(console: OpenConsole, desk: Desk) -> None:
    page = console()
    calls = page.get_by_test_id("calls")
    expect(calls).to_contain_text("No calls at the moment")
    first, _ = desk.talk("104", "105")
    desk.talk("106", "107")
    expect(calls.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_text(re.compile("2 calls in progress"))).to_be_visible()
    call = calls.get_by_role("listitem").filter(has_text="Reception")
    expect(call).to_contain_text("Emma Lindqvist")
    expect(call).to_contain_text("Talking")
    expect(call).to_contain_text("dialled 105")

    call.get_by_role("button", name="Hang up this call").click()
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("Reception and Emma Lindqvist will be disconnected")
    question.get_by_role("button", name="Cancel").click()
    expect(calls.get_by_role("listitem")).to_have_count(2)
    call.get_by_role("button", name="Hang up this call").click()
    page.get_by_test_id("confirm").click()
    assert desk.run(first.ended(10)) == "them"
    expect(page.get_by_text("The call is ended.")).to_be_visible()
    expect(calls.get_by_role("listitem")).to_have_count(1)
    expect(calls).to_contain_text("Farid Haddad")


def test_a_tile_opens_to_what_can_be_done(console: OpenConsole, desk: Desk) -> None:
    page = console()
    placed, _ = desk.talk("104", "105")
    page.get_by_test_id("tile-104").click()
    card = page.get_by_test_id("tile-card")
    expect(card).to_contain_text("1 phone registered")
    expect(card).to_contain_text("Emma Lindqvist")
    card.get_by_role("button", name="Hang up the call").click()
    page.get_by_test_id("confirm").click()
    desk.run(placed.ended(10))
    page.get_by_test_id("tile-104").click()
    expect(card.get_by_role("button", name="Hang up the call")).to_be_hidden()
    card.get_by_role("button", name="Edit extension").click()
    expect(page.get_by_role("heading", name="Extension 104")).to_be_visible()


def test_find_lines_by_state_number_and_name(console: OpenConsole, desk: Desk, administrator: Administrator) -> None:
    page = console()
    tiles = page.get_by_test_id("tiles").get_by_role("button")
    expect(tiles).to_have_count(len(administrator.board()["lines"]))
    desk.talk("104", "105")
    page.get_by_test_id("filter-in_call").click()
    expect(tiles).to_have_count(2)
    page.get_by_role("radio", name=re.compile("^All")).click()
    search = page.get_by_role("main").get_by_role("searchbox")
    search.fill("meeting")
    expect(tiles).to_have_count(1)
    search.fill("no such name")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Clear the filter").click()
    page.get_by_text("Group by state").click()
    expect(page.get_by_test_id("tiles").get_by_role("heading").first).to_have_text("In call 2")
