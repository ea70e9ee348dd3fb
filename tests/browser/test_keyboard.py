"""The console by keyboard alone: no test here touches the pointer."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole
from tests.browser.desk import Desk
from tests.browser.softphone import call_card, in_call, is_registered

pytestmark = pytest.mark.browser

_FOCUS_IS_DRAWN = """element => {
  const style = getComputedStyle(element);
  const drawn = one => (one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) >= 1) || one.boxShadow !== 'none';
  return element.matches(':focus-visible') && (drawn(style) || drawn(getComputedStyle(element.parentElement)));
}"""


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Page, target: Locator, most: int = 60) -> None:
    """Press Tab until ``target`` has the focus and shows it."""
    expect(target).to_be_visible()
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            assert target.evaluate(_FOCUS_IS_DRAWN)
            return
        press(page, "Tab")
    raise AssertionError(f"Tab does not lead to {target}")


def test_shortcuts_are_listed_and_lead_to_every_screen(console: OpenConsole) -> None:
    page = console()
    press(page, "?")
    expect(page.get_by_test_id("shortcuts")).to_contain_text("Go to call records")
    press(page, "Escape")
    expect(page.get_by_test_id("shortcuts")).to_be_hidden()
    screens = {"e": "Extensions", "r": "Call records", "c": "Changes", "s": "System", "b": "Board"}
    for key, title in screens.items():
        press(page, "g", key)
        expect(page.get_by_role("heading", level=1, name=title)).to_be_visible()
    press(page, "/")
    expect(page.get_by_role("main").get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("gs?p")
    expect(page.get_by_role("main").get_by_role("searchbox")).to_have_value("gs?p")
    expect(page.get_by_role("heading", level=1, name="Board")).to_be_visible()


def test_board_tiles_by_arrow_keys(console: OpenConsole) -> None:
    page = console()
    press(page, "Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    press(page, "Enter")
    tab_to(page, page.get_by_test_id("tile-100"), most=12)
    press(page, "ArrowRight")
    expect(page.get_by_test_id("tile-101")).to_be_focused()
    press(page, "End")
    expect(page.get_by_test_id("tiles").get_by_role("button").last).to_be_focused()
    press(page, "Home", "ArrowDown", "ArrowUp", "Enter")
    expect(page.get_by_test_id("tile-card")).to_contain_text("100 Alice")
    press(page, "Escape")
    expect(page.get_by_test_id("tile-100")).to_be_focused()
    press(page, "Tab")
    assert not page.get_by_test_id("tile-101").evaluate("element => element === document.activeElement")


def test_create_an_extension(console: OpenConsole, administrator: Administrator) -> None:
    page = console("/extensions")
    tab_to(page, page.get_by_test_id("new-extension"))
    press(page, "Enter")
    expect(page.get_by_role("textbox", name="Number", exact=True)).to_be_focused()
    page.keyboard.type("320")
    press(page, "Tab")
    page.keyboard.type("By keyboard")
    tab_to(page, page.get_by_role("switch", name="Browser phone"))
    press(page, "Space")
    tab_to(page, page.get_by_test_id("create-extension"))
    press(page, "Enter")
    expect(page.get_by_test_id("created-panel")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_test_id("extension-320")).to_contain_text("By keyboard")
    assert administrator.get("/extensions/320")["web_phone"] is False
    administrator.delete("320")


def test_call_and_answer(console: OpenConsole, desk: Desk) -> None:
    desk.phone("102")
    page = console()
    press(page, "p")
    tab_to(page, page.get_by_test_id("choose-100"), most=80)
    press(page, "Enter")
    is_registered(page)
    number = page.get_by_test_id("phone-number").get_by_role("textbox")
    tab_to(page, number, most=80)
    page.keyboard.type("102")
    press(page, "Enter")
    other = desk.answer("102")
    in_call(page)
    tab_to(page, call_card(page).get_by_role("button", name="Mute"), most=80)
    press(page, "Enter")
    expect(call_card(page).get_by_role("button", name="Unmute")).to_be_visible()
    tab_to(page, page.get_by_test_id("phone-hangup"))
    press(page, "Enter")
    assert desk.run(other.ended()) == "them"
    expect(call_card(page)).to_be_hidden()

    placed = desk.call("102", "100")
    tab_to(page, page.get_by_test_id("phone-answer"), most=80)
    press(page, "Enter")
    in_call(page)
    desk.run(placed.hang_up())
