"""What the board says and does when one of our processes is away, while a call goes on."""

import os
import signal
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bench.platform import Platform
from tests.browser.conftest import OpenConsole
from tests.browser.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.fault]


def is_live(page: Page) -> None:
    expect(page.get_by_test_id("link-state")).to_have_attribute("data-state", "live", timeout=40_000)
    expect(page.get_by_test_id("link-banner")).to_be_hidden()
    expect(page.get_by_test_id("engine-banner")).to_be_hidden()


def timed(doing: Callable[[], None]) -> float:
    began = time.monotonic()
    doing()
    return time.monotonic() - began


def test_a_killed_web_is_told_and_the_truth_comes_back(console: OpenConsole, desk: Desk, system: Platform) -> None:
    page = console()
    first, _ = desk.talk("102", "103")
    expect(page.get_by_test_id("tile-102")).to_have_attribute("data-state", "in_call")
    os.kill(system.pids["web"], signal.SIGKILL)
    expect(page.get_by_test_id("link-banner")).to_contain_text("Reconnecting")
    expect(page.get_by_test_id("tile-102")).to_have_attribute("data-state", "in_call")
    desk.run(first.hang_up())
    desk.talk("104", "105")
    print(f"live again {timed(lambda: is_live(page)):.1f} s after web was killed and calls changed")
    expect(page.get_by_test_id("tile-102")).to_have_attribute("data-state", "idle")
    expect(page.get_by_test_id("tile-104")).to_have_attribute("data-state", "in_call")
    expect(page.get_by_test_id("calls").get_by_role("listitem")).to_have_count(1)


def test_a_frozen_web_makes_the_board_stale_within_seconds(console: OpenConsole, desk: Desk, system: Platform) -> None:
    page = console()
    desk.talk("102", "103")
    frozen = system.pids["web"]
    os.kill(frozen, signal.SIGSTOP)
    try:
        stale = page.get_by_test_id("link-banner")
        print(f"stale after {timed(lambda: expect(stale).to_contain_text('Not up to date')):.1f} s of silence")
        expect(stale).to_contain_text("calls go on")
    finally:
        os.kill(frozen, signal.SIGCONT)
    is_live(page)
    expect(page.get_by_test_id("tile-102")).to_have_attribute("data-state", "in_call")


def test_a_killed_exchange_is_told_and_its_calls_are_found_again(
    console: OpenConsole, desk: Desk, system: Platform
) -> None:
    page = console()
    placed, _ = desk.talk("102", "103")
    os.kill(system.pids["exchange"], signal.SIGKILL)
    expect(page.get_by_test_id("engine-banner")).to_contain_text("not connected")
    print(f"live again {timed(lambda: is_live(page)):.1f} s after the exchange was seen to be away")
    for number in ("102", "103"):
        expect(page.get_by_test_id(f"tile-{number}")).to_have_attribute("data-state", "in_call")
    desk.run(placed.hang_up())
    expect(page.get_by_test_id("tile-103")).to_have_attribute("data-state", "idle")
