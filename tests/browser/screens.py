"""Every screen and panel of the console by name, each with the way that leads to it from wherever one is."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect


@dataclass(frozen=True)
class Screen:
    """One picture's worth of console."""

    name: str
    path: str
    arrive: Callable[[Page], None]


def _heading(name: str) -> Callable[[Page], None]:
    def arrive(page: Page) -> None:
        expect(page.get_by_role("heading", name=name).first).to_be_visible()

    return arrive


def _after(seen: str, *clicks: str) -> Callable[[Page], None]:
    """Click test ids one after the other, until ``seen`` is there."""

    def arrive(page: Page) -> None:
        for name in clicks:
            page.get_by_test_id(name).first.click()
        expect(page.get_by_test_id(seen).first).to_be_visible()

    return arrive


def _extensions(page: Page) -> None:
    expect(page.get_by_test_id("extension-100")).to_be_visible()


def _board(page: Page) -> None:
    expect(page.get_by_test_id("calls").get_by_role("listitem").first).to_be_attached()


def _grouped(page: Page) -> None:
    _board(page)
    page.get_by_text("Group by state").click()
    expect(page.get_by_test_id("tiles").get_by_role("heading").first).to_be_visible()


def _no_match(page: Page) -> None:
    page.get_by_role("main").get_by_role("searchbox").fill("nobody at all")
    expect(page.get_by_text("Nothing matches")).to_be_visible()


def _advanced(page: Page) -> None:
    page.get_by_role("button", name="More settings").click()
    page.get_by_role("textbox", name="Number", exact=True).fill("100")
    page.get_by_test_id("create-extension").click()
    expect(page.get_by_role("textbox", name="Number", exact=True)).to_have_attribute("aria-invalid", "true")


def _bulk(page: Page) -> None:
    page.get_by_role("textbox", name="First number").fill("400")
    expect(page.get_by_test_id("bulk-preview")).to_be_visible()


def _question(page: Page) -> None:
    _extensions(page)
    page.get_by_role("button", name="Delete 101").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()


def _ladder(page: Page) -> None:
    expect(page.get_by_test_id("ladder-entry").nth(5)).to_be_visible()


def _message(page: Page) -> None:
    page.get_by_test_id("ladder-entry").filter(has_text="INVITE").first.click()
    expect(page.get_by_test_id("ladder-detail")).to_be_visible()


def _ladder_table(page: Page) -> None:
    _ladder(page)
    page.get_by_test_id("ladder-as-table").click()
    expect(page.get_by_test_id("ladder-table")).to_be_visible()


def _system(page: Page) -> None:
    expect(page.get_by_test_id("part-engine")).to_contain_text(re.compile("Running|Away"))


def _account(page: Page) -> None:
    page.get_by_test_id("account").click()
    expect(page.get_by_role("menu")).to_be_visible()


def _password(page: Page) -> None:
    _account(page)
    page.get_by_role("menuitem", name="Change password").click()
    expect(page.get_by_test_id("change-password")).to_be_visible()


def _shortcuts(page: Page) -> None:
    _board(page)
    page.keyboard.press("?")
    expect(page.get_by_test_id("shortcuts")).to_be_visible()


def _sound(page: Page) -> None:
    page.get_by_test_id("phone-open").click()
    page.get_by_test_id("phone-panel").get_by_role("button", name="Sound").click()
    expect(page.get_by_role("meter")).to_be_visible()


def all_screens(call_id: str) -> tuple[Screen, ...]:
    """``call_id`` is a finished call with a ladder; the board has calls on it."""
    return (
        Screen("board", "/", _board),
        Screen("board-grouped", "/", _grouped),
        Screen("board-tile", "/", _after("tile-card", "tile-102")),
        Screen("board-no-match", "/", _no_match),
        Screen("shortcuts", "/", _shortcuts),
        Screen("account", "/", _account),
        Screen("password", "/", _password),
        Screen("phone-choose", "/", _after("choose-100", "phone-open")),
        Screen("phone-sound", "/", _sound),
        Screen("extensions", "/extensions", _extensions),
        Screen("extension-new", "/extensions/new", _after("create-panel")),
        Screen("extension-refused", "/extensions/new", _advanced),
        Screen("extension-edit", "/extensions/102", _after("save-extension")),
        Screen("extension-bulk", "/extensions/bulk", _bulk),
        Screen("extension-delete", "/extensions", _question),
        Screen("records", "/call-records", _after("records")),
        Screen("record", f"/call-records/{call_id}", _after("show-ladder")),
        Screen("ladder", f"/calls/{call_id}", _ladder),
        Screen("ladder-message", f"/calls/{call_id}", _message),
        Screen("ladder-table", f"/calls/{call_id}", _ladder_table),
        Screen("changes", "/changes", _after("changes")),
        Screen("change", "/changes/2", _after("undo-change")),
        Screen("system", "/system", _system),
        Screen("lost", "/no/such/page", _heading("There is no such page")),
    )
