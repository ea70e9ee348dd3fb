"""Every screen, light and dark, narrow and wide: axe finds nothing, and pictures are kept to look at."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bench.platform import Platform
from tests.browser import living
from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole, OpenProfile
from tests.browser.desk import Desk
from tests.browser.screens import all_screens
from tests.browser.softphone import call_card, control, in_call, use_phone

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

ROOT = Path(__file__).parent.parent.parent
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "test-results" / "pictures"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
_LOOK = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] });
  return found.violations.map(({ id, help, nodes }) =>
    ({ id, help, where: nodes.slice(0, 4).map(node => node.html.slice(0, 200) + ' ' + (node.any[0]?.message ?? '')) }));
}"""


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe has against the page as it stands; all of its rules are asked."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate(_LOOK)
    return found


def settle(page: Page) -> None:
    """Wait for entrances to end: half-shown text has half its contrast."""
    page.evaluate("() => Promise.allSettled(document.getAnimations().filter(one => "
                  "one.effect?.getTiming().iterations !== Infinity).map(one => one.finished))")  # fmt: skip


@pytest.fixture(scope="module")
def busy(phones: Desk, administrator: Administrator) -> Iterator[str]:
    """A board with calls in every state; gives the id of a finished call."""
    placed, _ = phones.talk("102", "103")
    phones.run(placed.hold())
    phones.run(placed.hang_up())
    living.fill(phones, administrator)
    items: list[dict[str, Any]] = []
    while not items:
        items = administrator.get("/call-records", disposition="answered", q="103", limit="1")["items"]
    yield items[0]["call_id"]
    phones.clear()
    administrator.end_calls()


class Look:
    """Takes a picture of each screen and collects what is wrong with it."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.wrong: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def at(self, name: str) -> None:
        page = self.page
        settle(page)
        page.screenshot(path=self.folder / f"{name}.png")
        if found := violations(page):
            self.wrong[name] = found
        if page.evaluate("() => document.documentElement.scrollWidth > innerWidth"):
            self.wrong[f"{name} scrolls sideways"] = page.evaluate("() => document.documentElement.scrollWidth")


@pytest.mark.skipif(not os.environ.get("SIGNALBOX_PICTURES"), reason="SIGNALBOX_PICTURES=1 takes the README's picture")
def test_picture_of_the_board(busy: str, console: OpenConsole, phones: Desk, administrator: Administrator) -> None:
    """Calls that began at different times, on a board that is full."""
    living.add_colleagues(phones, administrator)
    page = console()
    for seconds, (caller, called) in living.LATER.items():
        expect(page.get_by_test_id("tile-102")).to_contain_text(re.compile(seconds), timeout=120_000)
        phones.talk(caller, called)
        expect(page.get_by_test_id(f"tile-{caller}")).to_have_attribute("data-state", "in_call")
    expect(page.get_by_test_id("tile-102")).to_contain_text(re.compile("0:[45]|[1-9]:"), timeout=60_000)
    settle(page)
    picture = ROOT / "docs" / "images" / "board.png"
    picture.parent.mkdir(exist_ok=True)
    page.screenshot(path=picture)
    assert picture.stat().st_size < 300_000


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_screen(profile: OpenProfile, busy: str, phones: Desk, system: Platform, theme: str, size: str) -> None:
    width, height = SIZES[size]
    page = profile(width=width, height=height, dark=theme == "dark").new_page()
    look = Look(page, PICTURES / f"{theme}-{size}")
    for screen in all_screens(busy):
        page.goto(system.console + screen.path)
        screen.arrive(page)
        look.at(screen.name)

    page.goto(system.console)
    use_phone(page, "100")
    look.at("phone")
    placed = phones.call("109", "100")
    expect(page.get_by_test_id("phone-answer")).to_be_visible()
    look.at("phone-ringing")
    page.get_by_test_id("phone-answer").click()
    in_call(page)
    control(page, "Keypad")
    look.at("phone-in-call")
    control(page, "Transfer")
    look.at("phone-transfer")
    phones.run(placed.hang_up())
    expect(call_card(page)).to_be_hidden()

    page.context.clear_cookies()
    page.goto(system.console)
    expect(page.get_by_label("Password")).to_be_visible()
    look.at("sign-in")
    assert not look.wrong, json.dumps(look.wrong, indent=1)
