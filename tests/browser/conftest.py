"""A whole running system and a real Chromium, shared by the tests of the console."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.platform import Platform

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)

expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def system() -> Iterator[Platform]:
    """Run the whole of Signalbox on free ports, as ``make run`` does."""
    folder = Path(tempfile.mkdtemp(prefix="sb-browser-"))
    folder.chmod(0o755)
    platform = Platform(folder / "data")
    try:
        platform.start()
        yield platform
    finally:
        platform.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


OpenConsole = Callable[..., Page]


@pytest.fixture
def console(system: Platform, chromium: Browser) -> Iterator[OpenConsole]:
    """Open the console signed in, each time in a browser profile of its own; errors of the page fail the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def opened(*, width: int = 1440, height: int = 900, dark: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        context.grant_permissions(["microphone", "notifications"])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        sign_in(page, system)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


def sign_in(page: Page, system: Platform) -> None:
    """Sign in as the administrator and wait for the board."""
    page.goto(system.console)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(system.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Board")).to_be_visible()


def use_phone(page: Page, extension: str) -> None:
    """Make this browser the phone of ``extension`` and wait until it is registered."""
    page.get_by_test_id("phone-open").click()
    page.get_by_test_id(f"choose-{extension}").click()
    expect(page.get_by_test_id("phone-registration")).to_have_attribute("data-state", "registered")
