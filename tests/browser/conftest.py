"""A whole running system, a real Chromium and SIP phones, shared by the tests of the console."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.platform import Platform
from tests.browser.administrator import Administrator
from tests.browser.desk import Desk

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
    "--host-resolver-rules=MAP signalbox.test 127.0.0.1",
)
NAMES = {
    "102": "Carol Meyer",
    "103": "David Okafor",
    "104": "Reception",
    "105": "Emma Lindqvist",
    "106": "Farid Haddad",
    "107": "Grace Chen",
    "108": "Hugo Martins",
    "109": "Workshop",
    "200": "Ines Duarte",
    "201": "Jonas Weber",
    "202": "Kaori Tanaka",
    "203": "Warehouse",
    "204": "Liam Byrne",
    "205": "Maya Kapoor",
    "206": "Night desk",
    "207": "Noah Fischer",
    "208": "Olga Petrova",
    "209": "Pedro Alves",
    "210": "Meeting room 1",
    "211": "Quinn Walker",
    "212": "Rosa Conti",
    "213": "Service van",
}

expect.set_options(timeout=15_000)


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
def administrator(system: Platform) -> Iterator[Administrator]:
    administrator = Administrator(system)
    yield administrator
    administrator.close()


@pytest.fixture(scope="session")
def phones(system: Platform, administrator: Administrator) -> Iterator[Desk]:
    """SIP phones of the extensions 100 and 101, and of all of ``NAMES``."""
    secrets = {number: system.secret(number) for number in ("100", "101")}
    secrets |= {number: administrator.create(number, name) for number, name in NAMES.items()}
    desk = Desk(system, secrets)
    yield desk
    desk.close()


@pytest.fixture
def desk(phones: Desk, administrator: Administrator) -> Iterator[Desk]:
    """The SIP phones, with no call left before or after the test."""
    yield phones
    phones.clear()
    administrator.end_calls()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


OpenConsole = Callable[..., Page]
OpenProfile = Callable[..., BrowserContext]


@pytest.fixture
def profile(system: Platform, chromium: Browser, administrator: Administrator) -> Iterator[OpenProfile]:
    """Make browser profiles, signed in unless told otherwise; errors of their pages fail the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def made(
        *, width: int = 1440, height: int = 900, dark: bool = False, signed_in: bool = True, **options: object
    ) -> BrowserContext:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.grant_permissions(["microphone", "notifications", "clipboard-write"])
        context.on("weberror", lambda error: faults.append(str(error.error)))
        if signed_in:
            context.add_cookies([{"name": "sb_session", "value": administrator.cookie, "url": system.console}])
        return context

    yield made
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture
def console(system: Platform, profile: OpenProfile) -> OpenConsole:
    """Open the console signed in, each time in a browser profile of its own."""

    def opened(path: str = "/", **options: object) -> Page:
        page = profile(**options).new_page()
        page.goto(system.console + path)
        expect(page.get_by_test_id("link-state")).to_have_attribute("data-state", "live")
        return page

    return opened


def sign_in(page: Page, address: str, password: str) -> None:
    """Sign in by the form as the administrator, and wait for the board."""
    page.goto(address)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Board")).to_be_visible()
