"""Signing in and out, as a person meets it and as a forger of requests does."""

import pytest
from playwright.sync_api import Page, expect

from bench.platform import Platform
from tests.browser.administrator import Administrator
from tests.browser.conftest import OpenConsole, OpenProfile, sign_in

pytestmark = pytest.mark.browser
NEW = "correct horse battery staple"


@pytest.fixture
def stranger(system: Platform, profile: OpenProfile) -> Page:
    """A browser in which nobody is signed in."""
    page = profile(signed_in=False).new_page()
    page.goto(system.console)
    return page


def test_a_wrong_password_is_refused_in_words(stranger: Page, administrator: Administrator) -> None:
    stranger.get_by_label("User name").fill("admin")
    stranger.get_by_label("Password").fill("not the password")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_role("alert")).to_contain_text("not right")
    expect(stranger.get_by_label("User name")).to_have_value("admin")
    sign_in(stranger, administrator.system.console, administrator.password)


def test_any_address_asks_to_sign_in_and_then_shows_what_was_asked_for(
    system: Platform, administrator: Administrator, stranger: Page
) -> None:
    stranger.goto(system.console + "/call-records")
    expect(stranger.get_by_role("heading", name="Signalbox")).to_be_visible()
    stranger.get_by_label("User name").fill("admin")
    stranger.get_by_label("Password").fill(administrator.password)
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_role("heading", name="Call records")).to_be_visible()


def test_sign_in_leads_to_the_board_and_sign_out_ends_the_session_everywhere(
    stranger: Page, administrator: Administrator
) -> None:
    sign_in(stranger, administrator.system.console, administrator.password)
    expect(stranger.get_by_test_id("tile-100")).to_be_visible()
    other = stranger.context.new_page()
    other.goto(administrator.system.console + "/extensions")
    expect(other.get_by_test_id("extension-100")).to_be_visible()

    stranger.get_by_test_id("account").click()
    stranger.get_by_role("menuitem", name="Sign out").click()
    expect(stranger.get_by_label("Password")).to_be_visible()
    other.get_by_test_id("nav-records").click()
    expect(other.get_by_label("Password")).to_be_visible()
    expect(other.get_by_text("Your session has ended")).to_be_visible()


def test_a_write_without_the_token_of_the_page_changes_nothing(console: OpenConsole) -> None:
    page = console()
    write = """headers => fetch('/api/v1/extensions', {method: 'POST', body: JSON.stringify({number: '490'}),
        headers: {'Content-Type': 'application/json', ...headers}}).then(answer => answer.status)"""
    assert page.evaluate(write, {}) == 403
    assert page.evaluate(write, {"X-CSRF-Token": "made-up"}) == 403
    missing = page.evaluate("() => fetch('/api/v1/extensions/490').then(answer => answer.status)")
    assert missing == 404


def test_change_the_password(console: OpenConsole, administrator: Administrator) -> None:
    page, old = console(), administrator.password
    page.get_by_test_id("account").click()
    page.get_by_role("menuitem", name="Change password").click()
    dialog = page.get_by_test_id("change-password")
    dialog.get_by_label("Current password").fill("a wrong one")
    dialog.get_by_label("New password", exact=True).fill(NEW)
    dialog.get_by_label("New password again").fill(NEW + "r")
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog).to_contain_text("not the same")
    dialog.get_by_label("New password again").fill(NEW)
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog).to_contain_text("This is not your password.")
    dialog.get_by_label("Current password").fill(old)
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog).to_be_hidden()
    administrator.password = NEW

    page.context.clear_cookies()
    page.goto(administrator.system.console)
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(old)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    sign_in(page, administrator.system.console, NEW)
    administrator.sign_in()
